use serde_json::{Value, json};

use super::said;
use super::script::{Script, Stage};
use crate::backend::microsoft::http::Service;
use crate::backend::microsoft::rules::{read, sample};
use crate::model::{
    Access, Approval, Approver, Approvers, Authentication, Change, Changes, Duration, Expiry, Extensions,
    GroupCreation, PrincipalId, Settings, Target,
};
use crate::plan::Operation;

const ROLE: &str = "fdd7a751-b60b-444a-984c-02652fe8fa1c";
const GROUP: &str = "2b5ed229-4072-478d-9504-a047ebd4b07d";
const SUBSCRIPTION: &str = "/subscriptions/dfa2a084-766f-4003-8ae1-c4aeb893a99f";
const GET: &str = "GET /v1.0/policies/roleManagementPolicyAssignments?$filter=scopeId eq ";
const ARM_GET: &str = "GET /subscriptions/dfa2a084-766f-4003-8ae1-c4aeb893a99f/providers/Microsoft.Authorization/roleManagementPolicyAssignments?";
const ARM_PATCH: &str = "PATCH /subscriptions/dfa2a084-766f-4003-8ae1-c4aeb893a99f/providers/Microsoft.Authorization/roleManagementPolicies/p1?";
const DEMANDS: &str = "Enablement_EndUser_Assignment";
const CONTEXT: &str = "AuthenticationContext_EndUser_Assignment";

fn change<T>(before: T, after: T) -> Change<T> {
    Change { before, after }
}

fn to_context() -> Settings<Changes> {
    let mut changes = Settings::<Changes>::default();
    let context = Authentication::Context("c1".parse().unwrap());
    changes.activation.authentication = Some(change(Authentication::Mfa, context));
    changes
}

fn longer() -> Settings<Changes> {
    let mut changes = Settings::<Changes>::default();
    changes.activation.max_duration = Some(change(Duration::from_hours(8), Duration::from_hours(2)));
    changes.activation.ticket = Some(change(false, true));
    changes
}

fn operation(target: Target, changes: Settings<Changes>) -> Operation {
    Operation::UpdateSettings { target, changes: Box::new(changes) }
}

fn directory() -> Target {
    Target::Directory { directory_role: ROLE.parse().unwrap() }
}

fn azure() -> Target {
    Target::Azure { scope: SUBSCRIPTION.parse().unwrap(), role: ROLE.parse().unwrap() }
}

fn with(mut rules: Vec<Value>, id: &str, field: &str, value: Value) -> Vec<Value> {
    rules.iter_mut().find(|rule| rule["id"] == id).unwrap()[field] = value;
    rules
}

/// Rules that ask for multifactor authentication.
fn with_mfa() -> Vec<Value> {
    with(sample(Service::Graph), DEMANDS, "enabledRules", json!(["MultiFactorAuthentication", "Justification"]))
}

fn with_context() -> Vec<Value> {
    let rules = with(sample(Service::Graph), CONTEXT, "isEnabled", true.into());
    with(rules, CONTEXT, "claimValue", "c1".into())
}

fn longer_rules(service: Service) -> Vec<Value> {
    let rules = with(sample(service), DEMANDS, "enabledRules", json!(["Justification", "Ticketing"]));
    with(rules, "Expiration_EndUser_Assignment", "maximumDuration", "PT2H".into())
}

fn policy(id: &str, role: &str, rules: &[Value]) -> Value {
    json!({"id": format!("{id}_{role}"), "policyId": id, "roleDefinitionId": role, "policy": {"id": id, "rules": rules}})
}

fn arm_policy(rules: &[Value]) -> Value {
    let other = "00000000-0000-0000-0000-000000000009";
    let at = |role: &str| format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}");
    // As if the filter had been ignored.
    json!({"value": [
        {"properties": {"roleDefinitionId": at(other), "policyId": "/x/p9", "effectiveRules": []}},
        {"properties": {"scope": format!("{SUBSCRIPTION}/resourceGroups/other"), "roleDefinitionId": at(ROLE),
            "policyId": "/x/p8", "effectiveRules": longer_rules(Service::Arm)}},
        {"properties": {"roleDefinitionId": at(ROLE).to_uppercase(), "policyId": "/x/p1", "effectiveRules": rules}},
    ]})
}

