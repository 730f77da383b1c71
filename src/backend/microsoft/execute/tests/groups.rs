use serde_json::{Value, json};

use super::said;
use super::script::{Script, Stage};
use crate::model::{Access, AssignmentKey, AssignmentScope, Ending, GroupCreation, Kind, Relation, Schedule, Target};
use crate::plan::Operation;

const STAND_IN: &str = "11111111-0000-5000-8000-000000000001";
const REAL: &str = "2b5ed229-4072-478d-9504-a047ebd4b07d";
const ADA: &str = "071cc716-8147-4397-a5ba-b2105951cc0b";
const LOOK: &str = "GET /v1.0/groups?$filter=displayName eq 'O''Neil''s'&$select=";
const POST: &str = "POST /v1.0/groups";
const NICKNAME: &str = "pimform-11111111000050008000000000000001";

fn create() -> Operation {
    Operation::CreateGroup {
        group: STAND_IN.parse().unwrap(),
        create: GroupCreation {
            display_name: "O'Neil's".into(),
            description: Some("May approve".into()),
            role_assignable: true,
        },
    }
}

fn group(nickname: &str) -> Value {
    json!({"id": REAL, "displayName": "O'Neil's", "mailNickname": nickname})
}

async fn run(stage: &Stage, operation: &Operation) -> String {
    said(stage.executor.carry_out(operation).await)
}

#[tokio::test]
async fn a_group_is_created_unless_there_is_one() {
    let stage = Script::default().list(LOOK, &[]).on(POST, 201, group(NICKNAME)).play().await;
    assert_eq!(run(&stage, &create()).await, format!("created {REAL}"));
    assert_eq!(
        stage.seen()[1].body,
        json!({
            "displayName": "O'Neil's", "description": "May approve", "mailNickname": NICKNAME, "mailEnabled": false,
            "securityEnabled": true, "groupTypes": [], "isAssignableToRole": true
        })
    );
    let stage = Script::default().list(LOOK, &[group("somebody")]).play().await;
    assert_eq!(run(&stage, &create()).await, "conflict: there is a group `O'Neil's` already");
    stage.seen();
}

#[tokio::test]
async fn after_a_lost_answer_the_group_that_was_made_is_found() {
    let stage = Script::default().list(LOOK, &[]).lose(POST).list(LOOK, &[group(NICKNAME)]).play().await;
    assert_eq!(run(&stage, &create()).await, format!("created {REAL}"));
    // A directory is slow to show what is new. Asked for twice, there would be two groups of one name.
    let slow = Script::default().list(LOOK, &[]).lose(POST).list(LOOK, &[]).list(LOOK, &[]);
    let stage = slow.list(LOOK, &[group(NICKNAME)]).play().await;
    assert_eq!(run(&stage, &create()).await, format!("created {REAL}"));
    assert_eq!(stage.waited(), [2, 4, 8]);
    stage.seen();
    let mut never = Script::default().list(LOOK, &[]).lose(POST);
    for _ in 0..5 {
        never = never.list(LOOK, &[]);
    }
    let stage = never.play().await;
    let said = run(&stage, &create()).await;
    assert!(said.contains("create the group"), "{said}");
    assert_eq!(stage.seen().iter().filter(|seen| seen.line.starts_with(POST)).count(), 1);
    // Another one of that name is not ours.
    let stage = Script::default().list(LOOK, &[]).lose(POST).list(LOOK, &[group("somebody")]).play().await;
    assert_eq!(run(&stage, &create()).await, "conflict: there is a group `O'Neil's` already");
}

#[tokio::test]
async fn pim_may_take_its_time_to_know_a_new_group() {
    const REQUESTS: &str = "POST /v1.0/identityGovernance/privilegedAccess/group/eligibilityScheduleRequests";
    let stage = Script::default()
        .list(LOOK, &[])
        .on(POST, 201, group(NICKNAME))
        .refuse(REQUESTS, 404, "ResourceNotFound")
        .refuse(REQUESTS, 404, "ResourceNotFound")
        .on(REQUESTS, 201, json!({"id": "r", "status": "Failed"}))
        .on(REQUESTS, 201, json!({"id": "r", "status": "Provisioned"}))
        .play()
        .await;
    run(&stage, &create()).await;
    let assign = Operation::Assign {
        target: Target::Group { group: REAL.parse().unwrap(), access: Access::Member },
        assignment: AssignmentKey {
            kind: Kind::Eligible,
            principal: ADA.parse().unwrap(),
            scope: AssignmentScope::Whole,
        },
        schedule: Schedule { start: None, end: Ending::Permanent },
        justification: None,
        ticket: None,
        condition: None,
    };
    assert_eq!(run(&stage, &assign).await, "done");
    assert_eq!(stage.waited(), [2, 4, 2]);
    stage.seen();
}

#[tokio::test]
async fn members_are_added_and_removed_once() {
    let member = |add: bool| {
        let (group, principal) = (REAL.parse().unwrap(), ADA.parse().unwrap());
        let relation = Relation::Owner;
        if add {
            Operation::AddMember { group, relation, principal }
        } else {
            Operation::RemoveMember { group, relation, principal }
        }
    };
    let add = format!("POST /v1.0/groups/{REAL}/owners/$ref");
    let remove = format!("DELETE /v1.0/groups/{REAL}/owners/{ADA}/$ref");
    let there = json!({"error": {"code": "Request_BadRequest",
        "message": "One or more added object references already exist for the following modified properties: 'owners'."}});
    let stage = Script::default()
        .on(add.as_str(), 204, Value::Null)
        .on(add.as_str(), 400, there)
        .on(remove.as_str(), 204, Value::Null)
        .refuse(remove.as_str(), 404, "Request_ResourceNotFound")
        .on(format!("GET /v1.0/groups/{REAL}?"), 200, json!({"id": REAL}))
        .refuse(remove.as_str(), 404, "Request_ResourceNotFound")
        .refuse(format!("GET /v1.0/groups/{REAL}?"), 404, "Request_ResourceNotFound")
        .refuse(add.as_str(), 404, "Request_ResourceNotFound")
        .play()
        .await;
    assert_eq!(run(&stage, &member(true)).await, "done");
    assert_eq!(run(&stage, &member(true)).await, "so already");
    assert_eq!(run(&stage, &member(false)).await, "done");
    assert_eq!(run(&stage, &member(false)).await, "so already");
    assert_eq!(run(&stage, &member(false)).await, format!("not found: the group `{REAL}`"));
    assert!(run(&stage, &member(true)).await.starts_with("error: cannot add the owner"));
    let seen = stage.seen();
    assert!(seen[0].body["@odata.id"].as_str().unwrap().ends_with(&format!("/v1.0/directoryObjects/{ADA}")));
    assert!(stage.waited().is_empty());
}
