//! Role management policies and what assigns them to roles.

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::emulator::arm::filter::{Filter, Term};
use crate::emulator::arm::{body, options, page, place, preview, rules, shape, unknown};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{Caller, Extra, Policy, Scope, Target, World};

/// Lists, gets and changes policies.
pub(super) fn answer(
    world: &mut World,
    request: &Request,
    caller: &Caller,
    scope: &Scope,
    tail: &[&str],
) -> Result<Reply, ServiceFailure> {
    match (&request.method, tail) {
        (&Method::GET, []) => {
            let roles = listed(world, request, scope)?;
            page::of(request, world.page_size, roles, |role| show(world, request, scope, role))
        }
        (&Method::GET, [name]) => {
            options(request, &[])?;
            let role = find(world, scope, name)?;
            readable(world, scope, role)?;
            Ok(Reply::json(200, show(world, request, scope, role)))
        }
        (&Method::PATCH, [name]) => {
            options(request, &[])?;
            let role = find(world, scope, name)?;
            readable(world, scope, role)?;
            let target = Target::Azure { scope: scope.clone(), role };
            let sent = request.json()?;
            let sent = sent_rules(&sent)?;
            let (sent, newer) =
                if preview::is_asked(request) { preview::take(sent)? } else { (sent.to_vec(), Extra::new()) };
            let changes = rules::read_all(&sent, &world.policy(&target).rules)?;
            world.update_policy(&target, changes, true, caller)?;
            world.preview.entry(target).or_default().extend(newer);
            Ok(Reply::json(200, show(world, request, scope, role)))
        }
        (&Method::DELETE, [_]) => Ok(not_allowed()),
        _ => Err(unknown(request)),
    }
}

/// The definitions know deletions; the service does not, and says so in a form of its own. docs/service.md: azure-2
fn not_allowed() -> Reply {
    Reply::json(405, json!({ "message": "The requested resource does not support http method 'DELETE'." }))
}

/// The role of a policy assignment by its name: that of the policy, and that of the role.
fn assigned(world: &World, scope: &Scope, name: &str) -> Result<Uuid, ServiceFailure> {
    let parts = name.split_once('_').and_then(|(policy, role)| Some((policy, Uuid::parse_str(role).ok()?)));
    let (policy, role) = parts.ok_or_else(|| no_policy(name))?;
    if find(world, scope, policy)? != role {
        return Err(no_policy(name));
    }
    readable(world, scope, role)?;
    Ok(role)
}

/// A role cannot be given another policy than the one that it has.
fn same_assignment(world: &World, scope: &Scope, role: Uuid, sent: &Value) -> Result<(), ServiceFailure> {
    let known = ["scope", "roleDefinitionId", "policyId", "effectiveRules", "policyAssignmentProperties"];
    let properties = body::properties(sent, "policy assignment", &known)?;
    let policy = world.policy_id(&Target::Azure { scope: scope.clone(), role }).to_string();
    let other_role =
        body::filled(properties, "roleDefinitionId")?.map(body::role).transpose()?.is_some_and(|it| it != role);
    let other_policy = body::filled(properties, "policyId")?
        .is_some_and(|id| !id.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(&policy)));
    if other_role || other_policy { Err(no_policy(&policy)) } else { Ok(()) }
}

/// Lists and gets the assignments of policies.
pub(super) fn assignments(
    world: &World,
    request: &Request,
    scope: &Scope,
    tail: &[&str],
) -> Result<Reply, ServiceFailure> {
    match (&request.method, tail) {
        (&Method::GET, []) => {
            let roles = listed(world, request, scope)?;
            page::of(request, world.page_size, roles, |role| {
                let mut shown = show_assignment(world, request, scope, role);
                let is_preview = request.option("api-version").is_some_and(|version| version.ends_with("-preview"));
                // docs/service.md: azure-9
                if let (true, Some(properties)) =
                    (is_preview, shown.get_mut("properties").and_then(Value::as_object_mut))
                {
                    properties.remove("effectiveRules");
                }
                shown
            })
        }
        (&Method::GET, [name]) => {
            options(request, &[])?;
            let role = assigned(world, scope, name)?;
            Ok(Reply::json(200, show_assignment(world, request, scope, role)))
        }
        (&Method::PUT, [name]) => {
            options(request, &[])?;
            let role = assigned(world, scope, name)?;
            same_assignment(world, scope, role, &request.json()?)?;
            Ok(Reply::json(201, show_assignment(world, request, scope, role)))
        }
        (&Method::DELETE, [_]) => Ok(not_allowed()),
        _ => Err(unknown(request)),
    }
}

/// The roles at a scope that the filter asks for.
fn listed(world: &World, request: &Request, scope: &Scope) -> Result<Vec<Uuid>, ServiceFailure> {
    options(request, &["$filter", "$skiptoken"])?;
    let filter = Filter::of(request, |term| {
        matches!(term, Term::Equals(name, _) if name == "roleDefinitionId") || *term == Term::AtScope
    })?;
    for term in filter.terms() {
        if let Term::Equals(_, id) = term {
            body::role(id)?;
        }
    }
    if let Some(outcome) = request.option("$filter").and_then(|_| world.faults.filtered_policies()) {
        return outcome.failure().map_or_else(|| Ok(Vec::new()), Err);
    }
    let asked = |role: &Uuid| {
        filter.passes(&|term| match term {
            Term::Equals(_, id) => body::role(id).is_ok_and(|asked| asked == *role),
            _ => true,
        })
    };
    let roles: Vec<Uuid> = roles_at(world, scope).filter(asked).collect();
    for role in &roles {
        readable(world, scope, *role)?;
    }
    Ok(roles)
}

