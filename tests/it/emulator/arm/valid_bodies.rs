//! Whatever Microsoft's definitions of PIM for Azure allow in a body is known: it may be refused, but never as unknown.
//!
//! The definitions are not part of this project. They are looked for beside it; without them nothing is checked, which is
//! said.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::emulator::client::{ADA, Answer, Client, OWNER, SUBSCRIPTION, options};
use pimform::emulator::Options;

const PROVIDER: &str = "providers/Microsoft.Authorization";
const VERSION: &str = "api-version=2020-10-01";

/// The definitions, by name, of all files.
struct Definitions(Map<String, Value>);

impl Definitions {
    fn find() -> Option<Self> {
        let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
        let folder = std::env::var_os("PIMFORM_SHARED").map_or(beside, PathBuf::from);
        let files = std::fs::read_dir(folder.join("reference/ms/arm/2020-10-01")).ok()?;
        let mut all = Map::new();
        for path in
            files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|it| it == "json"))
        {
            let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            all.extend(file["definitions"].as_object().cloned().unwrap_or_default());
        }
        Some(Self(all))
    }

    /// The schema itself, behind references.
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            None => schema,
            Some(reference) => {
                let name = reference.rsplit('/').next().unwrap();
                self.resolve(self.0.get(name).unwrap_or_else(|| panic!("`{name}` is not in the definitions")))
            }
        }
    }

    /// The properties of a schema, with those of what it derives from.
    fn properties(&self, schema: &Value) -> Map<String, Value> {
        let schema = self.resolve(schema);
        let mut all = schema["properties"].as_object().cloned().unwrap_or_default();
        for base in schema["allOf"].as_array().into_iter().flatten() {
            all.extend(self.properties(base));
        }
        all
    }

    /// A value of a schema, as small as possible.
    fn value(&self, schema: &Value) -> Value {
        let schema = self.resolve(schema);
        if let Some(words) = schema["enum"].as_array() {
            return words[0].clone();
        }
        match (schema["type"].as_str(), schema["format"].as_str()) {
            (Some("boolean"), _) => json!(false),
            (Some("integer"), _) => json!(1),
            (Some("array"), _) => json!([self.value(&schema["items"])]),
            (Some("string"), Some("date-time")) => json!("2026-12-01T00:00:00Z"),
            (Some("string"), _) => json!("text"),
            _ => json!({}),
        }
    }

    /// Where in a body of a schema a property may be, with a value for each.
    fn places(&self, schema: &Value, at: &str) -> Vec<(String, Value)> {
        let mut found = Vec::new();
        for (name, property) in self.properties(schema) {
            let here = format!("{at}/{name}");
            found.push((here.clone(), self.value(&property)));
            let inner = self.resolve(&property);
            // Rules have a test of their own.
            if name != "rules" && name != "effectiveRules" {
                found.extend(match inner["type"].as_str() {
                    Some("array") => self.places(&inner["items"], &format!("{here}/0")),
                    _ => self.places(inner, &here),
                });
            }
        }
        found
    }
}

/// Puts a value where a path leads, and makes what is on the way.
fn put(body: &mut Value, path: &str, value: Value) {
    let (first, rest) = match path.trim_start_matches('/').split_once('/') {
        None => (path.trim_start_matches('/'), ""),
        Some((first, rest)) => (first, rest),
    };
    if first.is_empty() {
        *body = value;
    } else if first == "0" {
        if body.as_array().is_none_or(Vec::is_empty) {
            *body = json!([{}]);
        }
        put(&mut body[0], rest, value);
    } else {
        if !body.is_object() {
            *body = json!({});
        }
        put(&mut body[first], rest, value);
    }
}

/// Whether something was refused because it is not known.
fn is_unknown(answer: &Answer) -> bool {
    let said = answer.body["error"]["message"].as_str().unwrap_or_default();
    answer.status == 501 || said.contains("Could not find member")
}

/// Sends a body with each property that a schema has, once with a value and once with null. What was refused as unknown.
async fn unknown(client: &Client, call: (&str, &str), base: &Value, places: &[(String, Value)]) -> Vec<String> {
    let mut refused = Vec::new();
    for (place, value) in places {
        for value in [value.clone(), Value::Null] {
            let mut body = base.clone();
            put(&mut body, place, value.clone());
            let answer = client.send(call.0, call.1, body).await;
            if is_unknown(&answer) {
                refused.push(format!("{place} = {value}: {}", answer.body));
            }
        }
    }
    refused
}

#[tokio::test]
#[expect(clippy::print_stderr, reason = "a check that is left out is said")]
async fn no_valid_body_is_refused_as_unknown() {
    let Some(definitions) = Definitions::find() else {
        eprintln!("the definitions of the service are not at hand: nothing is checked");
        return;
    };
    // What only the service may set is not allowed in bodies by the same definitions.
    let client = Client::with(Options { log: false, ..options() }).await;
    let mut refused = Vec::new();
    let mut tried = 0;
    for kind in ["Eligibility", "Assignment"] {
        let places = definitions.places(&definitions.0[&format!("Role{kind}ScheduleRequest")], "");
        assert!(places.len() > 20, "{places:?}");
        tried += places.len();
        let path = format!(
            "{SUBSCRIPTION}/{PROVIDER}/role{kind}ScheduleRequests/00000000-0000-4000-8000-000000000001/validate?{VERSION}"
        );
        let base = json!({ "properties": {
            "principalId": ADA, "roleDefinitionId": format!("{SUBSCRIPTION}/{PROVIDER}/roleDefinitions/{OWNER}"),
            "requestType": "AdminAssign", "justification": "test",
            "scheduleInfo": { "expiration": { "type": "AfterDuration", "duration": "P5D" } },
        } });
        refused.extend(unknown(&client, ("POST", &path), &base, &places).await);
    }
    let listed = client.get(&format!("{SUBSCRIPTION}/{PROVIDER}/roleManagementPolicyAssignments?{VERSION}")).await;
    let own = |item: &&Value| item["properties"]["roleDefinitionId"].as_str().unwrap().ends_with(OWNER);
    let assignment = listed.entries().iter().find(own).unwrap().clone();
    let places = definitions.places(&definitions.0["RoleManagementPolicyAssignment"], "");
    tried += places.len();
    let path = format!(
        "{SUBSCRIPTION}/{PROVIDER}/roleManagementPolicyAssignments/{}?{VERSION}",
        assignment["name"].as_str().unwrap()
    );
    refused.extend(unknown(&client, ("PUT", &path), &json!({ "properties": {} }), &places).await);

    let policy = assignment["properties"]["policyId"].as_str().unwrap().rsplit('/').next().unwrap();
    let path = format!("{SUBSCRIPTION}/{PROVIDER}/roleManagementPolicies/{policy}?{VERSION}");
    let places = definitions.places(&definitions.0["RoleManagementPolicy"], "");
    tried += places.len();
    refused.extend(unknown(&client, ("PATCH", &path), &json!({ "properties": {} }), &places).await);
    let policy = client.get(&path).await.body;
    for rule in policy["properties"]["rules"].as_array().unwrap() {
        let places = definitions.places(&definitions.0[rule["ruleType"].as_str().unwrap()], "/properties/rules/0");
        assert!(places.len() > 4, "{places:?}");
        tried += places.len();
        let base = json!({ "properties": { "rules": [rule] } });
        refused.extend(unknown(&client, ("PATCH", &path), &base, &places).await);
    }
    assert!(tried > 300, "{tried}");
    assert!(refused.is_empty(), "{refused:#?}");
}
