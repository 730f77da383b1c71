//! Several policy files as one. What two of them declare is an error that shows both places.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::assignment::PrincipalRef;
use super::decode::{Entries, Loc, duplicate_key};
use super::document::{AzureEntry, GroupEntry, PolicyFile, TargetEntry, Tenant};
use super::layer::Layer;
use crate::diag::{Finding, Findings, SourceMap, Span};
use crate::model::Ownership;

/// What is declared under a name.
#[derive(Clone, Debug)]
pub struct Declared<T> {
    /// Where the name stands.
    pub at: Span,
    /// What is declared.
    pub value: T,
}

/// Declarations by name.
pub type ByName<T> = BTreeMap<Arc<str>, Declared<T>>;

/// What all policy files say together, names still unresolved.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    /// How many files there are.
    pub files: usize,
    /// The backend to use if the command line names none.
    pub backend: Option<Loc<Arc<str>>>,
    /// Where the lock and the records of applies are kept.
    pub store: Option<Loc<Arc<str>>>,
    /// The tenant that the files are for.
    pub tenant: Option<Loc<Tenant>>,
    /// The profile that nothing may be looser than.
    pub floor: Option<Loc<Arc<str>>>,
    /// Whether lists are complete where nothing else is said.
    pub ownership: Option<Loc<Ownership>>,
    /// Profiles.
    pub profiles: ByName<Layer>,
    /// Approver sets.
    pub approvers: ByName<Vec<PrincipalRef>>,
    /// Groups.
    pub groups: ByName<GroupEntry>,
    /// Directory roles.
    pub directory_roles: ByName<TargetEntry>,
    /// Azure scopes, in the order of the files.
    pub azure: Vec<AzureEntry>,
    /// Protected principals, in the order of the files.
    pub protected: Vec<PrincipalRef>,
}

impl Documents {
    /// The directory of the file that names the backend, which a file of a backend is relative to.
    pub fn backend_directory(&self, sources: &SourceMap) -> Option<PathBuf> {
        directory_of(self.backend.as_ref()?.at, sources)
    }

    /// The directory of the file that names the store, which a folder is relative to.
    pub fn store_directory(&self, sources: &SourceMap) -> Option<PathBuf> {
        directory_of(self.store.as_ref()?.at, sources)
    }
}

fn directory_of(at: Span, sources: &SourceMap) -> Option<PathBuf> {
    let file = sources.file(at.file)?;
    Some(file.path().rsplit_once('/').map_or_else(PathBuf::new, |(directory, _)| PathBuf::from(directory)))
}

/// Merges the documents of `files` files.
pub fn merge(documents: Vec<PolicyFile>, files: usize) -> (Documents, Findings) {
    let (mut all, mut findings) = (Documents { files, ..Documents::default() }, Findings::default());
    let mut version = false;
    let any = !documents.is_empty();
    for document in documents {
        version |= document.version.is_some();
        all.take(document, &mut findings);
    }
    if any && !version {
        let finding = Finding::error("version", "no policy file says which version of the policy language it is in");
        findings.push(finding.help("add `version: 1` at the top of a file"));
    }
    (all, findings)
}

impl Documents {
    fn take(&mut self, document: PolicyFile, findings: &mut Findings) {
        let PolicyFile {
            version: _,
            backend,
            store,
            tenant,
            floor,
            ownership,
            profiles,
            approvers,
            groups,
            directory_roles,
            azure,
            protected,
        } = document;
        once("backend", &mut self.backend, backend, findings);
        once("store", &mut self.store, store, findings);
        once("tenant", &mut self.tenant, tenant, findings);
        once("floor", &mut self.floor, floor, findings);
        once("ownership", &mut self.ownership, ownership, findings);
        add(&mut self.profiles, profiles, findings);
        add(&mut self.approvers, approvers, findings);
        add(&mut self.groups, groups, findings);
        add(&mut self.directory_roles, directory_roles, findings);
        self.azure.extend(azure.into_iter().flatten());
        self.protected.extend(protected.into_iter().flatten());
    }
}

fn once<T>(key: &str, slot: &mut Option<Loc<T>>, value: Option<Loc<T>>, findings: &mut Findings) {
    match (&slot, value) {
        (Some(first), Some(second)) => findings.push(duplicate_key(key, first.at, second.at)),
        (None, Some(value)) => *slot = Some(value),
        (_, None) => {}
    }
}

fn add<T>(all: &mut ByName<T>, entries: Option<Entries<T>>, findings: &mut Findings) {
    for (name, value) in entries.map(|entries| entries.0).unwrap_or_default() {
        match all.get(&name.value) {
            Some(first) => findings.push(duplicate_key(&name.value, first.at, name.at)),
            None => {
                all.insert(name.value, Declared { at: name.at, value });
            }
        }
    }
}
