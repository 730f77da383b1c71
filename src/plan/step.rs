//! The parts of a plan.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Operation, Validation};
use crate::diag::Place;
use crate::model::{AssignmentKey, Kind, Makers, PrincipalId, Target, TenantId, Time};

/// What is to be done, in order, and what was looked at and left.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// For which tenant.
    pub tenant: TenantId,
    /// Its name, for people.
    pub tenant_name: Option<Arc<str>>,
    /// When it was made.
    pub made_at: Time,
    /// The globs over addresses that it was narrowed to; none for all.
    pub only: Vec<String>,
    /// The steps, in the order in which they are carried out.
    pub steps: Vec<Step>,
    /// What was looked at and left, and why.
    pub observations: Vec<Observation>,
    /// The names of every principal that occurs in the steps.
    pub principals: BTreeMap<PrincipalId, PrincipalName>,
}

impl Plan {
    /// The steps that remove an assignment, with what they remove.
    pub fn removals(&self) -> impl Iterator<Item = (&Step, &Target, &AssignmentKey)> {
        self.steps.iter().filter_map(|step| match &step.operation {
            Operation::Remove { target, assignment, .. } => Some((step, target, assignment)),
            _ => None,
        })
    }

    /// Says which application made what the plan removes. Of what it could not be found out, the guard speaks.
    pub(crate) fn name_makers(&mut self, makers: &Makers) {
        let made = self.removals().filter_map(|(step, target, key)| {
            let name = makers.applications.get(&(target.clone(), *key))?;
            let detail = format!("made by the application `{name}`, which may make it again");
            Some((step.address.clone(), detail))
        });
        let found: Vec<(String, String)> = made.collect();
        let note = |(address, detail)| Observation { kind: ObservationKind::Note, address, detail, declared_at: None };
        self.observations.extend(found.into_iter().map(note));
        self.observations.sort();
    }
}

/// Numbers the steps of a plan from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct StepId(pub u32);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One operation, and why it is in the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Its number.
    pub id: StepId,
    /// What it is about.
    pub address: String,
    /// Steps of an earlier phase come first.
    pub phase: Phase,
    /// What is done.
    #[serde(flatten)]
    pub operation: Operation,
    /// Why.
    pub reason: Reason,
    /// Where in the files this is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_at: Option<Place>,
    /// Steps that must have been done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<StepId>,
    /// What the service said when it was asked whether it would take it. Nothing where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Validation>,
}

/// The order of a plan: access that goes, goes before anything new comes, but new access that replaces old comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Groups come into being.
    CreateGroups,
    /// Groups get static members and owners.
    AddMembers,
    /// Access that goes.
    RemoveAccess,
    /// Settings, before the assignments that need them.
    Settings,
    /// New and changed assignments.
    Assignments,
    /// Access that the plan replaces: the old half of assignments that became the other kind, and the last holders of a
    /// target that gets new ones.
    RemoveReplaced,
}

/// Why a step is in the plan. For explanation; nothing that carries a plan out may look at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Declared, and not in the tenant.
    Missing,
    /// Declared without a schedule, and not in the tenant: it lasts as long as the settings allow.
    MissingAsAllowed,
    /// Declared; the assignment that was there has ended.
    Ended {
        /// When it ended.
        at: Time,
    },
    /// The list in the files is complete, and this is not in it.
    NotDeclared,
    /// Declared as the other kind now.
    Converted {
        /// The kind that is declared.
        to: Kind,
    },
    /// It begins or ends at another time than declared.
    ScheduleDiffers,
    /// It ends within the declared window for renewal.
    Renewal {
        /// When it would end.
        ends: Time,
    },
    /// Its condition is another one than declared.
    ConditionDiffers,
    /// Settings are other ones than declared.
    SettingsDiffer,
}

/// Something that was looked at and left.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// Of what sort.
    pub kind: ObservationKind,
    /// What it is about.
    pub address: String,
    /// What there is to say.
    pub detail: String,
    /// Where in the files this is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_at: Option<Place>,
}

/// Sorts of observations, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ObservationKind {
    /// It could not be read or cannot be changed, so nothing is planned for it.
    Blocked,
    /// Held outside PIM, which a plan does not change.
    OutsidePim,
    /// Not declared, and kept because the list is additive.
    Kept,
    /// Declared until a date that has passed.
    Ended,
    /// Other than the settings would allow today, and left as it is.
    LeftAsIs,
    /// Not declared at all, so not looked after.
    Unmanaged,
    /// Worth knowing.
    Note,
}

/// What to call a principal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrincipalName {
    /// As in addresses: `user:ada@contoso.example`.
    pub label: String,
    /// The display name.
    pub display_name: Arc<str>,
    /// What it is, where it is no plain user, group or service principal: `agent user`, `device`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
}
