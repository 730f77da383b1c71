//! Exchanges without names, for a bug report.
//!
//! What stays is what the protocol is made of: ids with numbers in their place, the same number for the same id, times,
//! and the words of a few known fields. Every other text goes. So what a service adds tomorrow cannot carry a name out.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;
use serde_json::Value;
use uuid::Uuid;

/// What stands for a text.
const TEXT: &str = "(text)";
/// The length of a GUID with its hyphens.
const GUID: usize = 36;

/// The fields whose words are the protocol's own. `message` says what was refused.
const KEPT: [&str; 42] = [
    "@odata.type",
    "@odata.context",
    "@odata.id",
    "@odata.nextLink",
    "Content-Type",
    "accessId",
    "action",
    "approvalMode",
    "assignmentType",
    "caller",
    "client-request-id",
    "code",
    "createdUsing",
    "directoryScopeId",
    "duration",
    "enabledRules",
    "errorCode",
    "groupId",
    "id",
    "level",
    "m",
    "maximumDuration",
    "memberType",
    "message",
    "method",
    "notificationLevel",
    "notificationType",
    "operations",
    "policyId",
    "principalId",
    "principalType",
    "recipientType",
    "request-id",
    "requestType",
    "roleDefinitionId",
    "ruleType",
    "scopeId",
    "scopeType",
    "status",
    "targetScheduleId",
    "type",
    "types",
];
/// The fields whose texts are paths.
const PATHS: [&str; 2] = ["p", "url"];
/// The fields that name somebody or something. Messages and paths may repeat what stands in them.
const NAMES: [&str; 7] =
    ["displayName", "appDisplayName", "userPrincipalName", "mail", "mailNickname", "description", "justification"];
/// Texts in filters that the protocol is made of.
const LITERALS: [&str; 6] = ["/", "Group", "DirectoryRole", "member", "owner", "Provisioned"];

/// The same exchanges, one JSON object a line, without names. A line that is no JSON goes.
pub fn anonymous(lines: &str) -> String {
    let exchanges: Vec<Value> = lines.lines().filter_map(|line| serde_json::from_str(line).ok()).map(opened).collect();
    let mut names = BTreeSet::new();
    for exchange in &exchanges {
        named(None, exchange, &mut names);
    }
    let mut mask = Mask { numbers: BTreeMap::new(), names };
    let mut out = String::new();
    for mut exchange in exchanges {
        mask.value(None, &mut exchange);
        out.push_str(&exchange.to_string());
        out.push('\n');
    }
    out
}

/// The exchange with the body that was sent as JSON: it is written down as text.
fn opened(mut exchange: Value) -> Value {
    if let Some(body) = exchange.get_mut("b")
        && let Some(parsed) = body.as_str().and_then(|text| serde_json::from_str(text).ok())
    {
        *body = parsed;
    }
    exchange
}

/// Every name: what a message and a path must not have in them.
fn named(key: Option<&str>, value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            let is_a_name = key.is_some_and(|key| NAMES.contains(&key)) && !LITERALS.contains(&text.as_str());
            if is_a_name && text.chars().count() > 2 {
                names.insert(text.clone());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| named(key, item, names)),
        Value::Object(fields) => fields.iter().for_each(|(key, value)| named(Some(key), value, names)),
        _ => {}
    }
}

fn is_kept(key: Option<&str>) -> bool {
    key.is_some_and(|key| key.ends_with("@odata.bind") || KEPT.contains(&key))
}

/// An id or a time says nothing of anybody.
fn is_plain(text: &str) -> bool {
    Uuid::try_parse(text).is_ok() || text.parse::<jiff::Timestamp>().is_ok()
}

struct Mask {
    /// The number of each id, in the order in which they were met.
    numbers: BTreeMap<Uuid, u128>,
    names: BTreeSet<String>,
}

impl Mask {
    fn value(&mut self, key: Option<&str>, value: &mut Value) {
        match value {
            Value::String(text) if key.is_some_and(|key| PATHS.contains(&key)) => *text = self.path(text),
            Value::String(text) if is_plain(text) => *text = self.numbered(text),
            Value::String(text) if key == Some("message") => *text = without_addresses(&self.text(text)),
            Value::String(text) if is_kept(key) => *text = self.numbered(without_host(text)),
            Value::String(text) => *text = if text.is_empty() { String::new() } else { TEXT.to_owned() },
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(key, item)),
            Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| self.value(Some(key), value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// A path with its query: what stands in quotes is a name, but for a few words and ids.
    fn path(&mut self, path: &str) -> String {
        let decoded = percent_decode_str(path).decode_utf8_lossy();
        let parts = decoded.split('\'').enumerate().map(|(at, part)| {
            let is_literal = at % 2 == 1;
            let says_nothing = is_plain(part) || LITERALS.iter().any(|known| known.eq_ignore_ascii_case(part));
            if is_literal && !says_nothing { TEXT.to_owned() } else { self.text(part) }
        });
        parts.collect::<Vec<String>>().join("'")
    }

    /// A text with numbers for ids, and without any of the names.
    fn text(&mut self, text: &str) -> String {
        let out = self.numbered(text);
        // Longer names first, so that a name within another leaves nothing of that one.
        let mut names: Vec<&String> = self.names.iter().filter(|name| out.contains(name.as_str())).collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.iter().fold(out, |out, name| out.replace(name.as_str(), TEXT))
    }

    /// A text with numbers for ids.
    fn numbered(&mut self, text: &str) -> String {
        let mut rest = text;
        let mut out = String::new();
        while let Some((head, id, tail)) = first_guid(rest) {
            out.push_str(head);
            let next = self.numbers.len() as u128 + 1;
            let number = *self.numbers.entry(id).or_insert(next);
            out.push_str(&Uuid::from_u128(number).hyphenated().to_string());
            rest = tail;
        }
        out.push_str(rest);
        out
    }
}

/// A message without addresses of people, names of servers, and ids that are written in a way of their own: it is free
/// text, and names whom no field names.
fn without_addresses(text: &str) -> String {
    let is_part = |letter: char| letter.is_alphanumeric() || "@._-+#!~%$'".contains(letter);
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|letter| is_part(letter) != is_part(first)).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(end);
        let word = run.trim_matches(['.', '\'', '!', '~', '-', '#']);
        out.push_str(&if names_somebody(word) { run.replace(word, TEXT) } else { run.to_owned() });
        rest = tail;
    }
    out
}

