//! Policies and their rules.

use super::*;

/// The id of the policy of a directory role.
async fn policy_of(client: &Client, role: &str) -> String {
    let filter =
        format!("scopeId%20eq%20'/'%20and%20scopeType%20eq%20'DirectoryRole'%20and%20roleDefinitionId%20eq%20'{role}'");
    let answer = client.get(&format!("{POLICY_ASSIGNMENTS}?$filter={filter}")).await;
    answer.entries()[0]["policyId"].as_str().unwrap().to_owned()
}

fn target(caller: &str, level: &str) -> Value {
    json!({ "caller": caller, "operations": ["All"], "level": level, "inheritableSettings": [], "enforcedSettings": [] })
}

fn expiration(required: bool, maximum: &str) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyExpirationRule",
        "id": "Expiration_Admin_Eligibility", "isExpirationRequired": required, "maximumDuration": maximum,
        "target": target("Admin", "Eligibility"),
    })
}

fn enablement(rules: &[&str]) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyEnablementRule",
        "id": "Enablement_EndUser_Assignment", "enabledRules": rules, "target": target("EndUser", "Assignment"),
    })
}

fn context(enabled: bool, claim: &str) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyAuthenticationContextRule",
        "id": "AuthenticationContext_EndUser_Assignment", "isEnabled": enabled, "claimValue": claim,
        "target": target("EndUser", "Assignment"),
    })
}

async fn patch(client: &Client, policy: &str, rule: Value) -> (u16, String) {
    let path = format!("{POLICIES}/{policy}/rules/{}", rule["id"].as_str().unwrap());
    let answer = client.send("PATCH", &path, rule).await;
    (answer.status, answer.code().to_owned())
}

#[tokio::test]
async fn one_list_has_all_17_rules_of_every_directory_role() {
    let client = start().await;
    let filter = "scopeId%20eq%20'/'%20and%20scopeType%20eq%20'DirectoryRole'";
    let list = client.get(&format!("{POLICY_ASSIGNMENTS}?$filter={filter}&$expand=policy($expand=rules)")).await;
    assert_eq!(list.entries().len(), 2);
    for entry in list.entries() {
        let rules = entry["policy"]["rules"].as_array().unwrap();
        let ids: std::collections::BTreeSet<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), 17);
        let id = format!("{}_{}", entry["policyId"].as_str().unwrap(), entry["roleDefinitionId"].as_str().unwrap());
        assert_eq!(entry["id"], id);
    }
    let rule = |role: &str, id: &str| {
        let entry = list.entries().iter().find(|entry| entry["roleDefinitionId"] == role).unwrap();
        let rules = entry["policy"]["rules"].as_array().unwrap();
        rules.iter().find(|rule| rule["id"] == id).unwrap().clone()
    };
    assert_eq!(rule(GLOBAL_ADMINISTRATOR, "Expiration_EndUser_Assignment")["maximumDuration"], "PT4H");
    let enabled = &rule(GLOBAL_ADMINISTRATOR, "Enablement_EndUser_Assignment")["enabledRules"];
    assert_eq!(*enabled, json!(["MultiFactorAuthentication", "Justification"]));
    assert_eq!(rule(USER_ADMINISTRATOR, "Expiration_Admin_Eligibility")["isExpirationRequired"], false);
}

#[tokio::test]
async fn lists_of_policies_need_scope_and_type() {
    let client = start().await;
    for query in ["", "?$filter=scopeId%20eq%20'/'", "?$filter=scopeType%20eq%20'DirectoryRole'"] {
        assert_eq!(client.get(&format!("{POLICY_ASSIGNMENTS}{query}")).await.status, 400, "{query}");
        assert_eq!(client.get(&format!("{POLICIES}{query}")).await.status, 400, "{query}");
    }
    let dynamic = format!("{POLICY_ASSIGNMENTS}?$filter=scopeId%20eq%20'{DYNAMIC}'%20and%20scopeType%20eq%20'Group'");
    assert_eq!(client.get(&dynamic).await.refusal(), (400, "ResourceTypeNotSupported"));
    let group = format!("{POLICY_ASSIGNMENTS}?$filter=scopeId%20eq%20'{OPERATORS}'%20and%20scopeType%20eq%20'Group'");
    let list = client.get(&group).await;
    let roles: Vec<&str> = list.entries().iter().map(|it| it["roleDefinitionId"].as_str().unwrap()).collect();
    assert_eq!(roles, ["member", "owner"], "a group that PIM has never seen has its two policies as well");
}

