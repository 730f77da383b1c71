//! Requests of PIM: made, read, checked and withdrawn.

use http::Method;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::emulator::arm::filter::{Filter, Term};
use crate::emulator::arm::{body, not_found, options, page, place, schedules, shape, unknown};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{
    Accepted, Action, Asked, Caller, DirectoryScope, Ending, Kind, Principal, Scope, Status, Target, Time, Window,
    World,
};

/// Makes, lists, gets, checks and withdraws requests.
pub(super) fn answer(
    world: &mut World,
    request: &Request,
    caller: &Caller,
    scope: &Scope,
    kind: Kind,
    tail: &[&str],
) -> Result<Reply, ServiceFailure> {
    match (&request.method, tail) {
        (&Method::GET, []) => list(world, request, caller, scope, kind),
        (&Method::GET, [name]) => {
            options(request, &[])?;
            let accepted = find(world, scope, kind, name)?;
            Ok(Reply::json(200, show(world, accepted)))
        }
        (&Method::PUT, [name]) => {
            options(request, &[])?;
            let accepted = ask(world, request, caller, scope, kind, name, false)?;
            Ok(Reply::json(201, show(world, &accepted)))
        }
        (&Method::POST, [name, verb]) if verb.eq_ignore_ascii_case("validate") => {
            options(request, &[])?;
            let accepted = ask(world, request, caller, scope, kind, name, true)?;
            Ok(Reply::json(200, show(world, &accepted)))
        }
        (&Method::POST, [name, verb]) if verb.eq_ignore_ascii_case("cancel") => {
            options(request, &[])?;
            let id = find(world, scope, kind, name)?.id;
            world.cancel(id)?;
            Ok(Reply::empty(200))
        }
        _ => Err(unknown(request)),
    }
}

fn ask(
    world: &mut World,
    request: &Request,
    caller: &Caller,
    scope: &Scope,
    kind: Kind,
    name: &str,
    validate_only: bool,
) -> Result<Accepted, ServiceFailure> {
    let id = body::guid(name, "name of the request")?;
    let sent = request.json()?;
    let mut asked = read(&sent, scope, kind)?;
    asked.id = Some(id);
    asked.validate_only = validate_only;
    asked.caller = caller.clone();
    // A request that comes a second time names what its first time has replaced; that it is there already comes first.
    if world.accepted(id).is_none() {
        named(world, &asked, &sent)?;
    }
    world.request(asked).map_err(as_azure)
}

/// What a request names besides who, what and where must be what it says.
fn named(world: &World, asked: &Asked, sent: &Value) -> Result<(), ServiceFailure> {
    let missing = || ServiceFailure::new(400, "RoleAssignmentDoesNotExist", "The Role assignment does not exist.");
    let name = |field: &str| {
        let id = sent.pointer(&format!("/properties/{field}")).and_then(Value::as_str).filter(|id| !id.is_empty())?;
        Some(id.rsplit('/').next().unwrap_or_default().to_owned())
    };
    let own = |id: Uuid, kind: Kind| {
        world.schedules_of(&asked.target).any(|schedule| {
            let instance = schedules::instance_id(world, schedule);
            schedule.kind == kind && schedule.principal == asked.principal && (schedule.id == id || instance == id)
        })
    };
    let (schedule, instance) = targets_of(asked.kind);
    for field in [schedule, instance] {
        if let Some(id) = name(field)
            && !own(body::guid(&id, field)?, asked.kind)
        {
            return Err(missing());
        }
    }
    if let Some(id) = name("linkedRoleEligibilityScheduleId") {
        // It may be one's own, that of a group, or one of a scope above.
        let id = body::guid(&id, "linkedRoleEligibilityScheduleId")?;
        let known = world.schedules.values().flatten().any(|it| it.id == id && it.kind == Kind::Eligible);
        if !known {
            return Err(missing());
        }
    }
    Ok(())
}

/// The rule engine speaks as Graph does; Azure has 400 for some things that are 404 there.
fn as_azure(mut failure: ServiceFailure) -> ServiceFailure {
    if matches!(failure.code.as_str(), "SubjectNotFound" | "RoleNotFound") {
        failure.status = 400;
    }
    failure
}

