use super::*;
use crate::backend::BackendError;

const HEAD: &str = r#""format":"pimform-tenant","version":1,"tenant":{"id":"0f4a2a3e-0000-4000-8000-000000000001"}"#;

fn complaint(text: &str) -> (String, String) {
    match TenantFile::parse("t.json", text.as_bytes()) {
        Err(BackendError::Invalid { what, help }) => (what, help.unwrap_or_default()),
        other => panic!("{other:?}"),
    }
}

fn in_target(keys: &str) -> (String, String) {
    complaint(&format!("{{{HEAD},\"targets\":[{{{keys}}}]}}"))
}

#[test]
fn each_object_of_a_list_has_a_line_of_its_own() {
    let id = "0f4a2a3e-0000-4000-8000-000000000002";
    let text = format!(
        r#"{{
  "format": "pimform-tenant",
  "version": 1,
  "tenant": {{ "id": "0f4a2a3e-0000-4000-8000-000000000001" }},
  "groups": [
    {{ "id": "{id}", "name": "a \"b\" [c", "members": ["{id}", "{id}"] }}
  ],
  "resource_groups": [
    "/subscriptions/{id}/resourceGroups/app"
  ],
  "targets": [
    {{ "group": "{id}", "access": "member", "settings": {{ "activation": {{ "max_duration": "1h" }} }}, "eligible": [
      {{ "principal": "{id}", "end": "2027-01-01T00:00:00Z" }},
      {{ "principal": "{id}", "origin": "activated" }}
    ] }},
    {{ "directory_role": "{id}" }}
  ]
}}
"#
    );
    let mut written = Vec::new();
    TenantFile::parse("t.json", text.as_bytes()).unwrap().write_to(&mut written).unwrap();
    assert_eq!(String::from_utf8(written).unwrap(), text);
}

