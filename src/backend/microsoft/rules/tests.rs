use proptest::collection::btree_set;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::backend::microsoft::http::Service;
use crate::model::notification::{Notification, Notifications};
use crate::model::settings::{Activation, AssignmentRules};
use crate::model::{
    Approval, Approver, Approvers, Authentication, Change, Changes, Current, Duration, Expiry, ExtensionId, Extensions,
    Fact, Leaf, Level, Mail, PrincipalId, Recipients, Settings, Surface, Zip,
};

const SERVICES: [Service; 2] = [Service::Graph, Service::Arm];

/// The rules of an untouched policy, as the services answer with them.
pub(in crate::backend::microsoft) fn untouched(service: Service) -> Vec<Value> {
    // As an ordinary save in the portal leaves it on Graph; the policies of Azure are older than the rules on extensions.
    let there = RULES.iter().filter(|rule| service == Service::Graph || !matches!(rule.part, Part::Extension(_)));
    let rules = there.map(|rule| {
        let own = match (rule.part, service) {
            (Part::Extension(_), _) => json!({"isEnabled": false, "customExtensionId": null, "displayName": null}),
            (Part::Expiry(Kind::Eligible), _) => json!({"isExpirationRequired": true, "maximumDuration": "P365D"}),
            (Part::Expiry(Kind::Active), _) => json!({"isExpirationRequired": true, "maximumDuration": "P180D"}),
            (Part::ActivationLength, _) => json!({"isExpirationRequired": true, "maximumDuration": "PT8H"}),
            (Part::Demands(Kind::Eligible), _) => json!({"enabledRules": []}),
            (Part::Demands(Kind::Active) | Part::ActivationDemands, _) => json!({"enabledRules": ["Justification"]}),
            (Part::Context, Service::Graph) => json!({"isEnabled": false, "claimValue": null}),
            (Part::Context, Service::Arm) => json!({"isEnabled": false}),
            (Part::Notification(_, audience), Service::Graph) => json!({
                "notificationType": "Email", "recipientType": Part::recipient(audience), "notificationLevel": "All",
                "isDefaultRecipientsEnabled": true, "notificationRecipients": []
            }),
            (Part::Notification(_, audience), Service::Arm) => json!({
                "notificationType": "Email", "recipientType": Part::recipient(audience), "notificationLevel": "All",
                "isDefaultRecipientsEnabled": true
            }),
            (Part::Approval, Service::Graph) => json!({"setting": {
                "isApprovalRequired": false, "isApprovalRequiredForExtension": false,
                "isRequestorJustificationRequired": true, "approvalMode": "SingleStage",
                "approvalStages": [{"approvalStageTimeOutInDays": 1, "isApproverJustificationRequired": true,
                    "escalationTimeInMinutes": 0, "isEscalationEnabled": false, "primaryApprovers": [],
                    "escalationApprovers": []}]
            }}),
            (Part::Approval, Service::Arm) => json!({"setting": {
                "isApprovalRequired": false, "isApprovalRequiredForExtension": false,
                "isRequestorJustificationRequired": true, "approvalMode": "SingleStage",
                "approvalStages": [{"approvalStageTimeOutInDays": 1, "isApproverJustificationRequired": true,
                    "escalationTimeInMinutes": 0, "isEscalationEnabled": false}]
            }}),
        };
        let mut own = own.as_object().unwrap().clone();
        own.insert("id".to_owned(), rule.id.into());
        let (caller, level) = (rule.part.caller(), rule.part.level());
        let target = match service {
            Service::Graph => json!({"caller": caller, "operations": ["all"], "level": level,
                "inheritableSettings": [], "enforcedSettings": []}),
            Service::Arm => json!({"caller": caller, "operations": ["All"], "level": level}),
        };
        own.insert("target".to_owned(), target);
        let sort = rule.part.sort();
        let (field, word) = match service {
            Service::Graph => ("@odata.type", format!("#microsoft.graph.unifiedRoleManagementPolicy{sort}Rule")),
            Service::Arm => ("ruleType", format!("RoleManagementPolicy{sort}Rule")),
        };
        own.insert(field.to_owned(), word.into());
        Value::Object(own)
    });
    rules.collect()
}

