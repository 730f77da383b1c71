//! What settings ask of whoever assigns: a token with multifactor authentication.

use std::collections::BTreeMap;

use crate::diag::{Finding, Findings, Span};
use crate::diff::Compared;
use crate::model::{DesiredAssignment, DesiredTarget, Kind};

/// Assignments that are planned where the settings ask for multifactor authentication of whoever assigns: one entry for
/// each place that says so, since a thousand targets may share a profile.
#[derive(Debug, Default)]
pub(super) struct MfaAsked {
    by_place: BTreeMap<(Kind, Span), Planned>,
}

#[derive(Debug)]
struct Planned {
    count: usize,
    address: String,
    at: Span,
    declared: bool,
}

impl MfaAsked {
    /// Notes an assignment that is planned.
    pub(super) fn note(
        &mut self,
        target: &DesiredTarget,
        compared: &Compared,
        assignment: &DesiredAssignment,
        address: &str,
    ) {
        let (kind, at) = (assignment.key.kind, assignment.at);
        if compared.settings_after.assignment(kind).mfa != true {
            return;
        }
        // Where the files leave the field alone, the tenant asks for it, at each target by itself.
        let place = target.settings.assignment(kind).mfa.at();
        let first = || Planned { count: 0, address: address.to_owned(), at, declared: place.is_some() };
        self.by_place.entry((kind, place.unwrap_or(target.at))).or_insert_with(first).count += 1;
    }

    /// One warning for each place.
    pub(super) fn warn(self, findings: &mut Findings) {
        for ((kind, place), Planned { count, address, at, declared }) in self.by_place {
            let planned = match count {
                1 => format!("`{address}` is planned"),
                _ => format!("`{address}` and {} more are planned", count - 1),
            };
            // docs/service.md: requests-2
            let finding = Finding::warning(
                "mfa-of-who-assigns",
                format!("{planned} where `{kind}_assignment.mfa` is on: who applies needs a token with MFA, and an application may be refused"),
            )
            .at(at, "planned here");
            findings.push(finding.at_some(declared.then_some(place), "asked for here").help(format!(
                "sign in with MFA to apply, or set `{kind}_assignment: {{ mfa: false }}`; it asks nothing of those who activate"
            )));
        }
    }
}
