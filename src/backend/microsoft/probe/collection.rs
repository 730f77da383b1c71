//! One collection: where it is, what each of its rows must have, and what is not known in them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::http::{First, ReadClient, Rows, Service, query_value};
use super::super::permission::Area;
use super::super::schedules;
use super::super::{azure, directory, entra, groups, wire};
use super::{Fact, Looked, Place, Seen};
use crate::model::{Access, Kind, PrincipalKind, Surface};

/// So many pages are read: the second shows whether paging works.
const PAGES: usize = 2;

/// A collection to look at.
pub(super) struct Collection {
    service: Service,
    /// Where it is; a later one where the one before it does not answer.
    paths: Vec<String>,
    /// The properties that something judges.
    judged: &'static [&'static str],
    /// What its rows are, where they are assignments.
    schedules: Option<(Surface, Kind)>,
}

impl Collection {
    /// The collection of an area. Nothing where the place is not one that it has.
    pub(super) fn of(area: Area, place: &Place) -> Option<Self> {
        match place {
            Place::Tenant => Self::of_tenant(area),
            Place::Group(group) => {
                let (path, judged, schedules): (_, &[_], _) = match area {
                    Area::GroupPolicies => (groups::read::policies(*group), POLICY, None),
                    Area::GroupEligible => {
                        (groups::read::schedules(*group, Kind::Eligible), GROUP, Some(Kind::Eligible))
                    }
                    Area::GroupActive => {
                        (groups::read::schedules(*group, Kind::Active), GROUP_ACTIVE, Some(Kind::Active))
                    }
                    Area::GroupMembers => (groups::read::listed(*group, Access::Member), ID, None),
                    Area::GroupOwners => (groups::read::listed(*group, Access::Owner), ID, None),
                    _ => return None,
                };
                let schedules = schedules.map(|kind| (Surface::Groups, kind));
                Some(Self { service: Service::Graph, paths: vec![path], judged, schedules })
            }
            Place::Scope(scope) => {
                let (path, judged, schedules): (_, &[_], _) = match area {
                    Area::AzureRoles => (azure::path::definitions(scope), ID, None),
                    Area::AzurePolicies => (azure::path::policies(scope), &["id", "properties"], None),
                    Area::AzureEligible => {
                        (azure::path::schedules_at(scope, Kind::Eligible), AZURE, Some(Kind::Eligible))
                    }
                    Area::AzureActive => {
                        (azure::path::schedules_at(scope, Kind::Active), AZURE_ACTIVE, Some(Kind::Active))
                    }
                    _ => return None,
                };
                let schedules = schedules.map(|kind| (Surface::Azure, kind));
                Some(Self { service: Service::Arm, paths: vec![path], judged, schedules })
            }
        }
    }

    fn of_tenant(area: Area) -> Option<Self> {
        let graph = |path: String, judged| Self { service: Service::Graph, paths: vec![path], judged, schedules: None };
        let schedules = |kind, judged| Self {
            schedules: Some((Surface::Directory, kind)),
            ..graph(entra::read::schedules(kind), judged)
        };
        let arm = |path: String| Self { service: Service::Arm, paths: vec![path], judged: ID, schedules: None };
        Some(match area {
            Area::DirectoryRoles => graph(directory::ROLES.to_owned(), &["id", "displayName"]),
            Area::DirectoryPolicies => graph(entra::read::policies(), POLICY),
            Area::DirectoryEligible => schedules(Kind::Eligible, DIRECTORY),
            Area::DirectoryActive => schedules(Kind::Active, DIRECTORY_ACTIVE),
            Area::GroupsUnderPim => {
                Self { paths: directory::UNDER_PIM.map(str::to_owned).to_vec(), ..graph(String::new(), ID) }
            }
            Area::Users => graph(some(PrincipalKind::User), &["id", "userPrincipalName", "accountEnabled"]),
            Area::Groups => graph(some(PrincipalKind::Group), &["id", "displayName"]),
            Area::ServicePrincipals => graph(some(PrincipalKind::ServicePrincipal), &["id", "appId"]),
            Area::AdministrativeUnits => graph(directory::UNITS.to_owned(), &["id", "displayName"]),
            Area::AuthenticationContexts => graph(directory::CONTEXTS.to_owned(), &["id", "isAvailable"]),
            Area::Audit => {
                let filter = query_value("loggedByService eq 'PIM'");
                graph(format!("/v1.0/auditLogs/directoryAudits?$filter={filter}&$top=1"), &["id", "activityDateTime"])
            }
            Area::Subscriptions => arm(azure::path::subscriptions()),
            Area::ManagementGroups => arm(azure::path::management_groups()),
            _ => return None,
        })
    }

    /// Looks at it.
    pub(super) async fn look(self, client: &ReadClient, area: Area, place: Place) -> Looked {
        // Of what only shows that it can be asked, one page is enough.
        let most = if self.paths.iter().any(|path| path.contains("$top=")) { 1 } else { PAGES };
        let mut answer = None;
        for path in &self.paths {
            let found = client.first(self.service, path, most).await;
            let answers = found.is_ok();
            answer = Some(found);
            if answers {
                break;
            }
        }
        match answer {
            None => Looked { fact: Fact::NotLookedAt(area), rows: Rows::default() },
            Some(Ok(first)) => {
                let fact = Fact::Collection(area, place, Ok(self.seen(&first)));
                Looked { fact, rows: first.rows }
            }
            Some(Err(error)) => Looked { fact: Fact::Collection(area, place, Err(error)), rows: Rows::default() },
        }
    }

