//! What it takes to restore what was before a run: an ordinary [`Desired`], so that the plan of an undo is compared,
//! guarded and carried out like any other. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::backend::ReadQuery;
use crate::diag::Span;
use crate::model::{
    Access, AssignmentKey, AssignmentScope, Change, Changes, Condition, Current, Desired, DesiredAssignment,
    DesiredEnding, DesiredGroup, DesiredList, DesiredMembers, DesiredSchedule, DesiredTarget, Directory, Duration,
    Ending, Fact, Field, GroupRead, Kind, Leaf, Mention, NameQuery, Ownership, PlaceQuery, PrincipalId, Relation, Row,
    Schedule, Setting, Settings, Snapshot, Spec, Target, TargetRead, Ticket, Time, Window, Zip,
};
use crate::plan::{Operation, Step, times};
use crate::runs::RunRecord;

/// What to restore, and what cannot be.
#[derive(Debug)]
pub struct Restored {
    /// The state before the run, for all that the run changed; all else as it is.
    pub desired: Desired,
    /// What is left, and why: address and reason.
    pub left: Vec<(String, String)>,
}

/// What is sent with the requests of an undo, where settings ask for it.
#[derive(Clone, Debug)]
pub struct Why {
    /// The justification.
    pub justification: Arc<str>,
    /// The ticket.
    pub ticket: Option<Arc<Ticket>>,
}

/// How far the end of an assignment may be from what the record says: the service counts from when it takes effect.
const TOLERANCE: Duration = Duration::from_minutes(15);
const CHANGED_AGAIN: &str = "it was changed again after the run";

/// What must be read before a run can be undone.
pub fn query(record: &RunRecord, protected: &BTreeMap<PrincipalId, Span>) -> ReadQuery {
    let (mut targets, mut groups) = (BTreeSet::new(), BTreeSet::new());
    for step in record.touched() {
        match &step.operation {
            Operation::AddMember { group, .. } | Operation::RemoveMember { group, .. } => {
                groups.insert(*group);
                // A group's lists also show who is there through PIM, so the assignments are needed to tell them apart.
                let both = [Access::Member, Access::Owner].map(|access| Target::Group { group: *group, access });
                targets.extend(both);
            }
            operation => targets.extend(operation.target().cloned()),
        }
    }
    ReadQuery::Only { targets, groups, watched: protected.keys().copied().collect() }
}

/// Adds the objects that the steps of a run name to what a directory is asked for.
pub fn mention(record: &RunRecord, names: &mut NameQuery) {
    for step in record.touched() {
        names.ids.extend(step.operation.principals());
        match step.operation.target() {
            Some(Target::Directory { .. }) => names.directory_roles = true,
            Some(Target::Group { .. }) => names.pim_groups = true,
            Some(Target::Azure { scope, role }) => {
                let roles = names.places.entry(PlaceQuery::Id(scope.clone())).or_default();
                roles.names.insert(role.to_string().into());
            }
            None => {}
        }
        let scope = step.operation.assignment().map(|key| key.scope);
        names.administrative_units |= matches!(scope, Some(AssignmentScope::AdministrativeUnit(_)));
    }
}

/// What was before a run, for all that it changed.
pub fn restore(
    record: &RunRecord,
    snapshot: &Snapshot,
    directory: Arc<Directory>,
    protected: BTreeMap<PrincipalId, Span>,
    why: &Why,
    now: Time,
) -> Restored {
    let mut work =
        Work { record, snapshot, why, now, targets: BTreeMap::new(), groups: BTreeMap::new(), left: Vec::new() };
    // A target that changed twice goes back to what was before the first change.
    let mut steps: Vec<Step> = record.touched().collect();
    steps.reverse();
    for step in &steps {
        work.step(step);
    }
    let desired = Desired {
        tenant: Some((record.plan.tenant.id, Span::default())),
        directory,
        groups: work.groups,
        targets: work.targets,
        protected,
        unprotected: Vec::new(),
        blocked: Vec::new(),
        files: 1,
    };
    Restored { desired, left: work.left }
}

struct Work<'a> {
    record: &'a RunRecord,
    snapshot: &'a Snapshot,
    why: &'a Why,
    now: Time,
    targets: BTreeMap<Target, DesiredTarget>,
    groups: BTreeMap<PrincipalId, DesiredGroup>,
    left: Vec<(String, String)>,
}

