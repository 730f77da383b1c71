//! The emulator's own clock.
#![expect(clippy::disallowed_methods, reason = "this is the shell: it reads the system's clock")]

use crate::emulator::world::Time;

/// Tells the time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    /// The system's clock.
    System,
    /// Stands still until it is moved.
    Fixed(Time),
}

impl Clock {
    /// The system's clock.
    pub(crate) fn system() -> Self {
        Self::System
    }

    /// A clock that stands still.
    pub(crate) fn fixed(at: Time) -> Self {
        Self::Fixed(at)
    }

    /// The time.
    pub(crate) fn now(self) -> Time {
        match self {
            Self::System => Time::from_timestamp(jiff::Timestamp::now()),
            Self::Fixed(at) => at,
        }
    }

    /// Moves a clock that stands still.
    pub(crate) fn advance(&mut self, seconds: u64) {
        if let Self::Fixed(at) = self {
            *at = at.later(i64::try_from(seconds).unwrap_or(i64::MAX));
        }
    }
}
