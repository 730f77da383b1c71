//! What a policy of the tool asks for, and what of it could not be carried over.

use std::collections::{BTreeMap, BTreeSet};

use super::lengths::{Length, SHORTEST_LIMIT};
use crate::import::draft::{Layer, Who};
use crate::import::left::{Leaving, Why};
use crate::model::settings::{ActivationField, AssignmentField, AssignmentRules, Direction, Leaf, Zip};
use crate::model::{
    Approval, Authentication, Current, Duration, Expiry, Field, Kind, Settings, Sparse, Surface, Value,
};

/// The settings of a policy or template.
#[derive(Clone, Debug, Default)]
pub(super) struct Policy {
    pub(super) settings: Settings<Sparse>,
    /// Who approves.
    pub(super) by: Vec<Who>,
    /// What is asked for and cannot be declared, with the place where it stands.
    pub(super) lost: BTreeMap<Field, String>,
    pub(super) eligible: Limit,
    pub(super) active: Limit,
    /// Limits that nobody states, only that there is one.
    pub(super) assumed: BTreeSet<Kind>,
    /// Where something stands that is not understood, so that nobody knows all that is asked for: a template that is not
    /// there, a file that is not read, a key that is not known.
    pub(super) doubt: Option<String>,
}

/// How long an assignment may last, as far as the policy says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Limit {
    /// It says nothing.
    #[default]
    Unstated,
    /// For ever; without a length of its own, this long.
    Never { usual: Option<Duration> },
    /// Not longer than this.
    After(Duration),
    /// Not for ever; how long is not known.
    Unreadable,
}

impl Limit {
    fn tighter(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unstated, one) | (one, Self::Unstated) => one,
            (Self::Unreadable, _) | (_, Self::Unreadable) => Self::Unreadable,
            (Self::After(one), Self::After(two)) => Self::After(one.min(two)),
            (Self::After(one), Self::Never { .. }) | (Self::Never { .. }, Self::After(one)) => Self::After(one),
            (Self::Never { usual: one }, Self::Never { usual: two }) => {
                Self::Never { usual: one.into_iter().chain(two).min() }
            }
        }
    }
}

impl Policy {
    /// The limit for assignments of a kind.
    pub(super) fn limit(&self, kind: Kind) -> Limit {
        if kind == Kind::Eligible { self.eligible } else { self.active }
    }

    pub(super) fn limit_mut(&mut self, kind: Kind) -> &mut Limit {
        if kind == Kind::Eligible { &mut self.eligible } else { &mut self.active }
    }

    /// The fields as they are written.
    pub(super) fn layer(&self) -> Layer {
        Layer::of(&self.settings, self.by.clone())
    }

    /// True when an activation would take less than is asked for.
    pub(super) fn is_unprotected(&self) -> bool {
        self.doubt.is_some() || self.lost.keys().any(|field| matches!(field, Field::Activation(_)))
    }

