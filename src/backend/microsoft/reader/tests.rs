#![expect(clippy::needless_pass_by_value, reason = "the values are made where they are passed")]

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::stub::{NOW, Stub, rules};
use super::*;
use crate::model::{AssignmentScope, GroupMembership, Kind, PlaceQuery, PrincipalKind, RoleQuery, TargetState, Window};

pub(super) fn guid(n: u32) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

fn id(n: u32) -> PrincipalId {
    guid(n).parse().unwrap()
}

fn role(n: u32) -> Target {
    Target::Directory { directory_role: guid(n).parse().unwrap() }
}

fn member(n: u32) -> Target {
    Target::Group { group: id(n), access: Access::Member }
}

const SUBSCRIPTION: &str = "/subscriptions/7a3c0d7e-0000-4000-8000-000000000001";

fn azure(scope: &str, n: u32) -> Target {
    Target::Azure { scope: scope.parse().unwrap(), role: guid(n).parse().unwrap() }
}

fn query(targets: &[Target], groups: &[u32]) -> ReadQuery {
    ReadQuery::Only {
        targets: targets.iter().cloned().collect(),
        groups: groups.iter().map(|n| id(*n)).collect(),
        watched: BTreeSet::new(),
    }
}

/// Directory roles 101 and 102, users 1 and 2, group 11.
fn entra() -> Stub {
    let policy = |n: u32| {
        json!({ "id": n.to_string(), "policyId": format!("p{n}"), "scopeId": "/", "scopeType": "DirectoryRole",
        "roleDefinitionId": guid(n), "policy": { "id": format!("p{n}"), "rules": rules(n % 10) } })
    };
    Stub::default()
        .list(
            "roleDefinitions",
            json!([{ "id": guid(101), "displayName": "A" }, { "id": guid(102), "displayName": "B" }]),
        )
        .list("scopeType eq 'DirectoryRole'&$expand", json!([policy(101), policy(102)]))
}

fn everybody(stub: Stub) -> Stub {
    let user = |n: u32| {
        json!({ "@odata.type": "#microsoft.graph.user", "id": guid(n), "displayName": format!("U{n}"),
        "userPrincipalName": format!("u{n}@x.example"), "accountEnabled": n != 2 })
    };
    let group = json!({ "@odata.type": "#microsoft.graph.group", "id": guid(11), "displayName": "G",
        "isAssignableToRole": true, "groupTypes": [], "onPremisesSyncEnabled": null });
    stub.list("getByIds", json!([user(1), user(2), group]))
}

fn row(role: u32, principal: u32, more: Value) -> Value {
    let mut row = json!({ "id": "x", "principalId": guid(principal), "roleDefinitionId": guid(role), "directoryScopeId": "/",
        "status": "Provisioned", "memberType": "Direct", "assignmentType": "Assigned", "createdUsing": "y",
        "scheduleInfo": { "startDateTime": "2026-01-01T00:00:00.5Z", "expiration": { "type": "noExpiration" } } });
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

fn present<'s>(snapshot: &'s Snapshot, target: &Target) -> &'s TargetState {
    match snapshot.targets.get(target) {
        Some(crate::model::TargetRead::Present(state)) => state,
        other => panic!("{target:?}: {other:?}"),
    }
}

fn why<'s>(snapshot: &'s Snapshot, target: &Target) -> &'s str {
    match snapshot.targets.get(target) {
        Some(crate::model::TargetRead::Unreadable(why)) => why,
        other => panic!("{target:?}: {other:?}"),
    }
}

async fn snapshot(stub: &Stub, query: &ReadQuery) -> Snapshot {
    stub.reader().await.snapshot(query).await.unwrap()
}

