//! The order of a plan: phases, addresses within a phase, and which steps need others.

use std::collections::{BTreeMap, BTreeSet};

use super::{Operation, Phase, Reason, StepId};
use crate::diag::Span;
use crate::model::{Approval, Approver, AssignmentKey, PrincipalId, Relation, Surface, Target};

/// A step that does not know its number yet.
pub(super) struct Draft {
    pub(super) phase: Phase,
    pub(super) surface: Surface,
    pub(super) address: String,
    pub(super) operation: Operation,
    pub(super) reason: Reason,
    pub(super) at: Option<Span>,
}

/// Puts drafts in order, and numbers them.
pub(super) fn order(drafts: &mut [Draft]) -> Vec<StepId> {
    drafts.sort_by(|a, b| (a.phase, a.surface, &a.address).cmp(&(b.phase, b.surface, &b.address)));
    (1..).map(StepId).take(drafts.len()).collect()
}

/// What each of the ordered drafts needs to have been done.
pub(super) fn dependencies(drafts: &[Draft], ids: &[StepId]) -> Vec<Vec<StepId>> {
    let needs = Needs::new(drafts, ids);
    drafts.iter().zip(ids).map(|(draft, id)| needs.of(draft, *id)).collect()
}

/// Which steps others need to have been done.
struct Needs {
    creations: BTreeMap<PrincipalId, StepId>,
    additions: BTreeMap<PrincipalId, Vec<StepId>>,
    settings: BTreeMap<Target, StepId>,
    conversions: BTreeMap<(Target, AssignmentKey), StepId>,
    /// The first grant of a target that takes effect at once: enough for the last old holder to go.
    grants: BTreeMap<Target, StepId>,
}

impl Needs {
    fn new(drafts: &[Draft], ids: &[StepId]) -> Self {
        let mut needs = Self {
            creations: BTreeMap::new(),
            additions: BTreeMap::new(),
            settings: BTreeMap::new(),
            conversions: BTreeMap::new(),
            grants: BTreeMap::new(),
        };
        let replaced = drafts.iter().filter(|draft| draft.phase == Phase::RemoveReplaced);
        let replaced: BTreeSet<&Target> = replaced.filter_map(|draft| draft.operation.target()).collect();
        let converted: BTreeSet<(&Target, AssignmentKey)> = drafts
            .iter()
            .filter(|draft| draft.phase == Phase::RemoveReplaced)
            .filter_map(|draft| Some((draft.operation.target()?, other_kind(draft.operation.assignment()?))))
            .collect();
        for (draft, id) in drafts.iter().zip(ids) {
            match &draft.operation {
                Operation::CreateGroup { group, .. } => {
                    needs.creations.insert(*group, *id);
                }
                Operation::AddMember { group, relation: Relation::Member, .. } => {
                    needs.additions.entry(*group).or_default().push(*id);
                }
                Operation::UpdateSettings { target, .. } => {
                    needs.settings.insert(target.clone(), *id);
                }
                Operation::Assign { target, assignment, schedule, .. }
                | Operation::Update { target, assignment, schedule, .. }
                    if replaced.contains(target) =>
                {
                    if schedule.start.is_none() {
                        needs.grants.entry(target.clone()).or_insert(*id);
                    }
                    if converted.contains(&(target, *assignment)) {
                        needs.conversions.insert((target.clone(), *assignment), *id);
                    }
                }
                _ => {}
            }
        }
        needs
    }

    fn of(&self, draft: &Draft, id: StepId) -> Vec<StepId> {
        let mut needed = Vec::new();
        if !self.creations.is_empty() {
            needed.extend(draft.operation.principals().iter().filter_map(|group| self.creations.get(group)));
        }
        match &draft.operation {
            // Approval by a group that did not get its members would lock everybody out.
            Operation::UpdateSettings { changes, .. } => {
                if let Some(change) = &changes.activation.approval
                    && let Approval::Required(approvers) = &change.after
                {
                    let groups = approvers.iter().filter(|approver| matches!(approver, Approver::Group(_)));
                    needed.extend(groups.filter_map(|group| self.additions.get(&group.principal())).flatten());
                }
            }
            Operation::Assign { target, .. } | Operation::Update { target, .. } => {
                needed.extend(self.settings.get(target));
            }
            Operation::Remove { target, assignment, .. } if draft.phase == Phase::RemoveReplaced => {
                match self.conversions.get(&(target.clone(), other_kind(assignment))) {
                    Some(grant) => needed.push(*grant),
                    None => needed.extend(self.grants.get(target)),
                }
            }
            _ => {}
        }
        needed.sort_unstable();
        needed.dedup();
        needed.retain(|other| *other != id);
        needed
    }
}

fn other_kind(key: &AssignmentKey) -> AssignmentKey {
    AssignmentKey { kind: key.kind.other(), ..*key }
}
