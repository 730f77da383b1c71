//! Principals by name or id.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use super::assignment::PrincipalRef;
use super::decode::list;
use super::name_index::NameIndex;
use crate::diag::{Finding, Findings, Span, nearest};
use crate::model::text::{name_key, same_name};
use crate::model::{
    Directory, Known, Missing, Names, Principal, PrincipalDetail, PrincipalId, PrincipalKind, Unresolved,
};

/// Looks principals up, and says what is wrong where there is not exactly one.
pub(super) struct Principals<'d> {
    directory: &'d Directory,
    by_name: NameIndex<'d>,
    by_app: BTreeMap<uuid::Uuid, &'d Principal>,
    /// Comparing names for a "did you mean" is slow in a large directory, so only the first few unknown names get one.
    comparisons_left: usize,
    known: &'d Known,
    /// How many names led to somebody.
    found: usize,
    /// Who could not be found.
    gone: BTreeSet<(PrincipalKind, String)>,
}

/// What a name leads to.
pub(super) enum Found<'d> {
    /// The one principal that has it.
    One(&'d Principal),
    /// Nobody, which has been said as a warning: what else is declared goes on.
    Gone(Unresolved),
    /// To more than one or to something else, which has been said as an error.
    Wrong,
}

/// Why a name leads to no principal.
pub(super) enum Unfound {
    /// Nobody has it.
    Gone(Box<Finding>, Box<Unresolved>),
    /// Several have it, or something of another kind.
    Wrong(Box<Finding>),
}

/// So many names may lead to nobody, and all the others be left out, before the files look like those of another tenant.
const FEW: usize = 3;

/// At most so many candidates are listed.
const CANDIDATES: usize = 10;

impl<'d> Principals<'d> {
    /// Looks up in `directory`.
    pub(super) fn new(directory: &'d Directory, known: &'d Known) -> Self {
        let apps = directory.principals().iter().filter_map(|principal| match principal.detail {
            PrincipalDetail::ServicePrincipal { app_id, .. } => Some((app_id?, principal)),
            _ => None,
        });
        Self {
            directory,
            by_name: NameIndex::new(directory),
            by_app: apps.collect(),
            comparisons_left: 5_000_000,
            known,
            found: 0,
            gone: BTreeSet::new(),
        }
    }

