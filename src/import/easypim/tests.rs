use super::*;
use crate::model::directory::DirectoryParts;
use crate::model::{Answer, ArmPlace, GroupFacts, GroupMembership, Principal, PrincipalDetail, Role, RoleId};

mod lost;

const SUBSCRIPTION: &str = "442734fd-2546-4a3b-b4c7-f351bd5ff93a";
const ADA: &str = "a621fbf5-d750-4e68-b898-2e2b41cd45c6";
const NOW: Time = Time::from_unix(1_790_000_000);
const TEAM: &str = "8b22297b-d2b8-40b5-b387-74aa7368ec7d";

fn import(text: &str) -> (String, Vec<String>) {
    let into = Destination {
        layout: Layout::Flat,
        backend: None,
        tenant: None,
        snapshot: None,
        refused: &BTreeMap::new(),
        now: NOW,
    };
    let imported = easypim(&[("pim.json".to_owned(), text.to_owned())], &into).unwrap();
    let left = imported.left_out.iter().map(|one| format!("{} {}", one.reason, one.address)).collect();
    let text = imported.files.get("policy.yaml").unwrap();
    let (document, findings) = crate::policy::load::decode(crate::diag::FileId(0), text);
    assert!(findings.is_empty() && document.is_some(), "{findings:#?}\n{text}");
    (text.split_once("ownership: additive\n").unwrap().1.trim_start().to_owned(), left)
}

#[track_caller]
fn gives(text: &str, yaml: &str, left: &[&str]) {
    let (written, told) = import(text);
    assert_eq!(written, yaml);
    assert_eq!(told, left);
}

#[test]
fn every_field_of_a_policy_is_carried_over() {
    let policy = format!(
        r#"{{ "EntraRoles": {{ "Policies": {{ "User Administrator": {{
            "ActivationDuration": "PT4H",
            "ActivationRequirement": "MultiFactorAuthentication, Justification,Ticketing",
            "ActiveAssignmentRequirement": ["MultiFactorAuthentication"],
            "ApprovalRequired": "true",
            "Approvers": [ {{ "id": "{ADA}", "description": "Ada", "userType": "User" }}, {{ "Id": "{TEAM}", "Name": "Team", "type": "Group" }} ],
            "AllowPermanentEligibility": false, "MaximumEligibilityDuration": "P180D",
            "AllowPermanentActiveAssignment": true,
            "Notifications": {{ "Activation": {{ "Approvers": {{ "isDefaultRecipientEnabled": "false", "NotificationLevel": "Critical", "Recipients": ["Soc@contoso.example"] }} }} }},
            "Notification_ActiveAssignment_Alert": {{ "isDefaultRecipientEnabled": true, "notificationLevel": "All", "Recipients": [] }}
        }} }} }} }}"#
    );
    let yaml = format!(
        "directory_roles:
  User Administrator:
    settings:
      activation:
        max_duration: 4h
        authentication: mfa
        justification: true
        ticket: true
        approval:
          by:
            - {{ user: {ADA} }}  # Ada
            - {{ group: {TEAM} }}  # Team
      eligible_assignment: {{ expire_after: 180d }}
      active_assignment: {{ expire_after: never, mfa: true, justification: false }}
      notifications:
        active_assigned: {{ admins: {{ critical_only: false, default_recipients: true, to: [] }} }}
        activated:
          approvers: {{ critical_only: true, default_recipients: false, to: [soc@contoso.example] }}
"
    );
    gives(&policy, &yaml, &[]);
}

#[test]
fn a_ticket_on_active_assignment_is_left_out() {
    let left = "no-counterpart EntraRoles.Policies.R.ActiveAssignmentRequirement";
    gives(
        r#"{ "EntraRoles": { "Policies": { "R": { "ActiveAssignmentRequirement": "Justification,Ticketing" } } } }"#,
        "directory_roles:
  R:
    settings:
      active_assignment: { mfa: false, justification: true }
",
        &[left],
    );
}

