//! All that can be seen of PIM in Azure.

use std::collections::{BTreeMap, BTreeSet};

use super::super::assembly::Assembly;
use super::super::error::{ErrorKind, ServiceError};
use super::super::http::{ReadClient, Rows};
use super::places::{management_groups, subscriptions};
use super::policies::{self, Policies, ScopePolicies, Wanted};
use super::read::{self, Asked, Reach};
use crate::model::scope::ScopeKind;
use crate::model::{ArmPlace, ArmScope, Kind, Origin, Role, RoleId, Row, Settings, Surface, Target};

/// What can be seen.
#[derive(Debug, Default)]
pub(in super::super) struct Everything {
    /// Roles at scopes that somebody has an assignment at or has changed the settings of.
    pub(in super::super) found: Assembly,
    /// Those targets.
    pub(in super::super) targets: BTreeSet<Target>,
    /// Management groups and subscriptions, and what lies in them as far as there is PIM.
    pub(in super::super) places: Vec<ArmPlace>,
    /// The roles that occur, the service's own and others.
    pub(in super::super) roles: Vec<Role>,
}

/// Lists of schedules by the scope that they were listed at.
type Lists = Vec<(ArmScope, Result<[(Kind, Rows); 2], ServiceError>)>;

/// Reads all management groups and subscriptions that can be seen, and of what lies in a subscription all scopes at which
/// somebody was assigned through PIM, and those that are `named`. Settings that somebody changed below a subscription, where
/// nobody has an assignment, are not found: that would take one request for each scope there is.
pub(in super::super) async fn read(client: &ReadClient, named: &BTreeSet<ArmScope>) -> Everything {
    let mut all = Everything::default();
    let (groups, subscriptions) = futures::join!(management_groups(client), subscriptions(client));
    for listed in [groups, subscriptions] {
        match listed {
            Ok(places) => all.places.extend(places),
            Err(error) => all.found.lacks(format!("{error}; what lies in them is not in this snapshot")),
        }
    }
    let listed: BTreeSet<ArmScope> = all.places.iter().map(|place| place.scope.clone()).collect();
    let alone = named.iter().filter(|scope| !listed.iter().any(|top| lies_in(scope, top)));
    let tops: BTreeSet<ArmScope> = listed.iter().chain(alone).cloned().collect();
    let lists: Lists = futures::future::join_all(tops.iter().map(|top| async move {
        // What lies in a management group are subscriptions, which are listed themselves.
        let reach = if top.kind() == ScopeKind::Subscription { Reach::All } else { Reach::AtScope };
        (top.clone(), read::lists(client, top, reach).await)
    }))
    .await;
    let mut scopes = scopes(&mut all.found, &lists);
    for scope in named {
        scopes.entry(scope.clone()).or_default();
    }
    let policies: Policies = futures::future::join_all(scopes.keys().map(|scope| async move {
        let read = policies::read(client, scope, &Wanted::All).await;
        (scope.clone(), read)
    }))
    .await
    .into_iter()
    .collect();
    take(&mut all, &lists, &policies, &scopes);
    all
}

/// The listed scopes, and those below them at which there is PIM, with the roles that somebody has there.
fn scopes(found: &mut Assembly, lists: &Lists) -> Asked {
    let mut scopes: Asked = lists.iter().map(|(top, _)| (top.clone(), BTreeSet::new())).collect();
    let mut left_out = BTreeSet::new();
    for (top, lists) in lists {
        for (kind, list) in lists.iter().flatten() {
            let mut seen = Assembly::default();
            for assignment in seen.schedules(Surface::Azure, *kind, list.iter(), Vec::new) {
                let Target::Azure { scope, role } = assignment.target else { continue };
                if scope.kind() == ScopeKind::ManagementGroup && scope != *top {
                    continue;
                }
                if scope != *top && assignment.row.origin == Origin::OutsidePim {
                    left_out.insert(scope);
                } else {
                    scopes.entry(scope).or_default().insert(role);
                }
            }
        }
    }
    let left_out = left_out.iter().filter(|scope| !scopes.contains_key(*scope)).count();
    if left_out > 0 {
        let scopes = if left_out == 1 { "scope" } else { "scopes" };
        found.note(format!(
            "{left_out} {scopes} below subscriptions, with assignments made outside PIM only, are left out"
        ));
    }
    scopes
}

/// What was read, of the scopes that were read whole. Of any other nothing is said but that: a scope with a part of its
/// roles would look as if nobody had the others.
fn take(all: &mut Everything, lists: &Lists, policies: &Policies, held: &Asked) {
    let mut asked = Asked::new();
    let mut roles: BTreeMap<RoleId, Role> = BTreeMap::new();
    let broken: Vec<&ArmScope> = lists.iter().filter(|(_, lists)| lists.is_err()).map(|(top, _)| top).collect();
    for (scope, read) in policies {
        match read {
            ScopePolicies::Missing => {}
            ScopePolicies::Broken(why) => all.found.lacks(format!("{why}; `{scope}` is not in this snapshot")),
            ScopePolicies::Read(_) if broken.iter().any(|top| lies_in(scope, top)) => {}
            ScopePolicies::Read(known) => {
                read::take(&mut all.found, scope, known, |_| true);
                // Also a role that somebody has and that has no policy: what is held is not left out in silence.
                let held = held.get(scope).into_iter().flatten();
                asked.insert(scope.clone(), known.roles.keys().chain(held).copied().collect());
                for (id, policy) in &known.roles {
                    let name = policy.name.clone().unwrap_or_else(|| id.to_string().into());
                    let role = roles.entry(*id).or_insert(Role { id: *id, name, assignable_scopes: Vec::new() });
                    if !policy.built_in {
                        role.assignable_scopes.push(scope.clone());
                    }
                }
            }
        }
    }
    for (top, lists) in lists {
        match lists {
            Ok(lists) => {
                let below = asked.iter().filter(|(scope, _)| lies_in(scope, top));
                let below = below.map(|(scope, roles)| (scope.clone(), roles.clone())).collect();
                all.found.extend(read::of_lists(top, lists, &below));
            }
            // What files name and nobody lists is not there: a snapshot without it lacks nothing.
            Err(error) if error.kind == ErrorKind::NotFound && !all.places.iter().any(|place| place.scope == *top) => {}
            Err(error) => all.found.lacks(format!("{error}; `{top}` is not in this snapshot")),
        }
    }
    let default = Settings::service_default(Surface::Azure);
    let changed = all.found.with_settings().filter(|(_, settings)| **settings != default).map(|(target, _)| target);
    let is_held = |rows: &[Row]| rows.iter().any(|row| row.origin != Origin::Inherited);
    let held = all.found.with_rows().filter(|(_, rows)| is_held(rows)).map(|(target, _)| target);
    all.targets = changed.chain(held).cloned().collect();
    all.targets.extend(all.found.with_reasons().filter(|target| matches!(target, Target::Azure { .. })).cloned());
    all.places.retain(|place| asked.contains_key(&place.scope));
    let listed: BTreeSet<ArmScope> = all.places.iter().map(|place| place.scope.clone()).collect();
    let others = asked.into_keys().filter(|scope| !listed.contains(scope));
    all.places.extend(others.map(|scope| ArmPlace { scope, name: None }));
    all.roles = roles.into_values().collect();
}

fn lies_in(scope: &ArmScope, top: &ArmScope) -> bool {
    scope == top || (top.kind() == ScopeKind::Subscription && scope.subscription_id() == Some(top.name()))
}
