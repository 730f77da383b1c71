//! What fault switches make the state do. They are counters that run down, so that a test knows when a fault is over.

/// Faults that only the rule engine can play.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Directives {
    /// So many of the next requests are answered with 201 and end as `Failed`.
    pub(crate) fail_after_accepting: u32,
    /// For each object made from now on: so many calls of PIM that name it find nothing. For each schedule made from now
    /// on: so many reads that would show it do not.
    pub(crate) unseen_calls: u32,
    /// For each schedule removed from now on: so many lists still show it.
    pub(crate) shown_after_removal: u32,
    /// So many of the next requests for something new stay `Granted` and never come about.
    pub(crate) stuck: u32,
}
