//! Finding policies in Microsoft Graph: one way for whoever reads them and for whoever changes them.
//!
//! A narrow question is asked first. Where it finds nothing, or the service does not manage to answer it, a wider one is;
//! and where the service cannot show policies with their rules, the rules of each are asked for by themselves.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::entra::role_ids::RoleIds;
use super::error::{ErrorKind, ServiceError};
use super::http::{ReadClient, Rows, Service, path_segment, query_value};
use super::wire;
use crate::model::PrincipalId;

/// Whose policies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// Of directory roles.
    Directory,
    /// Of a group: one for members, one for owners.
    Group(PrincipalId),
}

/// A policy by what assigns it to a role, which has the id of the role and of the policy.
#[derive(Clone, Debug)]
pub(super) struct Assigned {
    /// What assigns it.
    pub(super) assignment: Value,
    /// Its rules, or why they could not be read.
    pub(super) rules: Result<Vec<Value>, ServiceError>,
}

/// Policies that were listed, built one at a time.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// What assigns them.
    rows: Rows,
    /// Their rules by the ids of policies, where they did not come together.
    apart: Option<BTreeMap<String, Result<Vec<Value>, ServiceError>>>,
}

impl Listed {
    /// Policies that came with their rules.
    pub(super) fn with_rules(rows: Rows) -> Self {
        Self { rows, apart: None }
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Each; those that were not wanted perhaps without rules.
    pub(super) fn iter(&self) -> impl Iterator<Item = Assigned> + '_ {
        self.rows.iter().map(|assignment| {
            let apart = self.apart.as_ref().zip(wire::field(&assignment, "policyId"));
            match apart.and_then(|(rules, id)| rules.get(id)) {
                Some(rules) => Assigned { assignment, rules: rules.clone() },
                None => assigned(assignment),
            }
        })
    }
}

/// Whether the service did not manage to answer, so that another question may be answered.
/// docs/service.md: policies-2, lists-2
pub(super) fn is_unanswered(error: &ServiceError) -> bool {
    matches!(error.kind, ErrorKind::Unavailable | ErrorKind::TimedOut)
}

impl Place {
    fn scope(self) -> String {
        match self {
            Self::Directory => "/".to_owned(),
            Self::Group(group) => group.to_string(),
        }
    }

    /// The path of what assigns policies here. Both parts of the filter must be there (docs/service.md: lists-1).
    fn path(self, role: Option<&str>) -> String {
        let kind = match self {
            Self::Directory => "DirectoryRole",
            Self::Group(_) => "Group",
        };
        let role = role.map(|role| format!(" and roleDefinitionId eq '{role}'")).unwrap_or_default();
        let filter = format!("scopeId eq '{}' and scopeType eq '{kind}'{role}", self.scope());
        format!("/v1.0/policies/roleManagementPolicyAssignments?$filter={}", query_value(&filter))
    }

    /// The path of all policies here, with their rules.
    pub(super) fn with_rules(self) -> String {
        expanded(&self.path(None))
    }

    fn has(self, assignment: &Value) -> bool {
        wire::field(assignment, "scopeId").is_none_or(|scope| scope.eq_ignore_ascii_case(&self.scope()))
    }
}

fn expanded(path: &str) -> String {
    format!("{path}&$expand={}", query_value("policy($expand=rules)"))
}

/// The policy of one role, which may be called by any of its ids.
pub(super) async fn one(
    client: &ReadClient,
    place: Place,
    role: &str,
    ids: &RoleIds,
) -> Result<Option<Assigned>, ServiceError> {
    let own = |assignment: &Value| {
        let of = wire::field(assignment, "roleDefinitionId");
        of.is_some_and(|of| of.eq_ignore_ascii_case(role) || is_one(ids, of, role)) && place.has(assignment)
    };
    let found = match client.list(Service::Graph, &expanded(&place.path(Some(role)))).await {
        Ok(items) => items.iter().find(own),
        Err(error) if is_unanswered(&error) => None,
        Err(error) => return Err(error),
    };
    match found {
        Some(assignment) => Ok(Some(assigned(assignment))),
        None => Ok(all(client, place, own).await?.iter().find(|found| own(&found.assignment))),
    }
}

/// Whether two ids are of one directory role (docs/service.md: directory-roles-1).
fn is_one(ids: &RoleIds, of: &str, role: &str) -> bool {
    let listed = |id: &str| id.parse().ok().and_then(|id| ids.role(id));
    listed(of).is_some_and(|of| listed(role) == Some(of))
}

/// All policies; of those that are not `wanted` perhaps without rules.
pub(super) async fn all(
    client: &ReadClient,
    place: Place,
    wanted: impl Fn(&Value) -> bool,
) -> Result<Listed, ServiceError> {
    match client.list(Service::Graph, &place.with_rules()).await {
        Ok(rows) => Ok(Listed::with_rules(rows)),
        Err(error) if is_unanswered(&error) => rule_by_rule(client, place, wanted).await,
        Err(error) => Err(error),
    }
}

/// One policy that the service cannot show makes it fail on all of them.
pub(super) async fn rule_by_rule(
    client: &ReadClient,
    place: Place,
    wanted: impl Fn(&Value) -> bool,
) -> Result<Listed, ServiceError> {
    let rows = client.list(Service::Graph, &place.path(None)).await?;
    let id = |item: &Value| wire::field(item, "policyId").filter(|_| wanted(item)).map(str::to_owned);
    let ids: BTreeSet<String> = rows.each(id).collect();
    let path = |id: &String| format!("/v1.0/policies/roleManagementPolicies/{}/rules", path_segment(id));
    let rules = client.batch_list(&ids.iter().map(path).collect::<Vec<_>>()).await;
    let rules = rules.into_iter().map(|rules| rules.map(|rules| rules.iter().collect()));
    Ok(Listed { rows, apart: Some(ids.into_iter().zip(rules).collect()) })
}

/// A policy that came with its rules.
fn assigned(assignment: Value) -> Assigned {
    let rules = assignment.pointer("/policy/rules").and_then(Value::as_array).cloned();
    let missing = || {
        let path = "/v1.0/policies/roleManagementPolicyAssignments";
        ServiceError::unexpected(path, "the service did not say what its settings are")
    };
    Assigned { assignment, rules: rules.ok_or_else(missing) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::backend::microsoft::reader::stub::Stub;

    #[tokio::test]
    async fn a_role_is_found_by_any_of_its_ids() {
        let guid = |n: u32| format!("00000000-0000-4000-8000-{n:012}");
        let ids = RoleIds::listed([json!({ "id": guid(1), "templateId": guid(10), "isBuiltIn": false })]);
        let assignment =
            json!({ "policyId": "p1", "scopeId": "/", "roleDefinitionId": guid(10), "policy": { "rules": [] } });
        let client =
            Stub::default().list("scopeType eq 'DirectoryRole'&$expand", json!([assignment])).reader().await.client;
        for (role, is_found) in [(1, true), (10, true), (2, false)] {
            let found = one(&client, Place::Directory, &guid(role), &ids).await.unwrap();
            assert_eq!(found.is_some(), is_found, "{role}");
        }
    }
}
