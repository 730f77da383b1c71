use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::said;
use super::script::{BECAUSE, NOW, Script};
use crate::model::{
    Access, AssignmentKey, AssignmentScope, Duration, Ending, Kind, Schedule, Shift, Target, Ticket, Time, Window,
};
use crate::plan::Operation;

const ROLE: &str = "fdd7a751-b60b-444a-984c-02652fe8fa1c";
const ADA: &str = "071cc716-8147-4397-a5ba-b2105951cc0b";
const GROUP: &str = "2b5ed229-4072-478d-9504-a047ebd4b07d";
const SUBSCRIPTION: &str = "/subscriptions/dfa2a084-766f-4003-8ae1-c4aeb893a99f";

const POST: &str = "POST /v1.0/roleManagement/directory/roleEligibilityScheduleRequests";
const LIST: &str = "GET /v1.0/roleManagement/directory/roleEligibilitySchedules?$filter=principalId eq ";

fn key(kind: Kind) -> AssignmentKey {
    AssignmentKey { kind, principal: ADA.parse().unwrap(), scope: AssignmentScope::Whole }
}

fn directory() -> Target {
    Target::Directory { directory_role: ROLE.parse().unwrap() }
}

fn group() -> Target {
    Target::Group { group: GROUP.parse().unwrap(), access: Access::Member }
}

fn azure() -> Target {
    Target::Azure { scope: SUBSCRIPTION.parse().unwrap(), role: ROLE.parse().unwrap() }
}

fn permanent() -> Schedule {
    Schedule { start: None, end: Ending::Permanent }
}

fn assign(target: Target, kind: Kind) -> Operation {
    Operation::Assign {
        target,
        assignment: key(kind),
        schedule: permanent(),
        justification: None,
        ticket: None,
        condition: None,
    }
}

/// A permanent assignment since the first of the year.
fn was() -> Window {
    Window { start: Some("2026-01-01".parse().unwrap()), end: None }
}

fn remove(target: Target, kind: Kind) -> Operation {
    Operation::Remove { target, assignment: key(kind), was: was(), condition_was: None, also: Vec::new() }
}

fn update(target: Target, kind: Kind) -> Operation {
    Operation::Update {
        target,
        assignment: key(kind),
        was: was(),
        shift: Shift::Shortens,
        condition_was: None,
        schedule: Schedule { start: None, end: Ending::After(Duration::from_days(30)) },
        justification: Some("why".into()),
        ticket: Some(std::sync::Arc::new(Ticket { number: "CHG1".into(), system: Some("SNOW".into()) })),
        condition: None,
    }
}

fn directory_row(start: &str, end: Option<&str>) -> Value {
    json!({
        "id": "1", "principalId": ADA, "roleDefinitionId": ROLE, "directoryScopeId": "/", "createdUsing": "1",
        "status": "Provisioned", "memberType": "Direct", "scheduleInfo": info(start, end)
    })
}

fn info(start: &str, end: Option<&str>) -> Value {
    let kind = if end.is_some() { "afterDateTime" } else { "noExpiration" };
    json!({"startDateTime": start, "expiration": {"type": kind, "endDateTime": end}})
}

fn group_row(start: &str, end: Option<&str>) -> Value {
    json!({
        "id": "1", "principalId": ADA, "groupId": GROUP, "accessId": "member", "createdUsing": "1",
        "status": "Provisioned", "memberType": "direct", "assignmentType": "assigned", "scheduleInfo": info(start, end)
    })
}

fn azure_row(start: &str, end: Option<&str>) -> Value {
    json!({"id": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/RoleEligibilitySchedules/S1"), "properties": {
        "scope": SUBSCRIPTION, "roleDefinitionId": format!("{SUBSCRIPTION}/x/{ROLE}"), "principalId": ADA,
        "status": "Provisioned", "memberType": "Direct", "startDateTime": start, "endDateTime": end,
    }})
}

const SCHEDULES: &str = "GET /subscriptions/dfa2a084-766f-4003-8ae1-c4aeb893a99f/providers/Microsoft.Authorization/roleEligibilitySchedules?";

const SINCE: &str = "2026-01-01T00:00:00.123Z";

fn taken(status: &str) -> Value {
    json!({"id": "r1", "status": status})
}