#[test]
fn a_context_wins_over_multifactor_authentication_and_one_that_is_off_says_nothing() {
    let policy = |enabled: &str| {
        format!(
            r#"{{ "EntraRoles": {{ "Policies": {{ "R": {{ "ActivationRequirement": "MultiFactorAuthentication",
                "AuthenticationContext_Enabled": {enabled}, "AuthenticationContext_Value": "c1:High" }} }} }} }}"#
        )
    };
    let (on, left) = import(&policy("true"));
    assert!(on.contains("authentication: { context: c1 }") && left.is_empty(), "{on} {left:?}");
    let (off, left) = import(&policy("false"));
    assert!(off.contains("authentication: mfa"), "{off}");
    assert_eq!(left, ["not-in-force EntraRoles.Policies.R.AuthenticationContext_Value"]);
}

#[test]
fn templates_become_profiles_and_overrides_what_is_said_over_them() {
    let text = format!(
        r#"{{ "PolicyTemplates": {{
                "Standard": {{ "ActivationDuration": "PT8H", "ActivationRequirement": "None", "ApprovalRequired": false, "Colour": 1 }},
                "Unused: one": {{ "ActivationDuration": "PT1H" }} }},
            "EntraRoles": {{ "Policies": {{ "A": {{ "Template": "standard" }} }} }},
            "AzureRoles": {{ "Policies": [ {{ "RoleName": "Reader", "Scope": "/subscriptions/{SUBSCRIPTION}", "Template": "Standard", "ActivationDuration": "PT2H", "Size": 1 }} ] }},
            "GroupPolicies": [ {{ "GroupId": "{TEAM}", "RoleName": "Owner", "PolicySource": "template", "PolicyTemplate": "Standard" }} ],
            "AzureRolePolicies": [ {{ "RoleName": "Owner", "Scope": "/subscriptions/{SUBSCRIPTION}", "PolicySource": "inline", "Policy": {{ "EnablementRules": [] }} }},
                                   {{ "RoleName": "Other", "Scope": "/subscriptions/{SUBSCRIPTION}", "PolicySource": "file", "PolicyFile": "x.csv" }} ] }}"#
    );
    let yaml = format!(
        "profiles:
  Standard:
    activation:
      max_duration: 8h
      authentication: none
      justification: false
      ticket: false
      approval: none

  \"Unused: one\":
    activation: {{ max_duration: 1h }}

groups:
  {TEAM}:
    owner:
      settings: Standard

directory_roles:
  A:
    settings: Standard

azure:
  - subscription: {SUBSCRIPTION}
    roles:
      Owner:
        settings:
          activation: {{ authentication: none, justification: false, ticket: false }}

      Reader:
        settings:
          extends: Standard
          activation: {{ max_duration: 2h }}
"
    );
    let left = [
        "unknown-key AzureRoles.Policies[0].Size",
        "no-counterpart AzureRolePolicies[1].PolicyFile",
        "unknown-key PolicyTemplates.Standard.Colour",
    ];
    let (written, mut told) = import(&text);
    assert_eq!(written, yaml);
    let mut left = left.map(str::to_owned).to_vec();
    left.sort();
    told.sort();
    assert_eq!(told, left);
}

