//! Reading the assignments of roles at scopes of Azure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::assembly::{Assembly, why};
use super::super::error::ServiceError;
use super::super::http::{ReadClient, Rows, Service};
use super::super::schedules::Found;
use super::path;
use super::policies::{self, Known, Policies, ScopePolicies, Wanted, definition};
use crate::model::scope::ScopeKind;
use crate::model::{ArmScope, Kind, Origin, RoleId, Surface, Target};

/// From so many scopes of a subscription on, one list of all of it is less than one for each of them.
const WHOLE_SUBSCRIPTION: usize = 4;

/// Roles at scopes.
pub(in super::super) type Asked = BTreeMap<ArmScope, BTreeSet<RoleId>>;

/// Reads these roles. `kept` is what was read already of their policies.
pub(in super::super) async fn read(client: &ReadClient, asked: &Asked, kept: Policies) -> Assembly {
    let mut found = Assembly::default();
    let policies = complete(client, asked, kept).await;
    let mut readable = Asked::new();
    for (scope, roles) in asked {
        match policies.get(scope) {
            None | Some(ScopePolicies::Missing) => {}
            Some(ScopePolicies::Broken(reason)) => {
                found.all_broken(&targets(scope, roles), reason);
            }
            Some(ScopePolicies::Read(known)) => {
                take(&mut found, scope, known, |role| roles.contains(&role));
                readable.insert(scope.clone(), roles.clone());
            }
        }
    }
    found.extend(schedules(client, &readable).await);
    found
}

/// Takes what is known of roles at a scope.
pub(super) fn take(found: &mut Assembly, scope: &ArmScope, known: &Known, wanted: impl Fn(RoleId) -> bool) {
    found.notes(known.notes.iter().cloned());
    for (role, policy) in known.roles.iter().filter(|(role, _)| wanted(**role)) {
        let target = Target::Azure { scope: scope.clone(), role: *role };
        match &policy.settings {
            Ok(settings) => {
                found.noted(&target, policy.notes.iter().cloned());
                found.settings(target, settings.clone());
            }
            Err(reason) => found.broken(&target, reason),
        }
    }
}

fn targets(scope: &ArmScope, roles: &BTreeSet<RoleId>) -> Vec<Target> {
    roles.iter().map(|role| Target::Azure { scope: scope.clone(), role: *role }).collect()
}

/// The policies, with those that were not read yet.
async fn complete(client: &ReadClient, asked: &Asked, mut kept: Policies) -> Policies {
    let missing = asked.iter().filter_map(|(scope, roles)| {
        let unknown = |role: &RoleId| match kept.get(scope) {
            None => true,
            Some(ScopePolicies::Read(known)) => !known.complete && !known.roles.contains_key(role),
            Some(ScopePolicies::Missing | ScopePolicies::Broken(_)) => false,
        };
        let roles: BTreeMap<RoleId, String> =
            roles.iter().copied().filter(unknown).map(|role| (role, definition(scope, role))).collect();
        (!roles.is_empty()).then_some((scope.clone(), Wanted::Only(roles)))
    });
    let reads: Vec<_> = missing
        .map(|(scope, wanted)| async move {
            let read = policies::read(client, &scope, &wanted).await;
            (scope, read)
        })
        .collect();
    for (scope, read) in futures::future::join_all(reads).await {
        match (kept.get_mut(&scope), read) {
            (Some(ScopePolicies::Read(known)), ScopePolicies::Read(more)) => known.add(more),
            (_, read) => {
                kept.insert(scope, read);
            }
        }
    }
    kept
}

/// Which schedules of a scope are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Those at the scope and above.
    AtScope,
    /// Those below it too.
    All,
}

/// Both lists of schedules of a scope: those of eligible ones, and of active ones.
pub(super) async fn lists(
    client: &ReadClient,
    scope: &ArmScope,
    reach: Reach,
) -> Result<[(Kind, Rows); 2], ServiceError> {
    let one = |kind: Kind| async move {
        let path = match reach {
            Reach::AtScope => path::schedules_at(scope, kind),
            Reach::All => path::schedules(scope, kind),
        };
        let list = client.list(Service::Arm, &path).await;
        list.map_err(|error| error.asked(format!("list the {kind} assignments at `{scope}`")))
    };
    let (eligible, active) = futures::try_join!(one(Kind::Eligible), one(Kind::Active),)?;
    Ok([(Kind::Eligible, eligible), (Kind::Active, active)])
}