fn roles_at<'w>(world: &'w World, scope: &'w Scope) -> impl Iterator<Item = Uuid> + 'w {
    let has_policy = |role: &Uuid| !world.without_policy.contains(&Target::Azure { scope: scope.clone(), role: *role });
    world.azure_roles.values().filter(|role| world.is_assignable(role, scope)).map(|role| role.id).filter(has_policy)
}

/// Refuses what the tenant file says cannot be read.
pub(super) fn readable(world: &World, scope: &Scope, role: Uuid) -> Result<(), ServiceFailure> {
    let target = Target::Azure { scope: scope.clone(), role };
    match world.unreadable.get(&target) {
        None => Ok(()),
        Some(reason) => Err(ServiceFailure::new(403, "AuthorizationFailed", reason.clone())),
    }
}

fn no_policy(name: &str) -> ServiceFailure {
    ServiceFailure::new(404, "InputPolicyNotFound", format!("The policy '{name}' was not found."))
}

/// The role whose policy has this name just now.
fn find(world: &World, scope: &Scope, name: &str) -> Result<Uuid, ServiceFailure> {
    let id = Uuid::parse_str(name).map_err(|_| no_policy(name))?;
    let found =
        roles_at(world, scope).find(|role| world.policy_id(&Target::Azure { scope: scope.clone(), role: *role }) == id);
    found.ok_or_else(|| no_policy(name))
}

/// The rules of a body.
fn sent_rules(sent: &Value) -> Result<&[Value], ServiceFailure> {
    // All but the rules is read only. Clients send it back as they have read it.
    let known = [
        "rules",
        "scope",
        "displayName",
        "description",
        "isOrganizationDefault",
        "lastModifiedBy",
        "lastModifiedDateTime",
        "effectiveRules",
        "policyProperties",
    ];
    let properties = body::properties(sent, "policy", &known)?;
    Ok(body::list(properties, "rules")?.unwrap_or_default())
}

/// The rules of a policy, as the version of the request knows them.
fn shown_rules(world: &World, request: &Request, scope: &Scope, role: Uuid, policy: &Policy) -> Vec<Value> {
    let mut shown = rules::show_all(world, &policy.rules);
    if preview::is_asked(request) {
        preview::add(world, &Target::Azure { scope: scope.clone(), role }, &mut shown);
    }
    shown
}

fn policy_of(world: &World, scope: &Scope, role: Uuid) -> (Policy, bool) {
    let target = Target::Azure { scope: scope.clone(), role };
    (world.policy(&target), world.policies.contains_key(&target))
}

fn modified_by(policy: &Policy) -> Value {
    policy.modified_by.as_ref().map_or_else(
        || json!({}),
        |caller| {
            let kind = if caller.is_application { "ServicePrincipal" } else { "User" };
            json!({ "id": caller.id.to_string(), "displayName": caller.name, "type": kind, "email": caller.upn })
        },
    )
}

fn show(world: &World, request: &Request, scope: &Scope, role: Uuid) -> Value {
    let (policy, changed) = policy_of(world, scope, role);
    let name = policy.id.to_string();
    let rules = shown_rules(world, request, scope, role, &policy);
    shape::without_nulls(json!({
        "id": place::id(scope, "roleManagementPolicies", &name),
        "name": name,
        "type": "Microsoft.Authorization/roleManagementPolicies",
        "properties": {
            "scope": scope.as_str(),
            "isOrganizationDefault": !changed,
            "lastModifiedDateTime": policy.modified.map(crate::emulator::world::Time::millis),
            "lastModifiedBy": modified_by(&policy),
            "effectiveRules": rules.clone(),
            "rules": rules,
            "policyProperties": { "scope": shape::scope(world, scope) },
        },
    }))
}

fn show_assignment(world: &World, request: &Request, scope: &Scope, role: Uuid) -> Value {
    let (policy, _) = policy_of(world, scope, role);
    let target = Target::Azure { scope: scope.clone(), role };
    // docs/service.md: azure-3
    let at = match world.naming_role(&target) {
        Some(_) => json!({ "id": scope.as_str() }),
        None => shape::scope(world, scope),
    };
    let name = format!("{}_{role}", policy.id);
    let policy_id = place::id(scope, "roleManagementPolicies", &policy.id.to_string());
    shape::without_nulls(json!({
        // The service has this segment in the singular here.
        "id": place::id(scope, "roleManagementPolicyAssignment", &name),
        "name": name,
        "type": "Microsoft.Authorization/roleManagementPolicyAssignment",
        "properties": {
            "scope": scope.as_str(),
            "roleDefinitionId": place::role_definition_id(scope, role),
            "policyId": policy_id.clone(),
            "effectiveRules": shown_rules(world, request, scope, role, &policy),
            "policyAssignmentProperties": {
                "scope": at,
                "roleDefinition": shape::role(world, scope, role),
                "policy": {
                    "id": policy_id,
                    "lastModifiedBy": modified_by(&policy),
                    "lastModifiedDateTime": policy.modified.map(crate::emulator::world::Time::millis),
                },
            },
        },
    }))
}
