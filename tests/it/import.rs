//! `import` and `init` as people run them: over every tenant file of the project, and over configurations of another tool.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::harness::{Workspace, assert_file, folders, project};

/// The tenant files of all examples and scenarios.
fn tenants() -> Vec<PathBuf> {
    let all = folders(&project().join("examples")).into_iter().chain(folders(&project().join("tests/scenarios")));
    all.map(|folder| folder.join("tenant.json")).filter(|tenant| tenant.exists()).collect()
}

/// A workspace with this tenant and nothing else.
fn with_tenant(tenant: &Path) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("tenant.json", std::fs::read(tenant).unwrap());
    workspace
}

fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(folder, "", &mut found);
    found.sort();
    found
}

fn walk(folder: &Path, below: &str, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            walk(&entry.path(), &format!("{name}/"), found);
        } else {
            found.push((name, std::fs::read_to_string(entry.path()).unwrap()));
        }
    }
}

fn is_policy(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "yaml")
}

#[test]
fn the_first_plan_after_an_import_of_any_tenant_file_is_empty() {
    let schema = std::fs::read_to_string(project().join("schemas/policy.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let mut imported = 0;
    for (at, tenant) in tenants().iter().enumerate() {
        let workspace = with_tenant(tenant);
        // One of the six ways for each, and all ways among them.
        let layout = ["scope", "surface", "flat"][at % 3];
        let mut args = vec!["import", "--backend", "local:tenant.json", "--layout", layout];
        args.extend((at % 2 == 1).then_some("--full"));
        let first = workspace.run(&args);
        let shown = tenant.display();
        assert!([0, 6].contains(&first.code), "{shown}: {}", first.stderr);
        // Of several windows only one can be declared, and each plan says so of the others.
        let blocks = first.stderr.contains("other-window");
        let plan = workspace.run(&["plan", "--detailed-exitcode"]).expect(match first.code {
            _ if blocks => 6,
            6 => 0,
            code => code,
        });
        assert!(plan.stdout.contains("No change"), "{shown}\n{}", plan.stdout);
        assert!(!plan.stderr.contains("error"), "{shown}\n{}", plan.stderr);
        workspace.run(&["check"]).expect(0);
        let written = files(&workspace.path().join("policies"));
        args.extend(["--out", "again"]);
        workspace.run(&args).expect(first.code);
        assert_eq!(written, files(&workspace.path().join("again")), "{shown}");
        for (name, text) in written.iter().filter(|(name, _)| is_policy(name)) {
            let value: Value = serde_yaml::from_str(text).unwrap();
            let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{shown}: {name}: {errors:#?}");
            assert!(text.starts_with("# yaml-language-server: $schema="), "{name}");
        }
        imported += written.iter().filter(|(name, _)| is_policy(name)).count();
    }
    assert!(imported > 100, "{imported}");
}

#[test]
fn the_landing_zone_is_imported_as_shown() {
    let mut all = String::new();
    for layout in ["scope", "flat"] {
        let workspace = with_tenant(&project().join("examples/landing-zone/tenant.json"));
        let args = format!("import --backend local:tenant.json --layout {layout}");
        let run = workspace.run(&args.split(' ').collect::<Vec<_>>()).expect(0);
        all.push_str(&run.transcript(&args));
        for (name, text) in files(&workspace.path().join("policies")) {
            if is_policy(&name) {
                let _ = write!(all, "--- policies/{name}\n{text}\n");
            }
        }
    }
    assert_file(&project().join("tests/import/landing-zone.txt"), &all);
}

/// A bit of everything that is odd or cannot be declared.
#[test]
fn what_cannot_be_declared_is_imported_as_shown() {
    let workspace = with_tenant(&project().join("tests/import/odd-tenant.json"));
    let args = "import --backend local:tenant.json --layout flat";
    let run = workspace.run(&args.split(' ').collect::<Vec<_>>()).expect(6);
    let all = format!("{}--- policies/policy.yaml\n{}", run.transcript(args), workspace.read("policies/policy.yaml"));
    assert_file(&project().join("tests/import/odd.txt"), &all);
    let plan = workspace.run(&["plan", "--detailed-exitcode"]).expect(0);
    assert!(plan.stdout.contains("No change"), "{}", plan.stdout);
}

#[test]
fn the_report_for_programs_names_files_and_what_was_left_out() {
    let workspace = with_tenant(&project().join("tests/import/odd-tenant.json"));
    let run = workspace.run(&["import", "--backend", "local:tenant.json", "--format", "json", "--out", "x"]).expect(6);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&report["version"], &report["directory"]), (&1.into(), &"x".into()));
    let files: Vec<&str> = report["files"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for name in &files {
        assert!(workspace.path().join("x").join(name).is_file(), "{name}");
    }
    assert!(report["unreadable"].as_u64() >= Some(1));
    let reasons: Vec<&str> =
        report["left_out"].as_array().unwrap().iter().filter_map(|one| one["reason"].as_str()).collect();
    for reason in ["unreadable", "outside-pim", "one-object", "unknown-principal", "default-approvers", "odd-value"] {
        assert!(reasons.contains(&reason), "{reason}: {reasons:?}");
    }
    // Whatever is left out has an address and words that a terminal can show.
    assert!(run.stdout.chars().all(|c| c == '\n' || !pimform::diag::is_deceptive(c)));
}

#[test]
fn nothing_is_overwritten_unless_that_is_meant() {
    let workspace = with_tenant(&project().join("examples/landing-zone/tenant.json"));
    workspace.write("policies/directory.yaml", "# mine\n");
    workspace.write("policies/mine.yaml", "version: 1\n");
    workspace.write("policies/remarks.yml", "# nothing here\n");
    let import = ["import", "--backend", "local:tenant.json"];
    let refused = workspace.run(&import).expect(1);
    assert!(refused.stderr.contains("`policies` is not empty"), "{}", refused.stderr);
    assert_eq!(workspace.read("policies/directory.yaml"), "# mine\n");
    assert!(!workspace.path().join("policies/tenant.yaml").exists());
    let forced = workspace.run(&[&import[..], &["--force"]].concat()).expect(0);
    assert!(forced.stderr.contains("`mine.yaml` was there before and stays"), "{}", forced.stderr);
    assert!(!forced.stderr.contains("remarks.yml"), "{}", forced.stderr);
    assert_eq!(workspace.read("policies/mine.yaml"), "version: 1\n");
    assert!(workspace.read("policies/directory.yaml").contains("Global Administrator"));
    // A file is no directory, and a directory with hidden files only is as good as empty.
    workspace.write("file", "x");
    workspace.run(&[&import[..], &["--out", "file"]].concat()).expect(1);
    workspace.write("empty/.gitkeep", "");
    workspace.run(&[&import[..], &["--out", "empty"]].concat()).expect(0);
}

#[test]
fn what_cannot_be_written_leaves_everything_as_it_was() {
    let workspace = with_tenant(&project().join("examples/landing-zone/tenant.json"));
    workspace.write("policies/directory.yaml", "# mine\n");
    workspace.write("policies/tenant.yaml/in-the-way", "");
    let import = ["import", "--backend", "local:tenant.json", "--force"];
    let failed = workspace.run(&import).expect(1);
    assert!(failed.stderr.contains("cannot write"), "{}", failed.stderr);
    let names: Vec<String> = files(&workspace.path().join("policies")).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["directory.yaml", "tenant.yaml/in-the-way"]);
    assert_eq!(workspace.read("policies/directory.yaml"), "# mine\n");
}

/// A role that has everything as the service has it: each field that somebody loosens afterwards is drift.
#[test]
fn whatever_is_loosened_after_an_import_shows() {
    const GROUP: &str = "7d1e2b40-0a5f-4c2b-8f55-61b0c90a0011";
    let tenant = |settings: Value| {
        json!({
            "format": "pimform-tenant", "version": 1,
            "tenant": { "id": "5d0f7a10-3f0e-4b57-9a51-4c1d2f6a0001", "name": "Contoso" },
            "users": [ { "id": "7d1e2b40-0a5f-4c2b-8f55-61b0c90a0001", "name": "Ada", "upn": "ada@contoso.example" } ],
            "groups": [ { "id": GROUP, "name": "Ops", "pim": true } ],
            "targets": [ { "group": GROUP, "access": "member", "settings": settings,
                "eligible": [ { "principal": "7d1e2b40-0a5f-4c2b-8f55-61b0c90a0001", "end": "2027-03-01T00:00:00Z" } ] } ],
        })
    };
    let mut looser = vec![
        json!({ "activation": { "max_duration": "24h" } }),
        json!({ "activation": { "justification": false } }),
        json!({ "eligible_assignment": { "expire_after": "never" } }),
        json!({ "active_assignment": { "expire_after": "never" } }),
        json!({ "active_assignment": { "justification": false } }),
    ];
    for event in ["eligible_assigned", "active_assigned", "activated"] {
        for audience in ["admins", "assignee", "approvers"] {
            for field in [json!({ "level": "critical" }), json!({ "default_recipients": false })] {
                looser.push(json!({ "notifications": { event: { audience: field } } }));
            }
        }
    }
    for (flag, code, shown) in [("", 2, true), (" --minimal", 0, false)] {
        let workspace = Workspace::new();
        workspace.write("tenant.json", tenant(json!({})).to_string());
        let args = format!("import --backend local:tenant.json{flag}");
        workspace.run(&args.split(' ').collect::<Vec<_>>()).expect(0);
        assert!(workspace.read("policies/tenant.yaml").contains("name: Contoso"));
        workspace.run(&["drift"]).expect(0);
        for settings in &looser {
            workspace.write("tenant.json", tenant(settings.clone()).to_string());
            let drift = workspace.run(&["drift"]).expect(code);
            assert_eq!(drift.stdout.contains("group/Ops/member/settings"), shown, "{settings}: {}", drift.stdout);
        }
    }
}

#[test]
fn a_target_that_is_not_there_writes_nothing() {
    let workspace = with_tenant(&project().join("examples/landing-zone/tenant.json"));
    let import = ["import", "--backend", "local:tenant.json", "--target"];
    let run = workspace.run(&[&import[..], &["directory/Nobody"]].concat()).expect(1);
    assert!(run.stderr.contains("nothing in the tenant has such an address"), "{}", run.stderr);
    assert!(!workspace.path().join("policies").exists());
    let two = [&import[..], &["directory/Nobody", "--target", "directory/User*/eligible"]].concat();
    let run = workspace.run(&two).expect(0);
    assert!(run.stderr.contains("warning: `--target directory/Nobody` covers nothing"), "{}", run.stderr);
    let text = workspace.read("policies/directory.yaml");
    assert!(text.contains("margaret") && !text.contains("settings") && !text.contains("active"), "{text}");
    workspace.run(&[&import[..], &["[", "--out", "x"]].concat()).expect(64);
}

#[test]
fn the_backend_may_be_named_by_the_files_that_are_replaced() {
    let workspace = with_tenant(&project().join("examples/landing-zone/tenant.json"));
    workspace.run(&["init", "--backend", "local:tenant.json"]).expect(0);
    workspace.run(&["import", "--force"]).expect(0);
    assert!(workspace.read("policies/tenant.yaml").contains("backend: local:../tenant.json"));
    workspace.run(&["import", "--out", "deep/er"]).expect(0);
    assert!(workspace.read("deep/er/tenant.yaml").contains("backend: local:../../tenant.json"));
    workspace.run(&["plan", "--policies", "deep/er", "--detailed-exitcode"]).expect(0);
    let nowhere = Workspace::new().run(&["import"]).expect(1);
    assert!(nowhere.stderr.contains("no backend is named"), "{}", nowhere.stderr);
}

const CONFIGURATION: &str = r#"{
  // what to keep
  "ProtectedUsers": ["121e2576-a2b7-4b29-ac44-5da3f18d394c"], /* the emergency account */
  "PolicyTemplates": {
    "Standard": { "ActivationDuration": "PT8H", "ActivationRequirement": "MultiFactorAuthentication,Justification" },
  },
  "EntraRoles": { "Policies": { "User Administrator": { "Template": "Standard", "ActivationDuration": "PT2H" } } },
  "Assignments": {
    "EntraRoles": [{ "roleName": "User Administrator", "assignments": [
      { "principalId": "afe0f19a-f758-4fe8-922c-be7b80de6b34", "assignmentType": "Eligible", "duration": "P90D" },
      { "principalId": "00000000-0000-4000-8000-00000000dead", "assignmentType": "Eligible" },
    ] }],
    "AzureRoles": [{ "roleName": "Owner", "scope": "/subscriptions/c50263ce-5259-4a3c-a74c-860b1f88e997",
      "assignments": [{ "principalId": "ad5ea460-bc60-47ba-9c1e-980d9b8a7945", "assignmentType": "Eligible" }] }],
  },
  "Colour": "red",
}"#;

