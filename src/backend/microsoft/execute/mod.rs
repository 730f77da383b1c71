//! Carrying out operations on the live tenant.
//!
//! Each operation is safe to stop at any point and to ask for again: what is there is looked at before it is changed or
//! removed, and what was done already is recognised. What the plan did not see is never overwritten.

mod answer;
mod assignment;
mod echo;
mod group;
mod look;
mod patience;
mod refusal;
mod route;
mod settings;
mod unasked;
mod validate;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use ring::rand::{SecureRandom, SystemRandom};
use uuid::Uuid;

use super::http::{Pause, ReadClient, Reply, WriteClient, WriteRequest};
use super::{MicrosoftReader, Notice, Options, ServiceError, Stats};
use crate::backend::{BackendError, Execute, Executed, ReadQuery, ReadState, Receipt, Tenant};
use crate::model::{AssignmentKey, Directory, Makers, NameQuery, Names, PrincipalId, Snapshot, Target, Time};
use crate::plan::Operation;

use assignment::{Job, Was};
use route::Ask;

pub(super) use answer::{Action, Progress, Taken};
pub(super) use route::Route;
pub use validate::MicrosoftValidator;

/// How many operations are under way at once. The limiter of each service slows them down where that is too many.
const CONCURRENCY: usize = 8;

/// Ten minutes in all, as long as other clients wait (docs/service.md: consistency-1).
const SETTLING: [Duration; 10] = {
    let seconds = Duration::from_secs;
    [
        seconds(5),
        seconds(10),
        seconds(20),
        seconds(35),
        seconds(60),
        seconds(80),
        seconds(90),
        seconds(100),
        seconds(100),
        seconds(100),
    ]
};

/// Carries out operations on a tenant.
pub struct MicrosoftExecutor {
    reader: MicrosoftReader,
    client: WriteClient,
    /// Where Microsoft Graph answers: a reference to an object is its address.
    graph: String,
    /// Where Azure Resource Manager answers.
    azure: String,
    /// Is told what cannot wait until the end.
    notice: Option<Notice>,
    /// Tells the requests of this run from those of all others.
    run: Uuid,
    /// What requests give as their reason that nobody declares one for.
    because: Arc<str>,
    operations: AtomicU64,
    /// Made by this run, so that the service may not know it yet everywhere.
    created: Mutex<BTreeSet<PrincipalId>>,
    /// One change at a time to the settings of a group: the first brings it under PIM, which changes the ids of both.
    settings_of: Mutex<BTreeMap<PrincipalId, Arc<tokio::sync::Mutex<()>>>>,
    /// The objects as they were last read, for the names in messages.
    directory: Mutex<Arc<Directory>>,
    /// True once somebody wants to stop.
    hurried: tokio::sync::watch::Sender<bool>,
}

/// The ids that the service gave its answers.
type Trail = Vec<Box<str>>;

impl MicrosoftExecutor {
    /// An executor. Nothing is asked yet. `because` is the reason that removals give: no file declares one for them.
    pub fn new(options: Options, because: impl Into<Arc<str>>) -> Result<Self, BackendError> {
        let graph = options.endpoints.graph.as_str().trim_end_matches('/').to_owned();
        let azure = options.endpoints.arm.as_str().trim_end_matches('/').to_owned();
        let notice = options.notice.clone();
        let reader = MicrosoftReader::new(options)?;
        let client = WriteClient::new(reader.client.clone());
        Ok(Self {
            reader,
            client,
            graph,
            azure,
            notice,
            // Without chance two runs could give their requests the same names, and take each other's for their own.
            run: fresh_name()?,
            because: because.into(),
            operations: AtomicU64::new(0),
            created: Mutex::default(),
            settings_of: Mutex::default(),
            directory: Mutex::default(),
            hurried: tokio::sync::watch::Sender::new(false),
        })
    }

