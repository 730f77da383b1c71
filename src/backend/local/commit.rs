//! Many operations, few writes.
//!
//! Each operation is made to the tenant in memory at once and then waits for a write that carries it. While one write is
//! under way the next operations gather, and the next write carries them all.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::disk::Failure;
use super::state::Tenant;
use crate::backend::{BackendError, Executed};
use crate::model::Time;
use crate::plan::Operation;

/// Puts a tenant on disk.
pub(super) type Writer = Box<dyn FnMut(&Tenant) -> Result<(), Failure> + Send>;

/// A tenant, and what of it is on disk.
pub(super) struct GroupCommit {
    state: Mutex<State>,
    writer: Arc<AsyncMutex<Writer>>,
}

struct State {
    /// What is on disk.
    durable: Arc<Tenant>,
    /// With all changes that are not on disk yet.
    current: Tenant,
    /// Changes that no write carries yet.
    pending: Option<Arc<Batch>>,
    /// Changes that are being written.
    in_flight: Option<Arc<Batch>>,
}

/// How the write that carried some changes went, once it is over.
type Batch = OnceLock<Result<(), Failure>>;

impl fmt::Debug for GroupCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupCommit").finish_non_exhaustive()
    }
}

impl GroupCommit {
    pub(super) fn new(tenant: Arc<Tenant>, writer: Writer) -> Self {
        let current = (*tenant).clone();
        Self {
            state: Mutex::new(State { durable: tenant, current, pending: None, in_flight: None }),
            writer: Arc::new(AsyncMutex::new(writer)),
        }
    }

    /// What is on disk.
    pub(super) fn durable(&self) -> Arc<Tenant> {
        Arc::clone(&self.state().durable)
    }

    /// Carries out an operation and waits until it is on disk.
    pub(super) async fn execute(self: &Arc<Self>, operation: &Operation, now: Time) -> Result<Executed, BackendError> {
        let (executed, batch) = self.state().apply(operation, now)?;
        if let Some(batch) = batch {
            self.settle(&batch).await?;
        }
        Ok(executed)
    }

    async fn settle(self: &Arc<Self>, batch: &Batch) -> Result<(), Failure> {
        let writer = Arc::clone(&self.writer).lock_owned().await;
        if let Some(result) = batch.get() {
            return result.clone();
        }
        let this = Arc::clone(self);
        // The write goes on to its end, and lets go of the writer only then, even if nobody waits for it any longer.
        let over = tokio::task::spawn_blocking(move || this.write(writer)).await;
        match (batch.get(), over) {
            (Some(result), _) => result.clone(),
            (None, Err(error)) => Err(Failure::io("", &error.into(), false)),
            (None, Ok(())) => Err(Failure::io("", &std::io::ErrorKind::Other.into(), false)),
        }
    }

    fn write(&self, mut writer: OwnedMutexGuard<Writer>) {
        let Some((batch, tenant)) = self.state().begin() else { return };
        let result = writer(&tenant);
        self.state().end(&batch, tenant, result);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Makes a change, and says which write to wait for.
    fn apply(&mut self, operation: &Operation, now: Time) -> Result<(Executed, Option<Arc<Batch>>), BackendError> {
        let executed = self.current.apply(operation, now)?;
        let batch = match executed {
            // What is so already may be so by a change that is not on disk yet.
            Executed::AlreadySo => self.pending.as_ref().or(self.in_flight.as_ref()).map(Arc::clone),
            Executed::Done | Executed::Created(_) => Some(Arc::clone(self.pending.get_or_insert_default())),
        };
        Ok((executed, batch))
    }

    fn begin(&mut self) -> Option<(Arc<Batch>, Arc<Tenant>)> {
        let batch = self.pending.take()?;
        self.in_flight = Some(Arc::clone(&batch));
        Some((batch, Arc::new(self.current.clone())))
    }

    fn end(&mut self, batch: &Batch, tenant: Arc<Tenant>, result: Result<(), Failure>) {
        self.in_flight = None;
        match &result {
            Err(failure) if !failure.replaced() => {
                // The changes since then were made on top of what is lost now, so they are lost with it.
                self.current = (*self.durable).clone();
                if let Some(next) = self.pending.take() {
                    let _ = next.set(Err(failure.clone()));
                }
            }
            _ => self.durable = tenant,
        }
        let _ = batch.set(result);
    }
}

#[cfg(test)]
mod tests;
