//! azuread: directory roles, PIM for Groups and the policies of groups.

use serde_json::{Value, json};

use super::directory::{group, remove, user};
use super::{APPLICATION_ADMINISTRATOR, Provider, text, url};

/// Activates a directory role as the provider does, by its name.
async fn directory_role(provider: &Provider, name: &str) -> String {
    let templates = provider.list("/v1.0/directoryRoleTemplates").await;
    let is_it = |template: &&Value| text(template, "/displayName").eq_ignore_ascii_case(name);
    let template = text(templates.iter().find(is_it).unwrap(), "/id");
    let filter = format!("roleTemplateId eq '{template}'");
    let path = url("/v1.0/directoryRoles", &[("$filter", &filter)]);
    let found = provider.list(&path).await;
    let role = match found.as_slice() {
        [] => provider.post("/v1.0/directoryRoles", json!({ "roleTemplateId": template })).await.expect(201),
        [role] => role.clone(),
        _ => panic!("a role is activated once"),
    };
    let read = provider.get(&format!("/v1.0/directoryRoles/{}", text(&role, "/id"))).await.expect(200);
    assert_eq!(text(&read, "/roleTemplateId"), template);
    assert!(text(&read, "/displayName").eq_ignore_ascii_case(name));
    assert_eq!(provider.list(&path).await.len(), 1, "an activated role is found");
    template
}

async fn custom_role(provider: &Provider) -> String {
    let made = provider
        .post(
            "/v1.0/roleManagement/directory/roleDefinitions",
            json!({
                "displayName": "acctestCustomRole", "description": null, "isEnabled": true, "version": "1.0",
                "rolePermissions": [{ "allowedResourceActions": ["microsoft.directory/applications/standard/read"] }],
            }),
        )
        .await
        .expect(201);
    let id = text(&made, "/id");
    let path = format!("/v1.0/roleManagement/directory/roleDefinitions/{id}");
    let role = provider.get(&path).await.expect(200);
    assert_eq!((&role["isBuiltIn"], &role["isEnabled"]), (&json!(false), &json!(true)));
    id
}

async fn eligibility(provider: &Provider, role: &str, principal: &str) {
    let requests = "/v1.0/roleManagement/directory/roleEligibilityScheduleRequests";
    let body = json!({
        "@odata.type": "#microsoft.graph.unifiedRoleEligibilityScheduleRequest", "action": "adminAssign",
        "directoryScopeId": "/", "justification": "abc", "principalId": principal, "roleDefinitionId": role,
        "scheduleInfo": { "expiration": { "type": "noExpiration" }, "startDateTime": "2026-11-21T13:00:00+01:00" },
        "createdBy": null,
    });
    let made = provider.post(requests, body).await.expect(201);
    let id = text(&made, "/id");
    let path = format!("{requests}/{id}");
    provider.wait_until_there(&path).await;
    let read = provider.get(&path).await.expect(200);
    assert_eq!(text(&read, "/roleDefinitionId"), role);
    assert_eq!(text(&read, "/principalId"), principal);
    assert_eq!(text(&read, "/justification"), "abc");
    assert_eq!(text(&read, "/directoryScopeId"), "/");
    // After weeks the request is gone, and the schedule of the same id is all there is.
    let schedule = format!("/v1.0/roleManagement/directory/roleEligibilitySchedules/{id}");
    let found = provider.get(&schedule).await.expect(200);
    assert_eq!(text(&found, "/principalId"), principal);
    let body = json!({
        "@odata.type": "#microsoft.graph.unifiedRoleEligibilityScheduleRequest", "action": "adminRemove",
        "createdBy": null, "directoryScopeId": "/", "justification": "abc", "principalId": principal,
        "roleDefinitionId": role,
    });
    provider.emulator.advance(315);
    provider.post(requests, body).await.expect(201);
    assert_eq!(provider.get(&schedule).await.status, 404);
}

