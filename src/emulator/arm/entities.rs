//! What the caller can see: management groups and subscriptions, each with what lies above it.

use http::Method;
use serde_json::{Value, json};

use crate::emulator::arm::{groups, options, page, unknown, version};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{Scope, ScopeKind, World};

/// `POST /providers/Microsoft.Management/getEntities`
// docs/service.md: azure-14
pub(super) fn answer(world: &World, request: &Request) -> Result<Reply, ServiceFailure> {
    version(request, "getEntities", groups::VERSIONS)?;
    if request.method != Method::POST {
        return Err(unknown(request));
    }
    options(request, &["$skiptoken", "$view", "groupName"])?;
    let view = request.option("$view").unwrap_or("FullHierarchy").to_ascii_lowercase();
    let within = request.option("groupName").map(|name| groups::known(world, name)).transpose()?;
    let mut all: Vec<Scope> = world.all_scopes();
    if !all.iter().any(|scope| groups::is_top(world, scope)) {
        all.insert(0, Scope::root());
    }
    all.retain(|scope| {
        let counts = match scope.kind() {
            Some(ScopeKind::Root | ScopeKind::ManagementGroup) => view != "subscriptionsonly",
            Some(ScopeKind::Subscription) => view != "groupsonly",
            _ => false,
        };
        counts && within.as_ref().is_none_or(|top| world.is_at_or_below(scope, top))
    });
    page::of(request, world.page_size, all, |scope| entity(world, &scope))
}

fn entity(world: &World, scope: &Scope) -> Value {
    let above: Vec<Scope> = world.upwards(scope).into_iter().skip(1).rev().collect();
    let inside = |kind: ScopeKind| {
        let all = world.all_scopes().into_iter().filter(|other| other.kind() == Some(kind));
        all.filter(|other| world.scope_above(other).as_ref() == Some(scope)).count()
    };
    let is_inside = |other: &Scope| {
        let counts = matches!(other.kind(), Some(ScopeKind::ManagementGroup | ScopeKind::Subscription));
        counts && other != scope && world.is_at_or_below(other, scope)
    };
    let below = world.all_scopes().into_iter().filter(is_inside).count();
    let (groups, subscriptions) = (inside(ScopeKind::ManagementGroup), inside(ScopeKind::Subscription));
    let chain = |key: &str| -> Vec<Value> {
        above.iter().map(|scope| groups::shown(world, scope).get(key).cloned().unwrap_or_default()).collect()
    };
    let mut shown = groups::shown(world, scope);
    let properties = json!({
        "tenantId": world.tenant.id.to_string(),
        "displayName": shown.get("displayName"),
        "parent": above.last().map(|parent| json!({ "id": groups::shown(world, parent).get("id") })),
        "permissions": "view",
        "inheritedPermissions": "view",
        "numberOfDescendants": below,
        "numberOfChildren": groups + subscriptions,
        "numberOfChildGroups": groups,
        "parentDisplayNameChain": chain("displayName"),
        "parentNameChain": chain("name"),
    });
    if let Some(fields) = shown.as_object_mut() {
        fields.remove("displayName");
        fields.insert("properties".to_owned(), properties);
    }
    shown
}