#[test]
fn assignments_of_both_forms_are_carried_over() {
    let text = format!(
        r#"{{ "Assignments": {{
                "EntraRoles": [ {{ "roleName": "A", "assignments": [
                    {{ "principalId": "{ADA}", "principalType": "User", "assignmentType": "Eligible", "justification": "why", "principalName": "Ada" }},
                    {{ "principalId": "{ADA}", "assignmentType": "Active", "permanent": true, "duration": "P1D" }},
                    {{ "principalId": "{ADA}", "assignmentType": "Eligible" }} ] }} ],
                "AzureRoles": [ {{ "RoleName": "Reader", "Scope": "/subscriptions/{SUBSCRIPTION}/resourceGroups/hub", "assignments": [
                    {{ "principalId": "{TEAM}", "principalType": "Group", "duration": "PT8H", "condition": "@x", "conditionVersion": "2.0" }} ] }} ],
                "Groups": [ {{ "groupId": "{TEAM}", "roleName": "Member", "assignments": [ {{ "principalId": "{ADA}", "assignmentType": "Eligible", "duration": "P8H" }} ] }} ] }},
            "EntraIDRolesActive": [ {{ "PrincipalIds": ["{TEAM}", "<guid>"], "Rolename": "B", "Duration": "P30D" }} ],
            "GroupRoles": [ {{ "PrincipalId": "{ADA}", "GroupId": "{TEAM}", "Rolename": "Owner" }} ],
            "ProtectedUsers": ["bg@contoso.example"] }}"#
    );
    let yaml = format!(
        "groups:
  {TEAM}:
    owner:
      eligible:
        - {{ user: {ADA}, for: 365d }}

directory_roles:
  A:
    eligible:
      - {{ user: {ADA}, for: 365d, justification: why }}  # Ada
    active:
      - {{ user: {ADA}, for: 24h, justification: Taken over from EasyPIM }}

  B:
    active:
      - {{ group: {TEAM}, for: 30d, justification: Taken over from EasyPIM }}

azure:
  - subscription: {SUBSCRIPTION}
    resource_group: hub
    roles:
      Reader:
        eligible:
          - {{ group: {TEAM}, for: 8h, condition: \"@x\" }}

protected:
  - {{ user: bg@contoso.example }}
"
    );
    gives(
        &text,
        &yaml,
        &[
            "tightened Assignments.EntraRoles[0].assignments[1].permanent",
            "declared-twice Assignments.EntraRoles[0].assignments[2].principalId",
            "no-readable-schedule Assignments.Groups[0].assignments[0].duration",
            "no-id EntraIDRolesActive[0].PrincipalIds[1]",
        ],
    );
}

#[test]
fn what_makes_no_sense_is_listed_and_the_rest_goes_on() {
    let text = format!(
        r#"{{ "_metadata": {{}}, "TelemetrySettings": {{}}, "EntraIdRoles ": 1, "EntraRoles": {{ "Policies": {{
                "*": {{ "ActivationDuration": "PT1H" }},
                "A": {{ "ActivationDuration": "PT25H", "ApprovalRequired": true, "MaximumActiveAssignmentDuration": "PT4H",
                        "ActivationRequirement": "Passkey", "AllowPermanentEligibility": "perhaps",
                        "Notifications": {{ "Eligibility": {{ "Alert": {{ "NotificationLevel": "None", "Recipients": ["nobody"] }}, "Chief": {{}} }} }} }},
                "B": 5, "C": {{ "Template": "Nope" }} }}, "Extra": 1 }},
            "AzureRoles": {{ "Policies": {{ "Reader": {{ "Scope": "/subscriptions/{{{{ .Env.X }}}}", "ActivationDuration": "PT1H" }} }} }},
            "Assignments": {{ "EntraRoles": [ {{ "assignments": [] }}, {{ "roleName": "A", "assignments": [
                {{ "principalId": "{ADA}", "assignmentType": "Sometimes" }}, {{ "assignmentType": "Active" }},
                {{ "principalId": "{ADA}", "principalType": "ServicePrincipal", "assignmentType": "Eligible" }} ] }} ] }} }}"#
    );
    let (written, mut told) = import(&text);
    told.sort();
    assert_eq!(
        told,
        [
            "assumed-length EntraRoles.Policies.A.AllowPermanentEligibility",
            "assumed-length EntraRoles.Policies.A.MaximumActiveAssignmentDuration",
            "default-approvers EntraRoles.Policies.A.ApprovalRequired",
            "limit-lost EntraRoles.Policies.A.ActivationRequirement",
            "limit-lost EntraRoles.Policies.A.ActivationRequirement",
            "limit-lost EntraRoles.Policies.A.ActivationRequirement",
            "limit-lost EntraRoles.Policies.A.ApprovalRequired",
            "missing-key Assignments.EntraRoles[0]",
            "missing-key Assignments.EntraRoles[1].assignments[1]",
            "no-counterpart TelemetrySettings",
            "no-counterpart _metadata",
            "notification-for-nothing EntraRoles.Policies.A.Notifications.Eligibility.Alert.NotificationLevel",
            "odd-value Assignments.EntraRoles[1].assignments[0].assignmentType",
            "odd-value AzureRoles.Policies.Reader",
            "odd-value EntraRoles.Policies.*",
            "odd-value EntraRoles.Policies.A.ActivationRequirement",
            "odd-value EntraRoles.Policies.A.MaximumActiveAssignmentDuration",
            "odd-value EntraRoles.Policies.A.Notifications.Eligibility.Alert.Recipients",
            "service-principal-eligible Assignments.EntraRoles[1].assignments[2].principalId",
            "tightened EntraRoles.Policies.A.ActivationDuration",
            "unknown-key EntraIdRoles ",
            "unknown-key EntraRoles.Extra",
            "unknown-key EntraRoles.Policies.A.Notifications.Eligibility.Chief",
            "unknown-template EntraRoles.Policies.C.Template",
            "wrong-type EntraRoles.Policies.A.AllowPermanentEligibility",
            "wrong-type EntraRoles.Policies.B",
        ]
    );
    // What is not understood may ask for something, so nothing is switched off.
    assert!(written.contains("max_duration: 24h") && !written.contains("justification"), "{written}");
}

