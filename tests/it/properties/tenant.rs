//! Small tenants with a bit of everything: several origins, windows in every state, odd names, unreadable parts.

use std::collections::{BTreeMap, BTreeSet};

use pimform::backend::local::{Tenant, TenantFile};
use pimform::model::{Access, Kind, Target, Time};
use serde_json::{Value, json};

use super::choices::Choices;

/// Noon of 21 November 2026.
pub(crate) const NOW: Time = Time::from_unix(1_795_262_400);
pub(crate) const TENANT: &str = "0f4a2a3e-0000-4000-8000-000000000001";
pub(crate) const SUBSCRIPTION: &str = "7a3c0d7e-0000-4000-8000-000000000001";
pub(crate) const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

pub(crate) const USERS: [(u32, &str); 5] = [
    (1, "ada@contoso.example"),
    (2, "grace.o'neil@contoso.example"),
    (3, "zoë/k@contoso.example"),
    (4, "p#ul@contoso.example"),
    (5, "lin@contoso.example"),
];
/// Role-assignable and under PIM, twice; neither; dynamic.
pub(crate) const GROUPS: [(u32, &str); 4] =
    [(11, "SEC-GA"), (12, "Team \"A/B\": 100% – ops"), (13, "- plain"), (14, "Everyone")];
pub(crate) const SERVICE: (u32, &str) = (21, "deploy/prod");
/// Holds assignments, but is gone.
const DELETED: u32 = 77;
pub(crate) const UNITS: [(u32, &str); 2] = [(31, "Sales"), (32, "Ventas: 'sur'")];
/// The last two differ in case only, so that they need their ids.
pub(crate) const ROLES: [(&str, &str); 4] = [
    (GLOBAL_ADMINISTRATOR, "Global Administrator"),
    ("00000000-0000-4000-8000-000000000102", "User Administrator"),
    ("00000000-0000-4000-8000-000000000103", "Helpdesk"),
    ("00000000-0000-4000-8000-000000000104", "helpdesk"),
];
/// The last one can be assigned in the subscription only.
pub(crate) const AZURE_ROLES: [(u32, &str); 3] = [(201, "Owner"), (202, "Reader"), (203, "App \"Operator\", v2")];
pub(crate) const CONDITIONS: [&str; 2] = ["@Resource[a] StringEquals 'b'", "@Request[x]\n  ForAnyOfAnyValues {1}"];

pub(crate) fn guid(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// Management group, subscription, resource group.
pub(crate) fn scopes() -> [String; 3] {
    [
        "/providers/Microsoft.Management/managementGroups/core".to_owned(),
        format!("/subscriptions/{SUBSCRIPTION}"),
        format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/App-1"),
    ]
}

pub(crate) fn directory_role(id: &str) -> Target {
    Target::Directory { directory_role: id.parse().unwrap() }
}

pub(crate) fn group_target(group: &str, access: Access) -> Target {
    Target::Group { group: group.parse().unwrap(), access }
}

pub(crate) fn azure_role(scope: &str, role: u32) -> Target {
    Target::Azure { scope: scope.parse().unwrap(), role: guid(role).parse().unwrap() }
}

/// The roles of Azure at a scope.
pub(crate) fn roles_at(scope: &str) -> Vec<(u32, &'static str)> {
    AZURE_ROLES.into_iter().filter(|(id, _)| *id != 203 || scope.starts_with("/subscriptions")).collect()
}

/// What a policy may refer to: an assignment that is there.
#[derive(Clone, Debug)]
pub(crate) struct There {
    pub(crate) kind: Kind,
    pub(crate) principal: u32,
    pub(crate) unit: Option<u32>,
    pub(crate) end: Option<Time>,
    pub(crate) condition: Option<&'static str>,
}

/// A tenant file, and the assigned rows in it.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) file: Value,
    pub(crate) there: BTreeMap<Target, Vec<There>>,
}

pub(crate) fn load(file: &Value) -> Tenant {
    let text = serde_json::to_vec(file).unwrap();
    Tenant::from_file("tenant.json", TenantFile::parse("tenant.json", &text).unwrap()).unwrap()
}

/// Any order of all lists: none of them means anything.
pub(crate) fn shuffle(value: &mut Value, choices: &mut Choices) {
    match value {
        Value::Array(items) => {
            choices.shuffle(items);
            for item in items {
                shuffle(item, choices);
            }
        }
        Value::Object(entries) => entries.values_mut().for_each(|value| shuffle(value, choices)),
        _ => {}
    }
}