/// Reads a request. The caller and the id are filled in later.
fn read(sent: &Value, scope: &Scope, kind: Kind) -> Result<Asked, ServiceFailure> {
    let (target_name, instance_name) = targets_of(kind);
    let mut known = vec![
        "principalId",
        "roleDefinitionId",
        "requestType",
        "justification",
        "scheduleInfo",
        "ticketInfo",
        "condition",
        "conditionVersion",
        target_name,
        instance_name,
        // Read only.
        "scope",
        "principalType",
        "status",
        "approvalId",
        "createdOn",
        "requestorId",
        "expandedProperties",
    ];
    if kind == Kind::Active {
        known.push("linkedRoleEligibilityScheduleId");
    }
    let properties = body::properties(sent, "request", &known)?;
    let action = body::needed(properties, "requestType")?;
    let action = Action::parse(action).filter(|known| known.pascal() == action);
    let (ticket_number, ticket_system) = ticket(properties)?;
    let condition = condition(properties)?;
    let schedule = body::filled(properties, target_name)?.and_then(|id| id.rsplit('/').next());
    Ok(Asked {
        id: None,
        target: Target::Azure {
            scope: scope.clone(),
            role: role_for(scope, body::needed(properties, "roleDefinitionId")?)?,
        },
        kind,
        action: action.ok_or_else(|| body::invalid("'requestType' is none that is known."))?,
        principal: body::guid(body::needed(properties, "principalId")?, "principalId")?,
        scope: DirectoryScope::Whole,
        window: window(properties)?,
        justification: body::text(properties, "justification")?.map(str::to_owned),
        ticket_number,
        ticket_system,
        condition,
        target_schedule: schedule.map(|id| body::guid(id, target_name)).transpose()?,
        validate_only: false,
        caller: nobody(),
    })
}

fn nobody() -> Caller {
    Caller {
        id: Uuid::nil(),
        name: None,
        upn: None,
        app_id: None,
        is_application: true,
        mfa: false,
        contexts: Vec::new(),
    }
}

fn targets_of(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Eligible => ("targetRoleEligibilityScheduleId", "targetRoleEligibilityScheduleInstanceId"),
        Kind::Active => ("targetRoleAssignmentScheduleId", "targetRoleAssignmentScheduleInstanceId"),
    }
}

/// The condition of a body. An empty one is kept, as the service does, and is none. docs/service.md: azure-7
pub(super) fn condition(properties: &Map<String, Value>) -> Result<Option<String>, ServiceFailure> {
    let condition = body::text(properties, "condition")?;
    match (condition, body::text(properties, "conditionVersion")?) {
        (None | Some(""), _) | (Some(_), Some("1.0" | "2.0")) => Ok(condition.map(str::to_owned)),
        (Some(_), _) => Err(body::invalid("a 'condition' needs the 'conditionVersion' 2.0.")),
    }
}

type Ticket = (Option<String>, Option<String>);

fn ticket(properties: &Map<String, Value>) -> Result<Ticket, ServiceFailure> {
    let Some(ticket) = properties.get("ticketInfo").filter(|ticket| !ticket.is_null()) else { return Ok((None, None)) };
    let fields = body::object(ticket, "ticketInfo", &["ticketNumber", "ticketSystem"])?;
    let own = |name: &str| body::text(fields, name).map(|text| text.map(str::to_owned));
    Ok((own("ticketNumber")?, own("ticketSystem")?))
}

fn window(properties: &Map<String, Value>) -> Result<Option<Window>, ServiceFailure> {
    let Some(info) = properties.get("scheduleInfo").filter(|info| !info.is_null()) else { return Ok(None) };
    let info = body::object(info, "scheduleInfo", &["startDateTime", "expiration"])?;
    let start = body::filled(info, "startDateTime")?.map(body::time).transpose()?;
    let end = match info.get("expiration").filter(|end| !end.is_null()) {
        None => Ending::NotSpecified,
        Some(end) => ending(body::object(end, "expiration", &["type", "endDateTime", "duration"])?)?,
    };
    Ok(Some(Window { start, end }))
}

fn ending(fields: &Map<String, Value>) -> Result<Ending, ServiceFailure> {
    let end = body::filled(fields, "endDateTime")?;
    let duration = body::filled(fields, "duration")?;
    match (body::text(fields, "type")?, end, duration) {
        (None, None, None) => Ok(Ending::NotSpecified),
        (Some("NoExpiration"), None, None) => Ok(Ending::Never),
        (Some("AfterDateTime"), Some(end), None) => body::time(end).map(Ending::Until),
        (Some("AfterDuration"), None, Some(duration)) => Ok(Ending::After(duration.to_owned())),
        (Some("NoExpiration" | "AfterDateTime" | "AfterDuration"), ..) => Err(ServiceFailure::new(
            400,
            "InvalidRoleAssignmentRequestSchedule",
            "The end and the duration of the schedule do not fit the type of its expiration.",
        )),
        _ => Err(body::invalid("'type' of 'expiration' is none that is known.")),
    }
}

/// The role of a request. In a subscription its id must be the one that is read there. docs/service.md: azure-4
fn role_for(scope: &Scope, id: &str) -> Result<Uuid, ServiceFailure> {
    let role = body::role(id)?;
    let is_tenant_wide = Scope::new(id).folded().starts_with("/providers/microsoft.authorization/");
    if scope.subscription_id().is_some() && is_tenant_wide {
        let message = format!("The scope '{scope}' does not match the scope of the role definition '{id}'.");
        return Err(ServiceFailure::new(400, "ScopeDoesNotMatchRoleDefinition", message));
    }
    Ok(role)
}

