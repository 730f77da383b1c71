//! Who made assignments: the log of requests says it for some weeks. It is asked only about what a plan would remove, and
//! what it does not say is not known (docs/service.md: access-packages-1, access-packages-2).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::entra::role_ids::RoleIds;
use super::http::{ReadClient, query_value};
use super::schedules::directory_scope_id;
use super::wire;
use crate::model::{AssignmentKey, Kind, Makers, PrincipalId, Target};

/// So many lists of requests are read. A plan that removes more is looked at by a guard anyway.
const MOST: usize = 100;

/// The actions after which an assignment is as they asked for it.
const MAKING: [&str; 4] = ["adminAssign", "adminUpdate", "adminExtend", "adminRenew"];

type One<'a> = &'a (Target, AssignmentKey);

/// Which of these assignments another application made. In Azure a request does not say what its maker is.
pub(super) async fn read(
    client: &ReadClient,
    of: &[(Target, AssignmentKey)],
    ids: &RoleIds,
    runner: Option<PrincipalId>,
) -> Makers {
    let mut by_path: BTreeMap<String, Vec<One<'_>>> = BTreeMap::new();
    for one in of {
        if let Some(path) = path(one) {
            by_path.entry(path).or_default().push(one);
        }
    }
    let mut makers = Makers::default();
    let paths: Vec<String> = by_path.keys().take(MOST).cloned().collect();
    if paths.len() < by_path.len() {
        let left = by_path.len() - paths.len();
        makers.notes.insert(format!("who made what goes was asked for {MOST} of them; {left} more were not asked for"));
    }
    let mut unread = BTreeSet::new();
    for (path, answer) in paths.iter().zip(client.batch_list(&paths).await) {
        match answer {
            Ok(requests) => {
                for one in by_path.get(path).into_iter().flatten() {
                    let maker = maker(&requests, one, ids, runner);
                    makers.applications.extend(maker.map(|name| ((*one).clone(), name)));
                }
            }
            Err(error) => drop(unread.insert(error.to_string())),
        }
    }
    let note = |why| format!("who made what goes could not be read, so an access package may make it again: {why}");
    makers.notes.extend(unread.into_iter().next().map(note));
    makers
}

/// Where the requests about an assignment are listed.
fn path((target, key): One<'_>) -> Option<String> {
    let (of_directory, of_group) = match key.kind {
        Kind::Eligible => ("roleEligibilityScheduleRequests", "eligibilityScheduleRequests"),
        Kind::Active => ("roleAssignmentScheduleRequests", "assignmentScheduleRequests"),
    };
    let principal = key.principal;
    match target {
        Target::Directory { .. } => {
            let filter = query_value(&format!("principalId eq '{principal}'"));
            Some(format!("/v1.0/roleManagement/directory/{of_directory}?$filter={filter}"))
        }
        Target::Group { group, .. } => {
            let filter = query_value(&format!("groupId eq '{group}' and principalId eq '{principal}'"));
            Some(format!("/v1.0/identityGovernance/privilegedAccess/group/{of_group}?$filter={filter}"))
        }
        Target::Azure { .. } => None,
    }
}

/// The application that made an assignment, by the last request that did; nothing where it was somebody, or this program.
fn maker(requests: &[Value], one: One<'_>, ids: &RoleIds, runner: Option<PrincipalId>) -> Option<Arc<str>> {
    let is_about = |request: &&Value| {
        let is =
            |field: &str, word: &str| wire::field(request, field).is_some_and(|text| text.eq_ignore_ascii_case(word));
        let makes = MAKING.iter().any(|action| is("action", action));
        makes
            && is("principalId", &one.1.principal.to_string())
            && match &one.0 {
                Target::Directory { directory_role } => {
                    let role = wire::field(request, "roleDefinitionId").and_then(|id| id.parse().ok());
                    role.is_some_and(|id| ids.role(id).unwrap_or(id) == *directory_role)
                        && is("directoryScopeId", &directory_scope_id(&one.1.scope))
                }
                Target::Group { group, access } => {
                    is("groupId", &group.to_string()) && is("accessId", &access.to_string())
                }
                Target::Azure { .. } => false,
            }
    };
    let last = requests.iter().filter(is_about).max_by_key(|request| wire::field(request, "createdDateTime"))?;
    let application = last.get("createdBy")?.get("application").filter(|application| application.is_object())?;
    let id = wire::field(application, "id");
    let is_runner = runner.is_some_and(|runner| id.is_some_and(|id| id.eq_ignore_ascii_case(&runner.to_string())));
    let name = wire::field(application, "displayName").or(id).unwrap_or("unknown");
    (!is_runner).then(|| name.into())
}
