//! What of a target is written: never more than the configuration gives.

use std::sync::Arc;

use super::assignments::Asking;
use super::places::Place;
use super::policy::{Limit, Policy, usual};
use super::schedule::Asked;
use super::{Gathered, Refused, Work};
use crate::import::draft::{End, Entry, TargetDraft};
use crate::import::left::Why;
use crate::model::text::{name_key, same_name};
use crate::model::{Current, Duration, Expiry, Kind, PrincipalId, PrincipalKind, Settings, Target, TargetRead, Time};

/// What stands for a justification where none is given: the tool makes one up as well.
const JUSTIFICATION: &str = "Taken over from EasyPIM";

/// What it means for an active assignment that its settings are not understood.
const NO_LIMIT: &str =
    "how long its settings let it last is not known, so the assignment is not written: nobody gets access by it";

/// An entry, and when it ends at the latest.
struct Written {
    entry: Entry,
    ends: Option<Time>,
    path: String,
    /// Whether there is a time at which all that was stated for it allows it.
    meets: bool,
}

impl Written {
    /// What both allow: from the later start to the earlier end.
    fn narrow(&mut self, other: Self, now: Time) {
        let condition = self.entry.condition.take().or_else(|| other.entry.condition.clone());
        let start = self.entry.start.max(other.entry.start);
        let met = self.meets && other.meets;
        let sooner = match (other.ends, self.ends) {
            (Some(new), Some(first)) => new < first,
            (Some(_), None) => true,
            (None, None) => self.entry.end == End::Permanent,
            (None, Some(_)) => false,
        };
        if sooner {
            *self = other;
        }
        let moves = start != self.entry.start;
        // A length is counted from the start that it was stated with; from another one it would end later.
        let is_known = match self.entry.end {
            End::Permanent | End::Until(_) => true,
            End::For(_) | End::AsAllowed => !moves || self.ends.is_some(),
        };
        if let (true, Some(end)) = (moves, self.ends) {
            self.entry.end = End::Until(end);
        }
        self.meets = met && is_known && self.ends.is_none_or(|end| start.unwrap_or(now) < end);
        self.entry.condition = condition;
        self.entry.start = start;
    }
}

