//! Permissions that policy files need, for people, for programs, and as commands of the Azure CLI.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::escape::visible;
use super::json::harmless_json;
use super::words::thousands;
use crate::permissions::{AzureRole, GRAPH_APPLICATION, Permissions, Purpose, Reason, Required, Scope};

/// For people, with the commands behind.
pub fn permissions_text(permissions: &Permissions) -> String {
    let mut out = String::new();
    for required in &permissions.required {
        let blank = if out.is_empty() { "" } else { "\n" };
        let _ = writeln!(out, "{blank}To {}", purpose(required.purpose));
        purpose_text(&mut out, required);
    }
    for note in &permissions.notes {
        let _ = writeln!(out, "\nnote: {note}");
    }
    if permissions.required.iter().any(|required| !is_nothing(required)) {
        out += "\nThe same as commands (`--format az` gives only these)\n\n";
        out += &permissions_az(permissions);
    }
    out
}

/// For programs.
pub fn permissions_json(permissions: &Permissions) -> serde_json::Result<String> {
    Ok(harmless_json(serde_json::to_string_pretty(permissions)? + "\n"))
}

fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Plan => "plan: only reading",
        Purpose::Apply => "apply: reading and changing",
    }
}

fn is_nothing(required: &Required) -> bool {
    required.graph.is_empty() && required.azure.is_empty()
}

fn purpose_text(out: &mut String, required: &Required) {
    if is_nothing(required) {
        *out += "  nothing: the files declare nothing\n";
    }
    if !required.graph.is_empty() {
        *out += "\n  Microsoft Graph, as application permissions\n";
    }
    for permission in &required.graph {
        let _ = writeln!(out, "    {}  {}", permission.permission, permission.id);
        reasons(out, &permission.reasons);
    }
    for role in &required.azure {
        let scopes: Vec<String> = role.scopes.iter().map(scope_text).collect();
        *out += "\n  Azure Resource Manager, as actions of a role\n";
        for scope in scopes {
            let _ = writeln!(out, "    at {}", visible(&scope));
        }
        for action in &role.actions {
            let _ = writeln!(out, "    {}", action.action);
            reasons(out, &action.reasons);
        }
    }
}

fn reasons(out: &mut String, reasons: &[Reason]) {
    for reason in reasons {
        let place = match (&reason.place, reason.more) {
            (None, _) => String::new(),
            (Some(place), 0) => format!(" ({})", visible(&place.to_string())),
            (Some(place), more) => {
                format!(" ({}, and {} more)", visible(&place.to_string()), thousands(more))
            }
        };
        let _ = writeln!(out, "      to {}{place}", reason.to);
    }
}

fn scope_text(scope: &Scope) -> String {
    match scope {
        Scope::ManagementGroup { name } => format!("management group `{name}`"),
        Scope::Subscription { name, resource_group: None } => format!("subscription `{name}`"),
        Scope::Subscription { name, resource_group: Some(group) } => {
            format!("resource group `{group}` of subscription `{name}`")
        }
        Scope::Id(scope) => format!("`{scope}`"),
    }
}

/// A script for the Azure CLI that grants all of it.
pub fn permissions_az(permissions: &Permissions) -> String {
    let mut script = String::from(
        "# Run as somebody who may consent for the tenant, and define and assign roles at the scopes below.\n",
    );
    let variables = Variables::of(permissions);
    for required in permissions.required.iter().filter(|required| !is_nothing(required)) {
        let (variable, who) = application(required.purpose);
        let _ = writeln!(script, "# {variable} is the application id of the identity that {who}.");
        let _ = writeln!(script, ": \"${{{variable}:?}}\"");
    }
    script += &variables.lookups();
    for required in &permissions.required {
        grants(&mut script, required, &variables);
    }
    // A name that could deceive is shown as what it is. The lookup then finds nothing, and the script stops there.
    script.lines().flat_map(|line| [visible(line), "\n".into()]).collect()
}

fn application(purpose: Purpose) -> (&'static str, &'static str) {
    match purpose {
        Purpose::Plan => ("PLAN_APP_ID", "plans"),
        Purpose::Apply => ("APPLY_APP_ID", "applies"),
    }
}

fn grants(script: &mut String, required: &Required, variables: &Variables<'_>) {
    let (application, _) = application(required.purpose);
    if !required.graph.is_empty() {
        let names: Vec<&str> = required.graph.iter().map(|it| it.permission).collect();
        let _ = writeln!(script, "\n# {}", names.join("\n# "));
        let _ = write!(
            script,
            "az ad app permission add --id \"${application}\" --api {GRAPH_APPLICATION} --api-permissions"
        );
        for permission in &required.graph {
            let _ = write!(script, " \\\n  {}=Role", permission.id);
        }
        let _ = writeln!(script, "\naz ad app permission admin-consent --id \"${application}\"");
    }
    let word = match required.purpose {
        Purpose::Plan => "plan",
        Purpose::Apply => "apply",
    };
    for (role, number) in required.azure.iter().zip(1..) {
        let name =
            if required.azure.len() == 1 { format!("pimform {word}") } else { format!("pimform {word} {number}") };
        let _ =
            writeln!(script, "\naz role definition create --role-definition {}", definition(&name, role, variables));
        for scope in &role.scopes {
            let scope = variables.word(scope);
            let _ = writeln!(
                script,
                "az role assignment create --assignee \"${application}\" --role {} --scope {scope}",
                quoted(&name)
            );
        }
    }
}

