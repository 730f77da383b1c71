//! Bad input: a clear error at the place, nothing lost, no panic.
//!
//! Each table row is one mistake. What a person reads of all of them is in `tests/bad-input.txt`, to be judged as prose.

mod mistakes;

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;

use self::mistakes::{KEYS, NAMES, VALUES, YAML};
use crate::harness::{Run, Workspace, assert_file, project};

const TENANT: &str = r#"{
  "format": "pimform-tenant", "version": 1,
  "tenant": { "id": "0f4a2a3e-0000-4000-8000-000000000001", "name": "Contoso" },
  "users": [
    { "id": "a0000000-0000-4000-8000-000000000001", "name": "Ada Lovelace", "upn": "ada@contoso.example" },
    { "id": "a0000000-0000-4000-8000-000000000002", "name": "Grace Hopper", "upn": "grace@contoso.example" }
  ],
  "groups": [
    { "id": "b0000000-0000-4000-8000-000000000001", "name": "SEC-Operators", "role_assignable": true },
    { "id": "b0000000-0000-4000-8000-000000000002", "name": "SEC-Twin" },
    { "id": "b0000000-0000-4000-8000-000000000003", "name": "SEC-Twin" }
  ],
  "subscriptions": [{ "id": "e0000000-0000-4000-8000-000000000001", "name": "Production" }],
  "directory_roles": [{ "id": "fe930be7-5e62-47db-91af-98c3a49a38b1", "name": "User Administrator" }],
  "azure_roles": [{ "id": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "name": "Owner" }],
  "targets": [
    {
      "directory_role": "fe930be7-5e62-47db-91af-98c3a49a38b1",
      "eligible": [{ "principal": "a0000000-0000-4000-8000-000000000002" }]
    }
  ]
}
"#;

/// Three lines, so that what follows begins at line 4.
const HEAD: &str = "version: 1\nbackend: local:../tenant.json\ntenant: { id: 0f4a2a3e-0000-4000-8000-000000000001 }\n";

#[test]
fn every_mistake_in_a_policy_file_is_shown_at_its_place() {
    let mut messages = String::new();
    for (what, body, id, line) in [KEYS, NAMES, VALUES, YAML].into_iter().flatten() {
        let workspace = workspace(&format!("{HEAD}{body}"));
        let run = refused(&workspace, &["check"], 3);
        assert!(run.stderr.contains(&format!("error[{id}]")), "{what}: no `{id}`\n{}", run.stderr);
        assert!(run.stderr.contains(&format!("policies/pim.yaml:{line}:")), "{what}: not line {line}\n{}", run.stderr);
        assert_eq!(run.stdout, "", "{what}");
        // What the tenant does not have blocks its own entries only; anything else stops all.
        let gone = workspace.run(&["plan"]).stderr.contains(&format!("warning[{id}]"));
        if !gone {
            refused(&workspace, &["apply", "--auto-approve"], 3);
        }
        let _ = write!(messages, "# {what}\n{}\n", run.stderr);
    }
    assert_file(&project().join("tests/bad-input.txt"), &messages);
}