    fn seen(&self, first: &First) -> Seen {
        let mut lacking: BTreeMap<&'static str, usize> = BTreeMap::new();
        let mut strange = BTreeSet::new();
        for row in first.rows.iter() {
            for name in self.judged.iter().copied().filter(|name| !has(&row, name)) {
                *lacking.entry(name).or_default() += 1;
            }
            if let Some((surface, kind)) = self.schedules {
                strange.extend(schedules::strange(surface, kind, &row));
            }
        }
        Seen {
            rows: first.rows.len(),
            pages: first.pages,
            more: first.more,
            lacking: lacking.into_iter().collect(),
            strange,
        }
    }
}

const ID: &[&str] = &["id"];
const POLICY: &[&str] = &["policyId", "roleDefinitionId", "policy"];
const DIRECTORY: &[&str] =
    &["id", "principalId", "roleDefinitionId", "directoryScopeId", "memberType", "status", "scheduleInfo"];
const DIRECTORY_ACTIVE: &[&str] = &[
    "id",
    "principalId",
    "roleDefinitionId",
    "directoryScopeId",
    "memberType",
    "assignmentType",
    "status",
    "scheduleInfo",
];
const GROUP: &[&str] = &["id", "principalId", "groupId", "accessId", "memberType", "status", "scheduleInfo"];
const GROUP_ACTIVE: &[&str] =
    &["id", "principalId", "groupId", "accessId", "memberType", "assignmentType", "status", "scheduleInfo"];
const AZURE: &[&str] = &["id", "principalId", "roleDefinitionId", "scope", "memberType", "status"];
const AZURE_ACTIVE: &[&str] =
    &["id", "principalId", "roleDefinitionId", "scope", "memberType", "assignmentType", "status"];

/// A few objects of a kind, with what is asked of all of them.
fn some(kind: PrincipalKind) -> String {
    format!("/v1.0/{}?$select={}&$top=5", directory::collection(kind), directory::properties(kind))
}

/// Whether a row has a value. What ARM has stands one level down.
fn has(row: &Value, name: &str) -> bool {
    let inner = row.get("properties").unwrap_or(row);
    [row, inner].iter().any(|object| object.get(name).is_some_and(|value| !value.is_null()))
}

/// The rules of a policy assignment, of either service.
pub(super) fn rules(item: &Value) -> &[Value] {
    let graph = item.get("policy").and_then(|policy| policy.get("rules"));
    let arm = item.get("properties").and_then(|properties| properties.get("effectiveRules"));
    graph.or(arm).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The ids of roles in assignments that no definition has.
pub(super) fn other_role_ids(definitions: &[&Rows], schedules: &[&Rows]) -> BTreeSet<Box<str>> {
    let known: BTreeSet<String> =
        definitions.iter().flat_map(|rows| rows.each(|role| Some(wire::field(role, "id")?.to_lowercase()))).collect();
    let used =
        schedules.iter().flat_map(|rows| rows.each(|row| wire::field(row, "roleDefinitionId").map(Box::<str>::from)));
    used.filter(|id| !known.is_empty() && !known.contains(&id.to_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_area_that_is_read_can_be_looked_at_somewhere() {
        let group = Place::Group("3f1c0c5e-0000-4000-8000-000000000001".parse().unwrap());
        let scope = Place::Scope("/subscriptions/3f1c0c5e-0000-4000-8000-000000000002".parse().unwrap());
        for area in Area::ALL.into_iter().filter(|area| *area != Area::Objects) {
            let found: Vec<Collection> =
                [&Place::Tenant, &group, &scope].into_iter().filter_map(|place| Collection::of(area, place)).collect();
            assert_eq!(found.len(), 1, "{area:?}");
            for path in &found[0].paths {
                assert_eq!(Area::of(path), Some(area), "{path}");
            }
        }
    }

    #[test]
    fn what_rows_lack_is_counted() {
        let place = Place::Tenant;
        let users = Collection::of(Area::Users, &place).unwrap();
        let rows = vec![
            json!({ "id": "1", "userPrincipalName": "ada@contoso.example", "accountEnabled": null }),
            json!({ "id": "2", "userPrincipalName": "bo@contoso.example", "accountEnabled": false }),
        ];
        let seen = users.seen(&First { rows: Rows::of(&rows), pages: 1, more: true });
        assert_eq!(seen.lacking, [("accountEnabled", 1)]);
        assert!(seen.more && seen.rows == 2);
    }

    #[test]
    fn a_role_id_that_no_definition_has_is_told() {
        let definitions = [json!({ "id": "A" }), json!({ "id": "b" })];
        let schedules = [json!({ "roleDefinitionId": "a" }), json!({ "roleDefinitionId": "c" })];
        assert_eq!(
            other_role_ids(&[&Rows::of(&definitions)], &[&Rows::of(&schedules)]),
            BTreeSet::from([Box::from("c")])
        );
        // Without definitions nothing can be said.
        assert!(other_role_ids(&[], &[&Rows::of(&schedules)]).is_empty());
    }
}