/// All fields that differ, as a plan has them.
fn changes(before: &Settings<Current>, after: &Settings<Current>) -> Settings<Changes> {
    struct Diff;
    impl Zip<Current, Current, Changes> for Diff {
        fn field<T: Leaf>(&mut self, _: crate::model::Field, before: &Fact<T>, after: &Fact<T>) -> Option<Change<T>> {
            let (before, after) = (before.known()?, after.known()?);
            (before != after).then(|| Change { before: before.clone(), after: after.clone() })
        }
    }
    before.zip(after, &mut Diff)
}

/// The rules once the service has taken the patches.
fn patched(live: &[Value], patches: &[Patch]) -> Vec<Value> {
    let after = |rule: &Value| patches.iter().find(|patch| rule["id"] == patch.id).map(|patch| patch.after.clone());
    live.iter().map(|rule| after(rule).unwrap_or_else(|| rule.clone())).collect()
}

fn find<'a>(rules: &'a [Value], id: &str) -> &'a Value {
    rules.iter().find(|rule| rule["id"] == id).unwrap()
}

fn with(rules: &mut [Value], id: &str, change: impl FnOnce(&mut Map<String, Value>)) {
    change(rules.iter_mut().find(|rule| rule["id"] == id).unwrap().as_object_mut().unwrap());
}

fn principal(n: u128) -> PrincipalId {
    PrincipalId::new(uuid::Uuid::from_u128(n))
}

fn by(approvers: impl IntoIterator<Item = Approver>) -> Approval {
    Approval::Required(Approvers::new(approvers.into_iter().collect()).unwrap())
}

fn extension(n: u128) -> ExtensionId {
    uuid::Uuid::from_u128(n).to_string().parse().unwrap()
}

/// Nobody knows how Azure writes extensions.
fn on(service: Service, mut settings: Settings<Current>) -> Settings<Current> {
    if service == Service::Arm {
        settings.activation.extension = Extensions::default().into();
    }
    settings
}

fn any_settings() -> impl Strategy<Value = Settings<Current>> {
    let length = prop_oneof![(1_u64..48).prop_map(|n| Duration::from_minutes(30 * n)), Just(Duration::from_secs(0))];
    let authentication = prop_oneof![
        Just(Authentication::None),
        Just(Authentication::Mfa),
        (1..=99_u8).prop_map(|n| Authentication::Context(format!("c{n}").parse().unwrap()))
    ];
    let approver = (any::<bool>(), 1_u128..9)
        .prop_map(|(user, n)| if user { Approver::User(principal(n)) } else { Approver::Group(principal(n)) });
    let approval = prop_oneof![
        Just(Approval::NotRequired),
        Just(Approval::DefaultApprovers),
        btree_set(approver, 1..4).prop_map(by)
    ];
    let extension = || proptest::option::of((1_u128..4).prop_map(extension));
    let extensions = (extension(), extension())
        .prop_map(|(before_approval, after_approval)| Extensions { before_approval, after_approval });
    let activation = (length, authentication, any::<bool>(), any::<bool>(), approval, extensions).prop_map(
        |(max_duration, authentication, justification, ticket, approval, extension)| Activation {
            extension: extension.into(),
            max_duration: max_duration.into(),
            authentication: authentication.into(),
            justification: justification.into(),
            ticket: ticket.into(),
            approval: approval.into(),
        },
    );
    let rules = || {
        let expiry = prop_oneof![
            Just(Expiry::Never),
            (0_u64..900).prop_map(|days| Expiry::After(Duration::from_days(days))),
            (1_u64..100_000).prop_map(|seconds| Expiry::After(Duration::from_secs(seconds)))
        ];
        (expiry, any::<bool>(), any::<bool>()).prop_map(|(expire_after, mfa, justification)| AssignmentRules {
            expire_after: expire_after.into(),
            mfa: mfa.into(),
            justification: justification.into(),
        })
    };
    let level = prop_oneof![Just(Level::None), Just(Level::Critical), Just(Level::All)];
    let mail = (0..5_u8).prop_map(|n| format!("m{n}@contoso.example").parse::<Mail>().unwrap());
    let notification = (level, any::<bool>(), btree_set(mail, 0..3)).prop_map(|(level, default_recipients, to)| {
        Notification { level: level.into(), default_recipients: default_recipients.into(), to: Recipients(to).into() }
    });
    let notifications = proptest::collection::vec(notification, 9).prop_map(|list| {
        let mut list = list.into_iter();
        Notifications::from_fn(|_, _| list.next().unwrap())
    });
    (activation, rules(), rules(), notifications).prop_map(
        |(activation, eligible_assignment, active_assignment, notifications)| Settings {
            activation,
            eligible_assignment,
            active_assignment,
            notifications,
        },
    )
}

