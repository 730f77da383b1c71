//! Azure Resource Manager: what surrounds roles, and the roles with PIM for them.

mod assignments;
mod body;
pub(crate) mod built_in;
mod definitions;
mod entities;
mod filter;
mod groups;
mod page;
mod place;
mod policies;
mod preview;
mod requests;
mod resources;
mod rules;
mod schedules;
mod shape;
mod subscriptions;

use http::Method;

use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{Caller, Kind, Scope, World};

/// The versions of each part, the newest first. docs/service.md: arm-7.
const PIM: &[&str] = &["2020-10-01", preview::VERSION, "2020-10-01-preview"];
/// Requests may be decided upon as well in later versions.
const REQUESTS: &[&str] = &[preview::VERSION, "2022-04-01", "2022-04-01-preview", "2020-10-01", "2020-10-01-preview"];
const DEFINITIONS: &[&str] = &["2022-05-01-preview", "2022-04-01", "2018-07-01", "2018-01-01-preview", "2015-07-01"];
const DENIALS: &[&str] = &["2024-07-01-preview", "2022-04-01", "2018-07-01-preview"];
const ASSIGNMENTS: &[&str] = &[
    "2022-04-01",
    "2020-10-01-preview",
    "2020-08-01-preview",
    "2020-04-01-preview",
    "2020-03-01-preview",
    "2018-09-01-preview",
    "2018-01-01-preview",
    "2015-07-01",
];

/// Answers a request of whoever the token says, with the headers of every answer.
pub(crate) fn respond(world: &mut World, request: &Request, caller: Result<Caller, ServiceFailure>) -> Reply {
    let answer = caller.and_then(|caller| answer(world, request, &caller));
    let id = world.new_id("arm request").to_string();
    let correlation = request.header("x-ms-correlation-request-id").unwrap_or(&id);
    let mut reply = answer
        .unwrap_or_else(|failure| failure.arm())
        .with_header("x-ms-request-id", id.as_str())
        .with_header("x-ms-correlation-request-id", correlation)
        .with_header("x-ms-routing-request-id", format!("WESTEUROPE:{}:{id}", world.now().compact()));
    if let Some(client) = request.header("x-ms-client-request-id") {
        reply = reply.with_header("x-ms-client-request-id", client);
    }
    let pim =
        place::split(&request.segments()).is_some_and(|(_, rest)| rest.first().is_some_and(|kind| is_of_pim(kind)));
    // docs/service.md: azure-5
    if pim { reply.with_header("mspimslice", "PROD") } else { reply }
}

fn is_of_pim(segment: &str) -> bool {
    let segment = segment.to_ascii_lowercase();
    ["rolemanagementpolic", "roleeligibilityschedule", "roleassignmentschedule", "eligiblechildresources"]
        .iter()
        .any(|start| segment.starts_with(start))
}

/// Answers a request.
fn answer(world: &mut World, request: &Request, caller: &Caller) -> Result<Reply, ServiceFailure> {
    let path = request.segments();
    let (reply, at_subscription) = match place::split(&path) {
        Some((scope, rest)) => {
            let at_subscription = scope.subscription_id().is_some();
            (authorization(world, request, caller, &scope, &rest)?, at_subscription)
        }
        None => (
            resources::answer(world, request, caller)?,
            path.first().is_some_and(|it| it.eq_ignore_ascii_case("subscriptions")),
        ),
    };
    let (kind, left) = match &request.method {
        &Method::GET | &Method::HEAD => ("reads", "249"),
        &Method::DELETE => ("deletes", "199"),
        _ => ("writes", "199"),
    };
    let level = if at_subscription { "subscription" } else { "tenant" };
    Ok(reply.with_header(&format!("x-ms-ratelimit-remaining-{level}-{kind}"), left))
}