#[tokio::test]
async fn one_rule_is_changed_and_the_rest_stays() {
    let client = start().await;
    let policy = policy_of(&client, USER_ADMINISTRATOR).await;
    assert_eq!(patch(&client, &policy, expiration(true, "P30D")).await, (204, String::new()));
    let rule = client.get(&format!("{POLICIES}/{policy}/rules/Expiration_Admin_Eligibility")).await;
    assert_eq!((&rule.body["isExpirationRequired"], &rule.body["maximumDuration"]), (&json!(true), &json!("P30D")));
    assert_eq!(rule.body["target"]["operations"], json!(["all"]));
    let read = client.get(&format!("{POLICIES}/{policy}?$expand=effectiveRules,rules")).await;
    assert_eq!(read.body["rules"], read.body["effectiveRules"]);
    assert_eq!(read.body["lastModifiedBy"]["displayName"], "sp-pimform");
    let listed = client.get(&format!("{POLICIES}('{policy}')/rules")).await;
    assert_eq!(listed.entries().len(), 17);
    // The rule is in force.
    let asked = ask("adminAssign", GRACE, &json!({ "scheduleInfo": lasting("P31D") }));
    let refused = client.send("POST", ASK_ELIGIBLE, asked).await;
    assert_eq!(refused.refusal(), (400, "RoleAssignmentRequestPolicyValidationFailed"));
}

#[tokio::test]
async fn rules_that_would_break_the_policy_are_refused() {
    let client = start_unlogged().await;
    let policy = policy_of(&client, USER_ADMINISTRATOR).await;
    let refused = |code: &str| (400, code.to_owned());
    let mut empty_target = expiration(true, "P30D");
    empty_target["target"] = json!({});
    assert_eq!(patch(&client, &policy, empty_target).await, refused("InvalidPolicyRule"));
    assert_eq!(patch(&client, &policy, expiration(true, "")).await, refused("InvalidPolicy"));
    assert_eq!(patch(&client, &policy, expiration(true, "P6M")).await, refused("InvalidPolicyRule"));
    assert_eq!(patch(&client, &policy, enablement(&["justification"])).await, refused("InvalidPolicyRule"));
    assert_eq!(patch(&client, &policy, context(true, "passkey")).await, refused("InvalidPolicyRule"));
    let mut unknown = expiration(true, "P30D");
    unknown["maximumDurations"] = json!("P30D");
    assert_eq!(patch(&client, &policy, unknown).await, refused("BadRequest"));
    let mut other_kind = enablement(&[]);
    other_kind["id"] = json!("Expiration_Admin_Eligibility");
    assert_eq!(patch(&client, &policy, other_kind).await, refused("InvalidPolicyRule"));
    let mut untyped = expiration(true, "P30D");
    untyped.as_object_mut().unwrap().remove("@odata.type");
    assert_eq!(patch(&client, &policy, untyped).await.0, 400);
    let nowhere =
        client.send("PATCH", &format!("{POLICIES}/{policy}/rules/Expiration_Admin"), expiration(true, "P1D")).await;
    assert_eq!(nowhere.status, 404);
    let rule = client.get(&format!("{POLICIES}/{policy}/rules/Expiration_Admin_Eligibility")).await;
    assert_eq!(rule.body["isExpirationRequired"], false, "nothing of all this has changed anything");
}

#[tokio::test]
async fn mfa_and_a_context_conflict_from_one_side_only() {
    let client = start_unlogged().await;
    let policy = policy_of(&client, GLOBAL_ADMINISTRATOR).await;
    // MFA is on. A context beside it is taken, which is the service's mistake.
    assert_eq!(patch(&client, &policy, context(true, "c1")).await.0, 204);
    let mfa = enablement(&["MultiFactorAuthentication", "Justification"]);
    assert_eq!(patch(&client, &policy, mfa.clone()).await, (400, "MfaAndAcrsConflict".to_owned()));
    assert_eq!(patch(&client, &policy, enablement(&["Justification"])).await.0, 204);
    assert_eq!(patch(&client, &policy, context(false, "")).await.0, 204);
    assert_eq!(patch(&client, &policy, mfa.clone()).await.0, 204);
    // A whole policy is looked at as a whole.
    let both = json!({ "rules": [context(true, "c1"), mfa] });
    let refused = client.send("PATCH", &format!("{POLICIES}/{policy}"), both).await;
    assert_eq!(refused.refusal(), (400, "MfaAndAcrsConflict"));
}

