//! azurerm: eligible and active role assignments, role management policies, and the scopes that they are for.

use serde_json::{Value, json};

use super::{CONTRIBUTOR, PIM, Provider, RUNNER, SUBSCRIPTION, TENANT, text, url};

const AUTHORIZATION: &str = "providers/Microsoft.Authorization";
/// The version of role definitions that the provider asks for.
const DEFINITIONS: &str = "2022-05-01-preview";
const ADA: &str = "0b7f8a52-6a3e-4a64-8a39-5d6f0d3a8e01";

/// What differs between the two resources.
struct Kind {
    schedules: &'static str,
    requests: &'static str,
    request_id: &'static str,
    filter: fn(&str) -> String,
}

const ELIGIBLE: Kind = Kind {
    schedules: "roleEligibilitySchedules",
    requests: "roleEligibilityScheduleRequests",
    request_id: "/properties/roleEligibilityScheduleRequestId",
    filter: |principal| format!("(principalId eq '{principal}') and atScope()"),
};
const ACTIVE: Kind = Kind {
    schedules: "roleAssignmentSchedules",
    requests: "roleAssignmentScheduleRequests",
    request_id: "/properties/roleAssignmentScheduleRequestId",
    filter: |principal| format!("(principalId eq '{principal}')"),
};

/// One role assignment of the provider.
struct Assignment<'a> {
    kind: &'a Kind,
    scope: String,
    role: String,
    principal: &'a str,
}

impl Assignment<'_> {
    /// Finds the schedule as the provider does: text for text, but for case.
    async fn find(&self, provider: &Provider) -> Option<Value> {
        let path = format!("{}/{AUTHORIZATION}/{}", self.scope, self.kind.schedules);
        let rows =
            provider.list(&url(&path, &[("$filter", &(self.kind.filter)(self.principal)), ("api-version", PIM)])).await;
        rows.into_iter().find(|row| {
            let is = |field: &str, wanted: &str| {
                row["properties"][field].as_str().is_some_and(|text| text.eq_ignore_ascii_case(wanted))
            };
            is("roleDefinitionId", &self.role)
                && is("scope", &self.scope)
                && is("principalId", self.principal)
                && row["properties"]["memberType"] == "Direct"
        })
    }

    fn request(&self, name: &str) -> String {
        format!("{}/{AUTHORIZATION}/{}/{name}?api-version={PIM}", self.scope, self.kind.requests)
    }

    /// Creates it, and waits for its schedule.
    async fn create(&self, provider: &Provider, name: &str, schedule: Value) {
        assert!(self.find(provider).await.is_none(), "an assignment that is there has to be imported");
        let body = json!({ "properties": {
            "justification": "from a test", "principalId": self.principal, "requestType": "AdminAssign",
            "roleDefinitionId": self.role, "scope": self.scope, "scheduleInfo": schedule,
            "ticketInfo": { "ticketNumber": "1", "ticketSystem": "example ticket system" },
        } });
        provider.put(&self.request(name), body).await.expect(201);
        provider.wait_until(10, 1, || async { self.find(provider).await.is_some() }).await;
    }

    /// The request that the schedule names, which most of the state comes from.
    async fn read(&self, provider: &Provider) -> Value {
        let schedule = self.find(provider).await.unwrap();
        let id = text(&schedule, self.kind.request_id);
        // The provider parses it by its segments, case and all; the service may spell the scope in another way.
        let (scope, name) = id.split_once(&format!("/{AUTHORIZATION}/{}/", self.kind.requests)).unwrap();
        assert!(scope.ends_with(&self.scope) && !name.contains('/'), "{id}");
        let request = provider.get(&format!("{id}?api-version={PIM}")).await.expect(200);
        assert_eq!(text(&request, "/properties/roleDefinitionId"), self.role);
        assert_eq!(text(&request, "/properties/principalId"), self.principal);
        assert_eq!(text(&request, "/properties/justification"), "from a test");
        assert_eq!(text(&request, "/properties/ticketInfo/ticketNumber"), "1");
        assert_eq!(text(&request, "/id"), id);
        request
    }

    /// Removes it: a pending one by cancelling, another by a request that is repeated until it is old enough.
    async fn remove(&self, provider: &Provider, name: &str) {
        let schedule = self.find(provider).await.unwrap();
        if schedule["properties"]["status"] == "Granted" {
            let id = text(&schedule, self.kind.request_id);
            provider.call(reqwest::Method::POST, &format!("{id}/cancel?api-version={PIM}"), None).await.expect(200);
        } else {
            let body = json!({ "properties": {
                "justification": "Removed by Terraform", "principalId": self.principal, "requestType": "AdminRemove",
                "roleDefinitionId": self.role,
                "ticketInfo": { "ticketNumber": "1", "ticketSystem": "example ticket system" },
            } });
            provider
                .wait_until(60, 1, || async {
                    let answer = provider.put(&self.request(name), body.clone()).await;
                    if answer.status == 400 && answer.body["error"]["code"] == "ActiveDurationTooShort" {
                        return false;
                    }
                    answer.expect(201);
                    true
                })
                .await;
        }
        provider.wait_until(10, 1, || async { self.find(provider).await.is_none() }).await;
    }
}

