//! What each operation does to a tenant in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use uuid::Uuid;

use super::file::GroupEntry;
use super::state::{Group, Record, Tenant};
use crate::backend::{BackendError, Executed};
use crate::model::text::same_name;
use crate::model::{
    Answer, AssignmentKey, Changes, Condition, GroupCreation, GroupMembership, GroupState, Names, Origin, PrincipalId,
    Relation, Row, Schedule, Settings, Target, Time, Window,
};
use crate::plan::Operation;

impl Tenant {
    /// Carries out one operation, or changes nothing.
    pub fn apply(&mut self, operation: &Operation, now: Time) -> Result<Executed, BackendError> {
        match operation {
            Operation::CreateGroup { group, create } => self.create_group(*group, create),
            Operation::AddMember { group, relation, principal } => self.add_member(*group, *relation, *principal),
            Operation::RemoveMember { group, relation, principal } => self.remove_member(*group, *relation, *principal),
            Operation::UpdateSettings { target, changes } => self.update_settings(target, changes),
            Operation::Assign { target, assignment, schedule, condition, .. } => {
                self.assign(target, assignment, schedule, condition.as_ref(), now)
            }
            Operation::Update { target, assignment, was, condition_was, schedule, condition, .. } => {
                let was = (*was, condition_was.as_ref());
                self.update(target, assignment, was, (schedule.window(now), condition.as_ref()))
            }
            Operation::Remove { target, assignment, was, condition_was, also } => {
                self.remove(target, assignment, (*was, condition_was.as_ref()), also, now)
            }
        }
    }

    fn create_group(&mut self, stand_in: PrincipalId, create: &GroupCreation) -> Result<Executed, BackendError> {
        if self.groups.values().any(|group| same_name(&group.entry.name, &create.display_name)) {
            return Err(conflict(format!("there is a group `{}` already", create.display_name)));
        }
        let id = self.free_id(stand_in, &create.display_name);
        let entry = GroupEntry {
            id,
            name: Arc::clone(&create.display_name),
            description: create.description.clone(),
            role_assignable: create.role_assignable.into(),
            membership: GroupMembership::Assigned,
            pim: Answer::No,
            members: Vec::new(),
            owners: Vec::new(),
            unreadable: None,
        };
        self.groups.insert(id, Arc::new(Group { entry, lists: GroupState::default() }));
        self.directory = OnceLock::new();
        Ok(Executed::Created(id))
    }

    /// The stand-in where no object has it, else an id made of the name.
    fn free_id(&self, stand_in: PrincipalId, name: &str) -> PrincipalId {
        let tenant = self.head.tenant.id.guid();
        let others = (1_u64..).map(|n| PrincipalId::new(Uuid::new_v5(&tenant, format!("group/{name}/{n}").as_bytes())));
        std::iter::once(stand_in).chain(others).find(|id| !self.has_principal(*id)).unwrap_or(stand_in)
    }

    fn has_principal(&self, id: PrincipalId) -> bool {
        self.groups.contains_key(&id) || self.objects.principal(id).is_some()
    }

    fn add_member(
        &mut self,
        group: PrincipalId,
        relation: Relation,
        principal: PrincipalId,
    ) -> Result<Executed, BackendError> {
        self.need_principal(principal)?;
        let group = self.group_to_change(group, relation)?;
        let added = !group.lists.list(relation).contains(&principal);
        if added {
            Arc::make_mut(group).lists.list_mut(relation).insert(principal);
        }
        Ok(done(added))
    }

    fn remove_member(
        &mut self,
        group: PrincipalId,
        relation: Relation,
        principal: PrincipalId,
    ) -> Result<Executed, BackendError> {
        let group = self.group_to_change(group, relation)?;
        let removed = group.lists.list(relation).contains(&principal);
        if removed {
            Arc::make_mut(group).lists.list_mut(relation).remove(&principal);
        }
        Ok(done(removed))
    }

    /// A group whose static lists an operation may change.
    fn group_to_change(&mut self, id: PrincipalId, relation: Relation) -> Result<&mut Arc<Group>, BackendError> {
        let group = self.groups.get_mut(&id).ok_or_else(|| not_found(format!("the group `{id}`")))?;
        match (&group.entry.unreadable, group.entry.membership.decided_elsewhere(relation)) {
            (Some(reason), _) => {
                Err(conflict(format!("members and owners of `{}` could not be read: {reason}", group.entry.name)))
            }
            (None, None) => Ok(group),
            (None, Some(why)) => {
                Err(conflict(format!("the {relation}s of `{}` are not assigned by hand: {why}", group.entry.name)))
            }
        }
    }