    /// `self` where it says something, else the template. What `self` asks for and cannot be declared is taken from the
    /// template as well, unless the template asks for nothing there.
    #[must_use]
    pub(super) fn over(mut self, template: &Self, left: &mut Leaving) -> Self {
        struct Over<'o>(&'o mut BTreeMap<Field, String>, &'o mut Leaving);
        impl Zip<Sparse, Sparse, Sparse> for Over<'_> {
            fn field<T: Leaf>(&mut self, field: Field, own: &Option<T>, template: &Option<T>) -> Option<T> {
                if own.is_some() {
                    return own.clone();
                }
                let Some(path) = self.0.get(&field) else { return template.clone() };
                let kept = template.clone().filter(|value| asks(&value.value()))?;
                self.1.say(path, Why::TemplateKept, format!("`{field}` stays at {}", shown(&kept.value())));
                self.0.remove(&field);
                Some(kept)
            }
        }
        let approval = self.settings.activation.approval.is_some();
        self.settings = self.settings.zip(&template.settings, &mut Over(&mut self.lost, left));
        if !approval {
            self.by.clone_from(&template.by);
        }
        self.doubt = self.doubt.or_else(|| template.doubt.clone());
        for kind in Kind::ALL {
            if self.limit(kind) == Limit::Unstated {
                *self.limit_mut(kind) = template.limit(kind);
            }
        }
        self
    }

    /// Limits that cannot be declared and that no template knows better: the shortest that can be declared, or, where only
    /// that there is one is known, the service's own.
    #[must_use]
    pub(super) fn limited(mut self, left: &mut Leaving) -> Self {
        for kind in Kind::ALL {
            let field = Field::Assignment(kind, AssignmentField::ExpireAfter);
            let Some(path) = self.lost.remove(&field) else { continue };
            let written = if matches!(self.limit(kind), Limit::After(_)) {
                SHORTEST_LIMIT
            } else {
                self.assumed.insert(kind);
                usual(kind)
            };
            left.say(path, Why::AssumedLength, format!("`{field}` is written as `{written}`"));
            self.rules(kind).expire_after = Some(Expiry::After(written));
        }
        self
    }

    /// Limits that nobody states are not longer than those that the tenant has.
    #[must_use]
    pub(super) fn within(mut self, current: &Settings<Current>) -> Self {
        for kind in self.assumed.clone() {
            let (Some(Expiry::After(longest)), Limit::After(_) | Limit::Unreadable) =
                (current.assignment(kind).expire_after.known(), self.limit(kind))
            else {
                continue;
            };
            let shorter = usual(kind).min(*longest);
            if self.limit(kind) != Limit::Unreadable {
                *self.limit_mut(kind) = Limit::After(shorter);
            }
            self.rules(kind).expire_after = Some(Expiry::After(shorter));
        }
        self
    }

    /// Two policies of one target: of each field the tighter value.
    #[must_use]
    pub(super) fn tightest(mut self, other: &Self) -> Self {
        struct Tighter(bool);
        impl Zip<Sparse, Sparse, Sparse> for Tighter {
            fn field<T: Leaf>(&mut self, field: Field, one: &Option<T>, two: &Option<T>) -> Option<T> {
                let (Some(first), Some(second)) = (one, two) else { return one.clone().or_else(|| two.clone()) };
                let tightens = T::direction(first, second) == Direction::Tightens;
                self.0 |= tightens && field == ActivationField::Approval.into();
                Some(if tightens { second } else { first }.clone())
            }
        }
        let mut tighter = Tighter(self.settings.activation.approval.is_none());
        self.settings = self.settings.zip(&other.settings, &mut tighter);
        if tighter.0 {
            self.by.clone_from(&other.by);
        }
        self.lost.extend(other.lost.clone());
        self.doubt = self.doubt.or_else(|| other.doubt.clone());
        self.assumed = &self.assumed & &other.assumed;
        for kind in Kind::ALL {
            *self.limit_mut(kind) = self.limit(kind).tighter(other.limit(kind));
        }
        self
    }

    /// Tells what stays lost, and what that means.
    pub(super) fn tell(&self, left: &mut Leaving) {
        for (field, path) in &self.lost {
            left.say(path, Why::LimitLost, format!("`{field}`: {}", Why::LimitLost.words()));
        }
    }

    /// Takes a limit for assignments as it was read.
    pub(super) fn take_limit(&mut self, kind: Kind, length: &Length, path: &str, left: &mut Leaving) {
        let (known, written) = match length {
            Length::Exact(length) => (Some(*length), Some(*length)),
            Length::Shortened(length) => (Some(*length), Some(*length)),
            Length::TooShort(length) => (Some(*length), None),
            Length::Unreadable(_) => (None, None),
        };
        note(length, path, left);
        *self.limit_mut(kind) = known.map_or(Limit::Unreadable, Limit::After);
        let field = Field::Assignment(kind, AssignmentField::ExpireAfter);
        match written {
            Some(length) => self.rules(kind).expire_after = Some(Expiry::After(length)),
            None => drop(self.lost.insert(field, path.to_owned())),
        }
    }

    pub(super) fn rules(&mut self, kind: Kind) -> &mut AssignmentRules<Sparse> {
        match kind {
            Kind::Eligible => &mut self.settings.eligible_assignment,
            Kind::Active => &mut self.settings.active_assignment,
        }
    }
}

/// Says what became of a length that is not written as it is stated.
pub(super) fn note(length: &Length, path: &str, left: &mut Leaving) {
    match length {
        Length::Exact(_) => {}
        Length::Shortened(length) => left.say(path, Why::Tightened, format!("written as `{length}`")),
        Length::TooShort(length) => {
            left.say(path, Why::OddValue, format!("`{length}` is shorter than can be declared"));
        }
        Length::Unreadable(why) => left.say(path, Why::OddValue, why.clone()),
    }
}

/// What the service has where nobody changed it; the tool asks for as much where no length is stated.
pub(super) fn usual(kind: Kind) -> Duration {
    let untouched = Settings::service_default(Surface::Azure);
    match untouched.assignment(kind).expire_after.known() {
        Some(Expiry::After(length)) => *length,
        Some(Expiry::Never) | None => Duration::from_days(1),
    }
}

/// True when a value asks for something, or allows less than everything.
fn asks(value: &Value) -> bool {
    !matches!(
        value,
        Value::Approval(Approval::NotRequired)
            | Value::Authentication(Authentication::None)
            | Value::Flag(false)
            | Value::Expiry(Expiry::Never)
    )
}

fn shown(value: &Value) -> String {
    match value {
        Value::Duration(length) | Value::Expiry(Expiry::After(length)) => format!("`{length}`"),
        _ => "what the template says".to_owned(),
    }
}