/// The full id of a role in the subscription, put together as the providers' tests do: the subscription's id, and the id
/// of the role as it is read without a scope.
async fn role_in_the_subscription(provider: &Provider, name: &str) -> String {
    let filter = format!("roleName eq '{name}'");
    let path = format!("/{AUTHORIZATION}/roleDefinitions");
    let found = provider.list(&url(&path, &[("$filter", &filter), ("api-version", DEFINITIONS)])).await;
    let [role] = found.as_slice() else { panic!("one role has the name `{name}`, not {}", found.len()) };
    let guid = text(role, "/name");
    let one = provider.get(&format!("{path}/{guid}?api-version={DEFINITIONS}")).await.expect(200);
    assert_eq!(text(&one, "/properties/roleName"), name);
    assert_eq!(text(&one, "/properties/type"), "BuiltInRole");
    assert!(one["properties"]["permissions"].is_array() && one["properties"]["assignableScopes"].is_array());
    format!("{SUBSCRIPTION}{}", text(&one, "/id"))
}

async fn resource_group(provider: &Provider, name: &str) -> String {
    let group = format!("{SUBSCRIPTION}/resourceGroups/{name}");
    let path = format!("{group}?api-version=2023-07-01");
    provider.get(&path).await.refused(404, "ResourceGroupNotFound");
    let made = provider.put(&path, json!({ "location": "westeurope", "tags": {} })).await.expect(201);
    assert_eq!(text(&made, "/properties/provisioningState"), "Succeeded");
    provider.wait_until(4, 3, || async { provider.get(&path).await.status == 200 }).await;
    let read = provider.get(&path).await.expect(200);
    assert_eq!((text(&read, "/id"), text(&read, "/location")), (group.clone(), "westeurope".to_owned()));
    group
}

async fn remove_resource_group(provider: &Provider, group: &str) {
    let nested = url(
        &format!("{group}/resources"),
        &[("$expand", "provisioningState"), ("$top", "10"), ("api-version", "2023-07-01")],
    );
    assert_eq!(provider.list(&nested).await, Vec::<Value>::new());
    let path = format!("{group}?api-version=2023-07-01");
    let gone = provider.delete(&path).await;
    assert!(matches!(gone.status, 200 | 202), "{}: any other status is an error to the provider", gone.status);
    provider.wait_until(10, 1, || async { provider.get(&path).await.status == 404 }).await;
}

/// The endings of the providers' tests.
fn schedules() -> Vec<(&'static str, Value)> {
    vec![
        (
            "PT8H",
            json!({ "expiration": { "type": "AfterDuration", "duration": "PT8H" },
            "startDateTime": "2026-11-21T11:59:57Z" }),
        ),
        (
            "P8D",
            json!({ "expiration": { "type": "AfterDuration", "duration": "P8D" },
            "startDateTime": "2026-11-21T11:59:57Z" }),
        ),
        (
            "",
            json!({ "expiration": { "type": "AfterDateTime", "endDateTime": "2026-11-28T12:00:00Z" },
            "startDateTime": "2026-11-21T11:59:57Z" }),
        ),
        ("", json!({ "expiration": { "type": "NoExpiration" } })),
    ]
}

