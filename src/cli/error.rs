//! Why a command ended early, with its exit code.

use super::exit::Exit;
use crate::backend::BackendError;
use crate::compare::CompareError;
use crate::diag::{Finding, Findings, SourceMap, chain};
use crate::runs::StoreError;

/// Why a command ended early.
#[derive(Debug)]
pub(super) enum CliError {
    /// The policy files are wrong.
    Invalid {
        /// What is wrong.
        findings: Findings,
        /// Their texts.
        sources: SourceMap,
    },
    /// A guard refuses before there is a plan.
    Refused {
        /// Which guard, and why.
        findings: Findings,
        /// The texts of the files.
        sources: SourceMap,
    },
    /// Anything else.
    Other {
        /// How it ends.
        exit: Exit,
        /// What happened.
        message: String,
        /// More lines about it.
        details: Vec<String>,
        /// A way out.
        help: Option<String>,
    },
    /// Whoever reads the output has gone, which is their right.
    OutputClosed,
}

impl CliError {
    /// A failure.
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::Other { exit: Exit::Failed, message: message.into(), details: Vec::new(), help: None }
    }

    /// A refusal that concerns no place in a file.
    pub(super) fn refused(finding: Finding) -> Self {
        let mut findings = Findings::default();
        findings.push(finding);
        Self::Refused { findings, sources: SourceMap::default() }
    }

    /// With a way out.
    #[must_use]
    pub(super) fn help(mut self, text: impl Into<String>) -> Self {
        if let Self::Other { help, .. } = &mut self {
            *help = Some(text.into());
        }
        self
    }

    /// With more lines.
    #[must_use]
    pub(super) fn details(mut self, lines: Vec<String>) -> Self {
        if let Self::Other { details, .. } = &mut self {
            *details = lines;
        }
        self
    }

    /// With another exit code.
    #[must_use]
    pub(super) fn exit(mut self, code: Exit) -> Self {
        if let Self::Other { exit, .. } = &mut self {
            *exit = code;
        }
        self
    }

    /// From a failed comparison.
    pub(super) fn from_compare(error: CompareError, sources: &SourceMap) -> Self {
        match error {
            CompareError::Invalid(findings) => Self::Invalid { findings, sources: sources.clone() },
            CompareError::TenantMismatch(finding) => {
                let mut findings = Findings::default();
                findings.push(*finding);
                Self::Refused { findings, sources: sources.clone() }
            }
            CompareError::Backend(error) => error.into(),
        }
    }

    /// The exit code.
    pub(super) fn code(&self) -> Exit {
        match self {
            Self::Invalid { .. } => Exit::Invalid,
            Self::Refused { .. } => Exit::Refused,
            Self::Other { exit, .. } => *exit,
            Self::OutputClosed => Exit::Done,
        }
    }
}

impl From<BackendError> for CliError {
    fn from(error: BackendError) -> Self {
        let help = error.help();
        Self::Other { exit: Exit::Failed, message: chain(&error), details: Vec::new(), help }
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        Self::failed(chain(&error)).help(error.help())
    }
}

impl From<serde_json::Error> for CliError {
    fn from(error: serde_json::Error) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<std::io::Error> for CliError {
    /// From writing to standard output.
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::OutputClosed
        } else {
            Self::failed(format!("cannot write to standard output: {error}"))
        }
    }
}
