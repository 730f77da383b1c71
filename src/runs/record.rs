//! The record of one apply: complete enough to see what happened, to resume after a crash, and to undo.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::store::{Put, Store, StoreError};
use crate::apply::Outcome;
use crate::model::{Directory, Known, PrincipalDetail, PrincipalId, Snapshot, Time};
use crate::plan::{PlanFile, StepId};
use uuid::Uuid;

/// Names a run: when it began, and a fingerprint of who runs it. Sorts by time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub struct RunId(String);

/// Not the id of a run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not the id of a run")]
pub struct RunIdError(String);

impl RunId {
    /// The id of a run that begins now. `attempt` tells runs of the same second apart.
    pub fn new(began: Time, runner: &Runner, attempt: u32) -> Self {
        let time: String = began.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
        let mut id = format!("{time}-");
        let who = serde_json::to_vec(runner).unwrap_or_default();
        for byte in Sha256::digest(who).iter().take(4) {
            let _ = write!(id, "{byte:02x}");
        }
        if attempt > 0 {
            let _ = write!(id, "-{attempt}");
        }
        Self(id)
    }

    /// The id of a run that begins now, and that no recorded run has.
    pub async fn free(store: &Store, began: Time, runner: &Runner) -> Result<Self, StoreError> {
        let taken = store.names("runs").await?;
        let is_free = |id: &Self| !taken.iter().any(|name| id.object().ends_with(name));
        let ids = (0..=u32::MAX).map(|attempt| Self::new(began, runner, attempt));
        Ok(ids.into_iter().find(is_free).unwrap_or_else(|| Self::new(began, runner, 0)))
    }

    fn object(&self) -> String {
        format!("runs/{}.json", self.0)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RunId {
    type Err = RunIdError;

    /// Letters, digits and dashes only, so that an id can never be the path of something else.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = !text.is_empty() && text.len() <= 60 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if plain { Ok(Self(text.to_owned())) } else { Err(RunIdError(text.to_owned())) }
    }
}

impl TryFrom<String> for RunId {
    type Error = RunIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// Who runs pimform, and from what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runner {
    /// A person or a job, as far as the environment tells.
    pub who: String,
    /// The page of the job, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The git commit of the policy files, where they are in git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// True when the policy files were not as the commit has them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uncommitted: bool,
}

/// As whom a run was signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Applier {
    /// The object in the directory.
    pub object: PrincipalId,
    /// The application that the object stands for, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub application: Option<Uuid>,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Applier {
    /// Whoever read the tenant; nothing for a tenant file.
    pub fn of(snapshot: &Snapshot, directory: &Directory) -> Option<Self> {
        let object = snapshot.runner?;
        let principal = directory.principal(object);
        let application = match principal.map(|principal| &principal.detail) {
            Some(PrincipalDetail::ServicePrincipal { app_id, .. }) => *app_id,
            _ => None,
        };
        Some(Self { object, application, name: principal.map(|principal| principal.display_name.to_string()) })
    }

    /// Its ids.
    pub fn ids(&self) -> impl Iterator<Item = Uuid> + use<> {
        [Some(self.object.guid()), self.application].into_iter().flatten()
    }
}

/// What a run is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To make the tenant what the files say.
    Apply,
    /// To restore what was before another run.
    Undo(RunId),
}

impl Purpose {
    /// Why such a run does what nobody gives a reason for: a removal, or what an undo restores.
    pub fn reason(&self) -> String {
        match self {
            Self::Apply => "Not in the policy files".to_owned(),
            Self::Undo(undone) => format!("Restores what was before run {undone}"),
        }
    }
}

impl RunId {
    /// A reason with this run in it: whoever finds it in the tenant's log finds the record by it.
    pub fn sign(&self, reason: &str) -> String {
        format!("{reason} (pimform run {self})")
    }
}

/// How far a run came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// It has not ended, or ended without saying so.
    Running,
    /// Every step was done, and a fresh plan found nothing more.
    Done,
    /// Some steps were not done, or a fresh plan still finds something.
    Partial,
    /// No step was done.
    Failed,
}

/// The record of one apply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// Version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// Its id.
    pub id: RunId,
    /// What it is for.
    pub purpose: Purpose,
    /// How far it came.
    pub state: RunState,
    /// Who ran it.
    pub runner: Runner,
    /// As whom it was signed in, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_in: Option<Applier>,
    /// When it began.
    pub began: Time,
    /// When it ended; nothing while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Time>,
    /// What was approved, with the value before of everything that changes.
    pub plan: PlanFile<'static>,
    /// What became of each step so far.
    #[schemars(with = "BTreeMap<String, OutcomeRecord>")]
    pub outcomes: BTreeMap<StepId, OutcomeRecord>,
    /// What a fresh plan still found after the last step: addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remaining: Vec<String>,
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeRecord {
    /// How it stands.
    pub state: OutcomeState,
    /// When it came to that.
    pub at: Time,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The group that the step created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<PrincipalId>,
    /// The ids that the service gave its answers, for a support case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request_ids: Vec<Box<str>>,
}

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeState {
    /// It was begun. If the run ended here, nobody knows whether it was done.
    Begun,
    /// It was done.
    Done,
    /// It was so already.
    AlreadySo,
    /// It failed.
    Failed,
    /// A step that it depends on was not done.
    Skipped,
    /// A stop was asked for before it began.
    NotStarted,
}

