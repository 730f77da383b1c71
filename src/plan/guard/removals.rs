//! A large part of what there is would go at once.

use std::collections::{BTreeMap, BTreeSet};

use super::super::verdict::{GuardId, Violation};
use super::super::{Operation, Step};
use super::View;
use crate::model::{
    Access, AssignmentKey, DesiredList, DesiredMembers, Duration, GroupRead, PrincipalId, Surface, Target, TargetRead,
    Window, through_pim,
};

/// At most this share of the assignments of a surface may go at once...
const PERCENT: usize = 30;
/// ...unless there are no more of them than this.
const FLOOR: usize = 10;
/// Who keeps access as the other kind for less than this loses it.
const A_WHILE: Duration = Duration::from_days(7);

impl View<'_> {
    pub(super) fn removals(&self) -> Vec<Violation> {
        let there = self.managed();
        let granted = self.granted_for_a_while();
        let mut going: BTreeMap<Surface, usize> = BTreeMap::new();
        for step in self.losses().filter(|step| !self.is_kept(step, &granted)) {
            *going.entry(step.operation.surface()).or_default() += 1;
        }
        let mut violations = Vec::new();
        for (surface, gone) in going {
            let there = there.get(&surface).copied().unwrap_or_default();
            if gone > FLOOR && gone * 100 > there * PERCENT {
                let message = format!(
                    "{gone} of the {there} assignments on {surface} would go, be shortened or be narrowed: more than {PERCENT} % and more than {FLOOR}"
                );
                violations.push(Violation { guard: GuardId::Removals, message, addresses: Vec::new() });
            }
        }
        violations
    }

    /// Who gets as one kind, at once and for a while, what the plan takes as the other.
    fn granted_for_a_while(&self) -> BTreeSet<(&Target, AssignmentKey)> {
        let granted = self.plan.steps.iter().filter_map(|step| match &step.operation {
            Operation::Assign { target, assignment, schedule, .. } => {
                Some((target, *assignment, schedule.window(self.now)))
            }
            _ => None,
        });
        granted.filter(|(_, _, window)| self.lasts(window)).map(|(target, key, _)| (target, key)).collect()
    }

    /// True when whoever loses one kind has the other already, or gets it, for a while.
    fn is_kept(&self, step: &Step, granted: &BTreeSet<(&Target, AssignmentKey)>) -> bool {
        let Operation::Remove { target, assignment, .. } = &step.operation else { return false };
        let other = AssignmentKey { kind: assignment.kind.other(), ..*assignment };
        let has = || {
            let Some(TargetRead::Present(state)) = self.snapshot.targets.get(target) else { return false };
            let first = state.rows.partition_point(|row| row.key < other);
            let mut same = state.rows.iter().skip(first).take_while(|row| row.key == other);
            same.any(|row| row.origin.is_assigned() && self.lasts(&row.window))
        };
        granted.contains(&(target, other)) || has()
    }

    fn lasts(&self, window: &Window) -> bool {
        !window.is_ahead(self.now) && window.end.is_none_or(|end| self.now.until(end) >= A_WHILE)
    }

    /// How many assignments and static members of each surface are in lists that the files declare.
    fn managed(&self) -> BTreeMap<Surface, usize> {
        let mut managed = BTreeMap::new();
        for (target, declared) in &self.desired.targets {
            let Some(TargetRead::Present(state)) = self.snapshot.targets.get(target) else { continue };
            let is_managed = |kind| matches!(declared.list(kind), DesiredList::Managed { .. });
            let rows = state
                .rows
                .iter()
                .filter(|row| row.origin.is_assigned() && !row.window.is_over(self.now) && is_managed(row.key.kind));
            *managed.entry(target.surface()).or_insert(0) += rows.count();
        }
        for (group, declared) in &self.desired.groups {
            for relation in [Access::Member, Access::Owner] {
                if matches!(declared.list(relation), DesiredMembers::Managed { .. }) {
                    *managed.entry(Surface::Groups).or_insert(0) += self.static_members(*group, relation);
                }
            }
        }
        managed
    }

    fn static_members(&self, group: PrincipalId, relation: Access) -> usize {
        let Some(GroupRead::Present(state)) = self.snapshot.groups.get(&group) else { return 0 };
        let rows = match self.snapshot.targets.get(&Target::Group { group, access: relation }) {
            Some(TargetRead::Present(state)) => state.rows.as_slice(),
            _ => &[],
        };
        let through_pim: BTreeSet<PrincipalId> = through_pim(rows, self.now).collect();
        state.list(relation).difference(&through_pim).count()
    }
}
