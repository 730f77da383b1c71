//! One problem and the places it concerns.

use super::Span;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The policy is invalid; nothing is planned from it.
    Error,
    /// Worth a look; the work goes on.
    Warning,
}

/// A place that a finding concerns, with what to say there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A few words: lower case, no final period.
    pub text: String,
}

/// One problem. The first label is where it is; further labels are the other places involved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stable id such as `unknown-principal`.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Lower case, no final period, the user's text in backticks.
    pub message: String,
    /// The places, the main one first; empty when no file is concerned.
    pub labels: Vec<Label>,
    /// A way out.
    pub help: Option<String>,
}

impl Finding {
    /// An error without a place yet.
    pub fn error(id: &'static str, message: impl Into<String>) -> Self {
        Self { id, severity: Severity::Error, message: message.into(), labels: Vec::new(), help: None }
    }

    /// A warning without a place yet.
    pub fn warning(id: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(id, message) }
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds a place if it is known.
    #[must_use]
    pub fn at_some(self, span: Option<Span>, text: impl Into<String>) -> Self {
        match span {
            Some(span) => self.at(span, text),
            None => self,
        }
    }

    /// Sets the way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The main place.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}

/// Warnings that a plan goes on with, and that are errors of the files all the same.
const LEFT_BEHIND: [&str; 6] = [
    "until-in-the-past",
    "last-owner",
    "unknown-principal",
    "unknown-role",
    "unknown-scope",
    "unknown-administrative-unit",
];

/// Findings collected on the way.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    list: Vec<Finding>,
}

impl Findings {
    /// Adds one.
    pub fn push(&mut self, finding: Finding) {
        self.list.push(finding);
    }

    /// Adds all of another collection.
    pub fn extend(&mut self, other: Findings) {
        self.list.extend(other.list);
    }

    /// True when one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// Makes errors of the warnings with which a plan goes on: whoever edits the files should not leave them there.
    pub fn promote_left_behind(&mut self) {
        for finding in self.list.iter_mut().filter(|finding| LEFT_BEHIND.contains(&finding.id)) {
            finding.severity = Severity::Error;
        }
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many are of this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|finding| finding.severity == severity).count()
    }

    /// In the order of files and positions, each once; findings without a place come first.
    pub fn sorted(&self) -> Vec<&Finding> {
        let mut list: Vec<&Finding> = self.list.iter().collect();
        list.sort_by(|a, b| (a.span(), a.severity, a.id, &a.message).cmp(&(b.span(), b.severity, b.id, &b.message)));
        list.dedup();
        list
    }
}
