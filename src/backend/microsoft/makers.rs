//! Who made assignments: the log of requests says it for some weeks. It is asked about what a plan would remove, and
//! for a snapshot about all; what it does not say is not known (docs/service.md: access-packages-1, access-packages-2).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::entra::role_ids::RoleIds;
use super::http::{ReadClient, Rows, query_value};
use super::schedules::directory_scope_id;
use super::wire;
use crate::model::{AssignmentKey, Kind, Makers, PrincipalId, RequestList, Target};

/// Of more assignments than this, whole lists of requests are read: one for each group, and one for all directory roles.
const FEW: usize = 100;

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
    let mut by_path: BTreeMap<String, (RequestList, Vec<One<'_>>)> = BTreeMap::new();
    for one in of {
        let Some(list) = RequestList::of(&one.0, one.1.kind) else { continue };
        let narrow = (of.len() <= FEW).then_some(one.1.principal);
        by_path.entry(path(list, narrow)).or_insert((list, Vec::new())).1.push(one);
    }
    let mut makers = Makers::default();
    let paths: Vec<String> = by_path.keys().cloned().collect();
    for (answer, (list, all)) in client.batch_list(&paths).await.into_iter().zip(by_path.into_values()) {
        match answer {
            Ok(requests) => {
                let last = last(&requests, &all, ids);
                let named = last.into_iter().filter_map(|(one, request)| Some((one.clone(), maker(&request, runner)?)));
                makers.applications.extend(named);
            }
            Err(error) => {
                let error = error.asked(format!("list the requests for {list}"));
                makers.unread.insert(list, error.to_string().into());
            }
        }
    }
    makers
}

/// Where requests are listed: all of a list, or those about one principal.
fn path(list: RequestList, principal: Option<PrincipalId>) -> String {
    let (of_directory, of_group) = match list.kind {
        Kind::Eligible => ("roleEligibilityScheduleRequests", "eligibilityScheduleRequests"),
        Kind::Active => ("roleAssignmentScheduleRequests", "assignmentScheduleRequests"),
    };
    let collection = match list.group {
        None => format!("/v1.0/roleManagement/directory/{of_directory}"),
        Some(_) => format!("/v1.0/identityGovernance/privilegedAccess/group/{of_group}"),
    };
    let group = list.group.map(|group| format!("groupId eq '{group}'"));
    let principal = principal.map(|principal| format!("principalId eq '{principal}'"));
    let filters: Vec<String> = group.into_iter().chain(principal).collect();
    if filters.is_empty() {
        collection
    } else {
        format!("{collection}?$filter={}", query_value(&filters.join(" and ")))
    }
}

/// The last request that made each assignment.
fn last<'a>(requests: &Rows, all: &[One<'a>], ids: &RoleIds) -> BTreeMap<One<'a>, Value> {
    let mut by_principal: BTreeMap<PrincipalId, Vec<One<'a>>> = BTreeMap::new();
    for one in all {
        by_principal.entry(one.1.principal).or_default().push(one);
    }
    let created = |request: &Value| wire::field(request, "createdDateTime").map(str::to_owned);
    let mut last: BTreeMap<One<'a>, Value> = BTreeMap::new();
    for request in requests.iter() {
        let principal = wire::field(&request, "principalId").and_then(|id| id.parse().ok());
        let ones = principal.and_then(|principal: PrincipalId| by_principal.get(&principal));
        for one in ones.into_iter().flatten().filter(|one| makes(&request, one, ids)) {
            if last.get(one).is_none_or(|before| created(before) <= created(&request)) {
                last.insert(*one, request.clone());
            }
        }
    }
    last
}

/// Whether a request made an assignment.
fn makes(request: &Value, one: One<'_>, ids: &RoleIds) -> bool {
    let is = |field: &str, word: &str| wire::field(request, field).is_some_and(|text| text.eq_ignore_ascii_case(word));
    MAKING.iter().any(|action| is("action", action))
        && match &one.0 {
            Target::Directory { directory_role } => {
                let role = wire::field(request, "roleDefinitionId").and_then(|id| id.parse().ok());
                role.is_some_and(|id| ids.role(id).unwrap_or(id) == *directory_role)
                    && is("directoryScopeId", &directory_scope_id(&one.1.scope))
            }
            Target::Group { group, access } => is("groupId", &group.to_string()) && is("accessId", &access.to_string()),
            Target::Azure { .. } => false,
        }
}

/// The application that sent a request; nothing where it was somebody, or this program.
fn maker(request: &Value, runner: Option<PrincipalId>) -> Option<Arc<str>> {
    let application = request.get("createdBy")?.get("application").filter(|application| application.is_object())?;
    let id = wire::field(application, "id");
    let is_runner = runner.is_some_and(|runner| id.is_some_and(|id| id.eq_ignore_ascii_case(&runner.to_string())));
    let name = wire::field(application, "displayName").or(id).unwrap_or("unknown");
    (!is_runner).then(|| name.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_asked_for_by_principal_or_by_whole_lists() {
        let id = PrincipalId::new(uuid::Uuid::from_u128(1));
        let of_roles = RequestList { group: None, kind: Kind::Eligible };
        let of_group = RequestList { group: Some(id), kind: Kind::Active };
        assert_eq!(path(of_roles, None), "/v1.0/roleManagement/directory/roleEligibilityScheduleRequests");
        assert!(path(of_roles, Some(id)).ends_with(&format!("?$filter=principalId%20eq%20%27{id}%27")));
        let group = format!("groupId%20eq%20%27{id}%27");
        assert!(path(of_group, None).ends_with(&format!("/group/assignmentScheduleRequests?$filter={group}")));
        assert!(path(of_group, Some(id)).ends_with(&format!("{group}%20and%20principalId%20eq%20%27{id}%27")));
    }
}
