//! Reading and writing tenant files. The format is described in `docs/tenant-file.md`; this is its second implementation.

mod format;
mod settings;
mod write;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::emulator::world::{
    Accepted, Access, Action, AdministrativeUnit, Asked, AzureRole, Caller, Clock, Context, DirectoryRole,
    DirectoryScope, Ending, Extra, Group, Kind, ManagementGroup, Membership, Origin, OtherPrincipal, Policy, Rules,
    Schedule, Scope, ServicePrincipal, Status, Subscription, Target, Tenant, Time, User, Window, World,
};
use format::{AssignmentScope, File, MembershipWord, OriginWord, Row, TargetEntry};

pub(crate) use write::write;

/// Reads a tenant. The error says what is wrong with the text.
pub(crate) fn read(text: &str, clock: Clock) -> Result<World, String> {
    let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if file.format != "pimform-tenant" || file.version != 1 {
        return Err(format!("`{}` version {} is no tenant file of version 1", file.format, file.version));
    }
    let tenant = Tenant { id: file.tenant.id, name: file.tenant.name.clone() };
    let mut world = World::empty(tenant, clock);
    let targets = objects(&mut world, file)?;
    for (at, entry) in targets.into_iter().enumerate() {
        target(&mut world, entry).map_err(|error| format!("targets[{at}]: {error}"))?;
    }
    Ok(world)
}

/// Takes over everything but the targets, which it hands back.
fn objects(world: &mut World, file: File) -> Result<Vec<TargetEntry>, String> {
    world.runner = file.runner;
    let mut seen = BTreeSet::new();
    let mut once = |id: Uuid| if seen.insert(id) { Ok(()) } else { Err(format!("two objects have the id `{id}`")) };
    for user in file.users {
        once(user.id)?;
        let format::UserEntry { id, name, upn, enabled, sort } = user;
        world.users.insert(id, User { id, name, upn, enabled, sort, extra: Extra::new() });
    }
    for group in file.groups {
        once(group.id)?;
        world.groups.insert(group.id, self::group(group));
    }
    for service in file.service_principals {
        once(service.id)?;
        let service = ServicePrincipal {
            id: service.id,
            name: service.name,
            app_id: service.app_id,
            enabled: service.enabled,
            sort: service.sort,
            owners: Vec::new(),
            extra: Extra::new(),
        };
        world.service_principals.insert(service.id, service);
    }
    for other in file.other_principals {
        once(other.id)?;
        let sort = other.sort.unwrap_or_else(|| "directoryObject".to_owned());
        world.others.insert(other.id, OtherPrincipal { id: other.id, name: other.name, sort });
    }
    for unit in file.administrative_units {
        once(unit.id)?;
        world.administrative_units.insert(unit.id, AdministrativeUnit { id: unit.id, name: unit.name });
    }
    for context in file.authentication_contexts {
        world.contexts.push(Context {
            id: context.id,
            name: context.name,
            available: context.available.unwrap_or(false),
        });
    }
    for role in file.directory_roles {
        world
            .directory_roles
            .insert(role.id, DirectoryRole { id: role.id, name: role.name, custom: false, extra: Extra::new() });
    }
    for role in file.azure_roles {
        let assignable_scopes = role.assignable_scopes.iter().map(|scope| Scope::new(scope)).collect();
        world.azure_roles.insert(role.id, AzureRole::new(role.id, role.name, assignable_scopes));
    }
    for group in file.management_groups {
        let group = ManagementGroup { id: group.id, name: group.name, parent: group.parent };
        world.management_groups.insert(group.id.to_lowercase(), group);
    }
    for entry in file.subscriptions {
        let subscription = Subscription { id: entry.id, name: entry.name, management_group: entry.management_group };
        world.subscriptions.insert(entry.id, subscription);
    }
    world.resource_groups = file.resource_groups.iter().map(|scope| Scope::new(scope)).collect();
    world.resources = file.resources.iter().map(|scope| Scope::new(scope)).collect();
    Ok(file.targets)
}

fn group(group: format::GroupEntry) -> Group {
    Group {
        id: group.id,
        mail_nickname: nickname(&group.name),
        name: group.name,
        description: group.description,
        role_assignable: group.role_assignable.unwrap_or(false),
        membership: match group.membership {
            MembershipWord::Assigned | MembershipWord::Unknown => Membership::Assigned,
            MembershipWord::Dynamic => Membership::Dynamic,
            MembershipWord::Synchronized => Membership::Synchronized,
        },
        security: true,
        unified: false,
        pim: group.pim.unwrap_or(false),
        members: group.members,
        owners: group.owners,
        unreadable: group.unreadable,
        created: None,
        extra: Extra::new(),
    }
}

/// What a mail address can be made of.
fn nickname(name: &str) -> String {
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).collect();
    if plain.is_empty() { "group".to_owned() } else { plain }
}

