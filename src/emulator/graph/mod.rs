//! Microsoft Graph, `/v1.0` and what clients use under `/beta`: directory objects, and a list that they fall back to.

mod answer;
mod application;
mod audit;
mod batch;
mod body;
pub(crate) mod built_in;
mod collection;
mod count;
mod directory;
mod group_write;
mod object;
mod plain;
mod policy;
mod relation;
mod request;
mod role;
mod rule;
mod schedule;
mod schema;
mod second_id;

#[cfg(test)]
mod tests;

use http::Method;

use crate::emulator::fault::Call;
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{Access, Caller, Surface, World};
use collection::{Collection, Form};

/// Answers a request.
pub(crate) fn answer(world: &mut World, request: &Request, caller: &Caller) -> Result<Reply, ServiceFailure> {
    match world.faults.two_ids() {
        // What is in a batch is answered part by part.
        Some(fault) if request.path.last().is_none_or(|last| last != "$batch") => {
            second_id::around(world, request, fault, |world, request| dispatch(world, request, caller))
        }
        _ => dispatch(world, request, caller),
    }
}

fn dispatch(world: &mut World, request: &Request, caller: &Caller) -> Result<Reply, ServiceFailure> {
    let original: Vec<String> = request.path.iter().skip(1).flat_map(|segment| keys_apart(segment)).collect();
    let lower: Vec<String> = original.iter().map(|segment| segment.to_lowercase()).collect();
    let path: Vec<&str> = lower.iter().map(String::as_str).collect();
    if request.path.first().is_some_and(|version| version == "beta") && !in_beta(&path) {
        return Err(ServiceFailure::not_implemented(format!("`{}` of the beta version", path.join("/"))));
    }
    if let [.., "$count"] = path.as_slice() {
        return count::answer(request, |inner| answer(world, inner, caller));
    }
    if path.as_slice() == ["$batch"] {
        return batch::answer(request, |inner| {
            let reply = alone(world, inner, caller);
            let now = world.now();
            reply.unwrap_or_else(|failure| failure.graph(&world.new_id("batched request").to_string(), None, now))
        });
    }
    match path.as_slice() {
        ["policies", rest @ ..] => policies(world, request, caller, rest, &original),
        ["rolemanagement", "directory", rest @ ..] => role_management(world, request, caller, rest),
        ["identitygovernance", "privilegedaccess", "group", "resources"] => schedule::group_resources(world, request),
        ["identitygovernance", "privilegedaccess", "group", rest @ ..] => {
            schedules(world, request, caller, Surface::Groups, rest)
        }
        _ => directory(world, request, caller, &path),
    }
}

/// What clients ask the beta version for: the groups under PIM, and directory objects, which are the same there.
fn in_beta(path: &[&str]) -> bool {
    match path {
        ["identitygovernance", "privilegedaccess", "group", "resources"] => true,
        [first, ..] => {
            let same = [
                "users",
                "groups",
                "serviceprincipals",
                "applications",
                "directoryobjects",
                "directory",
                "directoryroles",
                "domains",
                "me",
            ];
            same.contains(first)
        }
        [] => false,
    }
}

/// Answers one request of a batch, with the faults that it would have met alone.
fn alone(world: &mut World, request: &Request, caller: &Caller) -> Result<Reply, ServiceFailure> {
    let call = Call::of(request);
    // There is no connection of its own to reset.
    let lost = || ServiceFailure::new(504, "GatewayTimeout", "The request timed out.");
    if let Some(broken) = world.faults.before(call) {
        return Err(broken.failure().unwrap_or_else(lost));
    }
    if let Some(denied) = world.faults.denies_graph(request) {
        return Err(denied);
    }
    let reply = answer(world, request, caller)?;
    match world.faults.after(call) {
        Some(broken) => Err(broken.failure().unwrap_or_else(lost)),
        None => Ok(reply),
    }
}

/// `policies('x')` is `policies/x`, and `servicePrincipals(appId='x')` is `servicePrincipals/appId='x'`. Functions stay as they are.
fn keys_apart(segment: &str) -> Vec<String> {
    // The namespace has a short name, which the SDKs use for casts.
    let segment = ["microsoft.graph.", "graph."].iter().find_map(|name| segment.strip_prefix(name)).unwrap_or(segment);
    match segment.split_once('(').and_then(|(name, rest)| Some((name, rest.strip_suffix(')')?))) {
        Some((name, key)) if !name.eq_ignore_ascii_case("filterByCurrentUser") => {
            let quoted = key.strip_prefix('\'').and_then(|key| key.strip_suffix('\''));
            vec![name.to_owned(), quoted.map_or_else(|| key.to_owned(), |key| key.replace("''", "'"))]
        }
        _ => vec![segment.to_owned()],
    }
}

