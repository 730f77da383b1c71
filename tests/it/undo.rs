//! What an undo must leave alone.

use crate::harness::{Run, Workspace, project};

fn example(name: &str) -> Workspace {
    Workspace::copy_of(&project().join("examples").join(name))
}

/// Applies, and says which run that was.
fn apply(workspace: &Workspace) -> String {
    let run = workspace.run(&["apply", "--auto-approve", "--allow-last-administrator"]).expect(0);
    let (_, after) = run.stderr.split_once("recorded as run ").unwrap_or_else(|| panic!("{}", run.stderr));
    after.split(':').next().unwrap().to_owned()
}

fn undo(workspace: &Workspace, id: &str, more: &[&str]) -> Run {
    workspace.run(&[&["undo", id], more].concat())
}

fn edit(workspace: &Workspace, file: &str, from: &str, to: &str) {
    let text = workspace.read(file);
    assert!(text.contains(from), "{file} has no `{from}`");
    workspace.write(file, text.replace(from, to));
}

#[test]
fn what_an_undo_restored_is_not_what_the_files_declare() {
    let workspace = example("three-settings");
    let id = apply(&workspace);
    let declared = workspace.read(".pimform/declared.json");
    undo(&workspace, &id, &["--auto-approve"]).expect(0);
    assert_eq!(
        workspace.read(".pimform/declared.json"),
        declared,
        "else all later drift would look like unapplied files"
    );
    workspace.run(&["drift"]).expect(2);
}

#[test]
fn settings_that_changed_again_are_left() {
    let workspace = example("three-settings");
    let first = apply(&workspace);
    edit(&workspace, "policies/shop.yaml", "max_duration: 4h", "max_duration: 1h");
    apply(&workspace);
    let run = undo(&workspace, &first, &["--auto-approve"]).expect(0);
    assert!(run.stderr.contains("`activation.max_duration` was changed again after the run"), "{}", run.stderr);
    assert!(run.stdout.contains("expire_after"), "{}", run.stdout);
    assert!(!run.stdout.contains("max_duration"), "{}", run.stdout);
}

#[test]
fn assignments_that_changed_again_are_left() {
    let workspace = example("landing-zone");
    let granted = apply(&workspace);
    let file = "policies/azure.yaml";
    let grace = "- { user: grace@contoso.example, for: 90d, renew: 14d }";
    // Shortened: taking it away is not what the first run's undo is for.
    edit(&workspace, file, grace, "- { user: grace@contoso.example, for: 30d }");
    let shortened = apply(&workspace);
    let run = undo(&workspace, &granted, &["--plan", "--allow-last-administrator"]);
    assert!(run.stderr.contains("it was changed again after the run"), "{}", run.stderr);
    assert!(!run.stdout.contains("eligible  user:grace"), "{}", run.stdout);
    // Removed: nobody gets it back by undoing what happened before.
    edit(&workspace, file, "- { user: grace@contoso.example, for: 30d }", "[]");
    edit(&workspace, file, "eligible:\n          []", "eligible: []");
    let removed = apply(&workspace);
    let run = undo(&workspace, &shortened, &["--plan"]).expect(0);
    assert!(run.stderr.contains("it was removed after the run"), "{}", run.stderr);
    // Assigned again, for less: that stays.
    edit(&workspace, file, "eligible: []", "eligible:\n          - { user: grace@contoso.example, for: 7d }");
    apply(&workspace);
    let run = undo(&workspace, &removed, &["--plan"]).expect(0);
    assert!(run.stderr.contains("it was assigned again after the run"), "{}", run.stderr);
}

#[test]
fn an_undo_without_policy_files_protects_nobody_and_says_so() {
    let workspace = example("three-settings");
    let id = apply(&workspace);
    std::fs::create_dir(workspace.path().join("empty")).unwrap();
    let elsewhere = ["--policies", "empty", "--store", ".pimform", "--backend", "local:tenant.json", "--auto-approve"];
    let before = workspace.read("tenant.json");
    undo(&workspace, &id, &elsewhere).expect(4);
    assert_eq!(workspace.read("tenant.json"), before);
    undo(&workspace, &id, &[&elsewhere[..], &["--allow-empty-policy"]].concat()).expect(0);
}

/// A run that died has recorded less than it did. What the tenant shows counts, not what the record says.
#[test]
fn what_a_run_that_crashed_has_done_is_undone_all_the_same() {
    let workspace = example("three-settings");
    let id = apply(&workspace);
    let whole = undo(&workspace, &id, &["--plan"]).expect(0).stdout;
    let file = format!(".pimform/runs/{id}.json");
    let mut record: serde_json::Value = serde_json::from_str(&workspace.read(&file)).unwrap();
    record["state"] = "running".into();
    record.as_object_mut().unwrap().remove("ended");
    record["outcomes"] = serde_json::json!({});
    workspace.write(&file, record.to_string());
    assert_eq!(undo(&workspace, &id, &["--plan"]).expect(0).stdout, whole);
    // What was never begun is no business of an undo.
    for step in record["plan"]["steps"].as_array().unwrap().clone() {
        let outcome = serde_json::json!({ "state": "not_started", "at": "2026-11-21T12:00:00Z" });
        record["outcomes"][step["id"].to_string()] = outcome;
    }
    record["ended"] = "2026-11-21T12:00:00Z".into();
    workspace.write(&file, record.to_string());
    assert!(undo(&workspace, &id, &["--plan"]).expect(0).stderr.contains("changed nothing"));
}

#[test]
fn of_several_times_the_first_comes_back_and_the_others_are_named() {
    let (ada, linus) = ("a0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000002");
    let role = "fe930be7-5e62-47db-91af-98c3a49a38b1";
    let tenant = serde_json::json!({
        "format": "pimform-tenant", "version": 1, "tenant": { "id": "0f4a2a3e-0000-4000-8000-000000000001" },
        "users": [{ "id": ada, "name": "Ada", "upn": "ada@contoso.example" },
                  { "id": linus, "name": "Linus", "upn": "linus@contoso.example" }],
        "directory_roles": [{ "id": role, "name": "User Administrator" }],
        "targets": [{ "directory_role": role, "settings": { "eligible_assignment": { "expire_after": "never" } }, "eligible": [
            { "principal": ada },
            { "principal": linus, "end": "2026-12-31T23:59:59Z" },
            { "principal": linus, "start": "2027-02-01T00:00:00Z", "end": "2027-03-31T23:59:59Z" },
            { "principal": linus, "start": "2027-06-01T00:00:00Z" },
        ] }],
    });
    let workspace = Workspace::new();
    workspace.write("tenant.json", tenant.to_string());
    let policy = "version: 1\nbackend: local:../tenant.json\ntenant: { id: 0f4a2a3e-0000-4000-8000-000000000001 }\n\
        directory_roles: { User Administrator: { eligible: [{ user: ada@contoso.example, permanent: true }] } }\n";
    workspace.write("policies/pim.yaml", policy);
    let id = apply(&workspace);
    let run = undo(&workspace, &id, &["--auto-approve"]).expect(0);
    for left in ["from 2027-02-01 until 2027-03-31", "from 2027-06-01 without an end"] {
        assert!(run.stderr.contains(&format!("it was also there {left}, which does not come back")), "{}", run.stderr);
    }
    assert!(run.stdout.contains("2026-12-31"), "{}", run.stdout);
}
