//! The tenant of a file, as it is worked with.
//!
//! A [`Tenant`] is cheap to clone, so that one can be written to disk while the next change is made to another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use super::file::{ContextEntry, GroupEntry, TenantFile};
use crate::backend::ReadQuery;
use crate::model::directory::DirectoryParts;
use crate::model::{
    Access, AdministrativeUnit, ArmPlace, ArmScope, AssignmentKey, AuthenticationContext, Current, Directory,
    GroupFacts, GroupRead, GroupState, Makers, Principal, PrincipalDetail, PrincipalId, RequestList, Role, Row,
    Settings, Snapshot, Surface, Target, TargetRead, TargetState, Time, through_pim,
};

/// A tenant in memory.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// What no operation changes: the file without groups and targets.
    pub(super) head: Arc<TenantFile>,
    pub(super) groups: BTreeMap<PrincipalId, Arc<Group>>,
    /// The targets that the file lists or that an operation changed.
    pub(super) targets: BTreeMap<Target, Arc<Record>>,
    /// The objects as they were read. Groups are looked up in `groups`, since operations create some.
    pub(super) objects: Arc<Directory>,
    /// The objects as they are, once somebody has asked.
    pub(super) directory: OnceLock<Arc<Directory>>,
    pub(super) defaults: Defaults,
}

/// A group. The lists of its entry are empty; the members stand beside it.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) entry: GroupEntry,
    pub(super) lists: GroupState,
}

/// Settings and assignments of a target.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) settings: Arc<Settings<Current>>,
    /// Ordered by key.
    pub(super) rows: Vec<Row>,
    pub(super) unreadable: Option<Arc<str>>,
    pub(super) without_settings: bool,
    /// The applications that made assignments.
    pub(super) makers: BTreeMap<AssignmentKey, Arc<str>>,
}

/// The service's default settings, one copy for all targets that have them.
#[derive(Clone, Debug)]
pub(super) struct Defaults([Arc<Settings<Current>>; 3]);

impl Defaults {
    pub(super) fn new() -> Self {
        Self(Surface::ALL.map(|surface| Arc::new(Settings::service_default(surface))))
    }

    pub(super) fn of(&self, surface: Surface) -> &Arc<Settings<Current>> {
        let [directory, groups, azure] = &self.0;
        match surface {
            Surface::Directory => directory,
            Surface::Groups => groups,
            Surface::Azure => azure,
        }
    }
}

impl Tenant {
    /// Which tenant it is.
    pub fn answering(&self) -> crate::backend::Tenant {
        let tenant = &self.head.tenant;
        crate::backend::Tenant { id: tenant.id, name: tenant.name.clone() }
    }