async fn life_of(kind: &Kind) {
    let provider = Provider::start().await;
    let role = role_in_the_subscription(&provider, "AcrPull").await;
    for (number, (duration, schedule)) in schedules().into_iter().enumerate() {
        let assignment = Assignment { kind, scope: SUBSCRIPTION.to_owned(), role: role.clone(), principal: ADA };
        let name = |part: &str| format!("00000000-0000-4000-8000-{part}{number:011}");
        assignment.create(&provider, &name("1"), schedule.clone()).await;
        let request = assignment.read(&provider).await;
        let expiration = &request["properties"]["scheduleInfo"]["expiration"];
        assert_eq!(expiration["type"], schedule["expiration"]["type"]);
        assert_eq!(expiration["duration"].as_str().unwrap_or_default(), duration);
        assert_eq!(text(&request, "/properties/principalType"), "User");
        assignment.remove(&provider, &name("2")).await;
    }
}

#[tokio::test]
async fn the_life_of_an_eligible_role_assignment() {
    life_of(&ELIGIBLE).await;
}

#[tokio::test]
async fn the_life_of_an_active_role_assignment() {
    life_of(&ACTIVE).await;
}

#[tokio::test]
async fn a_pending_assignment_is_listed_and_cancelled() {
    for (kind, principal, what) in [(&ELIGIBLE, ADA, "User"), (&ACTIVE, RUNNER, "ServicePrincipal")] {
        let provider = Provider::start().await;
        let role = role_in_the_subscription(&provider, "AcrPull").await;
        let assignment = Assignment { kind, scope: SUBSCRIPTION.to_owned(), role, principal };
        let tomorrow = json!({
            "startDateTime": "2026-11-22T12:00:00Z", "expiration": { "type": "AfterDuration", "duration": "PT8H" },
        });
        assignment.create(&provider, "00000000-0000-4000-8000-000000000001", tomorrow).await;
        let request = assignment.read(&provider).await;
        assert_eq!(text(&request, "/properties/status"), "Granted");
        assert_eq!(text(&request, "/properties/principalType"), what);
        assignment.remove(&provider, "00000000-0000-4000-8000-000000000002").await;
    }
}

#[tokio::test]
async fn an_assignment_at_a_resource() {
    let provider = Provider::start().await;
    let group = resource_group(&provider, "acctestRG-1").await;
    let network = format!("{group}/providers/Microsoft.Network/virtualNetworks/acctestVNET1");
    let path = format!("{network}?api-version=2024-05-01");
    assert_eq!(provider.get(&path).await.status, 404);
    let body = json!({
        "location": "westeurope", "tags": {},
        "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] }, "subnets": [] },
    });
    let made = provider.put(&path, body).await;
    assert!(matches!(made.status, 200 | 201), "{}", made.status);
    let read = provider.get(&path).await.expect(200);
    assert_eq!(text(&read, "/id"), network);
    assert_eq!(text(&read, "/properties/provisioningState"), "Succeeded");
    assert_eq!(read["properties"]["addressSpace"]["addressPrefixes"], json!(["10.0.0.0/16"]));

    let role = role_in_the_subscription(&provider, "AcrPull").await;
    for kind in [&ELIGIBLE, &ACTIVE] {
        let assignment = Assignment { kind, scope: network.clone(), role: role.clone(), principal: ADA };
        let (_, eight_days) = schedules().remove(1);
        assignment.create(&provider, &format!("00000000-0000-4000-8000-{:012}", kind.requests.len()), eight_days).await;
        assignment.read(&provider).await;
        assignment.remove(&provider, &format!("00000000-0000-4000-8001-{:012}", kind.requests.len())).await;
    }
    let gone = provider.delete(&path).await;
    assert!(matches!(gone.status, 200 | 202 | 204), "{}", gone.status);
    provider.wait_until(10, 1, || async { provider.get(&path).await.status == 404 }).await;
    remove_resource_group(&provider, &group).await;
}

