//! The nine notification rules: three events, each told to three audiences.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::settings::Slot;
use super::{Level, Recipients, Shape};

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// Somebody was made eligible.
    EligibleAssigned,
    /// Somebody was made active by an administrator.
    ActiveAssigned,
    /// Somebody activated.
    Activated,
}

impl Event {
    /// All events, in the order of the files.
    pub const ALL: [Self; 3] = [Self::EligibleAssigned, Self::ActiveAssigned, Self::Activated];
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EligibleAssigned => "eligible_assigned",
            Self::ActiveAssigned => "active_assigned",
            Self::Activated => "activated",
        })
    }
}

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// The administrators.
    Admins,
    /// Who was assigned or activates.
    Assignee,
    /// The approvers.
    Approvers,
}

impl Audience {
    /// All audiences, in the order of the files.
    pub const ALL: [Self; 3] = [Self::Admins, Self::Assignee, Self::Approvers];
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Admins => "admins",
            Self::Assignee => "assignee",
            Self::Approvers => "approvers",
        })
    }
}

/// The notification rules of a target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, bound = "")]
#[schemars(bound = "", rename = "Notifications")]
pub struct Notifications<S: Shape> {
    /// When somebody is made eligible.
    #[serde(skip_serializing_if = "Audiences::is_vacant")]
    pub eligible_assigned: Audiences<S>,
    /// When somebody is made active.
    #[serde(skip_serializing_if = "Audiences::is_vacant")]
    pub active_assigned: Audiences<S>,
    /// When somebody activates.
    #[serde(skip_serializing_if = "Audiences::is_vacant")]
    pub activated: Audiences<S>,
}

/// The notification rules for one event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, bound = "")]
#[schemars(bound = "", rename = "Audiences")]
pub struct Audiences<S: Shape> {
    /// To the administrators.
    #[serde(skip_serializing_if = "Notification::is_vacant")]
    pub admins: Notification<S>,
    /// To who was assigned or activates.
    #[serde(skip_serializing_if = "Notification::is_vacant")]
    pub assignee: Notification<S>,
    /// To the approvers.
    #[serde(skip_serializing_if = "Notification::is_vacant")]
    pub approvers: Notification<S>,
}

/// One notification rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, bound = "")]
#[schemars(bound = "", rename = "Notification")]
pub struct Notification<S: Shape> {
    /// For which events.
    #[serde(skip_serializing_if = "Slot::is_vacant")]
    pub level: S::Of<Level>,
    /// Whether the service's own recipients are told.
    #[serde(skip_serializing_if = "Slot::is_vacant")]
    pub default_recipients: S::Of<bool>,
    /// Who else is told.
    #[serde(skip_serializing_if = "Slot::is_vacant")]
    pub to: S::Of<Recipients>,
}

impl<S: Shape> Notifications<S> {
    /// Builds all nine rules.
    pub fn from_fn(mut rule: impl FnMut(Event, Audience) -> Notification<S>) -> Self {
        let mut audiences = |event| Audiences {
            admins: rule(event, Audience::Admins),
            assignee: rule(event, Audience::Assignee),
            approvers: rule(event, Audience::Approvers),
        };
        Self {
            eligible_assigned: audiences(Event::EligibleAssigned),
            active_assigned: audiences(Event::ActiveAssigned),
            activated: audiences(Event::Activated),
        }
    }

    /// One rule.
    pub fn get(&self, event: Event, audience: Audience) -> &Notification<S> {
        let audiences = match event {
            Event::EligibleAssigned => &self.eligible_assigned,
            Event::ActiveAssigned => &self.active_assigned,
            Event::Activated => &self.activated,
        };
        match audience {
            Audience::Admins => &audiences.admins,
            Audience::Assignee => &audiences.assignee,
            Audience::Approvers => &audiences.approvers,
        }
    }

    /// One rule, to change it.
    pub fn get_mut(&mut self, event: Event, audience: Audience) -> &mut Notification<S> {
        let audiences = match event {
            Event::EligibleAssigned => &mut self.eligible_assigned,
            Event::ActiveAssigned => &mut self.active_assigned,
            Event::Activated => &mut self.activated,
        };
        match audience {
            Audience::Admins => &mut audiences.admins,
            Audience::Assignee => &mut audiences.assignee,
            Audience::Approvers => &mut audiences.approvers,
        }
    }

    /// True when no rule says anything.
    pub fn is_vacant(&self) -> bool {
        let Self { eligible_assigned, active_assigned, activated } = self;
        eligible_assigned.is_vacant() && active_assigned.is_vacant() && activated.is_vacant()
    }
}

impl<S: Shape> Audiences<S> {
    fn is_vacant(&self) -> bool {
        let Self { admins, assignee, approvers } = self;
        admins.is_vacant() && assignee.is_vacant() && approvers.is_vacant()
    }
}

impl<S: Shape> Notification<S> {
    fn is_vacant(&self) -> bool {
        let Self { level, default_recipients, to } = self;
        level.is_vacant() && default_recipients.is_vacant() && to.is_vacant()
    }
}