#[tokio::test]
async fn directory_roles_come_with_settings_assignments_and_who_holds_them() {
    let stub = everybody(entra())
        .list("roleEligibilitySchedules", json!([row(101, 1, json!({})), row(101, 2, json!({ "status": "Revoked" }))]))
        .list(
            "roleAssignmentSchedules",
            json!([
                row(101, 2, json!({ "createdUsing": null })),
                row(101, 1, json!({ "assignmentType": "Activated" })),
                row(102, 1, json!({})),
                row(101, 11, json!({ "directoryScopeId": format!("/administrativeUnits/{}", guid(5)) })),
            ]),
        );
    let snapshot = snapshot(&stub, &query(&[role(101), role(109)], &[])).await;
    assert_eq!(snapshot.targets.len(), 1, "a role that does not exist is absent");
    let state = present(&snapshot, &role(101));
    assert_eq!(state.settings.activation.max_duration, crate::model::Duration::from_hours(1));
    let rows: Vec<_> = state.rows.iter().map(|row| (row.key.kind, row.key.principal, row.origin)).collect();
    assert_eq!(
        rows,
        [
            (Kind::Eligible, id(1), Origin::Assigned),
            (Kind::Active, id(1), Origin::Activated),
            (Kind::Active, id(2), Origin::OutsidePim),
            (Kind::Active, id(11), Origin::Assigned),
        ]
    );
    assert_eq!(state.rows[0].window.start.unwrap().to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(state.rows[2].window, Window { start: None, end: None });
    assert_eq!(state.rows[3].key.scope, AssignmentScope::AdministrativeUnit(guid(5).parse().unwrap()));
    assert!(snapshot.notes.is_empty(), "{:?}", snapshot.notes);
    let disabled = snapshot.directory.principal(id(2)).unwrap();
    assert!(matches!(disabled.detail, PrincipalDetail::User { enabled: Answer::No, .. }));
    assert_eq!((snapshot.runner, snapshot.read_at), (Some(id(9)), Time::from_unix(NOW)));
    assert_eq!(snapshot.memberships[&id(9)], BTreeSet::new());
    assert_eq!(stub.count("identityGovernance"), 0, "nothing is asked about groups: {:?}", stub.asked());
}

#[tokio::test]
async fn a_denied_list_makes_its_targets_unreadable_and_nothing_else() {
    let stub = everybody(entra()).fails("roleEligibilitySchedules", 403, "PermissionScopeNotGranted").list(
        "scopeId eq '00000000-0000-4000-8000-000000000011'",
        json!([group_policy(11, "member"), group_policy(11, "owner")]),
    );
    let snapshot = snapshot(&stub, &query(&[role(101), role(102), member(11)], &[])).await;
    for n in [101, 102] {
        let why = why(&snapshot, &role(n));
        assert!(why.contains("list the eligible assignments of directory roles"), "{why}");
        assert!(why.contains("PermissionScopeNotGranted"), "{why}");
    }
    assert_eq!(present(&snapshot, &member(11)).rows, []);
}

#[tokio::test]
async fn a_policy_that_the_service_cannot_show_costs_one_role_only() {
    let list = json!([
        { "policyId": "p101", "scopeId": "/", "roleDefinitionId": guid(101) },
        { "policyId": "p102", "scopeId": "/", "roleDefinitionId": guid(102) },
    ]);
    let stub = Stub::default()
        .fails("$expand=policy", 500, "")
        .fails("roleManagementPolicies/p101/rules", 500, "")
        .list("roleManagementPolicies/p102/rules", rules(3))
        .list("scopeType eq 'DirectoryRole'", list);
    let snapshot = snapshot(&everybody(stub.and(entra_roles())), &query(&[role(101), role(102)], &[])).await;
    assert!(why(&snapshot, &role(101)).contains("read its settings"), "{}", why(&snapshot, &role(101)));
    assert_eq!(present(&snapshot, &role(102)).settings.activation.max_duration, crate::model::Duration::from_hours(3));
}

fn entra_roles() -> Stub {
    Stub::default().list(
        "roleDefinitions",
        json!([{ "id": guid(101), "displayName": "A" }, { "id": guid(102), "displayName": "B" }]),
    )
}

#[tokio::test]
async fn a_list_of_no_settings_or_with_an_assignment_of_nobody_is_not_taken_for_empty() {
    let mut nobody = row(102, 1, json!({}));
    nobody.as_object_mut().unwrap().remove("principalId");
    let stub = everybody(entra_roles()).list("roleAssignmentSchedules", json!([nobody]));
    let snapshot = snapshot(&stub, &query(&[role(101), role(102)], &[])).await;
    assert_eq!(why(&snapshot, &role(101)), "the service lists no settings of directory roles");
    assert!(why(&snapshot, &role(102)).contains("no settings"), "{}", why(&snapshot, &role(102)));
}

#[tokio::test]
async fn a_row_with_a_word_that_nobody_knows_blocks_its_target_or_is_named() {
    let rows = json!([row(101, 1, json!({ "memberType": "Borrowed" })), row(102, 1, json!({ "status": "Frozen" }))]);
    let stub = everybody(entra()).list("roleEligibilitySchedules", rows);
    let snapshot = snapshot(&stub, &query(&[role(101)], &[])).await;
    assert_eq!(why(&snapshot, &role(101)), "an assignment has the memberType `Borrowed`, which pimform does not know");
    let note = "an assignment has the status `Frozen`, which pimform does not know; it is about nothing that was asked for, \
                and left alone";
    assert!(snapshot.notes.contains(note), "{:?}", snapshot.notes);
}

#[tokio::test]
async fn a_row_of_a_group_that_is_neither_member_nor_owner_blocks_both() {
    let stub = everybody(Stub::default())
        .list("scopeType eq 'Group'", json!([group_policy(11, "member"), group_policy(11, "owner")]))
        .list("group/eligibilitySchedules", json!([group_row(11, "guest", 1)]));
    let owner = Target::Group { group: id(11), access: Access::Owner };
    let snapshot = snapshot(&stub, &query(&[member(11), owner.clone()], &[])).await;
    for target in [member(11), owner] {
        assert_eq!(why(&snapshot, &target), "an assignment has the accessId `guest`, which pimform does not know");
    }
}

#[tokio::test]
async fn who_cannot_be_looked_up_might_be_anybody() {
    let stub = entra()
        .fails("getByIds", 403, "Authorization_RequestDenied")
        .list("roleEligibilitySchedules", json!([row(101, 1, json!({}))]));
    let snapshot = snapshot(&stub, &query(&[role(101), role(102)], &[])).await;
    assert!(why(&snapshot, &role(101)).contains("look up principals"), "{}", why(&snapshot, &role(101)));
    assert_eq!(present(&snapshot, &role(102)).rows, []);
}

fn group_policy(group: u32, access: &str) -> Value {
    json!({ "scopeId": guid(group), "scopeType": "Group", "roleDefinitionId": access, "policy": { "rules": rules(8) } })
}

fn group_row(group: u32, access: &str, principal: u32) -> Value {
    json!({ "id": "x", "principalId": guid(principal), "groupId": guid(group), "accessId": access, "status": "Provisioned",
        "memberType": "direct", "assignmentType": "assigned", "createdUsing": "y",
        "scheduleInfo": { "startDateTime": "2026-01-01T00:00:00Z", "expiration": { "type": "noExpiration" } } })
}

#[tokio::test]
async fn groups_come_with_both_targets_and_their_lists() {
    let stub = everybody(Stub::default())
        .list("scopeType eq 'Group'", json!([group_policy(11, "member"), group_policy(11, "owner")]))
        .list("group/assignmentSchedules", json!([group_row(11, "member", 1), group_row(11, "owner", 2)]))
        .list(&format!("groups/{}/members", guid(11)), json!([{ "id": guid(1) }, { "id": guid(2) }]))
        .list("group/resources", json!([{ "id": guid(11) }]));
    let snapshot = snapshot(&stub, &query(&[member(11)], &[11])).await;
    assert_eq!(present(&snapshot, &member(11)).rows.len(), 1);
    assert_eq!(snapshot.targets.len(), 1);
    let GroupRead::Present(lists) = &snapshot.groups[&id(11)] else { panic!() };
    assert_eq!((lists.members.len(), lists.owners.len()), (2, 0));
    let facts = snapshot.directory.principal(id(11)).unwrap().group().unwrap().clone();
    assert!(facts.onboarded.is_yes() && facts.role_assignable.is_yes());
    assert_eq!(facts.membership, GroupMembership::Assigned);
}

#[tokio::test]
async fn a_group_that_nobody_knows_is_not_asked_about() {
    let stub = everybody(Stub::default());
    let snapshot = snapshot(&stub, &query(&[member(77)], &[77])).await;
    assert!(snapshot.targets.is_empty() && snapshot.groups.is_empty());
    assert_eq!(stub.count(&guid(77)), 0, "{:?}", stub.asked());
}

#[tokio::test]
async fn an_answer_about_another_group_is_not_believed() {
    let stub = everybody(Stub::default())
        .list("scopeType eq 'Group'", json!([group_policy(11, "member"), group_policy(11, "owner")]))
        .list("group/eligibilitySchedules", json!([group_row(12, "member", 1)]));
    let snapshot = snapshot(&stub, &query(&[member(11)], &[])).await;
    assert_eq!(why(&snapshot, &member(11)), "the service answered with the assignments of something else");
}

#[tokio::test]
async fn a_group_of_which_a_part_is_not_found_is_not_taken_for_empty() {
    let stub = everybody(Stub::default())
        .list("scopeType eq 'Group'", json!([group_policy(11, "member"), group_policy(11, "owner")]))
        .fails("group/assignmentSchedules", 404, "ResourceNotFound")
        .list(&format!("groups/{}/members", guid(11)), json!([{ "id": guid(1) }]));
    let snapshot = snapshot(&stub, &query(&[member(11)], &[11])).await;
    assert_eq!(why(&snapshot, &member(11)), "the service showed only a part of what it has of the group");
}

#[tokio::test]
async fn a_group_that_cannot_use_pim_has_nothing_of_it() {
    let stub = everybody(Stub::default())
        .fails("scopeType eq 'Group'", 400, "ResourceTypeNotSupported")
        .fails("group/eligibilitySchedules", 400, "ResourceTypeNotSupported")
        .fails("group/assignmentSchedules", 400, "ResourceTypeNotSupported");
    let snapshot = snapshot(&stub, &query(&[member(11)], &[])).await;
    assert_eq!(present(&snapshot, &member(11)).rows, []);
}

#[tokio::test]
async fn where_nobody_says_which_groups_are_under_pim_their_assignments_do() {
    let stub = everybody(Stub::default())
        .fails("group/resources", 404, "ResourceNotFound")
        .list("scopeType eq 'Group'", json!([group_policy(11, "member"), group_policy(11, "owner")]))
        .list("group/eligibilitySchedules", json!([group_row(11, "owner", 1)]));
    let snapshot = snapshot(&stub, &query(&[member(11)], &[])).await;
    assert!(snapshot.directory.principal(id(11)).unwrap().group().unwrap().onboarded.is_yes());
    assert!(snapshot.notes.first().unwrap().contains("groups under PIM"), "{:?}", snapshot.notes);
    assert_eq!((stub.count("/v1.0/identityGovernance/privilegedAccess/group/resources"), stub.count("/beta/")), (1, 1));
    assert!(snapshot.missing.is_empty(), "{:?}", snapshot.missing);
}

#[tokio::test]
async fn which_groups_are_under_pim_is_never_taken_for_none() {
    let policies = json!([group_policy(11, "member"), group_policy(11, "owner")]);
    let stub = everybody(Stub::default())
        .fails("group/resources", 503, "ServiceUnavailable")
        .list("scopeType eq 'Group'", policies)
        .list("getMemberGroups", json!([]));
    let only = snapshot(&stub, &query(&[member(11)], &[])).await;
    assert_eq!(only.directory.principal(id(11)).unwrap().group().unwrap().onboarded, Answer::NotSaid);
    assert!(only.missing.first().unwrap().contains("list the groups under PIM"), "{:?}", only.missing);
    // Where no group is asked for, it does not matter.
    let none = snapshot(&entra().and(stub.clone()), &query(&[role(101)], &[])).await;
    assert!(none.missing.is_empty(), "{:?}", none.missing);
    // Of all that there is, each group that occurs is read as one that may be under PIM.
    let holds = stub.list("roleEligibilitySchedules", json!([row(101, 11, json!({}))]));
    let all = snapshot(&entra().and(holds), &ReadQuery::Everything).await;
    assert!(all.missing.first().unwrap().contains("list the groups under PIM"), "{:?}", all.missing);
    assert_eq!(present(&all, &member(11)).rows, []);
}

#[tokio::test]
async fn whoever_exists_is_not_gone_whatever_they_are() {
    let object = |n: u32, kind: &str| json!({ "@odata.type": format!("#microsoft.graph.{kind}"), "id": guid(n) });
    let stub = entra()
        .list("getByIds", json!([object(1, "agentUser"), object(2, "device"), object(3, "somethingNew")]))
        .list("roleEligibilitySchedules", json!((1..=4).map(|n| row(101, n, json!({}))).collect::<Vec<_>>()));
    let found = snapshot(&stub, &query(&[role(101)], &[])).await;
    let is_a = |n: u32| found.directory.principal(id(n)).map(Principal::is_a);
    let expected = ["agent user", "device", "something new"].map(|it| Some(it.to_owned()));
    assert_eq!([is_a(1), is_a(2), is_a(3)], expected);
    assert_eq!(is_a(4), None, "of this one the service says that it is gone");
    assert!(stub.asked().iter().any(|asked| asked.contains("getByIds?$select=") && asked.contains("accountEnabled")));
}

#[tokio::test]
async fn a_group_of_another_tenant_is_not_gone() {
    let scope: crate::model::ArmScope = SUBSCRIPTION.parse().unwrap();
    let foreign = json!({ "principalType": "ForeignGroup" });
    let stub = everybody(Stub::default())
        .list("roleManagementPolicyAssignments", json!([azure_policy(SUBSCRIPTION, 201, "R", "BuiltInRole")]))
        .list("Authorization/roleEligibilitySchedules", json!([azure_row(SUBSCRIPTION, 201, 5, foreign)]));
    let found = snapshot(&stub, &query(&[azure(scope.as_str(), 201)], &[])).await;
    assert_eq!(present(&found, &azure(scope.as_str(), 201)).rows.len(), 1);
    assert_eq!(found.directory.principal(id(5)).map(Principal::is_a), Some("foreign group".to_owned()));
}

#[tokio::test]
async fn who_could_not_be_looked_up_is_not_gone() {
    for stub in [
        entra().fails("getByIds", 403, "Authorization_RequestDenied"),
        entra().list("getByIds", json!([{ "@odata.type": "#microsoft.graph.user", "id": null }])),
    ] {
        let stub = stub.list("roleEligibilitySchedules", json!([row(101, 1, json!({}))]));
        let found = snapshot(&stub, &query(&[role(101)], &[])).await;
        assert!(matches!(found.targets.get(&role(101)), Some(crate::model::TargetRead::Unreadable(_))));
        assert!(found.directory.principal(id(1)).is_some_and(|one| one.kind().is_none()));
    }
}

// -- Azure

fn azure_policy(scope: &str, n: u32, name: &str, kind: &str) -> Value {
    json!({ "properties": { "scope": scope, "roleDefinitionId": definition(n), "policyId": "p", "effectiveRules": rules(8),
        "policyAssignmentProperties": { "scope": { "id": scope, "displayName": "Shown", "type": "subscription" },
            "roleDefinition": { "id": definition(n), "displayName": name, "type": kind } } } })
}

fn definition(n: u32) -> String {
    format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{}", guid(n))
}

fn azure_row(scope: &str, n: u32, principal: u32, more: Value) -> Value {
    let mut row = json!({ "scope": scope, "roleDefinitionId": definition(n), "principalId": guid(principal), "status": "Provisioned",
        "memberType": "Direct", "assignmentType": "Assigned", "startDateTime": "2026-01-01T00:00:00Z",
        "roleAssignmentScheduleRequestId": "r" });
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "id": "x", "name": "x", "properties": row })
}