    fn update_settings(&mut self, target: &Target, changes: &Settings<Changes>) -> Result<Executed, BackendError> {
        let record = self.readable(target)?;
        self.can_be_under_pim(target)?;
        let before = record.map_or(self.defaults.of(target.surface()), |record| &record.settings);
        let after = before.changed(changes);
        if **before == after {
            return Ok(Executed::AlreadySo);
        }
        self.under_pim(target)?;
        self.record(target).settings = Arc::new(after);
        Ok(Executed::Done)
    }

    fn assign(
        &mut self,
        target: &Target,
        key: &AssignmentKey,
        schedule: &Schedule,
        condition: Option<&Condition>,
        now: Time,
    ) -> Result<Executed, BackendError> {
        self.can_be_under_pim(target)?;
        self.need_principal(key.principal)?;
        let window = schedule.window(now);
        // An assignment that has ended does not stand in the way of a new one.
        let there: Vec<&Row> = self.found(target, key)?.filter(|row| !row.window.is_over(now)).collect();
        // "At once", or since a time that has passed, is so already if it has begun.
        let is_same = |row: &&Row| {
            let begun = schedule.start.is_none_or(|start| start <= now) && !row.window.is_ahead(now);
            let same = row.window.end == window.end && (begun || row.window.start == window.start);
            row.origin.is_assigned() && same && row.condition.as_ref() == condition
        };
        if there.iter().any(is_same) {
            return Ok(Executed::AlreadySo);
        }
        if there.iter().any(|row| matches!(row.origin, Origin::Assigned | Origin::OutsidePim)) {
            return Err(conflict(format!("`{}` is there already, but not as planned", self.address(target, key))));
        }
        self.under_pim(target)?;
        let row = Row { key: *key, window, origin: Origin::Assigned, condition: condition.cloned() };
        self.record(target).makers.remove(key);
        let rows = &mut self.record(target).rows;
        rows.retain(|other| !(other.key == *key && other.origin.is_assigned()));
        rows.push(row);
        sort(rows);
        Ok(Executed::Done)
    }

    fn update(
        &mut self,
        target: &Target,
        key: &AssignmentKey,
        was: (Window, Option<&Condition>),
        becomes: (Window, Option<&Condition>),
    ) -> Result<Executed, BackendError> {
        let rows: Vec<&Row> = self.found(target, key)?.collect();
        let first = rows.first().ok_or_else(|| not_found(format!("`{}`", self.address(target, key))))?;
        self.need_assigned(target, first)?;
        let is = |(window, condition): (Window, Option<&Condition>)| {
            rows.iter()
                .any(|row| row.origin.is_assigned() && (row.window, row.condition.as_ref()) == (window, condition))
        };
        if is(becomes) {
            return Ok(Executed::AlreadySo);
        }
        if !is(was) {
            return Err(self.changed(target, key));
        }
        let (window, condition) = (becomes.0, becomes.1.cloned());
        self.record(target).makers.remove(key);
        let rows = &mut self.record(target).rows;
        let is_it =
            |row: &&mut Row| row.key == *key && row.origin.is_assigned() && (row.window, row.condition.as_ref()) == was;
        if let Some(row) = rows.iter_mut().find(is_it) {
            row.window = window;
            row.condition = condition;
        }
        sort(rows);
        Ok(Executed::Done)
    }

    fn remove(
        &mut self,
        target: &Target,
        key: &AssignmentKey,
        was: (Window, Option<&Condition>),
        also: &[Window],
        now: Time,
    ) -> Result<Executed, BackendError> {
        let rows: Vec<&Row> = self.found(target, key)?.collect();
        let Some(first) = rows.first() else { return Ok(Executed::AlreadySo) };
        self.need_assigned(target, first)?;
        let is_planned = |row: &&Row| (row.window, row.condition.as_ref()) == was || also.contains(&row.window);
        let mut there = rows.iter().filter(|row| row.origin.is_assigned());
        // One that has ended is no reason not to take back what has not.
        if !there.all(|row| is_planned(row) || row.window.is_over(now)) || !rows.iter().any(is_planned) {
            return Err(self.changed(target, key));
        }
        self.record(target).makers.remove(key);
        self.record(target).rows.retain(|row| !(row.key == *key && row.origin.is_assigned()));
        Ok(Executed::Done)
    }