#[test]
fn other_files_and_newer_ones_are_called_what_they_are() {
    let (what, _) = complaint(r#"{"format":"pimform-tenant","version":2,"realm":{}}"#);
    assert_eq!(what, "`t.json` was written by a newer pimform: it has version 2, this one reads version 1");
    let (what, _) = complaint(r#"{"format":"terraform"}"#);
    assert_eq!(what, "`t.json` is not a tenant file: its format is `terraform`");
    let (what, _) = complaint(r#"{"users":[]}"#);
    assert_eq!(what, "`t.json` is not a tenant file: it does not say `\"format\": \"pimform-tenant\"`");
    let (what, _) = complaint(r#"{"format":"pimform-tenant","version":0}"#);
    assert_eq!(what, "`t.json` line 1, column 39: there is no version 0 of this format");
}

#[test]
fn every_way_of_cutting_a_file_off_is_an_error() {
    let text = format!("{{{HEAD},\"users\":[]}}");
    for length in 0..text.len() {
        let (what, _) = complaint(&text[..length]);
        assert!(what.contains("cut off"), "{length}: {what}");
    }
}

#[test]
fn slips_are_shown_with_place_and_way_out() {
    let (what, help) = complaint(&format!("{{{HEAD},\n\"user\":[]}}"));
    assert_eq!((&*what, &*help), ("`t.json` line 2, column 6: unknown key `user`", "did you mean `users`?"));
    let (what, help) = complaint(&format!("{{{HEAD},\n\"users\":{{}}}}"));
    assert_eq!((&*what, &*help), ("`t.json` line 2, column 8: wrong type: an object", "write a list here"));
    let (what, _) = complaint(&format!("{{{HEAD},\"users\":[],\"users\":[]}}"));
    assert!(what.ends_with("twice the key `users`"), "{what}");
    let (what, help) = in_target(r#""settings":3"#);
    assert!(what.ends_with("wrong type: integer `3`"), "{what}");
    assert_eq!(help, "write an object here");
    let (_, help) = in_target(r#""settings":{"activation":{"max_durration":"8h"}}"#);
    assert_eq!(help, "did you mean `max_duration`?");
    let (what, _) = in_target(r#""settings":{"activation":{"max_duration":"P8H"}}"#);
    assert!(what.ends_with("`P8H` is not a duration"), "{what}");
    let (_, help) = in_target(r#""directory_role":"x","access":"membr""#);
    assert!(!help.contains("struct"), "{help}");
    let (_, help) = in_target(r#""access":"membr""#);
    assert_eq!(help, "did you mean `member`?");
}

#[test]
fn no_message_names_a_type_of_ours() {
    let id = "0f4a2a3e-0000-4000-8000-000000000002";
    for keys in [
        r#""settings":[]"#,
        r#""settings":{"activation":3}"#,
        r#""settings":{"activation":{"authentication":3}}"#,
        r#""settings":{"activation":{"approval":{"by":{}}}}"#,
        r#""settings":{"notifications":{"activated":"x"}}"#,
        r#""eligible":[3]"#,
        &format!(r#""eligible":[{{"principal":"{id}","scope":3}}]"#),
        &format!(r#""eligible":[{{"principal":"{id}","origin":[]}}]"#),
        &format!(r#""eligible":[{{"principal":"{id}","start":7}}]"#),
    ] {
        let (what, help) = in_target(keys);
        for word in ["struct", "enum", "Settings", "Activation", "Option", "u8", "variant"] {
            assert!(!what.contains(word) && !help.contains(word), "{keys}: {what}; {help}");
        }
    }
}

#[test]
fn a_target_is_exactly_one_of_three() {
    let id = "0f4a2a3e-0000-4000-8000-000000000002";
    for (keys, message) in [
        (String::new(), "this entry names no target"),
        (format!("\"group\":\"{id}\""), "`group` needs `access` beside it"),
        ("\"access\":\"owner\"".to_owned(), "`access` needs `group` beside it"),
        (format!("\"role\":\"{id}\""), "`role` needs `scope` beside it"),
        (format!("\"directory_role\":\"{id}\",\"role\":\"{id}\""), "this entry names more than one target"),
    ] {
        let (what, _) = in_target(&keys);
        assert!(what.ends_with(message), "{what}");
    }
}

#[test]
fn a_byte_order_mark_does_no_harm_and_other_bytes_are_refused() {
    let text = format!("\u{feff}{{{HEAD}}}");
    assert!(TenantFile::parse("t.json", text.as_bytes()).is_ok());
    let latin1 = [b"{\"format\":\"".as_slice(), b"\xE9\"}"].concat();
    assert!(matches!(TenantFile::parse("t.json", &latin1), Err(BackendError::Invalid { .. })));
}

#[test]
fn the_schema_names_every_top_level_key_and_refuses_others() {
    let schema = tenant_schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["additionalProperties"], false);
    assert!(schema["properties"]["targets"]["items"].is_object());
    let target = &schema["$defs"]["TargetEntry"];
    assert_eq!(target["oneOf"].as_array().map(Vec::len), Some(3), "{target:#}");
    assert_eq!(target["additionalProperties"], false);
}

#[test]
fn what_a_terminal_would_act_on_is_escaped() {
    let mut file = TenantFile::parse("t.json", format!("{{{HEAD}}}").as_bytes()).unwrap();
    let name = "a\u{1b}[31m\u{7f}\u{202e}\u{e0041}\u{9b}\n\"\\\u{e9}";
    file.tenant.name = Some(name.into());
    let text = file.to_text().unwrap();
    assert!(text.contains(r#""a\u001b[31m\u007f\u202e\udb40\udc41\u009b\n\"\\é""#), "{text}");
    assert_eq!(TenantFile::parse("t.json", text.as_bytes()).unwrap(), file);
}

#[test]
fn what_is_not_json_is_said_in_plain_words() {
    let (what, help) = complaint("version: 1\nbackend: local:tenant.json\n");
    assert_eq!(what, "`t.json` line 1, column 1: this is not JSON");
    assert!(help.starts_with("name a tenant file"), "{help}");
    for (text, words) in [
        (format!("{{{HEAD},}}"), "there is a comma with nothing after it"),
        (format!("{{{HEAD},users:[]}}"), "a key needs double quotes around it"),
        (format!("{{{HEAD},\"users\":}}"), "there is no value here"),
        (format!("{{{HEAD} \"users\":[]}}"), "there is no comma or closing bracket here"),
        (format!("{{{HEAD},\"users\" []}}"), "there is no `:` after a key"),
        (format!("{{{HEAD},\"users\":[nul]}}"), "this is not `true`, `false` or `null`"),
        (format!("{{{HEAD},\"$schema\":\"a\nb\"}}"), "a line break or control character in a text"),
        (format!("{{{HEAD}}} x"), "there is something after the end"),
    ] {
        let (what, _) = complaint(&text);
        assert!(what.ends_with(&format!("not JSON: {words}")), "{text}: {what}");
    }
    let (what, help) = complaint(&format!("{{{HEAD},\"subscriptions\":[{{\"id\":\"x\"}}]}}"));
    assert!(what.ends_with(": this is not a GUID"), "{what}");
    assert!(help.starts_with("write one such as `"), "{help}");
}
