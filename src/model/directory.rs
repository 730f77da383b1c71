//! The objects of a tenant that policies name: who and what there is, with names and ids.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::scope::ScopeKind;
use super::text::name_key;
use super::{AdministrativeUnitId, Answer, ArmScope, ContextId, Principal, PrincipalId, PrincipalKind, RoleId};

/// A role definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its id.
    pub id: RoleId,
    /// Its display name. Not unique once there are custom roles.
    pub name: Arc<str>,
    /// Where it can be assigned, for Azure; empty means everywhere.
    pub assignable_scopes: Vec<ArmScope>,
}

/// An administrative unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdministrativeUnit {
    /// Its id.
    pub id: AdministrativeUnitId,
    /// Its display name.
    pub name: Arc<str>,
}

/// A Conditional Access authentication context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationContext {
    /// Its id.
    pub id: ContextId,
    /// Its display name.
    pub name: Arc<str>,
    /// Whether it has been published.
    pub available: Answer,
}

/// A place in Azure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArmPlace {
    /// Its id.
    pub scope: ArmScope,
    /// Its display name, for management groups and subscriptions.
    pub name: Option<Arc<str>>,
}

/// What is known of the objects of a tenant.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    principals: Vec<Principal>,
    principals_by_name: Vec<(Box<str>, u32)>,
    directory_roles: Vec<Role>,
    azure_roles: Vec<Role>,
    administrative_units: Vec<AdministrativeUnit>,
    contexts: Option<Vec<AuthenticationContext>>,
    places: Vec<ArmPlace>,
    shared_names: SharedNames,
}

/// Names that several objects of one sort have, as they are compared. Nearly always there are none.
#[derive(Clone, Debug, Default)]
struct SharedNames {
    directory_roles: BTreeSet<Box<str>>,
    azure_roles: BTreeSet<Box<str>>,
    administrative_units: BTreeSet<Box<str>>,
    subscriptions: BTreeSet<Box<str>>,
}

/// What a directory is made of, in any order.
#[derive(Clone, Debug, Default)]
pub struct DirectoryParts {
    /// Users, groups, service principals and whatever else may hold something.
    pub principals: Vec<Principal>,
    /// Role definitions of Microsoft Entra.
    pub directory_roles: Vec<Role>,
    /// Role definitions of Azure.
    pub azure_roles: Vec<Role>,
    /// Administrative units.
    pub administrative_units: Vec<AdministrativeUnit>,
    /// Authentication contexts, where it is known which there are.
    pub contexts: Option<Vec<AuthenticationContext>>,
    /// Management groups, subscriptions, resource groups and resources.
    pub places: Vec<ArmPlace>,
}

impl Directory {
    /// Sorts and indexes the parts.
    pub fn new(parts: DirectoryParts) -> Self {
        let DirectoryParts {
            mut principals,
            mut directory_roles,
            mut azure_roles,
            mut administrative_units,
            mut contexts,
            mut places,
        } = parts;
        principals.sort_by_key(|principal| principal.id);
        principals.dedup_by_key(|principal| principal.id);
        directory_roles.sort_by_key(|role| role.id);
        azure_roles.sort_by_key(|role| role.id);
        administrative_units.sort_by_key(|unit| unit.id);
        if let Some(contexts) = &mut contexts {
            contexts.sort_by_key(|context| context.id);
        }
        places.sort_by(|a, b| a.scope.cmp(&b.scope));
        let mut principals_by_name: Vec<(Box<str>, u32)> = principals
            .iter()
            .zip(0..)
            .map(|(principal, at)| (name_key(principal.policy_name()).into_boxed_str(), at))
            .collect();
        principals_by_name.sort_unstable();
        let shared_names = SharedNames {
            directory_roles: shared(directory_roles.iter().map(|role| &role.name)),
            azure_roles: shared(azure_roles.iter().map(|role| &role.name)),
            administrative_units: shared(administrative_units.iter().map(|unit| &unit.name)),
            subscriptions: shared(
                places
                    .iter()
                    .filter(|place| place.scope.kind() == ScopeKind::Subscription)
                    .filter_map(|place| place.name.as_ref()),
            ),
        };
        Self {
            principals,
            principals_by_name,
            directory_roles,
            azure_roles,
            administrative_units,
            contexts,
            places,
            shared_names,
        }
    }

    /// The same directory with more principals, such as the groups that a plan creates.
    #[must_use]
    pub fn with_principals(self, more: Vec<Principal>) -> Self {
        if more.is_empty() {
            return self;
        }
        let Self { mut principals, directory_roles, azure_roles, administrative_units, contexts, places, .. } = self;
        principals.extend(more);
        Self::new(DirectoryParts { principals, directory_roles, azure_roles, administrative_units, contexts, places })
    }