fn find<'w>(world: &'w World, scope: &Scope, kind: Kind, name: &str) -> Result<&'w Accepted, ServiceFailure> {
    let accepted = Uuid::parse_str(name).ok().and_then(|id| world.accepted(id));
    let here = accepted.filter(|accepted| accepted.asked.kind == kind && scope_of(accepted) == Some(scope));
    here.ok_or_else(|| not_found(schedules::requests_of(kind), name))
}

fn scope_of(accepted: &Accepted) -> Option<&Scope> {
    match &accepted.asked.target {
        Target::Azure { scope, .. } => Some(scope),
        _ => None,
    }
}

fn list(world: &World, request: &Request, caller: &Caller, scope: &Scope, kind: Kind) -> Result<Reply, ServiceFailure> {
    options(request, &["$filter", "$skiptoken"])?;
    let filter = Filter::of(request, |term| match term {
        Term::AtScope | Term::AsTarget | Term::AsRequestor | Term::AsApprover => true,
        Term::Equals(name, _) => {
            matches!(name.as_str(), "principalId" | "roleDefinitionId" | "requestorId" | "status")
        }
        _ => false,
    })?;
    let is = |text: &str, id: Uuid| Uuid::parse_str(text).is_ok_and(|other| other == id);
    let found = world.requests.iter().filter(|accepted| accepted.asked.kind == kind).filter(|accepted| {
        let Target::Azure { scope: own, role } = &accepted.asked.target else { return false };
        let above = world.is_at_or_below(scope, own);
        let asked = &accepted.asked;
        let meets = |term: &Term| match term {
            Term::AtScope => above,
            Term::AsTarget => asked.principal == caller.id,
            Term::AsRequestor => asked.caller.id == caller.id,
            Term::AsApprover => accepted.status == Status::PendingApproval && may_approve(world, accepted, caller),
            Term::Equals(name, value) => match name.as_str() {
                "principalId" => is(value, asked.principal),
                "roleDefinitionId" => body::role(value).is_ok_and(|other| other == *role),
                "requestorId" => is(value, asked.caller.id),
                _ => value.eq_ignore_ascii_case(accepted.status.as_str()),
            },
            _ => true,
        };
        (above || world.is_at_or_below(own, scope)) && filter.passes(&meets)
    });
    page::of(request, world.page_size, found.collect(), |accepted| show(world, accepted))
}

fn may_approve(world: &World, accepted: &Accepted, caller: &Caller) -> bool {
    let approvers = world.policy(&accepted.asked.target).rules.approval.approvers;
    let groups = world.groups_of(caller.id);
    approvers.iter().any(|approver| approver.id == caller.id || groups.contains(&approver.id))
}

fn show(world: &World, accepted: &Accepted) -> Value {
    let Accepted { id, asked, .. } = accepted;
    let Target::Azure { scope, role } = &asked.target else { return Value::Null };
    let (kind, collection) = (asked.kind, schedules::requests_of(asked.kind));
    let schedule = accepted.schedule.or(accepted.replaced).or(asked.target_schedule);
    let schedule = schedule.map(|id| place::id(scope, schedules::schedules_of(kind), &id.to_string()));
    let mut properties = json!({
        "scope": scope.as_str(),
        "roleDefinitionId": place::role_definition_id(scope, *role),
        "principalId": asked.principal.to_string(),
        "principalType": world.principal(asked.principal).map(Principal::kind),
        "requestType": asked.action.pascal(),
        "status": accepted.status.as_str(),
        "scheduleInfo": asked.window.as_ref().map(show_window),
        "ticketInfo": { "ticketNumber": asked.ticket_number, "ticketSystem": asked.ticket_system },
        "justification": asked.justification,
        "requestorId": asked.caller.id.to_string(),
        "createdOn": accepted.created.millis(),
        "condition": asked.condition,
        "conditionVersion": shape::condition_version(asked.condition.as_deref()),
        "expandedProperties": shape::expanded(world, scope, *role, asked.principal),
    });
    if let Some(fields) = properties.as_object_mut() {
        fields.insert(targets_of(kind).0.to_owned(), json!(schedule));
    }
    shape::without_nulls(json!({
        "id": place::id(scope, collection, &id.to_string()),
        "name": id.to_string(),
        "type": format!("Microsoft.Authorization/{collection}"),
        "properties": properties,
    }))
}

fn show_window(window: &Window) -> Value {
    let expiration = match &window.end {
        Ending::NotSpecified => Value::Null,
        Ending::Never => json!({ "type": "NoExpiration" }),
        Ending::Until(end) => json!({ "type": "AfterDateTime", "endDateTime": end.ticks() }),
        Ending::After(duration) => json!({ "type": "AfterDuration", "duration": duration }),
    };
    json!({ "startDateTime": window.start.map(Time::ticks), "expiration": expiration })
}
