//! Requests: asking for changes of assignments, and the log of what was asked.

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Print, not_found, with_context, wrong_method};
use super::body::{Fields, guid, invalid};
use super::collection::Collection;
use super::schedule::{expand_key, key, needs_filter, print_schedule};
use crate::emulator::odata::{Query, Takes};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{
    Accepted, Access, Action, Asked, Caller, DirectoryScope, Ending, Kind, Surface, Target, Time, Window, World,
};

/// The list of requests, or a new one.
pub(super) fn list_or_create(
    world: &mut World,
    request: &Request,
    caller: &Caller,
    it: &'static Collection,
) -> Result<Reply, ServiceFailure> {
    match request.method {
        Method::GET => list(world, request, caller, it),
        Method::POST => {
            let asked = read(it, caller, request.json()?)?;
            if world.unreadable.contains_key(&asked.target) {
                return Err(super::policy::denied(world, &asked.target));
            }
            let accepted = world.request(asked)?;
            Ok(Reply::json(201, with_context(request, it.path, print(&accepted))))
        }
        _ => Err(wrong_method(request)),
    }
}

fn list(world: &World, request: &Request, caller: &Caller, it: &'static Collection) -> Result<Reply, ServiceFailure> {
    let query = Query::parse(request, it.entity, Takes::List)?;
    let fixes = |name| query.filter.as_ref().is_some_and(|filter| filter.fixes(name).is_some());
    let unfiltered = it.surface == Surface::Groups && !fixes("groupId") && !fixes("principalId");
    if unfiltered && caller.is_application {
        return Err(needs_filter());
    }
    let all = world.requests.iter().filter(|accepted| belongs(it, accepted));
    // Without a filter a user sees requests of his own.
    let rows = all.filter(|accepted| !unfiltered || accepted.asked.principal == caller.id).collect();
    Ok(answer(world, request, it, &query, rows))
}

/// `filterByCurrentUser(on='principal')`
pub(super) fn own(
    world: &World,
    request: &Request,
    caller: &Caller,
    it: &'static Collection,
) -> Result<Reply, ServiceFailure> {
    let query = Query::parse(request, it.entity, Takes::List)?;
    let all = world.requests.iter().filter(|accepted| belongs(it, accepted));
    Ok(answer(world, request, it, &query, all.filter(|accepted| accepted.asked.principal == caller.id).collect()))
}

fn answer(world: &World, request: &Request, it: &'static Collection, query: &Query, rows: Vec<&Accepted>) -> Reply {
    let render = |accepted: &&Accepted| print(accepted);
    let expand = |accepted: &&Accepted, link: &str, query: &Query| expand(world, it, accepted, link, query);
    Print { entity: it.entity, render: &render, expand: &expand }.list(request, it.path, world.page_size, query, rows)
}

/// One request.
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
    let accepted = find(world, it, id)?;
    let render = |accepted: &&Accepted| print(accepted);
    let expand = |accepted: &&Accepted, link: &str, query: &Query| expand(world, it, accepted, link, query);
    Ok(Print { entity: it.entity, render: &render, expand: &expand }.one(request, 200, it.path, &query, &accepted))
}

/// `{id}/cancel`
pub(super) fn cancel(
    world: &mut World,
    request: &Request,
    it: &'static Collection,
    id: &str,
) -> Result<Reply, ServiceFailure> {
    if request.method != Method::POST {
        return Err(wrong_method(request));
    }
    let id = find(world, it, id)?.id;
    world.cancel(id)?;
    Ok(Reply::empty(204))
}

fn belongs(it: &Collection, accepted: &Accepted) -> bool {
    accepted.asked.target.surface() == it.surface && accepted.asked.kind == it.kind
}

