//! A snapshot as a tenant file, so that a plan can be made without the tenant that it is of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::convert::{named, target_entry};
use super::file::{
    AdministrativeUnitEntry, AzureRoleEntry, ContextEntry, DirectoryRoleEntry, GroupEntry, ManagementGroupEntry,
    OtherPrincipalEntry, ServicePrincipalEntry, SubscriptionEntry, TargetEntry, TenantEntry, TenantFile,
    UnreadMakersEntry, UserEntry,
};
use super::state::Defaults;
use crate::model::scope::ScopeKind;
use crate::model::{
    Access, ArmScope, AssignmentKey, Directory, GroupFacts, GroupRead, GroupState, Principal, PrincipalDetail,
    PrincipalId, RoleId, Snapshot, Surface, Target, TargetRead, through_pim,
};

impl TenantFile {
    /// What a snapshot says, as a file. The static members and owners of a group are those that its lists show and who is
    /// not there through PIM; of a group whose lists were not read the file says so. Notes are not part of a file.
    pub fn of(snapshot: &Snapshot) -> Self {
        let mut file = Self::empty(TenantEntry { id: snapshot.tenant, name: snapshot.tenant_name.clone() });
        file.read_at = Some(snapshot.read_at);
        file.runner = snapshot.runner;
        file.incomplete = snapshot.missing.iter().map(|what| what.as_str().into()).collect();
        file.principals(snapshot);
        file.objects(&snapshot.directory);
        file.azure(snapshot);
        file.unread_makers =
            snapshot.makers.unread.iter().map(|(list, why)| UnreadMakersEntry::of(*list, why)).collect();
        let (defaults, makers) = (Defaults::new(), makers(snapshot));
        file.targets = snapshot
            .targets
            .iter()
            .filter_map(|(target, read)| Some((target, entry(target, read, &defaults, &snapshot.directory)?)))
            .map(|(target, entry)| match makers.get(target) {
                Some(makers) => named(entry, makers),
                None => entry,
            })
            .collect();
        file.incomplete.extend(unnamed_groups(snapshot));
        file
    }

    fn principals(&mut self, snapshot: &Snapshot) {
        for Principal { id, display_name, detail } in snapshot.directory.principals() {
            let (id, name) = (*id, Arc::clone(display_name));
            match detail {
                PrincipalDetail::User { user_principal_name, enabled, sort } => {
                    let upn = Arc::clone(user_principal_name);
                    self.users.push(UserEntry { id, name, upn, enabled: *enabled, sort: sort.clone() });
                }
                PrincipalDetail::ServicePrincipal { app_id, enabled, sort } => {
                    let (app_id, enabled, sort) = (*app_id, *enabled, sort.clone());
                    self.service_principals.push(ServicePrincipalEntry { id, name, app_id, enabled, sort });
                }
                PrincipalDetail::Other { sort } => {
                    self.other_principals.push(OtherPrincipalEntry { id, name, sort: sort.clone() });
                }
                // A group that a plan would create is not there.
                PrincipalDetail::Group(facts) if facts.planned => {}
                PrincipalDetail::Group(facts) => self.groups.push(group(id, name, facts, snapshot)),
            }
        }
    }

    fn objects(&mut self, directory: &Directory) {
        let units = directory.administrative_units().iter();
        self.administrative_units =
            units.map(|unit| AdministrativeUnitEntry { id: unit.id, name: Arc::clone(&unit.name) }).collect();
        let context = |context: &crate::model::AuthenticationContext| ContextEntry {
            id: context.id,
            name: Arc::clone(&context.name),
            available: context.available,
        };
        self.authentication_contexts = directory.contexts().map(|contexts| contexts.iter().map(context).collect());
        let roles = directory.directory_roles().iter();
        self.directory_roles =
            roles.map(|role| DirectoryRoleEntry { id: role.id, name: Arc::clone(&role.name) }).collect();
    }

