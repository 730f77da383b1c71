//! Places in Azure by name or id, and the roles that are mentioned there.
//!
//! Management groups and subscriptions are listed: that takes no permission, and gives each place one name however the
//! files write it. All other places are checked by reading the policies of the roles that are declared there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::super::assembly::why;
use super::super::error::{ErrorKind, ServiceError};
use super::super::http::{ReadClient, Service};
use super::super::wire;
use super::path;
use super::policies::{self, Known, Policies, ScopePolicies, Wanted, definition};
use super::roles::{self, ByScope, Definition, is_named};
use crate::model::scope::ScopeKind;
use crate::model::text::{name_key, same_name};
use crate::model::{ArmPlace, ArmScope, NameQuery, PlaceQuery, Role, RoleId, RoleQuery};

/// What Azure has of what was asked for.
#[derive(Debug, Default)]
pub(in super::super) struct Places {
    /// The places that exist, or that could not be read.
    pub(in super::super) places: Vec<ArmPlace>,
    /// The roles, each with where it can be assigned as far as that was seen.
    pub(in super::super) roles: Vec<Role>,
    /// The policies that were read on the way.
    pub(in super::super) policies: Policies,
    /// What was met and left alone.
    pub(in super::super) notes: BTreeSet<String>,
}

/// Finds the places of a query.
pub(in super::super) async fn find(client: &ReadClient, query: &NameQuery) -> Result<Places, ServiceError> {
    if query.places.is_empty() {
        return Ok(Places::default());
    }
    let named = |place: &PlaceQuery| match place {
        PlaceQuery::ManagementGroup(_) => true,
        PlaceQuery::Id(scope) => scope.kind() == ScopeKind::ManagementGroup,
        PlaceQuery::Subscription(_) | PlaceQuery::ResourceGroup { .. } => false,
    };
    let (groups, subscriptions): (Vec<&PlaceQuery>, Vec<&PlaceQuery>) =
        query.places.keys().partition(|place| named(place));
    let (of_groups, of_subscriptions) = futures::join!(
        listed(!groups.is_empty(), management_groups(client)),
        listed(!subscriptions.is_empty(), self::subscriptions(client)),
    );
    let mut scopes = Scopes::default();
    match of_groups {
        Ok(places) => scopes.listed.extend(places),
        Err(error) => scopes.without_groups = Some(reason(error)?),
    }
    match of_subscriptions {
        Ok(places) => scopes.listed.extend(places),
        Err(error) => scopes.without_subscriptions(&subscriptions, &reason(error)?),
    }
    let mut asked: BTreeMap<ArmScope, RoleQuery> = BTreeMap::new();
    let mut found = Places::default();
    for (place, roles) in &query.places {
        // Where there are none or several, whoever knows where the name stands says so.
        if let [scope] = scopes.find(place).as_slice() {
            let merged = asked.entry(scope.clone()).or_default();
            merged.all |= roles.all;
            merged.names.extend(roles.names.iter().cloned());
        }
    }
    let read = read(client, &asked, &scopes).await;
    found.notes = read.roles.lacking(|scope| asked.get(scope).is_some_and(|roles| roles.all));
    found.policies = read.policies;
    found.roles = read.roles.finish();
    found.places = scopes.places(&found.policies);
    for known in found.policies.values() {
        if let ScopePolicies::Read(known) = known {
            found.notes.extend(known.notes.iter().cloned());
        }
    }
    Ok(found)
}

async fn listed(
    wanted: bool,
    list: impl Future<Output = Result<Vec<ArmPlace>, ServiceError>>,
) -> Result<Vec<ArmPlace>, ServiceError> {
    if wanted { list.await } else { Ok(Vec::new()) }
}

/// Whoever may list no places may still be allowed to read one that is named by its id, so this makes only those
/// unreadable that are not. A sign-in that fails does so for everything.
fn reason(error: ServiceError) -> Result<Arc<str>, ServiceError> {
    if error.kind == ErrorKind::Unauthenticated { Err(error) } else { Ok(why(&error).into()) }
}

