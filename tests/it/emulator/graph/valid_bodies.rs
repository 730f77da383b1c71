//! Whatever Microsoft's definitions allow in a body is known: it may be refused, but never as unknown.
//!
//! The definitions are not part of this project. They are looked for beside it; without them nothing is checked, which is
//! said.

use std::path::PathBuf;

use super::super::client::Answer;
use super::*;

/// The definitions, if they are at hand.
struct Definitions(Value);

impl Definitions {
    fn find() -> Option<Self> {
        let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
        let folder = std::env::var_os("PIMFORM_SHARED").map_or(beside, PathBuf::from);
        let text = std::fs::read_to_string(folder.join("contract/graph-v1.0-pim.openapi31.json")).ok()?;
        Some(Self(serde_json::from_str(&text).unwrap()))
    }

    /// What a path takes.
    fn body(&self, method: &str, path: &str) -> &Value {
        let body =
            &self.0["paths"][path][method.to_lowercase()]["requestBody"]["content"]["application/json"]["schema"];
        assert!(body.is_object(), "{method} {path} is not in the definitions");
        self.resolve(body)
    }

    /// The type itself, behind references, and where it has heirs not one of those.
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap();
            return self.resolve(&self.0["components"]["schemas"][name]);
        }
        match schema["allOf"].as_array().and_then(|heirs| heirs.last()) {
            Some(last) if schema["properties"].as_object().is_none_or(|own| own.len() <= 1) => {
                self.resolve(&last["then"])
            }
            _ => schema,
        }
    }

    /// A value of a type, with everything in it down to a depth. Nothing for relations, whose content is not judged.
    fn value(&self, schema: &Value, depth: u8) -> Option<Value> {
        if let Some(arms) = schema["anyOf"].as_array() {
            let arm = arms.iter().find(|arm| arm["type"] != "null")?;
            return self.value(arm, depth);
        }
        let schema = self.resolve(schema);
        if let Some(words) = schema["enum"].as_array() {
            return words.first().cloned();
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null")?,
            kind => kind,
        };
        Some(match kind.as_str()? {
            "string" => json!(match schema["format"].as_str() {
                Some("date-time") => "2026-12-01T00:00:00Z",
                Some("duration") => "PT1H",
                Some("uuid") => ADA,
                _ => "text",
            }),
            "boolean" => json!(false),
            "integer" | "number" => json!(1),
            "array" => match depth {
                0 => json!([]),
                _ => json!([self.value(&schema["items"], depth - 1)?]),
            },
            "object" => {
                let properties = schema["properties"].as_object().into_iter().flatten();
                let inside = properties.filter(|(name, _)| depth > 0 && !name.starts_with('@'));
                let inside = inside.filter_map(|(name, schema)| Some((name.clone(), self.value(schema, depth - 1)?)));
                Value::Object(inside.collect())
            }
            _ => return None,
        })
    }
}

