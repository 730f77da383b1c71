//! Policies: what a target demands, and which policy governs which target.

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Print, nested, no_links, not_found, with_context, wrong_method};
use super::body::Fields;
use super::{rule, schema};
use crate::emulator::odata::{Filter, Query, Takes, bad};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{Access, Caller, Membership, Policy, RuleId, Surface, Target, Time, World};

/// `/policies/roleManagementPolicyAssignments[/{id}]`
pub(super) fn assignments(world: &World, request: &Request, id: Option<&str>) -> Result<Reply, ServiceFailure> {
    need_get(request)?;
    let render = |target: &Target| assignment(world, target);
    let expand = |target: &Target, _: &str, query: &Query| print_policy(world, target, query);
    let print = Print { entity: &schema::POLICY_ASSIGNMENT, render: &render, expand: &expand };
    let what = "policies/roleManagementPolicyAssignments";
    let Some(id) = id else {
        let query = Query::parse(request, &schema::POLICY_ASSIGNMENT, Takes::List)?;
        let targets = in_scope(world, query.filter.as_ref())?;
        let what = if query.expands("policy").is_some_and(|policy| policy.expands("rules").is_some()) {
            format!("{what}(policy(rules()))")
        } else {
            what.to_owned()
        };
        return Ok(print.list(request, &what, world.page_size, &query, targets));
    };
    let query = Query::parse(request, &schema::POLICY_ASSIGNMENT, Takes::One)?;
    let (policy, _) = id.rsplit_once('_').ok_or_else(not_found)?;
    let target = find(world, policy).filter(|target| assignment_id(world, target).eq_ignore_ascii_case(id));
    Ok(print.one(request, 200, what, &query, &readable(world, target)?))
}

/// `/policies/roleManagementPolicyAssignments/{id}/policy`
pub(super) fn of_assignment(world: &World, request: &Request, id: &str) -> Result<Reply, ServiceFailure> {
    need_get(request)?;
    let (policy, _) = id.rsplit_once('_').ok_or_else(not_found)?;
    let target = readable(world, find(world, policy))?;
    one(world, request, &target)
}

/// `/policies/roleManagementPolicies`
pub(super) fn policies(world: &World, request: &Request) -> Result<Reply, ServiceFailure> {
    need_get(request)?;
    let query = Query::parse(request, &schema::POLICY, Takes::List)?;
    let targets = in_scope(world, query.filter.as_ref())?;
    let render = |target: &Target| policy(world, target);
    let expand = |target: &Target, _: &str, query: &Query| rules(world, target, query);
    let print = Print { entity: &schema::POLICY, render: &render, expand: &expand };
    Ok(print.list(request, "policies/roleManagementPolicies", world.page_size, &query, targets))
}

/// `/policies/roleManagementPolicies/{id}`
pub(super) fn single(world: &mut World, request: &Request, caller: &Caller, id: &str) -> Result<Reply, ServiceFailure> {
    let target = readable(world, find(world, id))?;
    match request.method {
        Method::GET => one(world, request, &target),
        Method::PATCH => {
            let mut fields = Fields::new("unifiedRoleManagementPolicy", request.json()?)?;
            let list = fields.list("rules")?.unwrap_or_default();
            fields.finish_as(&schema::POLICY)?;
            let changes = list.into_iter().map(|value| rule::read(rule::complete(world, &target, value, None), None));
            let changes = changes.collect::<Result<_, _>>()?;
            let changes: Vec<_> = changes;
            if !changes.is_empty() {
                world.update_policy(&target, changes, true, caller)?;
            }
            let value = policy(world, &target);
            Ok(Reply::json(200, with_context(request, "policies/roleManagementPolicies", value)))
        }
        _ => Err(wrong_method(request)),
    }
}

/// `/policies/roleManagementPolicies/{id}/rules` and `/effectiveRules`
pub(super) fn rule_list(world: &World, request: &Request, id: &str, name: &str) -> Result<Reply, ServiceFailure> {
    need_get(request)?;
    let target = readable(world, find(world, id))?;
    let query = Query::parse(request, &schema::RULE, Takes::List)?;
    let policy = world.policy(&target);
    let render = |id: &RuleId| rule::print(world, target.surface(), *id, &policy.rules.get(*id));
    let print = Print { entity: &schema::RULE, render: &render, expand: &no_links };
    let what = format!("policies/roleManagementPolicies('{}')/{name}", policy_id(world, &target));
    Ok(print.list(request, &what, usize::MAX, &query, in_order(world, &target, &policy)))
}