    /// What is known from two reads of one tenant; of what is in both, as the later one has it.
    pub fn joined(earlier: &Arc<Self>, later: &Arc<Self>) -> Arc<Self> {
        if Arc::ptr_eq(earlier, later) {
            return Arc::clone(earlier);
        }
        let joined = Self::new(DirectoryParts {
            principals: union(&earlier.principals, &later.principals, |one| one.id),
            directory_roles: union(&earlier.directory_roles, &later.directory_roles, |role| role.id),
            azure_roles: union(&earlier.azure_roles, &later.azure_roles, |role| role.id),
            administrative_units: union(&earlier.administrative_units, &later.administrative_units, |unit| unit.id),
            contexts: match (&earlier.contexts, &later.contexts) {
                (Some(earlier), Some(later)) => Some(union(earlier, later, |context| context.id)),
                (Some(one), None) | (None, Some(one)) => Some(one.clone()),
                (None, None) => None,
            },
            places: union(&earlier.places, &later.places, |place| place.scope.clone()),
        });
        // Mostly the later read brings nothing new, and the earlier one is shared by much.
        if joined.parts() == earlier.parts() { Arc::clone(earlier) } else { Arc::new(joined) }
    }

    fn parts(&self) -> Parts<'_> {
        let Self { principals, directory_roles, azure_roles, administrative_units, contexts, places, .. } = self;
        (principals, directory_roles, azure_roles, administrative_units, contexts.as_deref(), places)
    }

    /// All principals, by id.
    pub fn principals(&self) -> &[Principal] {
        &self.principals
    }

    /// All role definitions of Microsoft Entra, by id.
    pub fn directory_roles(&self) -> &[Role] {
        &self.directory_roles
    }

    /// All role definitions of Azure, by id.
    pub fn azure_roles(&self) -> &[Role] {
        &self.azure_roles
    }

    /// All administrative units, by id.
    pub fn administrative_units(&self) -> &[AdministrativeUnit] {
        &self.administrative_units
    }

    /// All authentication contexts, by id. Nothing where it is not known which there are.
    pub fn contexts(&self) -> Option<&[AuthenticationContext]> {
        self.contexts.as_deref()
    }

    /// All places in Azure, by id.
    pub fn places(&self) -> &[ArmPlace] {
        &self.places
    }

    /// The principal with this id.
    pub fn principal(&self, id: PrincipalId) -> Option<&Principal> {
        let at = self.principals.binary_search_by_key(&id, |principal| principal.id).ok()?;
        self.principals.get(at)
    }

    /// The principals that policies call by this name, compared as names are.
    pub fn principals_named<'a>(&'a self, kind: PrincipalKind, name: &str) -> impl Iterator<Item = &'a Principal> {
        let name = name_key(name);
        let first = self.principals_by_name.partition_point(|(other, _)| **other < *name);
        self.principals_by_name
            .iter()
            .skip(first)
            .take_while(move |(other, _)| **other == *name)
            .filter_map(|(_, at)| self.principals.get(*at as usize))
            .filter(move |principal| principal.kind() == Some(kind))
    }

    /// The role definition of Microsoft Entra with this id.
    pub fn directory_role(&self, id: RoleId) -> Option<&Role> {
        find(&self.directory_roles, id)
    }

    /// The name of a role of Microsoft Entra, if no other role has it.
    pub fn unique_directory_role_name(&self, id: RoleId) -> Option<&Arc<str>> {
        unless_shared(&self.directory_role(id)?.name, &self.shared_names.directory_roles)
    }

    /// The name of a role of Azure, if no other role has it.
    pub fn unique_azure_role_name(&self, id: RoleId) -> Option<&Arc<str>> {
        unless_shared(&self.azure_role(id)?.name, &self.shared_names.azure_roles)
    }

    /// The name of an administrative unit, if no other one has it.
    pub fn unique_administrative_unit_name(&self, id: AdministrativeUnitId) -> Option<&Arc<str>> {
        unless_shared(&self.administrative_unit(id)?.name, &self.shared_names.administrative_units)
    }

    /// The name of a subscription, if no other one has it.
    pub fn unique_subscription_name(&self, scope: &ArmScope) -> Option<&Arc<str>> {
        unless_shared(self.place(scope)?.name.as_ref()?, &self.shared_names.subscriptions)
    }

    /// The role definition of Azure with this id.
    pub fn azure_role(&self, id: RoleId) -> Option<&Role> {
        find(&self.azure_roles, id)
    }

    /// The administrative unit with this id.
    pub fn administrative_unit(&self, id: AdministrativeUnitId) -> Option<&AdministrativeUnit> {
        let at = self.administrative_units.binary_search_by_key(&id, |unit| unit.id).ok()?;
        self.administrative_units.get(at)
    }

    /// The place in Azure with this id.
    pub fn place(&self, scope: &ArmScope) -> Option<&ArmPlace> {
        let at = self.places.binary_search_by(|place| place.scope.cmp(scope)).ok()?;
        self.places.get(at)
    }
}