    /// What was sent and received so far.
    pub fn stats(&self) -> Stats {
        self.reader.stats()
    }

    /// Who asks the service what it would make of operations. `directory` has the names for messages.
    pub fn validator(&self, directory: Arc<Directory>) -> MicrosoftValidator {
        MicrosoftValidator::new(self.reader.clone(), directory, Arc::clone(&self.because))
    }

    async fn carry_out(&self, operation: &Operation) -> Result<Receipt, BackendError> {
        let mut trail = Trail::new();
        let executed = self.dispatch(operation, &mut trail).await?;
        Ok(Receipt { executed, request_ids: trail })
    }

    async fn dispatch(&self, operation: &Operation, trail: &mut Trail) -> Result<Executed, BackendError> {
        match operation {
            Operation::CreateGroup { group, create } => self.create_group(*group, create, trail).await,
            Operation::AddMember { group, relation, principal } => {
                self.add_member(*group, *relation, *principal, trail).await
            }
            Operation::RemoveMember { group, relation, principal } => {
                self.remove_member(*group, *relation, *principal, trail).await
            }
            Operation::UpdateSettings { target, changes } => self.update_settings(target, changes, trail).await,
            Operation::Assign { target, assignment, schedule, justification, ticket, condition } => {
                let (justification, ticket) = (justification.as_deref(), ticket.as_deref());
                let ask = Ask::grant(Action::Assign, schedule, justification, ticket, condition.as_ref());
                self.carry(target, assignment, ask, None, trail).await
            }
            Operation::Update {
                target,
                assignment,
                was,
                condition_was,
                schedule,
                justification,
                ticket,
                condition,
                shift: _,
            } => {
                let (justification, ticket) = (justification.as_deref(), ticket.as_deref());
                let ask = Ask::grant(Action::Update, schedule, justification, ticket, condition.as_ref());
                let was = Was { window: *was, condition: condition_was.as_ref(), also: &[] };
                self.carry(target, assignment, ask, Some(was), trail).await
            }
            Operation::Remove { target, assignment, was, condition_was, also } => {
                let ask = self.removal();
                let was = Was { window: *was, condition: condition_was.as_ref(), also };
                let mut executed = self.carry(target, assignment, ask, Some(was), trail).await?;
                // Whether one request takes all windows is not known, so what is left is asked for again
                // (docs/service.md: rows-4).
                for _ in also {
                    if self.carry(target, assignment, ask, Some(was), trail).await? == Executed::AlreadySo {
                        break;
                    }
                    executed = Executed::Done;
                }
                Ok(executed)
            }
        }
    }

    /// Carries out an operation on an assignment. A custom directory role has two ids, and which of them the service takes
    /// in a request differs: the other one is tried where it says that there is no such role
    /// (docs/service.md: directory-roles-2).
    async fn carry(
        &self,
        target: &Target,
        key: &AssignmentKey,
        ask: Ask<'_>,
        was: Option<Was<'_>>,
        trail: &mut Trail,
    ) -> Result<Executed, BackendError> {
        let mut spellings = self.reader.role_ids().spellings(target).into_iter().peekable();
        while let Some(target) = spellings.next() {
            match self.job(&target, key, ask, was, trail).run().await {
                Err(BackendError::Service(error)) if error.code_is("RoleNotFound") && spellings.peek().is_some() => {}
                done => return done,
            }
        }
        Err(not_found(format!("`{}`", self.name(target))))
    }