fn unknown(request: &Request) -> ServiceFailure {
    let segment = request.path.last().map_or("", String::as_str);
    let message = format!("Resource not found for the segment '{segment}'. The emulator does not know this path.");
    ServiceFailure::new(404, "BadRequest", message)
}

fn policies(
    world: &mut World,
    request: &Request,
    caller: &Caller,
    path: &[&str],
    original: &[String],
) -> Result<Reply, ServiceFailure> {
    match path {
        ["rolemanagementpolicyassignments"] => policy::assignments(world, request, None),
        ["rolemanagementpolicyassignments", id] => policy::assignments(world, request, Some(id)),
        ["rolemanagementpolicyassignments", id, "policy"] => policy::of_assignment(world, request, id),
        ["rolemanagementpolicies"] => policy::policies(world, request),
        ["rolemanagementpolicies", id] => policy::single(world, request, caller, id),
        ["rolemanagementpolicies", id, "rules"] => policy::rule_list(world, request, id, "rules"),
        ["rolemanagementpolicies", id, "effectiverules"] => policy::rule_list(world, request, id, "effectiveRules"),
        // The case of a rule's id matters.
        ["rolemanagementpolicies", id, list @ ("rules" | "effectiverules"), _]
            if *list == "rules" || request.method == Method::GET =>
        {
            let rule = original.last().map_or("", String::as_str);
            policy::single_rule(world, request, caller, id, rule)
        }
        ["rolemanagementpolicies", id, "rules" | "effectiverules", _, cast] if request.method == Method::GET => {
            let rule = original.len().checked_sub(2).and_then(|at| original.get(at)).map_or("", String::as_str);
            let reply = policy::single_rule(world, request, caller, id, rule)?;
            if answer::is_a(&reply, cast) { Ok(reply) } else { Err(answer::not_found()) }
        }
        _ => Err(unknown(request)),
    }
}

fn role_management(
    world: &mut World,
    request: &Request,
    caller: &Caller,
    path: &[&str],
) -> Result<Reply, ServiceFailure> {
    match path {
        ["roledefinitions"] if request.method == Method::POST => role::define(world, request, caller),
        ["roledefinitions"] => directory::role_definitions(world, request, None),
        ["roledefinitions", id] if request.method != Method::GET => role::redefine(world, request, caller, id),
        ["roledefinitions", id] => directory::role_definitions(world, request, Some(id)),
        ["roleassignments"] => plain::answer(world, request, caller, None),
        ["roleassignments", id] => plain::answer(world, request, caller, Some(id)),
        ["roleassignments", id, link] if request.method == Method::GET => {
            let reply = plain::answer(world, &expanding(request, link), caller, Some(id))?;
            answer::behind(request, reply, link)
        }
        _ => schedules(world, request, caller, Surface::Directory, path),
    }
}

/// The six collections of a surface.
fn schedules(
    world: &mut World,
    request: &Request,
    caller: &Caller,
    surface: Surface,
    path: &[&str],
) -> Result<Reply, ServiceFailure> {
    let (name, rest) = path.split_first().ok_or_else(|| unknown(request))?;
    let it = Collection::named(surface, name).ok_or_else(|| unknown(request))?;
    match (it.form, rest) {
        (Form::Request, []) => request::list_or_create(world, request, caller, it),
        (Form::Request, ["filterbycurrentuser(on='principal')"]) => request::own(world, request, caller, it),
        (Form::Request, [id]) => request::single(world, request, it, id),
        (Form::Request, [id, "cancel"]) => request::cancel(world, request, it, id),
        // What is behind a link, as an expansion would bring it.
        (_, [id, link])
            if request.method == Method::GET
                && it.entity.links.iter().any(|own| own.name.eq_ignore_ascii_case(link)) =>
        {
            let whole = expanding(request, link);
            let reply = schedules(world, &whole, caller, surface, &[name, id])?;
            answer::behind(request, reply, link)
        }
        (_, []) => schedule::list(world, request, it),
        (_, ["filterbycurrentuser(on='principal')"]) => schedule::own(world, request, it, caller),
        (_, [id]) => schedule::single(world, request, it, id),
        _ => Err(unknown(request)),
    }
}

