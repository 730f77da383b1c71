//! Files that are made from the program, and must be what it would make now.

use std::fmt::Write as _;

use crate::harness::{Workspace, assert_file, project};

#[test]
fn schemas_are_current() {
    let workspace = Workspace::new();
    for of in ["policy", "tenant", "plan", "permissions", "drift", "run", "doctor"] {
        let schema = workspace.run(&["schema", of]).expect(0).stdout;
        assert_file(&project().join(format!("schemas/{of}.schema.json")), &schema);
    }
}

#[test]
fn the_command_line_reference_is_current() {
    let workspace = Workspace::new();
    let mut text =
        String::from("# Command line\n\nMade from the program's own help by `UPDATE=1 cargo test`; do not edit.\n");
    let commands = [
        None,
        Some("check"),
        Some("plan"),
        Some("apply"),
        Some("explain"),
        Some("schema"),
        Some("snapshot"),
        Some("permissions"),
        Some("doctor"),
        Some("emulator"),
        Some("completions"),
        Some("man"),
        Some("import"),
        Some("init"),
        Some("drift"),
        Some("show"),
        Some("history"),
        Some("undo"),
        Some("unlock"),
    ];
    for command in commands {
        let args: Vec<&str> = command.into_iter().chain(["--help"]).collect();
        let mut process = workspace.command(&args);
        let output = process.env("COLUMNS", "100").output().unwrap();
        let title = command.map_or_else(|| "pimform".to_owned(), |command| format!("pimform {command}"));
        let help = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        let _ = write!(text, "\n## `{title}`\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
    }
    text.push_str(&exit_codes());
    assert_file(&project().join("docs/command-line.md"), &text);
}

#[test]
fn the_findings_of_the_documentation_are_current() {
    let path = project().join("docs/policy-language.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut table = String::from("| id | means | what to do |\n|---|---|---|\n");
    for entry in pimform::diag::catalog::ENTRIES {
        let _ = writeln!(table, "| `{}` | {} | {} |", entry.id, entry.meaning, entry.advice);
    }
    let (before, rest) = text.split_once("<!-- findings -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /findings -->").unwrap();
    assert_file(&path, &format!("{before}<!-- findings -->\n{table}<!-- /findings -->{after}"));
}

#[test]
fn the_faults_of_the_documentation_are_current() {
    let path = project().join("docs/emulator.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut table = String::from("| fault | what it does |\n|---|---|\n");
    for (name, what) in pimform::emulator::Fault::all() {
        let _ = writeln!(table, "| `{}` | {what} |", name.replace('|', "\\|"));
    }
    let (before, rest) = text.split_once("<!-- faults -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /faults -->").unwrap();
    assert_file(&path, &format!("{before}<!-- faults -->\n{table}<!-- /faults -->{after}"));
}

#[test]
fn every_finding_is_in_the_catalog() {
    let mut missing = Vec::new();
    for (_, text) in crate::architecture::modules(&project().join("src")) {
        for start in ["Finding::error(", "Finding::warning("] {
            for rest in text.split(start).skip(1) {
                let id = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
                if let Some(id) = id.filter(|id| pimform::diag::catalog::find(id).is_none()) {
                    missing.push(id.to_owned());
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

fn exit_codes() -> String {
    let mut text = String::from("\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
    for (exit, meaning) in pimform::cli::Exit::TABLE {
        let _ = writeln!(text, "| {} | {meaning} |", exit as u8);
    }
    text
}

#[test]
fn every_policy_file_and_tenant_file_fits_its_schema() {
    let check = |schema: &str, instance: &serde_json::Value, path: &std::path::Path| {
        let schema = std::fs::read_to_string(project().join("schemas").join(schema)).unwrap();
        let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
    };
    let mut folders = vec![project().join("policies")];
    for example in crate::harness::folders(&project().join("examples")) {
        let tenant = example.join("tenant.json");
        if tenant.exists() {
            let text = std::fs::read_to_string(&tenant).unwrap();
            check("tenant.schema.json", &serde_json::from_str(&text).unwrap(), &tenant);
            folders.push(example.join("policies"));
        }
    }
    for folder in folders {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            check("policy.schema.json", &serde_yaml::from_str(&text).unwrap(), &path);
        }
    }
}