pub(crate) fn draw(choices: &mut Choices) -> World {
    let mut there = BTreeMap::new();
    let mut targets = Vec::new();
    for (id, _) in ROLES {
        targets.push((directory_role(id), json!({ "directory_role": id })));
    }
    for group in [11, 12] {
        for access in [Access::Member, Access::Owner] {
            let group = guid(group);
            targets.push((group_target(&group, access), json!({ "group": group, "access": access })));
        }
    }
    for scope in scopes() {
        for (role, _) in roles_at(&scope) {
            targets.push((azure_role(&scope, role), json!({ "scope": scope, "role": guid(role) })));
        }
    }
    let mut entries = Vec::new();
    for (target, mut entry) in targets {
        if choices.in_ten(2) {
            continue;
        }
        let rows = rows(&target, choices);
        let fields = entry.as_object_mut().unwrap();
        fields.insert("settings".to_owned(), settings(choices));
        for kind in Kind::ALL {
            let of_kind = rows.iter().filter(|(there, _)| there.kind == kind).map(|(_, row)| row.clone()).collect();
            fields.insert(kind.to_string(), Value::Array(of_kind));
        }
        if choices.one_in(30) {
            fields.insert("unreadable".to_owned(), "no permission".into());
        }
        let assigned = rows.into_iter().filter(|(_, row)| row.get("origin") == Some(&"assigned".into()));
        let mut once = BTreeSet::new();
        let assigned = assigned.map(|(there, _)| there);
        there.insert(target, assigned.filter(|there| once.insert((there.kind, there.principal, there.unit))).collect());
        entries.push(entry);
    }
    let roles = ROLES.map(|(id, name)| json!({ "id": id, "name": name }));
    let [_, subscription, resource_group] = scopes();
    let azure_roles = AZURE_ROLES.map(|(id, name)| {
        let scopes = if id == 203 { vec![subscription.clone()] } else { Vec::new() };
        json!({ "id": guid(id), "name": name, "assignable_scopes": scopes })
    });
    let file = json!({
        "format": "pimform-tenant", "version": 1, "tenant": { "id": TENANT, "name": "Contoso" },
        "runner": guid(5),
        "users": USERS.map(|(id, upn)| json!({ "id": guid(id), "name": format!("User {id}"), "upn": upn })),
        "groups": GROUPS.map(|(id, name)| group(id, name, choices)),
        "service_principals": [{ "id": guid(SERVICE.0), "name": SERVICE.1, "app_id": guid(921) }],
        "administrative_units": UNITS.map(|(id, name)| json!({ "id": guid(id), "name": name })),
        "authentication_contexts": [{ "id": "c1", "name": "Strong" }, { "id": "c2", "name": "Stronger" }],
        "management_groups": [{ "id": "core", "name": "Core Platform" }],
        "subscriptions": [{ "id": SUBSCRIPTION, "name": "Production", "management_group": "core" }],
        "resource_groups": [resource_group],
        "directory_roles": roles, "azure_roles": azure_roles,
        "targets": entries,
    });
    World { file, there }
}

fn group(id: u32, name: &str, choices: &mut Choices) -> Value {
    let people = USERS.map(|(id, _)| guid(id));
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    let mut group = json!({
        "id": guid(id), "name": name, "role_assignable": id <= 12, "pim": id <= 12,
        "membership": if id == 14 { "dynamic" } else { "assigned" },
        "members": choices.some(&people, 4), "owners": choices.some(&people, 2),
    });
    if choices.one_in(20) {
        group.as_object_mut().unwrap().insert("unreadable".to_owned(), "no permission".into());
    }
    group
}