fn places(places: &[(PlaceQuery, &[&str])]) -> NameQuery {
    let places = places.iter().map(|(place, names)| {
        let all = names.contains(&"*");
        let names = names.iter().filter(|name| **name != "*").map(|name| Box::from(*name)).collect();
        (place.clone(), RoleQuery { all, names })
    });
    NameQuery { places: places.collect(), ..NameQuery::default() }
}

fn at(scope: &str) -> PlaceQuery {
    PlaceQuery::Id(scope.parse().unwrap())
}

#[tokio::test]
async fn a_few_roles_are_asked_for_one_by_one_and_seen_from_where_they_hold() {
    let group = format!("{SUBSCRIPTION}/resourceGroups/App");
    let other = format!("{SUBSCRIPTION}/resourceGroups/Other");
    let stub = everybody(Stub::default())
        .list(
            "/subscriptions?",
            json!([{ "subscriptionId": "7a3c0d7e-0000-4000-8000-000000000001", "displayName": "Production" }]),
        )
        .list(
            "roleName eq 'owner'",
            json!([{ "id": definition(201), "properties": { "roleName": "Owner", "type": "BuiltInRole" } }]),
        )
        .list("roleManagementPolicyAssignments", json!([azure_policy(&group, 201, "Owner", "BuiltInRole")]))
        .list(
            "roleAssignmentSchedules",
            json!([
                azure_row(&group.to_uppercase(), 201, 1, json!({})),
                azure_row(SUBSCRIPTION, 201, 2, json!({})),
                azure_row("/", 201, 11, json!({})),
                azure_row(&other, 201, 2, json!({})),
                azure_row(&group, 202, 2, json!({})),
                azure_row(&group, 201, 2, json!({ "roleAssignmentScheduleRequestId": null, "condition": "c" })),
            ]),
        );
    let reader = stub.reader().await;
    let place = PlaceQuery::ResourceGroup { subscription: "production".into(), name: "app".into() };
    let directory = reader.directory(&places(&[(place, &["owner"])])).await.unwrap();
    assert_eq!(
        directory.unique_subscription_name(&SUBSCRIPTION.parse().unwrap()).map(|name| &**name),
        Some("Production")
    );
    assert!(directory.place(&group.parse().unwrap()).is_some());
    assert_eq!(directory.azure_roles()[0].assignable_scopes, []);
    let snapshot = reader.snapshot(&query(&[azure(&group, 201)], &[])).await.unwrap();
    let rows = &present(&snapshot, &azure(&group, 201)).rows;
    let rows: Vec<_> = rows.iter().map(|row| (row.key.principal, row.origin, row.condition.is_some())).collect();
    assert_eq!(
        rows,
        [
            (id(1), Origin::Assigned, false),
            (id(2), Origin::OutsidePim, true),
            (id(2), Origin::Inherited, false),
            (id(11), Origin::Inherited, false),
        ]
    );
    assert_eq!(stub.count("roleManagementPolicyAssignments"), 1, "kept for the snapshot: {:?}", stub.asked());
    assert_eq!(stub.count("/v1.0/"), 3, "only who occurs is asked of Graph: {:?}", stub.asked());
}

