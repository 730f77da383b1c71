//! What every command starts from: the policy files, the backend, the time. The only place that reads the clock.
#![expect(clippy::disallowed_methods, reason = "this is the shell: it reads the clock")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::args::Common;
use super::error::CliError;
use super::progress::Progress;
use super::terminal::Terminal;
use crate::backend::ReadState;
use crate::backend::local::{LocalExecutor, LocalReader};
use crate::compare::{Comparison, compare};
use crate::diag::SourceMap;
use crate::model::Time;
use crate::plan::GuardId;
use crate::policy::{Documents, LoadError, Loaded};

/// What every command starts from.
pub(super) struct Context<'a> {
    pub(super) common: &'a Common,
    pub(super) terminal: Terminal,
    pub(super) runtime: tokio::runtime::Runtime,
}

/// Policy files and where their tenant is.
pub(super) struct Policies {
    pub(super) documents: Documents,
    pub(super) sources: SourceMap,
}

/// Where a tenant is.
pub(super) enum Backend {
    /// In a file.
    Local(PathBuf),
}

impl<'a> Context<'a> {
    pub(super) fn new(common: &'a Common) -> std::io::Result<Self> {
        // One thread is enough: what takes long waits for a disk or a network.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { common, terminal: Terminal::detect(common.color), runtime })
    }

    /// The time of `--now`, or of the clock.
    pub(super) fn now(&self) -> Time {
        self.common.now.unwrap_or_else(|| Time::from_unix(jiff::Timestamp::now().as_second()))
    }

    /// Reads the policy files. No file at all is a matter for the guard `empty-policy`.
    pub(super) fn policies(&self, allowed: &BTreeSet<GuardId>) -> Result<Policies, CliError> {
        let _progress = Progress::spinner("reading the policy files");
        match crate::policy::load(self.common.policies()) {
            Ok(Loaded { documents, sources }) => Ok(Policies { documents, sources }),
            Err(LoadError::NoPolicyFiles(_)) if allowed.contains(&GuardId::EmptyPolicy) => {
                Ok(Policies { documents: Documents::default(), sources: SourceMap::default() })
            }
            Err(LoadError::NoPolicyFiles(finding)) => Err(CliError::refused(finding)),
            Err(LoadError::Invalid { findings, sources }) => Err(CliError::Invalid { findings, sources }),
        }
    }

    /// The backend that the command line or the policy files name.
    pub(super) fn backend(&self, policies: &Policies) -> Result<Option<Backend>, CliError> {
        let named = match (self.common.backend(), &policies.documents.backend) {
            (Some(text), _) => Some((text, PathBuf::new())),
            (None, Some(text)) => {
                let directory = policies.documents.backend_directory(&policies.sources).unwrap_or_default();
                Some((&*text.value, directory))
            }
            (None, None) => None,
        };
        named.map(|(text, directory)| Backend::parse(text, &directory)).transpose()
    }

    /// The backend; it is an error if none is named.
    pub(super) fn required_backend(&self, policies: &Policies) -> Result<Backend, CliError> {
        self.backend(policies)?.ok_or_else(|| {
            CliError::failed("no backend is named")
                .help("add `--backend local:FILE`, or `backend: local:FILE` to a policy file")
        })
    }

    /// Reads the tenant and plans.
    pub(super) fn compare(
        &self,
        policies: &Policies,
        backend: &dyn ReadState,
        allowed: &BTreeSet<GuardId>,
    ) -> Result<Comparison, CliError> {
        let _progress = Progress::spinner("reading the tenant");
        let comparison = compare(&policies.documents, &policies.sources, backend, allowed, self.now());
        self.runtime.block_on(comparison).map_err(|error| CliError::from_compare(error, &policies.sources))
    }
}

impl Backend {
    fn parse(text: &str, directory: &Path) -> Result<Self, CliError> {
        match text.split_once(':') {
            Some(("local", file)) if !file.is_empty() => Ok(Self::Local(directory.join(file))),
            _ if text == "microsoft" => Err(CliError::failed("this version has no backend `microsoft` yet")
                .help("plan against a tenant file with `--backend local:FILE`")),
            _ => Err(CliError::failed(format!("`{}` is not a backend", text.escape_debug()))
                .help("write `local:` and the path of a tenant file")),
        }
    }

    /// To look only.
    pub(super) fn reader(&self, now: Time) -> Result<LocalReader, CliError> {
        let Self::Local(path) = self;
        let _progress = Progress::spinner("reading the tenant file");
        Ok(LocalReader::open(path, now)?)
    }

    /// To change things.
    pub(super) fn executor(&self, now: Time) -> Result<LocalExecutor, CliError> {
        let Self::Local(path) = self;
        let _progress = Progress::spinner("reading the tenant file");
        Ok(LocalExecutor::open(path, now)?)
    }
}
