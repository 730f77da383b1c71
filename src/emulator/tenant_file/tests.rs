use serde_json::{Value, json};

use super::*;
use crate::emulator::world::{Place, Recipient, Surface};

const ROLE: &str = "62e90394-69f5-4237-9190-012177145e10";
const USER: &str = "7a9d9691-46fc-4893-973c-43fad1272a25";

fn tenant(target: &Value) -> Value {
    json!({
        "format": "pimform-tenant", "version": 1, "tenant": { "id": "3bb427c1-a1da-459d-aad1-245c92010b38" },
        "users": [{ "id": USER, "name": "Ada", "upn": "ada@contoso.example" }],
        "directory_roles": [{ "id": ROLE, "name": "Global Administrator" }],
        "targets": [target],
    })
}

fn world(target: &Value) -> Result<World, String> {
    read(&tenant(target).to_string(), Clock::system())
}

/// Every field, none of them at its default.
fn settings() -> Value {
    let told = json!({ "level": "critical", "default_recipients": false, "to": ["soc@contoso.example"] });
    let event =
        json!({ "admins": told, "assignee": { "level": "none" }, "approvers": { "default_recipients": false } });
    json!({
        "activation": {
            "max_duration": "PT90M", "authentication": { "context": "c1" }, "justification": false, "ticket": true,
            "approval": { "by": [{ "user": USER }] },
        },
        "eligible_assignment": { "expire_after": "P30D", "mfa": true, "justification": true },
        "active_assignment": { "expire_after": "P15D", "mfa": true, "justification": false },
        "notifications": { "eligible_assigned": event, "active_assigned": event, "activated": event },
    })
}

#[test]
fn every_setting_becomes_a_rule_and_is_written_again() {
    let world = world(&json!({ "directory_role": ROLE, "settings": settings() })).unwrap();
    let target = Target::Directory { role: Uuid::parse_str(ROLE).unwrap() };
    let rules = world.policy(&target).rules;
    assert_eq!(rules.expiration.end_user_assignment.maximum.as_deref(), Some("PT1H30M"));
    assert_eq!(rules.expiration.admin_eligibility.maximum.as_deref(), Some("P30D"));
    assert!(rules.expiration.admin_eligibility.required && rules.enablement.admin_eligibility.mfa);
    assert_eq!(rules.context.claim.as_deref(), Some("c1"));
    assert_eq!(rules.approval.approvers.len(), 1);
    assert!(!rules.notification.get(Place::EndUserAssignment).get(Recipient::Approver).default_recipients);
    let written: Value = serde_json::from_str(&write(&world)).unwrap();
    let mut expected = settings();
    expected["activation"]["max_duration"] = json!("PT1H30M");
    assert_eq!(written["targets"][0]["settings"], expected);
}

#[test]
fn defaults_are_not_written() {
    let world = world(&json!({
        "directory_role": ROLE,
        "settings": { "activation": { "max_duration": "8h", "authentication": "none" }, "eligible_assignment": { "expire_after": "never" } },
    }))
    .unwrap();
    let written: Value = serde_json::from_str(&write(&world)).unwrap();
    assert_eq!(written["targets"][0], json!({ "directory_role": ROLE }));
}

#[test]
fn the_same_length_in_another_spelling_is_the_default_too() {
    let mut rules = Rules::default_of(Surface::Groups);
    rules.expiration.end_user_assignment.maximum = Some("PT480M".to_owned());
    rules.expiration.admin_eligibility.maximum = Some("PT8760H".to_owned());
    let differing = settings::differing(&rules, &Rules::default_of(Surface::Groups));
    assert_eq!(serde_json::to_value(&differing).unwrap(), json!({}));
}

#[test]
fn rows_keep_their_times_and_origins() {
    let rows = json!([
        { "principal": USER, "start": "2026-01-01T00:00:00Z", "end": "9999-12-31T23:59:59Z" },
        { "principal": USER, "scope": { "object": USER }, "origin": "outside_pim" },
        { "principal": USER, "origin": "activated" },
    ]);
    let world = world(&json!({ "directory_role": ROLE, "active": rows })).unwrap();
    let written: Value = serde_json::from_str(&write(&world)).unwrap();
    assert_eq!(written["targets"][0]["active"], rows);
}

#[test]
fn files_that_cannot_be_used_are_refused() {
    for target in [
        json!({ "directory_role": USER }),
        json!({ "directory_role": ROLE, "group": USER, "access": "member" }),
        json!({ "group": USER }),
        json!({ "directory_role": ROLE, "setting": {} }),
        json!({ "directory_role": ROLE, "settings": { "activation": { "max_duration": "soon" } } }),
        json!({ "directory_role": ROLE, "eligible": [{ "principal": USER, "end": "2026-01-01T00:00:00" }] }),
        json!({ "directory_role": ROLE, "eligible": [{ "principal": USER, "origin": "found" }] }),
    ] {
        assert!(world(&target).is_err(), "{target}");
    }
    assert!(read("{}", Clock::system()).is_err());
    let mut later = tenant(&json!({ "directory_role": ROLE }));
    later["version"] = json!(2);
    assert!(read(&later.to_string(), Clock::system()).is_err());
}
