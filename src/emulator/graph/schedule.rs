//! Schedules and what of them is in effect: reading them.

use http::Method;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answer::{Print, nested, no_links, not_found, wrong_method};
use super::collection::{Collection, Form, plain_id, schedule_id};
use super::{object, policy, schema};
use crate::emulator::odata::{Filter, Query, Takes};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{
    Access, Caller, DirectoryScope, Kind, Origin, Schedule, Surface, Target, Time, World, iso_length,
};

/// A schedule with its target.
pub(super) type Row<'w> = (&'w Target, &'w Schedule);

/// A list of schedules or instances.
pub(super) fn list(world: &mut World, request: &Request, it: &'static Collection) -> Result<Reply, ServiceFailure> {
    if request.method != Method::GET {
        return Err(wrong_method(request));
    }
    let query = Query::parse(request, it.entity, Takes::List)?;
    let mut rows = rows(world, it, query.filter.as_ref())?;
    let late: Vec<Uuid> = rows.iter().map(|row| row.1.id).filter(|id| world.is_late(*id)).collect();
    rows.retain(|row| !late.contains(&row.1.id));
    let reply = answer(world, request, it, &query, rows);
    world.missed(&late);
    world.listed();
    Ok(reply)
}

/// One schedule or instance.
pub(super) fn single(
    world: &World,
    request: &Request,
    it: &'static Collection,
    id: &str,
) -> Result<Reply, ServiceFailure> {
    if request.method != Method::GET {
        return Err(wrong_method(request));
    }
    let query = Query::parse(request, it.entity, Takes::One)?;
    let mut rows = of_surface(world, it.surface).filter(|row| belongs(world, it, *row));
    let row = rows.find(|(target, schedule)| it.id(target, schedule).eq_ignore_ascii_case(id)).ok_or_else(not_found)?;
    if world.unreadable.contains_key(row.0) {
        return Err(policy::denied(world, row.0));
    }
    let render = |row: &Row<'_>| print(world, it, *row);
    let expand = |row: &Row<'_>, link: &str, query: &Query| expand(world, it, *row, link, query);
    Ok(Print { entity: it.entity, render: &render, expand: &expand }.one(request, 200, it.path, &query, &row))
}

/// `filterByCurrentUser(on='principal')`
pub(super) fn own(
    world: &World,
    request: &Request,
    it: &'static Collection,
    caller: &Caller,
) -> Result<Reply, ServiceFailure> {
    let query = Query::parse(request, it.entity, Takes::List)?;
    let rows = of_surface(world, it.surface)
        .filter(|row| row.1.principal == caller.id && belongs(world, it, *row))
        .filter(|row| !world.unreadable.contains_key(row.0))
        .collect();
    Ok(answer(world, request, it, &query, rows))
}

fn answer(world: &World, request: &Request, it: &'static Collection, query: &Query, rows: Vec<Row<'_>>) -> Reply {
    let render = |row: &Row<'_>| print(world, it, *row);
    let expand = |row: &Row<'_>, link: &str, query: &Query| expand(world, it, *row, link, query);
    Print { entity: it.entity, render: &render, expand: &expand }.list(request, it.path, world.page_size, query, rows)
}

pub(super) fn of_surface(world: &World, surface: Surface) -> impl Iterator<Item = Row<'_>> {
    let targets = world.schedules.iter().filter(move |(target, _)| target.surface() == surface);
    targets.flat_map(|(target, schedules)| schedules.iter().map(move |schedule| (target, schedule)))
}

fn belongs(world: &World, it: &Collection, (_, schedule): Row<'_>) -> bool {
    let now = world.now();
    let in_effect = it.form != Form::Instance || !schedule.is_ahead(now);
    schedule.kind == it.kind && !schedule.is_over(now) && in_effect
}