#[tokio::test]
async fn approvers_keep_their_kind_and_get_their_name_from_the_service() {
    let client = start().await;
    let policy = policy_of(&client, USER_ADMINISTRATOR).await;
    let stage = json!({
        "approvalStageTimeOutInDays": 1, "isApproverJustificationRequired": true, "escalationTimeInMinutes": 0,
        "isEscalationEnabled": false, "escalationApprovers": [],
        "primaryApprovers": [
            { "@odata.type": "#microsoft.graph.singleUser", "userId": ADA },
            { "@odata.type": "#microsoft.graph.groupMembers", "groupId": LEADS },
        ],
    });
    let rule = json!({
        "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyApprovalRule", "id": "Approval_EndUser_Assignment",
        "target": target("EndUser", "Assignment"),
        "setting": {
            "isApprovalRequired": true, "isApprovalRequiredForExtension": false,
            "isRequestorJustificationRequired": true, "approvalMode": "SingleStage", "approvalStages": [stage],
        },
    });
    assert_eq!(patch(&client, &policy, rule).await.0, 204);
    let read = client.get(&format!("{POLICIES}/{policy}/rules/Approval_EndUser_Assignment")).await;
    let approvers = &read.body["setting"]["approvalStages"][0]["primaryApprovers"];
    let expected = json!([
        { "@odata.type": "#microsoft.graph.singleUser", "userId": ADA, "description": "Ada Lovelace" },
        { "@odata.type": "#microsoft.graph.groupMembers", "groupId": LEADS, "description": "Leads" },
    ]);
    assert_eq!(*approvers, expected);
}

#[tokio::test]
async fn the_id_of_a_groups_policy_is_another_one_after_the_first_change() {
    let client = start().await;
    let filter = format!(
        "scopeId%20eq%20'{OPERATORS}'%20and%20scopeType%20eq%20'Group'%20and%20roleDefinitionId%20eq%20'member'"
    );
    let path = format!("{POLICY_ASSIGNMENTS}?$filter={filter}");
    let before = client.get(&path).await.entries()[0]["policyId"].as_str().unwrap().to_owned();
    assert_eq!(patch(&client, &before, expiration(true, "P30D")).await.0, 204);
    let after = client.get(&path).await.entries()[0]["policyId"].as_str().unwrap().to_owned();
    assert_ne!(after, before);
    assert_eq!(patch(&client, &before, expiration(true, "P30D")).await, (404, "ResourceNotFound".to_owned()));
    let rule = client.get(&format!("{POLICIES}/{after}/rules/Expiration_Admin_Eligibility")).await;
    assert_eq!(rule.body["maximumDuration"], "P30D");
    assert_eq!(rule.body["target"]["operations"], json!(["all"]));
}

#[tokio::test]
async fn a_ticket_is_asked_for_on_activation_only() {
    let client = start().await;
    let policy = policy_of(&client, USER_ADMINISTRATOR).await;
    for (id, level) in [("Enablement_Admin_Assignment", "Assignment"), ("Enablement_Admin_Eligibility", "Eligibility")]
    {
        let mut rule = enablement(&["Justification", "Ticketing"]);
        rule["id"] = id.into();
        rule["target"] = target("Admin", level);
        let refused = (400, "InvalidPolicyEnabledRules".to_owned());
        assert_eq!(patch(&client, &policy, rule.clone()).await, refused);
        // A change of the whole policy is refused whole.
        let whole = json!({ "rules": [enablement(&["Ticketing"]), rule] });
        let answer = client.send("PATCH", &format!("{POLICIES}/{policy}"), whole).await;
        assert_eq!((answer.status, answer.code().to_owned()), refused);
    }
    let kept = client.get(&format!("{POLICIES}/{policy}/rules/Enablement_EndUser_Assignment")).await;
    assert_eq!(kept.body["enabledRules"], json!(["Justification"]));
    assert_eq!(patch(&client, &policy, enablement(&["Ticketing"])).await.0, 204);
}

#[tokio::test]
async fn the_order_of_rules_differs_between_policies() {
    let client = start().await;
    let filter = "$filter=scopeId%20eq%20'/'%20and%20scopeType%20eq%20'DirectoryRole'&$expand=rules";
    let policies = client.get(&format!("{POLICIES}?{filter}")).await;
    let orders: Vec<Vec<&str>> = policies
        .entries()
        .iter()
        .map(|policy| policy["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect())
        .collect();
    assert_ne!(orders[0], orders[1]);
    let sorted =
        |order: &Vec<&str>| order.iter().map(ToString::to_string).collect::<std::collections::BTreeSet<String>>();
    assert_eq!(sorted(&orders[0]), sorted(&orders[1]));
}

#[tokio::test]
async fn a_rule_is_cast_to_its_own_type_only() {
    let client = start().await;
    let filter = "$filter=scopeId%20eq%20'/'%20and%20scopeType%20eq%20'DirectoryRole'";
    let policies = client.get(&format!("{POLICIES}?{filter}")).await;
    let policy = policies.entries()[0]["id"].as_str().unwrap().to_owned();
    let rule = format!("{POLICIES}/{policy}/rules/Expiration_Admin_Eligibility");
    let cast = client.get(&format!("{rule}/microsoft.graph.unifiedRoleManagementPolicyExpirationRule")).await;
    assert_eq!((cast.status, &cast.body["id"]), (200, &json!("Expiration_Admin_Eligibility")));
    let other = client.get(&format!("{rule}/microsoft.graph.unifiedRoleManagementPolicyApprovalRule")).await;
    assert_eq!(other.status, 404);
}