#[tokio::test]
async fn the_life_of_an_eligibility_for_a_directory_role() {
    let provider = Provider::start().await;
    let principal = user(&provider, "acctestManager").await;
    let role = directory_role(&provider, "Application administrator").await;
    assert_eq!(role, APPLICATION_ADMINISTRATOR);
    eligibility(&provider, &role, &principal).await;
    let custom = custom_role(&provider).await;
    eligibility(&provider, &custom, &principal).await;
    provider.delete(&format!("/v1.0/roleManagement/directory/roleDefinitions/{custom}")).await.expect(204);
}

#[tokio::test]
async fn a_subject_or_a_role_that_is_not_known_yet_is_asked_for_again() {
    let provider = Provider::start().await;
    let principal = user(&provider, "acctestManager").await;
    let body = |principal: &str, role: &str| {
        json!({
            "action": "adminAssign", "directoryScopeId": "/", "justification": "abc", "principalId": principal,
            "roleDefinitionId": role, "scheduleInfo": { "expiration": { "type": "noExpiration" } },
        })
    };
    let requests = "/v1.0/roleManagement/directory/roleEligibilityScheduleRequests";
    let nobody = "0b7f8a52-6a3e-4a64-8a39-5d6f0d3affff";
    provider.post(requests, body(nobody, APPLICATION_ADMINISTRATOR)).await.refused(404, "SubjectNotFound");
    provider.post(requests, body(&principal, nobody)).await.refused(404, "RoleNotFound");
}

#[tokio::test]
async fn the_life_of_a_directory_role_assignment() {
    let provider = Provider::start().await;
    let principal = user(&provider, "acctestUser").await;
    let role = directory_role(&provider, "Application Administrator").await;
    let assignments = "/v1.0/roleManagement/directory/roleAssignments";
    let body = json!({ "directoryScopeId": "/", "principalId": principal, "roleDefinitionId": role });
    let made = provider.post(assignments, body).await.expect(201);
    let path = format!("{assignments}/{}", text(&made, "/id"));
    provider.wait_until_there(&path).await;
    let read = provider.get(&path).await.expect(200);
    assert_eq!(text(&read, "/principalId"), principal);
    assert_eq!(text(&read, "/roleDefinitionId"), role);
    assert_eq!(text(&read, "/directoryScopeId"), "/");
    remove(&provider, &path).await;
}

/// Eligible or active membership of a group.
struct Schedules {
    kind: &'static str,
    requests: &'static str,
    schedules: &'static str,
}

const ELIGIBILITY: Schedules = Schedules {
    kind: "#microsoft.graph.privilegedAccessGroupEligibilityScheduleRequest",
    requests: "/v1.0/identityGovernance/privilegedAccess/group/eligibilityScheduleRequests",
    schedules: "/v1.0/identityGovernance/privilegedAccess/group/eligibilitySchedules",
};
const ASSIGNMENT: Schedules = Schedules {
    kind: "#microsoft.graph.privilegedAccessGroupAssignmentScheduleRequest",
    requests: "/v1.0/identityGovernance/privilegedAccess/group/assignmentScheduleRequests",
    schedules: "/v1.0/identityGovernance/privilegedAccess/group/assignmentSchedules",
};

/// Asks for something, and waits for the schedule that the answer names.
async fn ask(provider: &Provider, kind: &Schedules, body: Value) -> String {
    let made = provider.post(kind.requests, body).await.expect(201);
    assert_ne!(made["status"], "Failed");
    assert!(!text(&made, "/id").is_empty());
    let id = text(&made, "/targetScheduleId");
    assert_eq!(id.split('_').count(), 3, "the provider takes the id apart: {id}");
    provider.wait_until_there(&format!("{}/{id}", kind.schedules)).await;
    id
}

/// The latest request of a schedule, where the provider's state comes from.
async fn latest(provider: &Provider, kind: &Schedules, group: &str, id: &str) -> Value {
    let filter = format!("groupId eq '{group}' and targetScheduleId eq '{id}'");
    let path = url(kind.requests, &[("$filter", &filter), ("$orderby", "createdDateTime desc")]);
    provider.list(&path).await.into_iter().next().unwrap()
}