/// What a filter may select. Groups must be named. What cannot be read is left out, unless nothing else is meant.
fn rows<'w>(world: &'w World, it: &Collection, filter: Option<&Filter>) -> Result<Vec<Row<'w>>, ServiceFailure> {
    let fixed = |name: &str| filter.and_then(|filter| filter.fixes(name));
    let mut meant: Vec<&Target> = Vec::new();
    match it.surface {
        Surface::Groups => {
            let access = fixed("accessId").map(Access::parse);
            let fits = |own: Access| access.is_none_or(|access| access == Some(own));
            match (fixed("groupId"), fixed("principalId")) {
                (Some(group), _) => {
                    let group = Uuid::try_parse(group).unwrap_or_default();
                    let both = [Access::Member, Access::Owner].map(|access| Target::Group { group, access });
                    meant.extend(
                        both.iter().filter_map(|target| world.schedules.get_key_value(target)).map(|(it, _)| it),
                    );
                }
                (None, Some(_)) => meant.extend(world.schedules.keys()),
                (None, None) => return Err(needs_filter()),
            }
            meant.retain(|target| matches!(target, Target::Group { access, .. } if fits(*access)));
        }
        Surface::Directory | Surface::Azure => {
            let role = fixed("roleDefinitionId");
            for target in world.schedules.keys() {
                if let Target::Directory { role: own } = target
                    && role.is_none_or(|role| own.to_string().eq_ignore_ascii_case(role))
                {
                    meant.push(target);
                }
            }
        }
    }
    if let Some(first) = meant.first()
        && meant.iter().all(|target| world.unreadable.contains_key(target))
    {
        return Err(policy::denied(world, first));
    }
    meant.retain(|target| !world.unreadable.contains_key(target));
    let of = |target: &'w Target| world.schedules.get(target).into_iter().flatten().map(move |it| (target, it));
    let principals = filter.and_then(|filter| filter.texts("principalId"));
    let principals: Option<Vec<Uuid>> =
        principals.map(|texts| texts.iter().filter_map(|text| Uuid::try_parse(text).ok()).collect());
    let asked = |row: &Row<'_>| principals.as_ref().is_none_or(|some| some.contains(&row.1.principal));
    Ok(meant.into_iter().flat_map(of).filter(|row| asked(row) && belongs(world, it, *row)).collect())
}

/// The service wants to know whose schedules are meant.
pub(super) fn needs_filter() -> ServiceFailure {
    let message = "The filter is missing or invalid: 'groupId' or 'principalId' must be given with 'eq'.";
    ServiceFailure::new(400, "InvalidFilter", message)
}

pub(super) fn insert(value: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (value, more) {
        object.extend::<Map<String, Value>>(more);
    }
}

/// The properties that say what an assignment is: role, part of the directory and principal, or group, access and principal.
pub(super) fn key(target: &Target, principal: Uuid, scope: DirectoryScope) -> Value {
    match target {
        Target::Group { group, access } => {
            json!({ "groupId": group, "accessId": access.as_str(), "principalId": principal })
        }
        Target::Directory { role } | Target::Azure { role, .. } => json!({
            "roleDefinitionId": role, "principalId": principal, "directoryScopeId": scope.to_string(),
            "appScopeId": null,
        }),
    }
}

