//! Reading directory roles: one list of all policies with their rules, and one list of schedules for each kind.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::assembly::{Assembly, why};
use super::super::error::ServiceError;
use super::super::http::{ReadClient, Rows, Service};
use super::super::policies::{self, Assigned, Place};
use super::super::wire;
use super::role_ids::{RoleIds, named_role};
use crate::model::{Kind, RoleId, Surface, Target};

/// The list of the policies of all directory roles, with their rules.
pub(in super::super) fn policies() -> String {
    Place::Directory.with_rules()
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
    let mut lists: Vec<(Kind, Rows)> = Vec::new();
    for (kind, list) in [(Kind::Eligible, eligible), (Kind::Active, active)] {
        match list {
            Ok(list) => lists.push((kind, list)),
            Err(error) => {
                let error = error.asked(format!("list the {kind} assignments of directory roles"));
                found.all_broken(&targets, why(&error));
            }
        }
    }
    let named = lists.iter().flat_map(|(_, list)| list.each(named_role)).collect();
    ids.find_out(client, named).await;
    let mut unexplained: BTreeMap<RoleId, usize> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (kind, list) in &lists {
        let explained = list.iter().filter_map(|mut schedule| match ids.explain(&mut schedule) {
            Ok(()) => Some(schedule),
            Err(id) => {
                *unexplained.entry(id).or_default() += 1;
                None
            }
        });
        for assignment in found.schedules(Surface::Directory, *kind, explained, || targets.iter().collect()) {
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
    let asked = |item: &Value| target(item, ids).filter(|target| is_asked(target, roles));
    let listed = policies::all(client, Place::Directory, |item| asked(item).is_some()).await?;
    if listed.is_empty() {
        // Every tenant has some; a list of none says nothing about any role.
        return Ok(of_none(roles));
    }
    let mut found = Assembly::default();
    for Assigned { assignment, rules } in listed.iter() {
        let Some(target) = asked(&assignment) else { continue };
        match rules {
            Ok(rules) => found.policy(target, &rules),
            Err(error) => found.broken(&target, why(&error.asked("read its settings"))),
        }
    }
    Ok(found)
}

fn of_none(roles: &BTreeSet<RoleId>) -> Assembly {
    let mut found = Assembly::default();
    for role in roles {
        found.broken(&Target::Directory { directory_role: *role }, "the service lists no settings of directory roles");
    }
    found
}

fn target(item: &Value, ids: &RoleIds) -> Option<Target> {
    let is_tenant = wire::field(item, "scopeId").is_none_or(|scope| scope == "/");
    let id = wire::field(item, "roleDefinitionId")?.parse().ok()?;
    let directory_role = ids.role(id).unwrap_or(id);
    is_tenant.then_some(Target::Directory { directory_role })
}