#[tokio::test]
async fn a_principal_that_is_not_known_yet_does_not_use_up_the_name() {
    let provider = Provider::start().await;
    let role = role_in_the_subscription(&provider, "AcrPull").await;
    let nobody = "0b7f8a52-6a3e-4a64-8a39-5d6f0d3affff";
    let assignment = Assignment { kind: &ELIGIBLE, scope: SUBSCRIPTION.to_owned(), role, principal: nobody };
    let path = assignment.request("00000000-0000-4000-8000-000000000001");
    let body = |principal: &str| {
        json!({ "properties": {
            "principalId": principal, "requestType": "AdminAssign", "roleDefinitionId": assignment.role,
            "scheduleInfo": { "expiration": { "type": "AfterDuration", "duration": "PT8H" } },
        } })
    };
    for _ in 0..2 {
        provider.put(&path, body(nobody)).await.refused(400, "SubjectNotFound");
    }
    provider.put(&path, body(ADA)).await.expect(201);
    provider.put(&path, body(ADA)).await.refused(409, "RoleAssignmentRequestExists");
}

/// A rule of a policy.
fn rule(policy: &Value, id: &str) -> Value {
    let rules = policy["properties"]["rules"].as_array().unwrap();
    rules.iter().find(|rule| rule["id"] == id).unwrap_or_else(|| panic!("the policy has the rule {id}")).clone()
}

/// Finds the policy of a role, which must be one, and reads it. Whatever the provider takes for granted must be there.
async fn policy(provider: &Provider, scope: &str, role: &str) -> Value {
    let filter = format!("roleDefinitionId eq '{role}'");
    let path = format!("{scope}/{AUTHORIZATION}/roleManagementPolicies");
    let found = provider.list(&url(&path, &[("$filter", &filter), ("api-version", PIM)])).await;
    let [one] = found.as_slice() else { panic!("the role has one policy at {scope}, not {}", found.len()) };
    let policy = provider.get(&format!("{path}/{}?api-version={PIM}", text(one, "/name"))).await.expect(200);
    for id in ["Expiration_Admin_Eligibility", "Expiration_Admin_Assignment", "Expiration_EndUser_Assignment"] {
        let rule = rule(&policy, id);
        assert!(rule["isExpirationRequired"].is_boolean() && rule["maximumDuration"].is_string(), "{rule}");
    }
    let approval = rule(&policy, "Approval_EndUser_Assignment");
    assert!(approval["setting"]["isApprovalRequired"].is_boolean(), "{approval}");
    assert!(approval["setting"]["approvalStages"].as_array().is_none_or(|stages| !stages.is_empty()), "{approval}");
    let rules = policy["properties"]["rules"].as_array().unwrap();
    let mails = rules.iter().filter(|rule| rule["ruleType"] == "RoleManagementPolicyNotificationRule");
    assert_eq!(mails.inspect(|rule| assert!(rule["isDefaultRecipientsEnabled"].is_boolean(), "{rule}")).count(), 9);
    policy
}

/// Sends rules back as the provider does: with the policy's head, and of a stage only the approvers.
async fn change(provider: &Provider, scope: &str, policy: &Value, rules: Value) {
    let body = json!({
        "id": policy["id"], "name": policy["name"], "type": policy["type"], "properties": { "rules": rules },
    });
    let path = format!("{scope}/{AUTHORIZATION}/roleManagementPolicies/{}", text(policy, "/name"));
    provider.patch(&format!("{path}?api-version={PIM}"), body).await.expect(200);
}

