//! How policies name what a tenant has: by name where that is unmistakable, else by id with the name beside it.

use std::collections::BTreeMap;

use super::draft::{Name, Who};
use super::left::Why;
use super::profiles::slug;
use crate::diag::is_deceptive;
use crate::model::scope::ScopeKind;
use crate::model::text::{name_key, same_name};
use crate::model::{
    Access, AdministrativeUnitId, ArmScope, Directory, Principal, PrincipalDetail, PrincipalId, PrincipalKind, RoleId,
};
use crate::policy::assignable_at;

/// Longer names are hard to read, and YAML takes keys of so many characters only.
const LONGEST: usize = 200;

/// What stands for all others, where roles are named.
const ALL_OTHERS: &str = "*";

/// Finds names in a directory.
pub(super) struct Names<'d> {
    directory: &'d Directory,
    principals: BTreeMap<(PrincipalKind, String), usize>,
    directory_roles: BTreeMap<String, usize>,
    azure_roles: BTreeMap<String, Vec<RoleId>>,
    units: BTreeMap<String, usize>,
    places: BTreeMap<(ScopeKind, String), usize>,
}

/// A place in Azure as policies name it.
pub(super) struct Place {
    pub(super) keys: Vec<(&'static str, Name)>,
    /// What people call the management group or subscription that it is or lies in, for the name of a file.
    pub(super) file: String,
}

/// Names that a reader, a terminal or YAML could take for something else.
pub(super) fn is_odd(name: &str) -> bool {
    name.trim().is_empty()
        || name.trim() != name
        || name.chars().count() > LONGEST
        || name.contains(is_deceptive)
        || uuid::Uuid::try_parse(name).is_ok()
}

impl<'d> Names<'d> {
    /// Indexes a directory: the one that names are looked up in when the files are read.
    pub(super) fn new(directory: &'d Directory) -> Self {
        let mut names = Self {
            directory,
            principals: BTreeMap::new(),
            directory_roles: BTreeMap::new(),
            azure_roles: BTreeMap::new(),
            units: BTreeMap::new(),
            places: BTreeMap::new(),
        };
        for one in directory.principals() {
            let (Some(kind), name) = (one.kind(), one.policy_name()) else { continue };
            *names.principals.entry((kind, name_key(name))).or_default() += 1;
        }
        for role in directory.directory_roles() {
            *names.directory_roles.entry(name_key(&role.name)).or_default() += 1;
        }
        for role in directory.azure_roles() {
            names.azure_roles.entry(name_key(&role.name)).or_default().push(role.id);
        }
        for unit in directory.administrative_units() {
            *names.units.entry(name_key(&unit.name)).or_default() += 1;
        }
        for place in directory.places() {
            let kind = place.scope.kind();
            let mut keys: Vec<String> = place.name.iter().map(|name| name_key(name)).collect();
            keys.push(name_key(place.scope.name()));
            keys.dedup();
            for key in keys {
                *names.places.entry((kind, key)).or_default() += 1;
            }
        }
        names
    }

    /// What is known of a principal.
    pub(super) fn principal(&self, id: PrincipalId) -> Option<&'d Principal> {
        self.directory.principal(id)
    }

    /// A principal as policies name it.
    pub(super) fn who(&self, id: PrincipalId) -> Result<Who, Why> {
        let principal = self.directory.principal(id).ok_or(Why::UnknownPrincipal)?;
        let kind =
            principal.kind().ok_or(if principal.sort().is_some() { Why::OtherKind } else { Why::NotLookedUp })?;
        let name = principal.policy_name();
        let unique = self.principals.get(&(kind, name_key(name))).is_none_or(|count| *count == 1);
        let name = if unique && !is_odd(name) {
            Name::plain(&**name)
        } else {
            Name { text: id.to_string(), beside: Some(label(principal)) }
        };
        Ok(Who { kind, name })
    }

    /// A directory role as policies name it.
    pub(super) fn directory_role(&self, id: RoleId) -> Result<Name, Why> {
        let role = self.directory.directory_role(id).ok_or(Why::UnknownRole)?;
        let unique = self.directory_roles.get(&name_key(&role.name)).is_none_or(|count| *count == 1);
        Ok(name_or_id(&role.name, unique, &id.to_string()))
    }

    /// The one directory role with this name or id.
    pub(super) fn find_directory_role(&self, text: &str) -> Result<(RoleId, Name), Why> {
        let by_id = text.parse().ok().filter(|id| self.directory.directory_role(*id).is_some());
        let roles = self.directory.directory_roles().iter();
        let mut named = roles.filter(|role| same_name(&role.name, text)).map(|role| role.id);
        let id = by_id.or_else(|| only(&mut named)).ok_or(Why::UnknownRole)?;
        Ok((id, self.directory_role(id)?))
    }

    /// The one role of Azure with this name or id that can be assigned at a scope.
    pub(super) fn find_azure_role(&self, text: &str, scope: &ArmScope) -> Result<(RoleId, Name), Why> {
        let by_id = text.parse().ok().filter(|id| self.directory.azure_role(*id).is_some());
        let named = self.azure_roles.get(&name_key(text)).into_iter().flatten().copied();
        let mut fitting =
            named.filter(|id| self.directory.azure_role(*id).is_some_and(|one| assignable_at(one, scope)));
        let id = by_id.or_else(|| only(&mut fitting)).ok_or(Why::UnknownRole)?;
        Ok((id, self.azure_role(id, scope)?))
    }

