//! Management groups.

use http::Method;
use serde_json::{Value, json};

use crate::emulator::arm::{body, options, page, place, resources, shape, unknown, version};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{ManagementGroup, Scope, ScopeKind, World};

/// The versions that answer, the newest first.
pub(super) const VERSIONS: &[&str] = &[
    "2023-04-01",
    "2021-04-01",
    "2020-10-01",
    "2020-05-01",
    "2020-02-01",
    "2019-11-01",
    "2018-03-01-preview",
    "2018-01-01-preview",
];
const TYPE: &str = "Microsoft.Management/managementGroups";

/// Answers what is asked of the management groups. `rest` is the path behind their segment.
pub(super) fn answer(world: &mut World, request: &Request, rest: &[&str]) -> Result<Reply, ServiceFailure> {
    version(request, "managementGroups", VERSIONS)?;
    match (&request.method, rest) {
        (&Method::GET, []) => {
            options(request, &["$skiptoken"])?;
            let top = json!({
                "id": id(&root(world)), "type": TYPE, "name": root(world),
                "properties": { "tenantId": world.tenant.id.to_string(), "displayName": ROOT },
            });
            let listed = !world.management_groups.contains_key(&root(world));
            let groups = world.management_groups.values().map(|group| {
                json!({
                    "id": id(&group.id), "type": TYPE, "name": group.id,
                    "properties": { "tenantId": world.tenant.id.to_string(), "displayName": name(group) },
                })
            });
            let all: Vec<Value> = listed.then_some(top).into_iter().chain(groups).collect();
            page::of(request, world.page_size, all, |group| group)
        }
        (&Method::GET, [group]) => {
            options(request, &["$expand", "$recurse", "$filter"])?;
            expansion(request)?;
            get(world, request, group)
        }
        (&Method::PUT, [group]) => {
            options(request, &[])?;
            put(world, group, &request.json()?)?;
            get(world, request, group)
        }
        (&Method::PATCH, [group]) => {
            options(request, &[])?;
            patch(world, group, &request.json()?)?;
            get(world, request, group)
        }
        (&Method::DELETE, [group]) => {
            options(request, &[])?;
            delete(world, group)
        }
        (&Method::GET, [group, below]) if below.eq_ignore_ascii_case("descendants") => {
            options(request, &["$skiptoken"])?;
            let top = known(world, group)?;
            let mut all = world.all_scopes();
            all.retain(|scope| {
                let kind = scope.kind();
                let counts = matches!(kind, Some(ScopeKind::ManagementGroup | ScopeKind::Subscription));
                counts && *scope != top && world.is_at_or_below(scope, &top)
            });
            page::of(request, world.page_size, all, |scope| {
                let parent = world.scope_above(&scope).filter(|above| above.kind() != Some(ScopeKind::Root));
                let parent = parent.map_or_else(|| id(&root(world)), |above| above.to_string());
                let mut shown = child(world, &scope);
                let name = shown.get("displayName").cloned();
                if let Some(fields) = shown.as_object_mut() {
                    fields.remove("displayName");
                    fields.insert("properties".to_owned(), json!({ "displayName": name, "parent": { "id": parent } }));
                }
                shown
            })
        }
        (&Method::PUT | &Method::DELETE, [group, kind, subscription]) if kind.eq_ignore_ascii_case("subscriptions") => {
            options(request, &[])?;
            let group = known(world, group)?;
            let scope = place::known(world, &Scope::new(&format!("subscriptions/{subscription}")))?;
            let to =
                (request.method == Method::PUT).then(|| group.name().to_owned()).filter(|name| *name != root(world));
            if let Some(subscription) = scope.subscription_id().and_then(|id| world.subscriptions.get_mut(&id)) {
                subscription.management_group = to;
            }
            Ok(Reply::empty(204))
        }
        _ => Err(unknown(request)),
    }
}

/// The name of the group that all others lie in. It is there without the tenant file saying so.
const ROOT: &str = "Tenant Root Group";

fn root(world: &World) -> String {
    world.tenant.id.to_string()
}

fn id(name: &str) -> String {
    Scope::management_group(name).to_string()
}

fn name(group: &ManagementGroup) -> &str {
    group.name.as_deref().unwrap_or(&group.id)
}

/// A management group that is there.
pub(super) fn known(world: &World, name: &str) -> Result<Scope, ServiceFailure> {
    if name.eq_ignore_ascii_case(&root(world)) && !world.management_groups.contains_key(&root(world)) {
        return Ok(Scope::root());
    }
    place::known(world, &Scope::management_group(name))
}

fn expansion(request: &Request) -> Result<(), ServiceFailure> {
    let one_of = |option: &str, words: &[&str]| match request.option(option) {
        Some(word) if !words.iter().any(|known| known.eq_ignore_ascii_case(word)) => Err(ServiceFailure::new(
            400,
            "InvalidQueryStringParameter",
            format!("'{word}' is not supported for '{option}'."),
        )),
        _ => Ok(()),
    };
    one_of("$expand", &["children", "path", "ancestors"])?;
    one_of("$recurse", &["true", "false"])?;
    one_of("$filter", &["children.childType eq Subscription", "children.childType ne Subscription"])
}

