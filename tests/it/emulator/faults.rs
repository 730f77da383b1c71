//! Each fault, as a client sees it.

use pimform::emulator::{Options, Tls};
use serde_json::json;

use super::client::{ADA, Client, GRACE, OWNER, READER, SUBSCRIPTION, options};

const SUBSCRIPTIONS: &str = "/subscriptions?api-version=2022-12-01";

async fn with(faults: &[&str]) -> Client {
    let faults = faults.iter().map(|text| text.parse().unwrap()).collect();
    Client::with(Options { faults, ..options() }).await
}

fn assign(principal: &str, role: &str) -> serde_json::Value {
    let role = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}");
    json!({ "properties": {
        "principalId": principal, "roleDefinitionId": role, "requestType": "AdminAssign", "justification": "test",
        "scheduleInfo": { "expiration": { "type": "AfterDuration", "duration": "P30D" } },
    } })
}

fn request(number: u32) -> String {
    let provider = "providers/Microsoft.Authorization";
    format!(
        "{SUBSCRIPTION}/{provider}/roleEligibilityScheduleRequests/00000000-0000-4000-8000-{number:012}?api-version=2020-10-01"
    )
}

fn eligible() -> String {
    let filter = "$filter=atScope()&api-version=2020-10-01";
    format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleEligibilitySchedules?{filter}")
}

async fn rows_of(client: &Client, principal: &str) -> usize {
    let rows = client.get(&eligible()).await;
    rows.entries().iter().filter(|row| row["properties"]["principalId"] == principal).count()
}

#[tokio::test]
async fn every_nth_call_is_throttled_and_says_when_to_come_again() {
    let client = with(&["throttling=2"]).await;
    assert_eq!(client.get(SUBSCRIPTIONS).await.status, 200);
    let throttled = client.get(SUBSCRIPTIONS).await;
    assert_eq!(throttled.refusal(), (429, "TooManyRequests"));
    assert_eq!(throttled.headers["retry-after"], "1");
    assert_eq!(client.get(SUBSCRIPTIONS).await.status, 200);
    client.emulator.set_faults(Vec::new());
    assert_eq!(client.get(SUBSCRIPTIONS).await.status, 200);
    assert_eq!(client.get(SUBSCRIPTIONS).await.status, 200);
}

#[tokio::test]
async fn a_read_fails_with_a_server_error() {
    let client = with(&["server-error=1"]).await;
    assert_eq!(client.get(SUBSCRIPTIONS).await.status, 503);
    assert_eq!(client.send("PUT", &request(1), assign(ADA, OWNER)).await.status, 201);
}

#[tokio::test]
async fn a_write_fails_before_or_after_it_took_effect() {
    let client = with(&["server-error=before:1"]).await;
    assert_eq!(client.send("PUT", &request(1), assign(ADA, OWNER)).await.status, 500);
    client.emulator.set_faults(Vec::new());
    assert_eq!(rows_of(&client, ADA).await, 0);
    client.emulator.set_faults(vec!["server-error=after:1".parse().unwrap()]);
    assert_eq!(client.send("PUT", &request(1), assign(ADA, OWNER)).await.status, 500);
    client.emulator.set_faults(Vec::new());
    assert_eq!(rows_of(&client, ADA).await, 1);
    let again = client.send("PUT", &request(1), assign(ADA, OWNER)).await;
    assert_eq!(again.refusal(), (409, "RoleAssignmentRequestExists"));
}

#[tokio::test]
async fn a_connection_is_reset_before_or_after_the_write_took_effect() {
    for (fault, took_effect) in [("reset=before:1", 0), ("reset=after:1", 1)] {
        let client = with(&[fault]).await;
        let lost = client.try_send("PUT", &request(1), Some(&assign(ADA, OWNER))).await.unwrap_err();
        assert!(lost.is_request() && !lost.is_timeout(), "{lost:?}");
        client.emulator.set_faults(Vec::new());
        assert_eq!(rows_of(&client, ADA).await, took_effect, "{fault}");
    }
    let faults = vec!["reset=before:1".parse().unwrap()];
    let client = Client::with(Options { faults, tls: Tls::ThrowAway { ca_file: None }, ..options() }).await;
    assert!(client.try_send("PUT", &request(1), Some(&assign(ADA, OWNER))).await.is_err());
    assert_eq!(rows_of(&client, ADA).await, 0);
    let client = with(&["reset=read:2"]).await;
    assert_eq!(client.get(SUBSCRIPTIONS).await.status, 200);
    assert!(client.try_send("GET", SUBSCRIPTIONS, None).await.is_err());
}

#[tokio::test]
async fn a_request_is_accepted_and_says_that_it_failed() {
    let client = with(&["failed-requests=1"]).await;
    let failed = client.send("PUT", &request(1), assign(ADA, OWNER)).await;
    assert_eq!((failed.status, failed.body["properties"]["status"].as_str()), (201, Some("Failed")));
    assert_eq!(rows_of(&client, ADA).await, 0);
    let done = client.send("PUT", &request(2), assign(ADA, OWNER)).await;
    assert_eq!(done.body["properties"]["status"], "Provisioned");
}

