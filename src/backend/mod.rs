//! Where the current state is read from and operations are carried out.
//!
//! Two traits, so that whoever only looks can be given a backend that cannot change anything.

pub mod local;
pub mod microsoft;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;

use crate::model::audit::AuditEvent;
use crate::model::{
    AssignmentKey, Desired, DesiredList, Directory, Kind, Makers, NameQuery, PrincipalId, Snapshot, Target, TenantId,
    Time,
};
use crate::plan::{Operation, Validation};
use uuid::Uuid;

/// Reads a tenant. Changes nothing.
#[async_trait]
pub trait ReadState: Send + Sync {
    /// Which tenant answers.
    async fn tenant(&self) -> Result<Tenant, BackendError>;

    /// What the tenant is called, where that can be found out.
    async fn tenant_name(&self) -> Result<Option<Arc<str>>, BackendError> {
        Ok(self.tenant().await?.name)
    }

    /// The objects that policies may name. A backend may leave out what the query does not ask for.
    async fn directory(&self, query: &NameQuery) -> Result<Arc<Directory>, BackendError>;

    /// What the tenant's audit log says about PIM since then; nothing where there is no log.
    async fn audit(&self, _since: Time) -> Result<Option<Vec<AuditEvent>>, BackendError> {
        Ok(None)
    }

    /// Which of these assignments another application made: none that reads, and none with one of `ours` as its id. What
    /// cannot be found out is part of the answer, not an error.
    async fn makers(&self, _of: &[(Target, AssignmentKey)], _ours: &BTreeSet<Uuid>) -> Makers {
        Makers::default()
    }

    /// The state of the targets that the query names. A target that cannot be read is part of the answer, not an error.
    async fn snapshot(&self, query: &ReadQuery) -> Result<Snapshot, BackendError>;
}

/// A tenant that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name, for people.
    pub name: Option<Arc<str>>,
}

/// Carries out operations on a tenant.
#[async_trait]
pub trait Execute: ReadState {
    /// How many operations may be under way at once.
    fn concurrency(&self) -> usize;

    /// Carries out one operation. When it returns, the operation is durable.
    async fn execute(&self, operation: &Operation) -> Result<Receipt, BackendError>;

    /// How long to wait before each further look, where what was done may not be seen at once. Nothing where it is.
    fn settling(&self) -> &'static [Duration] {
        &[]
    }

    /// Somebody wants to stop: what is under way and only waits ends, and says what is left to do.
    fn hurry(&self) {}

    /// Waits, by the clock of the backend.
    async fn pause(&self, _: Duration) {}
}

/// Asks whether the service would carry operations out, without carrying them out.
#[async_trait]
pub trait Validate: Send + Sync {
    /// How many questions may be under way at once.
    fn concurrency(&self) -> usize;

    /// What the service says of an operation on an assignment. It is an error if the service carried it out.
    async fn validate(&self, operation: &Operation) -> Result<Validation, BackendError>;
}

/// What a backend says of an operation that it carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What it came to.
    pub executed: Executed,
    /// The ids that the service gave its answers, for a support case. None from a file.
    pub request_ids: Vec<Box<str>>,
}

impl From<Executed> for Receipt {
    fn from(executed: Executed) -> Self {
        Self { executed, request_ids: Vec::new() }
    }
}

/// What carrying out an operation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Executed {
    /// It was done.
    Done,
    /// It was so already.
    AlreadySo,
    /// A group was created with this id.
    Created(PrincipalId),
}

/// What to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadQuery {
    /// All there is.
    Everything,
    /// These.
    Only {
        /// Targets, with settings and assignments.
        targets: BTreeSet<Target>,
        /// Groups, with static members and owners.
        groups: BTreeSet<PrincipalId>,
        /// Principals whose memberships to read besides the runner's.
        watched: BTreeSet<PrincipalId>,
    },
}

impl ReadQuery {
    /// All that is needed to compare a tenant with what is declared.
    pub fn of(desired: &Desired) -> Self {
        // Where the files say who is active in a group through PIM, static members are to be reported.
        let with_active = desired
            .targets
            .iter()
            .filter(|(_, declared)| matches!(declared.list(Kind::Active), DesiredList::Managed { .. }))
            .filter_map(|(target, _)| target.group());
        let groups: BTreeSet<PrincipalId> = desired.groups.keys().copied().chain(with_active).collect();
        // A group's lists also show who is there through PIM, so the assignments are needed to tell them apart.
        let through_pim = groups.iter().flat_map(|group| {
            [crate::model::Access::Member, crate::model::Access::Owner]
                .map(|access| Target::Group { group: *group, access })
        });
        Self::Only {
            targets: desired.targets.keys().cloned().chain(through_pim).collect(),
            groups,
            watched: desired.protected.keys().copied().collect(),
        }
    }
}

/// Why a backend could not do what was asked.
#[derive(Debug, Error)]
pub enum BackendError {
    /// What the operation is about does not exist.
    #[error("{what} does not exist")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// The state is not the one that the operation was planned for.
    #[error("{what}")]
    Conflict {
        /// What stands in the way.
        what: String,
    },
    /// Somebody else is applying.
    #[error("{what}")]
    Locked {
        /// What is known of the other one.
        what: String,
    },
    /// What was read makes no sense.
    #[error("{what}")]
    Invalid {
        /// What, and where.
        what: String,
        /// A way out.
        help: Option<String>,
    },
    /// The service did something else than it was asked for.
    #[error("{what}")]
    Unasked {
        /// What it did, and what became of it.
        what: String,
        /// A way out.
        help: Option<String>,
    },
    /// A file could not be read or written.
    #[error("{action} `{path}`")]
    Io {
        /// What was tried, such as `cannot read`.
        action: &'static str,
        /// Which file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A service refused, or could not be asked.
    #[error(transparent)]
    Service(Box<microsoft::ServiceError>),
}

impl BackendError {
    /// A way out, for the help line of a message.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Invalid { help, .. } | Self::Unasked { help, .. } => help.clone(),
            Self::Locked { .. } => Some("wait until it has finished, then run the command again".to_owned()),
            Self::Io { action, source, .. } => Some(way_out(action, source.kind()).to_owned()),
            Self::Service(error) => error.help(),
            Self::NotFound { .. } | Self::Conflict { .. } => None,
        }
    }
}

fn way_out(action: &str, kind: std::io::ErrorKind) -> &'static str {
    use std::io::ErrorKind;
    match (action, kind) {
        ("cannot read", ErrorKind::NotFound) => {
            "check the path; one in `backend:` is relative to the policy file that it stands in"
        }
        (_, ErrorKind::NotFound) => "check the path, and make its folder first",
        ("cannot read", ErrorKind::PermissionDenied) => "check who may read the file",
        (_, ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => "check who may write in its folder",
        (_, ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => "make room on the disk, then run the command again",
        (_, ErrorKind::FileTooLarge) => "raise the limit on the size of files, then run the command again",
        _ => "check that the path is the one of a file",
    }
}
