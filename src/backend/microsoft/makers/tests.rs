use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::backend::ReadState;
use crate::backend::microsoft::reader::stub::Stub;
use crate::model::{AssignmentKey, AssignmentScope, Kind, Makers, RequestList, Target};

use super::path;

const SUBSCRIPTION: &str = "/subscriptions/7a3c0d7e-0000-4000-8000-000000000001";

fn guid(n: u32) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

fn eligible(target: Target, principal: u32) -> (Target, AssignmentKey) {
    let principal = guid(principal).parse().unwrap();
    (target, AssignmentKey { kind: Kind::Eligible, principal, scope: AssignmentScope::Whole })
}

fn role(principal: u32) -> (Target, AssignmentKey) {
    eligible(Target::Directory { directory_role: guid(101).parse().unwrap() }, principal)
}

fn azure(principal: u32) -> (Target, AssignmentKey) {
    let scope = SUBSCRIPTION.parse().unwrap();
    eligible(Target::Azure { scope, role: guid(101).parse().unwrap() }, principal)
}

fn over(mut value: Value, more: &Value) -> Value {
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    value
}

/// A request that an application made, and what is otherwise about it.
fn request(more: &Value) -> Value {
    let value = json!({ "action": "adminAssign", "status": "Provisioned", "principalId": guid(1),
        "roleDefinitionId": guid(101), "directoryScopeId": "/", "createdDateTime": "2026-11-01T00:00:00Z",
        "createdBy": { "application": { "id": guid(50), "displayName": "Governance" }, "device": null, "user": null } });
    over(value, more)
}

fn azure_request(more: &Value) -> Value {
    let properties = json!({ "requestType": "AdminAssign", "status": "Provisioned", "principalId": guid(1),
        "roleDefinitionId": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{}", guid(101)),
        "scope": SUBSCRIPTION, "createdOn": "2026-11-01T00:00:00Z", "requestorId": guid(50) });
    json!({ "name": "x", "properties": over(properties, more) })
}

async fn ask(stub: Stub, of: &[(Target, AssignmentKey)]) -> Makers {
    stub.reader().await.makers(of, &BTreeSet::new()).await
}

fn is_all_known(makers: &Makers) -> bool {
    makers.unread.is_empty() && makers.unclear.is_empty()
}

/// The application that made the assignment of 1, by these requests.
async fn maker(requests: Value) -> Option<String> {
    let makers = ask(Stub::default().list("roleEligibilityScheduleRequests", requests), &[role(1)]).await;
    assert!(is_all_known(&makers), "{makers:?}");
    makers.applications.get(&role(1)).map(ToString::to_string)
}

#[tokio::test]
async fn what_earlier_runs_made_as_somebody_else_is_no_other_applications() {
    let ours: BTreeSet<Uuid> = [guid(50).parse().unwrap()].into();
    let stub = Stub::default().list("roleEligibilityScheduleRequests", json!([request(&json!({}))]));
    let makers = stub.reader().await.makers(&[role(1)], &ours).await;
    assert!(makers.applications.is_empty() && is_all_known(&makers), "{makers:?}");
    let stub = Stub::default().list("roleEligibilityScheduleRequests", json!([azure_request(&json!({}))]));
    let target = azure(1);
    let makers = stub.reader().await.makers(&[target], &ours).await;
    assert!(makers.applications.is_empty() && is_all_known(&makers), "{makers:?}");
}

#[tokio::test]
async fn this_program_is_known_by_either_of_its_ids() {
    let by = |id: &str| json!({ "createdBy": { "application": { "id": id, "displayName": "x" }, "user": null } });
    assert_eq!(maker(json!([request(&json!({}))])).await.as_deref(), Some("Governance"));
    assert_eq!(maker(json!([request(&by(&guid(9)))])).await, None, "its object id");
    assert_eq!(maker(json!([request(&by(&guid(99)))])).await, None, "the id of its application");
    let nobody = json!({ "createdBy": { "application": { "id": guid(50) }, "user": { "id": null } } });
    assert_eq!(maker(json!([request(&nobody)])).await, Some(guid(50)));
}

#[tokio::test]
async fn whoever_used_an_application_did_it() {
    let both = json!({ "createdBy": { "application": { "id": guid(50) }, "user": { "id": guid(2) } } });
    assert_eq!(maker(json!([request(&both)])).await, None);
}

