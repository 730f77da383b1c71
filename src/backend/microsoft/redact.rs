//! Secrets, taken out of texts that are shown or written.

/// What stands where a secret was.
pub(super) const REMOVED: &str = "(removed)";

/// Members of JSON objects whose value is a secret, wherever they stand.
const SECRET_MEMBERS: [&str; 9] = [
    "access_token",
    "refresh_token",
    "id_token",
    "client_secret",
    "client_assertion",
    "assertion",
    "secretText",
    "password",
    "oidcToken",
];

/// A text without the given secrets, and without anything that looks like a signed token.
pub(super) fn text(text: &str, secrets: &[&str]) -> String {
    let mut out = tokens(text);
    for secret in secrets.iter().filter(|secret| secret.len() >= 4) {
        out = out.replace(secret, REMOVED);
    }
    out
}

/// A JSON value without secrets.
pub(super) fn json(value: &mut serde_json::Value, secrets: &[&str]) {
    match value {
        serde_json::Value::String(own) if own.contains("eyJ") || secrets.iter().any(|secret| own.contains(secret)) => {
            *own = text(own, secrets);
        }
        serde_json::Value::Array(list) => list.iter_mut().for_each(|item| json(item, secrets)),
        serde_json::Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                if SECRET_MEMBERS.iter().any(|secret| secret.eq_ignore_ascii_case(name)) && member.is_string() {
                    *member = REMOVED.into();
                } else {
                    json(member, secrets);
                }
            }
        }
        _ => {}
    }
}

/// A signed token (JWT) is three parts of base64url between dots, and the first begins with `{"` encoded.
fn tokens(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("eyJ") {
        out.push_str(before);
        let end =
            after.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.')).unwrap_or(after.len());
        let (token, tail) = after.split_at(end);
        if token.contains('.') && token.len() > 16 {
            out.push_str(REMOVED);
        } else {
            out.push_str("eyJ");
            out.push_str(token);
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_known_secrets_go_and_the_rest_stays() {
        let token = "eyJhbGciOiJub25lIn0.eyJvaWQiOiJ4In0.c2lnbmF0dXJl";
        assert_eq!(text(&format!("a {token}, b"), &[]), "a (removed), b");
        assert_eq!(text("the secret is hunter2!", &["hunter2"]), "the secret is (removed)!");
        assert_eq!(text("eyJ alone and eyJust.a.word", &[]), "eyJ alone and eyJust.a.word");
        let mut value = serde_json::json!({
            "Access_Token": "x", "kept": [{ "secretText": "y" }, token], "password": null,
        });
        json(&mut value, &[]);
        let clean = serde_json::json!({
            "Access_Token": "(removed)", "kept": [{ "secretText": "(removed)" }, "(removed)"], "password": null,
        });
        assert_eq!(value, clean);
    }
}
