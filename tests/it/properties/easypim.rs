//! An import of an `EasyPIM` configuration passes a check and gives nobody more than the configuration does. What it gives is
//! read here by an interpreter of its own.

use std::collections::BTreeMap;

use pimform::backend::ReadQuery;
use pimform::backend::local::Tenant;
use pimform::import::Layout;
use pimform::import::easypim::{Destination, objections, proven};
use pimform::model::{Access, Approval, Authentication, Desired, DesiredEnding, Expiry, Kind, Settings, Spec, Target};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::choices::Choices;
use super::tenant::NOW;
use super::{Told, for_all};

mod distortions;

use distortions::distorted;

const ADA: &str = "7d1e2b40-0a5f-4c2b-8f55-61b0c90a0001";
const LIN: &str = "7d1e2b40-0a5f-4c2b-8f55-61b0c90a0002";
const OPS: &str = "7d1e2b40-0a5f-4c2b-8f55-61b0c90a0011";
const SUBSCRIPTION: &str = "/subscriptions/7d1e2b40-0a5f-4c2b-8f55-61b0c90a0021";
const ROLES: [(&str, &str); 2] = [
    ("User Administrator", "fe930be7-5e62-47db-91af-98c3a49a38b1"),
    ("Helpdesk", "7d1e2b40-0a5f-4c2b-8f55-61b0c90a0031"),
];
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const DAY: u64 = 86_400;

fn tenant() -> Value {
    json!({
        "format": "pimform-tenant", "version": 1,
        "tenant": { "id": "7d1e2b40-0a5f-4c2b-8f55-61b0c90a00ff", "name": "Contoso" },
        "users": [ { "id": ADA, "name": "Ada", "upn": "ada@contoso.example" }, { "id": LIN, "name": "Lin", "upn": "lin@contoso.example" } ],
        "groups": [ { "id": OPS, "name": "Ops", "pim": true } ],
        "subscriptions": [ { "id": SUBSCRIPTION.rsplit('/').next(), "name": "Production" } ],
        "directory_roles": ROLES.map(|(name, id)| json!({ "id": id, "name": name })),
        "azure_roles": [ { "id": READER, "name": "Reader" } ],
    })
}

/// One of these; each is a JSON text, and an empty one is no entry.
fn put(map: &mut Map<String, Value>, key: &str, from: &[&str], choices: &mut Choices<'_>) {
    // Mostly nothing, or what comes first.
    let text = if choices.in_ten(5) { choices.pick(from) } else { from[0] };
    if !text.is_empty() {
        map.insert(key.to_owned(), serde_json::from_str(text).unwrap());
    }
}

