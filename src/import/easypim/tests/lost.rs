//! A policy that cannot be carried over takes along what it was to protect.

use super::*;

const OWNER: &str = r#"{ "Assignments": { "AzureRoles": [ { "roleName": "Owner", "scope": "/subscriptions/442734fd-2546-4a3b-b4c7-f351bd5ff93a",
    "assignments": [ { "principalId": "a621fbf5-d750-4e68-b898-2e2b41cd45c6", "principalType": "User", "duration": "P3D" },
                     { "principalId": "8b22297b-d2b8-40b5-b387-74aa7368ec7d", "principalType": "Group", "assignmentType": "Active", "duration": "P3D" } ] } ] }, "#;
const ASKS: &str =
    r#""ApprovalRequired": true, "Approvers": [{ "id": "8b22297b-d2b8-40b5-b387-74aa7368ec7d", "type": "Group" }]"#;

/// What becomes of entries of both kinds beside policies for Azure.
fn owner(policies: &str) -> (String, Vec<String>) {
    import(&format!("{OWNER} {policies} }}").replace("ASKS", ASKS))
}

#[test]
fn a_policy_without_a_target_leaves_out_what_it_may_be_about() {
    for policies in [
        r#""AzureRoles": { "Policies": { "Owner": { ASKS } } }"#,
        r#""AzureRoles": { "Policies": { "owner ": { "Scope": "Production", ASKS } } }"#,
        r#""AzureRoles": { "Policies": { "Owner": { "Scopes": ["/subscriptions/442734fd-2546-4a3b-b4c7-f351bd5ff93a"], ASKS } } }"#,
        r#""AzureRoles": { "Policies": { "Owner": [ { ASKS } ] } }"#,
        r#""AzureRoles": { "Policies": { "Owner": "Std" } }, "PolicyTemplates": { "Std": { ASKS } }"#,
        r#""AzureRoles": { "Policies": [ { "RoleName": ["Owner"], "Scope": "/subscriptions/x", ASKS } ] }"#,
        r#""AzureRoles": { "Policies": [ { ASKS } ] }"#,
        r#""AzureRoles": { "Policies": "all.csv" }"#,
        r#""AzureRoles": { "Polices": { "Owner": { ASKS } } }"#,
        r#""AzureRoles": [ { "RoleName": "Owner", ASKS } ]"#,
        r#""AzureRolesPolicies": [ { "RoleName": "Owner", ASKS } ]"#,
        r#""Settings": { "Owner": { ASKS } }"#,
        r#""Policies": { "AzureResources": { "Owner": { ASKS } } }"#,
        r#""AzureRolePolicies": [ { "RoleName": "Owner.", "Scope": "/subscriptions/442734fd-2546-4a3b-b4c7-f351bd5ff93a", ASKS } ]"#,
    ] {
        let (written, left) = owner(policies);
        let roles = written.split_once("azure:").map(|(_, roles)| roles).unwrap_or_default();
        assert!(!roles.contains("user:") && !roles.contains("for: 3d"), "{policies}: {written}");
        for reason in ["activation-unprotected", "limit-lost"] {
            assert!(left.iter().any(|one| one.starts_with(reason)), "{policies}: {left:?}");
        }
    }
}

#[test]
fn a_policy_of_something_else_leaves_nothing_out() {
    for policies in [
        r#""AzureRoles": { "Policies": { "Reader": { ASKS } } }"#,
        r#""EntraRoles": { "Policies": { "Owner": [ { ASKS } ] } }"#,
        r#""EntraRoles": { "Policies": [ { ASKS } ] }"#,
        r#""AzureRoles": { "Policies": { "Owner": null, "Reader": 7 } }"#,
        r#""Settings": { "Colour": 1 }, "_notes": { "Owner": { ASKS } }"#,
        r#""AzureRoles": { "Policies": { "Owner": { "Scope": "/providers/Microsoft.Subscription/subscriptions/442734fd-2546-4a3b-b4c7-f351bd5ff93a", ASKS,
             "description": "x", "Colour": null, "Notification_Odd": {} } } }"#,
    ] {
        let (written, left) = owner(policies);
        assert_eq!(written.matches("for: 3d").count(), 2, "{policies}: {written} {left:?}");
    }
}

