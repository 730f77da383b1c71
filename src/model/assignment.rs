//! A principal's eligible or active assignment to a target.

use std::cmp::Reverse;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::code_key;
use super::{AdministrativeUnitId, Duration, PrincipalId, Time};

/// Whether the principal may activate, or has the role without activating.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The principal may activate.
    Eligible,
    /// The principal has the role without activating.
    Active,
}

impl Kind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Eligible, Self::Active];

    /// The kind that it is not.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Eligible => Self::Active,
            Self::Active => Self::Eligible,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Eligible => "eligible",
            Self::Active => "active",
        })
    }
}

/// The part of the directory that an assignment of a directory role covers. Always [`Whole`](Self::Whole) elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssignmentScope {
    /// All of the target.
    #[default]
    Whole,
    /// The members of one administrative unit.
    AdministrativeUnit(AdministrativeUnitId),
    /// One object, such as an application. Occurs in tenants; cannot be declared.
    Object(PrincipalId),
}

impl AssignmentScope {
    /// True for all of the target.
    pub fn is_whole(&self) -> bool {
        *self == Self::Whole
    }
}

/// What makes two assignments at one target the same. Never an id of the service: it replaces those on every change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct AssignmentKey {
    /// Eligible or active.
    pub kind: Kind,
    /// Who.
    pub principal: PrincipalId,
    /// Over what, for directory roles.
    #[serde(default, skip_serializing_if = "AssignmentScope::is_whole")]
    pub scope: AssignmentScope,
}

/// When an assignment begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Window {
    /// When it begins; nothing if it always has been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Time>,
    /// When it ends; nothing if it is permanent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Time>,
}

impl Window {
    /// True once the end has been reached.
    pub fn is_over(&self, now: Time) -> bool {
        self.end.is_some_and(|end| end <= now)
    }

    /// True until the start has been reached.
    pub fn is_ahead(&self, now: Time) -> bool {
        self.start.is_some_and(|start| start > now)
    }
}

/// How an assignment in the tenant came about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Assigned at this target through PIM. The only rows that a plan changes.
    #[default]
    Assigned,
    /// The principal's own activation.
    Activated,
    /// Assigned at this target, but not through PIM.
    OutsidePim,
    /// Assigned at a scope above.
    Inherited,
    /// Held through a group.
    ThroughGroup,
}

impl Origin {
    /// True for [`Assigned`](Self::Assigned).
    pub fn is_assigned(&self) -> bool {
        *self == Self::Assigned
    }
}

/// A condition of attribute-based access control on an Azure assignment. Two are the same if they differ in line ends and
/// blanks at the ends of lines only, and not in quotes.
#[derive(Clone, Debug, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Condition(pub Box<str>);

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.key() == other.key()
    }
}

impl Condition {
    /// The only version of the condition language that the service accepts (docs/service.md: arm-5).
    pub const VERSION: &'static str = "2.0";

    /// What a tenant says; nothing where it says nothing but blanks.
    pub fn said(text: &str) -> Option<Self> {
        (!text.trim().is_empty()).then(|| Self(text.into()))
    }

    /// The form in which it is compared (docs/service.md: names-2).
    pub fn key(&self) -> String {
        code_key(&self.0)
    }
}

/// One assignment in the tenant. A principal may have several with the same key, at different times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub key: AssignmentKey,
    /// When it begins and ends.
    pub window: Window,
    /// How it came about.
    pub origin: Origin,
    /// The condition, for Azure.
    pub condition: Option<Condition>,
}

impl Row {
    /// The order of several windows of one assignment: what is in effect comes before what lies ahead, then what lasts
    /// longer before what ends sooner.
    pub fn precedence(&self, now: Time) -> impl Ord + use<> {
        let Window { start, end } = self.window;
        (self.window.is_ahead(now), Reverse((end.is_none(), end)), start)
    }
}

/// When a requested assignment begins and ends.
///
/// A length is counted by the service from the moment it takes effect, so a plan means the same whenever it is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// When it begins; nothing for at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Time>,
    /// When it ends.
    pub end: Ending,
}

/// When a requested assignment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Never.
    Permanent,
    /// At this time.
    Until(Time),
    /// This long after its start.
    After(Duration),
}

impl Schedule {
    /// The window of an assignment that takes effect now.
    pub fn window(&self, now: Time) -> Window {
        let start = self.start.map_or(now, |start| start.max(now));
        let end = match self.end {
            Ending::Permanent => None,
            Ending::Until(end) => Some(end),
            Ending::After(length) => Some(start + length),
        };
        Window { start: Some(start), end }
    }
}

/// A ticket of a change or incident, as some settings ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// Its number.
    pub number: Box<str>,
    /// The system that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<Box<str>>,
}

/// What becomes of the length of an assignment that is changed in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shift {
    /// It begins later or ends earlier.
    Shortens,
    /// It stays.
    Keeps,
    /// It begins earlier or ends later.
    Extends,
}
