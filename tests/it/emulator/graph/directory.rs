//! Users, groups, service principals and the rest of the directory.

use super::*;

#[tokio::test]
async fn principals_are_found_by_id_and_by_name() {
    let client = start().await;
    let by_name = client.get("/v1.0/users/ADA@contoso.example?$select=id,displayName,accountEnabled").await;
    assert_eq!(by_name.body["id"], ADA);
    assert_eq!(by_name.body["accountEnabled"], true);
    assert!(by_name.body.get("userPrincipalName").is_none());
    let quoted = client.get("/v1.0/users?%24filter=displayName+eq+'Grace+O''Hopper'").await;
    assert_eq!(quoted.entries()[0]["id"], GRACE);
    assert!(quoted.entries()[0].get("accountEnabled").is_none(), "only when it is selected");
    let service = client.get(&format!("/v1.0/servicePrincipals(appId='{RUNNER_APP}')")).await;
    assert_eq!(service.body["id"], RUNNER);
    let object = client.get(&format!("/v1.0/directoryObjects/{OPERATORS}")).await;
    assert_eq!(object.body["@odata.type"], "#microsoft.graph.group");
    let nobody = client.get("/v1.0/users/nobody@contoso.example").await;
    assert_eq!(nobody.refusal(), (404, "Request_ResourceNotFound"));
    assert!(nobody.body["error"]["innerError"]["request-id"].is_string());
}

#[tokio::test]
async fn ids_that_nobody_has_are_missing_in_the_answer() {
    let client = start().await;
    let ids = json!({ "ids": [ADA, LEADS, RUNNER, SALES], "types": ["user", "group"] });
    let answer = client.send("POST", "/v1.0/directoryObjects/getByIds", ids).await;
    let found: Vec<&str> = answer.entries().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(found, [ADA, LEADS]);
    let many: Vec<&str> = vec![ADA; 1001];
    let answer = client.send("POST", "/v1.0/directoryObjects/getByIds", json!({ "ids": many })).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn groups_are_made_changed_and_deleted() {
    let client = start().await;
    let new = json!({
        "displayName": "New", "mailNickname": "new", "mailEnabled": false, "securityEnabled": true,
        "isAssignableToRole": true, "description": "New one",
        "members@odata.bind": [format!("https://graph.microsoft.com/v1.0/directoryObjects/{ADA}")],
    });
    let made = client.send("POST", "/v1.0/groups", new).await;
    assert_eq!((made.status, &made.body["isAssignableToRole"]), (201, &json!(true)), "{made:?}");
    let path = format!("/v1.0/groups/{}", made.body["id"].as_str().unwrap());
    let changed = client.send("PATCH", &path, json!({ "description": "Renamed", "displayName": "Newer" })).await;
    assert_eq!(changed.status, 204);
    assert_eq!(client.get(&path).await.body["displayName"], "Newer");
    let fixed = client.send("PATCH", &path, json!({ "isAssignableToRole": false })).await;
    assert_eq!(fixed.refusal(), (400, "Request_BadRequest"));
    let list = client.get(&format!("{path}/members?$select=id")).await;
    assert_eq!(list.entries(), [json!({ "@odata.type": "#microsoft.graph.user", "id": ADA })]);

    let reference = json!({ "@odata.id": format!("{}/v1.0/directoryObjects/{GRACE}", client.emulator.url()) });
    let add = format!("{path}/members/$ref");
    assert_eq!(client.send("POST", &add, reference.clone()).await.status, 204);
    assert_eq!(client.send("POST", &add, reference).await.refusal(), (400, "Request_BadRequest"));
    let remove = format!("{path}/members/{GRACE}/$ref");
    assert_eq!(client.try_send("DELETE", &remove, None).await.unwrap().status, 204);
    assert_eq!(client.try_send("DELETE", &remove, None).await.unwrap().status, 404);
    assert_eq!(client.try_send("DELETE", &path, None).await.unwrap().status, 204);
    assert_eq!(client.get(&path).await.refusal(), (404, "Request_ResourceNotFound"));
}

#[tokio::test]
async fn who_is_a_member_through_pim_is_on_the_list_too() {
    let client = start().await;
    let more = json!({ "scheduleInfo": lasting("P5D"), "justification": "on call" });
    let made = client
        .send("POST", &format!("{GROUPS}/assignmentScheduleRequests"), ask_group("adminAssign", GRACE, &more))
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let list = client.get(&format!("/v1.0/groups/{OPERATORS}/members")).await;
    let ids: Vec<&str> = list.entries().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [ADA, GRACE]);
    let groups = client
        .send("POST", &format!("/v1.0/users/{GRACE}/getMemberGroups"), json!({ "securityEnabledOnly": false }))
        .await;
    assert_eq!(groups.body["value"], json!([OPERATORS]));
}