fn get(world: &World, request: &Request, group: &str) -> Result<Reply, ServiceFailure> {
    let scope = known(world, group)?;
    let own = world.management_groups.get(&group.to_lowercase());
    let parent = own.map(|own| {
        let above = own.parent.as_ref().and_then(|parent| world.management_groups.get(&parent.to_lowercase()));
        match above {
            Some(above) => json!({ "id": id(&above.id), "name": above.id, "displayName": name(above) }),
            None => json!({ "id": id(&root(world)), "name": root(world), "displayName": ROOT }),
        }
    });
    let wants_children = request.option("$expand").is_some_and(|word| word.eq_ignore_ascii_case("children"));
    let recurse = request.option("$recurse").is_some_and(|word| word.eq_ignore_ascii_case("true"));
    let only = request.option("$filter").map(|filter| filter.to_ascii_lowercase().contains(" eq "));
    let children = wants_children.then(|| children(world, &scope, recurse, only));
    let shown_name = own.map_or_else(|| root(world), |own| own.id.clone());
    let shown = json!({
        "id": id(&shown_name),
        "type": TYPE,
        "name": shown_name,
        "properties": {
            "tenantId": world.tenant.id.to_string(),
            "displayName": own.map_or(ROOT, name),
            "details": { "version": 1, "updatedTime": world.now().seconds(), "updatedBy": "emulator", "parent": parent },
            "children": children.filter(|children| !children.is_empty()),
        },
    });
    Ok(Reply::json(200, shape::without_nulls(shown)))
}

/// What lies directly in a management group, and with `recurse` what lies in that. `only` keeps the subscriptions, or all
/// but them.
fn children(world: &World, scope: &Scope, recurse: bool, only: Option<bool>) -> Vec<Value> {
    let mut inside = world.all_scopes();
    inside.retain(|other| {
        let wanted = match other.kind() {
            Some(ScopeKind::Subscription) => only != Some(false),
            Some(ScopeKind::ManagementGroup) => only != Some(true),
            _ => false,
        };
        wanted && world.scope_above(other).as_ref() == Some(scope)
    });
    let shown = inside.iter().map(|other| {
        let mut shown = child(world, other);
        let below = if recurse { children(world, other, true, only) } else { Vec::new() };
        if let (false, Some(fields)) = (below.is_empty(), shown.as_object_mut()) {
            fields.insert("children".to_owned(), json!(below));
        }
        shown
    });
    shown.collect()
}

/// True for the group that all others lie in, where it goes by a name.
pub(super) fn is_top(world: &World, scope: &Scope) -> bool {
    scope.kind() == Some(ScopeKind::ManagementGroup) && scope.name().eq_ignore_ascii_case(&root(world))
}

/// A management group or subscription in a few words; of the root as well.
pub(super) fn shown(world: &World, scope: &Scope) -> Value {
    if scope.kind() == Some(ScopeKind::Root) {
        return json!({ "id": id(&root(world)), "type": TYPE, "name": root(world), "displayName": ROOT });
    }
    child(world, scope)
}

fn child(world: &World, scope: &Scope) -> Value {
    let details = shape::scope(world, scope);
    let kind = if scope.kind() == Some(ScopeKind::Subscription) { "/subscriptions" } else { TYPE };
    json!({ "id": scope.as_str(), "type": kind, "name": scope.name(), "displayName": details.get("displayName") })
}

/// What is not sent stays as it is.
fn patch(world: &mut World, group: &str, sent: &Value) -> Result<(), ServiceFailure> {
    let fields = body::object(sent, "management group", &["displayName", "parentGroupId"])?;
    let name = body::text(fields, "displayName")?.map(str::to_owned);
    let parent = body::text(fields, "parentGroupId")?.map(|id| id.rsplit('/').next().unwrap_or_default());
    let parent = parent.map(|parent| known(world, parent)).transpose()?;
    let scope = known(world, group)?;
    let Some(entry) = world.management_groups.get_mut(&scope.name().to_lowercase()) else {
        let message = "The root management group cannot be changed by this request.";
        return Err(ServiceFailure::new(400, "BadRequest", message));
    };
    entry.name = name.or(entry.name.take());
    if let Some(parent) = parent {
        entry.parent = (parent.kind() != Some(ScopeKind::Root)).then(|| parent.name().to_owned());
    }
    Ok(())
}

fn put(world: &mut World, group: &str, sent: &Value) -> Result<(), ServiceFailure> {
    let fields = body::object(sent, "management group", &["id", "type", "name", "properties"])?;
    let empty = json!({});
    let properties = fields.get("properties").filter(|it| !it.is_null()).unwrap_or(&empty);
    let properties = body::object(properties, "properties", &["tenantId", "displayName", "details", "children"])?;
    let details = properties.get("details").filter(|it| !it.is_null()).unwrap_or(&empty);
    let details = body::object(details, "details", &["parent", "version", "updatedTime", "updatedBy"])?;
    let parent = details.get("parent").filter(|it| !it.is_null()).unwrap_or(&empty);
    let parent = body::object(parent, "parent", &["id", "name", "displayName"])?;
    let parent =
        body::text(parent, "id")?.map(|id| known(world, id.rsplit('/').next().unwrap_or_default())).transpose()?;
    let sent_name = body::text(properties, "displayName")?.map(str::to_owned);
    let entry = world.management_groups.entry(group.to_lowercase()).or_insert_with(|| ManagementGroup {
        id: group.to_owned(),
        name: None,
        parent: None,
    });
    if sent_name.is_some() {
        entry.name = sent_name;
    }
    if let Some(parent) = parent {
        entry.parent = (parent.kind() != Some(ScopeKind::Root)).then(|| parent.name().to_owned());
    }
    Ok(())
}

fn delete(world: &mut World, group: &str) -> Result<Reply, ServiceFailure> {
    let Ok(scope) = place::known(world, &Scope::management_group(group)) else { return Ok(Reply::empty(204)) };
    if !children(world, &scope, false, None).is_empty() {
        let message = format!("Management group '{group}' has children and cannot be deleted.");
        return Err(ServiceFailure::new(400, "BadRequest", message));
    }
    resources::remove(world, &scope);
    world.management_groups.remove(&group.to_lowercase());
    // A 200 would need a body. docs/service.md: azure-8
    Ok(Reply::empty(204))
}