    /// The one group with this id or name, if its members are assigned by hand.
    pub(super) fn find_group(&self, id: Option<PrincipalId>, name: &str) -> Result<(PrincipalId, Name), Why> {
        let id = id.or_else(|| self.find(PrincipalKind::Group, name)).ok_or(Why::UnknownPrincipal)?;
        let facts = self.principal(id).and_then(|group| group.group()).ok_or(Why::UnknownPrincipal)?;
        match facts.membership.decided_elsewhere(Access::Member) {
            Some(_) => Err(Why::DecidedElsewhere),
            None => Ok((id, self.who(id)?.name)),
        }
    }

    /// The one principal of a kind with this name.
    pub(super) fn find(&self, kind: PrincipalKind, name: &str) -> Option<PrincipalId> {
        only(&mut self.directory.principals_named(kind, name).map(|principal| principal.id))
    }

    /// A role of Azure as policies name it at a scope.
    pub(super) fn azure_role(&self, id: RoleId, scope: &ArmScope) -> Result<Name, Why> {
        let role = self.directory.azure_role(id).ok_or(Why::UnknownRole)?;
        if !assignable_at(role, scope) {
            return Err(Why::RoleNotHere);
        }
        let same = self.azure_roles.get(&name_key(&role.name)).into_iter().flatten();
        let fitting =
            same.filter(|other| self.directory.azure_role(**other).is_some_and(|one| assignable_at(one, scope)));
        Ok(name_or_id(&role.name, fitting.count() == 1, &id.to_string()))
    }

    /// An administrative unit as policies name it.
    pub(super) fn unit(&self, id: AdministrativeUnitId) -> Result<Name, Why> {
        let unit = self.directory.administrative_unit(id).ok_or(Why::UnknownUnit)?;
        let unique = self.units.get(&name_key(&unit.name)).is_none_or(|count| *count == 1);
        Ok(name_or_id(&unit.name, unique, &id.to_string()))
    }

    /// A scope of Azure as policies name it.
    pub(super) fn place(&self, scope: &ArmScope) -> Result<Place, Why> {
        let place = self.directory.place(scope).ok_or(Why::UnknownScope)?;
        let kind = scope.kind();
        if let ScopeKind::ManagementGroup = kind {
            let name = self.named(kind, place.scope.name(), place.name.as_deref());
            let file = format!("management-group-{}", slug(title(&name)));
            return Ok(Place { keys: vec![("management_group", name)], file });
        }
        let id = scope.subscription_id().unwrap_or_default();
        let above = format!("/subscriptions/{id}").parse().ok().and_then(|scope| self.directory.place(&scope));
        let subscription = self.named(ScopeKind::Subscription, id, above.and_then(|place| place.name.as_deref()));
        let file = format!("subscription-{}", slug(title(&subscription)));
        // A file names a resource group by name only beside a subscription that is there.
        let name = scope.name();
        let keys = match kind {
            ScopeKind::Subscription => vec![("subscription", subscription)],
            ScopeKind::ResourceGroup if above.is_some() && !is_odd(name) => {
                vec![("subscription", subscription), ("resource_group", Name::plain(name))]
            }
            ScopeKind::ResourceGroup => vec![("resource_group", Name::plain(scope.as_str()))],
            _ => {
                let beside = subscription.beside.clone().unwrap_or_else(|| subscription.text.clone());
                let beside = Some(format!("in {beside}")).filter(|_| above.is_some_and(|place| place.name.is_some()));
                vec![("resource", Name { text: scope.as_str().to_owned(), beside })]
            }
        };
        Ok(Place { keys, file })
    }

    /// A management group or subscription. An id that people can read is as good as a name, and does not change.
    fn named(&self, kind: ScopeKind, id: &str, name: Option<&str>) -> Name {
        let readable = uuid::Uuid::try_parse(id).is_err() && !is_odd(id);
        let Some(name) = name.filter(|name| !same_name(name, id)) else { return Name::plain(id) };
        let unique = self.places.get(&(kind, name_key(name))).is_none_or(|count| *count == 1);
        if !readable && unique && !is_odd(name) {
            return Name::plain(name);
        }
        Name { text: id.to_owned(), beside: Some(name.to_owned()) }
    }
}

fn only<T>(found: &mut impl Iterator<Item = T>) -> Option<T> {
    let first = found.next();
    first.filter(|_| found.next().is_none())
}

fn title(name: &Name) -> &str {
    name.beside.as_ref().unwrap_or(&name.text)
}

fn name_or_id(name: &str, unique: bool, id: &str) -> Name {
    if unique && !is_odd(name) && name != ALL_OTHERS {
        return Name::plain(name);
    }
    Name { text: id.to_owned(), beside: Some(name.to_owned()) }
}

/// What people know a principal by.
fn label(principal: &Principal) -> String {
    match &principal.detail {
        PrincipalDetail::User { user_principal_name, .. } if user_principal_name != &principal.display_name => {
            format!("{} ({user_principal_name})", principal.display_name)
        }
        _ => principal.display_name.to_string(),
    }
}