/// Every subscription that can be seen.
pub(super) async fn subscriptions(client: &ReadClient) -> Result<Vec<ArmPlace>, ServiceError> {
    let found = client.list(Service::Arm, &path::subscriptions()).await;
    let place = |item: &Value| {
        let scope = format!("/subscriptions/{}", wire::field(item, "subscriptionId")?).parse().ok()?;
        Some(ArmPlace { scope, name: wire::field(item, "displayName").map(Arc::from) })
    };
    Ok(found.map_err(|error| error.asked("list the subscriptions"))?.each(place).collect())
}

/// Every management group that can be seen.
pub(super) async fn management_groups(client: &ReadClient) -> Result<Vec<ArmPlace>, ServiceError> {
    let found = client
        .list(Service::Arm, &path::management_groups())
        .await
        .map_err(|error| error.asked("list the management groups"))?;
    let place = |item: &Value| {
        let scope = ArmScope::management_group(wire::field(item, "name")?).ok()?;
        let name = item.get("properties").and_then(|properties| wire::field(properties, "displayName"));
        Some(ArmPlace { scope, name: name.map(Arc::from) })
    };
    Ok(found.each(place).collect())
}

#[derive(Debug, Default)]
struct Scopes {
    listed: Vec<ArmPlace>,
    /// Why management groups could not be listed.
    without_groups: Option<Arc<str>>,
    /// What stands for subscriptions whose names could not be looked up, and why not.
    stand_ins: BTreeMap<ArmScope, Arc<str>>,
}

impl Scopes {
    /// Something must stand for the subscriptions that are named, so that their targets are there to be called unreadable.
    fn without_subscriptions(&mut self, places: &[&PlaceQuery], reason: &Arc<str>) {
        for place in places {
            let (PlaceQuery::Subscription(name) | PlaceQuery::ResourceGroup { subscription: name, .. }) = place else {
                continue;
            };
            let id = Uuid::new_v5(&Uuid::nil(), format!("subscription/{}", name_key(name)).as_bytes());
            if let (true, Ok(scope)) = (self.subscription(name).is_empty(), format!("/subscriptions/{id}").parse()) {
                self.listed.push(ArmPlace { scope, name: Some(Arc::from(&**name)) });
            }
            for scope in self.named(ScopeKind::Subscription, name) {
                self.stand_ins.insert(scope, Arc::clone(reason));
            }
        }
    }

    /// Why nothing can be asked about a scope.
    fn broken(&self, scope: &ArmScope) -> Option<&Arc<str>> {
        self.stand_ins.get(&format!("/subscriptions/{}", scope.subscription_id()?).parse().ok()?)
    }

    /// The scopes that a place may be. One that is named by its id need not be in a list to exist.
    fn find(&self, place: &PlaceQuery) -> Vec<ArmScope> {
        match place {
            PlaceQuery::ManagementGroup(name) => {
                let found = self.named(ScopeKind::ManagementGroup, name);
                if found.is_empty() { ArmScope::management_group(name).into_iter().collect() } else { found }
            }
            PlaceQuery::Subscription(name) => self.subscription(name),
            PlaceQuery::ResourceGroup { subscription, name } => {
                let inside = |above: ArmScope| format!("{above}/resourceGroups/{name}").parse().ok();
                self.subscription(subscription).into_iter().filter_map(inside).collect()
            }
            PlaceQuery::Id(scope) => vec![scope.clone()],
        }
    }

    fn subscription(&self, name: &str) -> Vec<ArmScope> {
        match format!("/subscriptions/{name}").parse::<ArmScope>() {
            Ok(scope) if scope.kind() == ScopeKind::Subscription => vec![scope],
            _ => self.named(ScopeKind::Subscription, name),
        }
    }

    /// By the last part of the id, else by display name.
    fn named(&self, kind: ScopeKind, name: &str) -> Vec<ArmScope> {
        let of_kind = || self.listed.iter().filter(move |place| place.scope.kind() == kind);
        if let Some(place) = of_kind().find(|place| same_name(place.scope.name(), name)) {
            return vec![place.scope.clone()];
        }
        let is_called = |place: &&ArmPlace| place.name.as_ref().is_some_and(|own| same_name(own, name));
        of_kind().filter(is_called).map(|place| place.scope.clone()).collect()
    }

