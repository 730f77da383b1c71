//! Reads a tenant and compares it with the policy files: the way from documents to a plan.
//!
//! `plan` goes it once; `apply` goes it before the first step and after the last.

use std::collections::BTreeSet;

use crate::backend::{BackendError, ReadQuery, ReadState};
use crate::diag::{Finding, Findings, SourceMap};
use crate::model::{Desired, Directory, Snapshot, Time};
use crate::plan::{self, GuardId, Planned};
use crate::policy::{self, Documents};

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
    allowed: &BTreeSet<GuardId>,
    now: Time,
) -> Result<Comparison, CompareError> {
    if !allowed.contains(&GuardId::TenantMismatch) {
        same_tenant(documents, backend).await?;
    }
    let directory = backend.directory(&policy::names(documents)).await?;
    let (desired, mut findings) = policy::resolve(documents, &directory);
    let Some(mut desired) = desired.filter(|_| !findings.has_errors()) else {
        return Err(CompareError::Invalid(findings));
    };
    let snapshot = backend.snapshot(&ReadQuery::of(&desired)).await?;
    // The tenant has more than the files name, and a plan speaks of that too.
    desired.directory = Directory::joined(&desired.directory, &snapshot.directory);
    let mut planned = plan::build(&desired, &snapshot, sources, now);
    findings.extend(std::mem::take(&mut planned.findings));
    planned.findings = findings;
    if planned.findings.has_errors() {
        return Err(CompareError::Invalid(planned.findings));
    }
    Ok(Comparison { desired, snapshot, planned })
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