proptest! {
    #[test]
    fn settings_survive_the_wire_and_patches_make_them_others(a in any_settings(), b in any_settings()) {
        for service in SERVICES {
            let (a, b) = (on(service, a.clone()), on(service, b.clone()));
            let live = untouched(service);
            let (default, _) = read(&live).unwrap();
            let to_a = patches(service, &live, &changes(&default, &a)).unwrap();
            let as_a = patched(&live, &to_a);
            prop_assert_eq!(&read(&as_a).unwrap().0, &a);
            let to_b = patches(service, &as_a, &changes(&a, &b)).unwrap();
            let as_b = patched(&as_a, &to_b);
            prop_assert_eq!(&read(&as_b).unwrap().0, &b);
            // Only what differs is written, and once written nothing differs.
            for patch in &to_b {
                prop_assert_ne!(&patch.before, &patch.after);
            }
            prop_assert!(patches(service, &as_b, &changes(&a, &b)).unwrap().is_empty());
            // What was before can be put back.
            let back: Vec<Patch> =
                to_b.into_iter().map(|patch| Patch { after: patch.before.clone(), ..patch }).collect();
            prop_assert_eq!(&read(&patched(&as_b, &back)).unwrap().0, &a);
        }
    }

    #[test]
    fn spelling_and_order_mean_nothing(settings in any_settings(), turn in 0_usize..17) {
        for service in SERVICES {
            let settings = on(service, settings.clone());
            let live = untouched(service);
            let (default, _) = read(&live).unwrap();
            let mut rules = patched(&live, &patches(service, &live, &changes(&default, &settings)).unwrap());
            rules.rotate_left(turn);
            rules.iter_mut().for_each(respell);
            let (read, notes) = read(&rules).unwrap();
            prop_assert_eq!(&read, &settings);
            prop_assert!(notes.is_empty(), "{notes:?}");
        }
    }
}