async fn schedules(client: &ReadClient, asked: &Asked) -> Assembly {
    let mut by_subscription: BTreeMap<ArmScope, Asked> = BTreeMap::new();
    for (scope, roles) in asked {
        let subscription = scope.subscription_id().and_then(|id| format!("/subscriptions/{id}").parse().ok());
        by_subscription
            .entry(subscription.unwrap_or_else(|| scope.clone()))
            .or_default()
            .insert(scope.clone(), roles.clone());
    }
    let reads = by_subscription.iter().map(|(top, asked)| async move {
        if asked.len() >= WHOLE_SUBSCRIPTION
            && let Ok(lists) = lists(client, top, Reach::All).await
        {
            return of_lists(top, &lists, asked);
        }
        // A subscription may be too large to be listed at once, or not readable as a whole.
        let reads = asked.iter().map(|(scope, roles)| async move {
            let asked = Asked::from([(scope.clone(), roles.clone())]);
            match lists(client, scope, Reach::AtScope).await {
                Ok(lists) => of_lists(scope, &lists, &asked),
                Err(error) => {
                    let mut found = Assembly::default();
                    found.all_broken(&targets(scope, roles), why(&error));
                    found
                }
            }
        });
        join(reads).await
    });
    join(reads).await
}

async fn join(reads: impl Iterator<Item = impl Future<Output = Assembly>>) -> Assembly {
    let mut all = Assembly::default();
    futures::future::join_all(reads).await.into_iter().for_each(|found| all.extend(found));
    all
}

/// What lists at `top` say of roles at it and below it.
pub(super) fn of_lists(top: &ArmScope, lists: &[(Kind, Rows)], asked: &Asked) -> Assembly {
    let mut found = Assembly::default();
    let about: Vec<Target> = asked.iter().flat_map(|(scope, roles)| targets(scope, roles)).collect();
    let mut by_scope: BTreeMap<ArmScope, Vec<Found>> = BTreeMap::new();
    for (kind, list) in lists {
        // The root of Azure is no target, but what is assigned there is inherited by everything.
        let root = list.iter().filter(is_at_root).map(|schedule| moved(schedule, top));
        for mut assignment in found.schedules(Surface::Azure, *kind, root, || about.iter().collect()) {
            assignment.row.origin = Origin::Inherited;
            above(&mut found, &assignment, asked.iter());
        }
        let rest = list.iter().filter(|schedule| !is_at_root(schedule));
        for assignment in found.schedules(Surface::Azure, *kind, rest, || about.iter().collect()) {
            if let Target::Azure { scope, .. } = &assignment.target {
                by_scope.entry(scope.clone()).or_default().push(assignment);
            }
        }
    }
    for (place, assignments) in by_scope {
        if !is_at_or_above(&place, top) && !is_below(&place, top) {
            found.note(format!("assignments at `{place}` came with those of `{top}`, and are left alone"));
        }
        let below = || asked.iter().filter(|(scope, _)| is_at_or_above(&place, scope));
        for assignment in &assignments {
            above(&mut found, assignment, below());
        }
    }
    found
}

/// Takes an assignment as each of these scopes sees it, if its role is asked for there.
fn above<'a>(
    found: &mut Assembly,
    assignment: &Found,
    scopes: impl Iterator<Item = (&'a ArmScope, &'a BTreeSet<RoleId>)>,
) {
    let Target::Azure { role, .. } = &assignment.target else { return };
    for (scope, _) in scopes.filter(|(_, roles)| roles.contains(role)) {
        let seen = assignment.clone().seen_at(scope);
        found.row(seen.target, seen.row);
    }
}

/// Whether what is assigned at `place` holds at `scope`, when a list at or above `scope` shows it. Such a list shows no
/// management groups but those above.
fn is_at_or_above(place: &ArmScope, scope: &ArmScope) -> bool {
    place.kind() == ScopeKind::ManagementGroup || scope.is_in(place)
}

/// Whether a list at `top` may show what is assigned at `place` because it lies below. What lies in a management group
/// cannot be told from its id.
fn is_below(place: &ArmScope, top: &ArmScope) -> bool {
    top.kind() == ScopeKind::ManagementGroup || is_at_or_above(top, place)
}

fn is_at_root(schedule: &Value) -> bool {
    schedule.get("properties").and_then(|properties| properties.get("scope")).and_then(Value::as_str) == Some("/")
}

fn moved(mut schedule: Value, to: &ArmScope) -> Value {
    if let Some(properties) = schedule.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("scope".to_owned(), Value::from(to.as_str()));
    }
    schedule
}