#[test]
fn what_is_not_understood_in_a_policy_leaves_out_its_entries() {
    for policy in [
        r#""ApprovalRequird": true"#,
        r#""ActivationRequirements": ["MultiFactorAuthentication"]"#,
        r#""Template": ["T"]"#,
        r#""Template": 7"#,
        r#""Policy": "inline""#,
        r#""Policy": ["T"]"#,
        r#""Policy": { "Template": "Gone" }"#,
        r#""PolicySource": "template""#,
        r#""PolicySource": "inline", "Template": "T""#,
        r#""PolicySource": "elsewhere""#,
        r#""Template": "T", "Policy": { "Template": "T", "Colour": 1 }"#,
        r#""ActivationDuration": "PT1H", "activationDuration": "PT2H""#,
        r#""Scope": "/administrativeUnits/x""#,
    ] {
        for kind in ["Active", "Eligible"] {
            let (written, left) = role(policy, &ada(&format!(r#""assignmentType": "{kind}", "duration": "PT30M""#)));
            let roles = written.split_once("directory_roles:").map(|(_, roles)| roles).unwrap_or_default();
            assert!(!roles.contains("user:"), "{policy}: {written}");
            let reason = if kind == "Active" { "limit-lost" } else { "activation-unprotected" };
            assert!(left.iter().any(|one| one.starts_with(reason)), "{policy}: {left:?}");
        }
    }
    // A template may stand within, and settings on both sides of it count.
    let (written, _) = role(
        r#""Policy": { "Template": "T", "ActivationDuration": "PT1H" }, "EnablementRules": "Justification""#,
        &ada(r#""duration": "P1D""#),
    );
    assert!(written.contains("extends: T") && written.contains("max_duration: 1h"), "{written}");
    assert!(written.contains("justification: true") && written.contains("for: 24h"), "{written}");
}

#[test]
fn of_members_and_owners_a_key_that_nobody_knows_may_be_either() {
    for (policy, entries) in [
        (r#""Members": { ASKS }"#, 0),
        (r#""Owners": { ASKS }"#, 0),
        (r#""Member": { ASKS }, "Ownership": { ASKS }"#, 0),
        (r#""Member": "T""#, 0),
        (r#""Member": { ASKS }"#, 2),
        (r"ASKS", 1),
        (r#""RoleName": "Owner", ASKS"#, 2),
    ] {
        let entry = |role: &str| {
            format!(
                r#"{{ "groupName": "Ops", "roleName": "{role}", "assignments": [{}] }}"#,
                ada(r#""duration": "P1D""#)
            )
        };
        let policy = policy.replace("ASKS", ASKS);
        let (written, _) = import(&format!(
            r#"{{ "GroupRoles": {{ "Policies": {{ "Ops": {{ {policy} }} }} }}, "Assignments": {{ "Groups": [ {}, {} ] }} }}"#,
            entry("Member"),
            entry("Owner")
        ));
        assert_eq!(written.matches("for: 24h").count(), entries, "{policy}: {written}");
    }
}

#[test]
fn recipients_that_cannot_be_read_stay_as_they_are() {
    for (recipients, expected) in [
        (r#""soc@contoso.example; Team <it@contoso.example>""#, "to: [it@contoso.example, soc@contoso.example]"),
        (r#"["soc@contoso.example,it@contoso.example"]"#, "to: [it@contoso.example, soc@contoso.example]"),
        ("[]", "to: []"),
        (r#"["the team"]"#, ""),
        (r#"["soc@contoso.example", "the team"]"#, ""),
        ("7", ""),
    ] {
        let policy = format!(
            r#""Notification_Activation_Alert": {{ "isDefaultRecipientEnabled": false, "notificationLevel": "All", "Recipients": {recipients} }}"#
        );
        let (written, left) = role(&policy, "");
        assert!(written.contains("critical_only: false") && written.contains(expected), "{recipients}: {written}");
        let lost = expected.is_empty();
        assert_eq!(
            lost,
            !written.contains("to: [") && !written.contains("default_recipients"),
            "{recipients}: {written}"
        );
        assert_eq!(lost, !left.is_empty(), "{recipients}: {left:?}");
    }
}

#[test]
fn a_length_beside_permanent_is_what_is_written() {
    let (written, left) = role("", &ada(r#""permanent": true, "duration": "P30D""#));
    assert!(written.contains("for: 30d") && !written.contains("permanent"), "{written}");
    assert_eq!(left, ["tightened Assignments.EntraRoles[0].assignments[0].permanent"]);
}
