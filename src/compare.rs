//! Reads a tenant and compares it with the policy files: the way from documents to a plan.
//!
//! `plan` goes it once; `apply` goes it before the first step and after the last. `undo` goes [the way back](way_back): from
//! the record of a run to a plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::LocalBoxFuture;

use crate::backend::{BackendError, ReadQuery, ReadState};
use crate::diag::{Finding, Findings, SourceMap, Span};
use crate::model::{
    Access, AssignmentKey, Desired, Directory, GroupRead, Known, NameQuery, Principal, PrincipalId, Snapshot, Target,
    TargetRead, Time, Unresolved,
};
use crate::plan::{self, GuardId, ObservationKind, Planned};
use crate::policy::{self, Documents};
use crate::runs::RunRecord;
use crate::undo::{self, Why};

/// What a comparison found.
#[derive(Debug)]
pub struct Comparison {
    /// What the files say.
    pub desired: Desired,
    /// What the tenant has.
    pub snapshot: Snapshot,
    /// What is to be done. Its findings hold no errors.
    pub planned: Planned,
}

/// Why there is no plan.
#[derive(Debug)]
pub enum CompareError {
    /// The files are wrong, for this tenant at least.
    Invalid(Findings),
    /// The files are for another tenant than the one that answers.
    TenantMismatch(Box<Finding>),
    /// The tenant could not be read.
    Backend(BackendError),
}

impl From<BackendError> for CompareError {
    fn from(error: BackendError) -> Self {
        Self::Backend(error)
    }
}

/// Reads the tenant and plans.
pub async fn compare(
    documents: &Documents,
    sources: &SourceMap,
    backend: &dyn ReadState,
    known: &KnownNames<'_>,
    allowed: &BTreeSet<GuardId>,
    now: Time,
) -> Result<Comparison, CompareError> {
    if !allowed.contains(&GuardId::TenantMismatch) {
        same_tenant(documents, backend).await?;
    }
    let (desired, mut findings) = resolve(documents, backend, known, policy::names(documents)).await?;
    let Some(mut desired) = desired.filter(|_| !findings.has_errors()) else {
        return Err(CompareError::Invalid(findings));
    };
    let mut snapshot = backend.snapshot(&ReadQuery::of(&desired)).await?;
    // The tenant has more than the files name, and a plan speaks of that too.
    desired.directory = Directory::joined(&desired.directory, &snapshot.directory);
    desired.protect_whom_names_could_mean();
    let mut planned = plan::build(&desired, &snapshot, sources, now);
    findings.extend(std::mem::take(&mut planned.findings));
    planned.findings = findings;
    if planned.findings.has_errors() {
        return Err(CompareError::Invalid(planned.findings));
    }
    read_groups(&planned, &mut desired, &mut snapshot, backend).await?;
    name_makers(&mut planned, &mut snapshot, backend, known).await;
    Ok(Comparison { desired, snapshot, planned })
}

/// Reads who is in the groups that hold what somebody loses, and in the groups within them: whoever stays there may be the
/// last who can act, and the files need not name them. Level by level, each in one read.
async fn read_groups(
    planned: &Planned,
    desired: &mut Desired,
    snapshot: &mut Snapshot,
    backend: &dyn ReadState,
) -> Result<(), BackendError> {
    loop {
        let groups = plan::groups_to_read(&planned.plan, desired, snapshot);
        if groups.is_empty() {
            return Ok(());
        }
        let under_pim = |id: &&PrincipalId| {
            let facts = desired.directory.principal(**id).and_then(|principal| principal.group());
            facts.is_some_and(|facts| !facts.onboarded.is_no())
        };
        let target = |group: &PrincipalId| Target::Group { group: *group, access: Access::Member };
        let targets: BTreeSet<Target> = groups.iter().filter(under_pim).map(target).collect();
        let query = ReadQuery::Only { targets, groups: groups.clone(), watched: BTreeSet::new() };
        let more = backend.snapshot(&query).await?;
        // A group that PIM does not govern has nobody through PIM.
        let holds = |read: &TargetRead| matches!(read, TargetRead::Present(state) if !state.rows.is_empty());
        for (target, read) in more.targets.into_iter().filter(|(_, read)| holds(read)) {
            snapshot.targets.entry(target).or_insert(read);
        }
        for (group, read) in more.groups {
            snapshot.groups.entry(group).or_insert(read);
        }
        for group in groups {
            let unread = || GroupRead::Unreadable("its members could not be read".into());
            snapshot.groups.entry(group).or_insert_with(unread);
        }
        snapshot.directory = Directory::joined(&snapshot.directory, &more.directory);
        desired.directory = Directory::joined(&desired.directory, &more.directory);
    }
}

/// Asks who made what a plan would remove, and says it beside the steps.
async fn name_makers(planned: &mut Planned, snapshot: &mut Snapshot, backend: &dyn ReadState, known: &KnownNames<'_>) {
    let going: Vec<(Target, AssignmentKey)> =
        planned.plan.removals().map(|(_, target, key)| (target.clone(), *key)).collect();
    if !going.is_empty() {
        snapshot.makers = backend.makers(&going, known().await.appliers()).await;
        planned.plan.name_makers(&snapshot.makers);
    }
}

/// Asks who had which name when the tenant last was as declared. Only where a name leads to nobody.
pub type KnownNames<'a> = dyn Fn() -> LocalBoxFuture<'a, Known> + 'a;

/// For a comparison for which nothing is recorded.
pub fn nothing_known<'a>() -> LocalBoxFuture<'a, Known> {
    Box::pin(std::future::ready(Known::default()))
}