#[tokio::test]
async fn what_is_denied_is_refused_with_what_is_below_it_and_the_rest_goes_on() {
    let client = with(&[&format!("denied={SUBSCRIPTION}")]).await;
    let refused = client.get(&eligible()).await;
    assert_eq!(refused.refusal(), (403, "AuthorizationFailed"));
    let said = refused.body["error"]["message"].as_str().unwrap();
    assert!(
        said.contains("Microsoft.Authorization/roleEligibilitySchedules/read") && said.contains(SUBSCRIPTION),
        "{said}"
    );
    assert_eq!(client.get(SUBSCRIPTIONS).await.status, 200);
    client.emulator.set_faults(vec!["denied=azure".parse().unwrap()]);
    assert_eq!(client.get(SUBSCRIPTIONS).await.status, 403);
}

#[tokio::test]
async fn a_token_is_refused_after_its_calls() {
    let client = with(&["expired-tokens=2"]).await;
    assert_eq!(client.get(SUBSCRIPTIONS).await.status, 200);
    assert_eq!(client.get(SUBSCRIPTIONS).await.status, 200);
    assert_eq!(client.get(SUBSCRIPTIONS).await.refusal(), (401, "ExpiredAuthenticationToken"));
}

#[tokio::test]
async fn a_new_schedule_is_not_shown_by_the_reads_that_come_too_early() {
    let client = with(&["late-visibility=2"]).await;
    assert_eq!(client.send("PUT", &request(1), assign(ADA, OWNER)).await.status, 201);
    assert_eq!(rows_of(&client, ADA).await, 0);
    // A read that would not show it anyway does not count.
    let other = eligible().replace("Eligibility", "Assignment");
    assert_eq!(client.get(&other).await.status, 200);
    assert_eq!(rows_of(&client, ADA).await, 0);
    assert_eq!(rows_of(&client, ADA).await, 1);
}

#[tokio::test]
async fn a_removed_schedule_stays_listed_for_some_reads() {
    let client = with(&["arm-list-lag=2"]).await;
    remove_grace(&client).await;
    assert_eq!(rows_of(&client, GRACE).await, 1);
    assert_eq!(rows_of(&client, GRACE).await, 1);
    assert_eq!(rows_of(&client, GRACE).await, 0);
}

#[tokio::test]
async fn a_removed_schedule_stays_listed_for_some_time() {
    let client = with(&["arm-list-lag=200s"]).await;
    remove_grace(&client).await;
    for _ in 0..3 {
        assert_eq!(rows_of(&client, GRACE).await, 1);
    }
    client.emulator.advance(199);
    assert_eq!(rows_of(&client, GRACE).await, 1);
    client.emulator.advance(1);
    assert_eq!(rows_of(&client, GRACE).await, 0);
    assert_eq!(client.send("PUT", &request(3), assign(GRACE, READER)).await.status, 201);
}

#[tokio::test]
async fn a_list_of_policies_with_a_filter_fails_where_the_whole_one_works() {
    let lists = ["roleManagementPolicies", "roleManagementPolicyAssignments"];
    let role = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{OWNER}");
    for (fault, status, found) in
        [("filtered-policies", 500, 0), ("filtered-policies=504", 504, 0), ("filtered-policies=nothing", 200, 0)]
    {
        let client = with(&[fault]).await;
        for list in lists {
            let all = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/{list}?api-version=2020-10-01");
            let some = client.get(&format!("{all}&$filter=roleDefinitionId%20eq%20'{role}'")).await;
            assert_eq!(some.status, status, "{fault}");
            assert_eq!(some.body["value"].as_array().map_or(0, Vec::len), found);
            assert_eq!(client.get(&all).await.entries().len(), 3);
        }
    }
}

#[tokio::test]
async fn an_application_is_refused_where_multifactor_authentication_is_needed() {
    let policies = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleManagementPolicies");
    let client = with(&[]).await;
    let filter = format!("$filter=roleDefinitionId%20eq%20'{SUBSCRIPTION}/providers/x/roleDefinitions/{OWNER}'");
    let found = client.get(&format!("{policies}?{filter}&api-version=2020-10-01")).await;
    let name = found.entries()[0]["name"].as_str().unwrap().to_owned();
    let rule = json!({
        "id": "Enablement_Admin_Eligibility", "ruleType": "RoleManagementPolicyEnablementRule",
        "enabledRules": ["MultiFactorAuthentication"],
    });
    let body = json!({ "properties": { "rules": [rule] } });
    assert_eq!(client.send("PATCH", &format!("{policies}/{name}?api-version=2020-10-01"), body).await.status, 200);
    assert_eq!(client.send("PUT", &request(1), assign(ADA, OWNER)).await.status, 201);
    client.emulator.set_faults(vec!["mfa-of-applications".parse().unwrap()]);
    let refused = client.send("PUT", &request(2), assign(GRACE, OWNER)).await;
    assert_eq!(refused.refusal(), (400, "RoleAssignmentRequestPolicyValidationFailed"));
    assert!(refused.body["error"]["message"].as_str().unwrap().contains("MfaRule"), "{refused:?}");
}

/// Makes and removes an assignment.
async fn remove_grace(client: &Client) {
    assert_eq!(client.send("PUT", &request(1), assign(GRACE, READER)).await.status, 201);
    client.emulator.advance(300);
    let mut removal = assign(GRACE, READER);
    removal["properties"]["requestType"] = json!("AdminRemove");
    removal["properties"].as_object_mut().unwrap().remove("scheduleInfo");
    assert_eq!(client.send("PUT", &request(2), removal).await.body["properties"]["status"], "Revoked");
}

#[tokio::test]
async fn the_faults_that_only_take_time_change_nothing_else() {
    let client = with(&["latency=1", "slow-pages=1"]).await;
    assert_eq!(client.get(SUBSCRIPTIONS).await.entries().len(), 1);
}