#[tokio::test]
async fn what_a_scope_shows_is_explained_or_named() {
    let group = format!("{SUBSCRIPTION}/resourceGroups/App");
    let policies =
        json!([azure_policy(&group, 201, "Owner", "BuiltInRole"), azure_policy(&group, 202, "Reader", "BuiltInRole"),]);
    let stub = everybody(Stub::default()).list("roleManagementPolicyAssignments", policies).list(
        "roleEligibilitySchedules",
        json!([
            azure_row(SUBSCRIPTION, 202, 1, json!({})),
            azure_row(&format!("{group}/providers/Microsoft.Web/sites/below"), 202, 1, json!({})),
            azure_row(&format!("{SUBSCRIPTION}/resourceGroups/Other"), 202, 1, json!({})),
            azure_row(SUBSCRIPTION, 202, 1, json!({ "memberType": "Borrowed" })),
            azure_row("/providers/Other.Kind/things/1", 201, 1, json!({})),
        ]),
    );
    let targets = [azure(&group, 201), azure(&group, 202)];
    let snapshot = snapshot(&stub, &query(&targets, &[])).await;
    let says = "an assignment has the scope `/providers/Other.Kind/things/1`, which pimform does not know";
    assert_eq!(why(&snapshot, &targets[0]), says);
    assert_eq!(present(&snapshot, &targets[1]).rows.len(), 1);
    let notes: Vec<&str> = snapshot.notes.iter().map(String::as_str).collect();
    let [first, second] = notes.as_slice() else { panic!("{notes:?}") };
    assert!(first.contains("the memberType `Borrowed`"), "{first}");
    assert!(second.contains("resourceGroups/Other` came with those of `"), "{second}");
}

