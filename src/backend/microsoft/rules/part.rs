//! What one rule says, and where in the settings it stands.

use super::Part;
use crate::model::notification::Notification;
use crate::model::settings::Unknown;
use crate::model::{
    Approval, Authentication, Changes, ContextId, Current, Duration, Expiry, ExtensionId, Extensions, Fact, Kind,
    Level, Moment, Recipients, Settings,
};

/// What one rule says, as far as it can be read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    Expiry(Fact<Expiry>),
    Length(Fact<Duration>),
    Demands(Demands),
    Approval(Fact<Approval>),
    Context(Fact<Option<ContextId>>),
    Extension(Fact<Option<ExtensionId>>),
    Notification(Notification<Current>),
}

/// What an assignment or an activation takes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Demands {
    pub(super) mfa: Fact<bool>,
    pub(super) justification: Fact<bool>,
    pub(super) ticket: Fact<bool>,
}

impl Demands {
    /// In the order of [`Part::demands`].
    pub(super) fn list(&self) -> [&Fact<bool>; 3] {
        [&self.mfa, &self.justification, &self.ticket]
    }
}

impl Said {
    /// A rule of which nothing can be read.
    pub(super) fn unknown(part: Part, unknown: &Unknown) -> Self {
        fn fact<T>(unknown: &Unknown) -> Fact<T> {
            Fact::Unknown { unknown: unknown.clone() }
        }
        match part {
            Part::Expiry(_) => Self::Expiry(fact(unknown)),
            Part::ActivationLength => Self::Length(fact(unknown)),
            Part::Demands(_) | Part::ActivationDemands => {
                Self::Demands(Demands { mfa: fact(unknown), justification: fact(unknown), ticket: fact(unknown) })
            }
            Part::Approval => Self::Approval(fact(unknown)),
            Part::Context => Self::Context(fact(unknown)),
            Part::Extension(_) => Self::Extension(fact(unknown)),
            Part::Notification(..) => Self::Notification(Notification {
                level: fact(unknown),
                default_recipients: fact(unknown),
                to: fact(unknown),
            }),
        }
    }

    /// With what is not known here as the rule says it now: that stays.
    pub(super) fn or(self, live: &Self) -> Self {
        fn or<T: Clone>(fact: Fact<T>, live: &Fact<T>) -> Fact<T> {
            if fact.known().is_some() { fact } else { live.clone() }
        }
        match (self, live) {
            (Self::Expiry(says), Self::Expiry(live)) => Self::Expiry(or(says, live)),
            (Self::Length(says), Self::Length(live)) => Self::Length(or(says, live)),
            (Self::Demands(says), Self::Demands(live)) => Self::Demands(Demands {
                mfa: or(says.mfa, &live.mfa),
                justification: or(says.justification, &live.justification),
                ticket: or(says.ticket, &live.ticket),
            }),
            (Self::Approval(says), Self::Approval(live)) => Self::Approval(or(says, live)),
            (Self::Context(says), Self::Context(live)) => Self::Context(or(says, live)),
            (Self::Extension(says), Self::Extension(live)) => Self::Extension(or(says, live)),
            (Self::Notification(says), Self::Notification(live)) => Self::Notification(Notification {
                level: or(says.level, &live.level),
                default_recipients: or(says.default_recipients, &live.default_recipients),
                to: or(says.to, &live.to),
            }),
            (says, _) => says,
        }
    }
}

impl Part {
    /// What the rule must say for these settings.
    pub(super) fn of(self, settings: &Settings<Current>) -> Said {
        let activation = &settings.activation;
        match self {
            Self::Expiry(kind) => Said::Expiry(settings.assignment(kind).expire_after.clone()),
            Self::Demands(kind) => {
                let rules = settings.assignment(kind);
                let (mfa, justification) = (rules.mfa.clone(), rules.justification.clone());
                Said::Demands(Demands { mfa, justification, ticket: false.into() })
            }
            Self::ActivationLength => Said::Length(activation.max_duration.clone()),
            Self::ActivationDemands => Said::Demands(Demands {
                mfa: activation.authentication.map(|asked| *asked == Authentication::Mfa),
                justification: activation.justification.clone(),
                ticket: activation.ticket.clone(),
            }),
            Self::Approval => Said::Approval(activation.approval.clone()),
            Self::Context => Said::Context(activation.authentication.map(|asked| match asked {
                Authentication::Context(id) => Some(*id),
                Authentication::None | Authentication::Mfa => None,
            })),
            Self::Extension(moment) => {
                Said::Extension(activation.extension.map(|extensions| extensions.at(moment).cloned()))
            }
            Self::Notification(event, audience) => {
                Said::Notification(settings.notifications.get(event, audience).clone())
            }
        }
    }

