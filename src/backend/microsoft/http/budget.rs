//! What one reading of the tenant may take, so that a server that never ends does not go on for ever.
//!
//! Only readings have a budget. What is looked at around a change has none: a change whose outcome is unknown because
//! nobody was allowed to look any more would be worse than any length of reading.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::backend::microsoft::error::{ErrorKind, ServiceError};

/// The most that one reading of the tenant may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of the bodies of all answers together, after decompression.
    pub bytes: u64,
    /// From its first request to its last answer, waiting included.
    pub time: Duration,
}

impl Default for Bounds {
    /// A tenant of 100 000 assignments and 1000 scopes is a tenth of it.
    fn default() -> Self {
        Self { bytes: 4_000_000_000, time: Duration::from_secs(3600) }
    }
}

/// What a reading took so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Spent {
    bytes: u64,
    answers: u64,
    time: Duration,
}

/// The budget of one reading.
pub(in super::super) struct Budget {
    bounds: Bounds,
    /// What was spent before it began, by the part of the reading that went before.
    before: Spent,
    /// When it began, on the clock of `Pause::elapsed`.
    start: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    bytes: u64,
    answers: u64,
    /// Why it is over; everything that comes after is told the same.
    over: Option<ServiceError>,
}

impl Budget {
    pub(super) fn new(bounds: Bounds, before: Spent, now: Duration) -> Self {
        Self { bounds, before, start: now, state: Mutex::default() }
    }

    /// Whether something was refused because the budget was spent.
    pub(super) fn within(&self) -> Result<(), ServiceError> {
        self.state().over.clone().map_or(Ok(()), Err)
    }

    /// What was spent by now.
    pub(super) fn spent(&self, now: Duration) -> Spent {
        self.total(&self.state(), now)
    }

    /// How much time is left.
    pub(super) fn left(&self, now: Duration) -> Duration {
        self.bounds.time.saturating_sub(self.spent(now).time)
    }

    /// Before a request: whether there may be another.
    pub(super) fn ask(&self, method: &'static str, path: &str, now: Duration) -> Result<(), ServiceError> {
        self.take(method, path, 0, now)
    }

    /// Takes a part of an answer.
    pub(super) fn take(
        &self,
        method: &'static str,
        path: &str,
        bytes: usize,
        now: Duration,
    ) -> Result<(), ServiceError> {
        let mut state = self.state();
        if let Some(over) = &state.over {
            return Err(over.clone());
        }
        state.bytes = state.bytes.saturating_add(bytes as u64);
        let spent = self.total(&state, now);
        let (bound, flag) = if spent.bytes > self.bounds.bytes {
            (format!("more than {} bytes", self.bounds.bytes), "bytes")
        } else if spent.time >= self.bounds.time {
            (format!("more than {} s", self.bounds.time.as_secs()), "time")
        } else {
            return Ok(());
        };
        let message = format!(
            "reading the tenant takes {bound}; until here it took {} {}, {} bytes and {} s",
            spent.answers,
            if spent.answers == 1 { "answer" } else { "answers" },
            spent.bytes,
            spent.time.as_secs(),
        );
        let variable = flag.to_uppercase();
        let hint = format!(
            "nothing was taken from what was read; if the tenant is that large, allow more with `--max-read-{flag}` \
             (`PIMFORM_MAX_READ_{variable}`)"
        );
        let over = ServiceError::new(method, path, ErrorKind::TooMuch, message).hint(hint);
        state.over = Some(over.clone());
        Err(over)
    }

    /// An answer is whole.
    pub(super) fn answered(&self) {
        self.state().answers += 1;
    }

    fn total(&self, state: &State, now: Duration) -> Spent {
        Spent {
            bytes: self.before.bytes.saturating_add(state.bytes),
            answers: self.before.answers.saturating_add(state.answers),
            time: self.before.time.saturating_add(now.saturating_sub(self.start)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn budget(before: Spent) -> Budget {
        Budget::new(Bounds { bytes: 100, time: 10 * SECOND }, before, 5 * SECOND)
    }

    #[test]
    fn what_is_over_stays_over() {
        let budget = budget(Spent::default());
        budget.take("GET", "/a", 100, 5 * SECOND).unwrap();
        budget.answered();
        let error = budget.take("GET", "/b", 1, 6 * SECOND).unwrap_err();
        assert_eq!((error.kind, error.path.as_str()), (ErrorKind::TooMuch, "/b"));
        let said = "reading the tenant takes more than 100 bytes; until here it took 1 answer, 101 bytes and 1 s";
        assert_eq!(error.message, said);
        assert!(error.help().unwrap().contains("`--max-read-bytes` (`PIMFORM_MAX_READ_BYTES`)"));
        assert_eq!(budget.ask("GET", "/c", 6 * SECOND).unwrap_err(), error);
        assert_eq!(budget.within().unwrap_err(), error);
    }

    #[test]
    fn what_went_before_counts_and_time_between_does_not() {
        let before = Spent { bytes: 60, answers: 1, time: 8 * SECOND };
        budget(before).take("GET", "/a", 40, 6 * SECOND).unwrap();
        budget(before).take("GET", "/a", 41, 6 * SECOND).unwrap_err();
        let late = budget(before).ask("GET", "/a", 7 * SECOND).unwrap_err();
        assert!(late.help().unwrap().contains("--max-read-time"), "{late}");
        assert_eq!(budget(before).left(6 * SECOND), SECOND);
    }
}