/// What a client sends at least, and the path that it sends it to.
async fn calls(client: &Client) -> Vec<(&'static str, &'static str, String, Value)> {
    let application = client.send("POST", "/v1.0/applications", json!({ "displayName": "x" })).await.body;
    let role = json!({ "displayName": "x", "isEnabled": true, "rolePermissions": [] });
    let role = client.send("POST", ROLES, role).await.body;
    let policies = format!("{POLICIES}?$filter=scopeId%20eq%20'/'%20and%20scopeType%20eq%20'DirectoryRole'");
    let policy = client.get(&policies).await.entries()[0]["id"].as_str().unwrap().to_owned();
    let of = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let asked = ask("adminAssign", GRACE, &json!({ "scheduleInfo": forever(), "isValidationOnly": true }));
    let of_group = json!({
        "accessId": "member", "groupId": OPERATORS, "principalId": GRACE, "action": "adminAssign",
        "isValidationOnly": true, "scheduleInfo": forever(),
    });
    let group = json!({ "displayName": "x", "mailNickname": "x", "mailEnabled": false, "securityEnabled": true });
    let user = json!({
        "displayName": "x", "mailNickname": "x", "userPrincipalName": "x@contoso.example", "accountEnabled": true,
        "passwordProfile": { "password": "p@$$Wd123456" },
    });
    let in_group = "/identityGovernance/privilegedAccess/group";
    let in_directory = "/roleManagement/directory";
    let mut calls = vec![
        ("POST", "/groups", "/groups".to_owned(), group),
        ("PATCH", "/groups/{id}", format!("/groups/{OPERATORS}"), json!({})),
        ("POST", "/users", "/users".to_owned(), user),
        ("PATCH", "/users/{id}", format!("/users/{ADA}"), json!({})),
        ("POST", "/applications", "/applications".to_owned(), json!({ "displayName": "x" })),
        ("PATCH", "/applications/{id}", format!("/applications/{}", of(&application)), json!({})),
        ("POST", "/servicePrincipals", "/servicePrincipals".to_owned(), json!({ "appId": application["appId"] })),
        ("PATCH", "/servicePrincipals/{id}", format!("/servicePrincipals/{RUNNER}"), json!({})),
        ("POST", "/directoryRoles", "/directoryRoles".to_owned(), json!({ "roleTemplateId": USER_ADMINISTRATOR })),
        ("POST", "/directoryObjects/getByIds", "/directoryObjects/getByIds".to_owned(), json!({ "ids": [ADA] })),
        (
            "PATCH",
            "/roleManagement/directory/roleDefinitions/{id}",
            format!("{in_directory}/roleDefinitions/{}", of(&role)),
            json!({}),
        ),
        (
            "PATCH",
            "/policies/roleManagementPolicies/{id}",
            format!("/policies/roleManagementPolicies/{policy}"),
            json!({}),
        ),
    ];
    for question in ["getMemberGroups", "getMemberObjects", "checkMemberGroups", "checkMemberObjects"] {
        let path: &'static str = format!("/users/{{id}}/{question}").leak();
        calls.push(("POST", path, format!("/users/{ADA}/{question}"), json!({})));
    }
    let definition = json!({ "displayName": "x", "isEnabled": true, "rolePermissions": [] });
    let plain = json!({ "principalId": GRACE, "roleDefinitionId": USER_ADMINISTRATOR, "directoryScopeId": "/" });
    for (folder, name, body) in [
        (in_directory, "roleDefinitions", &definition),
        (in_directory, "roleAssignments", &plain),
        (in_directory, "roleEligibilityScheduleRequests", &asked),
        (in_directory, "roleAssignmentScheduleRequests", &asked),
        (in_group, "eligibilityScheduleRequests", &of_group),
        (in_group, "assignmentScheduleRequests", &of_group),
    ] {
        let path: &'static str = format!("{folder}/{name}").leak();
        calls.push(("POST", path, path.to_owned(), body.clone()));
    }
    calls
}

const ROLES: &str = "/v1.0/roleManagement/directory/roleDefinitions";

/// Whether a refusal says that something is not known.
fn is_unknown(answer: &Answer) -> bool {
    let message = answer.body["error"]["message"].as_str().unwrap_or_default();
    answer.status == 404 && message.contains("does not know")
        || answer.status == 400 && (message.contains("does not exist on type") || answer.code() == "NotImplemented")
}

