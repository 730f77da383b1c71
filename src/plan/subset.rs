//! Whether a fresh plan is what is left of an approved one.
//!
//! A saved plan is an approval, not a program: at apply time the tenant is read and planned again. Each step of the fresh
//! plan must be in the saved one, so that nothing new can slip in. And each step that the fresh plan lacks must have been
//! done by now, so that a half-done apply can be resumed, but half of what was approved is never applied alone.

use std::collections::{BTreeMap, BTreeSet};

use super::{Operation, Plan, Reason, Step, StepId};
use crate::diff::CLOCK_TOLERANCE;
use crate::model::text::name_key;
use crate::model::{
    Change, Changes, Current, Desired, Ending, Fact, Field, GroupRead, Leaf, PrincipalId, PrincipalKind, Relation, Row,
    Schedule, Settings, Snapshot, Sparse, Target, TargetRead, Time, Zip,
};

/// The approved plan with the ids that the service gave to the groups that it creates, where they exist by now.
#[must_use]
pub fn with_real_groups(approved: &Plan, desired: &Desired, snapshot: &Snapshot) -> Plan {
    let tenant = Tenant { approved, desired, snapshot, now: approved.made_at };
    let created = approved.steps.iter().filter_map(|step| match &step.operation {
        Operation::CreateGroup { group, .. } => Some(*group),
        _ => None,
    });
    let real: BTreeMap<PrincipalId, PrincipalId> =
        created.filter_map(|group| Some((group, tenant.existing(group)?))).collect();
    let mut map = |id: PrincipalId| real.get(&id).copied().unwrap_or(id);
    let mut plan = approved.clone();
    for step in &mut plan.steps {
        step.operation = step.operation.clone().map_principals(&mut map);
    }
    plan.principals = plan.principals.into_iter().map(|(id, name)| (map(id), name)).collect();
    plan
}

/// The fresh plan without renewals that have come due since the approval: they wait for the next plan.
#[must_use]
pub fn without_new_renewals(mut fresh: Plan, approved: &Plan) -> Plan {
    let known: BTreeSet<String> = approved.steps.iter().map(|step| name_key(&step.address)).collect();
    let is_new =
        |step: &Step| matches!(step.reason, Reason::Renewal { .. }) && !known.contains(&name_key(&step.address));
    let new: BTreeSet<StepId> = fresh.steps.iter().filter(|step| is_new(step)).map(|step| step.id).collect();
    fresh.steps.retain(|step| !new.contains(&step.id));
    // What a renewal extends is there already, so nothing has to wait for it.
    for step in &mut fresh.steps {
        step.depends_on.retain(|needed| !new.contains(needed));
    }
    fresh
}

/// The steps of `fresh` that `approved` does not contain.
pub fn not_approved<'a>(fresh: &'a Plan, approved: &Plan) -> Vec<&'a Step> {
    let mut real = real_ids(fresh, approved);
    let approved: BTreeMap<String, Operation> = approved
        .steps
        .iter()
        .map(|step| (name_key(&step.address), as_of(step.operation.clone().map_principals(&mut real), fresh.made_at)))
        .collect();
    let is_approved =
        |step: &Step| approved.get(&name_key(&step.address)).is_some_and(|approved| covers(approved, &step.operation));
    fresh.steps.iter().filter(|step| !is_approved(step)).collect()
}

/// The steps of `approved` that `fresh` lacks, though they have not been done.
pub fn not_done<'a>(fresh: &Plan, approved: &'a Plan, desired: &Desired, snapshot: &Snapshot) -> Vec<&'a Step> {
    let left: BTreeMap<String, &Operation> =
        fresh.steps.iter().map(|step| (name_key(&step.address), &step.operation)).collect();
    let tenant = Tenant { approved, desired, snapshot, now: fresh.made_at };
    let is_done = |step: &&Step| match (&step.operation, left.get(&name_key(&step.address))) {
        // Compared field by field, but for a target that does not exist yet.
        (Operation::UpdateSettings { changes, .. }, Some(Operation::UpdateSettings { changes: rest, .. }))
            if changes != rest =>
        {
            tenant.has(&step.operation, |settings| has_changes(settings, changes, Some(rest)))
        }
        (_, Some(_)) => true,
        (Operation::UpdateSettings { changes, .. }, None) => {
            tenant.has(&step.operation, |settings| has_changes(settings, changes, None))
        }
        (_, None) => tenant.has(&step.operation, |_| false),
    };
    approved.steps.iter().filter(|step| !is_done(step)).collect()
}