/// Resolves all names. Where some lead to nobody, or to groups that would be made, it is looked up whose names they were,
/// since who was renamed must not lose anything, and no group be made a second time.
async fn resolve(
    documents: &Documents,
    backend: &dyn ReadState,
    known: &KnownNames<'_>,
    mut query: NameQuery,
) -> Result<(Option<Desired>, Findings), CompareError> {
    let directory = backend.directory(&query).await?;
    let resolved = policy::resolve(documents, &directory, &Known::default());
    let is_planned = |principal: &Principal| principal.group().is_some_and(|facts| facts.planned);
    let doubtful =
        |desired: &Desired| desired.names_what_is_gone() || desired.directory.principals().iter().any(is_planned);
    if !resolved.0.as_ref().is_none_or(doubtful) {
        return Ok(resolved);
    }
    let known = known().await;
    let ids: Vec<PrincipalId> = query.names.iter().filter_map(|(kind, name)| known.id(*kind, name)).collect();
    if ids.is_empty() {
        return Ok(resolved);
    }
    query.ids.extend(ids);
    let directory = backend.directory(&query).await?;
    Ok(policy::resolve(documents, &directory, &known))
}

/// Names mean nothing in another tenant, so this comes before anything is resolved.
async fn same_tenant(documents: &Documents, backend: &dyn ReadState) -> Result<(), CompareError> {
    let Some(declared) = &documents.tenant else { return Ok(()) };
    let answers = backend.tenant().await?;
    if declared.value.id.value == answers.id {
        return Ok(());
    }
    let name = answers.name.map(|name| format!(" ({name})")).unwrap_or_default();
    let message = format!(
        "the files are for tenant `{}`, but the tenant that answers is `{}`{name}",
        declared.value.id.value, answers.id
    );
    let finding = Finding::error(GuardId::TenantMismatch.id(), message)
        .at(declared.value.id.at, "declared here")
        .help(format!("name the right backend with `--backend`, or go on with `{}`", GuardId::TenantMismatch.flag()));
    Err(CompareError::TenantMismatch(Box::new(finding)))
}

/// The plan that restores what was before a run, and what it leaves: address and reason.
///
/// The files say who is protected, and nothing else here. Files that are wrong are an error unless the guard `protected`
/// is overridden: they must not leave anybody unprotected by accident.
pub async fn way_back(
    documents: &Documents,
    record: &RunRecord,
    backend: &dyn ReadState,
    known: &KnownNames<'_>,
    allowed: &BTreeSet<GuardId>,
    why: &Why,
    now: Time,
) -> Result<(Comparison, Vec<(String, String)>), CompareError> {
    let (answers, tenant) = (backend.tenant().await?.id, record.plan.tenant.id);
    if answers != tenant {
        let message = format!("the run was for tenant `{tenant}`, but the tenant that answers is `{answers}`");
        let finding = Finding::error(GuardId::TenantMismatch.id(), message);
        return Err(CompareError::TenantMismatch(Box::new(finding.help("name the right backend with `--backend`"))));
    }
    let mut names = policy::names(documents);
    undo::mention(record, &mut names);
    let protected = match resolve(documents, backend, known, names.clone()).await? {
        (Some(desired), _) => Protected::of(desired),
        (None, _) if allowed.contains(&GuardId::Protected) => Protected::nobody(backend.directory(&names).await?),
        (None, findings) => return Err(CompareError::Invalid(findings)),
    };
    let mut snapshot = backend.snapshot(&undo::query(record, &protected.all)).await?;
    // Guards count those who still hold a role, and the record does not name them.
    let directory = Directory::joined(&protected.directory, &snapshot.directory);
    let undo::Restored { mut desired, left } = undo::restore(record, &snapshot, directory, protected.all, why, now);
    desired.unprotected = protected.unknown;
    desired.protect_whom_names_could_mean();
    let mut planned = plan::build(&desired, &snapshot, &SourceMap::default(), now);
    if planned.findings.has_errors() {
        return Err(CompareError::Invalid(planned.findings));
    }
    read_groups(&planned, &mut desired, &mut snapshot, backend).await?;
    name_makers(&mut planned, &mut snapshot, backend, known).await;
    // What the files do not look after is no news here; what could not be read is.
    let matters = |kind| matches!(kind, ObservationKind::Blocked | ObservationKind::Note);
    planned.plan.observations.retain(|observation| matters(observation.kind));
    Ok((Comparison { desired, snapshot, planned }, left))
}

/// Whom the files protect.
struct Protected {
    all: BTreeMap<PrincipalId, Span>,
    /// Names that nobody has.
    unknown: Vec<Unresolved>,
    directory: Arc<Directory>,
}

impl Protected {
    fn of(desired: Desired) -> Self {
        let Desired { protected: all, unprotected: unknown, directory, .. } = desired;
        Self { all, unknown, directory }
    }

    fn nobody(directory: Arc<Directory>) -> Self {
        Self { all: BTreeMap::new(), unknown: Vec::new(), directory }
    }
}

/// All that can be seen of a tenant, and all that the files name: a file that is to be planned against must know both.
pub async fn everything(
    documents: &Documents,
    backend: &dyn ReadState,
    known: &KnownNames<'_>,
) -> Result<Snapshot, BackendError> {
    // Asked first, what the files name is part of everything that the backend reads then.
    let directory = backend.directory(&policy::names(documents)).await?;
    let mut snapshot = backend.snapshot(&ReadQuery::Everything).await?;
    snapshot.directory = Directory::joined(&directory, &snapshot.directory);
    snapshot.makers = backend.makers(&snapshot.assigned(), known().await.appliers()).await;
    Ok(snapshot)
}
