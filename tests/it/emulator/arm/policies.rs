//! Policies, their rules, and what assigns them.

use serde_json::{Value, json};

use crate::emulator::client::{
    ADA, Answer, CORE, CUSTOM, Client, GROUP, OPERATORS, OWNER, READER, SUBSCRIPTION, options,
};
use pimform::emulator::Options;

const PROVIDER: &str = "providers/Microsoft.Authorization";
const VERSION: &str = "api-version=2020-10-01";

fn definition(role: &str) -> String {
    format!("{SUBSCRIPTION}/{PROVIDER}/roleDefinitions/{role}")
}

/// The policy of a role at a scope, found as clients find it.
async fn policy(client: &Client, scope: &str, role: &str) -> Value {
    let filter = format!("%24filter=roleDefinitionId+eq+%27{}%27", definition(role).replace('/', "%2F"));
    let found = client.get(&format!("{scope}/{PROVIDER}/roleManagementPolicies?{filter}&{VERSION}")).await;
    let [policy] = found.entries() else { panic!("{found:?}") };
    policy.clone()
}

fn rule<'p>(policy: &'p Value, id: &str) -> &'p Value {
    let rules = policy["properties"]["rules"].as_array().unwrap();
    rules.iter().find(|rule| rule["id"] == id).unwrap()
}

async fn patch(client: &Client, policy: &Value, rules: Value) -> Answer {
    let path = format!("{}?{VERSION}", policy["id"].as_str().unwrap());
    client.send("PATCH", &path, json!({ "properties": { "rules": rules } })).await
}

#[tokio::test]
async fn an_untouched_policy_has_the_defaults_in_17_rules_and_no_nulls() {
    let client = Client::start().await;
    let policy = policy(&client, SUBSCRIPTION, OWNER).await;
    let properties = &policy["properties"];
    assert_eq!(properties["rules"].as_array().unwrap().len(), 17);
    assert_eq!(properties["effectiveRules"], properties["rules"]);
    assert_eq!((&properties["isOrganizationDefault"], &properties["lastModifiedBy"]), (&json!(true), &json!({})));
    assert!(properties.get("lastModifiedDateTime").is_none());
    assert!(!policy.to_string().contains("null"));
    assert_eq!(
        *rule(&policy, "Expiration_Admin_Assignment"),
        json!({
            "id": "Expiration_Admin_Assignment", "ruleType": "RoleManagementPolicyExpirationRule",
            "isExpirationRequired": true, "maximumDuration": "P180D",
            "target": { "caller": "Admin", "operations": ["All"], "level": "Assignment" },
        })
    );
    let notification = rule(&policy, "Notification_Approver_EndUser_Assignment");
    assert!(notification.get("notificationRecipients").is_none());
    let stage = &rule(&policy, "Approval_EndUser_Assignment")["setting"]["approvalStages"][0];
    assert!(stage.get("primaryApprovers").is_none() && stage["approvalStageTimeOutInDays"] == 1);
    assert!(rule(&policy, "AuthenticationContext_EndUser_Assignment").get("claimValue").is_none());
}

#[tokio::test]
async fn a_change_keeps_the_other_rules_and_fills_in_what_the_service_knows() {
    let client = Client::start().await;
    let before = policy(&client, SUBSCRIPTION, OWNER).await;
    let mut approval = rule(&before, "Approval_EndUser_Assignment").clone();
    approval["setting"]["isApprovalRequired"] = json!(true);
    approval["setting"]["approvalStages"] = json!([{ "primaryApprovers": [
        { "id": ADA, "userType": "User" }, { "id": OPERATORS, "userType": "Group" },
    ] }]);
    let enablement = json!({
        "id": "Enablement_EndUser_Assignment", "ruleType": "RoleManagementPolicyEnablementRule",
        "enabledRules": ["Ticketing", "MultiFactorAuthentication"],
    });
    let answer = patch(&client, &before, json!([approval, enablement])).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let after = policy(&client, SUBSCRIPTION, OWNER).await;
    assert_eq!(answer.body, after);
    let stage = &rule(&after, "Approval_EndUser_Assignment")["setting"]["approvalStages"][0];
    assert_eq!(
        stage["primaryApprovers"],
        json!([
            { "id": ADA, "userType": "User", "description": "Ada Lovelace", "isBackup": false },
            { "id": OPERATORS, "userType": "Group", "description": "Operators", "isBackup": false },
        ])
    );
    assert_eq!(stage["isApproverJustificationRequired"], true);
    assert_eq!(
        rule(&after, "Enablement_EndUser_Assignment")["enabledRules"],
        json!(["MultiFactorAuthentication", "Ticketing"])
    );
    assert_eq!(rule(&after, "Expiration_Admin_Eligibility"), rule(&before, "Expiration_Admin_Eligibility"));
    assert_eq!(after["properties"]["isOrganizationDefault"], false);
    assert_eq!(after["properties"]["lastModifiedDateTime"], "2026-11-21T12:00:00Z");
    assert_eq!(after["properties"]["lastModifiedBy"]["displayName"], "sp-pimform");
    // Policies are not inherited.
    let below = policy(&client, GROUP, OWNER).await;
    assert_eq!(below["properties"]["isOrganizationDefault"], true);
}

