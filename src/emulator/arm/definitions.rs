//! Role definitions.

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::emulator::arm::filter::{Filter, Term};
use crate::emulator::arm::{not_found, options, page, place, unknown};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{AzureRole, Scope, World};

/// Lists, or gets one.
pub(super) fn answer(world: &World, request: &Request, scope: &Scope, tail: &[&str]) -> Result<Reply, ServiceFailure> {
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
                None => Err(not_found("role definition", name)),
            }
        }
        _ => Err(unknown(request)),
    }
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

fn show(scope: &Scope, role: &AzureRole) -> Value {
    let assignable: Vec<&str> =
        if is_built_in(role) { vec!["/"] } else { role.assignable_scopes.iter().map(Scope::as_str).collect() };
    json!({
        "id": place::role_definition_id(scope, role.id),
        "name": role.id.to_string(),
        "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": role.name,
            "type": kind(role),
            "description": role.name,
            "assignableScopes": assignable,
            "permissions": [{ "actions": ["*/read"], "notActions": [], "dataActions": [], "notDataActions": [] }],
        },
    })
}