fn find<'w>(world: &'w World, it: &Collection, id: &str) -> Result<&'w Accepted, ServiceFailure> {
    // Terraform's provider names a request of a group by its schedule, whose id ends with the same GUID.
    let id = id.rsplit('_').next().unwrap_or_default();
    let accepted = Uuid::try_parse(id).ok().and_then(|id| world.accepted(id));
    accepted.filter(|accepted| belongs(it, accepted)).ok_or_else(not_found)
}

/// Reads the body of a request.
fn read(it: &Collection, caller: &Caller, body: Value) -> Result<Asked, ServiceFailure> {
    let mut fields = Fields::new(it.entity.name, body)?;
    let action = fields.required("action")?;
    let action = Action::parse(&action).ok_or_else(|| invalid(format!("'{action}' is no action.")))?;
    let principal = guid(&fields.required("principalId")?)?;
    let (target, scope) = match it.surface {
        Surface::Groups => {
            let group = guid(&fields.required("groupId")?)?;
            let access = fields.required("accessId")?;
            let access = Access::parse(&access).ok_or_else(|| invalid(format!("'{access}' is no accessId.")))?;
            (Target::Group { group, access }, DirectoryScope::Whole)
        }
        Surface::Directory | Surface::Azure => {
            let role = guid(&fields.required("roleDefinitionId")?)?;
            let scope = fields.required("directoryScopeId")?;
            let invalid_scope = || ServiceFailure::new(400, "InvalidScope", format!("The scope '{scope}' is invalid."));
            // PIM knows no scopes of applications.
            if let Some(other) = fields.text("appScopeId")?.filter(|text| !text.is_empty()) {
                return Err(ServiceFailure::new(400, "InvalidScope", format!("The scope '{other}' is invalid.")));
            }
            (Target::Directory { role }, DirectoryScope::parse(&scope).ok_or_else(invalid_scope)?)
        }
    };
    let window = fields.object("scheduleInfo", "requestSchedule")?.map(window).transpose()?;
    let (mut ticket_number, mut ticket_system) = (None, None);
    if let Some(mut ticket) = fields.object("ticketInfo", "ticketInfo")? {
        ticket_number = ticket.text("ticketNumber")?;
        ticket_system = ticket.text("ticketSystem")?;
        ticket.finish()?;
    }
    let target_schedule = fields.text("targetScheduleId")?;
    fields.text("customData")?;
    let asked = Asked {
        id: None,
        target,
        kind: it.kind,
        action,
        principal,
        scope,
        window,
        justification: fields.text("justification")?,
        ticket_number,
        ticket_system,
        condition: None,
        target_schedule: target_schedule.as_deref().and_then(|id| id.rsplit('_').next()?.parse().ok()),
        validate_only: fields.flag("isValidationOnly")?.unwrap_or(false),
        caller: caller.clone(),
    };
    // Clients send what only the service sets, as null or as they have read it.
    fields.finish_as(it.entity)?;
    Ok(asked)
}

/// Reads when an assignment is to begin and end.
fn window(mut fields: Fields) -> Result<Window, ServiceFailure> {
    let start = fields.time("startDateTime")?;
    // docs/service.md: bodies-4
    let says = |value: &Value| {
        value.as_object().is_none_or(|parts| parts.iter().any(|(name, part)| !name.contains('@') && !part.is_null()))
    };
    if fields.take("recurrence").is_some_and(|value| says(&value)) {
        return Err(ServiceFailure::new(400, "InvalidRoleAssignmentRequest", "Recurrence is not supported."));
    }
    let mut end = Ending::NotSpecified;
    if let Some(mut expiration) = fields.object("expiration", "expirationPattern")? {
        let kind = expiration.text("type")?.unwrap_or_else(|| "notSpecified".to_owned());
        let (until, after) = (expiration.time("endDateTime")?, expiration.text("duration")?);
        expiration.finish()?;
        let missing = |name: &str| invalid(format!("An expiration of type '{kind}' needs '{name}'."));
        end = match kind.to_ascii_lowercase().as_str() {
            "notspecified" => Ending::NotSpecified,
            "noexpiration" => Ending::Never,
            "afterdatetime" => Ending::Until(until.ok_or_else(|| missing("endDateTime"))?),
            "afterduration" => Ending::After(after.ok_or_else(|| missing("duration"))?),
            _ => return Err(invalid(format!("'{kind}' is no type of expiration."))),
        };
    }
    fields.finish()?;
    Ok(Window { start, end })
}