#[tokio::test]
async fn mfa_and_a_context_exclude_each_other_and_are_looked_at_together() {
    let client = Client::start().await;
    let policy = policy(&client, CORE, READER).await;
    let mfa = |words: &[&str]| {
        json!({
            "id": "Enablement_EndUser_Assignment", "ruleType": "RoleManagementPolicyEnablementRule", "enabledRules": words,
        })
    };
    let context = json!({
        "id": "AuthenticationContext_EndUser_Assignment", "ruleType": "RoleManagementPolicyAuthenticationContextRule",
        "isEnabled": true, "claimValue": "c1",
    });
    let both = patch(&client, &policy, json!([mfa(&["MultiFactorAuthentication"]), context])).await;
    assert_eq!(both.refusal(), (400, "MfaAndAcrsConflict"));
    assert_eq!(patch(&client, &policy, json!([mfa(&["MultiFactorAuthentication"])])).await.status, 200);
    assert_eq!(patch(&client, &policy, json!([context])).await.refusal(), (400, "MfaAndAcrsConflict"));
    let swapped = patch(&client, &policy, json!([context, mfa(&["Justification"])])).await;
    assert_eq!(swapped.status, 200);
    assert_eq!(rule(&swapped.body, "AuthenticationContext_EndUser_Assignment")["claimValue"], "c1");
}

#[tokio::test]
async fn bad_rules_are_refused_and_change_nothing() {
    let client = Client::start().await;
    let before = policy(&client, SUBSCRIPTION, OWNER).await;
    let expiration = rule(&before, "Expiration_Admin_Eligibility");
    let with = |field: &str, value: Value| {
        let mut rule = expiration.clone();
        rule[field] = value;
        rule
    };
    let enablement = |word: &str| {
        json!({
            "id": "Enablement_Admin_Assignment", "ruleType": "RoleManagementPolicyEnablementRule", "enabledRules": [word],
        })
    };
    let mut approver = rule(&before, "Approval_EndUser_Assignment").clone();
    approver["setting"]["approvalStages"] = json!([{ "primaryApprovers": [{ "id": ADA, "userType": "user" }] }]);
    for (bad, code) in [
        (with("id", json!("Expiration_Admin_Everything")), "InvalidPolicyRule"),
        (with("ruleType", json!("RoleManagementPolicyEnablementRule")), "InvalidPolicyRule"),
        (with("target", json!({})), "InvalidPolicyRule"),
        (
            with("target", json!({ "caller": "Admin", "operations": ["All"], "level": "Assignment" })),
            "InvalidPolicyRule",
        ),
        (with("isExpirationRequired", json!("true")), "InvalidRequestContent"),
        (with("maximumDuration", json!("P6M")), "InvalidPolicyRule"),
        (with("surprise", json!(1)), "InvalidRequestContent"),
        (enablement("justification"), "InvalidPolicyRule"),
        (approver, "InvalidPolicyRule"),
    ] {
        let answer = patch(&client, &before, json!([bad])).await;
        assert_eq!(answer.refusal(), (400, code), "{bad}");
    }
    let twice = patch(&client, &before, json!([expiration, expiration])).await;
    assert_eq!(twice.refusal(), (400, "InvalidRequestContent"));
    assert_eq!(policy(&client, SUBSCRIPTION, OWNER).await, before);
}

