//! Schedules and their instances.

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::emulator::arm::filter::{Filter, Term};
use crate::emulator::arm::{body, not_found, options, page, place, policies, shape, unknown};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{Caller, Kind, Origin, Principal, Schedule, Scope, Target, Time, World};

/// Which of the two is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// What is or will be.
    Schedules,
    /// What is just now.
    Instances,
}

/// Lists, or gets one.
pub(super) fn answer(
    world: &mut World,
    request: &Request,
    caller: &Caller,
    scope: &Scope,
    kind: Kind,
    view: View,
    tail: &[&str],
) -> Result<Reply, ServiceFailure> {
    let mut late = Vec::new();
    let reply = match (&request.method, tail) {
        (&Method::GET, []) => list(world, request, caller, scope, kind, view, &mut late)?,
        (&Method::GET, [name]) => {
            options(request, &[])?;
            get(world, scope, kind, view, name)?
        }
        _ => return Err(unknown(request)),
    };
    world.missed(&late);
    world.listed();
    Ok(reply)
}

/// A schedule as it is seen from the scope that is asked.
pub(super) struct Row<'w> {
    /// The scope that it is shown with.
    pub(super) scope: Scope,
    /// The role.
    pub(super) role: Uuid,
    /// The schedule.
    pub(super) schedule: &'w Schedule,
    /// `Direct`, `Inherited` or `Group`.
    member: &'static str,
    /// Whether it lies below the scope that is asked.
    below: bool,
}

/// The principal of `assignedTo()` or `asTarget()`, and the groups that count as well.
pub(super) struct Viewer {
    /// The principal.
    pub(super) id: Uuid,
    groups: Vec<Uuid>,
}

impl Viewer {
    /// Of a filter, if it asks for anybody.
    pub(super) fn of(world: &World, filter: &Filter, caller: &Caller) -> Result<Option<Self>, ServiceFailure> {
        let id = filter.terms().into_iter().find_map(|term| match term {
            Term::AsTarget => Some(Ok(caller.id)),
            Term::AssignedTo(id) => Some(body::guid(id, "assignedTo")),
            _ => None,
        });
        id.transpose().map(|id| id.map(|id| Self { id, groups: world.groups_of(id) }))
    }

    /// Whether something of this principal counts.
    pub(super) fn has(&self, principal: Uuid) -> bool {
        self.id == principal || self.groups.contains(&principal)
    }
}

/// Everything at, above and below a scope, as it is seen from there.
pub(super) fn rows<'w>(world: &'w World, at: &Scope, kind: Kind, viewer: Option<&Viewer>, below: bool) -> Vec<Row<'w>> {
    let mut found = Vec::new();
    for scope in world.upwards(at) {
        let above = scope != *at;
        let here = world.at_scope(&scope);
        found.extend(
            here.into_iter().filter_map(|(target, schedule)| seen(world, target, schedule, above, false, viewer)),
        );
    }
    if below {
        let now = world.now();
        let inside = world.targets_below(at);
        let inside =
            inside.into_iter().flat_map(|(target, schedules)| schedules.iter().map(move |schedule| (target, schedule)));
        let inside = inside.filter(|(_, schedule)| !schedule.is_over(now));
        found.extend(inside.filter_map(|(target, schedule)| seen(world, target, schedule, false, true, viewer)));
    }
    found.retain(|row| row.schedule.kind == kind);
    found
}

fn seen<'w>(
    world: &World,
    target: &Target,
    schedule: &'w Schedule,
    above: bool,
    below: bool,
    viewer: Option<&Viewer>,
) -> Option<Row<'w>> {
    let Target::Azure { scope, role } = target else { return None };
    let through_group = viewer.is_some_and(|viewer| viewer.id != schedule.principal && viewer.has(schedule.principal));
    let (scope, member) = match schedule.origin {
        // The tenant file says so of this very scope, and nothing is stored above.
        Origin::Inherited if above || below => return None,
        Origin::Inherited => (world.scope_above(scope).unwrap_or_else(|| scope.clone()), "Inherited"),
        Origin::ThroughGroup if viewer.is_none() => return None,
        Origin::ThroughGroup => (scope.clone(), "Group"),
        _ if through_group => (scope.clone(), "Group"),
        _ if above => (scope.clone(), "Inherited"),
        _ => (scope.clone(), "Direct"),
    };
    Some(Row { scope, role: *role, schedule, member, below })
}