async fn life_of_a_schedule(kind: &Schedules, access: &str) {
    let provider = Provider::start().await;
    let owner = user(&provider, "manual-owner").await;
    let principal = user(&provider, "pam").await;
    let group = group(&provider, "Privileged", &[&owner]).await;
    // The provider's models print what only the service sets, as null.
    let base = json!({
        "@odata.type": kind.kind, "accessId": access, "createdBy": null, "groupId": group, "principalId": principal,
        "justification": "required",
    });
    let with = |action: &str, expiration: Value| {
        let mut body = base.clone();
        body["action"] = json!(action);
        body["scheduleInfo"] = json!({ "expiration": expiration, "startDateTime": null });
        body
    };

    // An end: the text must come back as it was, or every plan shows a difference.
    let end = "2027-01-21T12:00:00Z";
    let id = ask(&provider, kind, with("adminAssign", json!({ "type": "afterDateTime", "endDateTime": end }))).await;
    let request = latest(&provider, kind, &group, &id).await;
    assert_eq!(text(&request, "/accessId"), access);
    assert_eq!(text(&request, "/groupId"), group);
    assert_eq!(text(&request, "/principalId"), principal);
    assert_eq!(text(&request, "/justification"), "required");
    assert_eq!(text(&request, "/status"), "Provisioned");
    assert_eq!(text(&request, "/scheduleInfo/expiration/endDateTime"), end);
    assert!(request["scheduleInfo"]["expiration"]["duration"].is_null());
    assert!(!text(&request, "/scheduleInfo/startDateTime").is_empty());

    // An update: a length, under a new id. A new active assignment has to run for five minutes first.
    provider.emulator.advance(315);
    let body = with("adminUpdate", json!({ "type": "afterDuration", "duration": "P30D" }));
    let changed = ask(&provider, kind, body).await;
    assert_ne!(changed, id);
    assert_eq!(provider.get(&format!("{}/{id}", kind.schedules)).await.status, 404);
    let request = latest(&provider, kind, &group, &changed).await;
    assert_eq!(text(&request, "/scheduleInfo/expiration/duration"), "P30D");
    assert!(request["scheduleInfo"]["expiration"]["endDateTime"].is_null());

    // Five minutes and a bit later it can be removed.
    provider.emulator.advance(315);
    let body = json!({
        "@odata.type": kind.kind, "accessId": access, "action": "adminRemove", "createdBy": null, "groupId": group,
        "principalId": principal,
    });
    provider.post(kind.requests, body).await.expect(201);
    assert_eq!(provider.get(&format!("{}/{changed}", kind.schedules)).await.status, 404);
    remove(&provider, &format!("/beta/groups/{group}")).await;
}

#[tokio::test]
async fn the_life_of_an_eligibility_for_a_group() {
    life_of_a_schedule(&ELIGIBILITY, "member").await;
    life_of_a_schedule(&ELIGIBILITY, "owner").await;
}

#[tokio::test]
async fn the_life_of_an_assignment_to_a_group() {
    life_of_a_schedule(&ASSIGNMENT, "member").await;
    life_of_a_schedule(&ASSIGNMENT, "owner").await;
}

/// The id of a group's policy, as the provider puts it together from the id of the assignment.
async fn policy_id(provider: &Provider, group: &str, role: &str) -> String {
    let filter = format!("scopeType eq 'Group' and scopeId eq '{group}' and roleDefinitionId eq '{role}'");
    let found = provider.list(&url("/v1.0/policies/roleManagementPolicyAssignments", &[("$filter", &filter)])).await;
    let [one] = found.as_slice() else { panic!("the group has one policy for {role}, not {}", found.len()) };
    let id = text(one, "/id");
    let [kind, scope, policy, of] = id.split('_').collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((kind, scope, of), ("Group", group, role));
    format!("{kind}_{scope}_{policy}")
}