/// `/policies/roleManagementPolicies/{id}/rules/{rule}`
pub(super) fn single_rule(
    world: &mut World,
    request: &Request,
    caller: &Caller,
    id: &str,
    rule_id: &str,
) -> Result<Reply, ServiceFailure> {
    let target = readable(world, find(world, id))?;
    let no_rule = || ServiceFailure::new(404, "ResourceNotFound", format!("The policy rule id {rule_id} is invalid."));
    // One that the policy does not have yet comes by a change of the policy only.
    let has = |id: &RuleId| world.policy(&target).rules.has(*id);
    let rule_id = RuleId::parse(rule_id).filter(has).ok_or_else(no_rule)?;
    match request.method {
        Method::GET => {
            let query = Query::parse(request, &schema::RULE, Takes::One)?;
            let rule = world.policy(&target).rules.get(rule_id);
            let value = nested(rule::print(world, target.surface(), rule_id, &rule), &query, &schema::RULE);
            let what = format!("policies/roleManagementPolicies('{}')/rules", policy_id(world, &target));
            Ok(Reply::json(200, with_context(request, &what, value)))
        }
        Method::PATCH => {
            let change = rule::read(rule::complete(world, &target, request.json()?, Some(rule_id)), Some(rule_id))?;
            world.update_policy(&target, vec![change], false, caller)?;
            Ok(Reply::empty(204))
        }
        _ => Err(wrong_method(request)),
    }
}

fn need_get(request: &Request) -> Result<(), ServiceFailure> {
    if request.method == Method::GET { Ok(()) } else { Err(wrong_method(request)) }
}

fn one(world: &World, request: &Request, target: &Target) -> Result<Reply, ServiceFailure> {
    let query = Query::parse(request, &schema::POLICY, Takes::One)?;
    let render = |target: &Target| policy(world, target);
    let expand = |target: &Target, _: &str, query: &Query| rules(world, target, query);
    let print = Print { entity: &schema::POLICY, render: &render, expand: &expand };
    Ok(print.one(request, 200, "policies/roleManagementPolicies", &query, target))
}

/// The targets that a filter selects; it must name the scope. What cannot be read is left out, unless there is nothing
/// else.
fn in_scope(world: &World, filter: Option<&Filter>) -> Result<Vec<Target>, ServiceFailure> {
    let needed = || {
        let message = "The filter is invalid: 'scopeId' and 'scopeType' must be given with 'eq'.";
        ServiceFailure::new(400, "InvalidFilter", message)
    };
    let filter = filter.ok_or_else(needed)?;
    let scope_id = filter.fixes("scopeId").ok_or_else(needed)?;
    let scope_type = filter.fixes("scopeType").ok_or_else(needed)?;
    let targets: Vec<Target> = match scope_type.to_ascii_lowercase().as_str() {
        "directoryrole" | "directory" if scope_id == "/" => {
            world.directory_roles.keys().map(|role| Target::Directory { role: *role }).collect()
        }
        "directoryrole" | "directory" => {
            return Err(bad(format!("'{scope_id}' is not the scope of a directory role's policy.")));
        }
        "group" => {
            let group = Uuid::try_parse(scope_id).ok().and_then(|id| world.groups.get(&id));
            let group = group.ok_or_else(not_found)?;
            if group.membership != Membership::Assigned {
                let message = "The resource type is not supported.";
                return Err(ServiceFailure::new(400, "ResourceTypeNotSupported", message));
            }
            [Access::Member, Access::Owner].map(|access| Target::Group { group: group.id, access }).into()
        }
        other => return Err(bad(format!("'{other}' is not a scope type that has policies."))),
    };
    let role = filter.fixes("roleDefinitionId");
    let meant = |target: &Target| {
        role.is_none_or(|role| role_id(target).eq_ignore_ascii_case(role)) && !world.without_policy.contains(target)
    };
    let targets: Vec<Target> = targets.into_iter().filter(meant).collect();
    let readable: Vec<Target> =
        targets.iter().filter(|target| !world.unreadable.contains_key(target)).cloned().collect();
    match targets.first() {
        Some(first) if readable.is_empty() => Err(denied(world, first)),
        _ => Ok(readable),
    }
}

