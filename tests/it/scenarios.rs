//! Scenarios as data: each folder of `tests/scenarios` has policies, a tenant and the commands to run; what a person sees
//! is in `expected.txt`. A new one needs no code.

use crate::harness::{Workspace, assert_file, folders, project};

#[test]
fn every_scenario_reads_as_expected() {
    let scenarios = folders(&project().join("tests/scenarios"));
    assert!(!scenarios.is_empty());
    let outdated: Vec<String> = scenarios
        .iter()
        .filter_map(|folder| {
            let check = std::panic::catch_unwind(|| assert_file(&folder.join("expected.txt"), &play(folder)));
            check.is_err().then(|| folder.display().to_string())
        })
        .collect();
    assert!(outdated.is_empty(), "not as expected: {outdated:#?}");
}

fn play(folder: &std::path::Path) -> String {
    let workspace = Workspace::copy_of(folder);
    let commands = workspace.read("commands.txt");
    let lines = commands.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let args = shell_words(line);
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            workspace.run(&args).transcript(line)
        })
        .collect()
}

/// Splits at spaces; single quotes keep a word together.
fn shell_words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