    /// What is asked for where something is to go.
    fn removal(&self) -> Ask<'_> {
        Ask::removal(&self.because)
    }

    fn job<'a>(
        &'a self,
        target: &'a Target,
        key: &'a AssignmentKey,
        ask: Ask<'a>,
        was: Option<Was<'a>>,
        trail: &'a mut Trail,
    ) -> Job<'a> {
        Job {
            executor: self,
            route: Route { target, key },
            ask,
            was,
            trail,
            began: self.now(),
            operation: self.operations.fetch_add(1, Ordering::Relaxed),
            attempt: 0,
            lost: false,
            schedule_id: None,
            sent: None,
        }
    }

    fn read(&self) -> &ReadClient {
        &self.client.read
    }

    fn pause(&self) -> &dyn Pause {
        self.client.read.pause().as_ref()
    }

    fn now(&self) -> Time {
        Time::from_unix(self.pause().now().as_second())
    }

    /// Sends a change, and keeps the id of the answer.
    async fn send(&self, request: WriteRequest, trail: &mut Trail) -> Result<Reply, ServiceError> {
        let reply = self.client.send(request).await?;
        trail.extend(reply.request_id.as_deref().map(Into::into));
        Ok(reply)
    }

    /// Returns once somebody wants to stop.
    async fn hurried(&self) {
        // The sender lives as long as this does.
        drop(self.hurried.subscribe().wait_for(|hurried| *hurried).await);
    }

    /// Says what cannot wait until the end.
    fn notice(&self, text: &str) {
        if let Some(notice) = &self.notice {
            notice(text);
        }
    }

    /// The objects as they were last read.
    fn known(&self) -> Arc<Directory> {
        Arc::clone(&lock(&self.directory))
    }

    fn has_created(&self, id: PrincipalId) -> bool {
        lock(&self.created).contains(&id)
    }

    /// Keeps the objects that were read, for their names.
    fn remember(&self, directory: &Arc<Directory>) {
        *lock(&self.directory) = Arc::clone(directory);
    }

    fn name(&self, target: &Target) -> String {
        Names::new(&self.known()).target(&self.reader.role_ids().listed_target(target))
    }

    fn address(&self, target: &Target, key: &AssignmentKey) -> String {
        let directory = self.known();
        let names = Names::new(&directory);
        names.assignment(&names.target(&self.reader.role_ids().listed_target(target)), key)
    }
}

#[async_trait]
impl ReadState for MicrosoftExecutor {
    async fn tenant(&self) -> Result<Tenant, BackendError> {
        self.reader.tenant().await
    }

    async fn tenant_name(&self) -> Result<Option<Arc<str>>, BackendError> {
        self.reader.tenant_name().await
    }

    async fn directory(&self, query: &NameQuery) -> Result<Arc<Directory>, BackendError> {
        let directory = self.reader.directory(query).await?;
        self.remember(&directory);
        Ok(directory)
    }

    async fn makers(&self, of: &[(Target, AssignmentKey)], ours: &BTreeSet<Uuid>) -> Makers {
        self.reader.makers(of, ours).await
    }

    async fn snapshot(&self, query: &ReadQuery) -> Result<Snapshot, BackendError> {
        let snapshot = self.reader.snapshot(query).await?;
        self.remember(&snapshot.directory);
        Ok(snapshot)
    }
}

#[async_trait]
impl Execute for MicrosoftExecutor {
    fn concurrency(&self) -> usize {
        CONCURRENCY
    }

    async fn execute(&self, operation: &Operation) -> Result<Receipt, BackendError> {
        self.carry_out(operation).await
    }

    fn settling(&self) -> &'static [Duration] {
        &SETTLING
    }

    fn hurry(&self) {
        self.hurried.send_replace(true);
    }

    async fn pause(&self, length: Duration) {
        self.client.read.pause().pause(length).await;
    }
}

/// A panic elsewhere cannot leave these half-written, so a poisoned lock is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A name that no other run and no other request has.
fn fresh_name() -> Result<Uuid, BackendError> {
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| BackendError::Invalid { what: "the system has no random numbers".to_owned(), help: None })?;
    Ok(Uuid::from_bytes(bytes))
}

fn not_found(what: String) -> BackendError {
    BackendError::NotFound { what }
}

fn conflict(what: String) -> BackendError {
    BackendError::Conflict { what }
}

#[cfg(test)]
mod tests;