/// Groups that the approved plan creates, but that exist by now with members or owners that it does not give them:
/// somebody else made a group of that name.
pub fn taken_over(approved: &Plan, desired: &Desired, snapshot: &Snapshot) -> Vec<PrincipalId> {
    let tenant = Tenant { approved, desired, snapshot, now: approved.made_at };
    let created = approved.steps.iter().filter_map(|step| match &step.operation {
        Operation::CreateGroup { group, .. } => Some(*group),
        _ => None,
    });
    created.filter_map(|stand_in| tenant.existing(stand_in).filter(|real| tenant.is_foreign(stand_in, *real))).collect()
}

/// What there is to tell of an approved plan in the tenant of today.
struct Tenant<'a> {
    approved: &'a Plan,
    desired: &'a Desired,
    snapshot: &'a Snapshot,
    now: Time,
}

impl Tenant<'_> {
    /// The group that exists under the name of one that the approved plan creates.
    fn existing(&self, stand_in: PrincipalId) -> Option<PrincipalId> {
        let name = self.approved.steps.iter().find_map(|step| match &step.operation {
            Operation::CreateGroup { group, create } if *group == stand_in => Some(&create.display_name),
            _ => None,
        })?;
        let mut named = self.desired.directory.principals_named(PrincipalKind::Group, name);
        named.find(|group| group.group().is_some_and(|facts| !facts.planned)).map(|group| group.id)
    }

    fn is_foreign(&self, stand_in: PrincipalId, real: PrincipalId) -> bool {
        let Some(GroupRead::Present(state)) = self.snapshot.groups.get(&real) else { return true };
        let given: BTreeSet<(Relation, PrincipalId)> = self
            .approved
            .steps
            .iter()
            .filter_map(|step| match &step.operation {
                Operation::AddMember { group, relation, principal } if *group == stand_in => {
                    Some((*relation, *principal))
                }
                Operation::Assign { target: Target::Group { group, access }, assignment, .. } if *group == stand_in => {
                    Some((*access, assignment.principal))
                }
                _ => None,
            })
            .collect();
        let is_given = |relation: Relation, id: &PrincipalId| {
            // Some services make whoever creates a group its first owner.
            given.contains(&(relation, *id)) || self.snapshot.runner == Some(*id)
        };
        [Relation::Member, Relation::Owner]
            .into_iter()
            .any(|relation| state.list(relation).iter().any(|id| !is_given(relation, id)))
    }

    /// True when the tenant is as the operation leaves it.
    fn has(&self, operation: &Operation, settings: impl Fn(&Settings<Current>) -> bool) -> bool {
        if let Operation::CreateGroup { group, .. } = operation {
            return self.existing(*group).is_some();
        }
        let mut real = |id| self.existing(id).unwrap_or(id);
        match operation.clone().map_principals(&mut real) {
            Operation::CreateGroup { .. } => true,
            Operation::AddMember { group, relation, principal } => {
                self.list(group, relation).is_some_and(|list| list.contains(&principal))
            }
            Operation::RemoveMember { group, relation, principal } => {
                self.list(group, relation).is_some_and(|list| !list.contains(&principal))
            }
            Operation::UpdateSettings { target, .. } => match self.snapshot.targets.get(&target) {
                Some(TargetRead::Present(state)) => settings(&state.settings),
                _ => false,
            },
            Operation::Assign { target, assignment, schedule, condition, .. }
            | Operation::Update { target, assignment, schedule, condition, .. } => {
                let is_it = |row: &Row| {
                    row.key == assignment
                        && self.is_ours(row)
                        && self.fits(row, &schedule)
                        && row.condition == condition
                };
                self.rows(&target).is_some_and(|rows| rows.iter().any(is_it))
            }
            Operation::Remove { target, assignment, .. } => self
                .rows(&target)
                .is_some_and(|rows| !rows.iter().any(|row| row.key == assignment && self.is_ours(row))),
        }
    }

    /// True when an assignment ends as one that was asked for between the approval and now does.
    fn fits(&self, row: &Row, schedule: &Schedule) -> bool {
        match (row.window.end, schedule.end) {
            (None, Ending::Permanent) => true,
            (Some(end), Ending::Until(asked)) => end == asked,
            (Some(end), Ending::After(length)) => {
                let from = |time| schedule.start.map_or(time, |start| start.max(time)) + length;
                end >= from(self.approved.made_at) && end <= from(self.now) + CLOCK_TOLERANCE
            }
            _ => false,
        }
    }

    fn is_ours(&self, row: &Row) -> bool {
        row.origin.is_assigned() && !row.window.is_over(self.now)
    }

    fn list(&self, group: PrincipalId, relation: Relation) -> Option<&BTreeSet<PrincipalId>> {
        match self.snapshot.groups.get(&group) {
            Some(GroupRead::Present(state)) => Some(state.list(relation)),
            _ => None,
        }
    }

    fn rows(&self, target: &Target) -> Option<&[Row]> {
        match self.snapshot.targets.get(target) {
            Some(TargetRead::Present(state)) => Some(&state.rows),
            _ => None,
        }
    }
}