async fn play(script: Script, operation: &Operation) -> (String, Vec<super::script::Seen>, Vec<u64>) {
    let stage = script.play().await;
    let outcome = said(stage.executor.carry_out(operation).await);
    (outcome, stage.seen(), stage.waited())
}

#[tokio::test]
async fn an_assignment_of_a_directory_role_is_one_request() {
    let stage = Script::default().on(POST, 201, taken("Provisioned")).play().await;
    let receipt = stage.executor.carry_out(&assign(directory(), Kind::Eligible)).await.unwrap();
    assert_eq!(receipt.request_ids, ["r201".into()]);
    assert_eq!(
        stage.seen()[0].body,
        json!({
            "action": "adminAssign", "principalId": ADA, "roleDefinitionId": ROLE, "directoryScopeId": "/",
            "scheduleInfo": {"startDateTime": NOW, "expiration": {"type": "noExpiration"}}
        })
    );
}

#[tokio::test]
async fn a_change_in_a_group_looks_first_and_sends_the_whole_window() {
    let script = Script::default()
        .list("GET /v1.0/identityGovernance/privilegedAccess/group/assignmentSchedules?", &[group_row(SINCE, None)])
        .on(
            "POST /v1.0/identityGovernance/privilegedAccess/group/assignmentScheduleRequests",
            201,
            taken("Provisioned"),
        );
    let (outcome, seen, _) = play(script, &update(group(), Kind::Active)).await;
    assert_eq!(outcome, "done");
    assert_eq!(
        seen[1].body,
        json!({
            "action": "adminUpdate", "principalId": ADA, "groupId": GROUP, "accessId": "member",
            "justification": "why", "ticketInfo": {"ticketNumber": "CHG1", "ticketSystem": "SNOW"},
            "scheduleInfo": {"startDateTime": NOW, "expiration": {"type": "afterDuration", "duration": "P30D"}}
        })
    );
}

#[tokio::test]
async fn a_change_in_azure_names_the_schedule_as_it_is_now() {
    let requests = format!("PUT {SUBSCRIPTION}/providers/Microsoft.Authorization/roleEligibilityScheduleRequests/");
    let script = Script::default()
        .list(SCHEDULES, &[azure_row(SINCE, None)])
        .on(requests, 201, json!({"name": "r", "properties": {"status": "Provisioned"}}))
        .list(SCHEDULES, &[azure_row(SINCE, Some("2026-12-21T00:00:05Z"))]);
    let (outcome, seen, _) = play(script, &update(azure(), Kind::Eligible)).await;
    assert_eq!(outcome, "done");
    let target = &seen[1].body["properties"]["targetRoleEligibilityScheduleId"];
    assert!(target.as_str().unwrap().ends_with("/RoleEligibilitySchedules/S1"));
}

#[tokio::test]
async fn a_removal_is_revoked_and_what_is_gone_stays_gone() {
    let row = [directory_row(SINCE, None)];
    let script = Script::default().list(LIST, &row).on(POST, 201, taken("Revoked"));
    let (outcome, seen, _) = play(script, &remove(directory(), Kind::Eligible)).await;
    assert_eq!(outcome, "done");
    assert_eq!(
        seen[1].body,
        json!({
            "action": "adminRemove", "principalId": ADA, "roleDefinitionId": ROLE, "directoryScopeId": "/",
            "justification": BECAUSE
        })
    );
    let (outcome, ..) = play(Script::default().list(LIST, &[]), &remove(directory(), Kind::Eligible)).await;
    assert_eq!(outcome, "so already");
    let script = Script::default().list(LIST, &row).refuse(POST, 400, "RoleAssignmentDoesNotExist");
    assert_eq!(play(script, &remove(directory(), Kind::Eligible)).await.0, "so already");
}

#[tokio::test]
async fn what_the_plan_did_not_see_is_left_as_it_is() {
    let other = [directory_row("2026-02-01T00:00:00Z", None)];
    let address = format!("directory/{ROLE}/eligible/{ADA}");
    let script = || Script::default().list(LIST, &other);
    let changed = format!("conflict: `{address}` has changed since the plan was made");
    for operation in [update(directory(), Kind::Eligible), remove(directory(), Kind::Eligible)] {
        assert_eq!(play(script(), &operation).await.0.replace("principal:", ""), changed);
    }
    let gone = play(Script::default().list(LIST, &[]), &update(directory(), Kind::Eligible)).await.0;
    assert_eq!(gone.replace("principal:", ""), format!("not found: `{address}`"));
    let mut inherited = directory_row(SINCE, None);
    inherited["memberType"] = "Inherited".into();
    let script = Script::default().list(LIST, &[inherited]);
    assert!(play(script, &remove(directory(), Kind::Eligible)).await.0.ends_with("is inherited from a scope above"));
}