#[tokio::test]
async fn a_dynamic_group_takes_no_members() {
    let client = start().await;
    let reference = json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{GRACE}") });
    let answer = client.send("POST", &format!("/v1.0/groups/{DYNAMIC}/members/$ref"), reference).await;
    assert_eq!(answer.refusal(), (400, "Request_BadRequest"));
}

#[tokio::test]
async fn the_rest_of_the_directory_answers() {
    let client = start().await;
    let first = |path: &'static str| {
        let client = &client;
        async move { client.get(path).await.entries()[0].clone() }
    };
    assert_eq!(first("/v1.0/organization").await["id"], TENANT);
    assert_eq!(first("/v1.0/domains").await["id"], "contoso.example");
    let unit = first("/v1.0/directory/administrativeUnits?$filter=displayName%20eq%20'sales'").await;
    assert_eq!(unit["id"], SALES);
    let context = first("/v1.0/identity/conditionalAccess/authenticationContextClassReferences").await;
    assert_eq!((&context["id"], &context["isAvailable"]), (&json!("c1"), &json!(true)));
    assert_eq!(first("/v1.0/directoryRoleTemplates").await["id"], GLOBAL_ADMINISTRATOR);
    let role = first("/v1.0/directoryRoles").await;
    assert_eq!(role["roleTemplateId"], GLOBAL_ADMINISTRATOR);
    let members = client.get(&format!("/v1.0/directoryRoles/{}/members", role["id"].as_str().unwrap())).await;
    assert_eq!(members.entries().len(), 2);
}

#[tokio::test]
async fn what_the_tenant_file_calls_unreadable_is_denied() {
    let mut tenant = tenant();
    tenant["groups"][0]["unreadable"] = json!("no permission");
    tenant["targets"][0]["unreadable"] = json!("no permission");
    let client = Client::with(Options { tenant: tenant.to_string(), ..options() }).await;
    let members = client.get(&format!("/v1.0/groups/{OPERATORS}/members")).await;
    assert_eq!(members.refusal(), (403, "Authorization_RequestDenied"));
    let role = format!("roleDefinitionId%20eq%20'{GLOBAL_ADMINISTRATOR}'");
    let schedules = client.get(&format!("{ELIGIBLE}?$filter={role}")).await;
    assert_eq!(schedules.refusal(), (403, "UnknownError"));
    let nested: Value = serde_json::from_str(schedules.body["error"]["message"].as_str().unwrap()).unwrap();
    assert_eq!(nested["errorCode"], "PermissionScopeNotGranted");
    let filter = format!("scopeId%20eq%20'/'%20and%20scopeType%20eq%20'DirectoryRole'%20and%20{role}");
    assert_eq!(client.get(&format!("{POLICY_ASSIGNMENTS}?$filter={filter}")).await.status, 403);
    let others = "scopeId%20eq%20'/'%20and%20scopeType%20eq%20'DirectoryRole'";
    let others = client.get(&format!("{POLICY_ASSIGNMENTS}?$filter={others}")).await;
    assert_eq!(others.entries().len(), 1, "the list has all but the one that cannot be read");
}

#[tokio::test]
async fn roles_that_come_with_the_service_are_there_by_a_switch() {
    const HELPDESK: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";
    let path = format!("/v1.0/roleManagement/directory/roleDefinitions/{HELPDESK}");
    assert_eq!(start().await.get(&path).await.status, 404);
    let client = Client::with(Options { built_in_roles: true, ..options() }).await;
    let role = client.get(&path).await.body;
    assert_eq!((&role["displayName"], &role["isBuiltIn"]), (&json!("Helpdesk Administrator"), &json!(true)));
}

#[tokio::test]
async fn every_type_of_the_directory_may_be_asked_for() {
    let client = start().await;
    let found = async |name: &str| {
        let ids = json!({ "ids": [ADA, LEADS, RUNNER], "types": [name] });
        let answer = client.send("POST", "/v1.0/directoryObjects/getByIds", ids).await;
        if answer.status == 200 { Some(answer.entries().len()) } else { None }
    };
    for (name, expected) in [
        ("user", Some(1)),
        ("microsoft.graph.user", Some(1)),
        ("#microsoft.graph.Group", Some(1)),
        ("directoryObject", Some(3)),
        ("agentUser", Some(0)),
        ("agentIdentity", Some(0)),
        ("microsoft.graph.agentIdentityBlueprintPrincipal", Some(0)),
        ("organization", Some(0)),
        ("claimsMappingPolicy", Some(0)),
        ("appRoleAssignment", Some(0)),
        ("unifiedRoleDefinition", None),
        ("colour", None),
    ] {
        assert_eq!(found(name).await, expected, "{name}");
    }
}
