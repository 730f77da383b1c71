//! A tenant in memory that can fail on demand, and everything else that the properties do with one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use pimform::apply::{self, ApplyReport, Observer, Outcome, Stop};
use pimform::backend::local::{Tenant, TenantFile};
use pimform::backend::{self, BackendError, Execute, ReadQuery, ReadState, Receipt};
use pimform::compare::{CompareError, Comparison, compare, nothing_known};
use pimform::diag::{FileId, Findings, SourceFile, SourceMap};
use pimform::model::{Directory, NameQuery, PrincipalId, Snapshot, Target, TargetRead, TargetState, Time};
use pimform::plan::{ApprovedPlan, GuardId, Operation, Plan, Step, StepId, Verdict, approve};
use pimform::policy::{Documents, load, merge};
use uuid::Uuid;

/// Policy files, read.
pub(crate) struct Policies {
    documents: Documents,
    sources: SourceMap,
}

impl Policies {
    /// Fails where a text is not what the language allows: the writer must not write such.
    pub(crate) fn read(texts: &[String]) -> Self {
        let (mut sources, mut findings, mut documents) = (SourceMap::default(), Findings::default(), Vec::new());
        for (at, text) in texts.iter().enumerate() {
            let id: FileId = sources.add(SourceFile::new(&format!("policies/{at}.yaml"), text.clone()));
            let (document, problems) = load::decode(id, text);
            documents.extend(document);
            findings.extend(problems);
        }
        let (documents, problems) = merge::merge(documents, texts.len());
        findings.extend(problems);
        assert!(findings.is_empty(), "{}", said(&findings).join("\n"));
        Self { documents, sources }
    }
}

/// Findings without their places, in an order of their own.
pub(crate) fn said(findings: &Findings) -> Vec<String> {
    let mut said: Vec<String> =
        findings.sorted().iter().map(|finding| format!("{}: {}", finding.id, finding.message)).collect();
    said.sort();
    said
}

/// A tenant that is read and changed in memory.
pub(crate) struct Memory {
    tenant: Mutex<Tenant>,
    now: Time,
    /// Which operations fail, counted from 0 in the order in which they come.
    failing: BTreeSet<usize>,
    calls: Mutex<usize>,
    /// True when the service gives groups other ids than the plan.
    own_ids: bool,
}

impl Memory {
    pub(crate) fn of(tenant: Tenant, now: Time) -> Self {
        Self { tenant: Mutex::new(tenant), now, failing: BTreeSet::new(), calls: Mutex::new(0), own_ids: false }
    }

    pub(crate) fn failing(self, failing: BTreeSet<usize>) -> Self {
        Self { failing, ..self }
    }

    pub(crate) fn with_own_ids(self, own_ids: bool) -> Self {
        Self { own_ids, ..self }
    }

    pub(crate) fn tenant(self) -> Tenant {
        self.tenant.into_inner().unwrap()
    }

    fn lock(&self) -> MutexGuard<'_, Tenant> {
        self.tenant.lock().unwrap()
    }
}

#[async_trait]
impl ReadState for Memory {
    async fn tenant(&self) -> Result<backend::Tenant, BackendError> {
        Ok(self.lock().answering())
    }

    async fn directory(&self, _: &NameQuery) -> Result<Arc<Directory>, BackendError> {
        Ok(self.lock().directory())
    }

    async fn snapshot(&self, query: &ReadQuery) -> Result<Snapshot, BackendError> {
        Ok(self.lock().snapshot(query, self.now))
    }
}

#[async_trait]
impl Execute for Memory {
    fn concurrency(&self) -> usize {
        1
    }

    async fn execute(&self, operation: &Operation) -> Result<Receipt, BackendError> {
        let call = {
            let mut calls = self.calls.lock().unwrap();
            *calls += 1;
            *calls - 1
        };
        if self.failing.contains(&call) {
            return Err(BackendError::Conflict { what: "not today".to_owned() });
        }
        let executed = match operation {
            Operation::CreateGroup { group, create } if self.own_ids => {
                let group = PrincipalId::new(Uuid::new_v5(&group.guid(), b"real"));
                self.lock().apply(&Operation::CreateGroup { group, create: create.clone() }, self.now)
            }
            other => self.lock().apply(other, self.now),
        };
        executed.map(Receipt::from)
    }
}

/// Remembers in which order steps were begun.
#[derive(Default)]
pub(crate) struct Began(Mutex<Vec<StepId>>);

impl Began {
    pub(crate) fn steps(&self) -> Vec<StepId> {
        self.0.lock().unwrap().clone()
    }
}

impl Observer for Began {
    fn started(&self, step: &Step) {
        self.0.lock().unwrap().push(step.id);
    }

    fn finished(&self, _: &Step, _: &Outcome) {}
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub(crate) fn all_guards() -> BTreeSet<GuardId> {
    GuardId::ALL.into()
}

/// Compares; the findings where the files do not fit the tenant.
pub(crate) fn look(policies: &Policies, tenant: &Tenant, now: Time) -> Result<Comparison, Vec<String>> {
    let memory = Memory::of(tenant.clone(), now);
    wait(compare(&policies.documents, &policies.sources, &memory, &nothing_known, &BTreeSet::new(), now)).map_err(
        |error| match error {
            CompareError::Invalid(findings) => said(&findings),
            other => panic!("{other:?}"),
        },
    )
}

/// Approved with these guards allowed.
pub(crate) fn approved(
    comparison: &Comparison,
    plan: &Plan,
    allowed: &BTreeSet<GuardId>,
) -> Result<ApprovedPlan, Verdict> {
    approve(plan.clone(), &comparison.desired, &comparison.snapshot, allowed).map_err(|refused| refused.1)
}

pub(crate) fn run(plan: &ApprovedPlan, memory: &Memory, began: &Began) -> ApplyReport {
    wait(apply::run(plan, memory, began, &Stop::default()))
}

/// Applies all of a plan, which must work.
#[track_caller]
pub(crate) fn apply_all(comparison: &Comparison, plan: &Plan, tenant: &Tenant, now: Time) -> Tenant {
    let Ok(approved) = approved(comparison, plan, &all_guards()) else { panic!("all guards are allowed") };
    apply_approved(&approved, tenant, now)
}

#[track_caller]
pub(crate) fn apply_approved(approved: &ApprovedPlan, tenant: &Tenant, now: Time) -> Tenant {
    let memory = Memory::of(tenant.clone(), now);
    let report = run(approved, &memory, &Began::default());
    assert!(report.is_complete(), "{}\n{report:#?}", steps(approved.plan()));
    assert_eq!(report.outcomes.len(), approved.plan().steps.len());
    memory.tenant()
}

/// A plan in a few words, for messages.
pub(crate) fn steps(plan: &Plan) -> String {
    let line = |step: &Step| format!("{} {} {:?} {:?}", step.id, step.address, step.reason, step.operation);
    plan.steps.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// All that a tenant has.
pub(crate) struct State {
    pub(crate) targets: BTreeMap<Target, TargetState>,
    pub(crate) file: TenantFile,
}

impl State {
    pub(crate) fn of(tenant: &Tenant, now: Time) -> Self {
        let snapshot = tenant.snapshot(&ReadQuery::Everything, now);
        let targets = snapshot.targets.into_iter().filter_map(|(target, read)| match read {
            TargetRead::Present(state) => Some((target, state)),
            TargetRead::WithoutSettings | TargetRead::Unreadable(_) => None,
        });
        Self { targets: targets.collect(), file: tenant.to_file() }
    }
}
