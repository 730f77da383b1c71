//! What can be done to a tenant.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{
    Approval, AssignmentKey, Changes, Condition, GroupCreation, PrincipalId, Relation, Schedule, Settings, Shift,
    Surface, Target, Ticket, Window,
};

/// One complete instruction: whoever carries it out has nothing left to decide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "operation", rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    /// Creates a group.
    CreateGroup {
        /// Stands for the group in the rest of the plan; the service chooses the real id.
        group: PrincipalId,
        /// What to create.
        create: GroupCreation,
    },
    /// Adds a static member or owner.
    AddMember {
        /// To which group.
        group: PrincipalId,
        /// As what.
        relation: Relation,
        /// Whom.
        principal: PrincipalId,
    },
    /// Removes a static member or owner.
    RemoveMember {
        /// From which group.
        group: PrincipalId,
        /// As what.
        relation: Relation,
        /// Whom.
        principal: PrincipalId,
    },
    /// Changes settings.
    UpdateSettings {
        /// Of which target.
        target: Target,
        /// The fields that change; all others stay.
        changes: Box<Settings<Changes>>,
    },
    /// Creates an assignment.
    Assign {
        /// At which target.
        target: Target,
        /// Who, as what.
        assignment: AssignmentKey,
        /// When.
        schedule: Schedule,
        /// Sent with the request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        justification: Option<Arc<str>>,
        /// Sent with the request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket: Option<Arc<Ticket>>,
        /// The condition, for Azure.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        condition: Option<Condition>,
    },
    /// Changes schedule or condition of an assignment in place.
    Update {
        /// At which target.
        target: Target,
        /// Who, as what.
        assignment: AssignmentKey,
        /// When it was.
        was: Window,
        /// What becomes of its length.
        shift: Shift,
        /// The condition it had.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        condition_was: Option<Condition>,
        /// When.
        schedule: Schedule,
        /// Sent with the request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        justification: Option<Arc<str>>,
        /// Sent with the request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket: Option<Arc<Ticket>>,
        /// The condition, for Azure.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        condition: Option<Condition>,
    },
    /// Removes an assignment.
    Remove {
        /// At which target.
        target: Target,
        /// Who, as what.
        assignment: AssignmentKey,
        /// When it was.
        was: Window,
        /// The condition it had.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        condition_was: Option<Condition>,
        /// When the same principal had it besides: all of that goes, too.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        also: Vec<Window>,
    },
}

/// What an operation means for somebody's access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Somebody loses access, or has it for less long.
    Loses,
    /// Settings change.
    Settings,
    /// Somebody gains access, or has it for longer.
    Gains,
    /// A group comes into being.
    Creates,
}

impl Operation {
    /// The target that it changes, if it changes one.
    pub fn target(&self) -> Option<&Target> {
        match self {
            Self::CreateGroup { .. } | Self::AddMember { .. } | Self::RemoveMember { .. } => None,
            Self::UpdateSettings { target, .. }
            | Self::Assign { target, .. }
            | Self::Update { target, .. }
            | Self::Remove { target, .. } => Some(target),
        }
    }

    /// The area that it changes.
    pub fn surface(&self) -> Surface {
        self.target().map_or(Surface::Groups, Target::surface)
    }

    /// The assignment that it changes, if it changes one.
    pub fn assignment(&self) -> Option<&AssignmentKey> {
        match self {
            Self::Assign { assignment, .. } | Self::Update { assignment, .. } | Self::Remove { assignment, .. } => {
                Some(assignment)
            }
            _ => None,
        }
    }

    /// What it means for somebody's access.
    pub fn effect(&self) -> Effect {
        match self {
            Self::CreateGroup { .. } => Effect::Creates,
            Self::AddMember { .. } | Self::Assign { .. } => Effect::Gains,
            Self::RemoveMember { .. } | Self::Remove { .. } => Effect::Loses,
            Self::UpdateSettings { .. } => Effect::Settings,
            Self::Update { shift: Shift::Shortens, .. } => Effect::Loses,
            Self::Update { .. } => Effect::Gains,
        }
    }

    /// Every principal that the operation names, approvers included.
    pub fn principals(&self) -> Vec<PrincipalId> {
        let mut seen = Vec::new();
        // Looking is mapping onto itself, so that the two cannot disagree on where ids are.
        let _same = self.clone().map_principals(&mut |id| {
            seen.push(id);
            id
        });
        seen
    }

    /// The operation with other principals, such as the real group in the place of its stand-in.
    #[must_use]
    pub fn map_principals(mut self, map: &mut impl FnMut(PrincipalId) -> PrincipalId) -> Self {
        match &mut self {
            Self::CreateGroup { group, create: _ } => *group = map(*group),
            Self::AddMember { group, relation: _, principal }
            | Self::RemoveMember { group, relation: _, principal } => {
                *group = map(*group);
                *principal = map(*principal);
            }
            Self::UpdateSettings { target, changes } => {
                map_target(target, map);
                if let Some(change) = &mut changes.activation.approval {
                    map_approval(&mut change.before, map);
                    map_approval(&mut change.after, map);
                }
            }
            Self::Assign { target, assignment, .. }
            | Self::Update { target, assignment, .. }
            | Self::Remove { target, assignment, .. } => {
                map_target(target, map);
                assignment.principal = map(assignment.principal);
            }
        }
        self
    }
}

fn map_target(target: &mut Target, map: &mut impl FnMut(PrincipalId) -> PrincipalId) {
    if let Target::Group { group, .. } = target {
        *group = map(*group);
    }
}

fn map_approval(approval: &mut Approval, map: &mut impl FnMut(PrincipalId) -> PrincipalId) {
    if let Approval::Required(approvers) = approval {
        *approvers = approvers.map(|approver| approver.with_principal(map(approver.principal())));
    }
}