fn rows(target: &Target, choices: &mut Choices) -> Vec<(There, Value)> {
    let (mut seen, mut windows) = (BTreeSet::new(), BTreeSet::new());
    let mut rows = Vec::new();
    let most = if *target == directory_role(GLOBAL_ADMINISTRATOR) { 4 } else { 6 };
    for _ in 0..choices.below(most) {
        let kind = choices.pick(&Kind::ALL);
        let principal = choices.pick(&[1, 2, 3, 4, 5, 11, 12, SERVICE.0, DELETED]);
        let origin = choices.pick(&[
            "assigned",
            "assigned",
            "assigned",
            "assigned",
            "outside_pim",
            "inherited",
            "through_group",
            "activated",
        ]);
        let directory = matches!(target, Target::Directory { .. });
        let (unit, scope) = match choices.below(8) {
            0 if directory => (Some(31), json!({ "administrative_unit": guid(31) })),
            1 if directory => (Some(32), json!({ "administrative_unit": guid(32) })),
            2 if directory && origin != "assigned" => (None, json!({ "object": guid(401) })),
            _ => (None, json!("whole")),
        };
        if origin == "activated" && kind == Kind::Eligible {
            continue;
        }
        // Once more at other times: only assignments of one's own are told apart by them.
        let again = !seen.insert((kind, principal, scope.to_string(), origin));
        if again && (origin != "assigned" || choices.in_ten(5)) {
            continue;
        }
        let condition = matches!(target, Target::Azure { .. }).then(|| choices.pick(&[None, None, Some(0), Some(1)]));
        let condition = condition.flatten().and_then(|at: usize| CONDITIONS.get(at).copied());
        let (start, end) = window(choices);
        if again && !windows.insert((kind, principal, scope.to_string(), start, end)) {
            continue;
        }
        windows.insert((kind, principal, scope.to_string(), start, end));
        let mut row = json!({ "principal": guid(principal), "origin": origin, "scope": scope });
        let fields = row.as_object_mut().unwrap();
        fields.extend(start.map(|start| ("start".to_owned(), start.to_string().into())));
        fields.extend(end.map(|end| ("end".to_owned(), end.to_string().into())));
        fields.extend(condition.map(|text| ("condition".to_owned(), text.into())));
        rows.push((There { kind, principal, unit, end, condition }, row));
    }
    rows
}

/// Days from now. Never at a round time, so that nothing ends within the second after.
pub(crate) fn days(days: i64) -> Time {
    Time::from_unix(NOW.as_unix() + days * 86_400 + 37)
}

fn window(choices: &mut Choices) -> (Option<Time>, Option<Time>) {
    match choices.below(9) {
        0 => (None, None),
        1 => (Some(days(-40)), None),
        2 => (Some(days(-40)), Some(days(3))),
        3 => (Some(days(-40)), Some(days(18))),
        4 => (Some(days(-40)), Some(days(300))),
        5 => (Some(days(-40)), Some(days(-1))),
        6 => (Some(days(2)), Some(days(12))),
        7 => (Some(days(9)), Some(days(400))),
        _ => (Some(days(4)), None),
    }
}

fn settings(choices: &mut Choices) -> Value {
    let mut activation = json!({});
    let mut set = |key: &str, choices: &mut Choices, values: &[Value]| {
        if choices.in_ten(3) {
            let value = values.get(choices.below(values.len())).unwrap();
            activation.as_object_mut().unwrap().insert(key.to_owned(), value.clone());
        }
    };
    set("max_duration", choices, &[json!("1h"), json!("8h"), json!("24h")]);
    set("authentication", choices, &[json!("none"), json!("mfa"), json!({ "context": "c1" })]);
    set("justification", choices, &[json!(true), json!(false)]);
    set("ticket", choices, &[json!(true), json!(false)]);
    let approvers = json!({ "by": [{ "user": guid(1) }, { "group": guid(12) }] });
    set("approval", choices, &[json!("none"), approvers, json!("default_approvers")]);
    let rules = |choices: &mut Choices| {
        let mut rules = json!({});
        let fields = rules.as_object_mut().unwrap();
        if choices.in_ten(3) {
            fields.insert("expire_after".to_owned(), choices.pick(&["never", "365d", "30d"]).into());
        }
        for key in choices.some(&["mfa", "justification"], 2) {
            fields.insert(key.to_owned(), choices.in_ten(5).into());
        }
        rules
    };
    let (eligible, active) = (rules(choices), rules(choices));
    let told = json!({ "admins": {
        "level": choices.pick(&["all", "critical", "none"]),
        "to": choices.some(&["soc@contoso.example", "OPS@contoso.example"], 5),
    } });
    json!({
        "activation": activation, "eligible_assignment": eligible, "active_assignment": active,
        "notifications": if choices.in_ten(3) { json!({ "activated": told }) } else { json!({}) },
    })
}
