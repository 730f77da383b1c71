//! What happens to the tenant file when things go wrong.

use std::io::Write as _;
use std::process::Stdio;

use crate::harness::{Run, Workspace, project};

fn landing_zone() -> Workspace {
    Workspace::copy_of(&project().join("examples/landing-zone"))
}

#[test]
fn a_second_apply_at_the_same_time_is_told_so() {
    let workspace = landing_zone();
    let lock = std::fs::File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(workspace.path().join("tenant.json.lock"))
        .unwrap();
    lock.lock().unwrap();
    let before = workspace.read("tenant.json");
    let run = workspace.run(&["apply", "--auto-approve"]).expect(1);
    assert!(run.stderr.contains("another apply"), "{}", run.stderr);
    // Planning needs no lock.
    workspace.run(&["plan"]).expect(0);
    assert_eq!(workspace.read("tenant.json"), before);
    drop(lock);
    workspace.run(&["apply", "--auto-approve"]).expect(0);
}

#[test]
fn nothing_stays_beside_the_tenant_file() {
    let workspace = landing_zone();
    let before = names(&workspace);
    // As a killed apply leaves them.
    workspace.write("tenant.json.lock", "process 1, since 2026-01-01T00:00:00Z\n");
    workspace.write(".pimform-killed.tmp", "{");
    workspace.run(&["apply", "--auto-approve"]).expect(0);
    assert_eq!(names(&workspace), before);
}

#[test]
#[cfg(unix)]
fn a_lock_that_is_a_link_is_refused() {
    let workspace = landing_zone();
    let before = workspace.read("tenant.json");
    workspace.write("victim", "precious");
    std::os::unix::fs::symlink("victim", workspace.path().join("tenant.json.lock")).unwrap();
    let run = workspace.run(&["apply", "--auto-approve"]).expect(1);
    assert!(run.stderr.contains("is a symbolic link"), "{}", run.stderr);
    assert_eq!(workspace.read("victim"), "precious");
    assert_eq!(workspace.read("tenant.json"), before);
}

/// When an apply is killed.
#[derive(Clone, Copy, Debug)]
enum Kill {
    /// Once it has replaced the tenant file so often.
    Replaced(usize),
    /// While it writes the next tenant file, after it has replaced it so often.
    Writing(usize),
    /// Once it has printed so much.
    Printed(usize),
}

#[test]
#[cfg(unix)]
fn an_apply_that_is_killed_leaves_a_whole_file_and_the_next_one_finishes() {
    let shape = pimform::generate::Shape { seed: 1, assignments: 12_000, targets: 200 };
    let pimform::generate::Generated { tenant, policies } = pimform::generate::generate(&shape);
    let original = tenant.to_text().unwrap();
    let workspace = Workspace::new();
    for (name, text) in policies {
        workspace.write(&format!("policies/{name}"), text);
    }
    let apply =
        ["apply", "--auto-approve", "--allow-removals", "--backend=local:tenant.json", "--now=2026-11-21T00:00:00Z"];
    workspace.write("tenant.json", &original);
    let whole = workspace.run(&apply).expect(0).stdout;
    assert!(whole.matches("\ndone ").count() > 200, "{}", whole.lines().last().unwrap_or_default());
    let moments = (0..2).flat_map(|n| [Kill::Replaced(n), Kill::Writing(n)]);
    let printed = (0..4).map(|n| Kill::Printed(1 + whole.len() * n / 4));
    let mut partly = 0;
    for kill in moments.chain(printed) {
        workspace.write("tenant.json", &original);
        kill_at(&workspace, &apply, kill);
        let left = workspace.read("tenant.json");
        pimform::backend::local::TenantFile::parse("tenant.json", left.as_bytes()).unwrap();
        let rest = workspace.run(&apply).expect(0).stdout;
        assert!(rest.contains("A second plan finds nothing to do") || rest.contains("No changes"), "{kill:?}: {rest}");
        assert_eq!(names(&workspace), ["policies", "tenant.json"], "{kill:?}");
        partly += usize::from(left != original && left != workspace.read("tenant.json"));
    }
    assert!(partly > 0, "no apply was killed between its first and its last write");
}

/// Starts an apply and kills it at a moment, if that comes before its end.
#[cfg(unix)]
fn kill_at(workspace: &Workspace, args: &[&str], kill: Kill) {
    use std::os::unix::fs::MetadataExt as _;
    let file = workspace.path().join("tenant.json");
    let number = || std::fs::metadata(&file).unwrap().ino();
    let mut child = workspace
        .command(args)
        .stdin(Stdio::null())
        .stdout(if matches!(kill, Kill::Printed(_)) { Stdio::piped() } else { Stdio::null() })
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut last, mut replaced) = (number(), 0);
    if let Kill::Printed(bytes) = kill {
        let mut seen = vec![0; bytes];
        let _ = std::io::Read::read_exact(&mut child.stdout.take().unwrap(), &mut seen);
    } else {
        while child.try_wait().unwrap().is_none() {
            replaced += usize::from(std::mem::replace(&mut last, number()) != last);
            match kill {
                Kill::Replaced(times) if replaced > times => break,
                Kill::Writing(times) if replaced >= times && has_temporary(workspace) => break,
                _ => {}
            }
        }
    }
    let _ = child.kill();
    child.wait().unwrap();
}

fn has_temporary(workspace: &Workspace) -> bool {
    names(workspace).iter().any(|name| name.starts_with(".pimform-"))
}

