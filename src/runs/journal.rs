//! Keeps the record of a run while it runs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::record::{Applier, OutcomeRecord, OutcomeState, RunId, RunRecord, RunState, owned};
use super::store::{Store, StoreError};
use super::{Purpose, Runner};
use crate::apply::{Observer, Outcome};
use crate::backend::Executed;
use crate::model::Time;
use crate::plan::{ApprovedPlan, PlanFile, Step};

/// Tells the time, for the record.
pub type Clock = Box<dyn Fn() -> Time + Send + Sync>;

/// Records what becomes of each step. Told by `apply` as an [`Observer`]; writes to the store when [`save`](Self::save)
/// is called, so that a slow storage slows no step down.
pub struct Journal {
    store: Store,
    record: Mutex<RunRecord>,
    clock: Clock,
}

impl Journal {
    /// Writes the record of a run that is about to begin. Nothing may be changed in the tenant before this has
    /// succeeded.
    pub async fn begin(
        store: &Store,
        approved: &ApprovedPlan,
        id: RunId,
        purpose: Purpose,
        (runner, signed_in): (Runner, Option<Applier>),
        clock: Clock,
    ) -> Result<Self, StoreError> {
        let began = clock();
        let plan = owned(&PlanFile::new(approved.plan(), approved.verdict()));
        let record = RunRecord {
            version: RunRecord::VERSION,
            id,
            purpose,
            state: RunState::Running,
            runner,
            signed_in,
            began,
            ended: None,
            plan,
            outcomes: std::collections::BTreeMap::new(),
            remaining: Vec::new(),
        };
        if !record.create(store).await? {
            return Err(StoreError::SameRun { run: record.id, store: std::sync::Arc::clone(store.shown()) });
        }
        Ok(Self { store: store.clone(), record: Mutex::new(record), clock })
    }

    /// The id of the run.
    pub fn id(&self) -> RunId {
        self.record().id.clone()
    }

    /// Writes what is known so far.
    pub async fn save(&self) -> Result<(), StoreError> {
        let record = self.record().clone();
        record.save(&self.store).await
    }

    /// Writes how the run ended. `remaining` are the addresses that a fresh plan still names; nothing if it could not be
    /// made.
    pub async fn end(&self, remaining: Option<Vec<String>>) -> Result<RunRecord, StoreError> {
        let record = {
            let mut record = self.record();
            record.ended = Some((self.clock)());
            let done = |outcome: &OutcomeRecord| matches!(outcome.state, OutcomeState::Done | OutcomeState::AlreadySo);
            let all = record.plan.steps.iter().all(|step| record.outcomes.get(&step.id).is_some_and(done));
            let none = !record.plan.steps.is_empty() && !record.outcomes.values().any(done);
            record.state = match &remaining {
                Some(remaining) if all && remaining.is_empty() => RunState::Done,
                _ if none => RunState::Failed,
                _ => RunState::Partial,
            };
            record.remaining = remaining.unwrap_or_default();
            record.clone()
        };
        record.save(&self.store).await?;
        Ok(record)
    }

    /// A panic elsewhere cannot leave the record half-written, so a poisoned lock is as good as any.
    fn record(&self) -> MutexGuard<'_, RunRecord> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, step: &Step, state: OutcomeState, outcome: Option<&Outcome>) {
        let (message, created, request_ids) = match outcome {
            Some(Outcome::Failed(error)) => (Some(crate::diag::chain(error)), None, Vec::new()),
            Some(Outcome::Done(receipt)) => {
                let created = match receipt.executed {
                    Executed::Created(id) => Some(id),
                    Executed::Done | Executed::AlreadySo => None,
                };
                (None, created, receipt.request_ids.clone())
            }
            Some(Outcome::Skipped { .. } | Outcome::NotStarted) | None => (None, None, Vec::new()),
        };
        let at = (self.clock)();
        let outcome = OutcomeRecord { state, at, message, created, request_ids };
        self.record().outcomes.insert(step.id, outcome);
    }
}

impl Observer for Journal {
    fn started(&self, step: &Step) {
        self.note(step, OutcomeState::Begun, None);
    }

    fn finished(&self, step: &Step, outcome: &Outcome) {
        self.note(step, OutcomeState::of(outcome), Some(outcome));
    }
}
