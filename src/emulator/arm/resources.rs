//! What surrounds the roles: tenants, subscriptions, management groups, resource groups and resources of any type.

use http::Method;
use serde_json::{Map, Value, json};

use crate::emulator::arm::filter::{Filter, Term};
use crate::emulator::arm::{body, entities, groups, options, page, place, shape, subscriptions, unknown, version};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{Caller, Scope, ScopeKind, Target, World};

const RESOURCES: &[&str] = &[
    "2025-04-01",
    "2025-03-01",
    "2024-11-01",
    "2024-07-01",
    "2024-03-01",
    "2023-07-01",
    "2022-09-01",
    "2021-04-01",
    "2021-01-01",
    "2020-10-01",
    "2020-06-01",
    "2019-10-01",
    "2019-05-10",
    "2019-05-01",
    "2018-05-01",
];

/// Answers a request that is not for the authorization provider.
pub(super) fn answer(world: &mut World, request: &Request, caller: &Caller) -> Result<Reply, ServiceFailure> {
    let path = request.segments();
    let place = Scope::new(&path.join("/"));
    let verb = if request.method == Method::GET { "read" } else { "write" };
    if let Some(denied) = world.faults.denies_azure(place.as_str(), &format!("Microsoft.Resources/{verb}"), caller) {
        return Err(denied);
    }
    let words: Vec<String> = path.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["tenants"] => subscriptions::tenants(world, request),
        ["subscriptions"] | ["subscriptions", _] => subscriptions::answer(world, request, &place),
        ["providers"] | ["providers", _] => {
            subscriptions::providers(world, request, None, path.get(1..).unwrap_or_default())
        }
        ["subscriptions", _, "providers"]
        | ["subscriptions", _, "providers", _]
        | ["subscriptions", _, "providers", _, "register"] => {
            let subscription = Scope::new(&path.iter().take(2).copied().collect::<Vec<_>>().join("/"));
            let rest = path.get(3..).unwrap_or_default();
            subscriptions::providers(world, request, Some(&subscription), rest)
        }
        ["providers", "microsoft.management", "getentities"] => entities::answer(world, request),
        ["providers", "microsoft.management", "managementgroups", ..] => {
            groups::answer(world, request, path.get(3..).unwrap_or_default())
        }
        ["subscriptions", _, "resourcegroups" | "resources"] => list_in(world, request, &path, words.last().copied()),
        ["subscriptions", _, "resourcegroups", _, "resources"] => list_in(world, request, &path, Some("resources")),
        ["subscriptions", _, "resourcegroups", _] => {
            version(request, "resourceGroups", RESOURCES)?;
            one(world, request, &place)
        }
        _ if place.kind() == Some(ScopeKind::Resource) => {
            let known = request.option("api-version").filter(|version| super::is_version(version));
            version(request, "resource", known.as_slice())?;
            one(world, request, &place)
        }
        _ => Err(unknown(request)),
    }
}

/// The resource groups or the resources in a subscription or a resource group.
fn list_in(world: &World, request: &Request, path: &[&str], what: Option<&str>) -> Result<Reply, ServiceFailure> {
    version(request, what.unwrap_or_default(), RESOURCES)?;
    if request.method != Method::GET {
        return Err(unknown(request));
    }
    options(request, &["$skiptoken", "$top", "$expand"])?;
    let size =
        request.option("$top").and_then(|top| top.parse().ok()).unwrap_or(world.page_size).clamp(1, world.page_size);
    let owner: Vec<&str> = path.iter().take(path.len().saturating_sub(1)).copied().collect();
    let owner = place::known(world, &Scope::new(&owner.join("/")))?;
    let all = if what == Some("resourcegroups") { &world.resource_groups } else { &world.resources };
    let inside: Vec<&Scope> = World::scopes_inside(all, &owner).collect();
    page::of(request, size, inside, |scope| show(world, scope))
}