    /// The places that were listed, and those that were read. A subscription that something was found in exists too.
    fn places(self, policies: &Policies) -> Vec<ArmPlace> {
        let mut places: BTreeMap<ArmScope, Option<Arc<str>>> =
            self.listed.into_iter().map(|place| (place.scope, place.name)).collect();
        for (scope, read) in policies {
            let name = match read {
                ScopePolicies::Missing => continue,
                ScopePolicies::Broken(_) => None,
                ScopePolicies::Read(known) => known.name.clone(),
            };
            let has_name = matches!(scope.kind(), ScopeKind::ManagementGroup | ScopeKind::Subscription);
            let own = places.entry(scope.clone()).or_default();
            *own = own.take().or(name.filter(|_| has_name));
            let above = scope.subscription_id().and_then(|id| format!("/subscriptions/{id}").parse().ok());
            if let Some(above) = above {
                places.entry(above).or_default();
            }
        }
        places.into_iter().map(|(scope, name)| ArmPlace { scope, name }).collect()
    }
}

struct Read {
    policies: Policies,
    roles: SeenRoles,
}

/// Reads the policies of the roles that are asked for, and looks the roles up.
async fn read(client: &ReadClient, all: &BTreeMap<ArmScope, RoleQuery>, scopes: &Scopes) -> Read {
    let asked = || all.iter().filter(|(scope, _)| scopes.broken(scope).is_none());
    let names: BTreeMap<ArmScope, BTreeSet<String>> =
        asked().filter(|(_, query)| !is_list(query)).map(|(scope, query)| (scope.clone(), role_names(query))).collect();
    let lists = asked().filter(|(_, query)| is_list(query)).map(|(scope, _)| scope);
    let lists = lists.map(|scope| async move { (scope.clone(), policies::read(client, scope, &Wanted::All).await) });
    let (lists, definitions) = futures::join!(futures::future::join_all(lists), roles::find(client, &names));
    let mut policies: Policies = lists.into_iter().collect();
    let singles = asked().filter(|(_, query)| !is_list(query));
    let singles = singles.map(|(scope, query)| single(client, scope, query, &definitions));
    policies.extend(futures::future::join_all(singles).await);
    for scope in all.keys() {
        if let Some(reason) = scopes.broken(scope) {
            policies.insert(scope.clone(), ScopePolicies::Broken(Arc::clone(reason)));
        }
        let is_missing = matches!(policies.get(scope), Some(ScopePolicies::Missing));
        // What is no id may be a display name, which nobody could look up.
        if let Some(reason) =
            scopes.without_groups.as_ref().filter(|_| is_missing && scope.kind() == ScopeKind::ManagementGroup)
        {
            policies.insert(scope.clone(), ScopePolicies::Broken(Arc::clone(reason)));
        }
    }
    let mut roles = SeenRoles::default();
    for (scope, found) in &definitions {
        found.iter().flatten().for_each(|role| roles.see(scope, role.id, Some(&role.name), role.built_in));
    }
    for (scope, read) in &policies {
        if let ScopePolicies::Read(known) = read {
            roles.see_all(scope, known);
        }
    }
    for (scope, read) in &policies {
        if let (ScopePolicies::Broken(_), Some(query)) = (read, all.get(scope)) {
            query.names.iter().for_each(|name| roles.stand_in(scope, name));
        }
    }
    Read { policies, roles }
}

/// Whether the whole list of a scope is read.
fn is_list(query: &RoleQuery) -> bool {
    let folded: BTreeSet<String> = query.names.iter().map(|name| name_key(name)).collect();
    let roles =
        folded.into_iter().map(|name| (RoleId::new(Uuid::new_v5(&Uuid::nil(), name.as_bytes())), name)).collect();
    query.all || Wanted::Only(roles).is_list()
}

/// The names of roles that are not ids, each once.
fn role_names(query: &RoleQuery) -> BTreeSet<String> {
    let names: BTreeMap<String, &str> = query.names.iter().map(|name| (name_key(name), &**name)).collect();
    names.into_values().filter(|name| name.parse::<RoleId>().is_err()).map(str::to_owned).collect()
}

