//! Roles and administrative units by name or id.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::decode::Loc;
use super::principals::ambiguous;
use crate::diag::{Finding, Severity, nearest};
use crate::model::scope::ScopeKind;
use crate::model::text::name_key;
use crate::model::{AdministrativeUnitId, ArmScope, Directory, Role, RoleId};

/// Role definitions by name.
pub(super) struct Roles<'d> {
    by_name: BTreeMap<String, Vec<&'d Role>>,
    all: &'d [Role],
}

impl<'d> Roles<'d> {
    /// Indexes role definitions, which are ordered by id.
    pub(super) fn new(all: &'d [Role]) -> Self {
        let mut by_name: BTreeMap<String, Vec<&Role>> = BTreeMap::new();
        for role in all {
            by_name.entry(name_key(&role.name)).or_default().push(role);
        }
        Self { by_name, all }
    }

    /// All of them.
    pub(super) fn all(&self) -> &'d [Role] {
        self.all
    }

    /// The one role with this name or id among those that `fits` takes.
    pub(super) fn find(&self, name: &Loc<&str>, fits: impl Fn(&Role) -> bool) -> Result<&'d Role, Finding> {
        let by_id = name.value.parse::<RoleId>().ok();
        let by_id = by_id.and_then(|id| self.all.binary_search_by_key(&id, |role| role.id).ok());
        let by_id = by_id.and_then(|at| self.all.get(at));
        let named = self.by_name.get(&name_key(name.value)).map(Vec::as_slice).unwrap_or_default();
        let other = |role: &&Role| fits(role) && by_id.is_none_or(|one| one.id != role.id);
        let fitting: Vec<&'d Role> = named.iter().copied().filter(other).collect();
        match (by_id, fitting.as_slice()) {
            // Anybody may give an object the name of another's id, so an id that exists is never a name.
            (Some(role), _) if fits(role) => Ok(role),
            (None, [role]) => Ok(role),
            (Some(_), _) | (None, []) => Err(self.unknown(name, &fits)),
            (None, several) => {
                let ids = several.iter().map(|role| format!("`{}`", role.id));
                Err(ambiguous("role", name.value, name.at, ids))
            }
        }
    }

    fn has_id(&self, name: &str) -> bool {
        name.parse::<RoleId>().is_ok_and(|id| self.all.binary_search_by_key(&id, |role| role.id).is_ok())
    }

    fn unknown(&self, name: &Loc<&str>, fits: &impl Fn(&Role) -> bool) -> Finding {
        let finding = Finding::warning("unknown-role", format!("there is no role `{}` here", name.value))
            .at(name.at, "no such role");
        // What is there, and cannot be assigned here, is not gone.
        let elsewhere = self.by_name.contains_key(&name_key(name.value)) || self.has_id(name.value);
        let severity = if elsewhere { Severity::Error } else { Severity::Warning };
        let finding = Finding { severity, ..finding };
        let names = self.all.iter().filter(|role| fits(role)).map(|role| &*role.name);
        match nearest(name.value, names) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None if elsewhere => finding.help("there is a role of this name, but it cannot be assigned at this scope"),
            None => finding.help("check the spelling, or write the id of the role"),
        }
    }
}

/// Whether a role of Azure can be assigned at a scope.
pub(crate) fn assignable_at(role: &Role, scope: &ArmScope) -> bool {
    role.assignable_scopes.is_empty()
        || role.assignable_scopes.iter().any(|above| {
            // Which management group a scope lies below is not known here; the service has the last word.
            above.kind() == ScopeKind::ManagementGroup || scope.is_in(above)
        })
}

/// Administrative units by name.
pub(super) struct Units<'d> {
    directory: &'d Directory,
    by_name: BTreeMap<String, Vec<AdministrativeUnitId>>,
}

impl<'d> Units<'d> {
    /// Indexes the units of a directory.
    pub(super) fn new(directory: &'d Directory) -> Self {
        let mut by_name: BTreeMap<String, Vec<AdministrativeUnitId>> = BTreeMap::new();
        for unit in directory.administrative_units() {
            by_name.entry(name_key(&unit.name)).or_default().push(unit.id);
        }
        Self { directory, by_name }
    }

    /// The one unit with this name or id.
    pub(super) fn find(&self, name: &Loc<Arc<str>>) -> Result<AdministrativeUnitId, Finding> {
        let by_id = name.value.parse().ok().and_then(|id| self.directory.administrative_unit(id));
        let named = self.by_name.get(&name_key(&name.value)).map(Vec::as_slice).unwrap_or_default();
        match (by_id, named) {
            (Some(unit), _) => Ok(unit.id),
            (None, [id]) => Ok(*id),
            (None, []) => Err(self.unknown(name)),
            (None, several) => {
                let ids = several.iter().map(|id| format!("`{id}`"));
                Err(ambiguous("administrative unit", &name.value, name.at, ids))
            }
        }
    }

    fn unknown(&self, name: &Loc<Arc<str>>) -> Finding {
        let names = self.directory.administrative_units().iter().map(|unit| &*unit.name);
        let message = format!("there is no administrative unit `{}`", name.value);
        let finding =
            Finding::warning("unknown-administrative-unit", message).at(name.at, "no such administrative unit");
        finding.help(match nearest(&name.value, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "check the spelling, or write the id".to_owned(),
        })
    }
}
