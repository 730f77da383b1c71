//! Policy files from what is there: a tenant, or the configuration of another tool. Pure: texts in, texts out.
//!
//! ```text
//!  Snapshot -> tenant (lists, settings, groups, names) \
//!                                                       Draft -> profiles (share) -> write (yaml) -> files
//!  EasyPIM's JSON -> easypim ------------------------- /
//! ```
//!
//! What the language cannot say is left out so that a plan against the files is empty, and is told with the reason.

mod draft;
pub mod easypim;
mod groups;
mod left;
mod lists;
mod names;
mod profiles;
mod report;
mod settings;
mod tenant;
mod write;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};

pub use left::{LeftOut, reason};
pub use report::Report;
pub use write::SCHEMA_FILE;
pub use yaml::scalar;

use crate::model::{
    Approval, AssignmentScope, Authentication, Directory, GroupRead, NameQuery, PlaceQuery, PrincipalId, Settings,
    Snapshot, Surface, Target, TargetRead, Time,
};
use crate::plan::Filter;

/// How the files are cut up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// A file for each surface, and for each management group and subscription of Azure.
    #[default]
    Scope,
    /// A file for each surface.
    Surface,
    /// One file.
    Flat,
}

/// Which fields an import states of the settings that it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fields {
    /// All, so that a plan shows whatever somebody loosens later.
    #[default]
    All,
    /// Those that are not as the service has them where nobody changed them.
    Changed,
}

/// What to import of a tenant, and how to write it.
#[derive(Clone, Debug)]
pub struct Options<'o> {
    /// Which addresses.
    pub filter: &'o Filter,
    /// Also what nobody has changed, and the static members of all groups that occur.
    pub full: bool,
    /// Which fields of settings.
    pub fields: Fields,
    /// How the files are cut up.
    pub layout: Layout,
    /// What the files name as their backend.
    pub backend: Option<&'o str>,
    /// When the tenant was read: what has ended by then is left out.
    pub now: Time,
}

/// Policy files, and what is not in them.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Texts by their names below the policy directory.
    pub files: BTreeMap<String, String>,
    /// How many targets they declare.
    pub targets: usize,
    /// How many assignments they declare.
    pub assignments: usize,
    /// How many groups they declare.
    pub groups: usize,
    /// What was left out, in the order of addresses.
    pub left_out: Vec<LeftOut>,
    /// How many targets and lists could not be read.
    pub unreadable: usize,
}

impl Imported {
    /// True when nothing is declared.
    pub fn is_empty(&self) -> bool {
        self.targets == 0 && self.groups == 0
    }
}

/// Everything that an import of this snapshot may name, so that a backend can tell which names are unique in the whole
/// tenant: a snapshot holds only the objects that occur in it.
pub fn names(snapshot: &Snapshot) -> NameQuery {
    let mut ids: BTreeSet<PrincipalId> = BTreeSet::new();
    let mut query = NameQuery::default();
    for (target, read) in &snapshot.targets {
        match target {
            Target::Group { group, .. } => drop(ids.insert(*group)),
            Target::Azure { scope, role } => {
                let roles = query.places.entry(PlaceQuery::Id(scope.clone())).or_default();
                roles.names.insert(role.to_string().into());
            }
            Target::Directory { .. } => query.directory_roles = true,
        }
        if let TargetRead::Present(state) = read {
            ids.extend(state.rows.iter().map(|row| row.key.principal));
            query.administrative_units |=
                state.rows.iter().any(|row| matches!(row.key.scope, AssignmentScope::AdministrativeUnit(_)));
            query.contexts |=
                matches!(state.settings.activation.authentication.known(), Some(Authentication::Context(_)));
            if let Some(Approval::Required(approvers)) = state.settings.activation.approval.known() {
                ids.extend(approvers.iter().map(crate::model::Approver::principal));
            }
        }
    }
    for (group, read) in &snapshot.groups {
        ids.insert(*group);
        if let GroupRead::Present(state) = read {
            ids.extend(state.members.iter().chain(&state.owners));
        }
    }
    let known = ids.iter().filter_map(|id| snapshot.directory.principal(*id));
    query.names = known.filter_map(|one| Some((one.kind()?, Box::from(&**one.policy_name())))).collect();
    query.ids = ids;
    query
}

/// Writes policies for a tenant. `directory` is what the names of the files will be looked up in.
pub fn tenant(snapshot: &Snapshot, directory: &Directory, options: &Options<'_>) -> Imported {
    let taken = tenant::take(snapshot, directory, options);
    // What the service has everywhere is said once.
    let bases = if options.fields == Fields::All || options.full { service_defaults() } else { Vec::new() };
    finish(taken.draft, Vec::new(), bases, options.backend, options.layout, taken.left.0, taken.unreadable)
}

/// Settings that have a name already.
struct Named {
    name: String,
    layer: draft::Layer,
}

fn service_defaults() -> Vec<Named> {
    let of = |(name, surface): (&str, Surface)| {
        let layer = draft::Layer::of(&Settings::service_default(surface).stated(), Vec::new());
        Named { name: name.to_owned(), layer }
    };
    [("service-default", Surface::Azure), ("service-default-directory", Surface::Directory)].map(of).into()
}

fn finish(
    mut draft: draft::Draft,
    named: Vec<Named>,
    bases: Vec<Named>,
    backend: Option<&str>,
    layout: Layout,
    left_out: Vec<LeftOut>,
    unreadable: usize,
) -> Imported {
    let (targets, assignments) = write::count(&mut draft);
    let groups = draft.groups.len();
    let shared = profiles::share(&mut draft, named, bases);
    let files = write::files(&mut draft, &shared, backend, layout);
    Imported { files, targets, assignments, groups, left_out, unreadable }
}