fn patch(id: &str, rule: &str) -> String {
    format!("PATCH /v1.0/policies/roleManagementPolicies/{id}/rules/{rule}")
}

async fn run(stage: &Stage, operation: &Operation) -> String {
    said(stage.executor.carry_out(operation).await)
}

#[tokio::test]
async fn only_rules_that_differ_are_written_and_then_seen() {
    let stage = Script::default()
        .list(GET, &[policy("d1", ROLE, &sample(Service::Graph))])
        .on(patch("d1", DEMANDS), 204, Value::Null)
        .on(patch("d1", "Expiration_EndUser_Assignment"), 204, Value::Null)
        .list(GET, &[policy("d1", ROLE, &sample(Service::Graph))])
        .list(GET, &[policy("d1", ROLE, &longer_rules(Service::Graph))])
        .play()
        .await;
    assert_eq!(run(&stage, &operation(directory(), longer())).await, "done");
    let seen = stage.seen();
    assert!(seen[0].line.contains("'/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq "), "{}", seen[0].line);
    assert_eq!(seen[1].body["target"]["caller"], "EndUser");
    assert_eq!(stage.waited(), [2]);
    let stage = Script::default().list(GET, &[policy("d1", ROLE, &longer_rules(Service::Graph))]).play().await;
    assert_eq!(run(&stage, &operation(directory(), longer())).await, "so already");
}

#[tokio::test]
async fn a_write_that_is_lost_or_does_damage_is_an_error() {
    let before = sample(Service::Graph);
    let mut damaged = longer_rules(Service::Graph);
    damaged.retain(|rule| !rule["id"].as_str().unwrap().starts_with("Notification"));
    for (after, said) in [(before, "was still as before"), (damaged, "the policy lacks the rules")] {
        let mut script = Script::default()
            .list(GET, &[policy("d1", ROLE, &sample(Service::Graph))])
            .on(patch("d1", DEMANDS), 204, Value::Null)
            .on(patch("d1", "Expiration_EndUser_Assignment"), 204, Value::Null);
        for _ in 0..6 {
            script = script.list(GET, &[policy("d1", ROLE, &after)]);
        }
        let stage = script.play().await;
        let outcome = run(&stage, &operation(directory(), longer())).await;
        assert!(outcome.starts_with("conflict: ") && outcome.contains(said), "{outcome}");
        assert_eq!(stage.waited(), [2, 4, 8, 16, 30]);
    }
}

#[tokio::test]
async fn when_the_second_of_two_is_refused_the_first_is_put_back() {
    let stage = Script::default()
        .list(GET, &[policy("d1", ROLE, &with_mfa())])
        .on(patch("d1", DEMANDS), 204, Value::Null)
        .refuse(patch("d1", CONTEXT), 400, "InvalidPolicyRule")
        .on(patch("d1", DEMANDS), 204, Value::Null)
        .play()
        .await;
    let outcome = run(&stage, &operation(directory(), to_context())).await;
    assert!(outcome.starts_with(&format!("error: cannot change the rule `{CONTEXT}`")), "{outcome}");
    assert!(outcome.ends_with(&format!("`{DEMANDS}` was put back as it was")), "{outcome}");
    let seen = stage.seen();
    assert_eq!(seen[1].body["enabledRules"], json!(["Justification"]));
    assert_eq!(seen[3].body["enabledRules"], json!(["MultiFactorAuthentication", "Justification"]));
    let stage = Script::default()
        .list(GET, &[policy("d1", ROLE, &with_mfa())])
        .on(patch("d1", DEMANDS), 204, Value::Null)
        .refuse(patch("d1", CONTEXT), 400, "InvalidPolicyRule")
        .refuse(patch("d1", DEMANDS), 403, "Authorization_RequestDenied")
        .play()
        .await;
    let outcome = run(&stage, &operation(directory(), to_context())).await;
    assert!(outcome.contains(&format!("`{DEMANDS}` was changed before and could not be put back")), "{outcome}");
    stage.seen();
}