impl Work<'_> {
    fn step(&mut self, step: &Step) {
        match &step.operation {
            Operation::CreateGroup { .. } => {
                self.leave(step, "a group is not deleted; delete it by hand if nobody needs it");
            }
            Operation::AddMember { group, relation, principal } => {
                if let Some(list) = self.members(*group, *relation) {
                    list.remove(principal);
                }
            }
            Operation::RemoveMember { group, relation, principal } => {
                if let Some(list) = self.members(*group, *relation) {
                    list.insert(*principal, Span::default());
                }
            }
            Operation::UpdateSettings { target, changes } => {
                let Some(TargetRead::Present(state)) = self.snapshot.targets.get(target) else {
                    return self.leave(step, "it could not be read");
                };
                let (before, later) = before(changes, &state.settings);
                let entry = self.target(target);
                entry.settings = before.over(&entry.settings);
                for field in later {
                    self.leave(step, &format!("`{field}` was changed again after the run"));
                }
            }
            Operation::Assign { target, assignment, schedule, condition, .. } => {
                match self.row(target, assignment).map(|row| self.is_of(step, row, schedule, condition.as_ref())) {
                    Some(false) => self.leave(step, CHANGED_AGAIN),
                    Some(true) | None => self.edit(target, assignment, None),
                }
            }
            Operation::Update { target, assignment, was, condition_was, schedule, condition, .. } => {
                let before = (*was, condition_was.clone());
                match self.row(target, assignment) {
                    // Whoever took it away meanwhile had a reason.
                    None if self.is_read(target) => self.leave(step, "it was removed after the run"),
                    Some(row) if is_again(row, &before) => {}
                    Some(row) if !self.is_of(step, row, schedule, condition.as_ref()) => {
                        self.leave(step, CHANGED_AGAIN);
                    }
                    _ => self.put_back(step, target, assignment, before),
                }
            }
            Operation::Remove { target, assignment, was, condition_was, also } => {
                let now = self.now;
                for window in also.iter().filter(|window| !window.is_over(now)) {
                    self.leave(step, &format!("it was also there {}, which does not come back", times(window)));
                }
                let before = (*was, condition_was.clone());
                match self.row(target, assignment) {
                    Some(row) if !is_again(row, &before) => {
                        self.leave(step, "it was assigned again after the run");
                    }
                    _ => self.put_back(step, target, assignment, before),
                }
            }
        }
    }

    fn put_back(&mut self, step: &Step, target: &Target, key: &AssignmentKey, was: (Window, Option<Condition>)) {
        if was.0.is_over(self.now) {
            self.leave(step, "it would have ended by now");
            self.edit(target, key, None);
        } else {
            self.edit(target, key, Some(was));
        }
    }

    /// Whether an assignment is as the run made it: what somebody changed later is not the run's to take back. Its start
    /// says little, since the service replaces it.
    fn is_of(&self, step: &Step, row: &Row, schedule: &Schedule, condition: Option<&Condition>) -> bool {
        let done = self.record.outcomes.get(&step.id).map_or(self.record.began, |outcome| outcome.at);
        let start = schedule.start.map_or(done, |start| start.max(done));
        let ends = match (schedule.end, row.window.end) {
            (Ending::Permanent, end) => end.is_none(),
            (Ending::Until(wanted), end) => end == Some(wanted),
            (Ending::After(length), Some(end)) => {
                let wanted = start + length;
                wanted.until(end) <= TOLERANCE && end.until(wanted) <= TOLERANCE
            }
            (Ending::After(_), None) => false,
        };
        ends && row.condition.as_ref() == condition
    }

    fn is_read(&self, target: &Target) -> bool {
        matches!(self.snapshot.targets.get(target), Some(TargetRead::Present(_)))
    }

    /// The assignment as it is, if it has not ended.
    fn row(&self, target: &Target, key: &AssignmentKey) -> Option<&Row> {
        let Some(TargetRead::Present(state)) = self.snapshot.targets.get(target) else { return None };
        state.rows.iter().find(|row| row.key == *key && row.origin.is_assigned() && !row.window.is_over(self.now))
    }

    fn leave(&mut self, step: &Step, reason: &str) {
        self.left.push((step.address.clone(), reason.to_owned()));
    }

    fn target(&mut self, target: &Target) -> &mut DesiredTarget {
        self.targets.entry(target.clone()).or_insert_with(|| DesiredTarget {
            mention: Mention::Named,
            at: Span::default(),
            settings: Settings::default(),
            blocked: Vec::new(),
            eligible: DesiredList::Unmanaged,
            active: DesiredList::Unmanaged,
        })
    }

    /// Puts an assignment back, or takes it out of the list of what is there.
    fn edit(&mut self, target: &Target, key: &AssignmentKey, was: Option<(Window, Option<Condition>)>) {
        let (now, why) = (self.now, self.why.clone());
        let there = self.there(target, key.kind);
        let entry = self.target(target);
        let list = match key.kind {
            Kind::Eligible => &mut entry.eligible,
            Kind::Active => &mut entry.active,
        };
        if let DesiredList::Unmanaged = list {
            let ownership = Ownership::Complete;
            *list = DesiredList::Managed { ownership, assignments: there, unresolved: Vec::new(), at: Span::default() };
        }
        let DesiredList::Managed { assignments, .. } = list else { return };
        assignments.retain(|other| other.key != *key);
        if let Some((window, condition)) = was {
            let at = assignments.partition_point(|other| other.key < *key);
            let mut restored = as_it_is(key, &window, condition, now);
            restored.justification = Some(why.justification);
            restored.ticket = why.ticket;
            assignments.insert(at, restored);
        }
    }

    /// The assignments of one kind as they are, declared so that nothing becomes of them.
    fn there(&self, target: &Target, kind: Kind) -> Vec<DesiredAssignment> {
        let Some(TargetRead::Present(state)) = self.snapshot.targets.get(target) else { return Vec::new() };
        let rows = state
            .rows
            .iter()
            .filter(|row| row.key.kind == kind && row.origin.is_assigned() && !row.window.is_over(self.now));
        let mut rows: Vec<&Row> = rows.collect();
        // Each can be declared once.
        rows.sort_by_key(|row| (row.key, row.precedence(self.now)));
        rows.dedup_by_key(|row| row.key);
        rows.into_iter().map(|row| as_it_is(&row.key, &row.window, row.condition.clone(), self.now)).collect()
    }

    /// The static members or owners of a group as they are, to be edited; nothing if they could not be read.
    fn members(&mut self, group: PrincipalId, relation: Relation) -> Option<&mut BTreeMap<PrincipalId, Span>> {
        let entry = self.groups.entry(group).or_insert_with(|| DesiredGroup {
            at: Span::default(),
            create: None,
            members: DesiredMembers::Unmanaged,
            owners: DesiredMembers::Unmanaged,
        });
        let list = match relation {
            Relation::Member => &mut entry.members,
            Relation::Owner => &mut entry.owners,
        };
        if let DesiredMembers::Unmanaged = list {
            let principals = match self.snapshot.groups.get(&group) {
                Some(GroupRead::Present(state)) => {
                    state.list(relation).iter().map(|id| (*id, Span::default())).collect()
                }
                // The comparison blocks a list that could not be read, whatever is declared for it.
                Some(GroupRead::Unreadable(_)) | None => BTreeMap::new(),
            };
            let (ownership, unresolved) = (Ownership::Complete, Vec::new());
            *list = DesiredMembers::Managed { ownership, principals, unresolved, at: Span::default() };
        }
        match list {
            DesiredMembers::Managed { principals, .. } => Some(principals),
            DesiredMembers::Unmanaged => None,
        }
    }
}