/// The policies of a few roles at a scope.
async fn single(
    client: &ReadClient,
    scope: &ArmScope,
    query: &RoleQuery,
    definitions: &ByScope,
) -> (ArmScope, ScopePolicies) {
    let none = Vec::new();
    let definitions: &[Definition] = match definitions.get(scope) {
        None => &none,
        Some(Ok(definitions)) => definitions,
        Some(Err(error)) if error.kind == ErrorKind::NotFound => return (scope.clone(), ScopePolicies::Missing),
        Some(Err(error)) => {
            let error = error.clone().asked(format!("look up the roles at `{scope}`"));
            return (scope.clone(), ScopePolicies::Broken(why(&error).into()));
        }
    };
    let mut wanted = BTreeMap::new();
    for name in &query.names {
        if let Ok(id) = name.parse::<RoleId>() {
            wanted.insert(id, definition(scope, id));
        }
        for role in definitions.iter().filter(|role| is_named(role, name)) {
            let full = if role.built_in { definition(scope, role.id) } else { role.full.clone() };
            wanted.insert(role.id, full);
        }
    }
    let read = if wanted.is_empty() {
        ScopePolicies::Read(Known::default())
    } else {
        policies::read(client, scope, &Wanted::Only(wanted)).await
    };
    (scope.clone(), read)
}

/// The roles that were seen, and where.
#[derive(Debug, Default)]
struct SeenRoles {
    roles: BTreeMap<RoleId, SeenRole>,
    /// The roles of each scope of which all were listed.
    complete: Vec<(ArmScope, BTreeSet<RoleId>)>,
}

#[derive(Debug)]
struct SeenRole {
    name: Option<Arc<str>>,
    built_in: bool,
    scopes: BTreeSet<ArmScope>,
}

impl SeenRoles {
    fn see(&mut self, scope: &ArmScope, id: RoleId, name: Option<&Arc<str>>, built_in: bool) {
        let role = self.roles.entry(id).or_insert_with(|| SeenRole { name: None, built_in, scopes: BTreeSet::new() });
        role.name = role.name.take().or_else(|| name.cloned());
        role.built_in |= built_in;
        role.scopes.insert(scope.clone());
    }

    fn see_all(&mut self, scope: &ArmScope, known: &Known) {
        for (id, role) in &known.roles {
            self.see(scope, *id, role.name.as_ref(), role.built_in);
        }
        if known.complete {
            self.complete.push((scope.clone(), known.roles.keys().copied().collect()));
        }
    }

    /// Says which of the service's own roles have no settings at a scope of whose roles all are meant.
    fn lacking(&self, all: impl Fn(&ArmScope) -> bool) -> BTreeSet<String> {
        let mut notes = BTreeSet::new();
        for (scope, listed) in self.complete.iter().filter(|(scope, _)| all(scope)) {
            for (id, role) in self.roles.iter().filter(|(id, role)| role.built_in && !listed.contains(id)) {
                let name = role.name.as_ref().map_or_else(|| id.to_string(), ToString::to_string);
                notes.insert(format!(
                    "the role `{name}` has no settings of PIM at `{scope}`, so `\"*\"` passes it over"
                ));
            }
        }
        notes
    }

    /// At a scope that cannot be read nobody knows which role a name means. Something must stand for it, so that the
    /// target is there to be called unreadable; nothing is ever asked of the service about it.
    fn stand_in(&mut self, scope: &ArmScope, name: &str) {
        let folded = name_key(name);
        let is_known = |(id, role): (&RoleId, &SeenRole)| {
            let called = role.name.as_ref().is_some_and(|own| name_key(own) == folded);
            role.built_in && (called || id.to_string() == folded)
        };
        if self.roles.iter().any(is_known) {
            return;
        }
        let text = format!("{scope}/{folded}").to_lowercase();
        let id = name.parse().unwrap_or_else(|_| RoleId::new(Uuid::new_v5(&Uuid::nil(), text.as_bytes())));
        self.see(scope, id, Some(&Arc::from(name)), false);
    }

    /// A role of the service's own can be assigned everywhere, unless a scope that was listed whole lacks it. Of any other
    /// it is known where it was seen: the management groups that it is made for say nothing without knowing what lies
    /// in them.
    fn finish(self) -> Vec<Role> {
        let Self { roles, complete } = self;
        let role = |(id, role): (RoleId, SeenRole)| {
            let everywhere = role.built_in && complete.iter().all(|(_, roles)| roles.contains(&id));
            let assignable_scopes = if everywhere { Vec::new() } else { role.scopes.into_iter().collect() };
            Role { id, name: role.name.unwrap_or_else(|| id.to_string().into()), assignable_scopes }
        };
        roles.into_iter().map(role).collect()
    }
}
