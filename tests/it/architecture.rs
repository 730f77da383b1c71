//! The module graph: dependencies point downwards only.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::harness::project;

/// What each top module may use. A module that is not here may not exist.
const MAY_USE: [(&str, &[&str]); 19] = [
    ("diag", &[]),
    ("model", &["diag"]),
    ("policy", &["diag", "model"]),
    ("diff", &["diag", "model"]),
    ("plan", &["diag", "model", "diff"]),
    ("backend", &["diag", "model", "plan"]),
    ("apply", &["model", "plan", "backend"]),
    ("compare", &["diag", "model", "policy", "plan", "backend", "runs", "undo"]),
    ("explain", &["diag", "model", "policy", "plan"]),
    ("runs", &["diag", "model", "plan", "backend", "apply"]),
    ("undo", &["diag", "model", "plan", "backend", "runs"]),
    ("drift", &["diag", "model", "plan", "runs"]),
    ("permissions", &["diag", "model", "policy", "backend"]),
    ("doctor", &["model", "backend", "permissions"]),
    ("render", &["diag", "model", "plan", "backend", "apply", "explain", "permissions", "runs", "drift", "doctor"]),
    ("generate", &["model", "backend"]),
    ("import", &["diag", "model", "policy", "plan"]),
    (
        "cli",
        &[
            "diag",
            "model",
            "policy",
            "plan",
            "backend",
            "apply",
            "compare",
            "explain",
            "permissions",
            "runs",
            "undo",
            "drift",
            "doctor",
            "import",
            "render",
            "emulator",
        ],
    ),
    // The emulator knows the service and nothing of us.
    ("emulator", &[]),
];

#[test]
fn dependencies_point_downwards_only() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        MAY_USE.iter().map(|(module, uses)| (*module, uses.iter().copied().collect())).collect();
    let mut wrong = Vec::new();
    for (module, text) in modules(&project().join("src")) {
        let Some(allowed) = allowed.get(module.as_str()) else {
            wrong.push(format!("`{module}` is not in the table"));
            continue;
        };
        assert!(!text.contains("crate::{"), "`{module}`: name each module by itself, so that this test sees it");
        for used in text.split("crate::").skip(1).filter_map(first_word) {
            if used != module && !allowed.contains(used) {
                wrong.push(format!("`{module}` uses `{used}`"));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The text of each top module, without tests.
pub(crate) fn modules(src: &Path) -> BTreeMap<String, String> {
    let mut modules: BTreeMap<String, String> = BTreeMap::new();
    for path in files(src) {
        let relative = path.strip_prefix(src).unwrap();
        let module = relative.iter().next().unwrap().to_string_lossy().replace(".rs", "");
        let is_test = relative.iter().any(|part| part == "tests.rs" || part == "tests");
        if module == "lib" || module == "main" || is_test {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        // Test modules stand at the end of a file; a single item for tests does not hide what follows it.
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
        modules.entry(module).or_default().push_str(code);
    }
    modules
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// `crate::model::X` names `model`; what stands in the root itself, such as a macro, names nothing.
fn first_word(text: &str) -> Option<&str> {
    let (word, rest) = text.split_at(text.find(|c: char| !c.is_ascii_lowercase() && c != '_')?);
    rest.starts_with("::").then_some(word)
}