/// The policy with its rules. Whatever the provider takes for granted must be there.
async fn policy(provider: &Provider, group: &str, id: &str) -> Value {
    let path = format!("/v1.0/policies/roleManagementPolicies/{id}");
    let policy = provider.get(&url(&path, &[("$expand", "*")])).await.expect(200);
    assert_eq!(text(&policy, "/scopeId"), group);
    assert!(policy["displayName"].is_string() && policy["description"].is_string());
    let rules = policy["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 17);
    for rule in rules {
        let kind = text(rule, "/@odata.type");
        let kind = kind.trim_start_matches("#microsoft.graph.unifiedRoleManagementPolicy");
        match kind {
            "ExpirationRule" => {
                assert!(rule["maximumDuration"].is_string() && rule["isExpirationRequired"].is_boolean());
            }
            "EnablementRule" => assert!(rule["enabledRules"].is_array()),
            "NotificationRule" => {
                assert!(rule["notificationRecipients"].is_array() && rule["isDefaultRecipientsEnabled"].is_boolean());
            }
            "ApprovalRule" => assert!(rule["setting"]["approvalStages"][0]["primaryApprovers"].is_array()),
            "AuthenticationContextRule" => assert!(rule["isEnabled"].is_boolean()),
            other => panic!("{other} is a kind of rule"),
        }
    }
    policy
}

fn rule<'a>(policy: &'a Value, id: &str) -> &'a Value {
    policy["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap()
}

#[tokio::test]
async fn the_policy_of_a_group() {
    let provider = Provider::start().await;
    let approver = user(&provider, "pam-approver").await;
    let group = group(&provider, "PAM Owner Test", &[]).await;
    for role in ["member", "owner"] {
        let id = policy_id(&provider, &group, role).await;
        let before = policy(&provider, &group, &id).await;
        let head = |id: &str| {
            let rule = rule(&before, id);
            json!({ "@odata.type": rule["@odata.type"], "id": rule["id"], "target": rule["target"] })
        };
        // The provider leaves out what it does not change, also within a rule.
        let mut eligible = head("Expiration_Admin_Eligibility");
        eligible["isExpirationRequired"] = json!(true);
        eligible["maximumDuration"] = json!("P365D");
        let mut active = head("Expiration_Admin_Assignment");
        active["isExpirationRequired"] = json!(true);
        active["maximumDuration"] = json!("P90D");
        let mut activation = head("Expiration_EndUser_Assignment");
        activation["maximumDuration"] = json!("PT1H");
        let mut approval = head("Approval_EndUser_Assignment");
        approval["setting"] = json!({ "isApprovalRequired": true, "approvalStages": [
            { "primaryApprovers": [{ "@odata.type": "#microsoft.graph.singleUser", "userId": approver }] },
        ] });
        let mut mail = head("Notification_Admin_Admin_Assignment");
        mail["notificationType"] = json!("Email");
        mail["recipientType"] = json!("Admin");
        mail["notificationLevel"] = json!("Critical");
        mail["isDefaultRecipientsEnabled"] = json!(false);
        mail["notificationRecipients"] = json!(["someone@example.com"]);
        let body = json!({
            "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicy", "id": id, "lastModifiedBy": null,
            "scopeId": group, "scopeType": "Group",
            "rules": [eligible, active, activation, approval, mail],
        });
        let changed = provider.patch(&format!("/v1.0/policies/roleManagementPolicies/{id}"), body).await;
        assert!(matches!(changed.status, 200 | 204), "{}: {}", changed.status, changed.body);

        // The service gives the policy another id at its first change. The provider looks it up again before it reads.
        let id = policy_id(&provider, &group, role).await;
        let after = policy(&provider, &group, &id).await;
        assert_eq!(text(rule(&after, "Expiration_Admin_Assignment"), "/maximumDuration"), "P90D");
        let activation = rule(&after, "Expiration_EndUser_Assignment");
        assert_eq!(text(activation, "/maximumDuration"), "PT1H");
        assert_eq!(activation["isExpirationRequired"], true);
        let approval = &rule(&after, "Approval_EndUser_Assignment")["setting"];
        assert_eq!(approval["isApprovalRequired"], true);
        let found = &approval["approvalStages"][0]["primaryApprovers"][0];
        assert_eq!(text(found, "/@odata.type"), "#microsoft.graph.singleUser");
        assert_eq!(text(found, "/userId"), approver);
        let mail = rule(&after, "Notification_Admin_Admin_Assignment");
        assert_eq!(text(mail, "/notificationLevel"), "Critical");
        assert_eq!(mail["notificationRecipients"], json!(["someone@example.com"]));
    }
}