    /// True when the changes are about something that the rule says.
    pub(super) fn is_touched_by(self, changes: &Settings<Changes>) -> bool {
        let activation = &changes.activation;
        match self {
            Self::Expiry(kind) => changes.assignment(kind).expire_after.is_some(),
            Self::Demands(kind) => {
                let rules = changes.assignment(kind);
                rules.mfa.is_some() || rules.justification.is_some()
            }
            Self::ActivationLength => activation.max_duration.is_some(),
            Self::ActivationDemands => {
                activation.authentication.is_some() || activation.justification.is_some() || activation.ticket.is_some()
            }
            Self::Approval => activation.approval.is_some(),
            Self::Context => activation.authentication.is_some(),
            Self::Extension(_) => activation.extension.is_some(),
            Self::Notification(event, audience) => {
                let Notification { level, default_recipients, to } = changes.notifications.get(event, audience);
                level.is_some() || default_recipients.is_some() || to.is_some()
            }
        }
    }
}

/// What all rules say, as they are gathered.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    settings: Settings<Current>,
    mfa: Fact<bool>,
    context: Fact<Option<ContextId>>,
    before_approval: Fact<Option<ExtensionId>>,
    after_approval: Fact<Option<ExtensionId>>,
}

impl Gathered {
    /// Takes in what one rule says.
    pub(super) fn take(&mut self, part: Part, said: Said) {
        let settings = &mut self.settings;
        match (part, said) {
            (Part::Expiry(kind), Said::Expiry(expiry)) => rules_mut(settings, kind).expire_after = expiry,
            (Part::Demands(kind), Said::Demands(demands)) => {
                let rules = rules_mut(settings, kind);
                (rules.mfa, rules.justification) = (demands.mfa, demands.justification);
            }
            (Part::ActivationLength, Said::Length(length)) => settings.activation.max_duration = length,
            (Part::ActivationDemands, Said::Demands(demands)) => {
                self.mfa = demands.mfa;
                settings.activation.justification = demands.justification;
                settings.activation.ticket = demands.ticket;
            }
            (Part::Approval, Said::Approval(approval)) => settings.activation.approval = approval,
            (Part::Context, Said::Context(context)) => self.context = context,
            (Part::Extension(Moment::BeforeApproval), Said::Extension(asked)) => self.before_approval = asked,
            (Part::Extension(Moment::AfterApproval), Said::Extension(asked)) => self.after_approval = asked,
            (Part::Notification(event, audience), Said::Notification(said)) => {
                *settings.notifications.get_mut(event, audience) = said;
            }
            // A part is always said in its own way; see `read::said`.
            _ => {}
        }
    }

    /// The settings, and whether both multifactor authentication and a context were asked for, which the service
    /// forbids but can be brought to store.
    pub(super) fn settings(self) -> (Settings<Current>, bool) {
        let Self { mut settings, mfa, context, before_approval, after_approval } = self;
        settings.activation.extension = match (before_approval, after_approval) {
            (Fact::Unknown { unknown }, _) | (_, Fact::Unknown { unknown }) => Fact::Unknown { unknown },
            (Fact::Known(before_approval), Fact::Known(after_approval)) => {
                Extensions { before_approval, after_approval }.into()
            }
        };
        let (asked, both) = match (context, mfa) {
            (Fact::Unknown { unknown }, _) | (_, Fact::Unknown { unknown }) => (Fact::Unknown { unknown }, false),
            (Fact::Known(Some(id)), Fact::Known(mfa)) => (Authentication::Context(id).into(), mfa),
            (Fact::Known(None), Fact::Known(true)) => (Authentication::Mfa.into(), false),
            (Fact::Known(None), Fact::Known(false)) => (Authentication::None.into(), false),
        };
        settings.activation.authentication = asked;
        (settings, both)
    }
}

fn rules_mut(settings: &mut Settings<Current>, kind: Kind) -> &mut crate::model::settings::AssignmentRules<Current> {
    match kind {
        Kind::Eligible => &mut settings.eligible_assignment,
        Kind::Active => &mut settings.active_assignment,
    }
}

/// The level, as the service calls it.
pub(super) fn level_word(level: Level) -> &'static str {
    match level {
        Level::None => "None",
        Level::Critical => "Critical",
        Level::All => "All",
    }
}

/// The addresses in their order.
pub(super) fn addresses(recipients: &Recipients) -> impl Iterator<Item = String> + '_ {
    recipients.0.iter().map(ToString::to_string)
}
