//! What the files touch, and with what.

use std::collections::BTreeSet;

use super::azure::Scope;
use super::{Places, Purpose};
use crate::backend::microsoft::permission::{Access, Area, GraphPermission, Permission};
use crate::diag::Span;
use crate::model::text::name_key;
use crate::model::{Authentication, Kind, PrincipalKind, Setting};
use crate::policy::Documents;
use crate::policy::assignment::{Assignment, PrincipalRef};
use crate::policy::document::{GroupEntry, SettingsRef, TargetEntry};
use crate::policy::layer::Layer;
use crate::policy::merge::Declared;

/// Something done with the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// Looking at an area.
    Read(Area),
    /// Changing it.
    Write(Area),
    /// Creating a group that may hold directory roles, or changing who is in it. That takes more than for other groups.
    RoleAssignable,
}

impl Need {
    /// What is done, as it follows "to".
    pub(super) fn to(self) -> String {
        match self {
            Self::Write(Area::Groups) => "create groups".to_owned(),
            Self::Read(area) => format!("read {}", area.what()),
            Self::Write(area) => format!("change {}", area.what()),
            Self::RoleAssignable => "create role-assignable groups, and change who is in them".to_owned(),
        }
    }

    /// The area that is looked at, if it is looking.
    pub(super) fn read(self) -> Option<Area> {
        match self {
            Self::Read(area) => Some(area),
            Self::Write(_) | Self::RoleAssignable => None,
        }
    }

    /// The permission of Microsoft Graph that it takes.
    pub(super) fn graph(self) -> Option<GraphPermission> {
        match self.permission() {
            Some(Permission::Graph(permission)) => Some(permission),
            _ => None,
        }
    }

    /// The actions of Azure that it takes.
    pub(super) fn actions(self) -> &'static [&'static str] {
        match self.permission() {
            Some(Permission::Azure(actions)) => actions,
            _ => &[],
        }
    }

    fn permission(self) -> Option<Permission> {
        match self {
            Self::Read(area) => area.needs(Access::Read),
            Self::Write(area) => area.needs(Access::Write),
            Self::RoleAssignable => Some(Permission::Graph(GraphPermission::DIRECTORY_ROLES_WRITE)),
        }
    }
}

/// What is needed, and the places that ask for it.
#[derive(Default)]
pub(super) struct Needs {
    /// Of Microsoft Graph.
    pub(super) graph: Places<Need>,
    /// Of Azure Resource Manager.
    pub(super) arm: Places<(Scope, Need)>,
    /// What the files leave open.
    pub(super) notes: Vec<String>,
}

impl Needs {
    /// All that the files need for a purpose. Whoever applies also reads.
    pub(super) fn of(documents: &Documents, purpose: Purpose) -> Self {
        let mut needs = Self::default();
        needs.principals(documents);
        for declared in documents.profiles.values() {
            needs.contexts(&declared.value);
        }
        for declared in documents.directory_roles.values() {
            needs.directory_role(declared, purpose);
        }
        let holders = holders_of_directory_roles(documents);
        for (name, declared) in &documents.groups {
            needs.group(declared, holders.contains(&name_key(name)), purpose);
        }
        for entry in &documents.azure {
            let scope = Scope::of(&entry.scope);
            for area in [scope.area(), Area::AzureRoles, Area::AzurePolicies, Area::AzureEligible, Area::AzureActive] {
                needs.arm(&scope, Need::Read(area), entry.scope.at());
            }
            for (role, target) in &entry.roles.0 {
                needs.settings_of(target);
                if purpose == Purpose::Apply {
                    needs.azure_writes(&scope, role.at, target);
                }
            }
        }
        needs
    }

    fn graph(&mut self, need: Need, at: Span) {
        self.graph.entry(need).or_default().push(at);
    }

    fn arm(&mut self, scope: &Scope, need: Need, at: Span) {
        self.arm.entry((scope.clone(), need)).or_default().push(at);
    }

    /// Every section names principals, or reads rows that do.
    fn principals(&mut self, documents: &Documents) {
        let roles = documents.directory_roles.values().map(|declared| declared.at);
        let groups = documents.groups.values().map(|declared| declared.at);
        let azure = documents.azure.iter().map(|entry| entry.scope.at());
        let protected = documents.protected.iter().map(|principal| principal.at);
        let mut places: Vec<Span> = roles.chain(groups).chain(azure).chain(protected).collect();
        places.sort();
        if !places.is_empty() {
            self.graph.insert(Need::Read(Area::Objects), places);
        }
    }

    fn contexts(&mut self, layer: &Layer) {
        if let Setting::Set { value: Authentication::Context(_), at } = layer.stated.settings.activation.authentication
        {
            self.graph(Need::Read(Area::AuthenticationContexts), at);
        }
    }

