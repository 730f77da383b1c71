//! The `local` backend: a tenant in one JSON file.
//!
//! [`LocalReader`] reads and cannot write. [`LocalExecutor`] holds the lock of the file as long as it lives, so nothing
//! can be written without it.

mod atomic;
mod capture;
mod commit;
mod convert;
mod disk;
pub mod file;
mod lock;
mod operations;
mod state;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

pub use self::atomic::write_file;
pub use self::disk::write as write_tenant;
pub use self::file::{TenantFile, tenant_schema};
pub use self::state::Tenant;

use self::commit::GroupCommit;
use self::disk::{Location, Stamp};
use self::lock::Lock;
use super::{BackendError, Execute, ReadQuery, ReadState, Receipt};
use crate::model::{AssignmentKey, Directory, Makers, NameQuery, Snapshot, Target, Time};
use crate::plan::Operation;
use uuid::Uuid;

/// Reads a tenant file.
#[derive(Clone, Debug)]
pub struct LocalReader {
    tenant: Arc<Tenant>,
    now: Time,
}

impl LocalReader {
    /// Reads the file once; later changes to it are not seen. `now` decides which assignments are in effect.
    pub fn open(path: &Path, now: Time) -> Result<Self, BackendError> {
        let (tenant, _) = load(&Location::of(path)?)?;
        Ok(Self { tenant: Arc::new(tenant), now })
    }

    /// The tenant as a file, with when it was read.
    pub fn capture(&self) -> TenantFile {
        self.tenant.capture(self.now)
    }

    /// Of a tenant that is in memory already.
    pub fn of(tenant: Tenant, now: Time) -> Self {
        Self { tenant: Arc::new(tenant), now }
    }
}

#[async_trait]
impl ReadState for LocalReader {
    async fn tenant(&self) -> Result<super::Tenant, BackendError> {
        Ok(self.tenant.answering())
    }

    async fn directory(&self, _: &NameQuery) -> Result<Arc<Directory>, BackendError> {
        Ok(self.tenant.directory())
    }

    async fn makers(&self, of: &[(Target, AssignmentKey)], _: &BTreeSet<Uuid>) -> Makers {
        self.tenant.makers(of)
    }

    async fn snapshot(&self, query: &ReadQuery) -> Result<Snapshot, BackendError> {
        Ok(self.tenant.snapshot(query, self.now))
    }
}

/// Reads a tenant file and carries out operations on it.
#[derive(Debug)]
pub struct LocalExecutor {
    commit: Arc<GroupCommit>,
    now: Time,
}

impl LocalExecutor {
    /// Takes the lock of the file and reads it. Operations take effect at `now`.
    pub fn open(path: &Path, now: Time) -> Result<Self, BackendError> {
        let location = Location::of(path)?;
        let lock = Lock::take(&location, now)?;
        atomic::sweep(location.folder());
        let (tenant, mut stamp) = load(&location)?;
        // The lock lives in the writer: a write that is still under way when this value is dropped keeps it.
        let writer = move |tenant: &Tenant| {
            let _held = &lock;
            disk::replace(&location, &mut stamp, &tenant.to_file())
        };
        Ok(Self { commit: Arc::new(GroupCommit::new(Arc::new(tenant), Box::new(writer))), now })
    }
}

#[async_trait]
impl ReadState for LocalExecutor {
    async fn tenant(&self) -> Result<super::Tenant, BackendError> {
        Ok(self.commit.durable().answering())
    }

    async fn directory(&self, _: &NameQuery) -> Result<Arc<Directory>, BackendError> {
        Ok(self.commit.durable().directory())
    }

    async fn makers(&self, of: &[(Target, AssignmentKey)], _: &BTreeSet<Uuid>) -> Makers {
        self.commit.durable().makers(of)
    }

    async fn snapshot(&self, query: &ReadQuery) -> Result<Snapshot, BackendError> {
        Ok(self.commit.durable().snapshot(query, self.now))
    }
}

#[async_trait]
impl Execute for LocalExecutor {
    fn concurrency(&self) -> usize {
        // Operations wait for the disk together, so many of them cost little more than one.
        4096
    }

    async fn execute(&self, operation: &Operation) -> Result<Receipt, BackendError> {
        self.commit.execute(operation, self.now).await.map(Receipt::from)
    }
}

fn load(location: &Location) -> Result<(Tenant, Stamp), BackendError> {
    let (text, stamp) = disk::read(location)?;
    let file = TenantFile::parse(&location.shown, &text)?;
    drop(text);
    Ok((Tenant::from_file(&location.shown, file)?, stamp))
}

#[cfg(test)]
mod tests;