#[test]
fn a_tenant_tells_what_the_ids_are() {
    let principal =
        |id: &str, name: &str, detail| Principal { id: id.parse().unwrap(), display_name: name.into(), detail };
    let facts = GroupFacts {
        role_assignable: Answer::Yes,
        membership: GroupMembership::Assigned,
        onboarded: Answer::Yes,
        planned: false,
    };
    let ada =
        PrincipalDetail::User { user_principal_name: "ada@contoso.example".into(), enabled: Answer::Yes, sort: None };
    let role: RoleId = "00000000-0000-4000-8000-000000000201".parse().unwrap();
    let directory = Directory::new(DirectoryParts {
        principals: vec![principal(ADA, "Ada", ada), principal(TEAM, "Team", PrincipalDetail::Group(facts))],
        azure_roles: vec![Role { id: role, name: "Reader".into(), assignable_scopes: Vec::new() }],
        places: vec![ArmPlace {
            scope: format!("/subscriptions/{SUBSCRIPTION}").parse().unwrap(),
            name: Some("Production".into()),
        }],
        ..DirectoryParts::default()
    });
    let tenant: TenantId = "0f4a2a3e-0000-4000-8000-000000000001".parse().unwrap();
    let text = format!(
        r#"{{ "AzureRoles": [ {{ "PrincipalIds": ["{ADA}", "{TEAM}", "00000000-0000-4000-8000-000000000999"], "Rolename": "Reader", "Scope": "/subscriptions/{SUBSCRIPTION}" }},
                             {{ "PrincipalId": "{ADA}", "Rolename": "Reader", "Scope": "/subscriptions/{SUBSCRIPTION}/resourceGroups/gone" }} ] }}"#
    );
    let into = Destination {
        layout: Layout::Flat,
        backend: None,
        tenant: Some((tenant, Some("Contoso"), &directory)),
        snapshot: None,
        refused: &BTreeMap::new(),
        now: NOW,
    };
    let imported = easypim(&[("pim.json".to_owned(), text)], &into).unwrap();
    let written = imported.files.get("policy.yaml").unwrap();
    let expected = "azure:
  - subscription: Production
    roles:
      Reader:
        eligible:
          - { user: ada@contoso.example, for: 365d }
          - { group: Team, for: 365d }
";
    assert!(written.ends_with(expected) && written.contains(&tenant.to_string()), "{written}");
    let reasons: Vec<_> = imported.left_out.iter().map(|one| one.reason).collect();
    assert_eq!(reasons, ["unknown-principal", "unknown-scope"]);
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    let into = Destination {
        layout: Layout::Flat,
        backend: None,
        tenant: None,
        snapshot: None,
        refused: &BTreeMap::new(),
        now: NOW,
    };
    for text in ["{", "{ \"a\": 1 \"b\": 2 }", "[[[", "\u{1}"] {
        let problem = easypim(&[("pim.json".to_owned(), text.to_owned())], &into).unwrap_err();
        assert!(problem.starts_with("`pim.json`: line 1, column "), "{problem}");
    }
    let deep = "[".repeat(100_000);
    assert!(easypim(&[("pim.json".to_owned(), deep)], &into).is_err());
}