#[tokio::test]
async fn one_list_of_a_scope_has_every_role_with_its_rules() {
    let client = Client::start().await;
    let path = format!("{SUBSCRIPTION}/{PROVIDER}/roleManagementPolicyAssignments?{VERSION}");
    let listed = client.get(&path).await;
    let roles: Vec<&str> =
        listed.entries().iter().map(|it| it["properties"]["roleDefinitionId"].as_str().unwrap()).collect();
    assert_eq!(roles, [definition(CUSTOM), definition(OWNER), definition(READER)]);
    let [_, owner, _] = listed.entries() else { panic!("{listed:?}") };
    let policy = policy(&client, SUBSCRIPTION, OWNER).await;
    assert_eq!(owner["name"], format!("{}_{OWNER}", policy["name"].as_str().unwrap()));
    assert_eq!(owner["properties"]["policyId"], policy["id"]);
    assert_eq!(owner["properties"]["effectiveRules"], policy["properties"]["rules"]);
    assert_eq!(owner["properties"]["policyAssignmentProperties"]["roleDefinition"]["displayName"], "Owner");
    let got = client
        .get(&format!(
            "{SUBSCRIPTION}/{PROVIDER}/roleManagementPolicyAssignments/{}?{VERSION}",
            owner["name"].as_str().unwrap()
        ))
        .await;
    assert_eq!(&got.body, owner);
    let one = client.get(&format!("{path}&$filter=roleDefinitionId eq '{}'", definition(READER))).await;
    assert_eq!(one.entries().len(), 1);
    // A role of the subscription has no policy above it.
    let above = client.get(&format!("{CORE}/{PROVIDER}/roleManagementPolicyAssignments?{VERSION}")).await;
    assert_eq!(above.entries().len(), 2);
    let missing = client.get(&format!("{SUBSCRIPTION}/{PROVIDER}/roleManagementPolicies/{OWNER}?{VERSION}")).await;
    assert_eq!(missing.refusal(), (404, "InputPolicyNotFound"));
}

#[tokio::test]
async fn what_the_tenant_file_calls_unreadable_is_refused_at_its_scope_only() {
    let mut tenant = crate::emulator::client::tenant();
    let target = json!({ "scope": GROUP, "role": OWNER, "unreadable": "no permission" });
    tenant["targets"].as_array_mut().unwrap().push(target);
    let client = Client::with(Options { tenant: tenant.to_string(), ..options() }).await;
    for collection in ["roleManagementPolicyAssignments", "roleEligibilitySchedules"] {
        let at = async |scope: &str| client.get(&format!("{scope}/{PROVIDER}/{collection}?{VERSION}")).await;
        assert_eq!(at(GROUP).await.refusal(), (403, "AuthorizationFailed"));
        assert_eq!(at(SUBSCRIPTION).await.status, 200);
    }
}

#[tokio::test]
async fn a_ticket_is_asked_for_on_activation_only_and_the_whole_change_is_refused() {
    let client = Client::start().await;
    let needs = |id: &str, words: Value| json!({ "id": id, "ruleType": "RoleManagementPolicyEnablementRule", "enabledRules": words });
    for id in ["Enablement_Admin_Assignment", "Enablement_Admin_Eligibility"] {
        let policy = policy(&client, SUBSCRIPTION, OWNER).await;
        let rules = json!([
            needs("Enablement_EndUser_Assignment", json!(["Justification", "Ticketing"])),
            needs(id, json!(["Justification", "Ticketing"])),
        ]);
        let refused = patch(&client, &policy, rules).await;
        assert_eq!(refused.refusal(), (400, "InvalidPolicyEnabledRules"));
        assert!(refused.body.to_string().contains(id), "{refused:?}");
    }
    let policy = policy(&client, SUBSCRIPTION, OWNER).await;
    assert_eq!(rule(&policy, "Enablement_EndUser_Assignment")["enabledRules"], json!(["Justification"]));
    let rules = json!([needs("Enablement_EndUser_Assignment", json!(["Ticketing"]))]);
    assert_eq!(patch(&client, &policy, rules).await.status, 200);
}
