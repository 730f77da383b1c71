use serde_json::{Value, json};

use super::*;
use crate::emulator::wire::Request;

static INNER: Entity =
    Entity { name: "inner", properties: &[filterable("name", Kind::Text)], links: &[], derived: &[] };
static THING: Entity = Entity {
    name: "thing",
    properties: &[
        filterable("name", Kind::Text),
        filterable("code", Kind::Exact),
        filterable("on", Kind::Flag),
        filterable("at", Kind::Time),
        filterable("tags", Kind::List),
        plain("owner", Kind::Complex(&INNER)),
        plain("secret", Kind::Text),
    ],
    links: &[Link { name: "parent", to: &THING }],
    derived: &[],
};

fn thing() -> Value {
    json!({
        "name": "O'Neil", "code": "Ab", "on": true, "at": "2026-01-02T00:00:00.5Z", "tags": ["x", "Y"],
        "owner": { "name": "ada" }, "secret": null,
    })
}

fn matches(filter: &str) -> bool {
    Filter::parse(filter, &THING).unwrap_or_else(|error| panic!("{filter}: {error:?}")).matches(&thing())
}

#[test]
fn conditions_are_met_or_not() {
    for met in [
        "name eq 'o''neil'",
        "NAME eq 'O''Neil'",
        "code eq 'Ab'",
        "code ne 'ab'",
        "on eq true",
        "on ne false",
        "at ge 2026-01-02T00:00:00Z and at lt 2026-01-03",
        "at gt 2026-01-02T00:00:00Z",
        "name eq 'x' or on eq true and code eq 'Ab'",
        "not (name eq 'x')",
        "not on eq false",
        "name in ('a', 'O''NEIL')",
        "startswith(name, 'o')",
        "tags/any(t:t eq 'y')",
        "owner/name eq 'Ada'",
        "name ne null",
    ] {
        assert!(matches(met), "{met}");
    }
    for not_met in [
        "name eq 'x'",
        "code eq 'ab'",
        "(name eq 'x' or on eq true) and code eq 'ab'",
        "at le 2026-01-02T00:00:00Z",
        "tags/any(t:t eq 'z')",
        "name eq null",
    ] {
        assert!(!matches(not_met), "{not_met}");
    }
}

#[test]
fn what_is_no_filter_is_refused() {
    for bad in [
        "",
        "name",
        "name eq",
        "name eq 'x",
        "name eq x",
        "name gt 'x'",
        "on eq 'true'",
        "at eq 'x'",
        "(name eq 'x'",
        "name eq 'x')",
        "name eq 'x' name",
        "name has 'x'",
        "contains(name,'x')",
        "startswith(on,'x')",
        "tags/any(t:t ne 'x')",
        "tags eq 'x'",
        "owner eq 'x'",
        "owner/age eq 'x'",
        "name/first eq 'x'",
        "nothing eq 'x'",
        "secret eq 'x'",
    ] {
        assert_eq!(Filter::parse(bad, &THING).unwrap_err().status, 400, "{bad}");
    }
}

#[test]
fn what_all_matches_have_in_common_is_known() {
    let fixes = |filter: &str, name: &str| Filter::parse(filter, &THING).unwrap().fixes(name).map(str::to_owned);
    assert_eq!(fixes("name eq 'a' and on eq true", "name").as_deref(), Some("a"));
    assert_eq!(fixes("on eq true and (code eq 'c' and name eq 'a')", "name").as_deref(), Some("a"));
    assert_eq!(fixes("name eq 'a' or name eq 'b'", "name"), None);
    assert_eq!(fixes("name ne 'a'", "name"), None);
    assert_eq!(fixes("not (name eq 'a')", "name"), None);
}

#[test]
fn what_a_property_may_be_is_known() {
    let texts = |filter: &str| {
        let texts = Filter::parse(filter, &THING).unwrap().texts("name");
        texts.map(|texts| texts.into_iter().collect::<Vec<_>>().join(" "))
    };
    assert_eq!(texts("name eq 'A'").as_deref(), Some("a"));
    assert_eq!(texts("name in ('A', 'b') and on eq true").as_deref(), Some("a b"));
    assert_eq!(texts("name eq 'a' or name eq 'b'").as_deref(), Some("a b"));
    for any in ["name eq 'a' or on eq true", "name ne 'a'", "not (name eq 'a')", "name in ('a', null)", "name eq null"]
    {
        assert_eq!(texts(any), None, "{any}");
    }
}

fn parse(target: &str, takes: Takes) -> Result<(Request, Query), crate::emulator::wire::ServiceFailure> {
    let request = Request::new(http::Method::GET, "http://127.0.0.1:1", target, Vec::new(), String::new()).unwrap();
    let query = Query::parse(&request, &THING, takes)?;
    Ok((request, query))
}

#[test]
fn options_nest_and_are_taken_once() {
    let (_, query) =
        parse("/v1.0/things?%24expand=parent($select=name;$expand=parent($select=code))&$select=name", Takes::List)
            .unwrap();
    let inner = query.expands("parent").unwrap().expands("parent").unwrap();
    assert_eq!(inner.select.as_ref().unwrap()[0].name, "code");
    for bad in
        ["$select=name&select=code", "$expand=parent($filter=x)", "$expand=parent(", "$apply=x", "x=y", "$top=-1"]
    {
        assert!(parse(&format!("/v1.0/things?{bad}"), Takes::List).is_err(), "{bad}");
    }
    assert!(parse("/v1.0/things?$skip=1", Takes::Directory).is_err());
    assert!(parse("/v1.0/things/1?$filter=on%20eq%20true", Takes::One).is_err());
}

#[test]
fn pages_follow_each_other_with_the_same_options() {
    let mut target = "/v1.0/things?$filter=on+eq+true&$orderby=name+desc".to_owned();
    let mut names = Vec::new();
    loop {
        let (request, query) = parse(&target, Takes::List).unwrap();
        let page = page(&request, &query, 2, (0..7).collect(), |n| json!({ "name": n.to_string(), "on": n % 2 == 0 }));
        names.extend(page.rows.iter().map(|(n, _)| *n));
        match page.next {
            Some(next) => next.strip_prefix("http://127.0.0.1:1").unwrap().clone_into(&mut target),
            None => break,
        }
    }
    assert_eq!(names, [6, 4, 2, 0]);
}

#[test]
fn selecting_keeps_what_was_named_and_annotations() {
    let (_, query) = parse("/v1.0/things?$select=name", Takes::List).unwrap();
    let shaped = shape(json!({ "@odata.type": "x", "name": "a", "code": "b" }), &query, &THING);
    assert_eq!(shaped, json!({ "@odata.type": "x", "name": "a" }));
}
