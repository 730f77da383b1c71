//! What the service itself says of a step before it is carried out.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Plan, Step, StepId};

/// What came of asking the service whether it would take a step. For explanation, but for one thing: a step that the
/// service refuses is not begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Validation {
    /// It would take it.
    Passed,
    /// It would refuse it: the settings of the target do not allow it.
    Refused {
        /// What it said.
        message: String,
        /// A way out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        help: Option<String>,
        /// The id by which Microsoft finds the question.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<String>,
    },
    /// It was asked and gave no answer that says one or the other.
    Unanswered {
        /// What it said, or what went wrong on the way.
        message: String,
        /// A way out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        help: Option<String>,
    },
    /// It was not asked: it has no dry run for settings, groups, and members and owners of groups.
    NoDryRun,
    /// It was not asked: another step has to be done first, and without that the answer would be about something else.
    After {
        /// That step.
        step: StepId,
    },
}

impl Validation {
    /// What is known of a step without asking anybody.
    pub fn foreseen(step: &Step) -> Option<Self> {
        if step.operation.assignment().is_none() {
            return Some(Self::NoDryRun);
        }
        step.depends_on.first().map(|step| Self::After { step: *step })
    }

    /// True where the service would refuse the step.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}

impl Plan {
    /// The steps that the service would refuse.
    pub fn refused_by_service(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.validation.as_ref().is_some_and(Validation::is_refused))
    }

    /// Writes at each step what came of asking the service.
    #[must_use]
    pub fn validated(mut self, mut results: BTreeMap<StepId, Validation>) -> Self {
        for step in &mut self.steps {
            step.validation = results.remove(&step.id);
        }
        self
    }
}
