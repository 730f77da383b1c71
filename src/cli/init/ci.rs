//! The files of CI services, to where each looks for them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::super::args::CiService;
use super::super::error::CliError;
use super::super::tree;
use crate::import::scalar;

/// What a service reads: where from, below the root of the repository, and the text.
fn of(service: CiService) -> &'static [(&'static str, &'static str)] {
    match service {
        CiService::GitHub => &[
            (".github/workflows/pimform.yml", include_str!("../../../examples/ci/github/pimform.yml")),
            (".github/workflows/pimform-drift.yml", include_str!("../../../examples/ci/github/pimform-drift.yml")),
        ],
        CiService::AzureDevops => {
            &[("azure-pipelines.yml", include_str!("../../../examples/ci/azure-devops/azure-pipelines.yml"))]
        }
        CiService::GitLab => &[(".gitlab-ci.yml", include_str!("../../../examples/ci/gitlab/.gitlab-ci.yml"))],
    }
}

/// Files to write, below the root of the repository that a policy directory is in.
pub(super) struct CiFiles {
    root: PathBuf,
    files: BTreeMap<String, String>,
}

/// The files of some services, for a policy directory.
pub(super) fn files(directory: &Path, services: &[CiService]) -> CiFiles {
    let (root, below) = repository(directory);
    let services: BTreeSet<CiService> = services.iter().copied().collect();
    let files = services
        .into_iter()
        .flat_map(of)
        .map(|(name, text)| ((*name).to_owned(), for_directory(text, &below)))
        .collect();
    CiFiles { root, files }
}

impl CiFiles {
    /// Refuses to replace files, unless that is meant.
    pub(super) fn refuse_occupied(&self, force: bool) -> Result<(), CliError> {
        match self.paths().into_iter().find(|path| !force && path.exists()) {
            Some(path) => {
                let message = format!("`{}` is there already", path.display());
                Err(CliError::failed(message).help("move it away, or replace it with `--force`"))
            }
            None => Ok(()),
        }
    }

    /// Writes them.
    pub(super) fn write(&self, force: bool) -> Result<(), CliError> {
        self.refuse_occupied(force)?;
        tree::write(&self.root, &self.files)
    }

    /// Where they are.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.files.keys().map(|name| self.root.join(name)).collect()
    }
}

/// The root of the repository, and the way from there to the policy directory: up to the nearest `.git`, or to where the
/// policy directory lies if there is none.
fn repository(directory: &Path) -> (PathBuf, String) {
    let Some(name) = directory.file_name().map(|name| name.to_string_lossy().into_owned()) else {
        return (directory.to_owned(), ".".to_owned());
    };
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let real = std::fs::canonicalize(parent).unwrap_or_else(|_| parent.to_owned());
    let Some(root) = real.ancestors().find(|folder| folder.join(".git").exists()) else {
        return (parent.to_owned(), name);
    };
    if root == real {
        return (parent.to_owned(), name);
    }
    let between = real.strip_prefix(root).unwrap_or(Path::new("")).join(name);
    (root.to_owned(), between.to_string_lossy().into_owned())
}

/// The files are written for policies in `policies`.
fn for_directory(text: &str, below: &str) -> String {
    if below == "policies" {
        return text.to_owned();
    }
    text.replace("PIMFORM_POLICIES: policies", &format!("PIMFORM_POLICIES: {}", scalar(below)))
        .replace("- policies/**/*\n", &format!("- {}\n", scalar(&format!("{below}/**/*"))))
        .replace("- policies/**\n", &format!("- {}\n", scalar(&format!("{below}/**"))))
}