fn print(world: &World, it: &Collection, (target, schedule): Row<'_>) -> Value {
    let groups = it.surface == Surface::Groups;
    let case = |word: &str| if groups { word.to_ascii_lowercase() } else { word.to_owned() };
    let member = match schedule.origin {
        Origin::Inherited if !groups => "Inherited",
        Origin::ThroughGroup | Origin::Inherited => "Group",
        Origin::Assigned | Origin::Activated | Origin::OutsidePim => "Direct",
    };
    let mut value = key(target, schedule.principal, schedule.scope);
    insert(&mut value, json!({ "id": it.id(target, schedule), "memberType": case(member) }));
    if it.kind == Kind::Active {
        let how = if schedule.origin == Origin::Activated { "Activated" } else { "Assigned" };
        insert(&mut value, json!({ "assignmentType": case(how) }));
    }
    if it.form == Form::Instance {
        let own = schedule_id(target, schedule);
        let through_pim = schedule.origin != Origin::OutsidePim;
        let start = schedule.start.filter(|_| through_pim).map(Time::millis);
        insert(&mut value, json!({ "startDateTime": start, "endDateTime": schedule.end.map(Time::millis) }));
        insert(
            &mut value,
            match (groups, it.kind) {
                (true, Kind::Eligible) => json!({ "eligibilityScheduleId": own }),
                (true, Kind::Active) => json!({ "assignmentScheduleId": own }),
                (false, Kind::Eligible) => json!({ "roleEligibilityScheduleId": own }),
                (false, Kind::Active) => json!({
                    "roleAssignmentScheduleId": own, "roleAssignmentOriginId": plain_id(target, schedule),
                }),
            },
        );
        return value;
    }
    let request = schedule.request;
    insert(
        &mut value,
        json!({
            "createdUsing": request.map(|request| created_using(target, request)),
            "createdDateTime": schedule.created.map(Time::millis),
            "modifiedDateTime": schedule.modified.map(Time::millis),
            "status": "Provisioned",
            "scheduleInfo": schedule_info(world, schedule),
        }),
    );
    value
}

/// On groups the request is named like the schedule.
fn created_using(target: &Target, request: Uuid) -> String {
    match target {
        Target::Group { group, access } => format!("{group}_{}_{request}", access.as_str()),
        _ => request.to_string(),
    }
}

/// When a schedule begins and ends. What was asked for as a length reads back as a date, but for activations.
fn schedule_info(world: &World, schedule: &Schedule) -> Value {
    // What was not assigned through PIM has no beginning; the service shows the time of the read.
    let start = match schedule.origin {
        Origin::OutsidePim => Some(world.now().ticks()),
        _ => schedule.start.map(Time::millis),
    };
    let expiration = match (schedule.end, schedule.origin, schedule.start) {
        (None, _, _) => json!({ "type": "noExpiration", "endDateTime": null, "duration": null }),
        (Some(end), Origin::Activated, Some(start)) => {
            json!({ "type": "afterDuration", "endDateTime": null, "duration": iso_length(start.seconds_until(end)) })
        }
        (Some(end), _, _) => json!({ "type": "afterDateTime", "endDateTime": end.millis(), "duration": null }),
    };
    json!({ "startDateTime": start, "recurrence": null, "expiration": expiration })
}

fn expand(world: &World, it: &Collection, (target, schedule): Row<'_>, link: &str, query: &Query) -> Value {
    if link != "activatedUsing" {
        return expand_key(world, target, schedule.principal, schedule.scope, link, query);
    }
    let eligible = schedule.eligible.and_then(|id| {
        let mut rows = of_surface(world, it.surface);
        rows.find(|(_, other)| other.kind == Kind::Eligible && other.id == id)
    });
    let name = match (it.surface, it.form) {
        (Surface::Groups, Form::Instance) => "eligibilityScheduleInstances",
        (Surface::Groups, _) => "eligibilitySchedules",
        (_, Form::Instance) => "roleEligibilityScheduleInstances",
        (_, _) => "roleEligibilitySchedules",
    };
    match (eligible, Collection::named(it.surface, name)) {
        (Some(row), Some(other)) => nested(print(world, other, row), query, other.entity),
        _ => Value::Null,
    }
}

/// What the ids of an assignment lead to.
pub(super) fn expand_key(
    world: &World,
    target: &Target,
    principal: Uuid,
    scope: DirectoryScope,
    link: &str,
    query: &Query,
) -> Value {
    match (link, target) {
        ("principal", _) => nested(object::by_id(world, principal), query, &schema::DIRECTORY_OBJECT),
        ("group", Target::Group { group, .. }) => {
            world.groups.get(group).map_or(Value::Null, |group| nested(object::group(group), query, &schema::GROUP))
        }
        ("roleDefinition", Target::Directory { role }) => world
            .directory_roles
            .get(role)
            .map_or(Value::Null, |role| nested(object::role_definition(role), query, &schema::ROLE_DEFINITION)),
        ("directoryScope", _) => {
            let value = match scope {
                DirectoryScope::Whole => json!({ "id": world.tenant.id, "displayName": world.tenant.name }),
                DirectoryScope::Object(id) => object::by_id(world, id),
                DirectoryScope::AdministrativeUnit(id) => {
                    world.administrative_units.get(&id).map_or(Value::Null, object::administrative_unit)
                }
            };
            nested(value, query, &schema::DIRECTORY_OBJECT)
        }
        _ => Value::Null,
    }
}