fn names(workspace: &Workspace) -> Vec<String> {
    let entries = std::fs::read_dir(workspace.path()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    // The record of applies is there to stay.
    names.retain(|name| name != ".pimform");
    names.sort();
    names
}

#[test]
fn nothing_is_applied_unless_somebody_says_yes() {
    let workspace = landing_zone();
    let before = workspace.read("tenant.json");
    let run = workspace.run(&["apply"]).expect(1);
    assert!(run.stderr.contains("--auto-approve"), "{}", run.stderr);
    let mut child = workspace
        .command(&["apply"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"yes\n").unwrap();
    Run::of(&child.wait_with_output().unwrap()).expect(1);
    assert_eq!(workspace.read("tenant.json"), before);
}

#[test]
fn a_saved_plan_is_all_that_is_applied() {
    let workspace = landing_zone();
    workspace.run(&["plan", "--out", "plan.json"]).expect(0);
    // Somebody adds to the policies after the review.
    let policy = workspace.read("policies/azure.yaml");
    workspace.write("policies/azure.yaml", policy.replace("for: 90d", "for: 80d"));
    let run = workspace.run(&["apply", "plan.json", "--auto-approve"]).expect(4);
    assert!(run.stderr.contains("the saved plan is stale: 1 step"), "{}", run.stderr);
    workspace.write("policies/azure.yaml", policy);
    workspace.run(&["apply", "plan.json", "--auto-approve"]).expect(0);
    // The same plan again has nothing left to do.
    workspace.run(&["apply", "plan.json", "--auto-approve"]).expect(0);
}

#[test]
fn a_plan_file_that_was_edited_is_refused() {
    let workspace = landing_zone();
    workspace.run(&["plan", "--out", "plan.json"]).expect(0);
    let plan = workspace.read("plan.json");
    workspace.write("plan.json", plan.replace("365d", "364d"));
    let run = workspace.run(&["apply", "plan.json", "--auto-approve"]).expect(4);
    assert!(run.stderr.contains("changed after it was made"), "{}", run.stderr);
}

/// On a full disk `write` fails; `/dev/full` is one.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error_and_not_half_a_plan() {
    let workspace = landing_zone();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = workspace.command(&["plan"]).stdin(Stdio::null()).stdout(full).output().unwrap();
    let run = Run::of(&output).expect(1);
    assert!(run.stderr.contains("cannot write"), "{}", run.stderr);
}

/// A limit on the size of files stops a write in the middle, as a full disk does.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_leaves_the_tenant_file_as_it_was() {
    let workspace = landing_zone();
    // The record of the run fits below the limit, the tenant file does not.
    let more = (0..400)
        .map(|n| format!(r#"{{"id":"00000000-0000-4000-8000-{n:012}","name":"N","upn":"n{n}@contoso.example"}},"#));
    let padded =
        workspace.read("tenant.json").replace(r#""users": ["#, &format!(r#""users": [{}"#, more.collect::<String>()));
    workspace.write("tenant.json", padded);
    let before = (workspace.read("tenant.json"), names(&workspace));
    assert!(before.0.len() > 32_768);
    let output = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_pimform")])
        .args(["apply", "--auto-approve", "--now", crate::harness::NOW])
        .current_dir(workspace.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let run = Run::of(&output).expect(1);
    let said = run.stdout + &run.stderr;
    assert!(said.contains("tenant.json`: File too large"), "{said}");
    assert!(!said.contains(".tmp") && !said.contains("panicked"), "{said}");
    assert_eq!((workspace.read("tenant.json"), names(&workspace)), before);
    workspace.run(&["apply", "--auto-approve"]).expect(0);
}

#[test]
fn a_plan_is_not_written_over_anything_else() {
    let workspace = landing_zone();
    workspace.write("half.json", "{ \"version\": 1, \"digest\":");
    workspace.write("empty.json", "");
    for file in ["tenant.json", "policies/azure.yaml", "half.json"] {
        let before = workspace.read(file);
        let run = workspace.run(&["plan", "--out", file]).expect(1);
        assert!(run.stderr.contains(&format!("`{file}` exists and is not a plan file")), "{}", run.stderr);
        assert!(run.stderr.contains("help: name another file"), "{}", run.stderr);
        assert_eq!(workspace.read(file), before);
    }
    for _ in 0..2 {
        workspace.run(&["plan", "--out", "empty.json"]).expect(0);
    }
    workspace.run(&["apply", "empty.json", "--auto-approve"]).expect(0);
}

#[test]
fn a_snapshot_is_the_same_in_a_file_and_on_standard_output() {
    let workspace = landing_zone();
    let tenant = workspace.read("tenant.json").replace("Ada Lovelace", "Ada\\u001b[31m\\u202e\\u009b");
    workspace.write("tenant.json", tenant);
    let shown = workspace.run(&["snapshot"]).expect(0).stdout;
    workspace.run(&["snapshot", "--out", "copy.json"]).expect(0);
    assert_eq!(workspace.read("copy.json"), shown);
    assert!(shown.chars().all(|c| c == '\n' || !pimform::diag::is_deceptive(c)));
    assert!(shown.lines().any(|line| line.starts_with("    { \"id\": ")), "{shown}");
    // Planning against either comes to the same.
    let plan = workspace.run(&["plan"]).expect(0).stdout;
    assert_eq!(workspace.run(&["plan", "--backend=local:copy.json"]).expect(0).stdout, plan);
}
