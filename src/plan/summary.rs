//! How much a plan does, in numbers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Effect, ObservationKind, Operation, Plan, Step};
use crate::model::Direction;

/// How much a plan does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Steps by kind of operation.
    pub operations: OperationCounts,
    /// Changed settings fields, by what the change does to security.
    pub settings: DirectionCounts,
    /// Steps by what they mean for somebody's access.
    pub access: AccessCounts,
    /// Things that could not be read or cannot be changed, so that nothing is planned for them.
    pub blocked: usize,
}

/// Steps by kind of operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperationCounts {
    /// Groups created.
    pub create_group: usize,
    /// Static members and owners added.
    pub add_member: usize,
    /// Static members and owners removed.
    pub remove_member: usize,
    /// Targets whose settings change.
    pub update_settings: usize,
    /// Assignments created.
    pub assign: usize,
    /// Assignments changed in place.
    pub update: usize,
    /// Assignments removed.
    pub remove: usize,
}

/// Changed settings fields, by what the change does to security.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectionCounts {
    /// Less is asked, or more is allowed.
    pub loosens: usize,
    /// Neither is plainly stricter.
    pub neutral: usize,
    /// More is asked, or less is allowed.
    pub tightens: usize,
}

/// Steps by what they mean for somebody's access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessCounts {
    /// Somebody gains access, or keeps it for longer.
    pub gains: usize,
    /// Somebody loses access, or has it for less long.
    pub loses: usize,
}

impl Summary {
    /// Counts a plan.
    pub fn of(plan: &Plan) -> Self {
        let mut summary = Self::default();
        for step in &plan.steps {
            summary.add(step);
        }
        summary.blocked =
            plan.observations.iter().filter(|observation| observation.kind == ObservationKind::Blocked).count();
        summary
    }

    fn add(&mut self, step: &Step) {
        let counts = &mut self.operations;
        let count = match &step.operation {
            Operation::CreateGroup { .. } => &mut counts.create_group,
            Operation::AddMember { .. } => &mut counts.add_member,
            Operation::RemoveMember { .. } => &mut counts.remove_member,
            Operation::UpdateSettings { changes, .. } => {
                for change in changes.list() {
                    self.settings.add(change.direction);
                }
                &mut counts.update_settings
            }
            Operation::Assign { .. } => &mut counts.assign,
            Operation::Update { .. } => &mut counts.update,
            Operation::Remove { .. } => &mut counts.remove,
        };
        *count += 1;
        match step.operation.effect() {
            Effect::Gains => self.access.gains += 1,
            Effect::Loses => self.access.loses += 1,
            Effect::Settings | Effect::Creates => {}
        }
    }
}

impl DirectionCounts {
    fn add(&mut self, direction: Direction) {
        let count = match direction {
            Direction::Loosens => &mut self.loosens,
            Direction::Neutral => &mut self.neutral,
            Direction::Tightens => &mut self.tightens,
        };
        *count += 1;
    }

    /// All changed fields.
    pub fn all(&self) -> usize {
        self.loosens + self.neutral + self.tightens
    }
}