#[tokio::test]
async fn when_only_the_answer_to_the_second_was_lost_nothing_is_put_back() {
    let mut script =
        Script::default().list(GET, &[policy("d1", ROLE, &with_mfa())]).on(patch("d1", DEMANDS), 204, Value::Null);
    for _ in 0..4 {
        let body = json!({"error": {"code": "", "message": "An error has occurred."}});
        script = script.on(patch("d1", CONTEXT), 500, body);
    }
    let stage = script
        .list(GET, &[policy("d1", ROLE, &with_context())])
        .list(GET, &[policy("d1", ROLE, &with_context())])
        .play()
        .await;
    assert_eq!(run(&stage, &operation(directory(), to_context())).await, "done");
    stage.seen();
}

#[tokio::test]
async fn when_the_answer_to_the_first_of_two_was_lost_it_does_not_stay_alone() {
    let lost = || {
        let body = json!({"error": {"code": "", "message": "An error has occurred."}});
        let script = Script::default().list(GET, &[policy("d1", ROLE, &with_mfa())]);
        (0..4).fold(script, |script, _| script.on(patch("d1", DEMANDS), 500, body.clone()))
    };
    // It was written, so the second follows.
    let half = with(with_mfa(), DEMANDS, "enabledRules", json!(["Justification"]));
    let stage = lost()
        .list(GET, &[policy("d1", ROLE, &half)])
        .on(patch("d1", CONTEXT), 204, Value::Null)
        .list(GET, &[policy("d1", ROLE, &with_context())])
        .play()
        .await;
    assert_eq!(run(&stage, &operation(directory(), to_context())).await, "done");
    stage.seen();
    // It cannot be seen whether it was written, so it is put back.
    let stage =
        lost().refuse(GET, 403, "Authorization_RequestDenied").on(patch("d1", DEMANDS), 204, Value::Null).play().await;
    let outcome = run(&stage, &operation(directory(), to_context())).await;
    assert!(outcome.ends_with(&format!("`{DEMANDS}` was put back as it was")), "{outcome}");
    let seen = stage.seen();
    assert_eq!(seen.last().unwrap().body["enabledRules"], json!(["MultiFactorAuthentication", "Justification"]));
}

#[tokio::test]
async fn a_group_gets_new_policy_ids_with_its_first_change() {
    let target = || Target::Group { group: GROUP.parse().unwrap(), access: Access::Owner };
    let is = |id: &str, rules: &[Value]| policy(id, "owner", rules);
    let half = with(sample(Service::Graph), DEMANDS, "enabledRules", json!(["Justification", "Ticketing"]));
    let stage = Script::default()
        .list(GET, &[is("g1", &sample(Service::Graph))])
        .on(patch("g1", DEMANDS), 204, Value::Null)
        .list(GET, &[is("g2", &half)])
        .on(patch("g2", "Expiration_EndUser_Assignment"), 204, Value::Null)
        .list(GET, &[is("g2", &longer_rules(Service::Graph))])
        .play()
        .await;
    assert_eq!(run(&stage, &operation(target(), longer())).await, "done");
    stage.seen();
    // It may be later than we think.
    let stage = Script::default()
        .list(GET, &[is("g1", &half)])
        .refuse(patch("g1", "Expiration_EndUser_Assignment"), 404, "ResourceNotFound")
        .list(GET, &[is("g2", &half)])
        .on(patch("g2", "Expiration_EndUser_Assignment"), 204, Value::Null)
        .list(GET, &[is("g2", &longer_rules(Service::Graph))])
        .play()
        .await;
    assert_eq!(run(&stage, &operation(target(), longer())).await, "done");
    stage.seen();
}

