//! Carries out an approved plan.
//!
//! Phase by phase; within a phase steps run concurrently, since no step depends on another of its own phase. A failed
//! step fails only what depends on it, and every step has an outcome in the end.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::StreamExt as _;

use crate::backend::{BackendError, Execute, Executed, Receipt};
use crate::model::PrincipalId;
use crate::plan::{ApprovedPlan, Operation, Step, StepId};

mod settle;
mod validate;

pub use self::settle::{Settled, settle};
pub use self::validate::validate;

/// Told what happens, for showing progress.
pub trait Observer: Sync {
    /// A step is about to be carried out.
    fn started(&self, step: &Step);
    /// A step has its outcome.
    fn finished(&self, step: &Step, outcome: &Outcome);
}

/// Both are told.
impl<A: Observer, B: Observer> Observer for (&A, &B) {
    fn started(&self, step: &Step) {
        self.0.started(step);
        self.1.started(step);
    }

    fn finished(&self, step: &Step, outcome: &Outcome) {
        self.0.finished(step, outcome);
        self.1.finished(step, outcome);
    }
}

/// A wish to stop. Steps under way are finished; no further one is begun.
#[derive(Debug, Default)]
pub struct Stop {
    requested: AtomicBool,
    told: tokio::sync::Notify,
}

impl Stop {
    /// Asks to stop.
    pub fn request(&self) {
        self.requested.store(true, Ordering::SeqCst);
        self.told.notify_waiters();
    }

    /// True once somebody asked.
    pub fn is_requested(&self) -> bool {
        self.requested.load(Ordering::SeqCst)
    }

    /// Returns once somebody asked.
    pub async fn requested(&self) {
        let told = self.told.notified();
        if !self.is_requested() {
            told.await;
        }
    }
}

/// What became of a step.
#[derive(Debug)]
pub enum Outcome {
    /// The tenant is as the step wants it.
    Done(Receipt),
    /// It failed.
    Failed(BackendError),
    /// A step that it depends on was not done.
    Skipped {
        /// That step.
        needs: StepId,
    },
    /// A stop was asked for before it began.
    NotStarted,
}

impl Outcome {
    /// True when the tenant now is as the step wants it.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }

    /// True when nothing had to be done, because the tenant was so already.
    pub fn was_so_already(&self) -> bool {
        matches!(self, Self::Done(Receipt { executed: Executed::AlreadySo, .. }))
    }
}

/// What became of all steps.
#[derive(Debug, Default)]
pub struct ApplyReport {
    /// One outcome for each step.
    pub outcomes: BTreeMap<StepId, Outcome>,
}

impl ApplyReport {
    /// True when every step was done.
    pub fn is_complete(&self) -> bool {
        self.outcomes.values().all(Outcome::is_done)
    }

    /// How many steps have an outcome of a sort.
    pub fn count(&self, sort: impl Fn(&Outcome) -> bool) -> usize {
        self.outcomes.values().filter(|outcome| sort(outcome)).count()
    }
}

/// Carries out all steps.
pub async fn run(approved: &ApprovedPlan, backend: &dyn Execute, observer: &dyn Observer, stop: &Stop) -> ApplyReport {
    let mut report = ApplyReport::default();
    let created = Mutex::new(BTreeMap::new());
    for phase in approved.plan().steps.chunk_by(|a, b| a.phase == b.phase) {
        let steps = phase.iter().map(|step| {
            let blocker = step
                .depends_on
                .iter()
                .find(|needed| !report.outcomes.get(needed).is_some_and(Outcome::is_done))
                .copied();
            one(step, blocker, backend, observer, stop, &created)
        });
        let outcomes: Vec<(StepId, Outcome)> =
            futures::stream::iter(steps).buffer_unordered(backend.concurrency().max(1)).collect().await;
        report.outcomes.extend(outcomes);
    }
    report
}

type RealIds = Mutex<BTreeMap<PrincipalId, PrincipalId>>;

async fn one(
    step: &Step,
    blocker: Option<StepId>,
    backend: &dyn Execute,
    observer: &dyn Observer,
    stop: &Stop,
    created: &RealIds,
) -> (StepId, Outcome) {
    let outcome = match blocker {
        _ if stop.is_requested() => Outcome::NotStarted,
        Some(needs) => Outcome::Skipped { needs },
        None => {
            observer.started(step);
            execute(&step.operation, backend, created).await
        }
    };
    observer.finished(step, &outcome);
    (step.id, outcome)
}

async fn execute(operation: &Operation, backend: &dyn Execute, created: &RealIds) -> Outcome {
    let real_operation = {
        let real = lock(created);
        operation.clone().map_principals(&mut |id| real.get(&id).copied().unwrap_or(id))
    };
    match backend.execute(&real_operation).await {
        Ok(receipt) => {
            if let (Operation::CreateGroup { group, .. }, Executed::Created(id)) = (operation, &receipt.executed) {
                lock(created).insert(*group, *id);
            }
            Outcome::Done(receipt)
        }
        Err(error) => Outcome::Failed(error),
    }
}

/// A panic elsewhere cannot leave the map half-written, so a poisoned lock is as good as any.
fn lock(created: &RealIds) -> std::sync::MutexGuard<'_, BTreeMap<PrincipalId, PrincipalId>> {
    created.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