    /// The objects of the tenant.
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(self.directory.get_or_init(|| {
            let others = self.objects.principals().iter().filter(|principal| principal.group().is_none()).cloned();
            let principals = others.chain(self.groups.values().map(|group| principal(&group.entry))).collect();
            Arc::new(Directory::new(DirectoryParts {
                principals,
                directory_roles: self.objects.directory_roles().to_vec(),
                azure_roles: self.objects.azure_roles().to_vec(),
                administrative_units: self.objects.administrative_units().to_vec(),
                contexts: self.objects.contexts().map(<[_]>::to_vec),
                places: self.objects.places().to_vec(),
            }))
        }))
    }

    /// What a read at `now` finds.
    pub fn snapshot(&self, query: &ReadQuery, now: Time) -> Snapshot {
        let read = |target: &Target| Some((target.clone(), self.target(target)?));
        let read_group = |group: &PrincipalId| Some((*group, self.group(*group, now)?));
        let (mut watched, mut memberships): (BTreeSet<PrincipalId>, _) =
            (self.head.runner.into_iter().collect(), BTreeMap::new());
        let (targets, groups) = match query {
            ReadQuery::Everything => (
                self.all_targets().iter().filter_map(read).collect(),
                self.groups.keys().filter_map(read_group).collect(),
            ),
            ReadQuery::Only { targets, groups, watched: more } => {
                watched.extend(more);
                (targets.iter().filter_map(read).collect(), groups.iter().filter_map(read_group).collect())
            }
        };
        for principal in watched {
            memberships.insert(principal, self.groups_of(principal, now));
        }
        Snapshot {
            tenant: self.head.tenant.id,
            tenant_name: self.head.tenant.name.clone(),
            read_at: self.head.read_at.unwrap_or(now),
            runner: self.head.runner,
            memberships,
            directory: self.directory(),
            targets,
            groups,
            notes: BTreeSet::new(),
            makers: Makers::default(),
            missing: self.head.incomplete.iter().map(ToString::to_string).collect(),
        }
    }

    /// Which of these assignments another application made.
    pub fn makers(&self, of: &[(Target, AssignmentKey)]) -> Makers {
        let maker = |(target, key): &(Target, AssignmentKey)| {
            let name = self.targets.get(target)?.makers.get(key)?;
            Some(((target.clone(), *key), Arc::clone(name)))
        };
        let lists: BTreeSet<RequestList> =
            of.iter().filter_map(|(target, key)| RequestList::of(target, key.kind)).collect();
        let unread = self.head.unread_makers.iter().map(|entry| (entry.list(), Arc::clone(&entry.why)));
        let unread = unread.filter(|(list, _)| lists.contains(list)).collect();
        Makers { applications: of.iter().filter_map(maker).collect(), unread, ..Makers::default() }
    }

    /// The listed targets, every directory role, and both accesses of every group under PIM. Roles at scopes of Azure
    /// that nobody has touched are left out: there is one for every role at every scope.
    fn all_targets(&self) -> BTreeSet<Target> {
        let roles = self.objects.directory_roles().iter().map(|role| Target::Directory { directory_role: role.id });
        let groups = self
            .groups
            .values()
            .filter(|group| group.entry.pim.is_yes())
            .flat_map(|group| [Access::Member, Access::Owner].map(|access| (group.entry.id, access)))
            .map(|(group, access)| Target::Group { group, access });
        self.targets.keys().cloned().chain(roles).chain(groups).collect()
    }

    /// Nothing if the target's role, group or scope does not exist.
    fn target(&self, target: &Target) -> Option<TargetRead> {
        match self.targets.get(target).map(Arc::as_ref) {
            Some(Record { unreadable: Some(reason), .. }) => Some(TargetRead::Unreadable(Arc::clone(reason))),
            Some(Record { without_settings: true, rows, .. }) if rows.is_empty() => Some(TargetRead::WithoutSettings),
            Some(Record { without_settings: true, .. }) => {
                Some(TargetRead::Unreadable(TargetRead::HELD_WITHOUT_SETTINGS.into()))
            }
            Some(record) => Some(TargetRead::Present(TargetState {
                settings: Arc::clone(&record.settings),
                rows: record.rows.clone(),
            })),
            None => self.exists(target).then(|| {
                TargetRead::Present(TargetState {
                    settings: Arc::clone(self.defaults.of(target.surface())),
                    rows: Vec::new(),
                })
            }),
        }
    }

    /// True when the target's role, group or scope exists.
    pub(super) fn exists(&self, target: &Target) -> bool {
        match target {
            Target::Directory { directory_role } => self.objects.directory_role(*directory_role).is_some(),
            Target::Group { group, .. } => self.groups.contains_key(group),
            Target::Azure { scope, role } => {
                self.objects.place(scope).is_some() && self.objects.azure_role(*role).is_some()
            }
        }
    }

    /// Every group that a principal is in, directly or through other groups.
    fn groups_of(&self, principal: PrincipalId, now: Time) -> BTreeSet<PrincipalId> {
        let mut found = BTreeSet::new();
        let mut looking_for = vec![principal];
        while let Some(member) = looking_for.pop() {
            for id in self.groups.keys().filter(|id| self.is_member(**id, member, now)) {
                if found.insert(*id) {
                    looking_for.push(*id);
                }
            }
        }
        found
    }

    fn is_member(&self, group: PrincipalId, member: PrincipalId, now: Time) -> bool {
        let target = Target::Group { group, access: Access::Member };
        let mut rows = self.targets.get(&target).into_iter().flat_map(|record| through_pim(&record.rows, now));
        self.groups.get(&group).is_some_and(|group| group.lists.members.contains(&member))
            || rows.any(|principal| principal == member)
    }

    /// Who the group's lists show: the static members, and who is one through PIM just now. The service does not tell
    /// the two apart either.
    fn group(&self, id: PrincipalId, now: Time) -> Option<GroupRead> {
        let group = self.groups.get(&id)?;
        if let Some(reason) = &group.entry.unreadable {
            return Some(GroupRead::Unreadable(Arc::clone(reason)));
        }
        let mut state = group.lists.clone();
        for access in [Access::Member, Access::Owner] {
            if let Some(record) = self.targets.get(&Target::Group { group: id, access }) {
                state.list_mut(access).extend(through_pim(&record.rows, now));
            }
        }
        Some(GroupRead::Present(state))
    }
}

/// The objects that a file lists. `places` are its scopes of Azure.
pub(super) fn objects(file: &TenantFile, places: Vec<ArmPlace>) -> Directory {
    let users = file.users.iter().map(|user| Principal {
        id: user.id,
        display_name: Arc::clone(&user.name),
        detail: PrincipalDetail::User {
            user_principal_name: Arc::clone(&user.upn),
            enabled: user.enabled,
            sort: user.sort.clone(),
        },
    });
    let service_principals = file.service_principals.iter().map(|service| Principal {
        id: service.id,
        display_name: Arc::clone(&service.name),
        detail: PrincipalDetail::ServicePrincipal {
            app_id: service.app_id,
            enabled: service.enabled,
            sort: service.sort.clone(),
        },
    });
    let others = file.other_principals.iter().map(|other| Principal {
        id: other.id,
        display_name: Arc::clone(&other.name),
        detail: PrincipalDetail::Other { sort: other.sort.clone() },
    });
    let role = |id, name: &Arc<str>, scopes: &[ArmScope]| Role {
        id,
        name: Arc::clone(name),
        assignable_scopes: scopes.to_vec(),
    };
    Directory::new(DirectoryParts {
        principals: users.chain(file.groups.iter().map(principal)).chain(service_principals).chain(others).collect(),
        directory_roles: file.directory_roles.iter().map(|entry| role(entry.id, &entry.name, &[])).collect(),
        azure_roles: file
            .azure_roles
            .iter()
            .map(|entry| role(entry.id, &entry.name, &entry.assignable_scopes))
            .collect(),
        administrative_units: file
            .administrative_units
            .iter()
            .map(|unit| AdministrativeUnit { id: unit.id, name: Arc::clone(&unit.name) })
            .collect(),
        contexts: file.authentication_contexts.as_ref().map(|contexts| {
            let context = |context: &ContextEntry| AuthenticationContext {
                id: context.id,
                name: Arc::clone(&context.name),
                available: context.available,
            };
            contexts.iter().map(context).collect()
        }),
        places,
    })
}

fn principal(entry: &GroupEntry) -> Principal {
    Principal {
        id: entry.id,
        display_name: Arc::clone(&entry.name),
        detail: PrincipalDetail::Group(GroupFacts {
            role_assignable: entry.role_assignable,
            membership: entry.membership,
            onboarded: entry.pim,
            planned: false,
        }),
    }
}

#[cfg(test)]
mod tests;
