//! Finding policies in Microsoft Graph: one way for whoever reads them and for whoever changes them.
//!
//! A narrow question is asked first. Where it finds nothing, or the service does not manage to answer it, a wider one is;
//! and where the service cannot show policies with their rules, the rules of each are asked for by themselves.

use serde_json::Value;

use super::error::{ErrorKind, ServiceError};
use super::http::{ReadClient, Service, path_segment, query_value};
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

/// The policy of one role.
pub(super) async fn one(client: &ReadClient, place: Place, role: &str) -> Result<Option<Assigned>, ServiceError> {
    let own = |assignment: &Value| {
        let of = wire::field(assignment, "roleDefinitionId");
        of.is_some_and(|of| of.eq_ignore_ascii_case(role)) && place.has(assignment)
    };
    let found = match client.list(Service::Graph, &expanded(&place.path(Some(role)))).await {
        Ok(items) => items.into_iter().find(own),
        Err(error) if is_unanswered(&error) => None,
        Err(error) => return Err(error),
    };
    match found {
        Some(assignment) => Ok(Some(assigned(assignment))),
        None => Ok(all(client, place, own).await?.into_iter().find(|found| own(&found.assignment))),
    }
}

/// All policies; of those that are not `wanted` perhaps without rules.
pub(super) async fn all(
    client: &ReadClient,
    place: Place,
    wanted: impl Fn(&Value) -> bool,
) -> Result<Vec<Assigned>, ServiceError> {
    match client.list(Service::Graph, &place.with_rules()).await {
        Ok(items) => Ok(items.into_iter().map(assigned).collect()),
        Err(error) if is_unanswered(&error) => rule_by_rule(client, place, wanted).await,
        Err(error) => Err(error),
    }
}

/// One policy that the service cannot show makes it fail on all of them.
pub(super) async fn rule_by_rule(
    client: &ReadClient,
    place: Place,
    wanted: impl Fn(&Value) -> bool,
) -> Result<Vec<Assigned>, ServiceError> {
    let items = client.list(Service::Graph, &place.path(None)).await?;
    let (mut found, mut asked, mut paths) = (Vec::new(), Vec::new(), Vec::new());
    for assignment in items {
        match wire::field(&assignment, "policyId").map(path_segment) {
            _ if !wanted(&assignment) => found.push(Assigned { assignment, rules: Ok(Vec::new()) }),
            None => found.push(assigned(assignment)),
            Some(id) => {
                paths.push(format!("/v1.0/policies/roleManagementPolicies/{id}/rules"));
                asked.push(assignment);
            }
        }
    }
    let rules = client.batch_list(&paths).await;
    found.extend(asked.into_iter().zip(rules).map(|(assignment, rules)| Assigned { assignment, rules }));
    Ok(found)
}

/// A policy that came with its rules.
pub(super) fn assigned(assignment: Value) -> Assigned {
    let rules = assignment.pointer("/policy/rules").and_then(Value::as_array).cloned();
    let missing = || {
        let path = "/v1.0/policies/roleManagementPolicyAssignments";
        ServiceError::unexpected(path, "the service did not say what its settings are")
    };
    Assigned { assignment, rules: rules.ok_or_else(missing) }
}