fn policy(choices: &mut Choices<'_>) -> Map<String, Value> {
    let mut map = Map::new();
    let ada = format!(r#"[{{"id":"{ADA}","type":"User"}}]"#);
    let gone = r#"[{"description":"the boss"}]"#;
    put(
        &mut map,
        "ActivationDuration",
        &["", r#""PT4H""#, r#""P8H""#, r#""PT100M""#, r#""PT10M""#, r#""P2D""#, r#""long""#, "null"],
        choices,
    );
    let words = [
        "",
        r#""MultiFactorAuthentication,Justification""#,
        r#"["Justification"]"#,
        r#""None""#,
        r#""Passkey""#,
        "7",
        r#""""#,
    ];
    put(&mut map, "ActivationRequirement", &words, choices);
    put(&mut map, "ApprovalRequired", &["", "true", "false", r#""true""#, r#""maybe""#, "1"], choices);
    put(&mut map, "Approvers", &["", &ada, gone, "[]"], choices);
    put(&mut map, "AuthenticationContext_Enabled", &["", "", "true", "false"], choices);
    put(&mut map, "AuthenticationContext_Value", &["", "", r#""c1:High""#, r#""High""#], choices);
    let lengths = ["", r#""P30D""#, r#""P1Y""#, r#""PT8H""#, r#""P6M""#, r#""soon""#, "30", r#""P9999D""#];
    for (allow, most) in [
        ("AllowPermanentEligibility", "MaximumEligibilityDuration"),
        ("AllowPermanentActiveAssignment", "MaximumActiveAssignmentDuration"),
    ] {
        put(&mut map, allow, &["", "", "true", "false", r#""perhaps""#], choices);
        put(&mut map, most, &lengths, choices);
    }
    put(&mut map, "Colour", &["", "", "", "1"], choices);
    map
}

fn over_a_template(choices: &mut Choices<'_>) -> Map<String, Value> {
    let mut map = if choices.in_ten(6) { policy(choices) } else { Map::new() };
    put(&mut map, "Template", &["", r#""T""#, r#""t""#, r#""Gone""#], choices);
    map
}

fn entries(choices: &mut Choices<'_>) -> Vec<Value> {
    let several = choices.below(4);
    let entry = |choices: &mut Choices<'_>| {
        let mut map = Map::new();
        let ids = [
            format!("\"{ADA}\""),
            format!("\"{LIN}\""),
            "\"ADA@contoso.example\"".to_owned(),
            "\"gone@contoso.example\"".to_owned(),
        ];
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        put(&mut map, "principalId", &ids, choices);
        put(&mut map, "principalType", &["", r#""User""#], choices);
        put(&mut map, "assignmentType", &["", r#""Eligible""#, r#""Active""#, r#""Inactive""#], choices);
        let lengths = ["", "", r#""P10D""#, r#""PT90M""#, r#""P8H""#, r#""P1Y""#, r#""P400D""#, "8", r#""PT1M""#];
        put(&mut map, "duration", &lengths, choices);
        put(&mut map, "permanent", &["", "", "true", "false", r#""yes""#], choices);
        put(&mut map, "justification", &["", r#""why""#], choices);
        let ends = ["", "", "", r#""2026-12-01T00:00:00Z""#, r#""2020-01-01T00:00:00Z""#, r#""1/2/2027""#];
        put(&mut map, "endDateTime", &ends, choices);
        put(&mut map, "startDateTime", &["", "", "", r#""2026-11-30T00:00:00Z""#, r#""soon""#], choices);
        put(&mut map, "validUntil", &["", "", "", "", r#""2027""#], choices);
        put(&mut map, "condition", &["", "", "", r#""@x""#], choices);
        Value::Object(map)
    };
    (0..several).map(|_| entry(choices)).collect()
}

fn configuration(choices: &mut Choices<'_>) -> Value {
    let group = choices.pick(&["Ops", OPS, "OPS"]);
    let scope = choices.pick(&["/subscriptions/", "subscriptions/", "//SUBSCRIPTIONS/"]);
    let scope = format!("{scope}{}{}", SUBSCRIPTION.trim_start_matches("/subscriptions/"), choices.pick(&["", "/"]));
    let mut azure = over_a_template(choices);
    azure.insert("Scope".to_owned(), scope.into());
    json!({
        "PolicyTemplates": { "T": policy(choices) },
        "EntraRoles": { "Policies": { "User Administrator": over_a_template(choices), "helpdesk": over_a_template(choices) } },
        "AzureRoles": { "Policies": { "Reader": azure } },
        "GroupRoles": { "Policies": { group: { "Member": over_a_template(choices) } } },
        "Assignments": {
            "EntraRoles": [ { "roleName": "USER Administrator", "assignments": entries(choices) }, { "roleName": "Helpdesk", "assignments": entries(choices) } ],
            "AzureRoles": [ { "roleName": "reader", "scope": SUBSCRIPTION, "assignments": entries(choices) } ],
            "Groups": [ { "groupId": OPS, "roleName": "Member", "assignments": entries(choices) } ],
        },
    })
}

/// Seconds of a duration that counts days or hours and minutes.
fn seconds(value: &Value) -> Option<u64> {
    let text = value.as_str()?;
    if let Some(days) = text.strip_prefix('P').and_then(|rest| rest.strip_suffix('D')) {
        return Some(days.parse::<u64>().ok()? * DAY);
    }
    let time = text.strip_prefix("PT")?;
    match (time.strip_suffix('H'), time.strip_suffix('M')) {
        (Some(hours), _) => Some(hours.parse::<u64>().ok()? * 3600),
        (_, Some(minutes)) => Some(minutes.parse::<u64>().ok()? * 60),
        _ => None,
    }
}

fn blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
}

fn flag(value: Option<&Value>) -> Option<bool> {
    match value? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// What stands for a target: its own keys over those of its template.
fn effective(root: &Value, own: &Value) -> BTreeMap<String, Value> {
    let template = own["Template"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("T"));
    let base = if template { root["PolicyTemplates"]["T"].as_object().unwrap().clone() } else { Map::new() };
    let own = own.as_object().unwrap().clone().into_iter().filter(|(_, value)| !blank(value));
    base.into_iter().filter(|(_, value)| !blank(value)).chain(own).collect()
}

/// Fails where settings ask for less than what is plain in the configuration.
fn as_tight(all: &BTreeMap<String, Value>, settings: &Settings<Spec>, shown: &str) {
    let activation = &settings.activation;
    if let Some(longest) = all.get("ActivationDuration").and_then(seconds).filter(|longest| *longest >= 1800) {
        let written = activation.max_duration.value().map(|length| length.as_secs());
        assert!(written.is_some_and(|written| written <= longest), "activation {written:?} > {longest}\n{shown}");
    }
    let words = all.get("ActivationRequirement").map(Value::to_string).unwrap_or_default();
    let context = flag(all.get("AuthenticationContext_Enabled")) == Some(true);
    if words.contains("MultiFactor") || context {
        let written = activation.authentication.value();
        assert!(written.is_some_and(|written| *written != Authentication::None), "authentication\n{shown}");
    }
    if words.contains("Justification") {
        assert_eq!(activation.justification.value(), Some(&true), "justification\n{shown}");
    }
    if flag(all.get("ApprovalRequired")) == Some(true) {
        assert_ne!(activation.approval.value(), Some(&Approval::NotRequired), "approval\n{shown}");
    }
    for (kind, allow, most) in [
        (Kind::Eligible, "AllowPermanentEligibility", "MaximumEligibilityDuration"),
        (Kind::Active, "AllowPermanentActiveAssignment", "MaximumActiveAssignmentDuration"),
    ] {
        let (allow, most) = (flag(all.get(allow)), all.get(most));
        if allow == Some(true) || (allow.is_none() && most.is_none()) {
            continue;
        }
        let known = most.and_then(seconds).filter(|longest| *longest >= DAY).unwrap_or(u64::MAX);
        match settings.assignment(kind).expire_after.value() {
            Some(Expiry::After(length)) => assert!(length.as_secs() <= known, "{kind} limit {length}\n{shown}"),
            other => panic!("{kind} limit {other:?}\n{shown}"),
        }
    }
}

/// How long the configuration gives a principal: nothing if it does not, `u64::MAX` for ever.
fn given(entry: &Value, all: &BTreeMap<String, Value>, target: &Target, kind: Kind) -> Option<u64> {
    let is_azure = matches!(target, Target::Azure { .. });
    if !entry["validUntil"].is_null() || (!is_azure && !entry["condition"].is_null()) {
        return None;
    }
    let stated = match &entry["duration"] {
        Value::Null => None,
        length => Some(seconds(length)?),
    };
    let permanent = match &entry["permanent"] {
        Value::Null => false,
        value => value.as_bool()?,
    };
    let start = match &entry["startDateTime"] {
        Value::Null => 0,
        value => value.as_str()?.starts_with("2026-11-30").then_some(9 * DAY)?,
    };
    let ends = match &entry["endDateTime"] {
        Value::Null => u64::MAX,
        // Ten days from now at the most.
        value => value.as_str()?.starts_with("2026-12-01").then_some(11 * DAY)?.saturating_sub(start),
    };
    let (allow, most) = match kind {
        Kind::Eligible => ("AllowPermanentEligibility", "MaximumEligibilityDuration"),
        Kind::Active => ("AllowPermanentActiveAssignment", "MaximumActiveAssignmentDuration"),
    };
    let limit = all.get(most).and_then(seconds);
    let service = if kind == Kind::Eligible { 365 * DAY } else { 180 * DAY };
    let length = match (permanent, stated) {
        // Of two ends that it states, the sooner one.
        (_, Some(stated)) => stated,
        (true, None) => u64::MAX,
        (false, None) if ends < u64::MAX => ends,
        (false, None) => match all.get(most) {
            Some(Value::String(text)) if limit.is_none() && text == "P1Y" => 365 * DAY,
            Some(Value::String(text)) if limit.is_none() && text == "P6M" => 180 * DAY,
            Some(_) if limit.is_none() && flag(all.get(allow)) != Some(true) => return None,
            _ => limit.unwrap_or(service),
        },
    };
    let longest = if flag(all.get(allow)) == Some(true) { u64::MAX } else { limit.unwrap_or(u64::MAX) };
    (length.min(ends) <= longest).then_some(length.min(ends))
}

fn kind_of(entry: &Value) -> Option<Kind> {
    match entry["assignmentType"].as_str() {
        None | Some("Eligible") => Some(Kind::Eligible),
        Some("Active") => Some(Kind::Active),
        Some(_) => None,
    }
}

fn who(entry: &Value) -> Option<&'static str> {
    match entry["principalId"].as_str()? {
        ADA | "ADA@contoso.example" => Some(ADA),
        LIN => Some(LIN),
        _ => None,
    }
}

/// Settings and assignments of the configuration, by target.
fn targets(root: &Value) -> Vec<(Target, BTreeMap<String, Value>, &Vec<Value>)> {
    let role = |at: usize| Target::Directory { directory_role: ROLES[at].1.parse().unwrap() };
    let policies = |section: &str| &root[section]["Policies"];
    let group = policies("GroupRoles").as_object().unwrap().values().next().unwrap();
    let lists = |section: &str, at: usize| root["Assignments"][section][at]["assignments"].as_array().unwrap();
    vec![
        (role(0), effective(root, &policies("EntraRoles")["User Administrator"]), lists("EntraRoles", 0)),
        (role(1), effective(root, &policies("EntraRoles")["helpdesk"]), lists("EntraRoles", 1)),
        (
            Target::Azure { scope: SUBSCRIPTION.parse().unwrap(), role: READER.parse().unwrap() },
            effective(root, &policies("AzureRoles")["Reader"]),
            lists("AzureRoles", 0),
        ),
        (
            Target::Group { group: OPS.parse().unwrap(), access: Access::Member },
            effective(root, &group["Member"]),
            lists("Groups", 0),
        ),
    ]
}

/// How a configuration says what it means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    Plainly,
    /// So that settings may have to be left out. Whatever is there still needs them.
    Distorted,
}

/// Fails where the files give more than the configuration. The number of assignments that they give.
fn no_wider(root: &Value, desired: &Desired, written_as: Written, shown: &str) -> usize {
    let known = targets(root);
    assert!(desired.targets.keys().all(|target| known.iter().any(|(one, ..)| one == target)), "{shown}");
    let mut written = 0;
    for (target, all, entries) in known {
        let Some(declared) = desired.targets.get(&target) else {
            if written_as == Written::Plainly {
                as_tight(&all, &Settings::default(), shown);
            }
            continue;
        };
        if written_as == Written::Plainly || Kind::ALL.iter().any(|kind| !declared.list(*kind).assignments().is_empty())
        {
            as_tight(&all, &declared.settings, shown);
        }
        for kind in Kind::ALL {
            for one in declared.list(kind).assignments() {
                written += 1;
                let same = |entry: &&Value| {
                    kind_of(entry) == Some(kind) && who(entry) == Some(one.key.principal.to_string().as_str())
                };
                let lengths = entries.iter().filter(same).filter_map(|entry| given(entry, &all, &target, kind));
                let given = lengths.max().unwrap_or_else(|| panic!("nobody gives {one:?}\n{shown}"));
                let length = match one.schedule.end {
                    DesiredEnding::Permanent => u64::MAX,
                    DesiredEnding::Until(end) => one.schedule.start.unwrap_or(NOW).until(end).as_secs(),
                    DesiredEnding::For { length, .. } => length.as_secs(),
                    DesiredEnding::AsAllowed => match declared.settings.assignment(kind).expire_after.value() {
                        Some(Expiry::After(length)) => length.as_secs(),
                        other => panic!("as long as {other:?}\n{shown}"),
                    },
                };
                assert!(length <= given, "{length} > {given}: {one:?}\n{shown}");
                if kind == Kind::Eligible && flag(all.get("ApprovalRequired")) == Some(true) {
                    let approval = declared.settings.activation.approval.value();
                    assert!(matches!(approval, Some(Approval::Required(_))), "eligible without approval\n{shown}");
                }
            }
        }
    }
    written
}

#[test]
fn an_import_of_a_configuration_passes_and_is_never_wider() {
    for_imports(|_, root, import| if import(root, Written::Plainly) > 0 { Told::Telling } else { Told::Empty });
}

#[test]
fn an_import_of_what_is_not_understood_passes_and_is_never_wider_than_what_is_meant() {
    for_imports(|choices, root, import| {
        let text = distorted(root, choices);
        import(&text, Written::Distorted);
        if text == *root { Told::Empty } else { Told::Telling }
    });
}

/// Imports texts with and without a tenant, and holds them against what is meant. The number of assignments written.
type Import<'i> = dyn Fn(&Value, Written) -> usize + 'i;

#[track_caller]
fn for_imports(property: impl Fn(&mut Choices<'_>, &Value, &Import<'_>) -> Told) {
    let file = tenant();
    let tenant = Tenant::from_file("tenant.json", serde_json::from_value(file).unwrap()).unwrap();
    let snapshot = tenant.snapshot(&ReadQuery::Everything, NOW);
    let directory = tenant.directory();
    let none = BTreeMap::new();
    for_all(vec(any::<u16>(), 250..=300), |drawn| {
        let choices = &mut Choices::new(&drawn);
        let layout = choices.pick(&[Layout::Flat, Layout::Scope, Layout::Surface]);
        let root = configuration(choices);
        let import = |text: &Value, written: Written| {
            let texts = [("pim.json".to_owned(), text.to_string())];
            let alone = Destination { layout, backend: None, tenant: None, snapshot: None, refused: &none, now: NOW };
            let (imported, others) = proven(&texts, &alone, None).unwrap();
            let shown = format!("{text:#}\n{}", imported.files.values().cloned().collect::<String>());
            let found = objections(&imported.files, None, None, NOW);
            assert!(others.is_empty() && found.refused.is_empty(), "{found:#?}\n{shown}");

            let id = "7d1e2b40-0a5f-4c2b-8f55-61b0c90a00ff".parse().unwrap();
            let known =
                Destination { tenant: Some((id, Some("Contoso"), &*directory)), snapshot: Some(&snapshot), ..alone };
            let (imported, others) = proven(&texts, &known, Some(&directory)).unwrap();
            let shown = format!("{text:#}\n{}", imported.files.values().cloned().collect::<String>());
            assert!(others.is_empty(), "{others:#?}\n{shown}");
            let desired = objections(&imported.files, Some(&directory), Some(&snapshot), NOW).desired.unwrap();
            no_wider(&root, &desired, written, &shown)
        };
        property(choices, &root, &import)
    });
}