#[tokio::test]
#[expect(clippy::print_stderr, reason = "a check that is left out is said")]
async fn no_body_that_the_definitions_allow_is_refused_as_unknown() {
    let Some(definitions) = Definitions::find() else {
        eprintln!("the definitions of Graph are not at hand: nothing is checked");
        return;
    };
    let client = start_unlogged().await;
    let (mut sent, mut unknown) = (0, Vec::new());
    for (method, template, path, least) in calls(&client).await {
        let schema = definitions.body(method, template);
        for (name, property) in schema["properties"].as_object().unwrap() {
            let null = property["type"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "null"))
                || property["anyOf"].as_array().is_some_and(|arms| arms.iter().any(|arm| arm["type"] == "null"));
            // What the least body has already stays as it is.
            let values = [null.then_some(Value::Null), definitions.value(property, 3), definitions.value(property, 0)];
            for value in values.into_iter().flatten().filter(|_| least.get(name).is_none()) {
                let mut body = least.clone();
                body[name] = value;
                let answer = client.send(method, &format!("/v1.0{path}"), body.clone()).await;
                sent += 1;
                if is_unknown(&answer) {
                    unknown.push(format!("{method} {template}: {name}: {}", answer.body["error"]["message"]));
                }
                assert!(answer.status != 501 && answer.status < 505, "{method} {template}: {body}: {answer:?}");
            }
        }
        let mut with_nothing = least.clone();
        for relation in schema["patternProperties"].as_object().into_iter().flatten().map(|(pattern, _)| pattern) {
            let Some(names) = relation.strip_suffix(r")@odata\.bind$").and_then(|names| names.strip_prefix("^("))
            else {
                continue;
            };
            for name in names.split('|') {
                with_nothing[name] = json!([]);
                with_nothing[format!("{name}@odata.count")] = json!(0);
            }
        }
        let answer = client.send(method, &format!("/v1.0{path}"), with_nothing).await;
        if is_unknown(&answer) {
            unknown.push(format!("{method} {template}: relations: {}", answer.body["error"]["message"]));
        }
    }
    assert!(sent > 500, "only {sent} bodies were sent");
    assert!(unknown.is_empty(), "{} of {sent} bodies:\n{}", unknown.len(), unknown.join("\n"));
}

#[tokio::test]
async fn what_nobody_defines_is_still_refused_as_unknown() {
    let client = start_unlogged().await;
    for body in [
        json!({ "colour": null }),
        json!({ "extension_short_name": "x" }),
        json!({ "colour@odata.bind": [] }),
        json!({ "ext12345678": "x" }),
    ] {
        let answer = client.send("PATCH", &format!("/v1.0/groups/{OPERATORS}"), body.clone()).await;
        assert!(is_unknown(&answer), "{body}: {answer:?}");
    }
    let open = json!({ "extension_0123456789abcdef0123456789abcdef_team": "x", "ext0123abcd_team": { "a": 1 } });
    assert_eq!(client.send("PATCH", &format!("/v1.0/groups/{OPERATORS}"), open).await.status, 204);
    let bound = json!({ "calendar@odata.bind": "https://graph.microsoft.com/v1.0/me/calendar" });
    let answer = client.send("PATCH", &format!("/v1.0/groups/{OPERATORS}"), bound).await;
    assert_eq!(answer.refusal(), (400, "Request_BadRequest"));
}

#[tokio::test]
async fn what_only_the_service_sets_is_passed_over() {
    let client = start().await;
    let group = json!({
        "displayName": "x", "mailNickname": "x", "mailEnabled": false, "securityEnabled": true, "id": ADA,
        "createdDateTime": "2020-01-01T00:00:00Z", "isAssignableToRole": null, "unseenCount": null,
    });
    let made = client.send("POST", "/v1.0/groups", group).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_ne!(made.body["id"], ADA);
    let same = json!({ "isAssignableToRole": false, "groupTypes": [], "mailEnabled": false });
    let path = format!("/v1.0/groups/{}", made.body["id"].as_str().unwrap());
    assert_eq!(client.send("PATCH", &path, same).await.status, 204);
    let other = json!({ "isAssignableToRole": true });
    assert_eq!(client.send("PATCH", &path, other).await.refusal(), (400, "Request_BadRequest"));
    let more = json!({
        "scheduleInfo": forever(), "createdBy": null, "id": ADA, "status": "Granted", "approvalId": null,
        "completedDateTime": null, "justification": null, "ticketInfo": null, "targetScheduleId": null,
    });
    let made = client.send("POST", ASK_ELIGIBLE, ask("adminAssign", GRACE, &more)).await;
    assert_eq!((made.status, &made.body["status"]), (201, &json!("Provisioned")), "{made:?}");
    assert_ne!(made.body["id"], ADA);
}