    /// The rows with this key, those that were assigned first.
    fn found(&self, target: &Target, key: &AssignmentKey) -> Result<impl Iterator<Item = &Row>, BackendError> {
        let rows = self.readable(target)?.map_or(&[][..], |record| &record.rows);
        let at = rows.partition_point(|row| row.key < *key);
        let key = *key;
        Ok(rows.iter().skip(at).take_while(move |row| row.key == key))
    }

    /// The record of a target, if it has one. An error if the target does not exist or could not be read.
    fn readable(&self, target: &Target) -> Result<Option<&Record>, BackendError> {
        match self.targets.get(target) {
            Some(record) => match &record.unreadable {
                Some(reason) => Err(conflict(format!("`{}` could not be read: {reason}", self.name(target)))),
                None => Ok(Some(record)),
            },
            None if self.exists(target) => Ok(None),
            None => Err(not_found(format!("`{}`", self.name(target)))),
        }
    }

    /// The record of a target, to change it.
    fn record(&mut self, target: &Target) -> &mut Record {
        let settings = self.defaults.of(target.surface());
        let record = self.targets.entry(target.clone()).or_insert_with(|| {
            Arc::new(Record {
                settings: Arc::clone(settings),
                rows: Vec::new(),
                unreadable: None,
                without_settings: false,
                makers: BTreeMap::new(),
            })
        });
        Arc::make_mut(record)
    }

    fn can_be_under_pim(&self, target: &Target) -> Result<(), BackendError> {
        match target.group().and_then(|id| self.groups.get(&id)) {
            Some(group) if group.entry.membership != GroupMembership::Assigned => {
                let name = &group.entry.name;
                Err(conflict(format!("`{name}` cannot come under PIM: its members are not assigned")))
            }
            _ => Ok(()),
        }
    }

    /// The first settings or assignment of a group bring it under PIM.
    fn under_pim(&mut self, target: &Target) -> Result<(), BackendError> {
        self.can_be_under_pim(target)?;
        let Some(group) = target.group().and_then(|id| self.groups.get_mut(&id)) else { return Ok(()) };
        if !group.entry.pim.is_yes() {
            Arc::make_mut(group).entry.pim = Answer::Yes;
            self.directory = OnceLock::new();
        }
        Ok(())
    }

    fn need_principal(&self, id: PrincipalId) -> Result<(), BackendError> {
        if self.has_principal(id) { Ok(()) } else { Err(not_found(format!("the principal `{id}`"))) }
    }

    fn need_assigned(&self, target: &Target, row: &Row) -> Result<(), BackendError> {
        let why = match row.origin {
            Origin::Assigned => return Ok(()),
            Origin::Activated => "is an activation of the principal's own",
            Origin::OutsidePim => "was not assigned through PIM",
            Origin::Inherited => "is inherited from a scope above",
            Origin::ThroughGroup => "is held through a group",
        };
        Err(conflict(format!("`{}` {why}", self.address(target, &row.key))))
    }

    fn changed(&self, target: &Target, key: &AssignmentKey) -> BackendError {
        conflict(format!("`{}` has changed since the plan was made", self.address(target, key)))
    }

    fn name(&self, target: &Target) -> String {
        Names::new(&self.directory()).target(target)
    }

    fn address(&self, target: &Target, key: &AssignmentKey) -> String {
        let directory = self.directory();
        let names = Names::new(&directory);
        names.assignment(&names.target(target), key)
    }
}

fn sort(rows: &mut [Row]) {
    rows.sort_by_key(|row| (row.key, row.origin, row.window));
}

fn done(changed: bool) -> Executed {
    if changed { Executed::Done } else { Executed::AlreadySo }
}

fn not_found(what: String) -> BackendError {
    BackendError::NotFound { what }
}

fn conflict(what: String) -> BackendError {
    BackendError::Conflict { what }
}

#[cfg(test)]
mod tests;