    /// The principal that the reference names.
    pub(super) fn find(&mut self, reference: &PrincipalRef, findings: &mut Findings) -> Found<'d> {
        self.find_named(reference.kind, &reference.name, reference.at, findings)
    }

    /// The principal of this kind with this name or id.
    pub(super) fn find_named(
        &mut self,
        kind: PrincipalKind,
        name: &Arc<str>,
        at: Span,
        findings: &mut Findings,
    ) -> Found<'d> {
        match self.lookup(kind, name, at) {
            Ok(principal) => {
                let planned = principal.group().is_some_and(|facts| facts.planned);
                self.found += usize::from(!planned);
                Found::One(principal)
            }
            Err(Unfound::Gone(finding, unresolved)) => {
                match unresolved.missing {
                    Missing::Principal { known: Some(_), .. } => self.found += 1,
                    _ => drop(self.gone.insert((kind, name_key(name)))),
                }
                findings.push(*finding);
                Found::Gone(*unresolved)
            }
            Err(Unfound::Wrong(finding)) => {
                findings.push(*finding);
                Found::Wrong
            }
        }
    }

    /// Files of which no name is in the tenant are hardly for this tenant. What a few of them declare is not to be
    /// taken for the whole list.
    pub(super) fn another_tenant(&self) -> Option<Finding> {
        (self.found == 0 && self.gone.len() >= FEW).then(|| {
            let message = format!("the tenant has none of the {} principals that the files name", self.gone.len());
            Finding::error("unknown-principal", message)
                .help("are the files for another tenant? `tenant: { id: ... }` in a file says which")
        })
    }

    /// The principal of this kind with this name or id.
    fn lookup(&mut self, kind: PrincipalKind, name: &Arc<str>, at: Span) -> Result<&'d Principal, Unfound> {
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
                Err(wrong(ambiguous(kind, name, at, all)))
            }
            (None, _) => {
                drop(named);
                Err(self.nobody(kind, name, at))
            }
        }
    }

    /// Anybody may give an object the name of another's id, so an id that exists is never a name.
    fn by_id(&self, kind: PrincipalKind, id: PrincipalId, name: &Arc<str>, at: Span) -> Result<&'d Principal, Unfound> {
        let app = || self.by_app.get(&id.guid()).copied().filter(|_| kind == PrincipalKind::ServicePrincipal);
        let object = self.directory.principal(id).or_else(app);
        if object.is_none() {
            let mut named = self.by_name.named(kind, name);
            match (named.next(), named.next()) {
                (Some(other), None) => return Ok(other),
                (Some(_), Some(_)) => {
                    let all = self.by_name.named(kind, name).map(|one| format!("`{}`", one.id));
                    return Err(wrong(ambiguous(kind, name, at, all)));
                }
                (None, _) => {}
            }
        }
        match object {
            Some(principal) if principal.kind() == Some(kind) => Ok(principal),
            Some(principal) => {
                let (is, name) = (principal.is_a(), &principal.display_name);
                let help = principal.kind().map_or_else(
                    || "files name users, groups and service principals only".to_owned(),
                    |is| format!("write `{}: {id}`", key(is)),
                );
                Err(wrong(
                    Finding::error("unknown-principal", format!("`{id}` is the {is} `{name}`, not a {kind}"))
                        .at(at, format!("not a {kind}"))
                        .help(help),
                ))
            }
            None => {
                let finding = Finding::warning("unknown-principal", format!("there is no {kind} with the id `{id}`"))
                    .at(at, format!("no such {kind}"))
                    .help("check the id; is it from another tenant?");
                let detail = format!("the tenant has no {kind} with this id");
                Err(gone(finding, (kind, name), None, detail, at))
            }
        }
    }

    /// Nobody has the name. Where it is recorded who had it, that tells who was renamed from who left.
    fn nobody(&mut self, kind: PrincipalKind, name: &Arc<str>, at: Span) -> Unfound {
        let known = self.known.id(kind, name);
        let now = known.and_then(|id| self.directory.principal(id));
        let finding = Finding::warning("unknown-principal", format!("there is no {kind} `{name}`"));
        match (known, now) {
            // It is there under a name that nobody here may see.
            (Some(id), Some(now)) if now.policy_name().is_empty() => {
                let message = format!("the {kind} `{name}` has another name now, which cannot be read");
                let finding = Finding { message, ..finding }.at(at, "the name that it had");
                let detail = "renamed, to what cannot be read; nothing is planned for it under the old name".to_owned();
                gone(finding.help(format!("write its id `{id}`")), (kind, name), known, detail, at)
            }
            (Some(_), Some(now)) => {
                let new = now.policy_name();
                let finding = Finding { message: format!("the {kind} `{name}` was renamed to `{new}`"), ..finding };
                let finding = finding.at(at, "the name that it had").help(format!("write `{new}`"));
                let detail = format!("renamed to `{new}`; nothing is planned for it under the old name");
                gone(finding, (kind, name), known, detail, at)
            }
            (Some(_), None) => {
                let on = self.known.on(kind, name).unwrap_or_default();
                let message = format!("there is no {kind} `{name}` any more; it was there on {on}");
                let finding = Finding { message, ..finding }.at(at, format!("no such {kind}"));
                let detail = format!("the tenant has no such {kind} any more; it was there on {on}");
                gone(finding.help("remove the entry"), (kind, name), known, detail, at)
            }
            (None, _) => {
                let finding = self.unknown(finding.at(at, format!("no such {kind}")), kind, name);
                gone(finding, (kind, name), None, format!("the tenant has no such {kind}"), at)
            }
        }
    }

    fn unknown(&mut self, finding: Finding, kind: PrincipalKind, name: &str) -> Finding {
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
        let users = principals.iter().filter(|one| one.kind() == Some(PrincipalKind::User));
        let called = users.filter(|one| same_name(&one.display_name, name)).map(|one| &**one.policy_name());
        match called.take(CANDIDATES).collect::<Vec<&str>>().as_slice() {
            [] => None,
            [one] => Some(format!("did you mean `{one}`? users are named by their user principal name")),
            several => Some(format!("users are named by their user principal name: which of {}?", list(several))),
        }
    }

    fn near(&mut self, kind: PrincipalKind, name: &str) -> Option<&'d str> {
        let principals = self.directory.principals();
        self.comparisons_left = self.comparisons_left.checked_sub(principals.len())?;
        let names = principals.iter().filter(|principal| principal.kind() == Some(kind));
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

fn wrong(finding: Finding) -> Unfound {
    Unfound::Wrong(Box::new(finding))
}

fn gone(
    finding: Finding,
    (kind, name): (PrincipalKind, &Arc<str>),
    known: Option<PrincipalId>,
    detail: String,
    at: Span,
) -> Unfound {
    let missing = Missing::Principal { kind, name: Arc::clone(name), known };
    Unfound::Gone(Box::new(finding), Box::new(Unresolved { missing, label: Names::label(kind, name), detail, at }))
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
