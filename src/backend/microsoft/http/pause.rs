//! Time, as far as the transport needs it.
#![expect(clippy::disallowed_methods, reason = "this is the shell: it has the clocks that everything else is given")]

use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;

/// The clocks, and waiting. Everything that waits goes through it, so that tests never do.
#[async_trait]
pub trait Pause: Send + Sync {
    /// The time of day, for dates in answers and the ends of tokens.
    fn now(&self) -> Timestamp;

    /// The time since some fixed moment. It never goes back.
    fn elapsed(&self) -> Duration;

    /// Waits.
    async fn pause(&self, length: Duration);
}

/// The real clocks.
#[derive(Debug)]
pub struct RealTime(Instant);

impl Default for RealTime {
    fn default() -> Self {
        Self(Instant::now())
    }
}

#[async_trait]
impl Pause for RealTime {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    async fn pause(&self, length: Duration) {
        tokio::time::sleep(length).await;
    }
}

/// Time that passes only by waiting: a pause sets the clock forward and returns at once. For tests.
#[derive(Debug)]
pub struct VirtualTime {
    start: Timestamp,
    state: Mutex<Virtual>,
}

#[derive(Debug, Default)]
struct Virtual {
    elapsed: Duration,
    pauses: Vec<Duration>,
}

impl VirtualTime {
    /// A clock that starts at a moment.
    pub fn new(start: Timestamp) -> Self {
        Self { start, state: Mutex::default() }
    }

    /// How long was waited, each time, in order.
    pub fn pauses(&self) -> Vec<Duration> {
        self.state().pauses.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Virtual> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Default for VirtualTime {
    fn default() -> Self {
        Self::new(Timestamp::UNIX_EPOCH)
    }
}

#[async_trait]
impl Pause for VirtualTime {
    fn now(&self) -> Timestamp {
        self.start.checked_add(jiff::SignedDuration::try_from(self.elapsed()).unwrap_or_default()).unwrap_or(self.start)
    }

    fn elapsed(&self) -> Duration {
        self.state().elapsed
    }

    async fn pause(&self, length: Duration) {
        // Those who wait at the same time wait side by side, not one after the other.
        let end = self.elapsed().saturating_add(length);
        tokio::task::yield_now().await;
        let mut state = self.state();
        state.pauses.push(length);
        state.elapsed = state.elapsed.max(end);
    }
}