/// Whether an assignment is as it was before. What was put back has begun anew.
fn is_again(row: &Row, was: &(Window, Option<Condition>)) -> bool {
    row.window.end == was.0.end && row.condition == was.1
}

fn as_it_is(key: &AssignmentKey, window: &Window, condition: Option<Condition>, now: Time) -> DesiredAssignment {
    let schedule = DesiredSchedule {
        start: window.start.filter(|_| window.is_ahead(now)),
        end: window.end.map_or(DesiredEnding::Permanent, DesiredEnding::Until),
    };
    DesiredAssignment { key: *key, schedule, justification: None, ticket: None, condition, at: Span::default() }
}

/// The values before a change, as something to be declared, and the fields that have other values by now than the
/// change gave them: those are left as they are.
fn before(changes: &Settings<Changes>, now: &Settings<Current>) -> (Settings<Spec>, Vec<Field>) {
    struct Before(Vec<Field>);
    impl Zip<Changes, Current, Spec> for Before {
        fn field<T: Leaf>(&mut self, field: Field, change: &Option<Change<T>>, now: &Fact<T>) -> Setting<T> {
            match change {
                Some(change) if *now == change.after => {
                    Setting::Set { value: change.before.clone(), at: Span::default() }
                }
                Some(change) if *now != change.before => {
                    self.0.push(field);
                    Setting::Unmanaged
                }
                Some(_) | None => Setting::Unmanaged,
            }
        }
    }
    let mut before = Before(Vec::new());
    let settings = changes.zip(now, &mut before);
    (settings, before.0)
}
