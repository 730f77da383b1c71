//! Principals by name or id.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::assignment::PrincipalRef;
use super::decode::list;
use super::name_index::NameIndex;
use crate::diag::{Finding, Findings, Span, nearest};
use crate::model::{Directory, Principal, PrincipalDetail, PrincipalId, PrincipalKind};

/// Looks principals up, and says what is wrong where there is not exactly one.
pub(super) struct Principals<'d> {
    directory: &'d Directory,
    by_name: NameIndex<'d>,
    by_app: BTreeMap<uuid::Uuid, &'d Principal>,
    /// Comparing names for a "did you mean" is slow in a large directory, so only the first few unknown names get one.
    comparisons_left: usize,
}

/// At most so many candidates are listed.
const CANDIDATES: usize = 10;

impl<'d> Principals<'d> {
    /// Looks up in `directory`.
    pub(super) fn new(directory: &'d Directory) -> Self {
        let apps = directory.principals().iter().filter_map(|principal| match principal.detail {
            PrincipalDetail::ServicePrincipal { app_id } => Some((app_id?, principal)),
            _ => None,
        });
        Self { directory, by_name: NameIndex::new(directory), by_app: apps.collect(), comparisons_left: 5_000_000 }
    }

    /// The principal that the reference names.
    pub(super) fn find(&mut self, reference: &PrincipalRef, findings: &mut Findings) -> Option<&'d Principal> {
        let result = self.lookup(reference.kind, &reference.name, reference.at);
        result.map_err(|finding| findings.push(finding)).ok()
    }

    /// The principal of this kind with this name or id.
    pub(super) fn lookup(&mut self, kind: PrincipalKind, name: &str, at: Span) -> Result<&'d Principal, Finding> {
        if let Ok(id) = name.parse::<PrincipalId>() {
            return self.by_id(kind, id, name, at);
        }
        let mut named = self.by_name.named(kind, name);
        match (named.next(), named.next()) {
            (Some(principal), None) => Ok(principal),
            (Some(first), Some(second)) => {
                let all = [first, second].into_iter().chain(named).map(|principal| {
                    let detail = principal.group().and_then(|facts| facts.planned.then_some(" (to be created)"));
                    format!("`{}`{}", principal.id, detail.unwrap_or_default())
                });
                Err(ambiguous(kind, name, at, all))
            }
            (None, _) => {
                drop(named);
                Err(self.unknown(kind, name, at))
            }
        }
    }

    /// Anybody may give an object the name of another's id, so an id that exists is never a name.
    fn by_id(&self, kind: PrincipalKind, id: PrincipalId, name: &str, at: Span) -> Result<&'d Principal, Finding> {
        let app = || self.by_app.get(&id.guid()).copied().filter(|_| kind == PrincipalKind::ServicePrincipal);
        let object = self.directory.principal(id).or_else(app);
        if object.is_none() {
            let mut named = self.by_name.named(kind, name);
            match (named.next(), named.next()) {
                (Some(other), None) => return Ok(other),
                (Some(_), Some(_)) => {
                    let all = self.by_name.named(kind, name).map(|one| format!("`{}`", one.id));
                    return Err(ambiguous(kind, name, at, all));
                }
                (None, _) => {}
            }
        }
        match object {
            Some(principal) if principal.kind() == kind => Ok(principal),
            Some(principal) => {
                let (is, name) = (principal.kind(), &principal.display_name);
                Err(Finding::error("unknown-principal", format!("`{id}` is the {is} `{name}`, not a {kind}"))
                    .at(at, format!("not a {kind}"))
                    .help(format!("write `{}: {id}`", key(is))))
            }
            None => Err(Finding::error("unknown-principal", format!("there is no {kind} with the id `{id}`"))
                .at(at, format!("no such {kind}"))
                .help("check the id; is it from another tenant?")),
        }
    }

    fn unknown(&mut self, kind: PrincipalKind, name: &str, at: Span) -> Finding {
        let finding = Finding::error("unknown-principal", format!("there is no {kind} `{name}`"))
            .at(at, format!("no such {kind}"));
        let other = [PrincipalKind::User, PrincipalKind::Group, PrincipalKind::ServicePrincipal]
            .into_iter()
            .find(|other| self.by_name.named(*other, name).next().is_some());
        if let Some(other) = other {
            return finding.help(format!("there is a {other} of this name; write `{}: {name}`", key(other)));
        }
        if kind == PrincipalKind::User
            && let Some(help) = self.called(name)
        {
            return finding.help(help);
        }
        match self.near(kind, name) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None if kind == PrincipalKind::Group => {
                finding.help("check the spelling, or declare the group under `groups:` with `create:`")
            }
            None => finding.help("check the spelling, or write the id"),
        }
    }

    /// What to write for a user whose display name was written.
    fn called(&mut self, name: &str) -> Option<String> {
        let principals = self.directory.principals();
        self.comparisons_left = self.comparisons_left.checked_sub(principals.len())?;
        let name = name.to_lowercase();
        let users = principals.iter().filter(|one| one.kind() == PrincipalKind::User);
        let called = users.filter(|one| one.display_name.to_lowercase() == name).map(|one| &**one.policy_name());
        match called.take(CANDIDATES).collect::<Vec<&str>>().as_slice() {
            [] => None,
            [one] => Some(format!("did you mean `{one}`? users are named by their user principal name")),
            several => Some(format!("users are named by their user principal name: which of {}?", list(several))),
        }
    }

    fn near(&mut self, kind: PrincipalKind, name: &str) -> Option<&'d str> {
        let principals = self.directory.principals();
        self.comparisons_left = self.comparisons_left.checked_sub(principals.len())?;
        let names = principals.iter().filter(|principal| principal.kind() == kind);
        nearest(name, names.map(|principal| &**principal.policy_name()))
    }
}

/// The key that names principals of a kind.
fn key(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::User => "user",
        PrincipalKind::Group => "group",
        PrincipalKind::ServicePrincipal => "service_principal",
    }
}

/// A name that several objects have.
pub(super) fn ambiguous(
    what: impl std::fmt::Display,
    name: &str,
    at: Span,
    candidates: impl Iterator<Item = String>,
) -> Finding {
    let all: Vec<String> = candidates.collect();
    let more = all.len().saturating_sub(CANDIDATES);
    let mut shown = all.iter().take(CANDIDATES).cloned().collect::<Vec<_>>().join(", ");
    if more > 0 {
        let _ = write!(shown, " and {more} more");
    }
    Finding::error("ambiguous-name", format!("{} {what}s have the name `{name}`", all.len()))
        .at(at, "which one?")
        .help(format!("write the id of the one you mean: {shown}"))
}