#[tokio::test]
async fn a_new_approver_may_not_be_known_yet_and_another_is_not_waited_for() {
    const APPROVAL: &str = "Approval_EndUser_Assignment";
    let group: PrincipalId = GROUP.parse().unwrap();
    let mut changes = Settings::<Changes>::default();
    let approvers = Approvers::new([Approver::Group(group)].into()).unwrap();
    changes.activation.approval = Some(change(Approval::NotRequired, Approval::Required(approvers)));
    let stage = Script::default()
        .list(GET, &[policy("d1", ROLE, &sample(Service::Graph))])
        .refuse(patch("d1", APPROVAL), 400, "InvalidPolicy")
        .play()
        .await;
    let outcome = run(&stage, &operation(directory(), changes.clone())).await;
    assert!(outcome.starts_with("error: cannot change the rule"), "{outcome}");
    stage.seen();
    let mut approved = sample(Service::Graph);
    for rule in &mut approved {
        if rule["id"] == APPROVAL {
            rule["setting"]["isApprovalRequired"] = true.into();
            rule["setting"]["approvalStages"][0]["primaryApprovers"] =
                json!([{"@odata.type": "#microsoft.graph.groupMembers", "groupId": GROUP}]);
        }
    }
    let create = Operation::CreateGroup {
        group,
        create: GroupCreation { display_name: "New".into(), description: None, role_assignable: false },
    };
    let stage = Script::default()
        .list("GET /v1.0/groups?", &[])
        .on("POST /v1.0/groups", 201, json!({"id": GROUP}))
        .list(GET, &[policy("d1", ROLE, &sample(Service::Graph))])
        .refuse(patch("d1", APPROVAL), 400, "InvalidPolicy")
        .on(patch("d1", APPROVAL), 204, Value::Null)
        .list(GET, &[policy("d1", ROLE, &approved)])
        .play()
        .await;
    assert_eq!(run(&stage, &create).await, format!("created {GROUP}"));
    assert_eq!(run(&stage, &operation(directory(), changes)).await, "done");
    assert_eq!(stage.waited(), [2]);
    stage.seen();
}

#[tokio::test]
async fn the_policy_of_a_new_group_is_waited_for_and_of_no_other() {
    let target = || Target::Group { group: GROUP.parse().unwrap(), access: Access::Owner };
    let create = Operation::CreateGroup {
        group: GROUP.parse().unwrap(),
        create: GroupCreation { display_name: "New".into(), description: None, role_assignable: false },
    };
    let stage = Script::default()
        .list("GET /v1.0/groups?", &[])
        .on("POST /v1.0/groups", 201, json!({"id": GROUP}))
        .refuse(GET, 404, "ResourceNotFound")
        // Neither the filter nor the whole list has it yet.
        .list(GET, &[])
        .list(GET, &[])
        .list(GET, &[policy("g1", "owner", &longer_rules(Service::Graph))])
        .play()
        .await;
    run(&stage, &create).await;
    assert_eq!(run(&stage, &operation(target(), longer())).await, "so already");
    assert_eq!(stage.waited(), [2, 4]);
    stage.seen();
    let stage = Script::default()
        .refuse(GET, 404, "ResourceNotFound")
        .refuse(GET, 400, "ResourceTypeNotSupported")
        .play()
        .await;
    assert!(run(&stage, &operation(target(), longer())).await.starts_with("error: cannot read the settings"));
    let outcome = run(&stage, &operation(target(), longer())).await;
    assert!(outcome.starts_with("conflict: ") && outcome.contains("cannot come under PIM"), "{outcome}");
    stage.seen();
}

#[tokio::test]
async fn azure_gets_all_rules_at_once() {
    let stage = Script::default()
        .on(ARM_GET, 200, arm_policy(&sample(Service::Arm)))
        .on(ARM_PATCH, 200, json!({}))
        .on(ARM_GET, 200, arm_policy(&longer_rules(Service::Arm)))
        .play()
        .await;
    assert_eq!(run(&stage, &operation(azure(), longer())).await, "done");
    let rules = stage.seen()[1].body["properties"]["rules"].clone();
    let ids: Vec<&str> = rules.as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [DEMANDS, "Expiration_EndUser_Assignment"]);
}