/// The same request with one link expanded, and nothing else asked.
fn expanding(request: &Request, link: &str) -> Request {
    let nested: Vec<String> = request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let nested = if nested.is_empty() { link.to_owned() } else { format!("{link}({})", nested.join(";")) };
    Request { query: vec![("$expand".to_owned(), nested)], ..request.clone() }
}

fn directory(world: &mut World, request: &Request, caller: &Caller, path: &[&str]) -> Result<Reply, ServiceFailure> {
    let get = request.method == Method::GET;
    match path {
        ["organization"] => directory::organization(world, request, None),
        ["organization", id] => directory::organization(world, request, Some(id)),
        ["domains"] => directory::domain_list(world, request, None),
        ["domains", id] => directory::domain_list(world, request, Some(id)),
        ["users"] if request.method == Method::POST => group_write::create_user(world, request),
        ["users"] => directory::users(world, request),
        ["users", id] if get => directory::user(world, request, id),
        ["users", id] => group_write::change_user(world, request, id),
        ["me", rest @ ..] => {
            let own = caller.id.to_string();
            let path: Vec<&str> = ["users", &own].into_iter().chain(rest.iter().copied()).collect();
            directory(world, request, caller, &path)
        }
        ["groups"] if request.method == Method::POST => group_write::create(world, request, caller),
        ["groups"] => directory::groups(world, request),
        ["groups", id] if get => directory::group(world, request, id),
        ["groups", id] => group_write::change(world, request, caller, id),
        ["groups", id, "members", "$ref"] => group_write::add(world, request, caller, id, Access::Member),
        ["groups", id, "owners", "$ref"] => group_write::add(world, request, caller, id, Access::Owner),
        ["groups", id, "members", member, "$ref"] => {
            group_write::remove(world, request, caller, (id, member), Access::Member)
        }
        ["groups", id, "owners", owner, "$ref"] => {
            group_write::remove(world, request, caller, (id, owner), Access::Owner)
        }
        ["serviceprincipals"] if request.method == Method::POST => {
            application::create_principal(world, request, caller)
        }
        ["serviceprincipals"] => directory::service_principals(world, request),
        ["serviceprincipals", id] if get => directory::service_principal(world, request, id),
        ["serviceprincipals", id] => application::change_principal(world, request, caller, id),
        ["applications"] if request.method == Method::POST => application::create(world, request, caller),
        ["applications"] => application::list(world, request),
        ["applications", id] if get => application::single(world, request, id),
        ["applications", id] => application::change(world, request, caller, id),
        [kind @ ("applications" | "serviceprincipals"), id, "owners", rest @ ..] if !get => {
            application::owners(world, request, (kind, id), rest)
        }
        ["directoryobjects", "getbyids"] => directory::get_by_ids(world, request),
        ["directoryobjects", id] => directory::directory_object(world, request, id, None),
        [
            "users" | "groups" | "serviceprincipals" | "directoryobjects",
            id,
            question @ ("getmembergroups" | "getmemberobjects" | "checkmembergroups" | "checkmemberobjects"),
        ] => directory::memberships(world, request, id, question),
        ["directoryobjects", id, of_type] => directory::directory_object(world, request, id, Some(of_type)),
        ["directory", "administrativeunits"] => directory::administrative_units(world, request, None),
        ["directory", "administrativeunits", id] => directory::administrative_units(world, request, Some(id)),
        ["directoryroles"] => directory::directory_roles(world, request, None),
        ["directoryroles", id] => directory::directory_roles(world, request, Some(id)),
        ["directoryroletemplates"] => directory::role_templates(world, request, None),
        ["directoryroletemplates", id] => directory::role_templates(world, request, Some(id)),
        ["identity", "conditionalaccess", "authenticationcontextclassreferences"] => {
            directory::contexts(world, request, None)
        }
        ["identity", "conditionalaccess", "authenticationcontextclassreferences", id] => {
            directory::contexts(world, request, Some(id))
        }
        ["auditlogs", "directoryaudits"] => audit::audits(world, request, None),
        ["auditlogs", "directoryaudits", id] => audit::audits(world, request, Some(id)),
        [
            collection @ ("users" | "groups" | "serviceprincipals" | "applications" | "directoryroles"),
            id,
            rest @ ..,
        ]
        | ["directory", collection @ "administrativeunits", id, rest @ ..]
            if get =>
        {
            match rest {
                [relation] => directory::related(world, request, (collection, id), relation, None),
                [relation, of_type] => directory::related(world, request, (collection, id), relation, Some(of_type)),
                _ => Err(unknown(request)),
            }
        }
        _ => Err(unknown(request)),
    }
}