/// Other case, lists turned round, empty lists gone or null.
fn respell(value: &mut Value) {
    match value {
        Value::String(text) if !text.starts_with('P') => *text = text.to_uppercase(),
        Value::Array(items) => {
            items.reverse();
            items.iter_mut().for_each(respell);
        }
        Value::Object(map) => {
            for (field, value) in map.iter_mut() {
                match value {
                    Value::Array(items) if items.is_empty() && field.len() % 2 == 0 => *value = Value::Null,
                    Value::Array(items) if items.is_empty() => *value = "".into(),
                    other => respell(other),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn an_untouched_policy_has_the_defaults_of_the_service() {
    for service in SERVICES {
        let (settings, notes) = read(&untouched(service)).unwrap();
        assert_eq!(settings, Settings::service_default(Surface::Azure));
        assert!(notes.is_empty());
    }
}

#[test]
fn of_a_policy_that_lost_rules_their_fields_are_not_known() {
    let whole = untouched(Service::Graph);
    let mut rules = whole.clone();
    rules.retain(|rule| !rule["id"].as_str().unwrap().ends_with("Admin_Eligibility") || rule["id"] == RULES[0].id);
    let (settings, _) = read(&rules).unwrap();
    let unknown = settings.unknown();
    assert_eq!(unknown.len(), 2 + 3 * 3);
    let lacks = |field: &crate::model::Field| unknown[field].to_string();
    let mfa = crate::model::Field::of_path("eligible_assignment.mfa").unwrap();
    assert_eq!(lacks(&mfa), "is in no rule: the policy lacks `Enablement_Admin_Eligibility`");
    assert_eq!(
        kept(&whole, &rules).unwrap_err().to_string(),
        "the policy lacks the rules `Enablement_Admin_Eligibility`, `Notification_Admin_Admin_Eligibility`, \
         `Notification_Requestor_Admin_Eligibility`, `Notification_Approver_Admin_Eligibility`"
    );
    assert_eq!(read(&[]).unwrap_err(), RulesError::None);
}

#[test]
fn a_value_that_makes_no_sense_costs_its_field_only() {
    let bad = [
        (
            "Expiration_Admin_Assignment",
            json!({"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyNoveltyRule"}),
            "is of the type",
        ),
        ("AuthenticationContext_EndUser_Assignment", json!({"isEnabled": true, "claimValue": "c100"}), "`c100`"),
        ("Expiration_EndUser_Assignment", json!({"maximumDuration": "P1Y"}), "months"),
        (
            "Expiration_Admin_Assignment",
            json!({"isExpirationRequired": true, "maximumDuration": ""}),
            "no `maximumDuration`",
        ),
        ("Expiration_Admin_Assignment", json!({"isExpirationRequired": true, "maximumDuration": "P6M"}), "months"),
        ("Expiration_Admin_Assignment", json!({"isExpirationRequired": "true"}), "neither true nor false"),
        ("Enablement_EndUser_Assignment", json!({"enabledRules": "Justification"}), "not a list"),
        ("AuthenticationContext_EndUser_Assignment", json!({"isEnabled": true}), "asks for a context"),
        ("Notification_Admin_Admin_Eligibility", json!({"notificationLevel": "Loud"}), "`Loud`"),
        ("Approval_EndUser_Assignment", json!({"setting": null}), "no `setting`"),
        (
            "Approval_EndUser_Assignment",
            json!({"setting": {"isApprovalRequired": true, "approvalStages": [
                {"primaryApprovers": [{"@odata.type": "#microsoft.graph.requestorManager"}]}]}}),
            "`requestorManager`",
        ),
        (
            "Approval_EndUser_Assignment",
            json!({"setting": {"isApprovalRequired": true, "approvalStages": [
                {"primaryApprovers": [{"userType": "User", "id": "ada"}]}]}}),
            "`ada`",
        ),
    ];
    for (id, fields, expected) in bad {
        let mut rules = untouched(Service::Graph);
        with(&mut rules, id, |rule| rule.extend(fields.as_object().unwrap().clone()));
        let (settings, _) = read(&rules).unwrap();
        let unknown = settings.unknown();
        let fields = if id.starts_with("Enablement") { 3 } else { 1 };
        assert_eq!(unknown.len(), fields, "{id}: {unknown:?}");
        assert!(unknown.values().all(|met| met.to_string().contains(expected)), "{unknown:?}");
    }
}

#[test]
fn what_is_not_known_is_noted_and_stays() {
    let mut rules = untouched(Service::Graph);
    rules.push(json!({"id": "PIMOnlyMode_Admin_Assignment", "pimOnlyModeSettings": {"mode": "Disabled"}}));
    with(&mut rules, "Enablement_EndUser_Assignment", |rule| {
        rule.insert("enabledRules".to_owned(), json!(["justification", "Selfie"]));
        rule.insert("novelty".to_owned(), json!({"a": 1}));
    });
    let (before, notes) = read(&rules).unwrap();
    assert_eq!(notes.len(), 2, "{notes:?}");
    let mut after = before.clone();
    after.activation.ticket = true.into();
    let written = patched(&rules, &patches(Service::Graph, &rules, &changes(&before, &after)).unwrap());
    let demands = find(&written, "Enablement_EndUser_Assignment");
    assert_eq!(demands["enabledRules"], json!(["Justification", "Ticketing", "Selfie"]));
    assert_eq!(demands["novelty"], json!({"a": 1}));
}

#[test]
fn with_one_approver_of_an_unknown_sort_nobody_can_say_who_approves() {
    let approvers = json!([
        {"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1},
        {"@odata.type": "#microsoft.graph.singleUser", "id": principal(1), "isBackup": false, "description": "Ada"},
    ]);
    let mut rules = untouched(Service::Graph);
    with(&mut rules, "Approval_EndUser_Assignment", |rule| {
        rule["setting"]["approvalStages"][0]["primaryApprovers"] = approvers.clone();
    });
    // While nobody has to approve, what is stored has no meaning, and goes when others are named.
    let (off, _) = read(&rules).unwrap();
    assert_eq!(off.activation.approval, Approval::NotRequired);
    let mut on = off.clone();
    on.activation.approval = by([Approver::User(principal(1))]).into();
    let written = patched(&rules, &patches(Service::Graph, &rules, &changes(&off, &on)).unwrap());
    assert_eq!(
        find(&written, "Approval_EndUser_Assignment")["setting"]["approvalStages"][0]["primaryApprovers"],
        json!([{"@odata.type": "#microsoft.graph.singleUser", "userId": principal(1), "description": "Ada"}])
    );
    with(&mut rules, "Approval_EndUser_Assignment", |rule| rule["setting"]["isApprovalRequired"] = true.into());
    let (asked, _) = read(&rules).unwrap();
    let met = asked.activation.approval.unknown().unwrap().to_string();
    assert_eq!(met, "names an approver of the sort `requestorManager`");
}

#[test]
fn a_value_that_is_not_known_stays_beside_one_that_changes() {
    for service in SERVICES {
        let id = "Notification_Admin_EndUser_Assignment";
        let mut rules = untouched(service);
        with(&mut rules, id, |rule| drop(rule.insert("notificationLevel".to_owned(), "Loud".into())));
        let (before, _) = read(&rules).unwrap();
        let told = &before.notifications.activated.admins;
        assert!(told.level.unknown().is_some() && told.default_recipients == true);
        let mut after = before.clone();
        after.notifications.activated.admins.default_recipients = false.into();
        let written = patched(&rules, &patches(service, &rules, &changes(&before, &after)).unwrap());
        let rule = find(&written, id);
        assert_eq!((&rule["notificationLevel"], &rule["isDefaultRecipientsEnabled"]), (&json!("Loud"), &json!(false)));
        // What was planned before it came to be unknown is not written over it.
        let default = Settings::service_default(Surface::Azure);
        let mut critical = default.clone();
        critical.notifications.activated.admins.level = Level::Critical.into();
        let error = patches(service, &rules, &changes(&default, &critical)).unwrap_err().to_string();
        assert!(
            error.contains("`notifications.activated.admins.critical_only` has the `notificationLevel` `Loud`"),
            "{error}"
        );
    }
}

#[test]
fn an_extension_is_appended_to_a_policy_that_is_older_than_its_rule() {
    let asked = Extensions { before_approval: None, after_approval: Some(extension(7)) };
    let write = |live: &[Value]| {
        let (before, notes) = read(live).unwrap();
        assert!(notes.is_empty(), "{notes:?}");
        assert_eq!(before.activation.extension, Extensions::default());
        let mut after = before.clone();
        after.activation.extension = asked.clone().into();
        patches(Service::Graph, live, &changes(&before, &after)).unwrap()
    };
    let new = untouched(Service::Graph);
    let mut old = new.clone();
    old.retain(|rule| !rule["id"].as_str().unwrap().starts_with("CustomExtension"));
    for (live, is_new) in [(&new, false), (&old, true)] {
        let [patch] = write(live).try_into().unwrap();
        assert_eq!((patch.id, patch.is_new), ("CustomExtension_PostApproval_EndUser_Assignment", is_new));
        let kind = "#microsoft.graph.unifiedRoleManagementPolicyCustomExtensionRule";
        assert_eq!((&patch.after["@odata.type"], &patch.after["isEnabled"]), (&json!(kind), &json!(true)));
        assert_eq!(patch.after["customExtensionId"], json!(extension(7).to_string()));
        assert_eq!(patch.after["target"]["caller"], "EndUser");
        let written = if is_new { [live.as_slice(), &[patch.after]].concat() } else { patched(live, &[patch]) };
        assert_eq!(read(&written).unwrap().0.activation.extension, asked);
    }
    // One that is on and says not which is not known, and so is one that is on under a name of nobody's.
    let mut odd = new;
    with(&mut odd, "CustomExtension_PreApproval_EndUser_Assignment", |rule| {
        drop(rule.insert("isEnabled".into(), true.into()));
    });
    assert!(read(&odd).unwrap().0.activation.extension.unknown().is_some());
}

#[test]
fn a_ticket_asked_for_on_assignment_is_noted_and_goes_with_the_next_change() {
    for id in ["Enablement_Admin_Assignment", "Enablement_Admin_Eligibility"] {
        let mut rules = untouched(Service::Arm);
        with(&mut rules, id, |rule| drop(rule.insert("enabledRules".to_owned(), json!(["Ticketing", "Selfie"]))));
        let (before, notes) = read(&rules).unwrap();
        let of_ticket = "which the service no longer takes there; a change of the rule leaves it out";
        let of_selfie = "which pimform does not know there; it is left alone";
        for (word, fate) in [("Ticketing", of_ticket), ("Selfie", of_selfie)] {
            assert!(notes.contains(&format!("`{id}` demands `{word}`, {fate}")), "{notes:?}");
        }
        let mut after = before.clone();
        after.eligible_assignment.mfa = true.into();
        after.active_assignment.mfa = true.into();
        let written = patched(&rules, &patches(Service::Arm, &rules, &changes(&before, &after)).unwrap());
        assert_eq!(find(&written, id)["enabledRules"], json!(["MultiFactorAuthentication", "Selfie"]));
    }
}

#[test]
fn a_rule_is_written_whole_in_the_spelling_of_its_envelope() {
    let mut after = Settings::service_default(Surface::Azure);
    after.activation.max_duration = Duration::from_hours(24).into();
    after.active_assignment.expire_after = Expiry::Never.into();
    after.activation.approval = by([Approver::User(principal(1))]).into();
    let before = Settings::service_default(Surface::Azure);
    let write = |service| -> Vec<Value> {
        let patches = patches(service, &untouched(service), &changes(&before, &after)).unwrap();
        patches.into_iter().map(|patch| patch.after).collect()
    };
    let graph = write(Service::Graph);
    assert_eq!(
        graph[0],
        json!({
            "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyExpirationRule",
            "id": "Expiration_Admin_Assignment", "isExpirationRequired": false, "maximumDuration": "P180D",
            "target": {"caller": "Admin", "operations": ["All"], "level": "Assignment", "inheritableSettings": [],
                "enforcedSettings": []}
        })
    );
    assert_eq!(graph[1]["maximumDuration"], "P1D");
    let arm = write(Service::Arm);
    assert_eq!(
        arm[2],
        json!({
            "ruleType": "RoleManagementPolicyApprovalRule", "id": "Approval_EndUser_Assignment",
            "setting": {
                "isApprovalRequired": true, "isApprovalRequiredForExtension": false,
                "isRequestorJustificationRequired": true, "approvalMode": "SingleStage",
                "approvalStages": [{
                    "approvalStageTimeOutInDays": 1, "isApproverJustificationRequired": true,
                    "escalationTimeInMinutes": 0, "isEscalationEnabled": false, "escalationApprovers": [],
                    "primaryApprovers": [{"id": principal(1), "userType": "User", "isBackup": false}]
                }]
            },
            "target": {"caller": "EndUser", "operations": ["All"], "level": "Assignment", "inheritableSettings": [],
                "enforcedSettings": []}
        })
    );
    assert_eq!((graph.len(), arm.len()), (3, 3));
}

#[test]
fn mfa_and_a_context_change_in_the_order_that_the_service_allows() {
    let order = |before: Authentication, after: Authentication| {
        let default = Settings::service_default(Surface::Groups);
        let with = |authentication: Authentication| {
            let mut settings = default.clone();
            settings.activation.authentication = authentication.into();
            settings
        };
        let live = untouched(Service::Graph);
        let first = patches(Service::Graph, &live, &changes(&default, &with(before))).unwrap();
        let live = patched(&live, &first);
        // Something else changes too, and comes after the pair.
        let mut after = with(after);
        after.eligible_assignment.mfa = true.into();
        patches(Service::Graph, &live, &changes(&with(before), &after))
            .unwrap()
            .into_iter()
            .map(|patch| (patch.id, patch.bound_to_next))
            .collect::<Vec<_>>()
    };
    let context = Authentication::Context("c1".parse().unwrap());
    let (demands, context_rule) = ("Enablement_EndUser_Assignment", "AuthenticationContext_EndUser_Assignment");
    let other = ("Enablement_Admin_Eligibility", false);
    assert_eq!(order(Authentication::Mfa, context), [(demands, true), (context_rule, false), other]);
    assert_eq!(order(context, Authentication::Mfa), [(context_rule, true), (demands, false), other]);
    assert_eq!(order(Authentication::None, Authentication::Mfa), [(demands, false), other]);
    assert_eq!(order(context, Authentication::None), [(context_rule, false), other]);
}

#[test]
fn a_policy_that_has_both_is_brought_to_one() {
    let mut live = untouched(Service::Graph);
    with(&mut live, "Enablement_EndUser_Assignment", |rule| {
        rule.insert("enabledRules".to_owned(), json!(["MultiFactorAuthentication"]));
    });
    with(&mut live, "AuthenticationContext_EndUser_Assignment", |rule| {
        rule.insert("isEnabled".to_owned(), true.into());
        rule.insert("claimValue".to_owned(), "c2".into());
    });
    let (before, notes) = read(&live).unwrap();
    assert_eq!(before.activation.authentication, Authentication::Context("c2".parse().unwrap()));
    assert_eq!(notes.len(), 1);
    let mut after = before.clone();
    after.activation.authentication = Authentication::Mfa.into();
    let patches = patches(Service::Graph, &live, &changes(&before, &after)).unwrap();
    assert_eq!(patches.iter().map(|patch| patch.id).collect::<Vec<_>>(), ["AuthenticationContext_EndUser_Assignment"]);
    assert_eq!(read(&patched(&live, &patches)).unwrap().0, after);
}

#[test]
fn lengths_are_written_in_days_and_less() {
    let iso = |seconds| iso(Duration::from_secs(seconds));
    assert_eq!(
        [0, 1800, 5400, 86_400, 31_536_000, 90_061].map(iso),
        ["PT0S", "PT30M", "PT1H30M", "P1D", "P365D", "P1DT1H1M1S"]
    );
}
