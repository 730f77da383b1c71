//! Reading directory roles: one list of all policies with their rules, and one list of schedules for each kind.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::assembly::{Assembly, why};
use super::super::error::{ErrorKind, ServiceError};
use super::super::http::{ReadClient, Service, path_segment, query_value};
use super::super::wire;
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

/// Reads these directory roles. What is listed of others is left out.
pub(in super::super) async fn read(client: &ReadClient, roles: &BTreeSet<RoleId>) -> Assembly {
    let mut found = Assembly::default();
    if roles.is_empty() {
        return found;
    }
    let (eligible, active) = (schedules(Kind::Eligible), schedules(Kind::Active));
    let (policies, eligible, active) = futures::join!(
        settings(client, roles),
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
    for (kind, list) in [(Kind::Eligible, eligible), (Kind::Active, active)] {
        match list {
            Ok(list) => {
                for assignment in found.schedules(Surface::Directory, kind, &list, || targets.iter().collect()) {
                    if is_asked(&assignment.target, roles) {
                        found.row(assignment.target, assignment.row);
                    }
                }
            }
            Err(error) => {
                let error = error.asked(format!("list the {kind} assignments of directory roles"));
                found.all_broken(&targets, why(&error));
            }
        }
    }
    found
}

fn is_asked(target: &Target, roles: &BTreeSet<RoleId>) -> bool {
    matches!(target, Target::Directory { directory_role } if roles.contains(directory_role))
}

/// The settings of directory roles.
async fn settings(client: &ReadClient, roles: &BTreeSet<RoleId>) -> Result<Assembly, ServiceError> {
    match client.list(Service::Graph, &policies()).await {
        Ok(items) => Ok(of_items(&items, roles)),
        // One policy that the service cannot show makes it fail on all of them (docs/service.md: lists-2). Then each is
        // asked for by itself.
        Err(error) if error.kind == ErrorKind::Unavailable => {
            let items = client.list(Service::Graph, &assignments_of_policies()).await?;
            Ok(one_by_one(client, &items, roles).await)
        }
        Err(error) => Err(error),
    }
}

fn of_items(items: &[Value], roles: &BTreeSet<RoleId>) -> Assembly {
    let mut found = Assembly::default();
    for item in items {
        let Some(target) = target(item).filter(|target| is_asked(target, roles)) else { continue };
        match item.get("policy").and_then(|policy| policy.get("rules")).and_then(Value::as_array) {
            Some(rules) => found.policy(target, rules),
            None => found.broken(&target, "the service did not say what its settings are"),
        }
    }
    found
}

async fn one_by_one(client: &ReadClient, items: &[Value], roles: &BTreeSet<RoleId>) -> Assembly {
    let policy = |item: &Value| {
        let target = target(item).filter(|target| is_asked(target, roles))?;
        let id = path_segment(wire::field(item, "policyId")?);
        Some((target, format!("/v1.0/policies/roleManagementPolicies/{id}/rules")))
    };
    let (targets, paths): (Vec<Target>, Vec<String>) = items.iter().filter_map(policy).unzip();
    let mut found = Assembly::default();
    for (target, rules) in targets.into_iter().zip(client.batch_list(&paths).await) {
        match rules {
            Ok(rules) => found.policy(target, &rules),
            Err(error) => found.broken(&target, why(&error.asked("read its settings"))),
        }
    }
    found
}

fn target(item: &Value) -> Option<Target> {
    let is_tenant = wire::field(item, "scopeId").is_none_or(|scope| scope == "/");
    let directory_role = wire::field(item, "roleDefinitionId")?.parse().ok()?;
    is_tenant.then_some(Target::Directory { directory_role })
}
