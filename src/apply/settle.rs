//! Looking again after the last step, until the tenant shows what was done.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::LocalBoxFuture;

use super::{ApplyReport, Outcome, Stop};
use crate::backend::Execute;
use crate::plan::Plan;

/// What was seen in the end.
#[derive(Debug)]
pub struct Settled<E> {
    /// What a fresh plan still finds, or why there is none.
    pub remaining: Result<Plan, E>,
    /// How long was waited between the looks.
    pub waited: Duration,
    /// True when a stop was asked for before everything was seen.
    pub interrupted: bool,
}

/// Plans again until nothing is left of what was done, for as long as the backend says that it may take.
///
/// Only what was done is waited for: a step that failed will not go away by itself. A look that fails is repeated once.
/// `look` makes a fresh plan; `say` is told before each wait which addresses are waited for and how long the wait is.
/// `longest` is how long to wait in all, where somebody has said so.
pub async fn settle<'l, E>(
    applied: &Plan,
    report: &ApplyReport,
    backend: &dyn Execute,
    stop: &Stop,
    look: &dyn Fn() -> LocalBoxFuture<'l, Result<Plan, E>>,
    say: &dyn Fn(&[&str], Duration),
    longest: Option<Duration>,
) -> Settled<E> {
    let done: BTreeSet<&str> = applied
        .steps
        .iter()
        .filter(|step| report.outcomes.get(&step.id).is_some_and(Outcome::is_done))
        .map(|step| step.address.as_str())
        .collect();
    let mut failed_looks = 0;
    let mut settled = Settled { remaining: look().await, waited: Duration::ZERO, interrupted: false };
    for wait in waits(backend.settling(), longest) {
        let left: Vec<&str> = if let Ok(plan) = &settled.remaining {
            plan.steps.iter().map(|step| step.address.as_str()).filter(|address| done.contains(address)).collect()
        } else {
            // A connection that broke, or a new group that cannot be found yet.
            failed_looks += 1;
            done.iter().copied().collect()
        };
        if left.is_empty() || failed_looks > 1 {
            break;
        }
        if stop.is_requested() {
            settled.interrupted = true;
            break;
        }
        say(&left, wait);
        tokio::select! {
            () = backend.pause(wait) => settled.waited += wait,
            () = stop.requested() => settled.interrupted = true,
        }
        if settled.interrupted {
            break;
        }
        settled.remaining = look().await;
    }
    settled
}

/// The waits of a backend, cut off or gone on with where somebody has said how long they may be in all.
fn waits(usual: &[Duration], longest: Option<Duration>) -> impl Iterator<Item = Duration> {
    let last = usual.last().filter(|_| longest.is_some());
    let mut left = longest;
    usual.iter().chain(last.into_iter().flat_map(std::iter::repeat)).map_while(move |wait| match &mut left {
        None => Some(*wait),
        Some(left) => {
            let wait = (*wait).min(*left);
            *left = left.saturating_sub(wait);
            (!wait.is_zero()).then_some(wait)
        }
    })
}

#[cfg(test)]
mod tests;