fn list(
    world: &World,
    request: &Request,
    caller: &Caller,
    scope: &Scope,
    kind: Kind,
    view: View,
    late: &mut Vec<Uuid>,
) -> Result<Reply, ServiceFailure> {
    options(request, &["$filter", "$skiptoken"])?;
    let own = match (view, kind) {
        (View::Schedules, _) => "",
        (View::Instances, Kind::Eligible) => "roleEligibilityScheduleId",
        (View::Instances, Kind::Active) => "roleAssignmentScheduleId",
    };
    let filter = Filter::of(request, |term| match term {
        Term::AtScope | Term::AsTarget | Term::AssignedTo(_) => true,
        Term::Equals(name, _) => matches!(name.as_str(), "principalId" | "roleDefinitionId" | "status") || name == own,
        _ => false,
    })?;
    if let Some(target) =
        world.unreadable.keys().find(|target| matches!(target, Target::Azure { scope: at, .. } if at == scope))
        && let Target::Azure { role, .. } = target
    {
        policies::readable(world, scope, *role)?;
    }
    let viewer = Viewer::of(world, &filter, caller)?;
    let now = world.now();
    let below = !filter.terms().contains(&&Term::AtScope);
    let mut rows = rows(world, scope, kind, viewer.as_ref(), below);
    rows.retain(|row| {
        let shown = view == View::Schedules || !row.schedule.is_ahead(now);
        shown && filter.passes(&|term| meets(row, term, viewer.as_ref(), now))
    });
    late.extend(rows.iter().map(|row| row.schedule.id).filter(|id| world.is_late(*id)));
    rows.retain(|row| !late.contains(&row.schedule.id));
    page::of(request, world.page_size, rows, |row| show(world, &row, view))
}

fn meets(row: &Row<'_>, term: &Term, viewer: Option<&Viewer>, now: Time) -> bool {
    let is = |text: &str, id: Uuid| Uuid::parse_str(text).is_ok_and(|other| other == id);
    match term {
        Term::AtScope => !row.below,
        Term::AsTarget | Term::AssignedTo(_) => viewer.is_some_and(|viewer| viewer.has(row.schedule.principal)),
        Term::Equals(name, value) => match name.as_str() {
            "principalId" => is(value, row.schedule.principal),
            "roleDefinitionId" => body::role(value).is_ok_and(|role| role == row.role),
            "status" => value.eq_ignore_ascii_case(status(row.schedule, now)),
            _ => value.rsplit('/').next().is_some_and(|name| is(name, row.schedule.id)),
        },
        _ => true,
    }
}

fn get(world: &World, scope: &Scope, kind: Kind, view: View, name: &str) -> Result<Reply, ServiceFailure> {
    let now = world.now();
    let id = Uuid::parse_str(name).ok();
    let row = rows(world, scope, kind, None, false).into_iter().find(|row| {
        let fits = match view {
            View::Schedules => Some(row.schedule.id) == id,
            View::Instances => Some(instance_id(world, row.schedule)) == id && !row.schedule.is_ahead(now),
        };
        fits && row.scope == *scope
    });
    match row {
        Some(row) => Ok(Reply::json(200, show(world, &row, view))),
        None => Err(not_found(collection(kind, view), name)),
    }
}

fn collection(kind: Kind, view: View) -> &'static str {
    match (kind, view) {
        (Kind::Eligible, View::Schedules) => "roleEligibilitySchedules",
        (Kind::Eligible, View::Instances) => "roleEligibilityScheduleInstances",
        (Kind::Active, View::Schedules) => "roleAssignmentSchedules",
        (Kind::Active, View::Instances) => "roleAssignmentScheduleInstances",
    }
}

