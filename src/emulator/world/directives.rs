//! What fault switches make the state do. Most are counters that run down, so that a test knows when a fault is over.

use crate::emulator::world::{Ignored, Shown, Time, Wider};

/// Faults that only the rule engine can play.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Directives {
    /// So many of the next requests are answered with 201 and end as `Failed`.
    pub(crate) fail_after_accepting: u32,
    /// For each object made from now on: so many calls of PIM that name it find nothing. For each schedule made from now
    /// on: so many reads that would show it do not.
    pub(crate) unseen_calls: u32,
    /// For each schedule removed from now on: how long lists still show it.
    pub(crate) shown_after_removal: Lingering,
    /// The same for those of Azure, where it is longer.
    pub(crate) shown_after_removal_on_arm: Lingering,
    /// So many of the next requests for something new stay `Granted` and never come about.
    pub(crate) stuck: u32,
    /// Whether an application, too, must have proven who it is with a second factor where a rule asks for it.
    pub(crate) mfa_of_applications: bool,
    /// What of an assignment becomes wider than it was asked for.
    pub(crate) wider: Option<Wider>,
    /// What an update on Azure leaves as it was.
    pub(crate) ignored: Option<Ignored>,
    /// Whether a dry run is carried out.
    pub(crate) obeys_questions: bool,
}

/// How long lists still show what has been removed. docs/service.md: consistency-1
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lingering {
    /// It is gone at once.
    #[default]
    Not,
    /// So many lists show it.
    Lists(u32),
    /// Lists show it for so many seconds.
    Seconds(u32),
}

impl Lingering {
    /// For what is removed now.
    pub(crate) fn from(self, now: Time) -> Option<Shown> {
        match self {
            Self::Not => None,
            Self::Lists(lists) => Some(Shown::Lists(lists)),
            Self::Seconds(seconds) => Some(Shown::Until(now.later(seconds.into()))),
        }
    }
}