#[tokio::test]
async fn many_scopes_of_a_subscription_are_listed_at_once_or_each_if_that_fails() {
    let scopes: Vec<String> = (0..5).map(|n| format!("{SUBSCRIPTION}/resourceGroups/g{n}")).collect();
    let targets: Vec<Target> = scopes.iter().map(|scope| azure(scope, 201)).collect();
    for (fails, lists) in [(false, 2), (true, 12)] {
        let mut stub = everybody(Stub::default());
        for scope in &scopes {
            stub = stub.list(
                &format!("{scope}/providers/Microsoft.Authorization/roleManagementPolicyAssignments"),
                json!([azure_policy(scope, 201, "Owner", "BuiltInRole")]),
            );
        }
        let whole =
            format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleEligibilitySchedules?api-version=2020-10-01");
        let rows = json!([azure_row(&scopes[3], 201, 1, json!({})), azure_row(SUBSCRIPTION, 201, 2, json!({}))]);
        stub = if fails { stub.fails(&whole, 504, "GatewayTimeout") } else { stub };
        stub = stub.list("roleEligibilitySchedules", rows);
        let snapshot = snapshot(&stub, &query(&targets, &[])).await;
        let origins = |n: usize| present(&snapshot, &targets[n]).rows.iter().map(|row| row.origin).collect::<Vec<_>>();
        assert_eq!(origins(3), [Origin::Assigned, Origin::Inherited]);
        assert_eq!(origins(4), [Origin::Inherited]);
        let asked = stub.asked();
        let asked = asked.iter().filter(|asked| asked.contains("Schedules?")).collect::<BTreeSet<_>>();
        assert_eq!(asked.len(), lists, "{asked:?}");
    }
}

#[tokio::test]
async fn a_denied_scope_is_there_and_unreadable_and_one_that_does_not_exist_is_absent() {
    let denied = format!("{SUBSCRIPTION}/resourceGroups/denied");
    let gone = format!("{SUBSCRIPTION}/resourceGroups/gone");
    let stub = everybody(Stub::default()).fails("resourceGroups/denied", 403, "AuthorizationFailed").fails(
        "resourceGroups/gone",
        404,
        "ResourceGroupNotFound",
    );
    let reader = stub.reader().await;
    let query = places(&[(at(&denied), &["Owner", "*"]), (at(&gone), &["Owner"])]);
    let directory = reader.directory(&query).await.unwrap();
    assert!(directory.place(&denied.parse().unwrap()).is_some());
    assert!(directory.place(&gone.parse().unwrap()).is_none());
    let [role] = directory.azure_roles() else { panic!("{:?}", directory.azure_roles()) };
    assert_eq!((&*role.name, role.assignable_scopes.as_slice()), ("Owner", &[denied.parse().unwrap()][..]));
    let target = Target::Azure { scope: denied.parse().unwrap(), role: role.id };
    let targets =
        ReadQuery::Only { targets: [target.clone()].into(), groups: BTreeSet::new(), watched: BTreeSet::new() };
    let snapshot = reader.snapshot(&targets).await.unwrap();
    assert!(why(&snapshot, &target).contains("AuthorizationFailed"), "{}", why(&snapshot, &target));
    assert_eq!(stub.count("Schedules?"), 0, "{:?}", stub.asked());
}