    fn settings_of(&mut self, target: &TargetEntry) {
        if let Some(SettingsRef::Inline(layer)) = &target.settings {
            self.contexts(layer);
        }
    }

    fn directory_role(&mut self, declared: &Declared<TargetEntry>, purpose: Purpose) {
        let targets = [Area::DirectoryPolicies, Area::DirectoryEligible, Area::DirectoryActive];
        for area in [Area::DirectoryRoles].into_iter().chain(targets) {
            self.graph(Need::Read(area), declared.at);
        }
        let target = &declared.value;
        self.settings_of(target);
        for assignment in Kind::ALL.into_iter().flat_map(|kind| assignments(target, kind)) {
            if let Some(unit) = &assignment.administrative_unit {
                self.graph(Need::Read(Area::AdministrativeUnits), unit.at);
            }
        }
        if purpose == Purpose::Apply {
            self.writes(target, declared.at, targets);
        }
    }

    /// The needs to change settings, eligible and active assignments, where the target declares them.
    fn writes(&mut self, target: &TargetEntry, at: Span, [settings, eligible, active]: [Area; 3]) {
        if target.settings.is_some() {
            self.graph(Need::Write(settings), at);
        }
        for (list, area) in [(&target.eligible, eligible), (&target.active, active)] {
            if let Some(list) = list {
                self.graph(Need::Write(area), list.at);
            }
        }
    }

    fn group(&mut self, declared: &Declared<GroupEntry>, holds_roles: bool, purpose: Purpose) {
        let targets = [Area::GroupPolicies, Area::GroupEligible, Area::GroupActive];
        let group = &declared.value;
        // Those with static members, too: who is there through PIM must be told apart from who is there without.
        for area in targets {
            self.graph(Need::Read(area), declared.at);
        }
        for target in [&group.member, &group.owner].into_iter().flatten() {
            self.graph(Need::Read(Area::GroupsUnderPim), target.at);
            self.settings_of(&target.value);
            if purpose == Purpose::Apply {
                self.writes(&target.value, target.at, targets);
            }
        }
        if purpose == Purpose::Apply {
            self.group_writes(group, holds_roles);
        }
    }

    fn group_writes(&mut self, group: &GroupEntry, holds_roles: bool) {
        let create = group.create.as_ref();
        let assignable = create.and_then(|create| create.value.role_assignable.as_ref()).filter(|stated| stated.value);
        if let Some(create) = create {
            self.graph(Need::Write(Area::Groups), create.at);
        }
        if let Some(stated) = assignable {
            self.graph(Need::RoleAssignable, stated.at);
        }
        for (list, area) in [(&group.members, Area::GroupMembers), (&group.owners, Area::GroupOwners)] {
            let Some(list) = list else { continue };
            self.graph(Need::Write(area), list.at);
            if holds_roles && assignable.is_none() {
                self.graph(Need::RoleAssignable, list.at);
            }
            if !holds_roles && create.is_none() {
                self.notes.push(
                    "changing members or owners of a group that is role-assignable already takes \
                     RoleManagement.ReadWrite.Directory as well; the files do not say which groups are"
                        .to_owned(),
                );
            }
            if list.value.iter().any(|principal| principal.kind == PrincipalKind::ServicePrincipal) {
                self.notes.push(
                    "the Graph reference asks for Application.ReadWrite.All as well where a service principal becomes \
                     a member of a group; try without it first"
                        .to_owned(),
                );
            }
        }
    }

    fn azure_writes(&mut self, scope: &Scope, role: Span, target: &TargetEntry) {
        if target.settings.is_some() {
            self.arm(scope, Need::Write(Area::AzurePolicies), role);
        }
        for (list, area) in [(&target.eligible, Area::AzureEligible), (&target.active, Area::AzureActive)] {
            if let Some(list) = list {
                self.arm(scope, Need::Write(area), list.at);
            }
        }
    }
}

fn assignments(target: &TargetEntry, kind: Kind) -> &[Assignment] {
    let list = match kind {
        Kind::Eligible => &target.eligible,
        Kind::Active => &target.active,
    };
    list.as_ref().map(|list| list.value.as_slice()).unwrap_or_default()
}

/// Groups that the files give directory roles to: only role-assignable ones can have them.
fn holders_of_directory_roles(documents: &Documents) -> BTreeSet<String> {
    let targets = documents.directory_roles.values().map(|declared| &declared.value);
    let principals = targets
        .flat_map(|target| Kind::ALL.into_iter().flat_map(|kind| assignments(target, kind)))
        .map(|assignment: &Assignment| &assignment.principal);
    let groups = principals.filter(|principal: &&PrincipalRef| principal.kind == PrincipalKind::Group);
    groups.map(|group| name_key(&group.name)).collect()
}