/// An address, the name of a server, or an id without hyphens. Names of permissions, operations and types have dots too.
fn names_somebody(word: &str) -> bool {
    let labels: Vec<&str> = word.split('.').collect();
    let is_address = word.contains('@') || word.to_ascii_lowercase().contains("%40");
    let is_id = word.len() == 32 && word.chars().all(|letter| letter.is_ascii_hexdigit());
    let is_known = labels.first().is_some_and(|first| first.eq_ignore_ascii_case("microsoft"))
        || labels.iter().skip(1).any(|label| ["All", "Read", "ReadWrite", "ReadBasic", "Create"].contains(label));
    let ends_as_domain = labels.last().is_some_and(|last| last.len() > 1 && last.chars().all(char::is_alphabetic));
    let is_domain = labels.len() > 1 && !labels.contains(&"") && ends_as_domain && !is_known;
    is_address || is_id || is_domain
}

/// An address without the server's name, which may be one of the user's.
fn without_host(text: &str) -> &str {
    let path = text.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
    path.unwrap_or(text)
}

/// The first GUID in a text, with what stands before and after it.
fn first_guid(text: &str) -> Option<(&str, Uuid, &str)> {
    text.char_indices().find_map(|(at, _)| {
        let end = at + GUID;
        let id = text.get(at..end).and_then(|part| Uuid::try_parse(part).ok())?;
        Some((text.get(..at)?, id, text.get(end..)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: &str = "3f1c0c5e-0000-4000-8000-00000000000a";

    #[test]
    fn names_go_and_ids_become_numbers() {
        let line = serde_json::json!({
            "m": "POST", "p": format!("/v1.0/groups?$filter=displayName%20eq%20%27SEC%20Probe%27%20and%20id%20eq%20%27{ADA}%27"),
            "b": serde_json::json!({ "displayName": "SEC Probe", "principalId": ADA, "action": "adminAssign" }).to_string(),
            "status": 400,
            "rb": { "@odata.context": "https://probe.contoso.example/v1.0/$metadata#groups",
                "error": { "code": "X", "message": format!("SEC Probe refuses {ADA}"), "brandNew": "Ada Lovelace" } },
        });
        let text = anonymous(&format!("{line}\nnot json\n"));
        assert!(!text.contains("Probe") && !text.contains("Ada") && !text.contains(ADA), "{text}");
        let read: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        let first = "00000000-0000-0000-0000-000000000001";
        assert_eq!(read["b"]["principalId"], first);
        assert_eq!(read["b"]["action"], "adminAssign");
        assert_eq!(read["rb"]["error"]["message"], format!("(text) refuses {first}"));
        assert_eq!(read["p"], format!("/v1.0/groups?$filter=displayName eq '(text)' and id eq '{first}'"));
        assert_eq!(read["m"], "POST");
        assert_eq!(read["rb"]["@odata.context"], "/v1.0/$metadata#groups");
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn messages_lose_addresses_domains_and_ids_and_keep_their_words() {
        let said = |text: &str| {
            let line = serde_json::json!({ "rb": { "error": { "code": "X", "message": text } } }).to_string();
            let read: Value = serde_json::from_str(&anonymous(&line)).unwrap();
            read["rb"]["error"]["message"].as_str().unwrap().to_owned()
        };
        for (text, left) in [
            ("The user ada.o'neil@contoso.example is not there.", "The user (text) is not there."),
            ("User 'ada@contoso.example' or ada%40contoso.example", "User '(text)' or (text)"),
            ("ada_fabrikam.example#EXT#@contoso.onmicrosoft.com!", "(text)!"),
            ("The domain contoso.example.", "The domain (text)."),
            ("See https://sts.contoso.example/x, v1.0", "See https://(text)/x, v1.0"),
            ("id 3f1c0c5e000040008000000000000001 is", "id (text) is"),
            (r#"{"errorCode":"Y","message":"for bo@contoso.example"}"#, r#"{"errorCode":"Y","message":"for (text)"}"#),
        ] {
            assert_eq!(said(text), left);
        }
        for kept in [
            "PermissionScopeNotGranted: RoleManagement.ReadWrite.Directory, User.Read.All is missing. Try again...",
            "'Microsoft.Authorization/roleAssignments/read' of #microsoft.graph.group took 0.5 s",
            "The assignment began less than 5 minutes ago, e.g. now",
        ] {
            assert_eq!(said(kept), kept);
        }
    }

    #[test]
    fn times_stay() {
        let line = r#"{"rb":{"endDateTime":"2026-12-01T00:00:00Z","note":"2026"}}"#;
        assert_eq!(anonymous(line).trim_end(), r#"{"rb":{"endDateTime":"2026-12-01T00:00:00Z","note":"(text)"}}"#);
    }
}
