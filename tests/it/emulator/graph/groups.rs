//! What the directory refuses of the lists of groups.

use super::*;

/// The words of the service.
const NESTED: &str = "Nesting is currently not supported for groups that can be assigned to a role.";
const LAST_OWNER: &str = "The group must have at least one owner, hence this owner cannot be removed.";

fn reference(id: &str) -> Value {
    json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}") })
}

fn refusal(answer: &super::super::client::Answer) -> (u16, &str) {
    (answer.status, answer.body["error"]["message"].as_str().unwrap_or_default())
}

async fn delete(client: &Client, path: &str) -> super::super::client::Answer {
    client.try_send("DELETE", path, None).await.unwrap()
}

#[tokio::test]
async fn a_role_assignable_group_takes_a_group_as_eligible_only() {
    let client = start().await;
    let members = format!("/v1.0/groups/{LEADS}/members/$ref");
    assert_eq!(refusal(&client.send("POST", &members, reference(OPERATORS)).await), (400, NESTED));
    let into = json!({ "groupId": LEADS, "justification": "x", "scheduleInfo": lasting("P10D") });
    let ask = ask_group("adminAssign", OPERATORS, &into);
    let active = client.send("POST", &format!("{GROUPS}/assignmentScheduleRequests"), ask.clone()).await;
    assert_eq!(refusal(&active), (400, NESTED));
    let eligible = client.send("POST", &format!("{GROUPS}/eligibilityScheduleRequests"), ask).await;
    assert_eq!(eligible.status, 201, "{eligible:?}");
    let mut new = json!({
        "displayName": "New", "mailNickname": "new", "mailEnabled": false, "securityEnabled": true,
        "isAssignableToRole": true,
        "members@odata.bind": [format!("https://graph.microsoft.com/v1.0/directoryObjects/{OPERATORS}")],
    });
    assert_eq!(refusal(&client.send("POST", "/v1.0/groups", new.clone()).await), (400, NESTED));
    new["isAssignableToRole"] = json!(false);
    assert_eq!(client.send("POST", "/v1.0/groups", new).await.status, 201);
}

#[tokio::test]
async fn the_last_person_who_owns_a_group_stays() {
    let client = start().await;
    let owners = format!("/v1.0/groups/{OPERATORS}/owners");
    let one = |id: &str| format!("{owners}/{id}/$ref");
    for owner in [RUNNER, ADA, GRACE] {
        assert_eq!(client.send("POST", &format!("{owners}/$ref"), reference(owner)).await.status, 204);
    }
    let group = client.send("POST", &format!("{owners}/$ref"), reference(LEADS)).await;
    assert_eq!(group.refusal(), (400, "Request_BadRequest"), "a group owns no group");
    assert_eq!(delete(&client, &one(GRACE)).await.status, 204);
    assert_eq!(refusal(&delete(&client, &one(ADA)).await), (400, LAST_OWNER), "an application does not count");
    assert_eq!(delete(&client, &one(RUNNER)).await.status, 204);
    // Who is an owner through PIM counts, and stays as the last one all the same.
    let ask = |action: &str| {
        let more = json!({ "accessId": "owner", "justification": "x", "scheduleInfo": lasting("P10D") });
        ask_group(action, GRACE, &more)
    };
    let requests = format!("{GROUPS}/assignmentScheduleRequests");
    assert_eq!(client.send("POST", &requests, ask("adminAssign")).await.status, 201);
    assert_eq!(delete(&client, &one(ADA)).await.status, 204);
    assert_eq!(refusal(&client.send("POST", &requests, ask("adminRemove")).await), (400, LAST_OWNER));
    // A role-assignable group may be without.
    let role_assignable = format!("/v1.0/groups/{LEADS}/owners/{GRACE}/$ref");
    assert_eq!(delete(&client, &role_assignable).await.status, 204);
}
