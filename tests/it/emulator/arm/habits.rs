//! What the service does besides what its definitions say, and bodies that it takes although they hold more than they need.

use serde_json::{Value, json};

use crate::emulator::client::{
    ADA, CORE, CUSTOM, Client, GRACE, GROUP, OPERATORS, OWNER, READER, SUBSCRIPTION, options,
};
use pimform::emulator::Options;

const PROVIDER: &str = "providers/Microsoft.Authorization";
const VERSION: &str = "api-version=2020-10-01";
const PREVIEW: &str = "api-version=2024-09-01-preview";

fn guid(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// A client whose exchanges are not held against the definitions: these do not allow what only the service sets in bodies,
/// and know nothing of the form that the service gives a refused deletion.
async fn unlogged() -> Client {
    Client::with(Options { log: false, ..options() }).await
}

/// A request that makes Ada eligible.
fn asking(role: &str) -> Value {
    json!({ "properties": {
        "principalId": ADA, "roleDefinitionId": role, "requestType": "AdminAssign",
        "scheduleInfo": { "expiration": { "type": "AfterDuration", "duration": "P5D" } },
    } })
}

fn request(scope: &str, number: u32) -> String {
    format!("{scope}/{PROVIDER}/roleEligibilityScheduleRequests/{}?{VERSION}", guid(number))
}

#[tokio::test]
async fn in_a_subscription_the_id_of_a_role_carries_the_subscription() {
    let client = Client::start().await;
    let bare = format!("/{PROVIDER}/roleDefinitions/{READER}");
    for scope in [SUBSCRIPTION, GROUP] {
        let refused = client.send("PUT", &request(scope, 1), asking(&bare)).await;
        assert_eq!(refused.refusal(), (400, "ScopeDoesNotMatchRoleDefinition"), "{refused:?}");
    }
    assert_eq!(client.send("PUT", &request(CORE, 2), asking(&bare)).await.status, 201);
    // A slash at the start may be missing, and the role may be named as the resource group sees it.
    let own = format!("{SUBSCRIPTION}{bare}").trim_start_matches('/').to_owned();
    assert_eq!(client.send("PUT", &request(SUBSCRIPTION, 3), asking(&own)).await.status, 201);
    assert_eq!(client.send("PUT", &request(GROUP, 4), asking(&format!("{GROUP}{bare}"))).await.status, 201);
}

/// The assignment of the policy of a role at a scope.
async fn assigned(client: &Client, scope: &str, role: &str, version: &str) -> Value {
    let listed = client.get(&format!("{scope}/{PROVIDER}/roleManagementPolicyAssignments?{version}")).await;
    let own = |item: &&Value| item["properties"]["roleDefinitionId"].as_str().unwrap().ends_with(role);
    listed.entries().iter().find(own).unwrap().clone()
}

fn longer_activation() -> Value {
    json!({ "properties": { "rules": [{
        "id": "Expiration_EndUser_Assignment", "ruleType": "RoleManagementPolicyExpirationRule",
        "isExpirationRequired": true, "maximumDuration": "PT9H",
    }] } })
}

#[tokio::test]
async fn a_policy_that_nobody_changed_below_a_subscription_has_the_name_of_its_role() {
    let client = Client::start().await;
    let fresh = assigned(&client, GROUP, CUSTOM, VERSION).await;
    assert_eq!(fresh["name"], format!("{CUSTOM}_{CUSTOM}"));
    assert_eq!(fresh["type"], "Microsoft.Authorization/roleManagementPolicyAssignment");
    assert_eq!(fresh["properties"]["policyAssignmentProperties"]["scope"], json!({ "id": GROUP }));
    let at = format!("{GROUP}/{PROVIDER}/roleManagementPolicies/{CUSTOM}?{VERSION}");
    assert_eq!(client.get(&at).await.body["properties"]["isOrganizationDefault"], true);
    let changed = client.send("PATCH", &at, longer_activation()).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_ne!(changed.body["name"], CUSTOM);
    assert_eq!(client.get(&at).await.status, 404);
    let after = assigned(&client, GROUP, CUSTOM, VERSION).await;
    assert_eq!(after["properties"]["policyAssignmentProperties"]["scope"]["type"], "resourcegroup");
    // At a subscription it has a name of its own from the start.
    let above = assigned(&client, SUBSCRIPTION, CUSTOM, VERSION).await;
    assert!(!above["name"].as_str().unwrap().starts_with(CUSTOM), "{above}");
}

#[tokio::test]
async fn a_policy_cannot_be_deleted_and_the_refusal_has_a_form_of_its_own() {
    let client = unlogged().await;
    for collection in ["roleManagementPolicies", "roleManagementPolicyAssignments"] {
        let path = format!("{GROUP}/{PROVIDER}/{collection}/{CUSTOM}?{VERSION}");
        let refused = client.try_send("DELETE", &path, None).await.unwrap();
        assert_eq!(refused.status, 405);
        assert!(refused.body["message"].is_string() && refused.body.get("error").is_none(), "{refused:?}");
    }
}

#[tokio::test]
async fn answers_of_pim_say_where_they_come_from() {
    let client = Client::start().await;
    for (path, pim) in
        [("roleEligibilitySchedules", true), ("roleManagementPolicies/x", true), ("roleDefinitions", false)]
    {
        let version = if pim { VERSION } else { "api-version=2022-04-01" };
        let answer = client.get(&format!("{SUBSCRIPTION}/{PROVIDER}/{path}?{version}")).await;
        assert_eq!(answer.headers.contains_key("mspimslice"), pim, "{path}");
        assert!(answer.headers["x-ms-routing-request-id"].to_str().unwrap().starts_with("WESTEUROPE:20261121T"));
    }
}

#[tokio::test]
async fn rules_that_fail_are_named_in_words() {
    let client = Client::start().await;
    let role = format!("{SUBSCRIPTION}/{PROVIDER}/roleDefinitions/{OWNER}");
    let path = request(SUBSCRIPTION, 1).replace("Eligibility", "Assignment");
    let refused = client.send("PUT", &path, asking(&role)).await;
    assert_eq!(
        refused.body["error"]["message"],
        "The following policy rules failed: JustificationRule - Justification is required"
    );
}

#[tokio::test]
async fn nulls_and_what_only_the_service_sets_are_ignored_in_requests() {
    let client = unlogged().await;
    let mut body = asking(&format!("{SUBSCRIPTION}/{PROVIDER}/roleDefinitions/{OWNER}"));
    body["id"] = json!("x");
    body["systemData"] = Value::Null;
    let more = json!({
        "scope": "/subscriptions/elsewhere", "principalType": "Device", "status": "Accepted", "approvalId": null,
        "createdOn": null, "requestorId": GRACE, "expandedProperties": { "scope": {} }, "condition": "",
        "conditionVersion": null, "targetRoleEligibilityScheduleId": "", "linkedRoleEligibilityScheduleId": null,
        "ticketInfo": { "ticketNumber": null, "ticketSystem": null }, "justification": "", "whatever": null,
    });
    body["properties"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body["properties"]["scheduleInfo"]["expiration"]["endDateTime"] = Value::Null;
    let made = client.send("PUT", &request(SUBSCRIPTION, 1), body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let properties = &made.body["properties"];
    assert_eq!(
        (properties["scope"].as_str(), properties["principalType"].as_str()),
        (Some(SUBSCRIPTION), Some("User"))
    );
    // The empty condition comes back, and is none.
    let listed = client.get(&format!("{SUBSCRIPTION}/{PROVIDER}/roleEligibilitySchedules?{VERSION}")).await;
    let row = listed.entries().iter().find(|row| row["properties"]["principalId"] == ADA).unwrap();
    assert_eq!(row["properties"]["condition"], "");
    assert!(row["properties"].get("conditionVersion").is_none());
    assert!(!client.emulator.tenant_file().contains("condition"));
}

#[tokio::test]
async fn a_policy_comes_back_as_it_was_read_with_nulls_where_nothing_is() {
    let client = unlogged().await;
    let at = format!("{GROUP}/{PROVIDER}/roleManagementPolicies/{CUSTOM}?{VERSION}");
    let mut policy = client.get(&at).await.body;
    policy["properties"]["lastModifiedBy"] = Value::Null;
    policy["properties"]["description"] = Value::Null;
    for rule in policy["properties"]["rules"].as_array_mut().unwrap() {
        rule["target"] = json!({
            "caller": rule["target"]["caller"], "level": rule["target"]["level"], "operations": null,
            "targetObjects": null, "inheritableSettings": [], "enforcedSettings": null,
        });
    }
    let changed = client.send("PATCH", &at, policy.clone()).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(changed.body["properties"]["effectiveRules"], policy["properties"]["effectiveRules"]);
}

#[tokio::test]
async fn the_preview_knows_a_rule_and_a_field_more_and_its_list_says_less() {
    let client = Client::start().await;
    let listed = assigned(&client, GROUP, CUSTOM, PREVIEW).await;
    assert!(listed["properties"].get("effectiveRules").is_none());
    let at = format!("{GROUP}/{PROVIDER}/roleManagementPolicies/{CUSTOM}?{PREVIEW}");
    let rules = |policy: &Value| policy["properties"]["rules"].as_array().unwrap().clone();
    let named = |policy: &Value, id: &str| rules(policy).into_iter().find(|rule| rule["id"] == id);
    let before = client.get(&at).await.body;
    assert_eq!(named(&before, "Expiration_Admin_Eligibility").unwrap()["exceptionMembers"], json!([]));
    let mut only = named(&before, "PIMOnlyMode_Admin_Assignment").unwrap();
    assert_eq!(only["pimOnlyModeSettings"]["mode"], "Disabled");
    only["pimOnlyModeSettings"] = json!({
        "mode": "ReportOnly", "excludes": [{ "id": ADA, "type": "User" }],
        "excludedAssignmentTypes": ["ServicePrincipalsAsTarget"],
    });
    let mut expiration = named(&before, "Expiration_Admin_Eligibility").unwrap();
    expiration["exceptionMembers"] = json!([{ "id": OPERATORS, "userType": "Group" }]);
    let body = json!({ "properties": { "rules": [only, expiration] } });
    let after = client.send("PATCH", &at, body.clone()).await;
    assert_eq!(after.status, 200, "{after:?}");
    let kept = |id: &str| named(&after.body, id).unwrap();
    assert_eq!(kept("PIMOnlyMode_Admin_Assignment")["pimOnlyModeSettings"], only["pimOnlyModeSettings"]);
    assert_eq!(kept("Expiration_Admin_Eligibility")["exceptionMembers"], expiration["exceptionMembers"]);
    // The older version shows none of it, and refuses it.
    let name = after.body["name"].as_str().unwrap();
    let older = format!("{GROUP}/{PROVIDER}/roleManagementPolicies/{name}?{VERSION}");
    let shown = client.get(&older).await.body;
    assert_eq!(rules(&shown).len() + 1, rules(&after.body).len());
    assert_eq!(client.send("PATCH", &older, body).await.refusal(), (400, "InvalidPolicyRule"));
    for path in [
        "roleEligibilitySchedules",
        "roleAssignmentScheduleInstances",
        "roleEligibilityScheduleRequests",
        "eligibleChildResources",
    ] {
        assert_eq!(client.get(&format!("{SUBSCRIPTION}/{PROVIDER}/{path}?{PREVIEW}")).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_plain_assignment_has_a_description_and_can_be_changed() {
    let client = Client::start().await;
    let path = format!("{GROUP}/{PROVIDER}/roleAssignments/{}?api-version=2022-04-01", guid(7));
    let role = format!("{SUBSCRIPTION}/{PROVIDER}/roleDefinitions/{READER}");
    let properties = json!({ "roleDefinitionId": role, "principalId": ADA, "description": "" });
    let made = client.send("PUT", &path, json!({ "properties": properties })).await;
    assert_eq!((made.status, made.body["properties"]["description"].as_str()), (201, Some("")), "{made:?}");
    let mut again = made.body["properties"].clone();
    again["description"] = json!("for reading");
    again["condition"] = json!("@Resource[x] StringEquals 'a'");
    again["conditionVersion"] = json!("2.0");
    client.emulator.advance(5);
    let changed = client.send("PUT", &path, json!({ "properties": again })).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let read = client.get(&path).await.body;
    assert_eq!(
        (&read["properties"]["description"], &read["properties"]["condition"]),
        (&again["description"], &again["condition"])
    );
    assert_ne!(read["properties"]["updatedOn"], read["properties"]["createdOn"]);
}

#[tokio::test]
async fn a_role_is_made_changed_used_and_deleted() {
    let client = Client::start().await;
    let path = format!("{SUBSCRIPTION}/{PROVIDER}/roleDefinitions/{}?api-version=2022-05-01-preview", guid(70));
    assert_eq!(client.get(&path).await.refusal(), (404, "RoleDefinitionDoesNotExist"));
    let permissions =
        json!([{ "actions": ["Microsoft.Web/*/read"], "dataActions": [], "notActions": [], "notDataActions": null }]);
    let body = |name: &str| {
        json!({ "properties": {
            "roleName": name, "description": "", "type": "CustomRole", "permissions": permissions.clone(),
            "assignableScopes": [SUBSCRIPTION], "createdBy": null,
        } })
    };
    let made = client.send("PUT", &path, body("Web reader")).await;
    assert_eq!((made.status, &made.body["properties"]["roleName"]), (201, &json!("Web reader")), "{made:?}");
    client.emulator.advance(30);
    let changed = client.send("PUT", &path, body("Web reader 2")).await;
    assert_ne!(changed.body["properties"]["updatedOn"], changed.body["properties"]["createdOn"]);
    let custom = client
        .get(&format!(
            "{SUBSCRIPTION}/{PROVIDER}/roleDefinitions?$filter=type%20eq%20'CustomRole'&api-version=2022-04-01"
        ))
        .await;
    assert_eq!(custom.entries().len(), 2);
    let other = path.replace(&guid(70), &guid(71));
    assert_eq!(
        client.send("PUT", &other, body("web READER 2")).await.refusal(),
        (409, "RoleDefinitionWithSameNameExists")
    );
    assert_eq!(client.send("PUT", &path.replace(&guid(70), OWNER), body("Mine")).await.status, 403);
    let role = format!("{SUBSCRIPTION}/{PROVIDER}/roleDefinitions/{}", guid(70));
    assert_eq!(client.send("PUT", &request(SUBSCRIPTION, 1), asking(&role)).await.status, 201);
    assert_eq!(client.try_send("DELETE", &path, None).await.unwrap().refusal(), (400, "RoleDefinitionHasAssignments"));
    client.emulator.advance(300);
    let mut removal = asking(&role);
    removal["properties"]["requestType"] = json!("AdminRemove");
    assert_eq!(client.send("PUT", &request(SUBSCRIPTION, 2), removal).await.status, 201);
    assert_eq!(client.try_send("DELETE", &path, None).await.unwrap().status, 200);
    assert_eq!(client.try_send("DELETE", &path, None).await.unwrap().status, 204);
}
