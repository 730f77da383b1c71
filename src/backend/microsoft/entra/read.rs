//! Reading directory roles: one list of all policies with their rules, and one list of schedules for each kind.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::assembly::{Assembly, why};
use super::super::error::{ErrorKind, ServiceError};
use super::super::http::{ReadClient, Service, path_segment, query_value};
use super::super::wire;
use super::role_ids::RoleIds;
use crate::model::{Kind, RoleId, Surface, Target};

/// The policies of all directory roles. Both parts of the filter must be there (docs/service.md: lists-1).
const OF_ROLES: &str = "scopeId eq '/' and scopeType eq 'DirectoryRole'";

/// The list of the policies of all directory roles, without their rules.
fn assignments_of_policies() -> String {
    format!("/v1.0/policies/roleManagementPolicyAssignments?$filter={}", query_value(OF_ROLES))
}

/// The same, with their rules.
pub(in super::super) fn policies() -> String {
    format!("{}&$expand=policy($expand=rules)", assignments_of_policies())
}

/// The list of all assignments of directory roles of a kind.
pub(in super::super) fn schedules(kind: Kind) -> String {
    let collection = match kind {
        Kind::Eligible => "roleEligibilitySchedules",
        Kind::Active => "roleAssignmentSchedules",
    };
    format!("/v1.0/roleManagement/directory/{collection}")
}

/// Reads these directory roles. What is listed of others is left out; `ids` says which role is meant, and learns.
pub(in super::super) async fn read(client: &ReadClient, roles: &BTreeSet<RoleId>, ids: &mut RoleIds) -> Assembly {
    let mut found = Assembly::default();
    if roles.is_empty() {
        return found;
    }
    let (eligible, active) = (schedules(Kind::Eligible), schedules(Kind::Active));
    let (policies, eligible, active) = futures::join!(
        settings(client, roles, ids),
        client.list(Service::Graph, &eligible),
        client.list(Service::Graph, &active),
    );
    let targets: Vec<Target> = roles.iter().map(|role| Target::Directory { directory_role: *role }).collect();
    match policies {
        Ok(policies) => found.extend(policies),
        Err(error) => {
            let error = error.asked("list the settings of directory roles");
            found.all_broken(&targets, why(&error));
        }
    }
    let mut lists: Vec<(Kind, Vec<Value>)> = Vec::new();
    for (kind, list) in [(Kind::Eligible, eligible), (Kind::Active, active)] {
        match list {
            Ok(list) => lists.push((kind, list)),
            Err(error) => {
                let error = error.asked(format!("list the {kind} assignments of directory roles"));
                found.all_broken(&targets, why(&error));
            }
        }
    }
    let mut all: Vec<&mut Vec<Value>> = lists.iter_mut().map(|(_, list)| list).collect();
    let unexplained = ids.explain(client, &mut all).await;
    let mut seen = BTreeSet::new();
    for (kind, list) in &lists {
        for assignment in found.schedules(Surface::Directory, *kind, list, || targets.iter().collect()) {
            if let Target::Directory { directory_role } = &assignment.target {
                seen.insert(*directory_role);
            }
            if is_asked(&assignment.target, roles) {
                found.row(assignment.target, assignment.row);
            }
        }
    }
    name_unexplained(&mut found, ids, &unexplained, roles, &seen);
    found
}

/// Says which assignments are of no role that is known, and makes unreadable what they may belong to.
fn name_unexplained(
    found: &mut Assembly,
    ids: &RoleIds,
    unexplained: &BTreeMap<RoleId, usize>,
    roles: &BTreeSet<RoleId>,
    seen: &BTreeSet<RoleId>,
) {
    for (id, count) in unexplained {
        let assignments = if *count == 1 { "assignment has" } else { "assignments have" };
        let what = format!("{count} {assignments} {}", ids.why(*id));
        for role in roles.iter().filter(|role| ids.may_be(**role, seen)) {
            found.broken(&Target::Directory { directory_role: *role }, format!("{what}, and may be of this role"));
        }
        found.note(format!("{what}; left alone"));
    }
}

fn is_asked(target: &Target, roles: &BTreeSet<RoleId>) -> bool {
    matches!(target, Target::Directory { directory_role } if roles.contains(directory_role))
}

/// The settings of directory roles.
async fn settings(client: &ReadClient, roles: &BTreeSet<RoleId>, ids: &RoleIds) -> Result<Assembly, ServiceError> {
    match client.list(Service::Graph, &policies()).await {
        // Every tenant has some; a list of none says nothing about any role.
        Ok(items) if items.is_empty() => Ok(of_none(roles)),
        Ok(items) => Ok(of_items(&items, roles, ids)),
        // One policy that the service cannot show makes it fail on all of them (docs/service.md: lists-2). Then each is
        // asked for by itself.
        Err(error) if error.kind == ErrorKind::Unavailable => {
            let items = client.list(Service::Graph, &assignments_of_policies()).await?;
            Ok(if items.is_empty() { of_none(roles) } else { one_by_one(client, &items, roles, ids).await })
        }
        Err(error) => Err(error),
    }
}

fn of_none(roles: &BTreeSet<RoleId>) -> Assembly {
    let mut found = Assembly::default();
    for role in roles {
        found.broken(&Target::Directory { directory_role: *role }, "the service lists no settings of directory roles");
    }
    found
}

fn of_items(items: &[Value], roles: &BTreeSet<RoleId>, ids: &RoleIds) -> Assembly {
    let mut found = Assembly::default();
    for item in items {
        let Some(target) = target(item, ids).filter(|target| is_asked(target, roles)) else { continue };
        match item.get("policy").and_then(|policy| policy.get("rules")).and_then(Value::as_array) {
            Some(rules) => found.policy(target, rules),
            None => found.broken(&target, "the service did not say what its settings are"),
        }
    }
    found
}

async fn one_by_one(client: &ReadClient, items: &[Value], roles: &BTreeSet<RoleId>, ids: &RoleIds) -> Assembly {
    let mut found = Assembly::default();
    let (mut targets, mut paths) = (Vec::new(), Vec::new());
    for item in items {
        let Some(target) = target(item, ids).filter(|target| is_asked(target, roles)) else { continue };
        match wire::field(item, "policyId").map(path_segment) {
            Some(id) => {
                targets.push(target);
                paths.push(format!("/v1.0/policies/roleManagementPolicies/{id}/rules"));
            }
            None => found.broken(&target, "the service did not say what its settings are"),
        }
    }
    for (target, rules) in targets.into_iter().zip(client.batch_list(&paths).await) {
        match rules {
            Ok(rules) => found.policy(target, &rules),
            Err(error) => found.broken(&target, why(&error.asked("read its settings"))),
        }
    }
    found
}

fn target(item: &Value, ids: &RoleIds) -> Option<Target> {
    let is_tenant = wire::field(item, "scopeId").is_none_or(|scope| scope == "/");
    let id = wire::field(item, "roleDefinitionId")?.parse().ok()?;
    let directory_role = ids.role(id).unwrap_or(id);
    is_tenant.then_some(Target::Directory { directory_role })
}