#[tokio::test]
async fn a_list_says_where_roles_can_be_assigned() {
    let (one, two) = (format!("{SUBSCRIPTION}/resourceGroups/one"), format!("{SUBSCRIPTION}/resourceGroups/two"));
    let policies = |scope: &str, custom: bool| {
        let mut items = vec![azure_policy(scope, 201, "Owner", "BuiltInRole")];
        items.extend(custom.then(|| azure_policy(scope, 209, "Ours", "CustomRole")));
        Value::from(items)
    };
    let stub = Stub::default()
        .list(
            "resourceGroups/one/providers/Microsoft.Authorization/roleManagementPolicyAssignments",
            policies(&one, true),
        )
        .list(
            "resourceGroups/two/providers/Microsoft.Authorization/roleManagementPolicyAssignments",
            policies(&two, false),
        );
    let reader = stub.reader().await;
    let directory = reader.directory(&places(&[(at(&one), &["*"]), (at(&two), &["a", "b", "c", "d"])])).await.unwrap();
    let roles: Vec<_> =
        directory.azure_roles().iter().map(|role| (&*role.name, role.assignable_scopes.clone())).collect();
    assert_eq!(roles, [("Owner", vec![]), ("Ours", vec![one.parse().unwrap()])]);
    assert_eq!(stub.count("roleDefinitions"), 0, "a list names its roles: {:?}", stub.asked());
    assert_eq!(stub.count("roleManagementPolicyAssignments"), 2);
}

#[tokio::test]
async fn a_role_that_the_filter_does_not_find_is_looked_for_in_the_list() {
    let scope = format!("{SUBSCRIPTION}/resourceGroups/one");
    let stub = everybody(Stub::default())
        .list("$filter=roleDefinitionId", json!([azure_policy(&scope, 208, "Other", "BuiltInRole")]))
        .list("roleManagementPolicyAssignments", json!([azure_policy(&scope, 201, "Owner", "BuiltInRole")]));
    let snapshot = snapshot(&stub, &query(&[azure(&scope, 201), azure(&scope, 202)], &[])).await;
    assert_eq!(present(&snapshot, &azure(&scope, 201)).rows, []);
    assert_eq!(snapshot.targets.len(), 1, "a role that cannot be assigned there is absent");
}

#[tokio::test]
async fn names_that_nobody_has_and_names_of_several_are_both_answered() {
    let user = |n: u32| json!({ "id": guid(n), "displayName": "D", "appId": guid(90 + n) });
    let stub = Stub::default().list("/v1.0/servicePrincipals?$filter=displayName", json!([user(1), user(2)]));
    let reader = stub.reader().await;
    let names = [(PrincipalKind::ServicePrincipal, Box::from("D")), (PrincipalKind::User, "nobody@x.example".into())];
    let query = NameQuery { names: names.into_iter().collect(), ..NameQuery::default() };
    let directory = reader.directory(&query).await.unwrap();
    assert_eq!(directory.principals_named(PrincipalKind::ServicePrincipal, "d").count(), 2);
    assert_eq!(directory.principals().len(), 2);
    assert_eq!(stub.count("roleManagement") + stub.count("administrativeUnits") + stub.count("/subscriptions"), 0);
}

#[tokio::test]
async fn what_names_need_must_be_readable_and_contexts_are_only_checked() {
    let denied = |what: &str| Stub::default().fails(what, 403, "Authorization_RequestDenied");
    let query = NameQuery {
        names: [(PrincipalKind::User, Box::from("u"))].into(),
        administrative_units: true,
        contexts: true,
        ..NameQuery::default()
    };
    for what in ["/users", "administrativeUnits"] {
        let error = denied(what).reader().await.directory(&query).await.unwrap_err();
        assert!(error.to_string().contains("Authorization_RequestDenied"), "{error}");
    }
    let reader = denied("authenticationContext").reader().await;
    reader.directory(&query).await.unwrap();
    let snapshot = reader.snapshot(&self::query(&[], &[])).await.unwrap();
    assert!(snapshot.notes.first().unwrap().contains("authentication contexts"), "{:?}", snapshot.notes);
}

#[tokio::test]
async fn a_membership_that_cannot_be_read_is_said_and_left_out() {
    let stub = Stub::default()
        .fails(&format!("{}/getMemberGroups", guid(1)), 403, "Authorization_RequestDenied")
        .fails(&format!("{}/getMemberGroups", guid(2)), 404, "Request_ResourceNotFound")
        .list("getMemberGroups", json!([guid(11)]));
    let watched = [id(1), id(2)].into();
    let query = ReadQuery::Only { targets: BTreeSet::new(), groups: BTreeSet::new(), watched };
    let snapshot = snapshot(&stub, &query).await;
    let expected = [(id(2), BTreeSet::new()), (id(9), [id(11)].into())];
    assert_eq!(snapshot.memberships, expected.into());
    assert_eq!(snapshot.notes.len(), 1, "{:?}", snapshot.notes);
}

// -- Everything

#[tokio::test]
async fn everything_is_what_has_assignments_or_changed_settings() {
    let (app, plain) = (format!("{SUBSCRIPTION}/resourceGroups/app"), format!("{SUBSCRIPTION}/resourceGroups/plain"));
    let untouched = |scope: &str, n: u32| {
        let mut policy = azure_policy(scope, n, "R", "BuiltInRole");
        policy["properties"]["effectiveRules"][0]["isExpirationRequired"] = true.into();
        policy["properties"]["effectiveRules"][2]["isExpirationRequired"] = true.into();
        policy
    };
    let outside = json!({ "roleAssignmentScheduleRequestId": null });
    let stub = everybody(entra())
        .list(
            "/subscriptions?",
            json!([{ "subscriptionId": "7a3c0d7e-0000-4000-8000-000000000001", "displayName": "P" }]),
        )
        .list("resourceGroups/app/providers", json!([untouched(&app, 201), untouched(&app, 202)]))
        .list(
            "roleManagementPolicyAssignments?api",
            json!([azure_policy(SUBSCRIPTION, 201, "R", "BuiltInRole"), untouched(SUBSCRIPTION, 202)]),
        )
        .list("Authorization/roleEligibilitySchedules", json!([azure_row(&app, 202, 1, json!({}))]))
        .list("Authorization/roleAssignmentSchedules", json!([azure_row(&plain, 201, 1, outside)]))
        .list("group/resources", json!([{ "id": guid(11) }]))
        .list("scopeType eq 'Group'", json!([group_policy(11, "member"), group_policy(11, "owner")]));
    let snapshot = snapshot(&stub, &ReadQuery::Everything).await;
    let owner = Target::Group { group: id(11), access: Access::Owner };
    let expected = [role(101), role(102), member(11), owner, azure(SUBSCRIPTION, 201), azure(&app, 202)];
    assert_eq!(snapshot.targets.keys().cloned().collect::<BTreeSet<_>>(), expected.into());
    assert_eq!(snapshot.groups.len(), 1);
    assert!(snapshot.notes.iter().any(|note| note.starts_with("1 scope below")), "{:?}", snapshot.notes);
    assert_eq!(snapshot.directory.places().len(), 2);
}