#[tokio::test]
async fn what_exists_already_is_compared() {
    let exists = || Script::default().refuse(POST, 400, "RoleAssignmentExists");
    let operation = assign(directory(), Kind::Eligible);
    let script = exists().list(LIST, &[directory_row(SINCE, None)]);
    assert_eq!(play(script, &operation).await.0, "so already");
    let script = exists().list(LIST, &[directory_row(SINCE, Some("2026-12-01T00:00:00Z"))]);
    assert!(play(script, &operation).await.0.ends_with("is there already, but not as planned"));
    // Removed a moment ago, and not everywhere yet.
    let script = exists().list(LIST, &[]).on(POST, 201, taken("Provisioned"));
    let (outcome, _, waited) = play(script, &operation).await;
    assert_eq!((outcome.as_str(), waited), ("done", vec![15]));
}

#[tokio::test]
async fn a_yes_is_not_a_success() {
    let operation = assign(directory(), Kind::Eligible);
    let (outcome, ..) = play(Script::default().on(POST, 201, taken("Failed")), &operation).await;
    assert_eq!(
        outcome,
        "error: cannot make the assignment: the service refuses (Failed, request id r201): the service took the request, \
         and then its status was `Failed`"
    );
    let script = Script::default()
        .on(POST, 201, taken("PendingProvisioning"))
        .on(format!("GET{}/r1", POST.trim_start_matches("POST")), 200, taken("PendingProvisioning"))
        .on(format!("GET{}/r1", POST.trim_start_matches("POST")), 200, taken("Provisioned"));
    let (outcome, _, waited) = play(script, &operation).await;
    assert_eq!((outcome.as_str(), waited), ("done", vec![2, 4]));
    // A word that nobody knows: looking tells.
    let script = || Script::default().on(POST, 201, taken("Enthroned"));
    assert_eq!(play(script().list(LIST, &[directory_row(NOW, None)]), &operation).await.0, "done");
    let outcome = play(script().list(LIST, &[]), &operation).await.0;
    assert!(outcome.ends_with("its status was `Enthroned`"), "{outcome}");
}

#[tokio::test]
async fn after_a_lost_answer_graph_is_looked_at_before_anything_is_sent_again() {
    let operation = assign(directory(), Kind::Eligible);
    // It was carried out.
    let script = Script::default().lose(POST).list(LIST, &[directory_row(NOW, None)]);
    assert_eq!(play(script, &operation).await.0, "done");
    // It was not.
    let script = Script::default().lose(POST).list(LIST, &[]).on(POST, 201, taken("Provisioned"));
    assert_eq!(play(script, &operation).await.0, "done");
    // It was, but could not be seen yet.
    let script = Script::default()
        .on(POST, 500, json!({"error": {"code": "", "message": "An error has occurred."}}))
        .list(LIST, &[])
        .refuse(POST, 400, "RoleAssignmentExists")
        .list(LIST, &[directory_row(NOW, None)]);
    assert_eq!(play(script, &operation).await.0, "done");
    // Somebody made another one meanwhile.
    let script = Script::default().lose(POST).list(LIST, &[directory_row(NOW, Some("2026-12-01T00:00:00Z"))]);
    assert!(play(script, &operation).await.0.ends_with("is there already, but not as planned"));
    // A removal.
    let row = [directory_row(SINCE, None)];
    let script = Script::default().list(LIST, &row).lose(POST).list(LIST, &row).lose(POST).list(LIST, &[]);
    assert_eq!(play(script, &remove(directory(), Kind::Eligible)).await.0, "done");
    // A change.
    let ends = "2026-12-21T00:00:05Z";
    let script =
        Script::default().list(LIST, &row).lose(POST).list(LIST, &[directory_row("2026-11-21T00:00:05Z", Some(ends))]);
    assert_eq!(play(script, &update(directory(), Kind::Eligible)).await.0, "done");
}

