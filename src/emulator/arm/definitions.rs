//! Role definitions.

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::emulator::arm::filter::{Filter, Term};
use crate::emulator::arm::{body, options, page, place, shape, unknown};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{AzureRole, Scope, Target, Time, World};

/// Lists, gets, makes and deletes role definitions.
pub(super) fn answer(
    world: &mut World,
    request: &Request,
    scope: &Scope,
    tail: &[&str],
) -> Result<Reply, ServiceFailure> {
    match (&request.method, tail) {
        (&Method::GET, []) => {
            options(request, &["$filter", "$skiptoken"])?;
            let filter = Filter::of(request, |term| match term {
                Term::AtScope | Term::AtScopeAndBelow => true,
                Term::Equals(name, _) => matches!(name.as_str(), "roleName" | "type"),
                _ => false,
            })?;
            let below = filter.terms().contains(&&Term::AtScopeAndBelow);
            let roles = world
                .azure_roles
                .values()
                .filter(|role| world.is_assignable(role, scope) || (below && is_below(world, role, scope)));
            let roles = roles.filter(|role| filter.passes(&|term| meets(role, term)));
            page::of(request, world.page_size, roles.collect(), |role| show(scope, role))
        }
        (&Method::GET, [name]) => {
            options(request, &[])?;
            let role = Uuid::parse_str(name).ok().and_then(|id| world.azure_roles.get(&id));
            match role {
                Some(role) => Ok(Reply::json(200, show(scope, role))),
                None => Err(gone(name)),
            }
        }
        (&Method::PUT, [name]) => {
            options(request, &[])?;
            let id = body::guid(name, "name of the role definition")?;
            put(world, id, &request.json()?)?;
            let role = world.azure_roles.get(&id).ok_or_else(|| gone(name))?;
            Ok(Reply::json(201, show(scope, role)))
        }
        (&Method::DELETE, [name]) => {
            options(request, &[])?;
            delete(world, scope, name)
        }
        _ => Err(unknown(request)),
    }
}

fn gone(name: &str) -> ServiceFailure {
    let message = format!("The specified role definition with ID '{name}' does not exist.");
    ServiceFailure::new(404, "RoleDefinitionDoesNotExist", message)
}

fn put(world: &mut World, id: Uuid, sent: &Value) -> Result<(), ServiceFailure> {
    let known = [
        "roleName",
        "description",
        "type",
        "permissions",
        "assignableScopes",
        // Read only.
        "createdOn",
        "updatedOn",
        "createdBy",
        "updatedBy",
    ];
    let properties = body::properties(sent, "role definition", &known)?;
    let name = body::needed(properties, "roleName")?.to_owned();
    let now = world.now();
    let made = match world.azure_roles.get(&id) {
        Some(role) if is_built_in(role) => {
            let message = format!("The built-in role '{}' cannot be changed.", role.name);
            return Err(ServiceFailure::new(403, "RoleDefinitionIsReadOnly", message));
        }
        Some(role) => role.made.map_or(now, |(made, _)| made),
        None => now,
    };
    if body::text(properties, "type")?.is_some_and(|kind| !kind.eq_ignore_ascii_case("CustomRole")) {
        return Err(ServiceFailure::new(400, "InvalidRoleDefinitionType", "The type must be 'CustomRole'."));
    }
    if world.azure_roles.values().any(|other| other.id != id && other.name.eq_ignore_ascii_case(&name)) {
        let message = format!("A custom role with the same name '{name}' already exists in this directory.");
        return Err(ServiceFailure::new(409, "RoleDefinitionWithSameNameExists", message));
    }
    let scopes = body::texts(properties, "assignableScopes")?.unwrap_or_default();
    let scopes: Vec<Scope> =
        scopes.iter().map(|scope| place::known(world, &Scope::new(scope))).collect::<Result<_, _>>()?;
    if scopes.is_empty() {
        let message = "The role definition needs an assignable scope.";
        return Err(ServiceFailure::new(400, "MissingAssignableScopes", message));
    }
    for permission in body::list(properties, "permissions")?.unwrap_or_default() {
        let known = ["actions", "notActions", "dataActions", "notDataActions", "condition", "conditionVersion"];
        body::object(permission, "permissions", &known)?;
    }
    let role = AzureRole {
        description: body::text(properties, "description")?.map(str::to_owned),
        permissions: properties.get("permissions").filter(|it| !it.is_null()).cloned(),
        made: Some((made, now)),
        ..AzureRole::new(id, name, scopes)
    };
    world.azure_roles.insert(id, role);
    Ok(())
}

fn delete(world: &mut World, scope: &Scope, name: &str) -> Result<Reply, ServiceFailure> {
    let role = Uuid::parse_str(name).ok().and_then(|id| world.azure_roles.get(&id));
    let Some(role) = role.filter(|role| !is_built_in(role)) else { return Ok(Reply::empty(204)) };
    let (id, shown) = (role.id, show(scope, role));
    let (now, mut targets) = (world.now(), world.schedules.iter());
    let held = targets.any(|(target, schedules)| {
        matches!(target, Target::Azure { role, .. } if *role == id)
            && schedules.iter().any(|it| it.removed.is_none() && !it.is_over(now))
    });
    if held {
        let message = "There are existing role assignments referencing the role.";
        return Err(ServiceFailure::new(400, "RoleDefinitionHasAssignments", message));
    }
    world.azure_roles.remove(&id);
    Ok(Reply::json(200, shown))
}

fn is_below(world: &World, role: &AzureRole, scope: &Scope) -> bool {
    role.assignable_scopes.iter().any(|own| world.is_at_or_below(own, scope))
}

fn is_built_in(role: &AzureRole) -> bool {
    role.assignable_scopes.is_empty()
}

fn kind(role: &AzureRole) -> &'static str {
    if is_built_in(role) { "BuiltInRole" } else { "CustomRole" }
}

fn meets(role: &AzureRole, term: &Term) -> bool {
    match term {
        Term::Equals(name, value) if name == "roleName" => role.name.eq_ignore_ascii_case(value),
        Term::Equals(_, value) => kind(role).eq_ignore_ascii_case(value),
        _ => true,
    }
}

/// What a role allows of which nobody said so.
fn usual_permissions() -> Value {
    json!([{ "actions": ["*/read"], "notActions": [], "dataActions": [], "notDataActions": [] }])
}

fn show(scope: &Scope, role: &AzureRole) -> Value {
    let assignable: Vec<&str> =
        if is_built_in(role) { vec!["/"] } else { role.assignable_scopes.iter().map(Scope::as_str).collect() };
    let (made, changed) = role.made.unzip();
    shape::without_nulls(json!({
        "id": place::role_definition_id(scope, role.id),
        "name": role.id.to_string(),
        "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": role.name,
            "type": kind(role),
            "description": role.description.as_deref().unwrap_or(&role.name),
            "assignableScopes": assignable,
            "permissions": role.permissions.clone().unwrap_or_else(usual_permissions),
            "createdOn": made.map(Time::ticks),
            "updatedOn": changed.map(Time::ticks),
        },
    }))
}