/// A schedule by its GUID, for an expansion.
pub(super) fn print_schedule(world: &World, it: &Collection, id: Uuid, query: &Query) -> Value {
    let name = match (it.surface, it.kind) {
        (Surface::Groups, Kind::Eligible) => "eligibilitySchedules",
        (Surface::Groups, Kind::Active) => "assignmentSchedules",
        (_, Kind::Eligible) => "roleEligibilitySchedules",
        (_, Kind::Active) => "roleAssignmentSchedules",
    };
    let row = of_surface(world, it.surface).find(|(_, schedule)| schedule.id == id);
    match (row, Collection::named(it.surface, name)) {
        (Some(row), Some(other)) => nested(print(world, other, row), query, other.entity),
        _ => Value::Null,
    }
}

/// A plain assignment.
pub(super) fn print_plain(world: &World, target: &Target, schedule: &Schedule) -> Value {
    let mut value = key(target, schedule.principal, schedule.scope);
    let id = plain_id(target, schedule);
    insert(&mut value, json!({ "id": id, "condition": null, "principalOrganizationId": world.tenant.id }));
    value
}

/// `/roleManagement/directory/roleAssignments`: what is in effect, without PIM's view of it.
pub(super) fn role_assignments(world: &World, request: &Request, id: Option<&str>) -> Result<Reply, ServiceFailure> {
    let now = world.now();
    let rows = of_surface(world, Surface::Directory).filter(|(target, schedule)| {
        let plain = !matches!(schedule.origin, Origin::Inherited | Origin::ThroughGroup);
        let in_effect = !schedule.is_over(now) && !schedule.is_ahead(now);
        schedule.kind == Kind::Active && plain && in_effect && !world.unreadable.contains_key(target)
    });
    let render = |(target, schedule): &Row<'_>| print_plain(world, target, schedule);
    let expand = |(target, schedule): &Row<'_>, link: &str, query: &Query| {
        expand_key(world, target, schedule.principal, schedule.scope, link, query)
    };
    let print = Print { entity: &schema::ROLE_ASSIGNMENT, render: &render, expand: &expand };
    let what = "roleManagement/directory/roleAssignments";
    if let Some(id) = id {
        let query = Query::parse(request, &schema::ROLE_ASSIGNMENT, Takes::One)?;
        let mut rows = rows;
        let row = rows.find(|(target, it)| plain_id(target, it).eq_ignore_ascii_case(id)).ok_or_else(not_found)?;
        return Ok(print.one(request, 200, what, &query, &row));
    }
    let query = Query::parse(request, &schema::ROLE_ASSIGNMENT, Takes::List)?;
    Ok(print.list(request, what, world.page_size, &query, rows.collect()))
}

/// `/identityGovernance/privilegedAccess/group/resources`
pub(super) fn group_resources(world: &World, request: &Request) -> Result<Reply, ServiceFailure> {
    if request.method != Method::GET {
        return Err(wrong_method(request));
    }
    let query = Query::parse(request, &schema::GROUP_RESOURCE, Takes::List)?;
    let groups: Vec<Uuid> = world.groups.values().filter(|group| group.pim).map(|group| group.id).collect();
    let render = |id: &Uuid| json!({ "id": id, "deletedDateTime": null });
    let print = Print { entity: &schema::GROUP_RESOURCE, render: &render, expand: &no_links };
    let what = "identityGovernance/privilegedAccess/group/resources";
    Ok(print.list(request, what, world.page_size, &query, groups))
}