#[tokio::test]
async fn it_gives_up_on_a_service_that_never_answers() {
    let mut script = Script::default();
    for _ in 0..6 {
        script = script.lose(POST).list(LIST, &[]);
    }
    let (outcome, _, waited) = play(script, &assign(directory(), Kind::Eligible)).await;
    assert!(outcome.starts_with("error: cannot make the assignment"), "{outcome}");
    assert_eq!(waited, [2, 4, 8, 16, 30]);
}

#[tokio::test]
async fn what_began_just_now_is_changed_when_it_may_be() {
    let script = Script::default()
        .list(LIST, &[directory_row(SINCE, None)])
        .refuse(POST, 400, "ActiveDurationTooShort")
        .refuse(POST, 400, "ActiveDurationTooShort")
        .on(POST, 201, taken("Revoked"));
    let (outcome, _, waited) = play(script, &remove(directory(), Kind::Eligible)).await;
    assert_eq!((outcome.as_str(), waited), ("done", vec![60, 60]));
    let mut script = Script::default().list(LIST, &[directory_row(SINCE, None)]);
    for _ in 0..7 {
        script = script.refuse(POST, 400, "ActiveDurationTooShort");
    }
    let (outcome, _, waited) = play(script, &remove(directory(), Kind::Eligible)).await;
    assert!(outcome.starts_with("error: cannot remove the assignment"), "{outcome}");
    assert_eq!(waited, [60; 6]);
}

#[tokio::test]
async fn another_request_about_the_same_is_waited_for() {
    let operation = assign(directory(), Kind::Eligible);
    let pending = || Script::default().refuse(POST, 400, "PendingRoleAssignmentRequest");
    assert_eq!(play(pending().list(LIST, &[directory_row(NOW, None)]), &operation).await.0, "so already");
    let script = pending().list(LIST, &[]).on(POST, 201, taken("Provisioned"));
    assert_eq!(play(script, &operation).await.0, "done");
}

#[tokio::test]
async fn only_codes_that_mean_it_are_waited_for() {
    let operation = assign(directory(), Kind::Eligible);
    let script = Script::default().refuse(POST, 404, "SubjectNotFound").on(POST, 201, taken("Provisioned"));
    assert_eq!(play(script, &operation).await.2, [2]);
    for (status, code) in [
        (404, "RoleNotFound"),
        (404, "ResourceNotFound"),
        (400, "RoleAssignmentRequestPolicyValidationFailed"),
        (403, "PermissionScopeNotGranted"),
    ] {
        let (outcome, _, waited) = play(Script::default().refuse(POST, status, code), &operation).await;
        assert!(outcome.starts_with("error: cannot make the assignment"), "{outcome}");
        assert!(waited.is_empty(), "{code}");
    }
}

#[tokio::test]
async fn azure_is_asked_what_became_of_a_request_with_our_name() {
    let put = format!("PUT {SUBSCRIPTION}/providers/Microsoft.Authorization/roleEligibilityScheduleRequests/");
    let get = put.replace("PUT", "GET");
    let body = |status: &str| json!({"name": "r", "properties": {"status": status}});
    let operation = assign(azure(), Kind::Eligible);
    let exists = || Script::default().refuse(put.as_str(), 409, "RoleAssignmentRequestExists");
    let (outcome, seen, _) = play(exists().on(get.as_str(), 200, body("Provisioned")), &operation).await;
    assert_eq!(outcome, "done");
    // It asked for the very one.
    assert_eq!(seen[0].line.trim_start_matches("PUT"), seen[1].line.trim_start_matches("GET"));
    let (outcome, ..) = play(exists().on(get.as_str(), 200, body("Failed")), &operation).await;
    assert!(outcome.ends_with("its status was `Failed`"), "{outcome}");
    // The connection breaks, and breaks again for each repeat.
    let lost = || (0..4).fold(Script::default(), |script, _| script.lose(put.as_str()));
    let (outcome, seen, _) = play(lost().on(get.as_str(), 200, body("Provisioned")), &operation).await;
    assert_eq!((outcome.as_str(), seen.len()), ("done", 5));
    let never_came = lost().refuse(get.as_str(), 404, "RoleEligibilityScheduleRequestNotFound");
    let (outcome, seen, _) = play(never_came.on(put.as_str(), 201, body("Provisioned")), &operation).await;
    assert_eq!((outcome.as_str(), &seen[0].line), ("done", &seen[5].line));
    // The same name again where the principal was not known yet.
    let script =
        Script::default().refuse(put.as_str(), 400, "SubjectNotFound").on(put.as_str(), 201, body("Provisioned"));
    let (outcome, seen, _) = play(script, &operation).await;
    assert_eq!((outcome.as_str(), &seen[0].line), ("done", &seen[1].line));
}

