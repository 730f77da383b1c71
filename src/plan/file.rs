//! The JSON form of a plan: what `plan --format json` prints, `plan --out` writes and `apply PLAN` reads.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Digest, GuardId, Observation, Plan, PrincipalName, Step, Summary, Verdict, Violation};
use crate::model::{PrincipalId, TenantId, Time};

/// A plan of pimform: what would be done to a tenant, in which order and why, and what the guards say.
///
/// `changes`, `summary` and `guards` are enough to decide what to do with a plan; `steps` holds every operation
/// completely, so that nothing has to be decided when it is applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanFile<'a> {
    /// Version of this format: 1. It rises when a reader of the older format would misunderstand the newer one.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// True when there is anything to do.
    pub changes: bool,
    /// How much is to do.
    pub summary: Summary,
    /// The tenant that the plan is for.
    pub tenant: PlanTenant,
    /// When the tenant was read and the plan was made.
    pub made_at: Time,
    /// The globs over addresses that the plan was narrowed to with `--target`; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// Over the tenant and the operations in their order. Two plans with the same digest do the same.
    pub digest: Digest,
    /// What the safety rules object to. A plan with a refused one is not applied.
    pub guards: Vec<GuardReport>,
    /// What is to be done, in the order in which it is done.
    pub steps: Cow<'a, [Step]>,
    /// What was looked at and left, and why.
    pub observations: Cow<'a, [Observation]>,
    /// The names of the principals that occur in the steps, by object id.
    #[schemars(with = "BTreeMap<String, PrincipalName>")]
    pub principals: Cow<'a, BTreeMap<PrincipalId, PrincipalName>>,
}

/// The tenant that a plan is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanTenant {
    /// Its id.
    pub id: TenantId,
    /// Its name, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Arc<str>>,
}

/// What one guard objects to, and whether that stops the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuardReport {
    /// Which guard.
    pub guard: GuardId,
    /// Whether it stops the plan.
    pub status: GuardStatus,
    /// What it objects to.
    pub message: String,
    /// The addresses concerned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
}

/// Whether an objection stops the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GuardStatus {
    /// It does.
    Refused,
    /// It does not, because the user has allowed it by the flag of the guard.
    Allowed,
}

/// Why a plan file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlanFileError {
    /// It is not the JSON form of a plan.
    #[error("not a plan file: {what} (line {line}, column {column})")]
    Malformed {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong there.
        what: String,
    },
    /// Another version of pimform wrote it.
    #[error("plan file has version {found}, and this pimform reads version {}", PlanFile::VERSION)]
    Version {
        /// The version that it states.
        found: u64,
    },
    /// What it does is not what was planned.
    #[error("plan file was changed after it was made")]
    Edited,
}

impl PlanFileError {
    /// A way out, for the help line of a message.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Version { found } if *found > u64::from(PlanFile::VERSION) => {
                "use the pimform that wrote it, or make the plan again with this one"
            }
            _ => "make the plan again with `pimform plan --out FILE`",
        }
    }
}

impl<'a> PlanFile<'a> {
    /// The version of the format.
    pub const VERSION: u32 = 1;

    /// The file form of a plan.
    pub fn new(plan: &'a Plan, verdict: &Verdict) -> Self {
        Self {
            version: Self::VERSION,
            changes: !plan.steps.is_empty(),
            summary: Summary::of(plan),
            tenant: PlanTenant { id: plan.tenant, name: plan.tenant_name.clone() },
            made_at: plan.made_at,
            only: plan.only.clone(),
            digest: Digest::of(plan, &overridden(verdict)),
            guards: verdict.violations.iter().map(|violation| GuardReport::new(violation, verdict)).collect(),
            steps: Cow::Borrowed(&plan.steps),
            observations: Cow::Borrowed(&plan.observations),
            principals: Cow::Borrowed(&plan.principals),
        }
    }

    /// Reads a plan file.
    pub fn parse(text: &str) -> Result<Self, PlanFileError> {
        /// Only the version, so that a file of another version is not called malformed.
        #[derive(Deserialize)]
        #[serde(expecting = "an object with `version` and `steps`")]
        struct Head {
            version: u64,
        }
        let head: Head = serde_json::from_str(text).map_err(|error| malformed(&error))?;
        check_version(head.version)?;
        serde_json::from_str(text).map_err(|error| malformed(&error))
    }

    /// The plan, if the file still says what was planned. Guards that were allowed without having objected are not kept.
    pub fn into_plan(self) -> Result<(Plan, Verdict), PlanFileError> {
        check_version(u64::from(self.version))?;
        let allowed = self.guards.iter().filter(|report| report.status == GuardStatus::Allowed);
        let verdict = Verdict {
            allowed: allowed.map(|report| report.guard).collect(),
            violations: self.guards.into_iter().map(GuardReport::into_violation).collect(),
        };
        let plan = Plan {
            tenant: self.tenant.id,
            tenant_name: self.tenant.name,
            made_at: self.made_at,
            only: self.only,
            steps: self.steps.into_owned(),
            observations: self.observations.into_owned(),
            principals: self.principals.into_owned(),
        };
        let as_made = self.digest == Digest::of(&plan, &verdict.allowed)
            && self.summary == Summary::of(&plan)
            && self.changes != plan.steps.is_empty();
        if as_made { Ok((plan, verdict)) } else { Err(PlanFileError::Edited) }
    }
}

/// The guards that objected and were overridden. An override that nothing needed is no part of a plan.
fn overridden(verdict: &Verdict) -> BTreeSet<GuardId> {
    verdict.overridden().map(|violation| violation.guard).collect()
}

impl GuardReport {
    fn new(violation: &Violation, verdict: &Verdict) -> Self {
        let Violation { guard, message, addresses } = violation.clone();
        let status = if verdict.allowed.contains(&guard) { GuardStatus::Allowed } else { GuardStatus::Refused };
        Self { guard, status, message, addresses }
    }

    fn into_violation(self) -> Violation {
        Violation { guard: self.guard, message: self.message, addresses: self.addresses }
    }
}

/// The JSON Schema (2020-12) of a plan file.
pub fn plan_schema() -> serde_json::Value {
    schemars::schema_for!(PlanFile<'_>).to_value()
}

fn check_version(found: u64) -> Result<(), PlanFileError> {
    if found == u64::from(PlanFile::VERSION) { Ok(()) } else { Err(PlanFileError::Version { found }) }
}

fn malformed(error: &serde_json::Error) -> PlanFileError {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let text = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it ends in the middle".to_owned(),
        serde_json::error::Category::Syntax => "it is not JSON".to_owned(),
        // The list of all keys that are known helps nobody, since nobody writes plans by hand.
        _ => text.split(", expected one of").next().unwrap_or(text).replace("unknown field", "unknown key"),
    };
    PlanFileError::Malformed { line, column, what }
}

#[cfg(test)]
mod tests;
