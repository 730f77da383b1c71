//! `doctor`: what it says of a tenant, and that it changes nothing; and the play on groups made for it.

use pimform::emulator::Fault;

use super::cli::Live;
use crate::harness::{assert_file, project};

fn asked_to_write(live: &Live) -> Vec<String> {
    let asked = live.asked().into_iter();
    let writes =
        asked.filter(|(method, path, _)| method != "GET" && !path.contains("getByIds") && !path.contains("$batch"));
    writes.map(|(method, path, _)| format!("{method} {path}")).collect()
}

#[test]
fn a_tenant_that_answers_is_described_line_by_line() {
    let live = Live::of("landing-zone");
    let run = live.run(&["doctor"]).expect(0);
    assert_file(&project().join("tests/doctor/landing-zone.txt"), &run.stdout);
    assert!(asked_to_write(&live).is_empty(), "{:?}", asked_to_write(&live));
}

#[test]
fn the_json_form_has_the_same_checks() {
    let live = Live::of("landing-zone");
    let lines = live.run(&["doctor"]).expect(0).stdout;
    let json: serde_json::Value =
        serde_json::from_str(&live.run(&["doctor", "--format", "json"]).expect(0).stdout).unwrap();
    let checks = json["checks"].as_array().unwrap();
    for check in checks {
        let found = format!(
            "{}: {}; {}",
            check["about"].as_str().unwrap(),
            check["found"].as_str().unwrap(),
            check["means"].as_str().unwrap()
        );
        assert!(lines.contains(&found), "{found}");
    }
    let schema = std::fs::read_to_string(project().join("schemas/doctor.schema.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    assert!(jsonschema::is_valid(&schema, &json));
}

#[test]
fn what_may_not_be_read_and_is_needed_is_a_problem() {
    let live = Live::start("landing-zone", |options| options.faults = vec!["denied=azure".parse::<Fault>().unwrap()]);
    let run = live.run(&["doctor"]).expect(6);
    assert!(run.stdout.lines().any(|line| line.starts_with("problem  ") && line.contains("Azure")), "{}", run.stdout);
    assert!(run.stdout.lines().any(|line| line.starts_with("ok       eligible assignments of directory roles")));
}

#[test]
fn a_clock_that_is_far_off_is_told() {
    let live = Live::start("landing-zone", |options| options.now = Some("2026-11-21T11:00:00Z".to_owned()));
    let run = live.run(&["doctor"]);
    assert!(
        run.stdout.contains("s ahead of this machine's") || run.stdout.contains("s behind this machine's"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_tenant_can_be_looked_at_before_there_are_files() {
    let live = Live::of("landing-zone");
    let run = live.run(&["doctor", "--backend", "microsoft", "--policies", "nowhere"]).expect(0);
    assert!(run.stdout.contains("note     policy files: none could be read"), "{}", run.stdout);
}

#[test]
fn a_tenant_file_needs_no_doctor() {
    let live = Live::of("landing-zone");
    let run = live.workspace.run(&["doctor", "--backend", "local:tenant.json"]).expect(64);
    assert!(run.stderr.contains("a tenant file needs no doctor"), "{}", run.stderr);
}

#[test]
fn a_play_leaves_nothing_and_its_exchanges_name_nobody() {
    let live = Live::of("landing-zone");
    let before = live.workspace.run(&["plan", "--format", "json"]).expect(0).stdout;
    let run = live.run(&["doctor", "--write-probe", "--group", "SEC-Probe-Contoso"]).expect(0);
    assert!(run.stdout.lines().all(|line| line.starts_with("ok ")), "{}", run.stdout);
    assert_eq!(run.stdout.lines().count(), 10, "{}", run.stdout);
    let exchanges = live.workspace.read("write-probe.jsonl");
    assert!(
        exchanges.contains("adminAssign") && exchanges.contains("adminUpdate") && exchanges.contains("adminRemove")
    );
    for name in ["Contoso", "contoso", "Probe", "127.0.0.1:"] {
        let lines: Vec<&str> = exchanges.lines().filter(|line| line.contains(name)).collect();
        assert!(lines.is_empty(), "{name} is in {} lines", lines.len());
    }
    // Nothing of it is left in the tenant.
    let after = live.run(&["plan", "--format", "json"]).expect(0).stdout;
    let steps = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["steps"].clone();
    assert_eq!(steps(&after), steps(&before));
    let deleted = asked_to_write(&live).into_iter().filter(|line| line.starts_with("DELETE /v1.0/groups/")).count();
    assert_eq!(deleted, 2);
}

#[test]
fn a_play_takes_no_group_that_is_there() {
    let live = Live::of("landing-zone");
    let run = live.run(&["doctor", "--write-probe", "--group", "SEC-PIM-Approvers"]).expect(1);
    assert!(run.stdout.contains("there is a group `SEC-PIM-Approvers` already"), "{}", run.stdout);
    let writes = asked_to_write(&live);
    assert!(writes.is_empty(), "{writes:?}");
}

#[test]
fn a_play_that_fails_deletes_what_it_made() {
    let live = Live::start("landing-zone", |options| options.faults = vec!["denied=groups".parse::<Fault>().unwrap()]);
    let run = live.run(&["doctor", "--write-probe", "--group", "SEC-Probe"]).expect(1);
    assert!(run.stdout.contains("\nproblem  make it eligible for 30 days: "), "{}", run.stdout);
    assert!(run.stdout.contains("\nok       delete the group\n"), "{}", run.stdout);
    assert!(run.stdout.contains("\nnote     remove it: it did not come to that\n"), "{}", run.stdout);
}