/// The definition of a custom role as one word of the shell.
fn definition(name: &str, role: &AzureRole, variables: &Variables<'_>) -> String {
    let actions: Vec<String> = role.actions.iter().map(|action| json_text(action.action)).collect();
    let mut scopes: Vec<String> = role.scopes.iter().map(|scope| variables.json(&scope.assignable())).collect();
    scopes.sort();
    scopes.dedup();
    format!(
        "'{{\n  \"Name\": {},\n  \"IsCustom\": true,\n  \"Description\": \"What pimform needs, and nothing else.\",\n  \
         \"Actions\": [\n    {}\n  ],\n  \"NotActions\": [],\n  \"AssignableScopes\": [\n    {}\n  ]\n}}'",
        json_text(name),
        actions.join(",\n    "),
        scopes.join(",\n    ")
    )
}

/// Variables of the script for scopes whose ids the files do not have.
struct Variables<'p> {
    management_groups: BTreeMap<&'p str, String>,
    subscriptions: BTreeMap<&'p str, String>,
}

impl<'p> Variables<'p> {
    fn of(permissions: &'p Permissions) -> Self {
        let mut variables = Self { management_groups: BTreeMap::new(), subscriptions: BTreeMap::new() };
        let roles = permissions.required.iter().flat_map(|required| &required.azure);
        for scope in roles.flat_map(|role| &role.scopes) {
            let (names, name, word) = match scope {
                Scope::ManagementGroup { name } => (&mut variables.management_groups, name, "MANAGEMENT_GROUP"),
                Scope::Subscription { name, .. } => (&mut variables.subscriptions, name, "SUBSCRIPTION"),
                Scope::Id(_) => continue,
            };
            let number = names.len() + 1;
            names.entry(name).or_insert_with(|| format!("{word}_{number}"));
        }
        variables
    }

    /// Each is looked up as the policy language does: by name or display name.
    fn lookups(&self) -> String {
        let mut script = String::new();
        for (name, variable) in &self.management_groups {
            let literal = jmespath(name);
            let query = quoted(&format!("[?name=={literal} || displayName=={literal}].id | [0]"));
            let _ = writeln!(script, "{variable}=$(az account management-group list --query {query} --output tsv)");
        }
        for (name, variable) in &self.subscriptions {
            let query = quoted(&format!("[?name=={}].id | [0]", jmespath(name)));
            let _ = writeln!(script, "{variable}=$(az account list --query {query} --output tsv)");
        }
        let all: Vec<String> = self
            .management_groups
            .values()
            .chain(self.subscriptions.values())
            .map(|variable| format!(": \"${{{variable}:?not found}}\"\n"))
            .collect();
        if script.is_empty() { script } else { format!("\n{script}{}", all.concat()) }
    }

    /// A scope as a word of the shell.
    fn word(&self, scope: &Scope) -> String {
        match scope {
            Scope::Id(scope) => quoted(scope.as_str()),
            Scope::ManagementGroup { name } => format!("\"${}\"", self.management_group(name)),
            Scope::Subscription { name, resource_group } => {
                let inside = resource_group.as_ref().map(|group| quoted(&format!("/resourceGroups/{group}")));
                format!("\"/subscriptions/${}\"{}", self.subscription(name), inside.unwrap_or_default())
            }
        }
    }

    /// A scope as JSON within a quoted word of the shell.
    fn json(&self, scope: &Scope) -> String {
        match scope {
            Scope::Id(scope) => json_text(scope.as_str()),
            Scope::ManagementGroup { name } => format!("\"'\"${}\"'\"", self.management_group(name)),
            Scope::Subscription { name, resource_group } => {
                let inside = resource_group.as_ref().map(|group| json_text(&format!("/resourceGroups/{group}")));
                let inside = inside.as_deref().map_or("", |text| text.trim_matches('"'));
                format!("\"/subscriptions/'\"${}\"'{inside}\"", self.subscription(name))
            }
        }
    }

    fn management_group(&self, name: &str) -> &str {
        self.management_groups.get(name).map_or("", String::as_str)
    }

    fn subscription(&self, name: &str) -> &str {
        self.subscriptions.get(name).map_or("", String::as_str)
    }
}

/// A word of a POSIX shell, in quotes where it needs them.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+=,-".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { quoted(text) }
}

/// A word of the shell that nothing in it can end.
fn quoted(text: &str) -> String {
    format!("'{}'", inside_quotes(text))
}

fn inside_quotes(text: &str) -> String {
    text.replace('\'', r"'\''")
}

/// A JSON string within a quoted word of the shell.
fn json_text(text: &str) -> String {
    inside_quotes(&serde_json::Value::from(text).to_string())
}

/// A string of the query language of the Azure CLI, in backquotes, which take JSON.
fn jmespath(text: &str) -> String {
    format!("`{}`", serde_json::Value::from(text).to_string().replace('`', r"\`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        let name = "it's `x` \"$(rm -rf ~)\" \\";
        assert_eq!(quoted(name), r#"'it'\''s `x` "$(rm -rf ~)" \'"#);
        assert_eq!(shell_word(name), quoted(name));
        assert_eq!(shell_word("http://127.0.0.1:1"), "http://127.0.0.1:1");
        assert_eq!(json_text(name), r#""it'\''s `x` \"$(rm -rf ~)\" \\""#);
        assert_eq!(jmespath(name), r#"`"it's \`x\` \"$(rm -rf ~)\" \\"`"#);
    }
}