/// What the tenant file says cannot be read.
pub(super) fn denied(world: &World, target: &Target) -> ServiceFailure {
    let reason = world.unreadable.get(target).map_or("", String::as_str);
    ServiceFailure::new(403, "PermissionScopeNotGranted", format!("Authorization failed: {reason}")).nested()
}

fn readable(world: &World, target: Option<Target>) -> Result<Target, ServiceFailure> {
    let target = target.ok_or_else(not_found)?;
    if world.unreadable.contains_key(&target) { Err(denied(world, &target)) } else { Ok(target) }
}

/// What a policy's id is about.
fn find(world: &World, id: &str) -> Option<Target> {
    let mut parts = id.split('_');
    let candidates: Vec<Target> = match (parts.next()?, parts.next(), parts.next(), parts.next()) {
        (kind, Some(_), Some(_), None) if kind.eq_ignore_ascii_case("DirectoryRole") => {
            world.directory_roles.keys().map(|role| Target::Directory { role: *role }).collect()
        }
        (kind, Some(group), Some(_), None) if kind.eq_ignore_ascii_case("Group") => {
            let group = Uuid::try_parse(group).ok()?;
            world.groups.get(&group)?;
            [Access::Member, Access::Owner].map(|access| Target::Group { group, access }).into()
        }
        _ => return None,
    };
    let mut candidates = candidates.into_iter().filter(|target| !world.without_policy.contains(target));
    candidates.find(|target| policy_id(world, target).eq_ignore_ascii_case(id))
}

/// `DirectoryRole_<tenant>_<guid>`, `Group_<group>_<guid>`
fn policy_id(world: &World, target: &Target) -> String {
    let own = world.policy_id(target);
    match target {
        Target::Group { group, .. } => format!("Group_{group}_{own}"),
        _ => format!("DirectoryRole_{}_{own}", world.tenant.id),
    }
}

fn role_id(target: &Target) -> String {
    match target {
        Target::Group { access, .. } => access.as_str().to_owned(),
        Target::Directory { role } | Target::Azure { role, .. } => role.to_string(),
    }
}

fn assignment_id(world: &World, target: &Target) -> String {
    format!("{}_{}", policy_id(world, target), role_id(target))
}

fn scope(target: &Target) -> (String, &'static str) {
    match target {
        Target::Group { group, .. } => (group.to_string(), "Group"),
        _ => ("/".to_owned(), "DirectoryRole"),
    }
}

fn assignment(world: &World, target: &Target) -> Value {
    let (scope_id, scope_type) = scope(target);
    json!({
        "id": assignment_id(world, target),
        "policyId": policy_id(world, target),
        "scopeId": scope_id,
        "scopeType": scope_type,
        "roleDefinitionId": role_id(target),
    })
}

fn policy(world: &World, target: &Target) -> Value {
    let Policy { modified, modified_by, .. } = world.policy(target);
    let (scope_id, scope_type) = scope(target);
    json!({
        "id": policy_id(world, target),
        "displayName": scope_type,
        "description": scope_type,
        "isOrganizationDefault": false,
        "scopeId": scope_id,
        "scopeType": scope_type,
        "lastModifiedDateTime": modified.map(Time::millis),
        "lastModifiedBy": { "displayName": modified_by.and_then(|caller| caller.name), "id": null },
    })
}

fn print_policy(world: &World, target: &Target, query: &Query) -> Value {
    let mut value = nested(policy(world, target), query, &schema::POLICY);
    if let Value::Object(object) = &mut value {
        for expand in &query.expand {
            object.insert(expand.link.name.to_owned(), rules(world, target, &expand.query));
        }
    }
    value
}

fn rules(world: &World, target: &Target, query: &Query) -> Value {
    let (policy, surface): (Policy, Surface) = (world.policy(target), target.surface());
    let print = |id: RuleId| nested(rule::print(world, surface, id, &policy.rules.get(id)), query, &schema::RULE);
    in_order(world, target, &policy).into_iter().map(print).collect()
}

/// The rules of a policy in the order in which they are printed. It differs between policies.
// docs/service.md: habits-2
fn in_order(world: &World, target: &Target, policy: &Policy) -> Vec<RuleId> {
    let mut ids: Vec<RuleId> = policy.rules.ids().collect();
    let first = world.policy_id(target).as_bytes().first().copied().map_or(0, usize::from);
    let count = ids.len().max(1);
    ids.rotate_left(first % count);
    ids
}
