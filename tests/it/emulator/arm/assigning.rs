//! Requests, schedules and what they come down to.

use serde_json::{Value, json};

use crate::emulator::client::{
    ADA, Answer, CORE, CUSTOM, Client, GRACE, GROUP, OPERATORS, OWNER, READER, RUNNER, SUBSCRIPTION, options,
};
use pimform::emulator::Options;

const PROVIDER: &str = "providers/Microsoft.Authorization";
const VERSION: &str = "api-version=2020-10-01";

/// A made-up GUID.
fn guid(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn definition(role: &str) -> String {
    format!("{SUBSCRIPTION}/{PROVIDER}/roleDefinitions/{role}")
}

/// A request about a principal and a role with an expiration.
fn asking(action: &str, principal: &str, role: &str, expiration: Value) -> Value {
    let mut properties = json!({
        "principalId": principal, "roleDefinitionId": definition(role), "requestType": action, "justification": "test",
    });
    if !expiration.is_null() {
        properties["scheduleInfo"] = json!({ "startDateTime": "2026-11-21T11:59:30Z" });
        properties["scheduleInfo"]["expiration"] = expiration;
    }
    json!({ "properties": properties })
}

fn days(number: u32) -> Value {
    json!({ "type": "AfterDuration", "duration": format!("P{number}D") })
}

async fn put(client: &Client, scope: &str, kind: &str, number: u32, body: Value) -> Answer {
    let name = guid(number);
    client.send("PUT", &format!("{scope}/{PROVIDER}/role{kind}ScheduleRequests/{name}?{VERSION}"), body).await
}

async fn list(client: &Client, scope: &str, collection: &str, filter: &str) -> Vec<Value> {
    let filter = if filter.is_empty() { String::new() } else { format!("%24filter={}&", filter.replace(' ', "+")) };
    let answer = client.get(&format!("{scope}/{PROVIDER}/{collection}?{filter}{VERSION}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.entries().iter().map(|entry| entry["properties"].clone()).collect()
}

#[tokio::test]
async fn an_assignment_is_made_read_changed_and_removed() {
    let client = Client::start().await;
    let made = put(&client, SUBSCRIPTION, "Eligibility", 1, asking("AdminAssign", ADA, OWNER, days(30))).await;
    assert_eq!(made.status, 201, "{made:?}");
    let prefix = format!("/providers/Microsoft.Subscription{SUBSCRIPTION}/{PROVIDER}");
    let properties = &made.body["properties"];
    assert_eq!(made.body["id"], format!("{prefix}/roleEligibilityScheduleRequests/{}", guid(1)));
    assert_eq!(properties["targetRoleEligibilityScheduleId"], format!("{prefix}/roleEligibilitySchedules/{}", guid(1)));
    assert_eq!(properties["status"], "Provisioned");
    assert_eq!(properties["scope"], SUBSCRIPTION);
    assert_eq!(properties["requestorId"], RUNNER);
    // A start that has passed is moved to now; the length stays as it was sent; what was not sent is not there.
    assert_eq!(properties["scheduleInfo"]["startDateTime"], "2026-11-21T12:00:00Z");
    assert_eq!(properties["scheduleInfo"]["expiration"], days(30));
    assert_eq!(properties["ticketInfo"], json!({}));
    assert!(properties.get("condition").is_none());

    let filter = format!("(principalId eq '{ADA}') and atScope()");
    let rows = list(&client, SUBSCRIPTION, "roleEligibilitySchedules", &filter).await;
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(row["endDateTime"], "2026-12-21T12:00:00Z");
    assert_eq!(row["roleDefinitionId"], definition(OWNER));
    assert_eq!((row["memberType"].as_str(), row["status"].as_str()), (Some("Direct"), Some("Provisioned")));
    assert_eq!(row["principalType"], "User");
    assert_eq!(row["expandedProperties"]["principal"]["email"], "ada@contoso.example");
    assert_eq!(row["expandedProperties"]["scope"]["displayName"], "Production");
    assert!(row.get("scheduleInfo").is_none());
    let request = row["roleEligibilityScheduleRequestId"].as_str().unwrap();
    assert_eq!(client.get(&format!("{request}?{VERSION}")).await.body, made.body);

    let again = put(&client, SUBSCRIPTION, "Eligibility", 1, asking("AdminAssign", ADA, OWNER, days(30))).await;
    assert_eq!(again.refusal(), (409, "RoleAssignmentRequestExists"));
    let twice = put(&client, SUBSCRIPTION, "Eligibility", 2, asking("AdminAssign", ADA, OWNER, days(30))).await;
    assert_eq!(twice.refusal(), (400, "RoleAssignmentExists"));

    client.emulator.advance(60);
    let mut update = asking("AdminUpdate", ADA, OWNER, days(60));
    update["properties"]["targetRoleEligibilityScheduleId"] = json!(guid(77));
    let stranger = put(&client, SUBSCRIPTION, "Eligibility", 3, update.clone()).await;
    assert_eq!(stranger.refusal(), (400, "RoleAssignmentDoesNotExist"));
    update["properties"]["targetRoleEligibilityScheduleId"] = properties["targetRoleEligibilityScheduleId"].clone();
    let changed = put(&client, SUBSCRIPTION, "Eligibility", 3, update).await;
    assert_eq!(changed.status, 201, "{changed:?}");
    let rows = list(&client, SUBSCRIPTION, "roleEligibilitySchedules", &filter).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["endDateTime"], "2027-01-20T12:01:00Z");
    assert!(rows[0]["roleEligibilityScheduleRequestId"].as_str().unwrap().ends_with(&guid(3)));

    client.emulator.advance(300);
    let removed = put(&client, SUBSCRIPTION, "Eligibility", 4, asking("AdminRemove", ADA, OWNER, Value::Null)).await;
    assert_eq!((removed.status, removed.body["properties"]["status"].as_str()), (201, Some("Revoked")));
    assert!(list(&client, SUBSCRIPTION, "roleEligibilitySchedules", &filter).await.is_empty());
    let again = put(&client, SUBSCRIPTION, "Eligibility", 5, asking("AdminRemove", ADA, OWNER, Value::Null)).await;
    assert_eq!(again.refusal(), (400, "RoleAssignmentDoesNotExist"));
    let log = list(&client, SUBSCRIPTION, "roleEligibilityScheduleRequests", "asRequestor()").await;
    assert_eq!(log.len(), 3);
}

#[tokio::test]
async fn an_assignment_of_either_kind_must_have_run_for_five_minutes_before_it_is_removed() {
    for kind in ["Eligibility", "Assignment"] {
        let client = Client::start().await;
        let made = put(&client, GROUP, kind, 1, asking("AdminAssign", ADA, CUSTOM, days(7))).await;
        assert_eq!(made.body["properties"]["status"], "Provisioned", "{made:?}");
        let removal = asking("AdminRemove", ADA, CUSTOM, Value::Null);
        for seconds in [0, 299] {
            client.emulator.advance(seconds);
            let refused = put(&client, GROUP, kind, 2, removal.clone()).await;
            assert_eq!(refused.refusal(), (400, "ActiveDurationTooShort"), "{kind}");
        }
        client.emulator.advance(1);
        assert_eq!(put(&client, GROUP, kind, 2, removal).await.status, 201, "{kind}");
    }
}

#[tokio::test]
async fn the_settings_are_enforced() {
    let client = Client::start().await;
    let refused = put(
        &client,
        SUBSCRIPTION,
        "Eligibility",
        1,
        asking("AdminAssign", ADA, OWNER, json!({ "type": "NoExpiration" })),
    )
    .await;
    assert_eq!(refused.refusal(), (400, "RoleAssignmentRequestPolicyValidationFailed"));
    assert!(refused.body["error"]["message"].as_str().unwrap().contains("ExpirationRule"));
    let mut unjustified = asking("AdminAssign", ADA, OWNER, days(10));
    unjustified["properties"].as_object_mut().unwrap().remove("justification");
    let refused = put(&client, SUBSCRIPTION, "Assignment", 1, unjustified).await;
    assert!(refused.body["error"]["message"].as_str().unwrap().contains("JustificationRule"));
    let unknown = asking("AdminAssign", &guid(9), OWNER, days(10));
    assert_eq!(put(&client, SUBSCRIPTION, "Eligibility", 1, unknown).await.refusal(), (400, "SubjectNotFound"));
    // None of these has used up the name.
    assert_eq!(
        put(&client, SUBSCRIPTION, "Eligibility", 1, asking("AdminAssign", ADA, OWNER, days(10))).await.status,
        201
    );
}

#[tokio::test]
async fn a_check_changes_nothing() {
    let client = Client::start().await;
    for (kind, version) in [("Eligibility", "2022-04-01"), ("Eligibility", "2020-10-01"), ("Assignment", "2020-10-01")]
    {
        let requests = format!("role{kind}ScheduleRequests");
        let path = format!("{SUBSCRIPTION}/{PROVIDER}/{requests}/{}/validate?api-version={version}", guid(1));
        let checked = client.send("POST", &path, asking("AdminAssign", ADA, OWNER, days(10))).await;
        assert_eq!((checked.status, &checked.body["properties"]["requestType"]), (200, &json!("AdminAssign")));
        let refused = client.send("POST", &path, asking("AdminAssign", ADA, OWNER, days(1_000))).await;
        assert_eq!(refused.refusal(), (400, "RoleAssignmentRequestPolicyValidationFailed"));
        let filter = format!("principalId eq '{ADA}'");
        assert!(list(&client, SUBSCRIPTION, &format!("role{kind}Schedules"), &filter).await.is_empty());
        assert!(list(&client, SUBSCRIPTION, &requests, "").await.is_empty());
    }
}

#[tokio::test]
async fn what_begins_later_is_listed_has_no_instance_and_can_be_withdrawn() {
    let client = Client::start().await;
    for (number, kind) in [(1, "Eligibility"), (2, "Assignment")] {
        let end = json!({ "type": "AfterDateTime", "endDateTime": "2026-12-01T00:00:00Z" });
        let mut later = asking("AdminAssign", ADA, OWNER, end);
        later["properties"]["scheduleInfo"]["startDateTime"] = json!("2026-11-22T12:00:00+00:00");
        let made = put(&client, SUBSCRIPTION, kind, number, later).await;
        assert_eq!(made.body["properties"]["status"], "Granted", "{made:?}");
        let filter = format!("principalId eq '{ADA}'");
        let rows = list(&client, SUBSCRIPTION, &format!("role{kind}Schedules"), &filter).await;
        assert_eq!((rows.len(), rows[0]["status"].as_str()), (1, Some("Granted")));
        assert!(list(&client, SUBSCRIPTION, &format!("role{kind}ScheduleInstances"), &filter).await.is_empty());
        let request = rows[0][format!("role{kind}ScheduleRequestId")].as_str().unwrap();
        let cancelled = client.try_send("POST", &format!("{request}/cancel?{VERSION}"), None).await.unwrap();
        assert_eq!(cancelled.status, 200);
        assert!(list(&client, SUBSCRIPTION, &format!("role{kind}Schedules"), &filter).await.is_empty());
        assert_eq!(client.get(&format!("{request}?{VERSION}")).await.body["properties"]["status"], "Canceled");
    }
}

#[tokio::test]
async fn rows_from_above_are_inherited_and_rows_below_need_no_filter() {
    let client = Client::start().await;
    put(&client, GROUP, "Eligibility", 1, asking("AdminAssign", ADA, CUSTOM, days(7))).await;
    let at = list(&client, SUBSCRIPTION, "roleEligibilitySchedules", "atScope()").await;
    let [inherited] = at.as_slice() else { panic!("{at:?}") };
    assert_eq!((inherited["scope"].as_str(), inherited["memberType"].as_str()), (Some(CORE), Some("Inherited")));
    // A management group has no subscription that the role could be read at.
    assert_eq!(inherited["roleDefinitionId"], format!("/{PROVIDER}/roleDefinitions/{READER}"));
    let all = list(&client, SUBSCRIPTION, "roleEligibilitySchedules", "").await;
    let scopes: Vec<&str> = all.iter().map(|row| row["scope"].as_str().unwrap()).collect();
    assert_eq!(scopes, [CORE, GROUP]);
    assert_eq!(all[1]["memberType"], "Direct");
    // Names of scopes compare without case and are answered as they are spelled.
    let core = CORE.replace("core", "CORE").replace("managementGroups", "managementgroups");
    let own = list(&client, &core, "roleEligibilitySchedules", "atScope()").await;
    assert_eq!((own[0]["scope"].as_str(), own[0]["memberType"].as_str()), (Some(CORE), Some("Direct")));
}

#[tokio::test]
async fn what_is_held_through_a_group_is_shown_to_who_asks_for_a_person() {
    let client = Client::start().await;
    let of = async |filter: String| list(&client, SUBSCRIPTION, "roleEligibilitySchedules", &filter).await;
    assert!(of(format!("principalId eq '{ADA}'")).await.is_empty());
    let through = of(format!("assignedTo('{ADA}')")).await;
    assert_eq!((through.len(), through[0]["memberType"].as_str()), (1, Some("Group")));
    assert_eq!(through[0]["principalId"], OPERATORS);
    assert!(of(format!("assignedTo('{GRACE}')")).await.is_empty());
    assert!(of("asTarget()".to_owned()).await.is_empty());
    let own = of(format!("principalId eq '{OPERATORS}' and status eq 'Provisioned'")).await;
    assert_eq!(own[0]["memberType"], "Inherited");
}

#[tokio::test]
async fn an_activation_is_an_active_row_of_its_own() {
    // The caller is the runner of the tenant file, which is Ada here.
    let mut tenant = crate::emulator::client::tenant();
    tenant["runner"] = json!(ADA);
    tenant["service_principals"] = json!([]);
    let client = Client::with(Options { tenant: tenant.to_string(), ..options() }).await;
    let body = asking("SelfActivate", ADA, READER, json!({ "type": "AfterDuration", "duration": "PT2H" }));
    let made = put(&client, SUBSCRIPTION, "Assignment", 1, body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let rows = list(&client, SUBSCRIPTION, "roleAssignmentScheduleInstances", &format!("principalId eq '{ADA}'")).await;
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(row["assignmentType"], "Activated");
    assert!(row["linkedRoleEligibilityScheduleId"].is_string());
    assert_eq!(row["endDateTime"], "2026-11-21T14:00:00Z");
}

#[tokio::test]
async fn a_plain_assignment_is_an_active_row_without_a_request() {
    let client = Client::start().await;
    let rows = list(&client, SUBSCRIPTION, "roleAssignmentSchedules", "atScope()").await;
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(row["assignmentType"], "Assigned");
    assert!(row.get("roleAssignmentScheduleRequestId").is_none() && row.get("endDateTime").is_none());

    let path = format!("{GROUP}/{PROVIDER}/roleAssignments/{}?api-version=2022-04-01", guid(7));
    let body = json!({ "properties": {
        "roleDefinitionId": definition(READER), "principalId": ADA, "principalType": "User",
    } });
    let made = client.send("PUT", &path, body.clone()).await;
    assert_eq!((made.status, made.body["properties"]["scope"].as_str()), (201, Some(GROUP)), "{made:?}");
    assert_eq!(client.get(&path).await.body, made.body);
    let other = path.replace(&guid(7), &guid(8));
    assert_eq!(client.send("PUT", &other, body).await.refusal(), (409, "RoleAssignmentExists"));
    let instances = list(&client, GROUP, "roleAssignmentScheduleInstances", &format!("principalId eq '{ADA}'")).await;
    assert!(instances[0]["originRoleAssignmentId"].as_str().unwrap().ends_with(&guid(7)));
    let all = client.get(&format!("{GROUP}/{PROVIDER}/roleAssignments?$filter=atScope()&api-version=2022-04-01")).await;
    assert_eq!(all.entries().len(), 2);
    assert_eq!(client.try_send("DELETE", &path, None).await.unwrap().status, 200);
    assert_eq!(client.try_send("DELETE", &path, None).await.unwrap().status, 204);
    assert_eq!(client.get(&path).await.refusal(), (404, "RoleAssignmentNotFound"));
}

#[tokio::test]
async fn one_schedule_and_one_instance_are_got_by_name() {
    let client = Client::start().await;
    for (number, kind) in [(1, "Eligibility"), (2, "Assignment")] {
        put(&client, GROUP, kind, number, asking("AdminAssign", ADA, CUSTOM, days(7))).await;
        for collection in [format!("role{kind}Schedules"), format!("role{kind}ScheduleInstances")] {
            let path = format!("{GROUP}/{PROVIDER}/{collection}");
            let listed = client.get(&format!("{path}?$filter=principalId%20eq%20'{ADA}'&{VERSION}")).await;
            let entry = &listed.entries()[0];
            let got = client.get(&format!("{}?{VERSION}", entry["id"].as_str().unwrap())).await;
            assert_eq!(&got.body, entry);
            let missing = client.get(&format!("{path}/{}?{VERSION}", guid(99))).await;
            assert_eq!(missing.refusal(), (404, "ResourceNotFound"));
        }
    }
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let client = Client::with(Options { page_size: 1, ..options() }).await;
    put(&client, GROUP, "Eligibility", 1, asking("AdminAssign", ADA, CUSTOM, days(7))).await;
    let first = client.get(&format!("{SUBSCRIPTION}/{PROVIDER}/roleEligibilitySchedules?{VERSION}")).await;
    assert_eq!(first.entries().len(), 1);
    let second = client.get(first.body["nextLink"].as_str().unwrap()).await;
    assert_eq!(second.entries().len(), 1);
    assert_ne!(first.entries(), second.entries());
    assert!(second.body.get("nextLink").is_none());
}

#[tokio::test]
async fn what_is_not_known_is_refused() {
    let client = Client::start().await;
    let refused = async |change: fn(&mut Value)| {
        let mut body = asking("AdminAssign", ADA, OWNER, days(10));
        change(&mut body["properties"]);
        let answer = put(&client, SUBSCRIPTION, "Eligibility", 1, body).await;
        (answer.status, answer.code().to_owned())
    };
    let invalid = (400, "InvalidRequestContent".to_owned());
    assert_eq!(refused(|it| it["surprise"] = json!(1)).await, invalid);
    assert_eq!(refused(|it| it["requestType"] = json!("AdminGrant")).await, invalid);
    assert_eq!(refused(|it| it["principalId"] = json!("ada")).await, invalid);
    assert_eq!(refused(|it| it["scheduleInfo"]["recurrence"] = json!({})).await, invalid);
    assert_eq!(refused(|it| it["linkedRoleEligibilityScheduleId"] = json!("x")).await, invalid);
    assert_eq!(refused(|it| it["condition"] = json!("x")).await, invalid);
    assert_eq!(refused(|it| it["roleDefinitionId"] = json!("Owner")).await.1, "InvalidRoleDefinitionId");
    let offset = refused(|it| it["scheduleInfo"]["startDateTime"] = json!("2026-11-21T12:00:00")).await;
    assert_eq!(offset, (400, "InvalidRoleAssignmentRequest".to_owned()));
    let both = refused(|it| it["scheduleInfo"]["expiration"]["endDateTime"] = json!("2026-12-21T12:00:00Z")).await;
    assert_eq!(both.1, "InvalidRoleAssignmentRequestSchedule");
    let months = refused(|it| it["scheduleInfo"]["expiration"]["duration"] = json!("P6M")).await;
    assert_eq!(months.1, "InvalidRoleAssignmentRequestSchedule");

    let get = async |path: &str| {
        let answer = client.get(&format!("{SUBSCRIPTION}/{PROVIDER}/{path}")).await;
        (answer.status, answer.code().to_owned())
    };
    let expect = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(get("roleEligibilitySchedules").await, expect(400, "MissingApiVersionParameter"));
    assert_eq!(get("roleEligibilitySchedules?api-version=2022-04-01").await, expect(400, "NoRegisteredProviderFound"));
    assert_eq!(get("roleEligibilitySchedules?api-version=new").await, expect(400, "InvalidApiVersionParameter"));
    assert_eq!(
        get("roleEligibilitySchedules?api-version=2020-10-01&$top=1").await,
        expect(400, "InvalidQueryStringParameter")
    );
    assert_eq!(
        get("roleEligibilitySchedules?api-version=2020-10-01&$filter=beautiful()").await,
        expect(400, "InvalidFilter")
    );
    assert_eq!(
        get("roleEligibilitySchedules?api-version=2020-10-01&$filter=asRequestor()").await,
        expect(400, "InvalidFilter")
    );
    assert_eq!(get("accessReviewScheduleDefinitions?api-version=2022-04-01").await, expect(501, "NotImplemented"));
    let nowhere =
        client.get(&format!("/subscriptions/{}/{PROVIDER}/roleEligibilitySchedules?{VERSION}", guid(1))).await;
    assert_eq!(nowhere.refusal(), (404, "SubscriptionNotFound"));
}