/// All that a directory is made of.
type Parts<'d> = (
    &'d [Principal],
    &'d [Role],
    &'d [Role],
    &'d [AdministrativeUnit],
    Option<&'d [AuthenticationContext]>,
    &'d [ArmPlace],
);

/// All of the later ones, and the earlier ones that are not among them. Both are ordered by key.
fn union<T: Clone, K: Ord>(earlier: &[T], later: &[T], key: impl Fn(&T) -> K) -> Vec<T> {
    let gone = |old: &&T| later.binary_search_by(|new| key(new).cmp(&key(old))).is_err();
    later.iter().chain(earlier.iter().filter(gone)).cloned().collect()
}

/// The names that occur more than once, compared as names are.
fn shared<'a>(names: impl Iterator<Item = &'a Arc<str>>) -> BTreeSet<Box<str>> {
    let (mut seen, mut shared) = (BTreeSet::new(), BTreeSet::new());
    for name in names {
        let name = name_key(name).into_boxed_str();
        if let Some(again) = seen.replace(name) {
            shared.insert(again);
        }
    }
    shared
}

fn unless_shared<'a>(name: &'a Arc<str>, shared: &BTreeSet<Box<str>>) -> Option<&'a Arc<str>> {
    (shared.is_empty() || !shared.contains(name_key(name).as_str())).then_some(name)
}

fn find(roles: &[Role], id: RoleId) -> Option<&Role> {
    let at = roles.binary_search_by_key(&id, |role| role.id).ok()?;
    roles.get(at)
}

/// What policy files mention, so that a backend asks a tenant for nothing else, and needs no permission for more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each of them is about a different thing")]
pub struct NameQuery {
    /// Principals by name. A name may be written as an id.
    pub names: BTreeSet<(PrincipalKind, Box<str>)>,
    /// Principals by id.
    pub ids: BTreeSet<PrincipalId>,
    /// Whether directory roles are mentioned.
    pub directory_roles: bool,
    /// Those that are mentioned by name or id.
    pub role_names: BTreeSet<Box<str>>,
    /// Whether administrative units are mentioned.
    pub administrative_units: bool,
    /// Whether authentication contexts are mentioned.
    pub contexts: bool,
    /// Whether groups are to be under PIM, so that it matters which are already.
    pub pim_groups: bool,
    /// Places in Azure, and the roles that are mentioned there.
    pub places: BTreeMap<PlaceQuery, RoleQuery>,
}

/// A place in Azure as policy files name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlaceQuery {
    /// A management group by name or display name.
    ManagementGroup(Box<str>),
    /// A subscription by name or id.
    Subscription(Box<str>),
    /// A resource group by name.
    ResourceGroup {
        /// Its subscription by name or id.
        subscription: Box<str>,
        /// Its name.
        name: Box<str>,
    },
    /// Any place by its id.
    Id(ArmScope),
}

/// Roles of Azure as policy files name them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleQuery {
    /// Whether every role is meant that can be assigned there.
    pub all: bool,
    /// Names and ids.
    pub names: BTreeSet<Box<str>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PrincipalDetail;

    fn user(n: u128, name: &str) -> Principal {
        Principal {
            id: PrincipalId::new(uuid::Uuid::from_u128(n)),
            display_name: name.into(),
            detail: PrincipalDetail::User { user_principal_name: name.into(), enabled: Answer::Yes, sort: None },
        }
    }

    #[test]
    fn of_two_reads_the_later_counts_and_nobody_is_lost() {
        let directory =
            |principals| Arc::new(Directory::new(DirectoryParts { principals, ..DirectoryParts::default() }));
        let earlier = directory(vec![user(1, "ada"), user(2, "planned"), user(4, "old")]);
        let joined = Directory::joined(&earlier, &directory(vec![user(4, "new"), user(3, "paul"), user(1, "ada")]));
        let names: Vec<&str> = joined.principals().iter().map(|principal| &*principal.display_name).collect();
        assert_eq!(names, ["ada", "planned", "paul", "new"]);
        assert_eq!(joined.principals_named(PrincipalKind::User, "old").count(), 0);
        assert!(Arc::ptr_eq(&earlier, &Directory::joined(&earlier, &directory(vec![user(1, "ada")]))));
    }
}