fn target(world: &mut World, entry: TargetEntry) -> Result<(), String> {
    let target = match (entry.directory_role, entry.group, &entry.access, &entry.scope, entry.role) {
        (Some(role), None, None, None, None) => Target::Directory { role },
        (None, Some(group), Some(access), None, None) => {
            Target::Group { group, access: Access::parse(access).ok_or("`access` is neither member nor owner")? }
        }
        (None, None, None, Some(scope), Some(role)) => Target::Azure { scope: Scope::new(scope), role },
        _ => return Err("give `directory_role`, or `group` and `access`, or `scope` and `role`".to_owned()),
    };
    let exists = match &target {
        Target::Directory { role } => world.directory_roles.contains_key(role),
        Target::Group { group, .. } => world.groups.contains_key(group),
        Target::Azure { scope, role } => world.has_scope(scope) && world.azure_roles.contains_key(role),
    };
    if !exists {
        return Err("its role, group or scope is not listed".to_owned());
    }
    if let Some(reason) = entry.unreadable {
        world.unreadable.insert(target.clone(), reason);
    }
    if let Some(field) = entry.unknown_settings.keys().next() {
        return Err(format!("what the service holds in `{field}` is not known, so it cannot be played"));
    }
    if entry.without_settings {
        world.without_policy.insert(target.clone());
    }
    let defaults = Rules::default_of(target.surface());
    let rules = settings::over(&defaults, &entry.settings)?;
    if rules != defaults {
        let policy = Policy { id: world.policy_id(&target), revision: 0, rules, modified: None, modified_by: None };
        world.policies.insert(target.clone(), policy);
    }
    let kinds = [(Kind::Eligible, entry.eligible), (Kind::Active, entry.active)];
    let mut schedules = Vec::new();
    for (kind, row) in kinds.into_iter().flat_map(|(kind, rows)| rows.into_iter().map(move |row| (kind, row))) {
        let number = schedules.len();
        let made_by = row.made_by.clone();
        let schedule = schedule(world, &target, kind, number, row)?;
        if let Some(name) = made_by {
            made(world, &target, &schedule, name);
        }
        schedules.push(schedule);
    }
    if world.schedules.contains_key(&target) {
        return Err("it is listed twice".to_owned());
    }
    world.schedules.insert(target, schedules);
    Ok(())
}

/// The request of an application that made what the file lists.
fn made(world: &mut World, target: &Target, schedule: &Schedule, name: String) {
    // Applications of others have a service principal in a tenant that uses them.
    let is_its = |own: &&ServicePrincipal| own.name == name && own.app_id.is_some();
    let own = world.service_principals.values().find(is_its).map(|own| own.id);
    let id = own.unwrap_or_else(|| world.id_of(&format!("application/{name}")));
    let caller = Caller {
        id,
        name: Some(name),
        upn: None,
        app_id: None,
        is_application: true,
        mfa: false,
        contexts: Vec::new(),
    };
    let end = schedule.end.map_or(Ending::Never, Ending::Until);
    let asked = Asked {
        id: None,
        target: target.clone(),
        kind: schedule.kind,
        action: Action::AdminAssign,
        principal: schedule.principal,
        scope: schedule.scope,
        window: Some(Window { start: schedule.start, end }),
        justification: None,
        ticket_number: None,
        ticket_system: None,
        condition: schedule.condition.clone(),
        target_schedule: None,
        validate_only: false,
        caller,
    };
    let created = schedule.start.unwrap_or_else(|| world.now());
    world.requests.push(Accepted {
        id: schedule.id,
        asked,
        status: Status::Provisioned,
        created,
        completed: Some(created),
        schedule: Some(schedule.id),
        replaced: None,
    });
}

fn schedule(world: &World, target: &Target, kind: Kind, number: usize, row: Row) -> Result<Schedule, String> {
    let time = |text: Option<String>| match text {
        None => Ok(None),
        Some(text) => match Time::parse_date_or_time(&text) {
            Some(time) => Ok(Some(time)),
            None => Err(format!("`{text}` is not a time with an offset")),
        },
    };
    let scope = match row.scope {
        AssignmentScope::Whole => DirectoryScope::Whole,
        AssignmentScope::AdministrativeUnit(id) => DirectoryScope::AdministrativeUnit(id),
        AssignmentScope::Object(id) => DirectoryScope::Object(id),
    };
    let origin = match row.origin {
        OriginWord::Assigned => Origin::Assigned,
        OriginWord::Activated => Origin::Activated,
        OriginWord::OutsidePim => Origin::OutsidePim,
        OriginWord::Inherited => Origin::Inherited,
        OriginWord::ThroughGroup => Origin::ThroughGroup,
    };
    let start = time(row.start)?;
    let word = if kind == Kind::Eligible { "eligible" } else { "active" };
    let id = world.id_of(&format!("schedule/{}/{word}/{number}/{}", target.key(), row.principal));
    Ok(Schedule {
        id,
        kind,
        principal: row.principal,
        scope,
        start,
        end: time(row.end)?,
        origin,
        condition: row.condition,
        created: (origin != Origin::OutsidePim).then_some(start).flatten(),
        modified: None,
        request: (origin != Origin::OutsidePim).then_some(id),
        eligible: None,
        removed: None,
    })
}
