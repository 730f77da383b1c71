//! `permissions --format az` as a shell runs it.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::harness::{Workspace, project};

/// Stands in for the Azure CLI: writes each call as a line of arguments that a unit separator ends.
const AZ: &str = r#"#!/bin/sh
for word in "$@"; do printf '%s\037' "$word"; done >> "$CALLS"
printf '\036' >> "$CALLS"
case "$1 $2" in "account management-group" | "account list") echo "found-by-name" ;; esac
"#;

#[test]
fn the_script_runs_and_every_word_arrives_as_it_was_meant() {
    let folder = project().join("tests/scenarios/permissions-of-little");
    let workspace = Workspace::copy_of(&folder);
    let script = workspace.run(&["permissions", "--format", "az"]).expect(0).stdout;
    workspace.write("grant.sh", script);
    workspace.write("bin/az", AZ);
    let az = workspace.path().join("bin/az");
    std::fs::set_permissions(&az, std::fs::Permissions::from_mode(0o755)).unwrap();
    let calls = workspace.path().join("calls");
    let run = || {
        let mut shell = Command::new("sh");
        let path = format!("{}:/usr/bin:/bin", workspace.path().join("bin").display());
        shell.args(["-eu", "grant.sh"]).current_dir(workspace.path()).env_clear().env("PATH", path);
        shell.env("CALLS", &calls);
        shell
    };
    assert!(!run().output().unwrap().status.success(), "it must ask for the applications");
    assert!(!calls.exists(), "nothing may be done before it is known for whom");
    let output = run().env("PLAN_APP_ID", "plan-app").env("APPLY_APP_ID", "apply-app").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = workspace.read("calls");
    let calls: Vec<Vec<&str>> =
        text.split_terminator('\u{1e}').map(|call| call.split_terminator('\u{1f}').collect()).collect();

    let lookup = calls.iter().find(|call| call.starts_with(&["account", "list"])).unwrap();
    assert!(lookup.contains(&"[?name==`\"it's \\`mine\\`\"`].id | [0]"), "{lookup:?}");
    let grants: Vec<_> = calls.iter().filter(|call| call.starts_with(&["ad", "app", "permission", "add"])).collect();
    assert_eq!(grants.len(), 2);
    assert!(grants[0].contains(&"plan-app") && grants[1].contains(&"apply-app"));
    assert!(grants[0].iter().filter(|word| word.ends_with("=Role")).count() >= 1);
    let mut scopes = Vec::new();
    for call in calls.iter().filter(|call| call.starts_with(&["role", "definition", "create"])) {
        let definition: Value = serde_json::from_str(call.last().unwrap()).unwrap();
        assert!(definition["Actions"].as_array().unwrap().len() > 3, "{definition}");
        scopes.extend(
            definition["AssignableScopes"].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()),
        );
    }
    assert!(scopes.contains(&"/subscriptions/found-by-name/resourceGroups/app".to_owned()), "{scopes:?}");
    let group = "/subscriptions/7a3c0d7e-0000-4000-8000-000000000001/resourceGroups/it's";
    assert!(scopes.contains(&group.to_owned()), "{scopes:?}");
    let assigned: Vec<&str> = calls
        .iter()
        .filter(|call| call.starts_with(&["role", "assignment", "create"]))
        .map(|call| *call.last().unwrap())
        .collect();
    let vault = format!("{group}/providers/Microsoft.KeyVault/vaults/kv");
    assert!(assigned.contains(&&*vault), "{assigned:?}");
    assert!(assigned.contains(&"/subscriptions/found-by-name/resourceGroups/app"), "{assigned:?}");
}