#[tokio::test]
async fn a_request_that_stays_granted_is_not_carried_out() {
    let granted = || json!({"id": "r", "status": "Granted"});
    let mut script = Script::default().on(POST, 201, granted());
    for _ in 0..9 {
        script = script.list(LIST, &[]).on(format!("GET {}/r", POST.trim_start_matches("POST ")), 200, granted());
    }
    let script = script.list(LIST, &[]).list(LIST, &[]);
    let (outcome, ..) = play(script, &assign(directory(), Kind::Eligible)).await;
    assert!(outcome.ends_with("its status was `Granted`"), "{outcome}");
    // Where it is to be seen, it is.
    let script = Script::default().on(POST, 201, granted()).list(LIST, &[directory_row(SINCE, None)]);
    let (outcome, ..) = play(script, &assign(directory(), Kind::Eligible)).await;
    assert_eq!(outcome, "done");
}

#[tokio::test]
async fn the_same_operation_later_is_a_new_request_to_azure() {
    let put = format!("PUT {SUBSCRIPTION}/providers/Microsoft.Authorization/roleEligibilityScheduleRequests/");
    let body = json!({"name": "r", "properties": {"status": "Provisioned"}});
    let stage = Script::default().on(put.as_str(), 201, body.clone()).on(put.as_str(), 201, body).play().await;
    let operation = assign(azure(), Kind::Eligible);
    stage.executor.carry_out(&operation).await.unwrap();
    stage.executor.carry_out(&operation).await.unwrap();
    let seen = stage.seen();
    assert_ne!(seen[0].line, seen[1].line);
}

#[tokio::test]
async fn rows_that_cannot_be_read_stop_it() {
    let mut row = directory_row(SINCE, None);
    row["scheduleInfo"] = Value::Null;
    let (outcome, ..) = play(Script::default().list(LIST, &[row]), &remove(directory(), Kind::Eligible)).await;
    assert!(outcome.starts_with("conflict: ") && outcome.contains("could not be read"), "{outcome}");
    assert_eq!(NOW.parse::<Time>().unwrap().to_string(), NOW);
}

#[tokio::test]
async fn a_removal_in_azure_says_why_and_names_no_schedule() {
    let requests = format!("PUT {SUBSCRIPTION}/providers/Microsoft.Authorization/roleEligibilityScheduleRequests/");
    let script = Script::default().list(SCHEDULES, &[azure_row(SINCE, None)]).on(
        requests,
        201,
        json!({"name": "r", "properties": {"status": "Revoked"}}),
    );
    let (outcome, seen, _) = play(script, &remove(azure(), Kind::Eligible)).await;
    assert_eq!(outcome, "done");
    assert_eq!(seen[1].body["properties"]["justification"], BECAUSE);
    assert!(seen[1].body["properties"].get("targetRoleEligibilityScheduleId").is_none());
}

const UNIT: &str = "0b7f8a52-6a3e-4a64-8a39-5d6f0d3a8c01";

/// An assignment for one administrative unit.
fn assign_in_unit() -> Operation {
    let scope = AssignmentScope::AdministrativeUnit(UNIT.parse().unwrap());
    let Operation::Assign { target, assignment, schedule, .. } = assign(directory(), Kind::Eligible) else {
        unreachable!()
    };
    let assignment = AssignmentKey { scope, ..assignment };
    Operation::Assign { target, assignment, schedule, justification: None, ticket: None, condition: None }
}

fn answer(scope: &str) -> Value {
    json!({
        "id": "r1", "status": "Provisioned", "action": "adminAssign", "principalId": ADA, "roleDefinitionId": ROLE,
        "directoryScopeId": scope, "scheduleInfo": info(NOW, None)
    })
}