#[test]
fn of_a_key_that_is_there_twice_one_counts_and_the_other_is_listed() {
    let (written, left) = import(
        r#"{ "EntraRoles": { "Policies": { "A": { "ActivationDuration": "PT1H", "activationDuration": "PT2H" } } } }"#,
    );
    assert!(written.contains("max_duration: 2h"), "{written}");
    assert_eq!(left, ["unknown-key EntraRoles.Policies.A.ActivationDuration"]);
}

#[test]
fn several_files_are_one_configuration() {
    let text = |text: &str| text.to_owned();
    let files = [
        ("a.json".to_owned(), text(r#"{ "EntraRoles": { "Policies": { "A": { "Template": "T" } } } }"#)),
        ("b.json".to_owned(), text(r#"{ "PolicyTemplates": { "T": { "ActivationDuration": "PT1H" } } }"#)),
        ("c.json".to_owned(), text(r#"{ "EntraRoles": { "Policies": { "A": { "Template": "T" } } } }"#)),
    ];
    let imported = easypim(
        &files,
        &Destination {
            layout: Layout::Scope,
            backend: None,
            tenant: None,
            snapshot: None,
            refused: &BTreeMap::new(),
            now: NOW,
        },
    )
    .unwrap();
    assert!(imported.files.get("directory.yaml").unwrap().contains("settings: T"));
    let told: Vec<_> = imported.left_out.iter().map(|one| (one.reason, one.address.as_str())).collect();
    assert_eq!(told, [("declared-twice", "c.json.EntraRoles.Policies.A")]);
}

/// What a role becomes with these settings, laid over a template, and these assignments.
fn role(policy: &str, assignments: &str) -> (String, Vec<String>) {
    import(&format!(
        r#"{{ "PolicyTemplates": {{ "T": {{ "ActivationDuration": "PT2H", "ActivationRequirement": "MultiFactorAuthentication",
                "ApprovalRequired": true, "Approvers": [{{ "id": "{TEAM}", "type": "Group" }}], "MaximumActiveAssignmentDuration": "P30D" }} }},
             "EntraRoles": {{ "Policies": {{ "A": {{ {policy} }} }} }},
             "Assignments": {{ "EntraRoles": [ {{ "roleName": "a", "assignments": [{assignments}] }} ] }} }}"#
    ))
}