    /// Places and roles: those of the directory, and what a target needs to be listed.
    fn azure(&mut self, snapshot: &Snapshot) {
        let mut places: BTreeMap<ArmScope, Option<Arc<str>>> = BTreeMap::new();
        let mut roles: BTreeMap<RoleId, AzureRoleEntry> = BTreeMap::new();
        for place in snapshot.directory.places() {
            places.insert(place.scope.clone(), place.name.clone());
        }
        for role in snapshot.directory.azure_roles() {
            let (name, assignable_scopes) = (Arc::clone(&role.name), role.assignable_scopes.clone());
            roles.insert(role.id, AzureRoleEntry { id: role.id, name, assignable_scopes });
        }
        for target in snapshot.targets.keys() {
            let Target::Azure { scope, role } = target else { continue };
            places.entry(scope.clone()).or_default();
            let unnamed = || AzureRoleEntry { id: *role, name: role.to_string().into(), assignable_scopes: Vec::new() };
            roles.entry(*role).or_insert_with(unnamed);
        }
        for (scope, name) in places {
            match scope.kind() {
                ScopeKind::ManagementGroup => {
                    self.management_groups.push(ManagementGroupEntry { id: scope.name().into(), name, parent: None });
                }
                ScopeKind::Subscription => {
                    let id = scope.name().parse().ok();
                    let entry = |id| SubscriptionEntry { id, name, management_group: None };
                    self.subscriptions.extend(id.map(entry));
                }
                ScopeKind::ResourceGroup => self.resource_groups.push(scope),
                ScopeKind::Resource => self.resources.push(scope),
            }
        }
        self.azure_roles = roles.into_values().collect();
    }
}

fn group(id: PrincipalId, name: Arc<str>, facts: &GroupFacts, snapshot: &Snapshot) -> GroupEntry {
    let (state, unreadable) = match snapshot.groups.get(&id) {
        Some(GroupRead::Present(state)) => (state.clone(), None),
        Some(GroupRead::Unreadable(why)) => (GroupState::default(), Some(Arc::clone(why))),
        None => (GroupState::default(), Some("who is in it was not read".into())),
    };
    let fixed = |access: Access| {
        let through_pim: BTreeSet<PrincipalId> = match snapshot.targets.get(&Target::Group { group: id, access }) {
            Some(TargetRead::Present(read)) => through_pim(&read.rows, snapshot.read_at).collect(),
            _ => BTreeSet::new(),
        };
        state.list(access).difference(&through_pim).copied().collect()
    };
    GroupEntry {
        id,
        name,
        description: None,
        role_assignable: facts.role_assignable,
        membership: facts.membership,
        pim: facts.onboarded,
        members: fixed(Access::Member),
        owners: fixed(Access::Owner),
        unreadable,
    }
}

/// The groups that there are settings and assignments of, and that could not be looked up. A file cannot hold them.
fn unnamed_groups(snapshot: &Snapshot) -> BTreeSet<Box<str>> {
    let groups = snapshot.targets.keys().filter_map(Target::group);
    let unnamed = groups.filter(|id| {
        let found = snapshot.directory.principal(*id);
        found.is_some_and(|principal| principal.kind().is_none() && principal.sort().is_none())
    });
    unnamed.map(|id| format!("the group `{id}` could not be looked up, and is not in this snapshot").into()).collect()
}

/// The applications that made assignments, by what they are assignments of.
fn makers(snapshot: &Snapshot) -> BTreeMap<&Target, BTreeMap<AssignmentKey, Arc<str>>> {
    let mut makers: BTreeMap<&Target, BTreeMap<AssignmentKey, Arc<str>>> = BTreeMap::new();
    for ((target, key), name) in &snapshot.makers.applications {
        makers.entry(target).or_default().insert(*key, Arc::clone(name));
    }
    makers
}

