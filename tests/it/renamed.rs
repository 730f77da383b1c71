//! Who had which name before, where only the record of a run tells.

use crate::harness::{Run, Workspace, project};

/// A run that did not come to its end leaves no `declared.json`, but a record that knows the ids.
#[test]
fn the_record_of_a_run_tells_who_was_renamed() {
    let workspace = Workspace::copy_of(&project().join("tests/scenarios/renamed-things"));
    workspace.run(&["apply", "--auto-approve"]).expect(0);
    let later = ["plan", "--backend", "local:later.json", "--format", "json"];
    let told = workspace.run(&later);
    std::fs::remove_file(workspace.path().join(".pimform/declared.json")).unwrap();
    let by_record = workspace.run(&later);
    assert!(by_record.stderr.contains("was renamed to"), "{}", by_record.stderr);
    let steps = |run: &Run| serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap()["steps"].clone();
    assert_eq!(steps(&by_record), steps(&told));
    std::fs::remove_dir_all(workspace.path().join(".pimform")).unwrap();
    let unknown = workspace.run(&later);
    assert!(!unknown.stderr.contains("was renamed to"), "{}", unknown.stderr);
}