#[tokio::test]
async fn the_longest_time_of_what_need_not_end_is_left_out_only_if_azure_refuses_it() {
    let mut changes = Settings::<Changes>::default();
    let half_a_year = Expiry::After(Duration::from_days(180));
    changes.active_assignment.expire_after = Some(change(half_a_year, Expiry::Never));
    let never = with(sample(Service::Arm), "Expiration_Admin_Assignment", "isExpirationRequired", false.into());
    let stage = Script::default()
        .on(ARM_GET, 200, arm_policy(&sample(Service::Arm)))
        .refuse(ARM_PATCH, 400, "InvalidPolicyRule")
        .on(ARM_PATCH, 200, json!({}))
        .on(ARM_GET, 200, arm_policy(&never))
        .play()
        .await;
    assert_eq!(run(&stage, &operation(azure(), changes.clone())).await, "done");
    let seen = stage.seen();
    let rule = |at: usize| seen[at].body["properties"]["rules"][0].clone();
    assert_eq!(rule(1)["maximumDuration"], "P180D");
    assert_eq!(
        (rule(2)["maximumDuration"].clone(), rule(2)["isExpirationRequired"].clone()),
        (Value::Null, false.into())
    );
    let stage = Script::default()
        .on(ARM_GET, 200, arm_policy(&sample(Service::Arm)))
        .refuse(ARM_PATCH, 400, "InvalidPolicyRule")
        .refuse(ARM_PATCH, 400, "InvalidPolicyRule")
        .play()
        .await;
    assert!(run(&stage, &operation(azure(), changes)).await.starts_with("error: cannot change the settings"));
    stage.seen();
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_is_not_written() {
    let rules = [json!({"id": "Novelty_EndUser_Assignment"})];
    assert!(read(&rules).is_err());
    let stage = Script::default().list(GET, &[policy("d1", ROLE, &rules)]).play().await;
    let outcome = run(&stage, &operation(directory(), longer())).await;
    assert!(outcome.starts_with("conflict: ") && outcome.contains("could not be read"), "{outcome}");
    let stage = Script::default().list(GET, &[]).list(GET, &[]).play().await;
    assert!(run(&stage, &operation(directory(), longer())).await.starts_with("not found: the policy of "));
    stage.seen();
}

#[tokio::test]
async fn a_policy_is_found_as_the_reader_finds_it() {
    let own = policy("d1", ROLE, &longer_rules(Service::Graph));
    // The filter finds nothing, and the whole list has it.
    let stage = Script::default().list(GET, &[]).list(GET, std::slice::from_ref(&own)).play().await;
    assert_eq!(run(&stage, &operation(directory(), longer())).await, "so already");
    let filtered: Vec<bool> = stage.seen().iter().map(|seen| seen.line.contains("roleDefinitionId eq")).collect();
    assert_eq!(filtered, [true, false]);
    // The same on Azure.
    let list = arm_policy(&longer_rules(Service::Arm));
    let stage = Script::default().list(ARM_GET, &[]).on(ARM_GET, 200, list).play().await;
    assert_eq!(run(&stage, &operation(azure(), longer())).await, "so already");
}

#[tokio::test]
async fn what_has_come_to_be_unknown_is_not_written_over() {
    let rules = with(sample(Service::Graph), "Expiration_EndUser_Assignment", "maximumDuration", "P1Y".into());
    let stage = Script::default().list(GET, &[policy("d1", ROLE, &rules)]).play().await;
    let said = run(&stage, &operation(directory(), longer())).await;
    assert!(said.starts_with("conflict: ") && said.contains("`activation.max_duration`"), "{said}");
    assert_eq!(stage.seen().len(), 1);
}

#[tokio::test]
async fn a_rule_on_extensions_comes_by_a_change_of_the_policy() {
    let id = "CustomExtension_PreApproval_EndUser_Assignment";
    let mut old = sample(Service::Graph);
    old.retain(|rule| rule["id"] != id);
    let asked = Extensions {
        before_approval: Some("7d0f3c1a-4a3e-4d0e-9a42-0d5a4f6f0c11".parse().unwrap()),
        after_approval: None,
    };
    let mut changes = Settings::<Changes>::default();
    changes.activation.extension = Some(change(Extensions::default(), asked.clone()));
    let on = with(sample(Service::Graph), id, "isEnabled", true.into());
    let on = with(on, id, "customExtensionId", asked.before_approval.unwrap().to_string().into());
    for (before, path) in
        [(old, "PATCH /v1.0/policies/roleManagementPolicies/d1".to_owned()), (sample(Service::Graph), patch("d1", id))]
    {
        let stage = Script::default()
            .list(GET, &[policy("d1", ROLE, &before)])
            .on(path.clone(), 204, Value::Null)
            .list(GET, &[policy("d1", ROLE, &on)])
            .play()
            .await;
        assert_eq!(run(&stage, &operation(directory(), changes.clone())).await, "done");
        let seen = &stage.seen()[1];
        assert_eq!(seen.line, path);
        let rule = if path.ends_with(id) { &seen.body } else { &seen.body["rules"][0] };
        assert_eq!((&rule["id"], &rule["isEnabled"]), (&json!(id), &json!(true)));
    }
}
