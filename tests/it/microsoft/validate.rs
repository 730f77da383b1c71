//! The services' own dry runs: what is asked, what is said, and what must never happen.

use serde_json::{Value, json};

use super::unasked::{LEADS, OWNER, ROLE, SUBSCRIPTION, Stage, UNIT};

/// One grant on each surface.
const EVERYWHERE: &str = "directory_roles:\n  User Administrator:\n    eligible: [{ user: ada@contoso.example, for: 30d }]\n\
                          groups:\n  Leads:\n    member:\n      eligible: [{ user: ada@contoso.example, for: 30d }]\n\
                          azure:\n  - subscription: Production\n    roles:\n      Owner:\n        eligible: [{ user: \
                          ada@contoso.example, for: 30d }]\n";

/// Settings that ask whoever assigns for multifactor authentication, on each surface.
fn strict() -> Value {
    let mfa = json!({ "eligible_assignment": { "mfa": true } });
    json!([
        { "directory_role": ROLE, "settings": mfa },
        { "group": LEADS, "access": "member", "settings": mfa }, { "group": LEADS, "access": "owner" },
        { "scope": format!("/subscriptions/{SUBSCRIPTION}"), "role": OWNER, "settings": mfa },
    ])
}

fn validations(plan: &str) -> Vec<Value> {
    let plan: Value = serde_json::from_str(plan).unwrap();
    plan["steps"].as_array().unwrap().iter().map(|step| step["validation"].clone()).collect()
}

#[test]
fn a_plan_asks_each_service_and_changes_nothing() {
    let targets = json!([{ "group": LEADS, "access": "member" }, { "group": LEADS, "access": "owner" }]);
    let stage = Stage::new(&[], &targets, EVERYWHERE);
    let plan = stage.run(&["plan", "--validate", "--format", "json"]).expect(0);
    assert_eq!(validations(&plan.stdout), vec![json!({ "result": "passed" }); 3], "{}", plan.stderr);
    let sent = stage.questions();
    assert_eq!((sent.len(), stage.sent().len()), (3, 0));
    let of_graph: Vec<_> = sent.iter().filter(|body| body.get("properties").is_none()).collect();
    assert!(of_graph.iter().all(|body| body["isValidationOnly"] == true) && of_graph.len() == 2, "{sent:?}");
    assert!(plan.stderr.contains("asked the service about the plan"), "{}", plan.stderr);
    // Nothing has come about, and nobody is asked without the flag.
    let again = stage.run(&["plan", "--format", "json"]).expect(0);
    assert_eq!(validations(&again.stdout), vec![Value::Null; 3]);
    assert_eq!(stage.questions().len(), 3);
}

#[test]
fn what_the_service_would_refuse_is_shown_and_nothing_is_begun() {
    let stage = Stage::new(&["mfa-of-applications"], &strict(), EVERYWHERE);
    let plan = stage.run(&["plan", "--validate"]).expect(4);
    assert!(plan.stdout.contains("Refused by the service when asked (3)"), "{}", plan.stdout);
    assert!(plan.stdout.contains("MfaRule") && plan.stdout.contains("3 would be refused"), "{}", plan.stdout);
    let applied = stage.apply().expect(4);
    assert!(applied.stderr.contains("the service would refuse 3 steps: nothing was changed"), "{}", applied.stderr);
    assert_eq!((stage.questions().len(), stage.sent().len()), (6, 0));
    // Whoever knows better goes on, and it fails where it always did.
    let forced = stage.run(&["apply", "--auto-approve", "--no-validate"]).expect(1);
    assert!(forced.stdout.contains("MfaRule"), "{}", forced.stdout);
    assert!(!forced.stdout.contains("Asked the service"), "{}", forced.stdout);
}

#[test]
fn a_service_that_does_what_it_is_only_asked_about_is_caught_at_once() {
    let azure = EVERYWHERE.split_once("azure:").unwrap().1;
    for policy in [UNIT.to_owned(), format!("azure:{azure}")] {
        let stage = Stage::new(&["obeyed-questions"], &json!([]), &policy);
        let plan = stage.run(&["plan", "--validate"]).expect(1);
        assert!(plan.stderr.contains("the service was asked whether it would make"), "{}", plan.stderr);
        assert!(plan.stderr.contains("and did it"), "{}", plan.stderr);
        assert_eq!(stage.questions().len(), 1, "nothing more is asked");
    }
}