#[test]
fn all_mistakes_are_shown_at_once() {
    let workspace = workspace(&format!("{HEAD}floor: none\nprofile: {{}}\n"));
    workspace.write("policies/other.yaml", "groups: { SEC-Operators: { membrs: [] } }\n");
    let run = refused(&workspace, &["check"], 3);
    assert!(
        run.stderr.contains("policies/pim.yaml:5:1") && run.stderr.contains("policies/other.yaml:1:28"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("2 errors"), "{}", run.stderr);
}

#[test]
fn the_same_key_in_two_files_shows_both() {
    let workspace = workspace(&format!("{HEAD}profiles: {{ a: {{}} }}\n"));
    workspace.write("policies/sub/other.yml", "profiles: { a: {} }\n");
    let run = refused(&workspace, &["plan"], 3);
    assert!(run.stderr.contains("policies/pim.yaml:4:13"), "{}", run.stderr);
    assert!(run.stderr.contains("policies/sub/other.yml:1:13"), "{}", run.stderr);
}

/// What is wrong with a file as a whole: what it is, its bytes, the finding, and some words of the message.
#[test]
fn a_file_that_cannot_be_read_as_yaml_is_named() {
    let deep = format!("{HEAD}profiles: {}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    let deep_maps = format!("{HEAD}profiles: {}\n", "{a: ".repeat(50_000));
    let latin: &[u8] = b"version: 1\nprotected: [ { group: M\xfcller } ]\n";
    let utf16: Vec<u8> = HEAD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let zeroes = vec![0_u8; 4096];
    let bomb = alias_bomb();
    let cases: &[(&str, &[u8], &str)] = &[
        ("latin-1", latin, "error[not-utf8]"),
        ("utf-16", &utf16, "error["),
        ("nothing but zeroes", &zeroes, "error[syntax]"),
        ("deep lists", deep.as_bytes(), "error[syntax]"),
        ("deep maps", deep_maps.as_bytes(), "error[syntax]"),
        ("an alias bomb", bomb.as_bytes(), "error[syntax]"),
        ("a list at the top", b"- version: 1\n", "error[wrong-type]"),
        ("text at the top", b"version 1\n", "error[wrong-type]"),
        ("no version at all", b"protected: []\n", "error[version]"),
        ("a later version", b"version: 2\n", "error[version]"),
        ("a tenant that is none", b"version: 1\ntenant: { id: contoso }\n", "error[bad-value]"),
        ("a tenant without an id", b"version: 1\ntenant: { cloud: public }\n", "error[missing-key]"),
    ];
    for (what, bytes, id) in cases {
        let workspace = workspace("");
        workspace.write("policies/pim.yaml", bytes);
        let run = refused(&workspace, &["plan", "--backend", "local:tenant.json"], 3);
        assert!(run.stderr.contains(id), "{what}\n{}", run.stderr);
        assert!(run.stderr.contains("pim.yaml") || run.stderr.contains("no policy file"), "{what}\n{}", run.stderr);
        assert!(run.stderr.len() < 4_000, "{what}: {} bytes of message", run.stderr.len());
    }
}

/// Each level means the one before it ten times.
fn alias_bomb() -> String {
    let mut text = format!("{HEAD}profiles:\n  a0: &a0 {{ activation: {{ ticket: true }} }}\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        let _ = writeln!(text, "  a{level}: &a{level} [{aliases}]");
    }
    text
}

#[test]
fn a_file_of_100_mb_is_refused_without_reading_it() {
    let workspace = workspace(HEAD);
    let file = std::fs::File::create(workspace.path().join("policies/huge.yaml")).unwrap();
    file.set_len(100_000_000).unwrap();
    let run = refused(&workspace, &["plan"], 3);
    assert!(
        run.stderr.contains("error[file-too-large]") && run.stderr.contains("policies/huge.yaml"),
        "{}",
        run.stderr
    );
}

#[test]
fn byte_order_marks_windows_lines_and_comments_are_fine() {
    let policy = format!("{HEAD}# nothing else\n").replace('\n', "\r\n");
    let workspace = workspace(&format!("\u{feff}{policy}"));
    workspace.write("policies/comments.yaml", "# nothing here yet\n");
    workspace.write("policies/empty.yaml", "");
    workspace.write("policies/.hidden.yaml", "not: read");
    workspace.write("policies/README.md", "not: read");
    workspace.run(&["check"]).expect(0);
    workspace.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn files_that_say_nothing_manage_nothing() {
    for text in ["", "# nothing here yet\n", "\r\n \n", "---\n# later\n"] {
        let workspace = workspace(text);
        let run = workspace.run(&["plan", "--detailed-exitcode", "--backend", "local:tenant.json"]).expect(0);
        assert!(run.stdout.contains("No changes"), "{text:?}: {run:?}");
    }
}

#[test]
fn a_directory_that_holds_no_policy_never_means_remove_everything() {
    let workspace = Workspace::new();
    workspace.write("tenant.json", TENANT);
    std::fs::create_dir_all(workspace.path().join("policies/deeper")).unwrap();
    for policies in ["policies", "not-there", "tenant.json/policies"] {
        for command in ["check", "plan", "apply"] {
            let run = refused(&workspace, &[command, "--policies", policies, "--backend", "local:tenant.json"], 4);
            assert!(run.stderr.contains("error[no-policy-files]"), "{}", run.stderr);
            assert!(run.stderr.contains(policies), "{}", run.stderr);
        }
    }
}

#[test]
fn a_policy_file_whose_name_breaks_the_line_cannot_break_the_message() {
    let workspace = workspace(HEAD);
    workspace.write("policies/a\n\u{1b}[31merror: b.yaml", "profile: {}\n");
    let run = refused(&workspace, &["plan"], 3);
    assert!(run.stderr.contains(r"policies/a\n\u{1b}[31merror: b.yaml:1:1"), "{}", run.stderr);
    assert!(!run.stderr.contains('\u{1b}'));
}

#[test]
fn a_policy_file_with_a_name_that_is_no_text_is_read_all_the_same() {
    let workspace = workspace(HEAD);
    let name = std::ffi::OsStr::from_bytes(b"policies/\xff.yaml");
    std::fs::write(workspace.path().join(name), "profile: {}\n").unwrap();
    let run = refused(&workspace, &["plan"], 3);
    assert!(run.stderr.contains("error[unknown-key]"), "{}", run.stderr);
}

#[test]
fn what_looks_like_a_policy_file_and_cannot_be_read_is_never_skipped() {
    let workspace = workspace(HEAD);
    std::os::unix::fs::symlink("not-there.yaml", workspace.path().join("policies/dangling.yaml")).unwrap();
    let run = refused(&workspace, &["plan"], 3);
    assert!(run.stderr.contains("error[unreadable-file]") && run.stderr.contains("dangling.yaml"), "{}", run.stderr);
    let workspace = self::workspace(HEAD);
    std::os::unix::fs::symlink("..", workspace.path().join("policies/round")).unwrap();
    let run = workspace.run(&["plan"]);
    assert!(!run.stderr.contains("panicked") && [0, 3].contains(&run.code), "{run:?}");
}

#[test]
fn a_tenant_file_that_is_not_whole_is_refused_and_left_as_it_is() {
    let later = TENANT.replace(r#""version": 1"#, r#""version": 2"#);
    let other = TENANT.replace("pimform-tenant", "something-else");
    let unknown = TENANT.replace(r#""directory_roles""#, r#""directory_rolls""#);
    let twice = TENANT.replace("a0000000-0000-4000-8000-000000000002", "a0000000-0000-4000-8000-000000000001");
    let half = TENANT.get(..TENANT.len() / 2).unwrap();
    let no_role = TENANT.replace(r#""directory_role": "fe"#, r#""directory_role": "ff"#);
    let time = TENANT.replace(r#"{ "principal""#, r#"{ "start": "yesterday", "principal""#);
    let deep = "[".repeat(100_000);
    let cases: &[(&str, &[u8], &[&str])] = &[
        ("truncated", half.as_bytes(), &["line 10", "cut off"]),
        ("empty", b"", &["cut off"]),
        ("not JSON", b"version: 1\n", &["line 1"]),
        ("not UTF-8", b"{ \"format\": \"\xff\" }", &["is not a tenant file"]),
        ("a list", b"[]", &["is not a tenant file"]),
        ("a hundred thousand lists", deep.as_bytes(), &["line 1"]),
        ("of a later version", later.as_bytes(), &["newer pimform", "version 2"]),
        ("another program's", other.as_bytes(), &["`something-else`"]),
        ("a misspelt key", unknown.as_bytes(), &["line 14", "did you mean `directory_roles`?"]),
        ("two objects of one id", twice.as_bytes(), &["a0000000-0000-4000-8000-000000000001"]),
        ("a target without its role", no_role.as_bytes(), &["targets[0]", "ff930be7"]),
        ("a time that is none", time.as_bytes(), &["line 19", "`yesterday`"]),
    ];
    let mut messages = String::new();
    for (what, tenant, words) in cases {
        let workspace = workspace(HEAD);
        workspace.write("tenant.json", tenant);
        let run = refused(&workspace, &["plan"], 1);
        for word in ["tenant.json"].iter().chain(*words) {
            assert!(run.stderr.contains(word), "{what}: no `{word}`\n{}", run.stderr);
        }
        refused(&workspace, &["apply", "--auto-approve"], 1);
        refused(&workspace, &["snapshot"], 1);
        let _ = write!(messages, "# {what}\n{}\n", run.stderr);
    }
    assert_file(&project().join("tests/bad-tenant.txt"), &messages);
}

#[test]
fn an_assignment_of_somebody_who_was_deleted_is_only_an_assignment() {
    let workspace = workspace(&format!("{HEAD}directory_roles: {{ User Administrator: {{ eligible: [] }} }}\n"));
    workspace.write("tenant.json", TENANT.replace(r#""principal": "a0"#, r#""principal": "a9"#));
    let run = workspace.run(&["apply", "--auto-approve", "--allow-last-administrator"]).expect(0);
    assert!(run.stdout.contains("a9000000-0000-4000-8000-000000000002"), "{}", run.stdout);
    workspace.run(&["plan", "--detailed-exitcode"]).expect(0);
}

/// Command lines: the arguments, the exit code, and words of the message.
const COMMAND_LINES: &[(&[&str], i32, &[&str])] = &[
    (&["aply"], 64, &["aply", "apply"]),
    (&[], 64, &["Usage"]),
    (&["plan", "--polices", "x"], 64, &["--polices", "--policies"]),
    (&["plan", "--format", "yaml"], 64, &["yaml", "markdown"]),
    (&["plan", "extra"], 64, &["extra"]),
    (&["plan", "--now=tomorrow"], 64, &["tomorrow"]),
    (&["plan", "--now=2026-11-21T12:00:00"], 64, &["2026-11-21T12:00:00"]),
    (&["plan", "--target", "directory/[a"], 64, &["directory/[a"]),
    (&["plan", "--backend", "azure"], 1, &["`azure`", "local:"]),
    (&["plan", "--backend", "local:"], 1, &["`local:`"]),
    (&["plan", "--backend", "microsoft", "--auth", "password"], 64, &["`password`", "client-secret"]),
    (&["plan", "--backend", "microsoft", "--auth", "client-secret"], 1, &["AZURE_CLIENT_SECRET"]),
    (&["plan", "--backend", "microsoft", "--cloud", "germany"], 64, &["germany", "usgov"]),
    (&["plan", "--backend", "microsoft", "--graph-endpoint", "graph.microsoft.com"], 64, &["graph.microsoft.com"]),
    (
        &["plan", "--backend", "microsoft", "--arm-endpoint", "http://management.azure.com"],
        64,
        &["http://management.azure.com", "https://"],
    ),
    (&["plan", "--backend", "microsoft", "--auth", "emulator"], 1, &["this machine"]),
    (&["plan", "--backend", "microsoft", "--ca-certificate", "no-ca.pem"], 1, &["no-ca.pem"]),
    (&["plan", "--backend", "microsoft", "--trace-http", "no/such/folder/trace"], 1, &["no/such/folder/trace"]),
    (&["permissions", "--for", "drift"], 64, &["drift", "apply"]),
    (&["emulator"], 64, &["--tenant"]),
    (&["emulator", "--tenant", "no-tenant.json"], 1, &["no-tenant.json"]),
    (&["emulator", "--tenant", "policies/pim.yaml"], 1, &["the tenant file cannot be used"]),
    (&["emulator", "--tenant", "tenant.json", "--fault", "earthquake"], 64, &["earthquake"]),
    (&["emulator", "--tenant", "tenant.json", "--ca-out", "ca.pem"], 64, &["--tls"]),
    (&["emulator", "--tenant", "tenant.json", "--tls", "--tls-certificate", "ca.pem"], 64, &["--tls-key"]),
    (&["plan", "--backend", "local:not-there.json"], 1, &["not-there.json"]),
    (&["apply", "--backend", "local:not-there.json", "--auto-approve"], 1, &["not-there.json"]),
    (&["plan", "--backend", "local:policies"], 1, &["`policies`"]),
    (&["plan", "--out", "no/such/folder/plan.json"], 1, &["no/such/folder/plan.json"]),
    (&["plan", "--out", "policies"], 1, &["policies"]),
    (&["apply", "not-there.json"], 1, &["not-there.json"]),
    (&["apply", "policies"], 1, &["`policies`"]),
    (&["apply", "tenant.json"], 4, &["not a plan file"]),
    (&["snapshot", "--out", "no/such/folder/tenant.json"], 1, &["no/such/folder/tenant.json"]),
    (&["snapshot", "--out", "tenant.json"], 1, &["tenant.json"]),
    (&["explain", "nobody/knows"], 1, &["nobody/knows"]),
    (&["schema", "plans"], 64, &["plans"]),
];

#[test]
fn every_mistake_on_the_command_line_is_named() {
    let mut messages = String::new();
    for (args, code, words) in COMMAND_LINES {
        let workspace = workspace(HEAD);
        let run = refused(&workspace, args, *code);
        for word in *words {
            assert!(run.stderr.contains(word), "{args:?}: no `{word}`\n{}", run.stderr);
        }
        assert!(!workspace.path().join("not-there.json.lock").exists(), "{args:?} left a lock");
        let _ = write!(messages, "$ pimform {}\n{}exit {code}\n\n", args.join(" "), run.stderr);
    }
    assert_file(&project().join("tests/bad-command-line.txt"), &messages);
}

#[test]
fn a_backend_that_the_files_name_wrongly_is_named() {
    for backend in ["azure", "local", "local:", "https://x.example"] {
        let workspace = workspace(&format!("version: 1\nbackend: \"{backend}\"\n"));
        let run = workspace.run(&["plan"]);
        assert!([1, 3].contains(&run.code), "{run:?}");
        assert!(run.stderr.contains(&format!("`{backend}`")), "{}", run.stderr);
    }
    let run = refused(&workspace("version: 1\n"), &["plan"], 1);
    assert!(run.stderr.contains("--backend local:FILE"), "{}", run.stderr);
}

fn workspace(policy: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("tenant.json", TENANT);
    workspace.write("policies/pim.yaml", policy);
    workspace
}

/// Runs a command that must end with this code, say why, and leave the tenant as it is, byte for byte.
#[track_caller]
fn refused(workspace: &Workspace, args: &[&str], code: i32) -> Run {
    let before = std::fs::read(workspace.path().join("tenant.json")).unwrap();
    let run = workspace.run(args).expect(code);
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    assert!(!run.stderr.is_empty(), "nothing was said of {args:?}");
    assert_eq!(std::fs::read(workspace.path().join("tenant.json")).unwrap(), before, "the tenant file changed");
    run
}