async fn life_of_a_policy(provider: &Provider, scope: &str) {
    let roles = format!("{scope}/{AUTHORIZATION}/roleDefinitions");
    let found =
        provider.list(&url(&roles, &[("$filter", "roleName eq 'Contributor'"), ("api-version", DEFINITIONS)])).await;
    let [role] = found.as_slice() else { panic!("one role has the name, not {}", found.len()) };
    let role = text(role, "/id");
    assert!(role.ends_with(CONTRIBUTOR));

    let before = policy(provider, scope, &role).await;
    let mut eligible = rule(&before, "Expiration_Admin_Eligibility");
    eligible["isExpirationRequired"] = json!(false);
    let mut active = rule(&before, "Expiration_Admin_Assignment");
    active["maximumDuration"] = json!("P90D");
    let mut activation = rule(&before, "Expiration_EndUser_Assignment");
    activation["maximumDuration"] = json!("PT1H");
    let mut approval = rule(&before, "Approval_EndUser_Assignment");
    approval["setting"]["isApprovalRequired"] = json!(true);
    approval["setting"]["approvalStages"] = json!([{ "primaryApprovers": [{ "id": ADA, "userType": "User" }] }]);
    let mut mail = rule(&before, "Notification_Admin_Admin_Assignment");
    mail["notificationLevel"] = json!("Critical");
    mail["isDefaultRecipientsEnabled"] = json!(false);
    mail["notificationRecipients"] = json!(["someone@example.com"]);
    change(provider, scope, &before, json!([eligible, active, activation, approval, mail])).await;

    let after = policy(provider, scope, &role).await;
    let eligible = rule(&after, "Expiration_Admin_Eligibility");
    assert_eq!((&eligible["isExpirationRequired"], &eligible["maximumDuration"]), (&json!(false), &json!("P365D")));
    assert_eq!(rule(&after, "Expiration_Admin_Assignment")["maximumDuration"], "P90D");
    assert_eq!(rule(&after, "Expiration_EndUser_Assignment")["maximumDuration"], "PT1H");
    let approval = rule(&after, "Approval_EndUser_Assignment");
    assert_eq!(approval["setting"]["isApprovalRequired"], true);
    let approver = &approval["setting"]["approvalStages"][0]["primaryApprovers"][0];
    assert_eq!((text(approver, "/id"), text(approver, "/userType")), (ADA.to_owned(), "User".to_owned()));
    let mail = rule(&after, "Notification_Admin_Admin_Assignment");
    assert_eq!(mail["notificationLevel"], "Critical");
    assert_eq!(mail["isDefaultRecipientsEnabled"], false);
    assert_eq!(mail["notificationRecipients"], json!(["someone@example.com"]));

    // Without approval the approvers stay where they are.
    let mut approval = approval;
    approval["setting"]["isApprovalRequired"] = json!(false);
    change(provider, scope, &after, json!([approval])).await;
    let last = policy(provider, scope, &role).await;
    let approval = rule(&last, "Approval_EndUser_Assignment");
    assert_eq!(approval["setting"]["isApprovalRequired"], false);
    assert_eq!(approval["setting"]["approvalStages"][0]["primaryApprovers"][0]["id"], ADA);
}

#[tokio::test]
async fn the_policy_of_a_role_at_a_subscription_and_a_resource_group() {
    let provider = Provider::start().await;
    life_of_a_policy(&provider, SUBSCRIPTION).await;
    let group = resource_group(&provider, "acctestRG-2").await;
    life_of_a_policy(&provider, &group).await;
    remove_resource_group(&provider, &group).await;
}

#[tokio::test]
async fn the_policy_of_a_role_at_a_new_management_group() {
    let provider = Provider::start().await;
    let group = "/providers/Microsoft.Management/managementGroups/acctest1";
    let read = |options: &[(&str, &str)]| {
        let mut options = options.to_vec();
        options.extend([("$expand", "children"), ("api-version", "2020-05-01")]);
        url(group, &options)
    };
    let absent = provider.get(&read(&[("$recurse", "false")])).await;
    assert!(matches!(absent.status, 403 | 404), "{}", absent.status);
    let root = format!("/providers/Microsoft.Management/managementGroups/{TENANT}");
    let body = json!({
        "name": "acctest1", "properties": { "tenantId": TENANT, "details": { "parent": { "id": root } } },
    });
    let made = provider.put(&format!("{group}?api-version=2020-05-01"), body).await;
    assert!(matches!(made.status, 200 | 202), "{}: any other status is an error to the provider", made.status);
    provider.wait_until(1, 5, || async { provider.get(&read(&[("$recurse", "true")])).await.status == 200 }).await;
    let found = provider
        .get(&read(&[("$filter", "children.childType eq Subscription"), ("$recurse", "true")]))
        .await
        .expect(200);
    assert_eq!(text(&found, "/properties/displayName"), "acctest1");
    assert_eq!(text(&found, "/properties/details/parent/id"), root);

    life_of_a_policy(&provider, group).await;

    let gone = provider.delete(&format!("{group}?api-version=2020-05-01")).await;
    assert!(matches!(gone.status, 202 | 204), "{}: the client reads a state from the body of a 200", gone.status);
    let path = format!("{group}?api-version=2020-05-01");
    provider.wait_until(10, 1, || async { matches!(provider.get(&path).await.status, 403 | 404) }).await;
}