impl Work<'_> {
    /// The target as it is written.
    pub(super) fn settled(&mut self, place: &Place, gathered: Gathered) -> TargetDraft {
        let Gathered { policy, template, asking, notes } = gathered;
        let current = self.current(place);
        let policy = policy.unwrap_or_default();
        let policy = match &current {
            Some(current) => policy.within(current),
            None => policy,
        };
        let mut noted = Gathered { notes, ..Gathered::default() };
        let (policy, asking) = match self.into.refused.get(&Refused::target(self.names, place)) {
            Some(why) => {
                self.left.say(place.to_string(), Why::Refused, format!("{}: {why}", Why::Refused.words()));
                noted.notes.push(format!("left out: {why}"));
                (Policy::default(), Vec::new())
            }
            None => (policy, asking),
        };
        let mut lists: [Vec<Written>; 2] = [Vec::new(), Vec::new()];
        for one in asking {
            match self.entry(place, &policy, current.as_deref(), &one) {
                Ok((end, ends)) => {
                    let [eligible, active] = &mut lists;
                    let list = if one.kind == Kind::Eligible { eligible } else { active };
                    let entry = written(&policy, &one, end);
                    self.put(list, Written { entry, ends, path: one.path, meets: true });
                }
                Err((why, detail)) => {
                    noted.leave(one.kind, &one.who, if why == Why::LimitLost { NO_LIMIT } else { why.words() });
                    self.left.say(&one.path, why, detail);
                }
            }
        }
        let whole = policy.layer();
        let named = template.and_then(|name| self.templates.iter().find(|one| same_name(&one.name, &name)));
        let over = named.and_then(|named| Some((named.name.clone(), whole.over(&named.policy.layer())?)));
        let (profile, layer) = over.map_or((None, whole), |(name, rest)| (Some(name), rest));
        let left = &mut self.left;
        let [eligible, active] = lists.map(|list| {
            let (met, apart): (Vec<Written>, Vec<Written>) = list.into_iter().partition(|one| one.meets);
            let why = "it is declared more than once, and at no time do all of them allow it, so it is not written";
            for one in &apart {
                left.say(&one.path, Why::Twice, why);
            }
            let entries: Vec<Entry> = met.into_iter().map(|one| one.entry).collect();
            Some(entries).filter(|entries| !entries.is_empty())
        });
        TargetDraft { name: place.name(), notes: noted.notes, layer, profile, additive: false, eligible, active }
    }

    /// Adds an entry. Of two for one principal what both allow counts.
    fn put(&mut self, list: &mut Vec<Written>, new: Written) {
        let same = |other: &&mut Written| {
            let who = |one: &Written| (one.entry.who.kind, name_key(&one.entry.who.name.text));
            who(other) == who(&new) && other.entry.unit == new.entry.unit
        };
        let Some(first) = list.iter_mut().find(same) else { return list.push(new) };
        self.left.say(&new.path, Why::Twice, "it was declared before; what both allow is written");
        first.narrow(new, self.into.now);
    }

    /// The end of an entry, and when that is at the latest; or why it is not written.
    fn entry(
        &self,
        place: &Place,
        policy: &Policy,
        current: Option<&Settings<Current>>,
        one: &Asking,
    ) -> Result<(End, Option<Time>), (Why, String)> {
        self.allowed(place, policy, one).map_err(|why| (why, words(why, policy)))?;
        if let Some(why) = self.into.refused.get(&Refused::assignment(self.names, place, one.kind, &one.who)) {
            return Err((Why::Refused, format!("{}: {why}", Why::Refused.words())));
        }
        let limit = policy.limit(one.kind);
        let schedule = &one.schedule;
        let beyond = |longest: Duration| {
            let words = Why::BeyondSettings.words();
            (Why::BeyondSettings, format!("the settings beside it allow `{longest}`: {words}"))
        };
        let stated = policy.settings.assignment(one.kind).expire_after;
        let written = stated.and_then(|expiry| if let Expiry::After(longest) = expiry { Some(longest) } else { None });
        let known = if let Limit::After(longest) = limit { Some(longest) } else { None };
        if let (Some(length), Some(longest)) = (schedule.length(self.into.now), known.into_iter().chain(written).min())
            && length > longest
        {
            return Err(beyond(longest));
        }
        let begins = schedule.start.unwrap_or(self.into.now);
        let after = |length: Duration| {
            let seconds = i64::try_from(length.as_secs()).unwrap_or(i64::MAX);
            Some(Time::from_unix(begins.as_unix().saturating_add(seconds)))
        };
        match schedule.end {
            Asked::Permanent => match limit {
                Limit::After(longest) => Err(beyond(longest)),
                Limit::Unreadable => Err((Why::BeyondSettings, Why::BeyondSettings.words().to_owned())),
                Limit::Unstated | Limit::Never { .. } => Ok((End::Permanent, None)),
            },
            Asked::Until(end) => Ok((End::Until(end), Some(end))),
            Asked::For(length) => Ok((End::For(length), after(length))),
            Asked::Longest => {
                let longest = longest(place, policy, current, one.kind);
                let longest = longest.ok_or_else(|| (Why::NoSchedule, Why::NoSchedule.words().to_owned()))?;
                Ok((longest, length_of(longest, limit).and_then(after)))
            }
        }
    }

    /// What the tenant has at a place.
    fn current(&self, place: &Place) -> Option<Arc<Settings<Current>>> {
        let target = match place {
            Place::Role(role) => Target::Directory { directory_role: role.key.parse().ok()? },
            Place::Group(group, access) => Target::Group { group: group.key.parse().ok()?, access: *access },
            Place::Azure(scope, role) => Target::Azure { scope: scope.clone(), role: role.key.parse().ok()? },
        };
        match self.into.snapshot?.targets.get(&target)? {
            TargetRead::Present(state) => Some(state.settings.clone()),
            TargetRead::WithoutSettings | TargetRead::Unreadable(_) => None,
        }
    }

    /// Why an assignment is not written at all, whatever its schedule.
    fn allowed(&self, place: &Place, policy: &Policy, one: &Asking) -> Result<(), Why> {
        let id = one.who.name.text.parse::<PrincipalId>().ok();
        let id = id.or_else(|| self.names.and_then(|names| names.find(one.who.kind, &one.who.name.text)));
        let facts = self.names.zip(id).and_then(|(names, id)| names.principal(id)?.group());
        match place {
            _ if one.kind == Kind::Eligible && one.who.kind == PrincipalKind::ServicePrincipal => {
                Err(Why::EligibleService)
            }
            _ if one.kind == Kind::Eligible && policy.is_unprotected() => Err(Why::Unprotected),
            _ if policy.doubt.is_some() => Err(Why::LimitLost),
            Place::Role(_) if facts.is_some_and(|facts| facts.role_assignable.is_no()) => Err(Why::NotRoleAssignable),
            Place::Group(group, _) if id.is_some_and(|id| group.key == id.to_string()) => Err(Why::InItself),
            Place::Group(group, _)
                if one.who.kind == PrincipalKind::Group && group.key == name_key(&one.who.name.text) =>
            {
                Err(Why::InItself)
            }
            _ => Ok(()),
        }
    }
}

/// Why an assignment is not written, with the place of what is not understood, if that is why.
fn words(why: Why, policy: &Policy) -> String {
    let words = if why == Why::LimitLost { NO_LIMIT } else { why.words() };
    match (why, &policy.doubt) {
        (Why::Unprotected | Why::LimitLost, Some(path)) => format!("{words} (see `{path}`)"),
        _ => words.to_owned(),
    }
}

fn length_of(end: End, limit: Limit) -> Option<Duration> {
    match (end, limit) {
        (End::For(length), _) | (End::AsAllowed, Limit::After(length)) => Some(length),
        _ => None,
    }
}

/// As long as the tool would ask for: the longest that the policy of the role allows, and never for ever.
fn longest(place: &Place, policy: &Policy, current: Option<&Settings<Current>>, kind: Kind) -> Option<End> {
    let mut longest = match policy.limit(kind) {
        Limit::Unreadable => return None,
        Limit::After(length) => length,
        Limit::Never { usual: length } => length.unwrap_or_else(|| usual(kind)),
        Limit::Unstated => match current.and_then(|current| current.assignment(kind).expire_after.known()) {
            Some(Expiry::After(length)) => usual(kind).min(*length),
            _ => usual(kind),
        },
    };
    // For active assignments to directory roles it takes the longest activation.
    if matches!(place, Place::Role(_)) && kind == Kind::Active {
        longest = longest.min(policy.settings.activation.max_duration.unwrap_or(Duration::from_hours(8)));
    }
    let stated = policy.settings.assignment(kind).expire_after;
    Some(if stated == Some(Expiry::After(longest)) { End::AsAllowed } else { End::For(longest) })
}

fn written(policy: &Policy, one: &Asking, end: End) -> Entry {
    let needless = policy.settings.active_assignment.justification == Some(false);
    let made_up = (one.kind == Kind::Active && !needless).then(|| JUSTIFICATION.to_owned());
    Entry {
        who: one.who.clone(),
        unit: one.unit.clone(),
        start: one.schedule.start,
        end,
        justification: one.justification.clone().or(made_up),
        condition: one.condition.clone(),
    }
}
