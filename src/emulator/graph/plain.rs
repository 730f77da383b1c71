//! Assignments of directory roles that pass PIM by: how drift comes about.

use http::Method;
use serde_json::Value;

use super::answer::{not_found, with_context, wrong_method};
use super::body::{Fields, guid, invalid};
use super::collection::plain_id;
use super::schedule::{print_plain, role_assignments};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{Caller, DirectoryScope, Kind, Origin, Schedule, Target, World};

/// `/roleManagement/directory/roleAssignments[/{id}]`
pub(super) fn answer(
    world: &mut World,
    request: &Request,
    caller: &Caller,
    id: Option<&str>,
) -> Result<Reply, ServiceFailure> {
    match (&request.method, id) {
        (&Method::GET, id) => role_assignments(world, request, id),
        (&Method::POST, None) => create(world, request, caller),
        (&Method::DELETE, Some(id)) => delete(world, caller, id),
        _ => Err(wrong_method(request)),
    }
}

fn create(world: &mut World, request: &Request, caller: &Caller) -> Result<Reply, ServiceFailure> {
    let mut fields = Fields::new("unifiedRoleAssignment", request.json()?)?;
    let principal = guid(&fields.required("principalId")?)?;
    let role = guid(&fields.required("roleDefinitionId")?)?;
    let scope = fields.required("directoryScopeId")?;
    fields.finish_as(&super::schema::ROLE_ASSIGNMENT)?;
    let scope = DirectoryScope::parse(&scope).ok_or_else(|| invalid(format!("'{scope}' is no directory scope.")))?;
    let not_there =
        |what: &str| ServiceFailure::new(404, "Request_ResourceNotFound", format!("{what} does not exist."));
    if !world.directory_roles.contains_key(&role) {
        return Err(not_there("The role definition"));
    }
    let group = world.groups.get(&principal);
    if world.principal(principal).is_none() {
        return Err(not_there("The principal"));
    }
    if group.is_some_and(|group| !group.role_assignable) {
        return Err(invalid("The group cannot be assigned to roles: 'isAssignableToRole' is not true."));
    }
    let target = Target::Directory { role };
    let is_same = |it: &&Schedule| it.kind == Kind::Active && it.principal == principal && it.scope == scope;
    if world.schedules_of(&target).any(|it| is_same(&it)) {
        return Err(invalid(
            "A conflicting object with one or more of the specified property values is present in the directory.",
        ));
    }
    let schedule = Schedule {
        id: world.new_id("plain assignment"),
        kind: Kind::Active,
        principal,
        scope,
        start: None,
        end: None,
        origin: Origin::OutsidePim,
        condition: None,
        created: None,
        modified: None,
        request: None,
        eligible: None,
        removed: None,
    };
    let body: Value = print_plain(world, &target, &schedule);
    world.audit_outside("Add member to role", "Assign", caller, &target, principal);
    world.schedules.entry(target).or_default().push(schedule);
    Ok(Reply::json(201, with_context(request, "roleManagement/directory/roleAssignments", body)))
}

fn delete(world: &mut World, caller: &Caller, id: &str) -> Result<Reply, ServiceFailure> {
    let found = world.schedules.iter().find_map(|(target, schedules)| {
        let own =
            |it: &&Schedule| it.kind == Kind::Active && it.is_own() && plain_id(target, it).eq_ignore_ascii_case(id);
        let directory = matches!(target, Target::Directory { .. });
        schedules.iter().find(|it| directory && own(it)).map(|it| (target.clone(), it.id, it.principal))
    });
    let (target, schedule, principal) = found.ok_or_else(not_found)?;
    if let Some(schedules) = world.schedules.get_mut(&target) {
        schedules.retain(|it| it.id != schedule);
    }
    world.audit_outside("Remove member from role", "Unassign", caller, &target, principal);
    Ok(Reply::empty(204))
}