#[tokio::test]
async fn what_comes_back_wider_than_asked_for_is_taken_back_and_named() {
    let said = format!("the service granted this for the whole directory instead of administrative unit {UNIT}");
    // It is listed after a while, and cannot be removed in its first minutes.
    let mut own = directory_row(NOW, None);
    own["createdUsing"] = "r1".into();
    let script = Script::default()
        .on(POST, 201, answer("/"))
        .list(LIST, &[])
        .list(LIST, std::slice::from_ref(&own))
        .list(LIST, std::slice::from_ref(&own))
        .refuse(POST, 400, "ActiveDurationTooShort")
        .on(POST, 201, taken("Revoked"));
    let (outcome, seen, waited) = play(script, &assign_in_unit()).await;
    assert_eq!(outcome, format!("error: {said}; it was taken back"));
    assert_eq!(waited, [15, 60]);
    let last = &seen.last().unwrap().body;
    assert_eq!((&last["action"], &last["directoryScopeId"]), (&"adminRemove".into(), &"/".into()));
    assert_eq!(last["justification"], BECAUSE);
    // What was there before stays.
    let script = Script::default().on(POST, 201, answer("/")).list(LIST, &[directory_row(SINCE, None)]);
    let (outcome, ..) = play(script, &assign_in_unit()).await;
    assert!(outcome.ends_with("it could not be taken back: it was there before"), "{outcome}");
    // So does what somebody else made in the same minute: the request counts, not the time.
    let mut anothers = directory_row(NOW, None);
    anothers["createdUsing"] = "r2".into();
    let script = Script::default().on(POST, 201, answer("/")).list(LIST, &[anothers]);
    let (outcome, ..) = play(script, &assign_in_unit()).await;
    assert!(outcome.ends_with("it could not be taken back: it was there before"), "{outcome}");
    // Nothing is asked where nothing is wrong.
    let script = Script::default().on(POST, 201, answer(&format!("/administrativeUnits/{UNIT}")));
    assert_eq!(play(script, &assign_in_unit()).await.0, "done");
}

#[tokio::test]
async fn what_cannot_be_taken_back_is_left_with_a_command() {
    let mut own = directory_row(NOW, None);
    own["createdUsing"] = "r1".into();
    let script = Script::default()
        .on(POST, 201, answer("/"))
        .list(LIST, std::slice::from_ref(&own))
        .list(LIST, std::slice::from_ref(&own))
        .refuse(POST, 403, "UnknownError");
    let mut stage = script.play().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    stage.executor.notice = Some(Arc::new(move |text: &str| heard.lock().unwrap().push(text.to_owned())));
    let error = stage.executor.carry_out(&assign_in_unit()).await.unwrap_err();
    stage.seen();
    // Whoever stops the run before it has failed has the command as well.
    let first = told.lock().unwrap()[0].clone();
    assert!(first.contains("az rest --method post --url") && first.contains("adminRemove"), "{first}");
    assert!(error.to_string().contains("it could not be taken back: cannot remove the assignment"), "{error}");
    let help = error.help().unwrap();
    assert!(help.contains("az rest --method post --url 'http://127.0.0.1:"), "{help}");
    assert!(help.contains(r#""action":"adminRemove""#) && help.contains(r#""directoryScopeId":"/""#), "{help}");
}

#[tokio::test]
async fn the_second_id_of_a_custom_role_is_no_other_role() {
    const OTHER: &str = "99e90394-69f5-4237-9190-012177145e10";
    let mut body = answer(&format!("/administrativeUnits/{UNIT}"));
    body["roleDefinitionId"] = OTHER.into();
    let definition = format!("GET /v1.0/roleManagement/directory/roleDefinitions/{OTHER}");
    let script = Script::default().on(POST, 201, body).on(definition, 200, json!({"id": OTHER, "templateId": ROLE}));
    assert_eq!(play(script, &assign_in_unit()).await.0, "done");
}

#[tokio::test]
async fn an_update_in_azure_that_changes_nothing_fails_with_what_it_left() {
    let requests = format!("PUT {SUBSCRIPTION}/providers/Microsoft.Authorization/roleEligibilityScheduleRequests/");
    let mut script = Script::default().list(SCHEDULES, &[azure_row(SINCE, None)]).on(
        requests,
        201,
        json!({"name": "r", "properties": {"status": "Provisioned"}}),
    );
    for _ in 0..10 {
        script = script.list(SCHEDULES, &[azure_row(SINCE, None)]);
    }
    let (outcome, ..) = play(script, &update(azure(), Kind::Eligible)).await;
    assert_eq!(outcome, "error: the service says that the change is done, but the assignment is without end");
}