fn ada(rest: &str) -> String {
    format!(r#"{{ "principalId": "{ADA}", "principalType": "User", {rest} }}"#)
}

#[test]
fn an_end_that_nobody_can_read_gives_nobody_access() {
    for schedule in [
        r#""duration": "P8H""#,
        r#""duration": "P1Y""#,
        r#""duration": 8"#,
        r#""duration": "8 hours""#,
        r#""permanent": "perhaps""#,
        r#""endDateTime": "2/2/2024 18:20""#,
        r#""endDateTime": "2020-01-01T00:00:00Z""#,
        r#""startDateTime": "soon", "permanent": true"#,
        r#""startDateTime": "2020-01-01T00:00:00Z", "duration": "P30D""#,
        r#""validUntil": "2027-01-01""#,
        r#""condition": "@x""#,
        r#""directoryScopeId": "/somewhere""#,
    ] {
        for kind in ["Active", "Eligible"] {
            let (written, left) = role("", &ada(&format!(r#""assignmentType": "{kind}", {schedule}"#)));
            assert!(!written.contains("user:"), "{schedule}: {written}");
            assert!(!left.is_empty(), "{schedule}");
        }
    }
}

#[test]
fn an_end_is_carried_over_as_it_is_or_not_at_all() {
    for (schedule, expected) in [
        (r#""duration": "PT90M""#, "for: 1h30m"),
        (r#""endDateTime": "2027-01-01T00:00:00Z""#, "until: 2027-01-01T00:00:00Z"),
        (r#""startDateTime": "2027-01-01", "duration": "P1D""#, "from: 2027-01-01, for: 24h"),
        (r#""startDateTime": "2026-09-20T00:00:00Z", "duration": "P30D""#, "until: 2026-10-20T00:00:00Z"),
        (r#""duration": "P30D", "endDateTime": "2026-09-30T00:00:00Z""#, "until: 2026-09-30T00:00:00Z"),
        (
            r#""directoryScopeId": "/administrativeUnits/8b22297b-d2b8-40b5-b387-74aa7368ec7d", "duration": "P1D""#,
            "administrative_unit: 8b",
        ),
        (r#""permanent": true"#, "permanent: true"),
        (r#""permanent": "false", "duration": " ""#, "for: 8h"),
    ] {
        let (written, _) = role("", &ada(&format!(r#""assignmentType": "Active", {schedule}"#)));
        assert!(written.replace("\n       ", ",").contains(expected), "{schedule}: {written}");
    }
}

#[test]
fn what_the_settings_beside_it_refuse_is_not_written() {
    for (policy, schedule, expected) in [
        (r#""MaximumActiveAssignmentDuration": "P10D""#, r#""duration": "P11D""#, ""),
        (r#""MaximumActiveAssignmentDuration": "P10D""#, r#""duration": "P10D""#, "for: 10d"),
        (r#""MaximumActiveAssignmentDuration": "P10D""#, r#""permanent": true"#, ""),
        (r#""MaximumActiveAssignmentDuration": "PT4H""#, r#""duration": "P1D""#, ""),
        (r#""MaximumActiveAssignmentDuration": "soon""#, r#""permanent": true"#, ""),
        (r#""AllowPermanentActiveAssignment": false"#, r#""permanent": true"#, ""),
        (r#""AllowPermanentActiveAssignment": "no""#, r#""permanent": true"#, ""),
        (r#""AllowPermanentActiveAssignment": true"#, r#""permanent": true"#, "permanent: true"),
        (r#""MaximumActiveAssignmentDuration": "PT4H""#, r#""justification": "x""#, "for: 4h"),
        (r#""MaximumActiveAssignmentDuration": "soon""#, r#""justification": "x""#, ""),
        (r#""ActivationDuration": "PT1H""#, r#""justification": "x""#, "for: 1h"),
    ] {
        let (written, left) = role(policy, &ada(&format!(r#""assignmentType": "Active", {schedule}"#)));
        let there = written.contains("user:");
        assert!(there != expected.is_empty() && written.contains(expected), "{policy} {schedule}: {written} {left:?}");
    }
}

#[test]
fn approval_never_vanishes() {
    let eligible = ada(r#""assignmentType": "Eligible", "permanent": true"#);
    for policy in [
        r#""ApprovalRequired": true"#,
        r#""ApprovalRequired": true, "Approvers": []"#,
        r#""ApprovalRequired": true, "Approvers": [{ "description": "the boss" }]"#,
        r#""ApprovalRequired": "maybe""#,
        r#""ActivationRequirement": "Passkey""#,
        r#""ActivationDuration": "an hour""#,
        r#""Template": "gone", "ApprovalRequired": false"#,
        r#""PolicySource": "file", "PolicyFile": "a.csv""#,
    ] {
        let (written, left) = role(policy, &eligible);
        let written = written.split_once("directory_roles:").map(|(_, roles)| roles).unwrap_or_default();
        assert!(
            !written.contains("user:") && (policy.contains("gone") || !written.contains("approval")),
            "{policy}: {written}"
        );
        assert!(left.iter().any(|one| one.starts_with("activation-unprotected")), "{policy}: {left:?}");
        assert!(written.contains("left out: eligible user") || !written.contains('#'), "{written}");
    }
    // Over a template, what the template asks for stays.
    for policy in [r#""ApprovalRequired": "maybe""#, r#""ActivationDuration": "an hour""#, r#""Approvers": null"#] {
        let (written, _) = role(&format!(r#""Template": "T", {policy}"#), &eligible);
        assert!(written.contains("settings: T") && written.contains("permanent: true"), "{policy}: {written}");
    }
    let (written, left) = role(r#""Template": "T", "MaximumActiveAssignmentDuration": "PT8H""#, "");
    assert!(written.contains("settings: T") && written.contains("expire_after: 30d"), "{written}");
    assert!(
        left.contains(&"template-kept EntraRoles.Policies.A.MaximumActiveAssignmentDuration".to_owned()),
        "{left:?}"
    );
}

#[test]
fn one_thing_by_name_and_by_id_is_one_where_the_configuration_says_so() {
    let text = |beside: &str| {
        format!(
            r#"{{ "GroupRoles": {{ "Policies": {{ "Ops": {{ "Member": {{ "ActivationDuration": "PT4H" }} }} }} }},
                 "AzureRoles": {{ "Policies": {{ "Reader": {{ "Scope": "subscriptions/{SUBSCRIPTION}/", "ActivationDuration": "PT1H" }} }} }},
                 "Assignments": {{ "Groups": [ {{ "groupId": "{TEAM}", {beside} "roleName": "member",
                     "assignments": [ {{ "principalId": "{ADA}", "principalName": "ada@contoso.example", "duration": "P9D" }},
                                      {{ "principalId": "ADA@contoso.example", "duration": "P2D" }} ] }} ],
                   "AzureRoles": [ {{ "roleName": "READER", "scope": "/Subscriptions/{SUBSCRIPTION}",
                     "assignments": [ {{ "principalId": "{ADA}", "duration": "P1D" }} ] }} ] }} }}"#
        )
    };
    let (written, left) = import(&text(r#""groupName": "ops","#));
    assert_eq!(written.matches("member:").count(), 1, "{written}");
    assert!(written.contains("for: 2d") && !written.contains("for: 9d"), "{written}");
    assert_eq!(written.matches("eader:").count() + written.matches("EADER:").count(), 1, "{written}");
    assert!(!left.iter().any(|one| one.starts_with("maybe-one")), "{left:?}");
    let (written, left) = import(&text(""));
    assert_eq!(written.matches("member:").count(), 2, "{written}");
    assert!(left.contains(&"maybe-one group/Ops".to_owned()), "{left:?}");
}

#[test]
fn of_two_policies_of_one_role_each_field_is_the_tighter_one() {
    let (written, left) = import(
        r#"{ "EntraRoles": { "Policies": { "A": { "ActivationDuration": "PT4H", "ActivationRequirement": "MultiFactorAuthentication" },
                                           "a": { "ActivationDuration": "PT2H", "ActivationRequirement": "Justification" } } } }"#,
    );
    assert!(written.contains("max_duration: 2h") && written.contains("authentication: mfa"), "{written}");
    assert!(written.contains("justification: true"), "{written}");
    assert_eq!(left, ["declared-twice EntraRoles.Policies.a"]);
}

#[test]
fn of_two_entries_for_one_person_what_both_allow_is_written() {
    let both = |one: &str, other: &str| {
        let entry = |when: &str| {
            let kind = r#""principalType": "User", "assignmentType": "Eligible""#;
            format!(r#"{{ "principalId": "{ADA}", {kind}, {when} }}"#)
        };
        let list = [one, other].map(entry).join(", ");
        let text =
            format!(r#"{{ "Assignments": {{ "EntraRoles": [ {{ "roleName": "A", "assignments": [ {list} ] }} ] }} }}"#);
        let (written, left) = import(&text);
        let twice = left.iter().filter(|one| one.starts_with("declared-twice")).count();
        let line = written.lines().find(|line| line.contains(ADA)).map(|line| line.trim().to_owned());
        (line.unwrap_or_default(), twice)
    };
    let window = r#""startDateTime": "2026-09-25T00:00:00Z", "endDateTime": "2026-10-06T00:00:00Z""#;
    let ten_days = r#""duration": "P10D""#;
    // Ten days from now are over on the first of October, also if nobody gets anything before the 25th.
    for (one, other) in [(ten_days, window), (window, ten_days)] {
        let (line, twice) = both(one, other);
        let meets = line.contains("from: 2026-09-25") && line.contains("until: 2026-10-01T14:13:20Z");
        assert!(meets && !line.contains("for:"), "{line}");
        assert_eq!(twice, 1);
    }
    // Lengths that begin together stay lengths.
    assert!(both(ten_days, r#""duration": "P5D""#).0.contains("for: 5d"));
    // At no time both.
    let later = r#""startDateTime": "2026-12-11T00:00:00Z", "endDateTime": "2026-12-16T00:00:00Z""#;
    assert_eq!(both(ten_days, later), (String::new(), 2));
    assert_eq!(both(later, ten_days), (String::new(), 2));
}