fn status(schedule: &Schedule, now: Time) -> &'static str {
    if schedule.is_ahead(now) { "Granted" } else { "Provisioned" }
}

/// The GUID of what is in effect of a schedule.
pub(super) fn instance_id(world: &World, schedule: &Schedule) -> Uuid {
    world.id_of(&format!("instance/{}", schedule.id))
}

/// The GUID of the plain role assignment that an active schedule comes down to. It stays while schedules change.
pub(super) fn assignment_id(world: &World, scope: &Scope, role: Uuid, schedule: &Schedule) -> Uuid {
    match schedule.origin {
        Origin::OutsidePim => schedule.id,
        _ => world.id_of(&format!("role-assignment{}/{role}/{}", scope.folded(), schedule.principal)),
    }
}

fn show(world: &World, row: &Row<'_>, view: View) -> Value {
    let Row { scope, role, schedule, member, .. } = row;
    let (kind, now) = (schedule.kind, world.now());
    let id_of = |view: View, id: Uuid| place::id(scope, collection(kind, view), &id.to_string());
    let name = match view {
        View::Schedules => schedule.id,
        View::Instances => instance_id(world, schedule),
    };
    let request = (schedule.origin != Origin::OutsidePim).then_some(schedule.request).flatten();
    let request = request.map(|id| place::id(scope, requests_of(kind), &id.to_string()));
    let eligible =
        schedule.eligible.map(|id| place::id(scope, collection(Kind::Eligible, View::Schedules), &id.to_string()));
    let principal_type = world.principal(schedule.principal).map(Principal::kind);
    let mut properties = json!({
        "scope": scope.as_str(),
        "roleDefinitionId": place::role_definition_id(scope, *role),
        "principalId": schedule.principal.to_string(),
        "principalType": principal_type,
        "status": status(schedule, now),
        "startDateTime": schedule.start.map(Time::millis),
        "endDateTime": schedule.end.map(Time::millis),
        "memberType": member,
        "condition": schedule.condition,
        "conditionVersion": shape::condition_version(schedule.condition.as_deref()),
        "createdOn": schedule.created.map(Time::millis),
        "expandedProperties": shape::expanded(world, scope, *role, schedule.principal),
    });
    if let Some(fields) = properties.as_object_mut() {
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        match (kind, view) {
            (Kind::Eligible, View::Schedules) => put("roleEligibilityScheduleRequestId", json!(request)),
            (Kind::Active, View::Schedules) => put("roleAssignmentScheduleRequestId", json!(request)),
            (Kind::Eligible, View::Instances) => {
                put("roleEligibilityScheduleId", json!(id_of(View::Schedules, schedule.id)))
            }
            (Kind::Active, View::Instances) => {
                put("roleAssignmentScheduleId", json!(id_of(View::Schedules, schedule.id)));
                let assignment = assignment_id(world, scope, *role, schedule).to_string();
                put("originRoleAssignmentId", json!(place::id(scope, "roleAssignments", &assignment)))
            }
        };
        if view == View::Schedules {
            put("updatedOn", json!(schedule.modified.or(schedule.created).map(Time::millis)));
        }
        if kind == Kind::Active {
            let activated = schedule.origin == Origin::Activated;
            put("assignmentType", json!(if activated { "Activated" } else { "Assigned" }));
            put("linkedRoleEligibilityScheduleId", json!(eligible));
        }
    }
    shape::without_nulls(json!({
        "id": id_of(view, name),
        "name": name.to_string(),
        "type": format!("Microsoft.Authorization/{}", collection(kind, view)),
        "properties": properties,
    }))
}

/// The segment of requests of a kind.
pub(super) fn requests_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Eligible => "roleEligibilityScheduleRequests",
        Kind::Active => "roleAssignmentScheduleRequests",
    }
}

/// The segment of schedules of a kind.
pub(super) fn schedules_of(kind: Kind) -> &'static str {
    collection(kind, View::Schedules)
}