/// Answers what is asked of the authorization provider at a scope.
fn authorization(
    world: &mut World,
    request: &Request,
    caller: &Caller,
    scope: &Scope,
    rest: &[&str],
) -> Result<Reply, ServiceFailure> {
    let [kind, tail @ ..] = rest else { return Err(unknown(request)) };
    if let Some(denied) = world.faults.denies_azure(scope.as_str(), &action(kind, request, tail), caller) {
        return Err(denied);
    }
    let known = || place::known(world, scope);
    match kind.to_ascii_lowercase().as_str() {
        "roledefinitions" => {
            version(request, kind, DEFINITIONS)?;
            let scope = known()?;
            definitions::answer(world, request, &scope, tail)
        }
        "roleassignments" => {
            version(request, kind, ASSIGNMENTS)?;
            let scope = known()?;
            assignments::answer(world, request, caller, &scope, tail)
        }
        "rolemanagementpolicies" => {
            version(request, kind, PIM)?;
            let scope = known()?;
            policies::answer(world, request, caller, &scope, tail)
        }
        "rolemanagementpolicyassignments" | "rolemanagementpolicyassignment" => {
            version(request, kind, PIM)?;
            let scope = known()?;
            policies::assignments(world, request, &scope, tail)
        }
        "roleeligibilityschedules" | "roleassignmentschedules" => {
            version(request, kind, PIM)?;
            let scope = known()?;
            schedules::answer(world, request, caller, &scope, kind_of(kind), schedules::View::Schedules, tail)
        }
        "roleeligibilityscheduleinstances" | "roleassignmentscheduleinstances" => {
            version(request, kind, PIM)?;
            let scope = known()?;
            schedules::answer(world, request, caller, &scope, kind_of(kind), schedules::View::Instances, tail)
        }
        "roleeligibilityschedulerequests" | "roleassignmentschedulerequests" => {
            version(request, kind, REQUESTS)?;
            let scope = known()?;
            requests::answer(world, request, caller, &scope, kind_of(kind), tail)
        }
        // The emulator has none, and clients ask. docs/service.md: azure-13
        "denyassignments" if tail.is_empty() && request.method == Method::GET => {
            version(request, kind, DENIALS)?;
            known()?;
            options(request, &["$filter"])?;
            Ok(Reply::json(200, serde_json::json!({ "value": [] })))
        }
        "eligiblechildresources" => {
            version(request, kind, PIM)?;
            resources::children(world, request, &known()?, tail)
        }
        _ => Err(unknown(request)),
    }
}

fn kind_of(segment: &str) -> Kind {
    if segment.to_ascii_lowercase().starts_with("roleeligibility") { Kind::Eligible } else { Kind::Active }
}

/// The name of what a request does, as role definitions have it.
fn action(kind: &str, request: &Request, tail: &[&str]) -> String {
    let provider = place::AUTHORIZATION;
    match (&request.method, tail) {
        (&Method::POST, [_, verb]) => format!("{provider}/{kind}/{verb}/action"),
        (&Method::GET | &Method::HEAD, _) => format!("{provider}/{kind}/read"),
        (&Method::DELETE, _) => format!("{provider}/{kind}/delete"),
        _ => format!("{provider}/{kind}/write"),
    }
}

/// Checks `api-version`.
fn version(request: &Request, kind: &str, known: &[&str]) -> Result<(), ServiceFailure> {
    let Some(version) = request.option("api-version") else {
        return Err(ServiceFailure::new(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ));
    };
    if known.contains(&version) {
        return Ok(());
    }
    let supported = known.join(",");
    if !is_version(version) {
        return Err(ServiceFailure::new(
            400,
            "InvalidApiVersionParameter",
            format!("The api-version '{version}' is invalid. The supported versions are '{supported}'."),
        ));
    }
    Err(ServiceFailure::new(
        400,
        "NoRegisteredProviderFound",
        format!(
            "No registered resource provider found for location '' and API version '{version}' for type '{kind}'. The \
             supported api-versions are '{supported}'."
        ),
    ))
}

/// `2020-10-01` or `2020-10-01-preview`.
fn is_version(text: &str) -> bool {
    let date = text.strip_suffix("-preview").unwrap_or(text);
    date.len() == 10 && date.parse::<jiff::civil::Date>().is_ok()
}

/// Refuses options that are not known here.
fn options(request: &Request, known: &[&str]) -> Result<(), ServiceFailure> {
    let strange = request.query.iter().find(|(name, _)| {
        !name.eq_ignore_ascii_case("api-version") && !known.iter().any(|known| known.eq_ignore_ascii_case(name))
    });
    match strange {
        None => Ok(()),
        Some((name, _)) => Err(ServiceFailure::new(
            400,
            "InvalidQueryStringParameter",
            format!("The query option '{name}' is not supported here."),
        )),
    }
}

/// The refusal for a path that is not known here.
fn unknown(request: &Request) -> ServiceFailure {
    ServiceFailure::not_implemented(format!("{} {}", request.method, request.decoded()))
}

/// The refusal for an object that is not there.
fn not_found(kind: &str, name: &str) -> ServiceFailure {
    ServiceFailure::new(404, "ResourceNotFound", format!("The {kind} '{name}' was not found."))
}
