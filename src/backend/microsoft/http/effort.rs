//! Whether a request is sent again, and when. No jitter: the shared limiter already spreads what is held back.

use std::time::Duration;

use super::Repeat;

/// At most this many attempts while the service asks to slow down.
const PATIENT: u32 = 10;
/// At most this many attempts when it fails or is not heard.
const UNLUCKY: u32 = 4;
/// One request waits no longer than this, all its pauses together.
pub(super) const LONGEST: Duration = Duration::from_secs(300);
/// The longest pause that nobody asked for.
const LONGEST_STEP: Duration = Duration::from_secs(30);

/// Why an attempt did not come to an answer that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setback {
    /// Refused because there were too many. It was not carried out.
    Throttled(Option<Duration>),
    /// It never left this machine.
    Unsent,
    /// The service failed, or was not heard: it may have been carried out.
    Unsure,
}

impl Setback {
    /// What a status means, if it is one that may go away by itself.
    pub(super) fn of(status: u16, retry_after: Option<Duration>) -> Option<Self> {
        match status {
            429 => Some(Self::Throttled(retry_after)),
            503 if retry_after.is_some() => Some(Self::Throttled(retry_after)),
            408 | 500 | 502 | 503 | 504 => Some(Self::Unsure),
            _ => None,
        }
    }
}

/// What was spent on a request so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Effort {
    setbacks: u32,
    waited: Duration,
}

impl Effort {
    /// How long to wait before the next attempt; nothing when there should be none.
    pub(super) fn again(&mut self, setback: Setback, repeat: Repeat) -> Option<Duration> {
        let most = match (setback, repeat) {
            (Setback::Throttled(_), _) => PATIENT,
            (Setback::Unsent, _) | (Setback::Unsure, Repeat::Safe) => UNLUCKY,
            (Setback::Unsure, Repeat::OnlyIfUnsent) => return None,
        };
        let wait = match setback {
            Setback::Throttled(Some(wait)) => wait,
            _ => Duration::from_secs(1 << self.setbacks.min(10)).min(LONGEST_STEP),
        };
        self.setbacks += 1;
        self.waited = self.waited.saturating_add(wait);
        (self.setbacks < most && self.waited <= LONGEST).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(setback: Setback, repeat: Repeat) -> Vec<u64> {
        let mut effort = Effort::default();
        std::iter::from_fn(|| effort.again(setback, repeat)).map(|wait| wait.as_secs()).take(100).collect()
    }

    #[test]
    fn what_may_have_been_done_is_sent_again_only_where_that_is_safe() {
        assert_eq!(waits(Setback::Unsure, Repeat::Safe), [1, 2, 4]);
        assert!(waits(Setback::Unsure, Repeat::OnlyIfUnsent).is_empty());
        assert_eq!(waits(Setback::Unsent, Repeat::OnlyIfUnsent), [1, 2, 4]);
    }

    #[test]
    fn patience_has_an_end() {
        let throttled = |seconds| Setback::Throttled(Some(Duration::from_secs(seconds)));
        assert_eq!(waits(throttled(5), Repeat::OnlyIfUnsent), [5; 9]);
        assert_eq!(waits(throttled(100), Repeat::Safe), [100; 3]);
        assert!(waits(throttled(3600), Repeat::Safe).is_empty());
        assert_eq!(waits(Setback::Throttled(None), Repeat::Safe), [1, 2, 4, 8, 16, 30, 30, 30, 30]);
    }

    #[test]
    fn only_what_may_pass_is_a_setback() {
        let wait = Some(Duration::from_secs(3));
        assert_eq!(Setback::of(429, None), Some(Setback::Throttled(None)));
        assert_eq!(Setback::of(503, wait), Some(Setback::Throttled(wait)));
        for status in [408, 500, 502, 503, 504] {
            assert_eq!(Setback::of(status, None), Some(Setback::Unsure));
        }
        for status in [200, 301, 400, 401, 403, 404, 409, 501] {
            assert_eq!(Setback::of(status, wait), None);
        }
    }
}
