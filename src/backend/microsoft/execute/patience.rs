//! How long to wait for what: always in vain after a while, so that an apply ends.

use std::slice::Iter;
use std::time::Duration;

use crate::backend::microsoft::http::Pause;

/// For what takes seconds.
const SHORT: [u64; 5] = [2, 4, 8, 16, 30];
/// For what takes minutes: new objects of the directory (docs/service.md: lag-2), and requests that the service works on.
const LONG: [u64; 9] = [2, 4, 8, 16, 30, 30, 30, 30, 30];
/// For what the service goes on listing, or refusing, after it is gone (docs/service.md: lag-1).
const LAG: [u64; 5] = [15, 30, 30, 30, 30];
/// An assignment may be removed five minutes after it began, and not before (docs/service.md: windows-1).
const MINUTES: [u64; 6] = [60; 6];

/// The waits that are left for one reason.
#[derive(Clone, Debug)]
pub(super) struct Patience(Iter<'static, u64>);

impl Patience {
    /// A minute in all.
    pub(super) fn short() -> Self {
        Self(SHORT.iter())
    }

    /// Three minutes in all.
    pub(super) fn long() -> Self {
        Self(LONG.iter())
    }

    /// Two minutes and a quarter.
    pub(super) fn lag() -> Self {
        Self(LAG.iter())
    }

    /// Six times a minute.
    pub(super) fn minutes() -> Self {
        Self(MINUTES.iter())
    }

    /// Waits once more. False, at once, when there is no patience left.
    pub(super) async fn wait(&mut self, pause: &dyn Pause) -> bool {
        match self.0.next() {
            Some(seconds) => {
                pause.pause(Duration::from_secs(*seconds)).await;
                true
            }
            None => false,
        }
    }
}