#[test]
fn what_cannot_be_asked_stands_in_nobodys_way() {
    // Whoever may only read is told so, and which permissions it takes.
    let stage = Stage::new(&["denied=directory/roleEligibilityScheduleRequests"], &json!([]), EVERYWHERE);
    let plan = stage.run(&["plan", "--validate"]).expect(0);
    assert!(plan.stdout.contains("Not validated: the service gave no answer (1)"), "{}", plan.stdout);
    assert!(plan.stdout.contains("`pimform permissions --for apply` lists them"), "{}", plan.stdout);
    assert!(plan.stdout.contains("Asked the service: 2 would be taken, 1 got no answer."), "{}", plan.stdout);
    // Settings of the same plan come first, so what they allow is not known yet.
    let settings = "directory_roles:\n  User Administrator:\n    settings: { eligible_assignment: { expire_after: 90d } }\n    \
                    eligible: [{ user: ada@contoso.example, for: 80d }]\n";
    let stage = Stage::new(&[], &json!([]), settings);
    let plan = stage.run(&["plan", "--validate", "--format", "json"]).expect(0);
    let after = json!({ "result": "after", "step": 1 });
    assert_eq!(validations(&plan.stdout), [json!({ "result": "no_dry_run" }), after]);
    assert!(plan.stderr.contains("nothing of this plan can be validated before it is applied"), "{}", plan.stderr);
    stage.apply().expect(0);
    assert_eq!(stage.questions().len(), 0);
}

#[test]
fn changes_and_removals_are_asked_about_too() {
    let before = json!([
        { "directory_role": ROLE, "eligible": [{ "principal": super::unasked::ADA, "start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z" }] },
        { "scope": format!("/subscriptions/{SUBSCRIPTION}"), "role": OWNER,
          "eligible": [{ "principal": super::unasked::ADA, "start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z" }] },
    ]);
    let policy = "directory_roles:\n  User Administrator:\n    eligible: []\nazure:\n  - subscription: Production\n    roles:\n      \
                  Owner:\n        eligible: [{ user: ada@contoso.example, until: 2026-12-24 }]\n";
    let stage = Stage::new(&[], &before, policy);
    let plan = stage.run(&["plan", "--validate", "--format", "json", "--allow-last-administrator"]).expect(0);
    assert_eq!(validations(&plan.stdout), vec![json!({ "result": "passed" }); 2], "{}", plan.stdout);
    let sent = stage.questions();
    let updated = sent.iter().find(|body| body["properties"]["requestType"] == "AdminUpdate").unwrap();
    assert!(updated["properties"]["targetRoleEligibilityScheduleId"].is_string(), "{updated}");
    let removed = sent.iter().find(|body| body["action"] == "adminRemove").unwrap();
    assert_eq!(removed["isValidationOnly"], true);
    stage.run(&["apply", "--auto-approve", "--allow-last-administrator"]).expect(0);
}

#[test]
fn what_a_guard_refuses_is_not_asked_about() {
    let held = json!([{ "directory_role": ROLE, "active": [{ "principal": super::unasked::ADA }] }]);
    let policy = "directory_roles:\n  User Administrator:\n    active: []\n";
    let stage = Stage::new(&["obeyed-questions"], &held, policy);
    let plan = stage.run(&["plan", "--validate"]).expect(4);
    assert!(plan.stdout.contains("last-administrator"), "{}", plan.stdout);
    assert_eq!((stage.questions().len(), stage.sent().len()), (0, 0));
}

#[test]
fn a_tenant_file_has_no_dry_run() {
    let stage = Stage::new(&[], &json!([]), "directory_roles: {}\n");
    stage.workspace.write(
        "tenant.json",
        json!({ "format": "pimform-tenant", "version": 1, "tenant": { "id": super::unasked::TENANT } }).to_string(),
    );
    let plan = stage.workspace.run(&["plan", "--validate", "--backend", "local:tenant.json"]).expect(0);
    assert!(plan.stderr.contains("nothing was validated: a tenant file has no dry run"), "{}", plan.stderr);
}
