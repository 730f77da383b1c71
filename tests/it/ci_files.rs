//! `init --ci`: the files of `examples/ci`, in the places where they belong.

use serde_json::Value;

use crate::harness::{Workspace, project};

const GITHUB: [&str; 2] = ["pimform.yml", "pimform-drift.yml"];

fn example(name: &str) -> String {
    std::fs::read_to_string(project().join("examples/ci").join(name)).unwrap()
}

#[test]
fn every_service_gets_its_files_beside_the_policies() {
    let workspace = Workspace::new();
    let args =
        ["init", "--ci", "github", "--ci", "azure-devops", "--ci", "gitlab", "--ci", "github", "--format", "json"];
    let report: Value = serde_json::from_str(&workspace.run(&args).expect(0).stdout).unwrap();
    let files = [
        ".github/workflows/pimform-drift.yml",
        ".github/workflows/pimform.yml",
        ".gitlab-ci.yml",
        "azure-pipelines.yml",
    ];
    assert_eq!(report["ci"], serde_json::json!(files));
    for name in GITHUB {
        assert_eq!(workspace.read(&format!(".github/workflows/{name}")), example(&format!("github/{name}")));
    }
    assert_eq!(workspace.read(".gitlab-ci.yml"), example("gitlab/.gitlab-ci.yml"));
    assert_eq!(workspace.read("azure-pipelines.yml"), example("azure-devops/azure-pipelines.yml"));
    assert!(workspace.read("policies/tenant.yaml").contains("version: 1"));
}

#[test]
fn policies_that_are_there_stay_and_files_that_are_there_are_not_replaced() {
    let workspace = Workspace::new();
    workspace.write("policies/pim.yaml", "version: 1\n");
    let run = workspace.run(&["init", "--ci", "github"]).expect(0);
    assert!(run.stdout.contains("  .github/workflows/pimform.yml\n"), "{}", run.stdout);
    assert_eq!(std::fs::read_dir(workspace.path().join("policies")).unwrap().count(), 1);

    workspace.write(".github/workflows/pimform.yml", "mine");
    std::fs::remove_file(workspace.path().join(".github/workflows/pimform-drift.yml")).unwrap();
    let refused = workspace.run(&["init", "--ci", "github"]).expect(1);
    assert!(refused.stderr.contains("`./.github/workflows/pimform.yml` is there already"), "{}", refused.stderr);
    assert!(refused.stderr.contains("`--force`"), "{}", refused.stderr);
    assert_eq!(workspace.read(".github/workflows/pimform.yml"), "mine");
    assert!(!workspace.path().join(".github/workflows/pimform-drift.yml").exists());

    workspace.run(&["init", "--ci", "github", "--force"]).expect(0);
    assert_eq!(workspace.read(".github/workflows/pimform.yml"), example("github/pimform.yml"));
    assert_eq!(workspace.read("policies/pim.yaml"), "version: 1\n");
}

#[test]
fn nothing_is_begun_where_a_file_is_in_the_way() {
    let workspace = Workspace::new();
    workspace.write(".gitlab-ci.yml", "mine");
    workspace.run(&["init", "--ci", "gitlab"]).expect(1);
    assert_eq!(workspace.read(".gitlab-ci.yml"), "mine");
    assert!(!workspace.path().join("policies").exists());
}

#[test]
fn the_files_go_to_the_root_of_the_repository_and_name_the_directory() {
    let workspace = Workspace::new();
    workspace.write(".git/HEAD", "ref: refs/heads/main\n");
    workspace.run(&["init", "infra/pim", "--ci", "github", "--ci", "gitlab"]).expect(0);
    let text = workspace.read(".github/workflows/pimform.yml");
    assert!(text.contains("  PIMFORM_POLICIES: infra/pim\n") && text.contains("      - infra/pim/**\n"), "{text}");
    assert!(!text.contains("policies/**"), "{text}");
    let text = workspace.read(".gitlab-ci.yml");
    assert!(text.contains("- infra/pim/**/*\n") && !text.contains("policies/**"), "{text}");
    assert!(workspace.path().join("infra/pim/tenant.yaml").exists());
}

/// A team installs the version that the files are of.
#[test]
fn every_file_installs_this_version_and_names_the_policies_once() {
    for name in
        ["github/pimform.yml", "github/pimform-drift.yml", "azure-devops/azure-pipelines.yml", "gitlab/.gitlab-ci.yml"]
    {
        let text = example(name);
        assert_eq!(text.matches(&format!("PIMFORM_VERSION: {}\n", env!("CARGO_PKG_VERSION"))).count(), 1, "{name}");
        assert_eq!(text.matches("PIMFORM_POLICIES: policies\n").count(), 1, "{name}");
    }
}
