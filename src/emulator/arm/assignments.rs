//! Plain role assignments: what is active just now, whether it came about through PIM or not.

use http::Method;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::emulator::arm::filter::{Filter, Term};
use crate::emulator::arm::schedules::{Row, Viewer, assignment_id, rows};
use crate::emulator::arm::{body, not_found, options, page, place, requests, shape, unknown};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{
    Caller, DirectoryScope, Extra, Kind, Origin, Principal, Schedule, Scope, Target, Time, World,
};

/// Lists, gets, makes and deletes assignments.
pub(super) fn answer(
    world: &mut World,
    request: &Request,
    caller: &Caller,
    scope: &Scope,
    tail: &[&str],
) -> Result<Reply, ServiceFailure> {
    match (&request.method, tail) {
        (&Method::GET, []) => list(world, request, caller, scope),
        (&Method::GET, [name]) => {
            options(request, &["tenantId"])?;
            match find(world, scope, name) {
                Some(row) => Ok(Reply::json(200, show(world, &row))),
                None => Err(gone(name)),
            }
        }
        (&Method::PUT, [name]) => {
            options(request, &[])?;
            let id = body::guid(name, "name of the role assignment")?;
            let is_new = find(world, scope, name).is_none();
            put(world, scope, id, &request.json()?)?;
            let row = find(world, scope, name).ok_or_else(|| not_found("roleAssignments", name))?;
            Ok(Reply::json(if is_new { 201 } else { 200 }, show(world, &row)))
        }
        (&Method::DELETE, [name]) => {
            options(request, &["tenantId"])?;
            let found = find(world, scope, name);
            let Some((shown, role, id)) = found.map(|row| (show(world, &row), row.role, row.schedule.id)) else {
                return Ok(Reply::empty(204));
            };
            let target = Target::Azure { scope: scope.clone(), role };
            if let Some(schedules) = world.schedules.get_mut(&target) {
                schedules.retain(|schedule| schedule.id != id);
            }
            Ok(Reply::json(200, shown))
        }
        _ => Err(unknown(request)),
    }
}

fn gone(name: &str) -> ServiceFailure {
    ServiceFailure::new(404, "RoleAssignmentNotFound", format!("The role assignment '{name}' is not found."))
}

fn list(world: &World, request: &Request, caller: &Caller, scope: &Scope) -> Result<Reply, ServiceFailure> {
    options(request, &["$filter", "$skiptoken", "tenantId", "$skipToken"])?;
    let filter = Filter::of(request, |term| match term {
        Term::AtScope | Term::AssignedTo(_) => true,
        Term::Equals(name, _) => matches!(name.as_str(), "principalId" | "roleDefinitionId"),
        _ => false,
    })?;
    let viewer = Viewer::of(world, &filter, caller)?;
    let below = !filter.terms().contains(&&Term::AtScope);
    let mut rows = effective(world, scope, viewer.as_ref(), below);
    rows.retain(|row| {
        filter.passes(&|term| match term {
            Term::AssignedTo(_) => viewer.as_ref().is_some_and(|viewer| viewer.has(row.schedule.principal)),
            Term::Equals(name, value) if name == "principalId" => {
                Uuid::parse_str(value).is_ok_and(|id| id == row.schedule.principal)
            }
            Term::Equals(_, value) => body::role(value).is_ok_and(|role| role == row.role),
            _ => true,
        })
    });
    page::of(request, world.page_size, rows, |row| show(world, &row))
}

/// What is active just now and stored where it was assigned.
fn effective<'w>(world: &'w World, scope: &Scope, viewer: Option<&Viewer>, below: bool) -> Vec<Row<'w>> {
    let now = world.now();
    let mut rows = rows(world, scope, Kind::Active, viewer, below);
    rows.retain(|row| {
        let stored = !matches!(row.schedule.origin, Origin::Inherited | Origin::ThroughGroup);
        stored && !row.schedule.is_ahead(now) && row.schedule.removed.is_none()
    });
    rows
}

fn find<'w>(world: &'w World, scope: &Scope, name: &str) -> Option<Row<'w>> {
    let id = Uuid::parse_str(name).ok()?;
    let mut rows = effective(world, scope, None, false).into_iter();
    rows.find(|row| row.scope == *scope && assignment_id(world, scope, row.role, row.schedule) == id)
}