#[tokio::test]
async fn only_what_was_carried_out_made_anything() {
    let later = |status: &str| {
        request(&json!({ "status": status, "createdDateTime": "2026-11-02T00:00:00Z",
            "createdBy": { "application": null, "user": { "id": guid(2) } } }))
    };
    for status in ["Failed", "Denied", "Revoked", "Canceled", "PendingApproval", "PendingProvisioning"] {
        let found = maker(json!([request(&json!({})), later(status)])).await;
        assert_eq!(found.as_deref(), Some("Governance"), "{status}");
    }
    for status in ["Provisioned", "Granted", "ScheduleCreated", "AdminApproved"] {
        assert_eq!(maker(json!([request(&json!({})), later(status)])).await, None, "{status}");
    }
    let asked = over(later("Granted"), &json!({ "isValidationOnly": true }));
    assert_eq!(maker(json!([request(&json!({})), asked])).await.as_deref(), Some("Governance"));
    let strange = json!([request(&json!({})), later("Pondered")]);
    let makers = ask(Stub::default().list("roleEligibilityScheduleRequests", strange), &[role(1)]).await;
    assert!(makers.why_unknown(&role(1)).unwrap().contains("`Pondered`"), "{makers:?}");
}

#[tokio::test]
async fn the_last_one_is_the_last_in_time_and_not_in_letters() {
    let person = json!({ "createdBy": { "user": { "id": guid(2) } }, "createdDateTime": "2026-11-01T00:00:00.5Z" });
    assert_eq!(maker(json!([request(&person), request(&json!({}))])).await, None);
}

#[tokio::test]
async fn what_cannot_be_read_is_not_known_and_says_which_permission_that_takes() {
    let denied = Stub::default().fails("roleEligibilityScheduleRequests", 403, "PermissionScopeNotGranted");
    let makers = ask(denied, &[role(1), azure(1)]).await;
    assert!(makers.applications.is_empty());
    assert!(makers.why_unknown(&role(1)).unwrap().contains("RoleEligibilitySchedule.Read.Directory"), "{makers:?}");
    assert!(makers.why_unknown(&azure(1)).unwrap().contains("roleEligibilityScheduleRequests/read"), "{makers:?}");
}

#[tokio::test]
async fn every_list_is_read_however_many_there_are() {
    let of: Vec<_> = (1..=250).map(role).collect();
    let requests: Vec<Value> = (1..=250).map(|n| request(&json!({ "principalId": guid(n) }))).collect();
    let makers = ask(Stub::default().list("roleEligibilityScheduleRequests", requests.into()), &of).await;
    assert_eq!((makers.applications.len(), is_all_known(&makers)), (250, true));
}

#[tokio::test]
async fn in_azure_the_id_of_the_maker_is_looked_up() {
    let object = |kind: &str, n: u32| json!({ "@odata.type": format!("#microsoft.graph.{kind}"), "id": guid(n), "displayName": format!("N{n}") });
    let objects = json!([object("servicePrincipal", 50), object("user", 51)]);
    let stub = |by: u32| {
        let requests = json!([azure_request(&json!({ "requestorId": guid(by) }))]);
        Stub::default().list("roleEligibilityScheduleRequests", requests).list("getByIds", objects.clone())
    };
    let made = |makers: &Makers| makers.applications.get(&azure(1)).map(ToString::to_string);
    let makers = ask(stub(50), &[azure(1)]).await;
    assert_eq!((made(&makers).as_deref(), is_all_known(&makers)), (Some("N50"), true));
    for no_other in [51, 9] {
        assert_eq!(ask(stub(no_other), &[azure(1)]).await, Makers::default(), "{no_other}");
    }
    let makers = ask(stub(52), &[azure(1)]).await;
    assert!(makers.why_unknown(&azure(1)).unwrap().contains(&guid(52)), "{makers:?}");
    let elsewhere = azure_request(&json!({ "scope": format!("{SUBSCRIPTION}/resourceGroups/x") }));
    let makers = ask(Stub::default().list("roleEligibilityScheduleRequests", json!([elsewhere])), &[azure(1)]).await;
    assert_eq!(makers, Makers::default());
    let denied = Stub::default().list("roleEligibilityScheduleRequests", json!([azure_request(&json!({}))])).fails(
        "getByIds",
        403,
        "Authorization_RequestDenied",
    );
    assert_eq!(ask(denied, &[azure(1)]).await.unclear.len(), 1);
}

#[test]
fn requests_are_asked_for_by_principal_or_by_whole_lists() {
    let id = guid(1).parse().unwrap();
    let of_roles = RequestList { group: None, kind: Kind::Eligible };
    let of_group = RequestList { group: Some(id), kind: Kind::Active };
    assert_eq!(path(of_roles, None), "/v1.0/roleManagement/directory/roleEligibilityScheduleRequests");
    assert!(path(of_roles, Some(id)).ends_with(&format!("?$filter=principalId%20eq%20%27{id}%27")));
    let group = format!("groupId%20eq%20%27{id}%27");
    assert!(path(of_group, None).ends_with(&format!("/group/assignmentScheduleRequests?$filter={group}")));
    assert!(path(of_group, Some(id)).ends_with(&format!("{group}%20and%20principalId%20eq%20%27{id}%27")));
}