#[test]
fn another_tools_configuration_becomes_policies_that_pass() {
    let workspace = with_tenant(&project().join("examples/landing-zone/tenant.json"));
    workspace.write("pim.jsonc", format!("\u{feff}{CONFIGURATION}"));
    let import = ["import", "--from", "easypim", "pim.jsonc"];
    // Offline: nothing is known of the ids.
    let run = workspace.run(&[&import[..], &["--out", "offline"]].concat()).expect(0);
    assert!(run.stderr.contains("Colour") && run.stderr.contains("assumed-user"), "{}", run.stderr);
    workspace.run(&["check", "--policies", "offline"]).expect(0);
    // With a tenant they get their names.
    let run = workspace.run(&[&import[..], &["--backend", "local:tenant.json"]].concat()).expect(0);
    assert!(run.stderr.contains("00000000-0000-4000-8000-00000000dead"), "{}", run.stderr);
    let directory = workspace.read("policies/directory.yaml");
    assert!(directory.contains("{ user: mary@contoso.example, for: 90d }"), "{directory}");
    let azure = workspace.read("policies/azure/subscription-production.yaml");
    assert!(azure.contains("- subscription: Production") && azure.contains("group: SEC-Platform-Operators"), "{azure}");
    assert!(workspace.read("policies/tenant.yaml").contains("user: break-glass-1@contoso.example"));
    workspace.run(&["check"]).expect(0);
    let plan = workspace.run(&["plan"]).expect(0);
    assert!(!plan.stdout.contains("Loses access"), "{}", plan.stdout);
}