#[tokio::test]
async fn a_plain_role_assignment() {
    let provider = Provider::start().await;
    let found = provider
        .list(&url(
            &format!("{SUBSCRIPTION}/{AUTHORIZATION}/roleDefinitions"),
            &[("$filter", "roleName eq 'AcrPull'"), ("api-version", DEFINITIONS)],
        ))
        .await;
    let [role] = found.as_slice() else { panic!("one role has the name, not {}", found.len()) };
    let role = text(role, "/id");
    let path = format!(
        "{SUBSCRIPTION}/{AUTHORIZATION}/roleAssignments/00000000-0000-4000-8000-000000000001?api-version=2022-04-01"
    );
    assert_eq!(provider.get(&path).await.status, 404);
    // The provider sends a description that nobody gave, and tries again where the principal is not known yet.
    let body = |principal: &str| json!({ "properties": { "description": "", "principalId": principal, "roleDefinitionId": role } });
    let unknown = provider.put(&path, body("0b7f8a52-6a3e-4a64-8a39-5d6f0d3affff")).await;
    unknown.refused(400, "PrincipalNotFound");
    provider.put(&path, body(ADA)).await.expect(201);
    let read = provider.get(&path).await.expect(200);
    assert_eq!(text(&read, "/properties/principalId"), ADA);
    assert_eq!(text(&read, "/properties/principalType"), "User");
    assert_eq!(text(&read, "/properties/scope"), SUBSCRIPTION);
    let name = provider
        .get(&format!("{}?api-version={DEFINITIONS}", text(&read, "/properties/roleDefinitionId")))
        .await
        .expect(200);
    assert_eq!(text(&name, "/properties/roleName"), "AcrPull");

    // A change sends everything back that was read, what only the service sets as well.
    let mut properties = read["properties"].clone();
    properties["description"] = json!("pulls images");
    let changed = provider.put(&path, json!({ "properties": properties })).await;
    assert!(matches!(changed.status, 200 | 201), "{}: {}", changed.status, changed.body);
    let read = provider.get(&path).await.expect(200);
    assert_eq!(text(&read, "/properties/description"), "pulls images");

    let gone = provider.delete(&path).await;
    assert!(matches!(gone.status, 200 | 204), "{}", gone.status);
    assert_eq!(provider.get(&path).await.status, 404);
}

#[tokio::test]
async fn the_life_of_a_role_definition() {
    let provider = Provider::start().await;
    let scope = format!("{SUBSCRIPTION}/{AUTHORIZATION}/roleDefinitions/00000000-0000-4000-8000-0000000000d1");
    let path = format!("{scope}?api-version={DEFINITIONS}");
    assert_eq!(provider.get(&path).await.status, 404);
    let body = |name: &str, actions: &[&str]| {
        json!({ "properties": {
            "assignableScopes": [SUBSCRIPTION], "description": "", "roleName": name, "type": "CustomRole",
            "permissions": [{ "actions": actions, "dataActions": [], "notActions": [], "notDataActions": null }],
        } })
    };
    provider.put(&path, body("acctestrd-1", &["*"])).await.expect(201);
    let made = provider.get(&path).await.expect(200);
    assert_eq!((text(&made, "/id"), text(&made, "/properties/type")), (scope, "CustomRole".to_owned()));
    assert_eq!(made["properties"]["assignableScopes"], json!([SUBSCRIPTION]));

    provider.emulator.advance(60);
    let changed = provider.put(&path, body("acctestrd-1 changed", &["*/read"])).await;
    let asked = text(&changed.expect(201), "/properties/updatedOn");
    // The provider waits until the times of the old role and of the change stand together.
    provider
        .wait_until(10, 12, || async {
            let read = provider.get(&path).await.expect(200);
            text(&read, "/properties/createdOn") != asked && text(&read, "/properties/updatedOn") == asked
        })
        .await;
    let read = provider.get(&path).await.expect(200);
    assert_eq!(text(&read, "/properties/roleName"), "acctestrd-1 changed");
    assert_eq!(read["properties"]["permissions"][0]["actions"], json!(["*/read"]));

    let gone = provider.delete(&path).await;
    assert!(matches!(gone.status, 200 | 204), "{}", gone.status);
    provider.wait_until(10, 20, || async { provider.get(&path).await.status == 404 }).await;
}
