//! Writing a tenant as a file.

use std::collections::BTreeSet;

use crate::emulator::world::{
    Caller, DirectoryScope, Group, Kind, Membership, Origin, Principal, Rules, Schedule, Scope, Target, Time, World,
};

use super::format::{
    AssignmentScope, AzureRoleEntry, ContextEntry, DirectoryRoleEntry, File, GroupEntry, ManagementGroupEntry,
    MembershipWord, OriginWord, OtherPrincipalEntry, Row, ServicePrincipalEntry, SubscriptionEntry, TargetEntry,
    TenantEntry, UnitEntry, UserEntry,
};
use super::settings;

/// The tenant as a file, ended with a line break.
pub(crate) fn write(world: &World) -> String {
    let mut text = serde_json::to_string_pretty(&file(world)).unwrap_or_default();
    text.push('\n');
    text
}

fn text<'s>(scopes: impl IntoIterator<Item = &'s Scope>) -> Vec<String> {
    scopes.into_iter().map(|scope| scope.as_str().to_owned()).collect()
}

fn file(world: &World) -> File {
    let changed: BTreeSet<&Target> = world
        .policies
        .keys()
        .chain(world.schedules.keys())
        .chain(world.unreadable.keys())
        .chain(&world.without_policy)
        .collect();
    File {
        _schema: None,
        format: "pimform-tenant".to_owned(),
        version: 1,
        tenant: TenantEntry { id: world.tenant.id, name: world.tenant.name.clone() },
        _read_at: None,
        runner: world.runner,
        _incomplete: Vec::new(),
        _unread_makers: Vec::new(),
        users: world
            .users
            .values()
            .map(|user| UserEntry {
                id: user.id,
                name: user.name.clone(),
                upn: user.upn.clone(),
                enabled: user.enabled,
                sort: user.sort.clone(),
            })
            .collect(),
        groups: world.groups.values().map(group).collect(),
        service_principals: world
            .service_principals
            .values()
            .map(|service| ServicePrincipalEntry {
                id: service.id,
                name: service.name.clone(),
                app_id: service.app_id,
                enabled: service.enabled,
                sort: service.sort.clone(),
            })
            .collect(),
        other_principals: world
            .others
            .values()
            .map(|other| OtherPrincipalEntry { id: other.id, name: other.name.clone(), sort: Some(other.sort.clone()) })
            .collect(),
        administrative_units: world
            .administrative_units
            .values()
            .map(|unit| UnitEntry { id: unit.id, name: unit.name.clone() })
            .collect(),
        authentication_contexts: world
            .contexts
            .iter()
            .map(|it| ContextEntry { id: it.id.clone(), name: it.name.clone(), available: Some(it.available) })
            .collect(),
        management_groups: world
            .management_groups
            .values()
            .map(|it| ManagementGroupEntry { id: it.id.clone(), name: it.name.clone(), parent: it.parent.clone() })
            .collect(),
        subscriptions: world
            .subscriptions
            .values()
            .map(|subscription| SubscriptionEntry {
                id: subscription.id,
                name: subscription.name.clone(),
                management_group: subscription.management_group.clone(),
            })
            .collect(),
        resource_groups: text(&world.resource_groups),
        resources: text(&world.resources),
        directory_roles: world
            .directory_roles
            .values()
            .map(|role| DirectoryRoleEntry { id: role.id, name: role.name.clone() })
            .collect(),
        azure_roles: world
            .azure_roles
            .values()
            .map(|role| AzureRoleEntry {
                id: role.id,
                name: role.name.clone(),
                assignable_scopes: text(&role.assignable_scopes),
            })
            .collect(),
        targets: changed.into_iter().map(|target| entry(world, target)).collect(),
    }
}

fn group(group: &Group) -> GroupEntry {
    GroupEntry {
        id: group.id,
        name: group.name.clone(),
        description: group.description.clone(),
        role_assignable: Some(group.role_assignable),
        membership: match group.membership {
            Membership::Assigned => MembershipWord::Assigned,
            Membership::Dynamic => MembershipWord::Dynamic,
            Membership::Synchronized => MembershipWord::Synchronized,
        },
        pim: Some(group.pim),
        members: group.members.clone(),
        owners: group.owners.clone(),
        unreadable: group.unreadable.clone(),
    }
}

fn entry(world: &World, target: &Target) -> TargetEntry {
    let rows = |kind| {
        let schedules = world.schedules.get(target).into_iter().flatten();
        schedules
            .filter(|schedule| schedule.kind == kind && schedule.removed.is_none())
            .map(|schedule| row(world, schedule))
            .collect()
    };
    let mut entry = TargetEntry {
        settings: world.policies.get(target).map_or_else(Default::default, |policy| {
            settings::differing(&policy.rules, &Rules::default_of(target.surface()))
        }),
        unreadable: world.unreadable.get(target).cloned(),
        without_settings: world.without_policy.contains(target),
        eligible: rows(Kind::Eligible),
        active: rows(Kind::Active),
        ..TargetEntry::default()
    };
    match target {
        Target::Directory { role } => entry.directory_role = Some(*role),
        Target::Group { group, access } => {
            entry.group = Some(*group);
            entry.access = Some(access.as_str().to_owned());
        }
        Target::Azure { scope, role } => {
            entry.scope = Some(scope.as_str().to_owned());
            entry.role = Some(*role);
        }
    }
    entry
}

fn row(world: &World, schedule: &Schedule) -> Row {
    let request = schedule.request.and_then(|id| world.accepted(id));
    // Only an application that is none of the tenant's own is one that the file names.
    let is_own = |caller: &Caller| match world.principal(caller.id) {
        Some(Principal::Service(service)) => service.app_id == caller.app_id,
        other => other.is_some(),
    };
    let maker = request.map(|request| &request.asked.caller).filter(|caller| !is_own(caller));
    Row {
        made_by: maker.filter(|caller| caller.is_application).and_then(|caller| caller.name.clone()),
        principal: schedule.principal,
        scope: match schedule.scope {
            DirectoryScope::Whole => AssignmentScope::Whole,
            DirectoryScope::AdministrativeUnit(id) => AssignmentScope::AdministrativeUnit(id),
            DirectoryScope::Object(id) => AssignmentScope::Object(id),
        },
        start: schedule.start.map(Time::seconds),
        end: schedule.end.map(Time::seconds),
        origin: match schedule.origin {
            Origin::Assigned => OriginWord::Assigned,
            Origin::Activated => OriginWord::Activated,
            Origin::OutsidePim => OriginWord::OutsidePim,
            Origin::Inherited => OriginWord::Inherited,
            Origin::ThroughGroup => OriginWord::ThroughGroup,
        },
        condition: schedule.condition.clone().filter(|condition| !condition.is_empty()),
    }
}