/// Situations of people who came from there: what is written, with a tenant and without, and that it passes.
#[test]
fn another_tools_configuration_is_never_widened() {
    for folder in folders(&project().join("tests/import/easypim")) {
        let mut all = String::new();
        for rest in ["", " --backend local:tenant.json"] {
            let workspace = Workspace::copy_of(&folder);
            let args = format!("import --from easypim pim.jsonc --layout flat{rest}");
            let run = workspace.run(&args.split(' ').collect::<Vec<_>>()).expect(0);
            let _ = write!(
                all,
                "{}--- policies/policy.yaml\n{}\n",
                run.transcript(&args),
                workspace.read("policies/policy.yaml")
            );
            workspace.run(&["check"]).expect(0);
            if !rest.is_empty() {
                workspace.run(&["plan"]).expect(0);
            }
        }
        assert_file(&folder.join("expected.txt"), &all);
    }
}

#[test]
fn a_configuration_may_be_in_the_encoding_of_a_shell_and_must_be_json() {
    let workspace = Workspace::new();
    let units = std::iter::once(0xFEFF).chain(CONFIGURATION.encode_utf16());
    workspace.write("utf16.json", units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    workspace.write("broken.json", "{ \"EntraRoles\": { ");
    workspace.write("bytes.json", [0xC3, 0x28]);
    workspace.run(&["import", "--from", "easypim", "utf16.json"]).expect(0);
    assert!(workspace.read("policies/directory.yaml").contains("User Administrator"));
    for (name, words) in [
        ("broken.json", "`broken.json`: line 1"),
        ("bytes.json", "is not UTF-8"),
        ("none.json", "cannot read `none.json`"),
    ] {
        let run = workspace.run(&["import", "--from", "easypim", name, "--out", "x"]).expect(1);
        assert!(run.stderr.contains(words), "{}", run.stderr);
        assert!(!workspace.path().join("x").exists());
    }
    workspace.run(&["import", "--from", "easypim"]).expect(64);
    workspace.run(&["import", "utf16.json"]).expect(64);
    workspace.run(&["import", "--from", "easypim", "utf16.json", "--full"]).expect(64);
}

#[test]
fn a_policy_directory_is_begun() {
    let workspace = with_tenant(&project().join("examples/landing-zone/tenant.json"));
    // Without a backend the place of the tenant's id is pointed at.
    workspace.run(&["init"]).expect(0);
    let check = workspace.run(&["check"]).expect(3);
    assert!(check.stderr.contains("<id of your tenant>"), "{}", check.stderr);
    workspace.run(&["init"]).expect(1);
    let editor = workspace.read(".vscode/settings.json");
    let editor: Value = serde_json::from_str(&editor).unwrap();
    assert!(editor["yaml.schemas"]["./policies/policy.schema.json"].is_array());
    // With one it is asked; the editor's settings stay as they are.
    workspace.write(".vscode/settings.json", "{}");
    let begun = workspace.run(&["init", "--force", "--backend", "local:tenant.json", "--format", "json"]).expect(0);
    let report: Value = serde_json::from_str(&begun.stdout).unwrap();
    assert_eq!(report["editor"], Value::Null);
    assert_eq!(workspace.read(".vscode/settings.json"), "{}");
    assert!(workspace.read("policies/tenant.yaml").contains("id: 3bb427c1-a1da-459d-aad1-245c92010b38"));
    workspace.run(&["check"]).expect(0);
    let plan = workspace.run(&["plan", "--detailed-exitcode"]).expect(0);
    assert!(plan.stdout.contains("No change"), "{}", plan.stdout);
    let schema = std::fs::read_to_string(project().join("schemas/policy.schema.json")).unwrap();
    assert_eq!(workspace.read("policies/policy.schema.json").trim_end(), schema.trim_end());
}

/// What the scaffold shows in comments is right once the marks are taken away.
#[test]
fn the_examples_in_the_scaffold_are_policies() {
    let workspace = with_tenant(&project().join("examples/landing-zone/tenant.json"));
    workspace.run(&["init", "--backend", "local:tenant.json"]).expect(0);
    let mut shown = 0;
    for (name, text) in files(&workspace.path().join("policies")) {
        if !is_policy(&name) || name == "tenant.yaml" {
            continue;
        }
        let lines = text.lines().skip(1).map(|line| line.strip_prefix("# ").unwrap_or_default());
        // Sentences stand at the left edge and end with a full stop.
        let example: Vec<&str> = lines.filter(|line| line.starts_with(' ') || line.ends_with(':')).collect();
        shown += example.len();
        workspace.write(&format!("policies/{name}"), example.join("\n"));
    }
    assert!(shown > 30, "{shown}");
    // The people and groups of the examples are those of the landing zone.
    let check = workspace.run(&["check"]).expect(0);
    assert!(check.stdout.contains("no problem"), "{}{}", check.stdout, check.stderr);
}
