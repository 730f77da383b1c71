//! How many requests may be under way at a host at once.
//!
//! The number grows while all goes well and is halved when the service asks to slow down, as TCP does it. A `Retry-After`
//! holds back everybody, not only the request that was told.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::Pause;
use super::effort::LONGEST;
use super::headers::Signs;

/// How many to start with.
const START: f64 = 8.0;
/// Never more than this.
const MOST: f64 = 32.0;
/// From this many requests left in a bucket of ARM on, fewer go out at once (docs/service.md: limits-1).
const SCARCE: u64 = 64;
/// From this share of a limit of Graph on, no more are added (docs/service.md: limits-2).
const NEARLY_USED: f64 = 0.8;

/// The limiter of one host.
pub(super) struct Limiter {
    state: Mutex<State>,
    freed: Notify,
    pause: Arc<dyn Pause>,
}

struct State {
    /// How many may be under way; at least 1.
    limit: f64,
    /// Below this the limit grows with each success, above it with each round of them.
    threshold: f64,
    /// How many are under way.
    busy: u32,
    /// How often the limit was halved. One that started before the last time says nothing new.
    era: u64,
    /// Until when nothing is sent, on the clock of [`Pause::elapsed`].
    held: Duration,
}

/// The right to have one request under way.
pub(super) struct Permit<'a> {
    limiter: &'a Limiter,
    era: u64,
}

impl Limiter {
    pub(super) fn new(pause: Arc<dyn Pause>) -> Self {
        let state = State { limit: START, threshold: MOST, busy: 0, era: 0, held: Duration::ZERO };
        Self { state: Mutex::new(state), freed: Notify::new(), pause }
    }

    /// Waits for a turn. When the service is not to be asked for longer than anybody waits: for how long.
    pub(super) async fn enter(&self) -> Result<Permit<'_>, Duration> {
        loop {
            // Joined before the look, so that a place that becomes free in between is not missed.
            let mut freed = pin!(self.freed.notified());
            freed.as_mut().enable();
            let wait = {
                let mut state = self.state();
                let wait = state.held.saturating_sub(self.pause.elapsed());
                if wait.is_zero() && f64::from(state.busy) < state.limit.floor() {
                    state.busy += 1;
                    return Ok(Permit { limiter: self, era: state.era });
                }
                wait
            };
            if wait.is_zero() {
                freed.await;
            } else if wait > LONGEST {
                return Err(wait);
            } else {
                self.pause.pause(wait).await;
            }
        }
    }

    /// Nothing is sent for this long.
    pub(super) fn hold(&self, length: Duration) {
        let until = self.pause.elapsed().saturating_add(length);
        let mut state = self.state();
        state.held = state.held.max(until);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn limit(&self) -> f64 {
        self.state().limit
    }
}

impl Permit<'_> {
    /// The request was answered as it should be.
    pub(super) fn went_well(&self, signs: &Signs) {
        let mut state = self.limiter.state();
        let used = signs.used.unwrap_or_default();
        if used >= 1.0 {
            state.halve(self.era);
        } else if used < NEARLY_USED {
            let step = if state.limit < state.threshold { 1.0 } else { 1.0 / state.limit };
            state.limit = (state.limit + step).min(MOST);
        }
        if let Some(left) = signs.remaining.filter(|left| *left < SCARCE) {
            // A quarter of what is left, so that those who share the bucket get something too.
            let few = f64::from(u32::try_from(left / 4).unwrap_or(u32::MAX)).max(1.0);
            state.limit = state.limit.min(few);
            state.threshold = state.threshold.min(few);
        }
        drop(state);
        self.limiter.freed.notify_one();
    }

    /// The service asked to slow down, for this long if it said so.
    pub(super) fn was_throttled(&self, wait: Option<Duration>) {
        self.limiter.state().halve(self.era);
        if let Some(wait) = wait {
            self.limiter.hold(wait);
        }
    }
}

impl State {
    /// Once for all requests that were under way together.
    fn halve(&mut self, era: u64) {
        if era == self.era {
            self.limit = (self.limit / 2.0).max(1.0);
            self.threshold = self.limit;
            self.era += 1;
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.limiter.state();
        state.busy = state.busy.saturating_sub(1);
        drop(state);
        self.limiter.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::super::VirtualTime;
    use super::*;
    use futures::FutureExt;

    fn limiter() -> (Arc<VirtualTime>, Limiter) {
        let time = Arc::new(VirtualTime::default());
        (Arc::clone(&time), Limiter::new(time))
    }

    async fn eight(limiter: &Limiter) -> Vec<Permit<'_>> {
        futures::future::try_join_all((0..8).map(|_| limiter.enter())).await.unwrap()
    }

    fn near(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    #[tokio::test]
    async fn it_grows_on_success_and_halves_once_for_those_sent_together() {
        let (_, limiter) = limiter();
        let permits = eight(&limiter).await;
        assert!(limiter.enter().now_or_never().is_none(), "eight are under way");
        for permit in &permits {
            permit.went_well(&Signs::default());
        }
        assert!(near(limiter.limit(), 16.0));
        let late = limiter.enter().await.unwrap();
        late.was_throttled(None);
        assert!(near(limiter.limit(), 8.0));
        for permit in &permits {
            permit.was_throttled(None);
        }
        assert!(near(limiter.limit(), 8.0), "the others were sent before the limit was halved");
        drop(permits);
        drop(late);
        limiter.enter().await.unwrap().went_well(&Signs::default());
        assert!(near(limiter.limit(), 8.125), "after the first halving it grows slowly");
    }

    #[tokio::test]
    async fn a_place_that_becomes_free_goes_to_one_who_waits() {
        let (_, limiter) = limiter();
        let mut permits = eight(&limiter).await;
        let waiting = limiter.enter();
        tokio::pin!(waiting);
        assert!(waiting.as_mut().now_or_never().is_none());
        permits.pop();
        assert!(waiting.now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_hold_back_is_for_everybody() {
        let (time, limiter) = limiter();
        limiter.enter().await.unwrap().was_throttled(Some(Duration::from_secs(30)));
        let (_a, _b) = tokio::join!(limiter.enter(), limiter.enter());
        assert_eq!(time.pauses(), [Duration::from_secs(30), Duration::from_secs(30)]);
        assert_eq!(time.elapsed(), Duration::from_secs(30));
        limiter.hold(Duration::from_secs(3600));
        assert_eq!(limiter.enter().await.err(), Some(Duration::from_secs(3600)), "nobody waits for an hour");
        assert_eq!(time.elapsed(), Duration::from_secs(30));
    }

    #[tokio::test]
    async fn it_slows_down_before_the_quota_is_gone() {
        let (_, limiter) = limiter();
        limiter.enter().await.unwrap().went_well(&Signs { remaining: Some(20), ..Signs::default() });
        assert!(near(limiter.limit(), 5.0));
        limiter.enter().await.unwrap().went_well(&Signs { remaining: Some(0), ..Signs::default() });
        assert!(near(limiter.limit(), 1.0));
        let (_, limiter) = self::limiter();
        limiter.enter().await.unwrap().went_well(&Signs { used: Some(0.8), ..Signs::default() });
        assert!(near(limiter.limit(), 8.0));
        limiter.enter().await.unwrap().went_well(&Signs { used: Some(1.2), ..Signs::default() });
        assert!(near(limiter.limit(), 4.0));
    }
}