#[tokio::test]
async fn a_subscription_that_cannot_be_read_is_left_out_and_said() {
    let stub = everybody(Stub::default())
        .list(
            "/subscriptions?",
            json!([{ "subscriptionId": "7a3c0d7e-0000-4000-8000-000000000001", "displayName": "P" }]),
        )
        .fails("Authorization/roleEligibilitySchedules", 403, "AuthorizationFailed")
        .list("roleManagementPolicyAssignments", json!([azure_policy(SUBSCRIPTION, 201, "R", "BuiltInRole")]));
    let snapshot = snapshot(&stub, &ReadQuery::Everything).await;
    assert!(snapshot.targets.is_empty() && snapshot.directory.places().is_empty(), "{:?}", snapshot.targets);
    assert!(snapshot.missing.iter().any(|what| what.contains("is not in this snapshot")), "{:?}", snapshot.missing);
}

#[tokio::test]
async fn an_id_that_no_role_has_is_named_and_blocks_what_it_may_be() {
    let definition = |n: u32, built_in: bool| json!({ "id": guid(n), "displayName": n.to_string(), "templateId": guid(n), "isBuiltIn": built_in });
    let policy = |n: u32| json!({ "policyId": "p", "scopeId": "/", "roleDefinitionId": guid(n), "policy": { "rules": rules(8) } });
    let stub = everybody(Stub::default())
        .fails(&format!("roleDefinitions/{}", guid(109)), 404, "ResourceNotFound")
        .answer(&format!("roleDefinitions/{}", guid(108)), 200, json!({ "id": guid(108), "templateId": guid(103) }))
        .list("roleDefinitions", json!([definition(101, true), definition(102, false), definition(103, false)]))
        .list("scopeType eq 'DirectoryRole'&$expand", json!([policy(101), policy(102), policy(103)]))
        .list("roleEligibilitySchedules", json!([row(109, 1, json!({})), row(108, 2, json!({}))]))
        .list("roleAssignmentSchedules", json!([row(109, 2, json!({}))]));
    let snapshot = snapshot(&stub, &query(&[role(101), role(102), role(103)], &[])).await;
    assert_eq!(present(&snapshot, &role(101)).rows, [], "it came with the service, so it has one id");
    assert_eq!(present(&snapshot, &role(103)).rows[0].key.principal, id(2));
    let what = format!("2 assignments have the role id `{}`, which no directory role has", guid(109));
    assert_eq!(why(&snapshot, &role(102)), format!("{what}, and may be of this role"));
    assert!(snapshot.notes.contains(&format!("{what}; left alone")), "{:?}", snapshot.notes);
    assert_eq!(stub.count("roleDefinitions/"), 2, "each id once: {:?}", stub.asked());
}

#[tokio::test]
async fn a_role_that_the_list_of_settings_lacks_has_none() {
    let stub = everybody(entra()).and(Stub::default());
    let more = json!([{ "id": guid(101), "displayName": "A" }, { "id": guid(103), "displayName": "New" }]);
    let stub = Stub::default().list("roleDefinitions", more).and(stub);
    let mut nobody = row(101, 1, json!({}));
    nobody.as_object_mut().unwrap().remove("principalId");
    let stub = stub.list("roleAssignmentSchedules", json!([nobody]));
    let snapshot = snapshot(&stub, &query(&[role(101), role(103)], &[])).await;
    assert_eq!(snapshot.targets[&role(103)], crate::model::TargetRead::WithoutSettings);
    assert!(why(&snapshot, &role(101)).contains("principalId"), "{}", why(&snapshot, &role(101)));
}

#[tokio::test]
async fn a_role_that_has_no_settings_at_a_scope_is_passed_over_there_with_a_note() {
    let scope = |name: &str| format!("{SUBSCRIPTION}/resourceGroups/{name}");
    let policies = |scope: &str, roles: &[(u32, &str)]| {
        json!(roles.iter().map(|(n, name)| azure_policy(scope, *n, name, "BuiltInRole")).collect::<Vec<_>>())
    };
    let (one, two) = (scope("one"), scope("two"));
    let stub = everybody(Stub::default())
        .list(
            "resourceGroups/one/providers/Microsoft.Authorization/roleManagementPolicyAssignments",
            policies(&one, &[(201, "Owner")]),
        )
        .list(
            "resourceGroups/two/providers/Microsoft.Authorization/roleManagementPolicyAssignments",
            policies(&two, &[(201, "Owner"), (209, "New")]),
        );
    let reader = stub.reader().await;
    reader.directory(&places(&[(at(&one), &["*"]), (at(&two), &["*"])])).await.unwrap();
    let snapshot = reader.snapshot(&query(&[azure(&one, 201)], &[])).await.unwrap();
    let note = format!("the role `New` has no settings of PIM at `{one}`, so `\"*\"` passes it over");
    assert!(snapshot.notes.contains(&note), "{:?}", snapshot.notes);
}