/// True when every field that was to change has its new value, but for those that are still to change.
fn has_changes(settings: &Settings<Current>, changes: &Settings<Changes>, rest: Option<&Settings<Changes>>) -> bool {
    struct Has(bool);
    impl Zip<Current, Changes, Sparse> for Has {
        fn field<T: Leaf>(&mut self, _: Field, now: &Fact<T>, change: &Option<Change<T>>) -> Option<T> {
            self.0 &= change.as_ref().is_none_or(|change| *now == change.after);
            None
        }
    }
    let mut has = Has(true);
    let after = rest.map_or_else(|| settings.clone(), |rest| settings.changed(rest));
    after.zip(changes, &mut has);
    has.0
}

/// A group that the approved plan creates may exist by now, with the id that the service gave it.
fn real_ids(fresh: &Plan, approved: &Plan) -> impl FnMut(PrincipalId) -> PrincipalId {
    let known: BTreeMap<String, PrincipalId> =
        fresh.principals.iter().map(|(id, name)| (name_key(&name.label), *id)).collect();
    let created: BTreeSet<PrincipalId> = approved
        .steps
        .iter()
        .filter_map(|step| match step.operation {
            Operation::CreateGroup { group, .. } => Some(group),
            _ => None,
        })
        .collect();
    let real: BTreeMap<PrincipalId, PrincipalId> = created
        .into_iter()
        .filter_map(|stand_in| Some((stand_in, *known.get(&name_key(&approved.principals.get(&stand_in)?.label))?)))
        .collect();
    move |id| real.get(&id).copied().unwrap_or(id)
}

/// The operation as it reads once `now` has come: a start that has been reached is no longer asked for.
fn as_of(mut operation: Operation, now: Time) -> Operation {
    if let Operation::Assign { schedule, .. } | Operation::Update { schedule, .. } = &mut operation {
        schedule.start = schedule.start.filter(|start| *start > now);
    }
    operation
}

/// True when `fresh` does nothing that `approved` does not.
fn covers(approved: &Operation, fresh: &Operation) -> bool {
    match (approved, fresh) {
        (
            Operation::UpdateSettings { target, changes },
            Operation::UpdateSettings { target: fresh_target, changes: fresh_changes },
        ) => target == fresh_target && covers_changes(changes, fresh_changes),
        _ => approved == fresh,
    }
}

/// Of settings, some fields may have been changed already when an apply was interrupted.
fn covers_changes(approved: &Settings<Changes>, fresh: &Settings<Changes>) -> bool {
    struct Covered(bool);
    impl Zip<Changes, Changes, Sparse> for Covered {
        fn field<T: Leaf>(&mut self, _: Field, a: &Option<Change<T>>, b: &Option<Change<T>>) -> Option<T> {
            self.0 &= b.is_none() || a == b;
            None
        }
    }
    let mut covered = Covered(true);
    approved.zip(fresh, &mut covered);
    covered.0
}