/// Nothing for a target that the file stands for by listing its role or group.
fn entry(target: &Target, read: &TargetRead, defaults: &Defaults, directory: &Directory) -> Option<TargetEntry> {
    let there = match target {
        Target::Directory { directory_role } => directory.directory_role(*directory_role).is_some(),
        Target::Group { group, .. } => directory.principal(*group).is_some_and(|group| group.group().is_some()),
        Target::Azure { .. } => true,
    };
    let defaults = defaults.of(target.surface());
    let entry = match read {
        TargetRead::WithoutSettings => {
            let entry = target_entry(target, defaults, defaults, &[], None);
            TargetEntry { without_settings: true, ..entry }
        }
        TargetRead::Unreadable(why) => target_entry(target, defaults, defaults, &[], Some(Arc::clone(why))),
        TargetRead::Present(state) => {
            let is_plain = state.settings == *defaults && state.rows.is_empty() && target.surface() != Surface::Azure;
            if is_plain {
                return None;
            }
            target_entry(target, &state.settings, defaults, &state.rows, None)
        }
    };
    there.then_some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::ReadQuery;
    use crate::backend::local::Tenant;
    use crate::model::Time;

    const NOW: Time = Time::from_unix(1_795_219_200);

    fn snapshot(file: TenantFile) -> Snapshot {
        Tenant::from_file("t.json", file).unwrap().snapshot(&ReadQuery::Everything, NOW)
    }

    fn same(text: &str) {
        let first = snapshot(TenantFile::parse("t.json", text.as_bytes()).unwrap());
        let file = TenantFile::of(&first);
        let again = TenantFile::parse("again.json", file.to_text().unwrap().as_bytes()).unwrap();
        assert_eq!(again, file);
        let second = snapshot(again);
        assert_eq!(second.targets, first.targets);
        assert_eq!(second.groups, first.groups);
        assert_eq!(second.memberships, first.memberships);
        assert_eq!((second.tenant, second.tenant_name, second.runner), (first.tenant, first.tenant_name, first.runner));
        assert_eq!((second.read_at, second.notes), (NOW, first.notes));
        let parts = |directory: &Directory| {
            let principals = directory.principals().to_vec();
            let roles = (directory.directory_roles().to_vec(), directory.azure_roles().to_vec());
            let others = (directory.administrative_units().to_vec(), directory.contexts().map(<[_]>::to_vec));
            (principals, roles, others, directory.places().to_vec())
        };
        assert_eq!(parts(&second.directory), parts(&first.directory));
    }

    #[test]
    fn what_is_written_of_a_snapshot_reads_as_the_same_snapshot() {
        same(include_str!("../../../examples/landing-zone/tenant.json"));
        same(include_str!("../../../examples/azure-subscription-owner/tenant.json"));
        same(include_str!("../../../examples/directory-defaults/tenant.json"));
        same(include_str!("../../../examples/four-assignment-types/tenant.json"));
        same(include_str!("../../../examples/three-settings/tenant.json"));
    }

    #[test]
    fn what_could_not_be_read_stays_so_and_who_is_there_through_pim_is_not_static() {
        const ID: &str = "00000000-0000-0000-0000-00000000000";
        let text = format!(
            r#"{{"format":"pimform-tenant","version":1,"tenant":{{"id":"{ID}1","name":"T"}},"runner":"{ID}2",
                "users":[{{"id":"{ID}2","name":"Ada","upn":"ada@x.example"}},
                         {{"id":"{ID}3","name":"Bo","upn":"bo@x.example","enabled":false}}],
                "groups":[{{"id":"{ID}4","name":"G","pim":true,"members":["{ID}2"]}},
                          {{"id":"{ID}5","name":"H","unreadable":"denied"}}],
                "directory_roles":[{{"id":"{ID}8","name":"Reader"}}],
                "targets":[{{"directory_role":"{ID}8","unreadable":"denied"}},
                           {{"group":"{ID}4","access":"member","active":[{{"principal":"{ID}3"}}]}}]}}"#
        );
        same(&text);
        let file = TenantFile::of(&snapshot(TenantFile::parse("t.json", text.as_bytes()).unwrap()));
        let members: Vec<String> = file.groups[0].members.iter().map(ToString::to_string).collect();
        assert_eq!(members, [format!("{ID}2")]);
    }

    #[test]
    fn a_group_whose_lists_were_not_read_is_not_empty() {
        let text = include_str!("../../../examples/landing-zone/tenant.json");
        let mut first = snapshot(TenantFile::parse("t.json", text.as_bytes()).unwrap());
        first.groups.clear();
        let file = TenantFile::of(&first);
        assert!(!file.groups.is_empty() && file.groups.iter().all(|group| group.unreadable.is_some()));
    }
}
