//! Every example, and the sample in `policies/`: check, plan as shown in its README, apply, and nothing is left.

use std::path::Path;

use crate::harness::{Workspace, assert_file, folders, project};

#[test]
fn every_example_plans_as_its_readme_shows_and_a_second_plan_is_empty() {
    let examples = folders(&project().join("examples"));
    let examples: Vec<_> = examples.iter().filter(|folder| folder.join("tenant.json").exists()).collect();
    assert!(examples.len() >= 5, "{examples:?}");
    for folder in examples {
        let workspace = Workspace::copy_of(folder);
        workspace.run(&["check"]).expect(0);
        let plan = workspace.run(&["plan", "--detailed-exitcode"]).expect(2);
        assert_file(&folder.join("README.md"), &with_plan(&folder.join("README.md"), &plan.stdout));
        workspace.run(&["apply", "--auto-approve"]).expect(0);
        let second = workspace.run(&["plan", "--detailed-exitcode"]).expect(0);
        assert!(second.stdout.contains("No change"), "{}", second.stdout);
        // Long after, with time-bound assignments over, a plan still works.
        workspace.run(&["plan", "--now", "2031-01-01T00:00:00Z"]).expect(0);
    }
}

#[test]
fn the_sample_is_the_landing_zone() {
    let sample = project().join("policies");
    let example = project().join("examples/landing-zone/policies");
    let names = |folder: &Path| {
        let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&sample), names(&example));
    let text = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap();
        let own = |line: &&str| !line.starts_with("backend:") && !line.starts_with("# yaml-language-server");
        text.lines().filter(own).collect::<Vec<_>>().join("\n")
    };
    for name in names(&sample) {
        assert_eq!(text(&sample.join(&name)), text(&example.join(&name)));
    }
}

#[test]
fn the_readme_shows_the_plan_of_the_sample() {
    let workspace = Workspace::copy_of(&project().join("examples/landing-zone"));
    let plan = workspace.run(&["plan"]).expect(0);
    let readme = project().join("README.md");
    assert_file(&readme, &with_plan(&readme, &plan.stdout));
}

/// The text with the plan between its two marks.
fn with_plan(readme: &Path, plan: &str) -> String {
    let text = std::fs::read_to_string(readme).unwrap();
    let (before, rest) = text.split_once("<!-- plan -->").unwrap();
    let (_, after) = rest.split_once("<!-- /plan -->").unwrap();
    format!("{before}<!-- plan -->\n```text\n{}\n```\n<!-- /plan -->{after}", plan.trim_end())
}