impl OutcomeState {
    /// How a step that has its outcome stands.
    pub fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Done(_) if outcome.was_so_already() => Self::AlreadySo,
            Outcome::Done(_) => Self::Done,
            Outcome::Failed(_) => Self::Failed,
            Outcome::Skipped { .. } => Self::Skipped,
            Outcome::NotStarted => Self::NotStarted,
        }
    }
}

impl RunRecord {
    /// The version of the format.
    pub const VERSION: u32 = 1;

    /// The steps by which this run changed something, or may have: also one that failed half-way, one that was found done
    /// after its answer got lost, and in a run that ended without saying so, one of which nothing is recorded. With the
    /// real id in the place of each created group's stand-in.
    pub fn touched(&self) -> impl Iterator<Item = crate::plan::Step> + '_ {
        let real = self.created();
        self.plan.steps.iter().filter(|step| self.may_have_changed(step.id)).map(move |step| {
            let mut step = step.clone();
            step.operation = step.operation.map_principals(&mut |id| real.get(&id).copied().unwrap_or(id));
            step
        })
    }

    fn may_have_changed(&self, step: StepId) -> bool {
        match self.outcomes.get(&step) {
            Some(outcome) => !matches!(outcome.state, OutcomeState::Skipped | OutcomeState::NotStarted),
            None => self.ended.is_none(),
        }
    }

    /// The groups that the run created, by the stand-in that its plan has for them.
    pub fn created(&self) -> BTreeMap<PrincipalId, PrincipalId> {
        let stand_in = |step: &crate::plan::Step| match step.operation {
            crate::plan::Operation::CreateGroup { group, .. } => Some(group),
            _ => None,
        };
        self.plan
            .steps
            .iter()
            .filter_map(|step| Some((stand_in(step)?, self.outcomes.get(&step.id)?.created?)))
            .collect()
    }

    /// Who had which name then, of all whom the run had to do with. Groups have the ids that they were given.
    pub fn known(&self) -> Known {
        let created = self.created();
        let is_planned = |id: &PrincipalId| {
            let mut steps = self.plan.steps.iter();
            steps
                .any(|step| matches!(step.operation, crate::plan::Operation::CreateGroup { group, .. } if group == *id))
        };
        let id = |id: &PrincipalId| created.get(id).copied().or((!is_planned(id)).then_some(*id));
        let named = self.plan.principals.iter().filter_map(|(of, name)| Some((name.label.as_str(), id(of)?)));
        Known::new(named, self.began.date()).with_appliers(self.signed_in.iter().flat_map(Applier::ids))
    }

    /// How many steps stand so.
    pub fn count(&self, state: OutcomeState) -> usize {
        self.outcomes.values().filter(|outcome| outcome.state == state).count()
    }

    /// Writes the record of a run that begins. False if there is a run of this id already.
    pub(super) async fn create(&self, store: &Store) -> Result<bool, StoreError> {
        Ok(store.create(&self.id.object(), self.bytes()).await? == Put::Written)
    }

    /// Writes the record as it stands.
    pub(super) async fn save(&self, store: &Store) -> Result<(), StoreError> {
        store.write(&self.id.object(), self.bytes()).await
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads the record of a run.
    pub async fn read(store: &Store, id: &RunId) -> Result<Self, StoreError> {
        let name = id.object();
        let (bytes, _) = store
            .read(&name)
            .await?
            .ok_or_else(|| StoreError::NoRun { run: id.to_string(), store: std::sync::Arc::clone(store.shown()) })?;
        let record: Self = serde_json::from_slice(&bytes).map_err(|error| store.malformed(&name, &error))?;
        if record.version == Self::VERSION && record.id == *id {
            Ok(record)
        } else {
            Err(store.malformed(&name, &"it is of another version, or the record of another run"))
        }
    }

    /// The ids of all runs, the latest first.
    pub async fn all(store: &Store) -> Result<Vec<RunId>, StoreError> {
        let names = store.names("runs").await?;
        let ids = names.iter().rev().filter_map(|name| name.strip_suffix(".json")?.parse().ok());
        Ok(ids.collect())
    }
}

/// The plan of a record, owned.
pub(super) fn owned(file: &PlanFile<'_>) -> PlanFile<'static> {
    PlanFile {
        version: file.version,
        changes: file.changes,
        summary: file.summary,
        tenant: file.tenant.clone(),
        made_at: file.made_at,
        only: file.only.clone(),
        digest: file.digest.clone(),
        guards: file.guards.clone(),
        steps: Cow::Owned(file.steps.to_vec()),
        observations: Cow::Owned(file.observations.to_vec()),
        principals: Cow::Owned(file.principals.clone().into_owned()),
    }
}

/// The JSON Schema (2020-12) of a run record.
pub fn run_schema() -> serde_json::Value {
    schemars::schema_for!(RunRecord).to_value()
}