fn put(world: &mut World, scope: &Scope, id: Uuid, sent: &Value) -> Result<(), ServiceFailure> {
    let properties = body::properties(sent, "role assignment", &KNOWN)?;
    let role_id = body::needed(properties, "roleDefinitionId")?;
    let role = body::role(role_id)?;
    let principal = body::guid(body::needed(properties, "principalId")?, "principalId")?;
    if !world.azure_roles.get(&role).is_some_and(|role| world.is_assignable(role, scope)) {
        let message = format!("The specified role definition with ID '{}' does not exist.", role.simple());
        return Err(ServiceFailure::new(404, "RoleDefinitionDoesNotExist", message));
    }
    let known = world.principal(principal).map(Principal::kind);
    if known.is_none() || !world.sees(principal) {
        let message = format!("Principal {} does not exist in the directory {}.", principal.simple(), world.tenant.id);
        return Err(ServiceFailure::new(400, "PrincipalNotFound", message));
    }
    if body::text(properties, "principalType")?.is_some_and(|kind| Some(kind) != known) {
        let message = "The type of the principal does not match its actual type.";
        return Err(ServiceFailure::new(400, "UnmatchedPrincipalType", message));
    }
    let exists = || ServiceFailure::new(409, "RoleAssignmentExists", "The role assignment already exists.");
    let here = effective(world, scope, None, false).into_iter().filter(|row| row.scope == *scope);
    for row in here {
        let same = row.role == role && row.schedule.principal == principal;
        if same && assignment_id(world, scope, role, row.schedule) == id {
            return update(world, scope, role, row.schedule.id, id, properties);
        }
        if same || assignment_id(world, scope, row.role, row.schedule) == id {
            return Err(exists());
        }
    }
    let now = world.now();
    let condition = requests::condition(properties)?;
    world.remarks.insert(id, remarks(properties)?);
    world.schedules.entry(Target::Azure { scope: scope.clone(), role }).or_default().push(Schedule {
        id,
        kind: Kind::Active,
        principal,
        scope: DirectoryScope::Whole,
        start: Some(now),
        end: None,
        origin: Origin::OutsidePim,
        condition,
        created: Some(now),
        modified: None,
        request: None,
        eligible: None,
        removed: None,
    });
    Ok(())
}

/// The fields of a role assignment. Those behind the first seven are read only.
const KNOWN: [&str; 12] = [
    "roleDefinitionId",
    "principalId",
    "principalType",
    "condition",
    "conditionVersion",
    "description",
    "delegatedManagedIdentityResourceId",
    "scope",
    "createdOn",
    "updatedOn",
    "createdBy",
    "updatedBy",
];

/// What is said about an assignment and nothing here depends on.
fn remarks(properties: &Map<String, Value>) -> Result<Extra, ServiceFailure> {
    let mut remarks = Extra::new();
    for name in ["description", "delegatedManagedIdentityResourceId"] {
        if let Some(text) = body::text(properties, name)? {
            remarks.insert(name.to_owned(), Value::from(text));
        }
    }
    Ok(remarks)
}

/// Changes what may be changed of an assignment: its condition, and what is said about it.
fn update(
    world: &mut World,
    scope: &Scope,
    role: Uuid,
    schedule: Uuid,
    id: Uuid,
    properties: &Map<String, Value>,
) -> Result<(), ServiceFailure> {
    let (condition, remarks, now) = (requests::condition(properties)?, remarks(properties)?, world.now());
    world.remarks.insert(id, remarks);
    let own = world.schedules.get_mut(&Target::Azure { scope: scope.clone(), role });
    if let Some(own) = own.into_iter().flatten().find(|own| own.id == schedule) {
        own.condition = condition;
        own.modified = Some(now);
    }
    Ok(())
}

fn show(world: &World, row: &Row<'_>) -> Value {
    let Row { scope, role, schedule, .. } = row;
    let name = assignment_id(world, scope, *role, schedule).to_string();
    let scope_text = scope.as_str().trim_end_matches('/');
    let remark = |field: &str| {
        let remarks = Uuid::parse_str(&name).ok().and_then(|id| world.remarks.get(&id));
        remarks.and_then(|remarks| remarks.get(field)).cloned()
    };
    shape::without_nulls(json!({
        // Unlike those of PIM, these ids have the scope as it is.
        "id": format!("{scope_text}/providers/Microsoft.Authorization/roleAssignments/{name}"),
        "name": name,
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "roleDefinitionId": place::role_definition_id(scope, *role),
            "principalId": schedule.principal.to_string(),
            "principalType": world.principal(schedule.principal).map(Principal::kind),
            "scope": scope.as_str(),
            "condition": schedule.condition,
            "conditionVersion": shape::condition_version(schedule.condition.as_deref()),
            "description": remark("description"),
            "delegatedManagedIdentityResourceId": remark("delegatedManagedIdentityResourceId"),
            "createdOn": schedule.created.map(Time::ticks),
            "updatedOn": schedule.modified.or(schedule.created).map(Time::ticks),
        },
    }))
}