/// An accepted request. What was asked for comes back as it was asked, but for its start.
fn print(accepted: &Accepted) -> Value {
    let asked = &accepted.asked;
    let mut value = key(&asked.target, asked.principal, asked.scope);
    let more = json!({
        "id": accepted.id,
        "status": accepted.status.as_str(),
        "createdDateTime": accepted.created.ticks(),
        // A removal has none, and neither has what is pending.
        "completedDateTime": accepted.completed.filter(|_| accepted.schedule.is_some()).map(Time::ticks),
        "approvalId": (accepted.status.as_str() == "PendingApproval").then_some(accepted.id),
        "customData": null,
        "action": asked.action.camel(),
        "isValidationOnly": asked.validate_only,
        "justification": asked.justification,
        "targetScheduleId": accepted.schedule.map(|id| target_schedule(&asked.target, id)),
        "createdBy": created_by(&asked.caller),
        "scheduleInfo": asked.window.as_ref().filter(|_| !removes(asked.action)).map(schedule_info),
        "ticketInfo": { "ticketNumber": asked.ticket_number, "ticketSystem": asked.ticket_system },
    });
    if let (Value::Object(object), Value::Object(more)) = (&mut value, more) {
        object.extend(more);
    }
    value
}

fn removes(action: Action) -> bool {
    matches!(action, Action::AdminRemove | Action::SelfDeactivate)
}

fn created_by(caller: &Caller) -> Value {
    // Only of an application that is none of the tenant's own a name is there.
    let name = caller.name.as_ref().filter(|_| caller.is_application && caller.app_id.is_none());
    let identity = json!({ "displayName": name, "id": caller.id });
    if caller.is_application {
        json!({ "application": identity, "device": null, "user": null })
    } else {
        json!({ "application": null, "device": null, "user": identity })
    }
}

fn target_schedule(target: &Target, id: Uuid) -> String {
    match target {
        Target::Group { group, access } => format!("{group}_{}_{id}", access.as_str()),
        _ => id.to_string(),
    }
}

fn schedule_info(window: &Window) -> Value {
    let expiration = match &window.end {
        Ending::NotSpecified => json!({ "type": "notSpecified", "endDateTime": null, "duration": null }),
        Ending::Never => json!({ "type": "noExpiration", "endDateTime": null, "duration": null }),
        Ending::Until(end) => json!({ "type": "afterDateTime", "endDateTime": end.ticks(), "duration": null }),
        Ending::After(length) => json!({ "type": "afterDuration", "endDateTime": null, "duration": length }),
    };
    json!({ "startDateTime": window.start.map(Time::ticks), "recurrence": null, "expiration": expiration })
}

fn expand(world: &World, it: &Collection, accepted: &Accepted, link: &str, query: &Query) -> Value {
    let asked = &accepted.asked;
    match link {
        "activatedUsing" => activated_using(world, it, accepted, query),
        "targetSchedule" => accepted.schedule.map_or(Value::Null, |id| print_schedule(world, it, id, query)),
        _ => expand_key(world, &asked.target, asked.principal, asked.scope, link, query),
    }
}

/// The eligible schedule that an activation uses.
fn activated_using(world: &World, it: &Collection, accepted: &Accepted, query: &Query) -> Value {
    let mut own = world.schedules.get(&accepted.asked.target).into_iter().flatten();
    let own = own.find(|schedule| Some(schedule.id) == accepted.schedule);
    let eligible = Collection { kind: Kind::Eligible, ..*it };
    own.and_then(|own| own.eligible).map_or(Value::Null, |id| print_schedule(world, &eligible, id, query))
}