/// One resource group or resource.
fn one(world: &mut World, request: &Request, place: &Scope) -> Result<Reply, ServiceFailure> {
    match request.method {
        Method::GET => {
            options(request, &["$expand"])?;
            let scope = place::known(world, place)?;
            Ok(Reply::json(200, show(world, &scope)))
        }
        Method::HEAD => Ok(Reply::empty(if place::known(world, place).is_ok() { 204 } else { 404 })),
        Method::PUT => {
            options(request, &[])?;
            put(world, place, &request.json()?)
        }
        Method::PATCH => {
            options(request, &[])?;
            let scope = place::known(world, place)?;
            let sent = request.json()?;
            let sent = body::object(&sent, "resource", &FIELDS)?;
            let details = world.details.entry(scope.clone()).or_insert_with(|| json!({}));
            if let Some(fields) = details.as_object_mut() {
                fields.extend(sent.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            Ok(Reply::json(200, show(world, &scope)))
        }
        Method::DELETE => {
            let Ok(scope) = place::known(world, place) else {
                let group = place.kind() == Some(ScopeKind::ResourceGroup);
                return if group { Err(place::missing(world, place)) } else { Ok(Reply::empty(204)) };
            };
            remove(world, &scope);
            Ok(Reply::empty(200))
        }
        _ => Err(unknown(request)),
    }
}

/// The fields that any resource may have. What is in `properties` is its own affair.
const FIELDS: [&str; 13] = [
    "id",
    "name",
    "type",
    "location",
    "extendedLocation",
    "tags",
    "properties",
    "sku",
    "kind",
    "identity",
    "plan",
    "zones",
    "managedBy",
];

fn put(world: &mut World, place: &Scope, sent: &Value) -> Result<Reply, ServiceFailure> {
    let mut fields = body::object(sent, "resource", &FIELDS)?.clone();
    for read_only in ["id", "name", "type"] {
        fields.remove(read_only);
    }
    let known = place::known(world, place);
    let status = if known.is_ok() { 200 } else { 201 };
    let scope = if let Ok(scope) = known { scope } else { make(world, place, &fields)? };
    world.details.insert(scope.clone(), Value::Object(fields));
    Ok(Reply::json(status, show(world, &scope)))
}

/// Makes a resource group or a resource in what is there already.
fn make(world: &mut World, place: &Scope, fields: &Map<String, Value>) -> Result<Scope, ServiceFailure> {
    let above = place::known(world, &place.above_in_text().unwrap_or_else(Scope::root))?;
    let is_group = place.kind() == Some(ScopeKind::ResourceGroup);
    if is_group {
        body::needed(fields, "location")?;
    }
    // The part above keeps its spelling.
    let own = place.as_str().get(above.as_str().len()..).unwrap_or_default();
    let scope = Scope::new(&format!("{above}{own}"));
    let all = if is_group { &mut world.resource_groups } else { &mut world.resources };
    all.insert(scope.clone());
    Ok(scope)
}

/// Takes out a scope with everything at and below it.
pub(super) fn remove(world: &mut World, scope: &Scope) {
    let gone = |world: &World, other: &Scope| world.is_at_or_below(other, scope);
    let targets: Vec<Target> = world.schedules.keys().chain(world.policies.keys()).cloned().collect();
    for target in targets {
        if matches!(&target, Target::Azure { scope, .. } if gone(world, scope)) {
            world.schedules.remove(&target);
            world.policies.remove(&target);
        }
    }
    let below: Vec<Scope> = world.all_scopes().into_iter().filter(|other| gone(world, other)).collect();
    for other in below {
        world.resources.remove(&other);
        world.resource_groups.remove(&other);
        world.details.remove(&other);
    }
}

fn show(world: &World, scope: &Scope) -> Value {
    let mut shown: Map<String, Value> =
        world.details.get(scope).and_then(Value::as_object).cloned().unwrap_or_default();
    let kind = match scope.kind() {
        Some(ScopeKind::ResourceGroup) => "Microsoft.Resources/resourceGroups".to_owned(),
        _ => shape::resource_type(scope),
    };
    shown.insert("id".to_owned(), json!(scope.as_str()));
    shown.insert("name".to_owned(), json!(scope.name()));
    shown.insert("type".to_owned(), json!(kind));
    shown.entry("location").or_insert_with(|| json!("westeurope"));
    let properties = shown.entry("properties").or_insert_with(|| json!({}));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert("provisioningState".to_owned(), json!("Succeeded"));
    }
    shape::without_nulls(Value::Object(shown))
}

/// `eligibleChildResources`: what lies directly in a scope.
pub(super) fn children(
    world: &World,
    request: &Request,
    scope: &Scope,
    tail: &[&str],
) -> Result<Reply, ServiceFailure> {
    if request.method != Method::GET || !tail.is_empty() {
        return Err(unknown(request));
    }
    options(request, &["$filter", "$skiptoken"])?;
    let filter = Filter::of(request, |term| matches!(term, Term::Equals(name, _) if name == "resourceType"))?;
    let kind_of = |scope: &Scope| match scope.kind() {
        Some(ScopeKind::ManagementGroup) => "managementgroup".to_owned(),
        Some(ScopeKind::Subscription) => "subscription".to_owned(),
        Some(ScopeKind::ResourceGroup) => "resourcegroup".to_owned(),
        _ => shape::resource_type(scope),
    };
    let mut inside = world.all_scopes();
    inside.retain(|other| {
        let meets = |term: &Term| matches!(term, Term::Equals(_, kind) if kind.eq_ignore_ascii_case(&kind_of(other)));
        world.scope_above(other).as_ref() == Some(scope) && filter.passes(&meets)
    });
    page::of(request, world.page_size, inside, |scope| {
        let details = shape::scope(world, &scope);
        json!({ "id": scope.as_str(), "name": details.get("displayName"), "type": kind_of(&scope) })
    })
}
