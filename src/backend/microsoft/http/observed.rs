//! What the answers of a service say of its clock and its limits.

use jiff::Timestamp;

use super::headers::Signs;

/// What the answers of one service said so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Observed {
    /// How far the clock of the service was ahead of ours at the last answer, in seconds.
    pub ahead: Option<i64>,
    /// The fewest requests that were left in any bucket that ARM names (docs/service.md: limits-1).
    pub remaining: Option<u64>,
    /// The most that was used of a limit of Graph: 1.0 is all of it. Graph says nothing below 0.8
    /// (docs/service.md: limits-2).
    pub used: Option<f64>,
}

impl Observed {
    /// Takes what an answer says that came in at `now`.
    pub(super) fn take(&mut self, signs: &Signs, now: Timestamp) {
        self.ahead = signs.date.map(|date| date.as_second() - now.as_second()).or(self.ahead);
        self.remaining = least(self.remaining, signs.remaining);
        self.used = match (self.used, signs.used) {
            (Some(one), Some(other)) => Some(one.max(other)),
            (one, other) => one.or(other),
        };
    }
}

fn least(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_clock_and_the_tightest_limit_count() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let signs = |date: &str, remaining, used| Signs {
            date: date.parse().ok(),
            remaining: Some(remaining),
            used: Some(used),
            ..Signs::default()
        };
        let mut observed = Observed::default();
        observed.take(&signs("2026-01-01T00:05:00Z", 240, 0.9), now);
        observed.take(&signs("2025-12-31T23:59:30Z", 17, 0.8), now);
        observed.take(&Signs::default(), now);
        assert_eq!(observed, Observed { ahead: Some(-30), remaining: Some(17), used: Some(0.9) });
    }
}
