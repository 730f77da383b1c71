//! Exit codes.

use std::process::ExitCode;

/// How a run ended. The codes are part of the command line's contract; see `docs/command-line.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done; for `plan`, with or without changes.
    Done = 0,
    /// Failed, or declined at the prompt.
    Failed = 1,
    /// There are changes (`plan --detailed-exitcode`), or drift.
    Changes = 2,
    /// The policy files are invalid.
    Invalid = 3,
    /// Refused by a guard or by the service when it was asked, or the saved plan no longer covers what would be done.
    Refused = 4,
    /// Partly applied.
    Partial = 5,
    /// Something could not be read; the rest is as reported.
    Incomplete = 6,
    /// The command line itself is wrong.
    Usage = 64,
}

impl Exit {
    /// Every code, with what it means.
    pub const TABLE: [(Self, &'static str); 8] = [
        (Self::Done, "done"),
        (Self::Failed, "failed"),
        (Self::Changes, "changes are pending (`plan --detailed-exitcode`), or there is drift (`drift`)"),
        (Self::Invalid, "the policy files are invalid"),
        (Self::Refused, "refused by a guard or by the service when it was asked, or the saved plan is stale"),
        (Self::Partial, "partly applied"),
        (
            Self::Incomplete,
            "something could not be read, or the files name what is gone; the rest was planned or applied",
        ),
        (Self::Usage, "the command line is wrong"),
    ];
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
