//! What people write in place of what they mean: the tool does not understand it, and neither does an import.

use serde_json::{Map, Value, json};

use super::super::choices::Choices;

/// What is meant, written so that a part of a policy cannot be understood or put at its target.
pub(super) fn distorted(meant: &Value, choices: &mut Choices<'_>) -> Value {
    let mut root = meant.clone();
    match choices.below(4) {
        0 => section(&mut root, choices),
        1 => place(&mut root, choices),
        _ => {
            let policy = policy(&mut root, choices);
            value(policy, choices);
        }
    }
    root
}

const SECTIONS: [&str; 3] = ["EntraRoles", "AzureRoles", "GroupRoles"];

fn policies<'r>(root: &'r mut Value, section: &str) -> &'r mut Map<String, Value> {
    root[section]["Policies"].as_object_mut().unwrap()
}

/// One of the policies, or the template.
fn policy<'r>(root: &'r mut Value, choices: &mut Choices<'_>) -> &'r mut Value {
    match choices.below(5) {
        0 => &mut root["PolicyTemplates"]["T"],
        1 => &mut root["EntraRoles"]["Policies"]["User Administrator"],
        2 => &mut root["EntraRoles"]["Policies"]["helpdesk"],
        3 => &mut root["AzureRoles"]["Policies"]["Reader"],
        _ => policies(root, "GroupRoles").values_mut().next().unwrap(),
    }
}

fn misspelt(key: &str, choices: &mut Choices<'_>) -> String {
    let at = choices.below(key.len());
    match choices.below(4) {
        0 => format!("{key}s"),
        1 => format!("{key} "),
        2 => key.chars().enumerate().filter(|(index, _)| *index != at).map(|(_, c)| c).collect(),
        _ => key.replacen(|c: char| c.is_alphanumeric(), "-", 1),
    }
}

fn rename(map: &mut Map<String, Value>, key: &str, new: String) {
    if let Some(value) = map.remove(key) {
        map.insert(new, value);
    }
}

/// One key of a policy, its value, or the policy as such.
fn value(policy: &mut Value, choices: &mut Choices<'_>) {
    let key = {
        let keys: Vec<&String> = policy.as_object().unwrap().keys().collect();
        if keys.is_empty() {
            return;
        }
        choices.pick(&keys).clone()
    };
    match choices.below(6) {
        0 | 1 => rename(policy.as_object_mut().unwrap(), &key, misspelt(&key, choices)),
        // Of a list, the tool takes each item.
        2 if policy[&key].is_string() => policy[&key] = json!({ "value": policy[&key] }),
        3 => *policy = json!([policy]),
        4 if policy.get("Template").is_some() => policy["Template"] = json!([policy["Template"]]),
        5 => *policy = choices.pick(&["T", "standard"]).into(),
        _ => {
            let inner = policy.as_object_mut().unwrap().remove(&key).unwrap();
            policy["Settings"] = json!({ key: inner });
        }
    }
}

/// The keys that lead to policies.
fn section(root: &mut Value, choices: &mut Choices<'_>) {
    let section = choices.pick(&SECTIONS);
    match choices.below(3) {
        0 => {
            let new = misspelt("Policies", choices);
            rename(root[section].as_object_mut().unwrap(), "Policies", new);
        }
        1 => {
            let new = misspelt(section, choices);
            rename(root.as_object_mut().unwrap(), section, new);
        }
        _ => {
            let new = misspelt("PolicyTemplates", choices);
            rename(root.as_object_mut().unwrap(), "PolicyTemplates", new);
        }
    }
}

/// What a policy is about.
fn place(root: &mut Value, choices: &mut Choices<'_>) {
    match choices.below(7) {
        0 => drop(root["AzureRoles"]["Policies"]["Reader"].as_object_mut().unwrap().remove("Scope")),
        1 => {
            root["AzureRoles"]["Policies"]["Reader"]["Scope"] =
                choices.pick(&["Production", "/", "/subscriptions/7d1e2b40-0a5f-4c2b-8f55-61b0c90a0029"]).into();
        }
        2 => {
            let policy = root["AzureRoles"]["Policies"]["Reader"].as_object_mut().unwrap();
            let scope = policy.remove("Scope").unwrap();
            policy.insert("Scopes".to_owned(), json!([scope]));
        }
        3 => {
            let new = choices.pick(&[
                "UserAdministrator",
                "user-administrator",
                "User Adminstrator",
                "Benutzeradministrator",
                "*",
                "<role>",
            ]);
            rename(policies(root, "EntraRoles"), "User Administrator", new.to_owned());
        }
        4 => {
            let policy = policies(root, "EntraRoles").remove("helpdesk").unwrap();
            let mut policy = policy.as_object().unwrap().clone();
            policy.insert(
                "RoleName".to_owned(),
                choices.pick(&[r#"["Helpdesk"]"#, "7", "null", r#"{"name":"Helpdesk"}"#]).parse().unwrap(),
            );
            root["EntraRolePolicies"] = json!([policy]);
        }
        5 => {
            let group = policies(root, "GroupRoles").values_mut().next().unwrap();
            rename(
                group.as_object_mut().unwrap(),
                "Member",
                choices.pick(&["Members", "member ", "Mitglied"]).to_owned(),
            );
        }
        _ => {
            let group = policies(root, "GroupRoles").values().next().unwrap().clone();
            let name = choices.pick(&["0ps", "Op s", "Operations", "{group}", ""]);
            root["GroupRoles"]["Policies"] = json!({ name: group });
        }
    }
}
