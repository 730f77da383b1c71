//! Holds imported files against everything that a check of them looks at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::places::{Place, written_scope};
use super::{Destination, easypim};
use crate::diag::{FileId, Finding, Findings, Severity, SourceFile, SourceMap, Span};
use crate::import::Imported;
use crate::import::draft::Who;
use crate::import::names::Names;
use crate::model::text::name_key;
use crate::model::{Access, Desired, Directory, Kind, PrincipalKind, Snapshot, Time};
use crate::plan::build;
use crate::policy::document::{AzureEntry, GroupEntry, ScopeRef, TargetEntry};
use crate::policy::{Documents, check_ends, check_offline, load, merge, resolve};

/// Something in the files that a check refuses: a target, or an assignment to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    target: String,
    assignment: Option<(Kind, PrincipalKind, String)>,
}

/// What a check says against files.
#[derive(Clone, Debug, Default)]
pub struct Objections {
    /// What it refuses, and why.
    pub refused: BTreeMap<Refused, String>,
    /// Errors that concern nothing that could be left out.
    pub others: Vec<String>,
    /// What the files declare, where they can be resolved.
    pub desired: Option<Desired>,
}

impl Refused {
    pub(super) fn target(names: Option<&Names<'_>>, place: &Place) -> Self {
        let target = match place {
            Place::Role(role) => format!("directory/{}", role.name.text),
            Place::Group(group, access) => format!("group/{}/{access}", group.name.text),
            Place::Azure(scope, role) => format!("azure/{}/{}", written_scope(names, scope), role.name.text),
        };
        Self { target: name_key(&target), assignment: None }
    }

    pub(super) fn assignment(names: Option<&Names<'_>>, place: &Place, kind: Kind, who: &Who) -> Self {
        Self::target(names, place).of(kind, who.kind, &who.name.text)
    }

    fn of(mut self, kind: Kind, principal: PrincipalKind, name: &str) -> Self {
        self.assignment = Some((kind, principal, name_key(name)));
        self
    }
}

/// Checks files as `check` does: by themselves, and, where a tenant is at hand, against what it has.
pub fn objections(
    files: &BTreeMap<String, String>,
    directory: Option<&Arc<Directory>>,
    snapshot: Option<&Snapshot>,
    now: Time,
) -> Objections {
    let (mut sources, mut findings, mut documents) = (SourceMap::default(), Findings::default(), Vec::new());
    for (name, text) in files {
        let id: FileId = sources.add(SourceFile::new(name, text.clone()));
        let (document, problems) = load::decode(id, text);
        documents.extend(document);
        findings.extend(problems);
    }
    let (documents, problems) = merge::merge(documents, files.len());
    findings.extend(problems);
    findings.extend(check_offline(&documents));
    findings.extend(check_ends(&documents, now));
    let mut desired = None;
    if let Some(directory) = directory {
        let (resolved, problems) = resolve(&documents, directory, &crate::model::Known::default());
        findings.extend(problems);
        desired = resolved;
    }
    if let (Some(desired), Some(snapshot)) = (&mut desired, snapshot) {
        desired.directory = Directory::joined(&desired.directory, &snapshot.directory);
        findings.extend(build(desired, snapshot, &sources, now).findings);
    }
    findings.promote_left_behind();
    let mut objections = Objections { desired, ..Objections::default() };
    let places = Places::of(&documents);
    for finding in findings.sorted().into_iter().filter(|finding| finding.severity == Severity::Error) {
        match places.refused(finding) {
            Some(refused) => drop(objections.refused.insert(refused, finding.message.clone())),
            None => objections.others.push(finding.message.clone()),
        }
    }
    objections
}

/// Writes policies and leaves out what a check refuses, until it refuses nothing more. Also what the check says against the
/// files as such, which would be a mistake of this module.
pub fn proven(
    texts: &[(String, String)],
    into: &Destination<'_>,
    directory: Option<&Arc<Directory>>,
) -> Result<(Imported, Vec<String>), String> {
    let mut refused = into.refused.clone();
    loop {
        let imported = easypim(texts, &Destination { refused: &refused, ..*into })?;
        let found = objections(&imported.files, directory, into.snapshot, into.now);
        let before = refused.len();
        refused.extend(found.refused);
        if refused.len() == before {
            return Ok((imported, found.others));
        }
    }
}

/// Where targets and assignments stand.
#[derive(Default)]
struct Places(BTreeMap<Span, Refused>);

impl Places {
    fn of(documents: &Documents) -> Self {
        let mut places = Self::default();
        for (name, role) in &documents.directory_roles {
            places.target(&format!("directory/{name}"), role.at, &role.value);
        }
        for (name, group) in &documents.groups {
            let GroupEntry { member, owner, .. } = &group.value;
            for (access, entry) in [(Access::Member, member), (Access::Owner, owner)] {
                if let Some(entry) = entry {
                    places.target(&format!("group/{name}/{access}"), group.at, &entry.value);
                    places.target(&format!("group/{name}/{access}"), entry.at, &entry.value);
                }
            }
        }
        for AzureEntry { scope, roles } in &documents.azure {
            let (scope, at) = match scope {
                ScopeRef::ManagementGroup(name) | ScopeRef::Subscription(name) => (name.value.to_string(), name.at),
                ScopeRef::ResourceGroup { subscription, name } => {
                    (format!("{}/{}", subscription.value, name.value), name.at)
                }
                ScopeRef::Id(id) => (id.value.as_str().to_owned(), id.at),
            };
            for (name, entry) in &roles.0 {
                places.target(&format!("azure/{scope}/{}", name.value), at, entry);
                places.target(&format!("azure/{scope}/{}", name.value), name.at, entry);
            }
        }
        places
    }

    fn target(&mut self, target: &str, at: Span, entry: &TargetEntry) {
        let target = Refused { target: name_key(target), assignment: None };
        for (kind, list) in [(Kind::Eligible, &entry.eligible), (Kind::Active, &entry.active)] {
            for one in list.iter().flat_map(|list| &list.value) {
                let refused = target.clone().of(kind, one.principal.kind, &one.principal.name);
                let more =
                    [one.administrative_unit.as_ref().map(|unit| unit.at), one.condition.as_ref().map(|one| one.at)];
                let spans: BTreeSet<Span> =
                    [one.at, one.principal.at].into_iter().chain(more.into_iter().flatten()).collect();
                self.0.extend(spans.into_iter().map(|span| (span, refused.clone())));
            }
        }
        self.0.entry(at).or_insert(target);
    }

    /// The first of its places that can be left out.
    fn refused(&self, finding: &Finding) -> Option<Refused> {
        finding.labels.iter().find_map(|label| self.0.get(&label.span)).cloned()
    }
}
