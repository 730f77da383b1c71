use super::super::samples;
use super::*;
use crate::plan::{ObservationKind, Reason};

fn verdict() -> Verdict {
    let violation = |guard| Violation { guard, message: "too much".into(), addresses: vec!["group/x".into()] };
    Verdict {
        violations: vec![violation(GuardId::Removals), violation(GuardId::Protected)],
        allowed: [GuardId::Removals].into(),
    }
}

fn full() -> Plan {
    let mut plan = samples::one_of_each();
    let reasons = [Reason::Ended { at: samples::time("2026-11-01") }];
    for (step, reason) in plan.steps.iter_mut().zip(reasons) {
        step.reason = reason;
    }
    samples::observe(&mut plan, ObservationKind::Blocked, "group/SEC-X/member", "may not be read");
    plan
}

fn text() -> String {
    serde_json::to_string_pretty(&PlanFile::new(&full(), &verdict())).unwrap()
}

#[test]
fn a_plan_survives_its_file() {
    assert_eq!(PlanFile::parse(&text()).unwrap().into_plan(), Ok((full(), verdict())));
}

#[test]
fn whoever_asks_whether_there_are_changes_reads_the_first_lines() {
    let empty = serde_json::to_string(&PlanFile::new(&samples::empty(), &Verdict::default())).unwrap();
    assert!(empty.starts_with(r#"{"version":1,"changes":false,"summary":{"operations":{"create_group":0,"#), "{empty}");
    assert!(text().starts_with("{\n  \"version\": 1,\n  \"changes\": true,"));
}

#[test]
fn a_file_that_was_edited_is_refused() {
    for (from, to) in [
        (r#""end": "permanent""#, r#""end": {"until": "2030-01-01T00:00:00Z"}"#),
        (r#""after": "1h""#, r#""after": "24h""#),
        (r#""changes": true"#, r#""changes": false"#),
        (r#""loses": 3"#, r#""loses": 0"#),
        ("0f4a2a3e-0000-4000-8000-000000000001", "0f4a2a3e-0000-4000-8000-000000000002"),
    ] {
        let edited = text().replacen(from, to, 1);
        assert_ne!(edited, text(), "{from}");
        assert_eq!(PlanFile::parse(&edited).unwrap().into_plan(), Err(PlanFileError::Edited), "{from}");
    }
}

#[test]
fn the_digest_tells_what_is_done_from_what_is_said_of_it() {
    let plan = full();
    let mut said = plan.clone();
    for step in &mut said.steps {
        step.address.push('x');
        step.reason = Reason::Missing;
        step.declared_at = None;
    }
    assert_eq!(Digest::of(&plan, &BTreeSet::new()), Digest::of(&said, &BTreeSet::new()));
    let mut done = plan.clone();
    done.steps.swap(0, 1);
    assert_ne!(Digest::of(&plan, &BTreeSet::new()), Digest::of(&done, &BTreeSet::new()));
}

#[test]
fn a_file_of_another_version_is_not_called_malformed() {
    let found = |version: u64| PlanFile::parse(&format!("{{\"version\": {version}, \"new\": 1}}")).unwrap_err();
    assert_eq!(found(2), PlanFileError::Version { found: 2 });
    assert_eq!(found(2).to_string(), "plan file has version 2, and this pimform reads version 1");
    assert_ne!(found(2).help(), found(0).help());
}

#[test]
fn malformed_files_are_reported_with_the_position() {
    let error = |text: &str| PlanFile::parse(text).unwrap_err().to_string();
    assert_eq!(error("{\"version\": 1"), "not a plan file: it ends in the middle (line 1, column 13)");
    assert_eq!(error("no plan"), "not a plan file: it is not JSON (line 1, column 2)");
    assert_eq!(error("{}"), "not a plan file: missing field `version` (line 1, column 2)");
    let unknown = text().replacen("\"steps\":", "\"stepz\":", 1);
    assert!(error(&unknown).starts_with("not a plan file: unknown key `stepz` (line"), "{}", error(&unknown));
    let inner = text().replacen("\"relation\":", "\"relatoin\":", 1);
    assert!(error(&inner).starts_with("not a plan file: "), "{}", error(&inner));
}

#[test]
fn the_schema_describes_every_key() {
    let schema = plan_schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let file: serde_json::Value = serde_json::from_str(&text()).unwrap();
    for key in file.as_object().unwrap().keys() {
        assert!(schema["properties"][key].is_object(), "{key}");
    }
}