#[tokio::test]
async fn where_the_filter_is_not_answered_the_list_of_the_scope_is() {
    let scope = format!("{SUBSCRIPTION}/resourceGroups/one");
    for status in [500, 504] {
        let stub = everybody(Stub::default())
            .fails("$filter=roleDefinitionId", status, "")
            .list("roleManagementPolicyAssignments", json!([azure_policy(&scope, 201, "Owner", "BuiltInRole")]));
        let snapshot = snapshot(&stub, &query(&[azure(&scope, 201)], &[])).await;
        assert_eq!(present(&snapshot, &azure(&scope, 201)).rows, []);
    }
}

#[tokio::test]
async fn rules_that_stand_in_the_policy_only_are_read_there() {
    let scope = format!("{SUBSCRIPTION}/resourceGroups/one");
    let mut bare = azure_policy(&scope, 201, "Owner", "BuiltInRole");
    bare["properties"].as_object_mut().unwrap().remove("effectiveRules");
    let stub = everybody(Stub::default())
        .answer("roleManagementPolicies/p?", 200, json!({ "properties": { "rules": rules(2) } }))
        .list("$filter=roleDefinitionId", json!([bare]));
    let snapshot = snapshot(&stub, &query(&[azure(&scope, 201)], &[])).await;
    let length = &present(&snapshot, &azure(&scope, 201)).settings.activation.max_duration;
    assert_eq!(*length, crate::model::Duration::from_hours(2));
}

#[tokio::test]
async fn a_group_whose_policies_cannot_be_shown_at_once_is_read_rule_by_rule() {
    let assigned = |access: &str| json!({ "policyId": access, "scopeId": guid(11), "scopeType": "Group", "roleDefinitionId": access });
    let stub = everybody(Stub::default())
        .fails("$expand=policy", 500, "")
        .list("roleManagementPolicies/member/rules", rules(3))
        .fails("roleManagementPolicies/owner/rules", 500, "")
        .list("scopeType eq 'Group'", json!([assigned("member"), assigned("owner")]));
    let owner = Target::Group { group: id(11), access: Access::Owner };
    let snapshot = snapshot(&stub, &query(&[member(11), owner.clone()], &[])).await;
    let length = &present(&snapshot, &member(11)).settings.activation.max_duration;
    assert_eq!(*length, crate::model::Duration::from_hours(3));
    assert!(!why(&snapshot, &owner).is_empty());
}

#[tokio::test]
async fn one_unknown_value_costs_one_field_on_every_surface() {
    let mut odd = rules(8);
    for rule in odd.as_array_mut().unwrap() {
        if rule["id"] == "Notification_Admin_EndUser_Assignment" {
            rule["notificationLevel"] = "Loud".into();
        }
    }
    let scope = format!("{SUBSCRIPTION}/resourceGroups/one");
    let of_azure = |rules: &Value| {
        let mut policy = azure_policy(&scope, 201, "Owner", "BuiltInRole");
        policy["properties"]["effectiveRules"] = rules.clone();
        policy
    };
    let of_graph = |scope: &str, role: &str| json!({ "policyId": "p", "scopeId": scope, "roleDefinitionId": role, "policy": { "rules": odd } });
    // The filter names a role by its path, which the roles of the directory answer to as well: so it comes first.
    let stub = Stub::default()
        .list("$filter=roleDefinitionId", json!([of_azure(&odd)]))
        .and(everybody(entra_roles()))
        .list("scopeType eq 'DirectoryRole'", json!([of_graph("/", &guid(101))]))
        .list("scopeType eq 'Group'", json!([of_graph(&guid(11), "member"), of_graph(&guid(11), "owner")]))
        .list("directory/roleEligibilitySchedules", json!([row(101, 1, json!({}))]));
    let targets = [role(101), member(11), azure(&scope, 201)];
    let snapshot = snapshot(&stub, &query(&targets, &[])).await;
    for target in &targets {
        let state = present(&snapshot, target);
        let unknown: Vec<String> = state.settings.unknown().keys().map(ToString::to_string).collect();
        assert_eq!(unknown, ["notifications.activated.admins.critical_only"]);
        assert_eq!(state.settings.activation.max_duration, crate::model::Duration::from_hours(8));
    }
    assert_eq!(present(&snapshot, &role(101)).rows.len(), 1);
}

#[tokio::test]
async fn who_made_many_assignments_is_asked_for_once() {
    let made = |n: u32, by: Value| {
        json!({ "action": "adminAssign", "status": "Provisioned", "principalId": guid(n), "roleDefinitionId": guid(101), "directoryScopeId": "/",
        "createdDateTime": "2026-01-01T00:00:00Z", "createdBy": by })
    };
    let application = json!({ "application": { "id": guid(7), "displayName": "Packages" } });
    let somebody = json!({ "user": { "id": guid(8) } });
    let stub = entra().list("roleEligibilityScheduleRequests", json!([made(1, application), made(2, somebody)]));
    let of: Vec<_> = (1..=150)
        .map(|n| {
            (
                role(101),
                crate::model::AssignmentKey { kind: Kind::Eligible, principal: id(n), scope: AssignmentScope::Whole },
            )
        })
        .collect();
    let makers = stub.reader().await.makers(&of, &BTreeSet::new()).await;
    assert_eq!(
        makers.applications.iter().map(|((_, key), name)| (key.principal, &**name)).collect::<Vec<_>>(),
        [(id(1), "Packages")]
    );
    assert_eq!((stub.count("roleEligibilityScheduleRequests"), makers.unread.len()), (1, 0));
}
