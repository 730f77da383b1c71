//! Role definitions of Azure by name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::super::error::ServiceError;
use super::super::http::{ReadClient, Rows, Service, odata_literal, query_value};
use super::super::schedules::last_segment;
use super::super::wire;
use super::{AUTHORIZATION, collection};
use crate::model::text::same_name;
use crate::model::{ArmScope, RoleId};

/// A role definition, as one scope shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Definition {
    /// The GUID.
    pub(super) id: RoleId,
    /// The whole id.
    pub(super) full: String,
    /// The display name.
    pub(super) name: Arc<str>,
    /// Whether it is one of the service's own, the same at every scope.
    pub(super) built_in: bool,
}

/// What was found of names at scopes: for each scope the definitions, or why it could not be asked.
pub(super) type ByScope = BTreeMap<ArmScope, Result<Vec<Definition>, ServiceError>>;

/// Looks up role names at the scopes that mention them. A role of the service's own that was found at one scope is the
/// same at all others; any other is looked for at each.
pub(super) async fn find(client: &ReadClient, names: &BTreeMap<ArmScope, BTreeSet<String>>) -> ByScope {
    let mut scopes_of: BTreeMap<&str, Vec<&ArmScope>> = BTreeMap::new();
    for (scope, names) in names {
        for name in names {
            scopes_of.entry(name).or_default().push(scope);
        }
    }
    let firsts = scopes_of.iter().filter_map(|(name, scopes)| Some((*name, *scopes.first()?)));
    let firsts = ask_all(client, firsts.collect()).await;
    let everywhere: BTreeMap<&str, &Definition> =
        firsts.iter().filter_map(|(name, _, found)| Some((*name, alone(found.as_ref().ok()?, name)?))).collect();
    let rest = scopes_of.iter().filter(|(name, _)| !everywhere.contains_key(*name));
    let rest = rest.flat_map(|(name, scopes)| scopes.iter().skip(1).map(|scope| (*name, *scope)));
    let rest = ask_all(client, rest.collect()).await;
    let mut found = ByScope::new();
    for (name, scope, answer) in &firsts {
        if !everywhere.contains_key(name) {
            add(&mut found, scope, answer.clone());
        }
    }
    for (_, scope, answer) in rest {
        add(&mut found, scope, answer);
    }
    for (name, role) in everywhere {
        for scope in scopes_of.get(name).into_iter().flatten() {
            add(&mut found, scope, Ok(vec![role.clone()]));
        }
    }
    found
}

/// The one role of this name, if it is one of the service's own: no other may have its name.
fn alone<'d>(found: &'d [Definition], name: &str) -> Option<&'d Definition> {
    let mut named = found.iter().filter(|role| is_named(role, name));
    let first = named.next()?;
    (first.built_in && named.next().is_none()).then_some(first)
}

fn add(found: &mut ByScope, scope: &ArmScope, answer: Result<Vec<Definition>, ServiceError>) {
    match (found.entry(scope.clone()).or_insert_with(|| Ok(Vec::new())), answer) {
        (Ok(roles), Ok(more)) => roles.extend(more),
        (slot @ Ok(_), Err(error)) => *slot = Err(error),
        (Err(_), _) => {}
    }
}

async fn ask_all<'a>(
    client: &ReadClient,
    questions: Vec<(&'a str, &'a ArmScope)>,
) -> Vec<(&'a str, &'a ArmScope, Result<Vec<Definition>, ServiceError>)> {
    let asked = questions.into_iter().map(|(name, scope)| async move { (name, scope, ask(client, name, scope).await) });
    futures::future::join_all(asked).await
}

/// The roles with this name at a scope. Whether the service's filter looks at case is not written anywhere, so where it
/// finds nothing, the whole list is looked through, and where there are several ways to write the name, too.
// docs/service.md: names-1
async fn ask(client: &ReadClient, name: &str, scope: &ArmScope) -> Result<Vec<Definition>, ServiceError> {
    let list = collection(scope, "roleDefinitions", AUTHORIZATION);
    let filter = query_value(&format!("roleName eq {}", odata_literal(name)));
    let found = client.list(Service::Arm, &format!("{list}&$filter={filter}")).await.map(|items| definitions(&items));
    match found {
        Ok(roles) if name.is_ascii() && roles.iter().any(|role| is_named(role, name)) => Ok(roles),
        // All of them then, for whoever is to say what else there is.
        Ok(_) => client.list(Service::Arm, &list).await.map(|items| definitions(&items)),
        Err(error) => Err(error),
    }
}

pub(super) fn is_named(role: &Definition, name: &str) -> bool {
    same_name(&role.name, name)
}

fn definitions(items: &Rows) -> Vec<Definition> {
    items.each(definition).collect()
}

fn definition(item: &Value) -> Option<Definition> {
    let full = wire::field(item, "id")?;
    let properties = item.get("properties")?;
    let built_in = wire::field(properties, "type").is_some_and(|word| word.eq_ignore_ascii_case("BuiltInRole"));
    Some(Definition {
        id: last_segment(full).parse().ok()?,
        full: full.to_owned(),
        name: Arc::from(wire::field(properties, "roleName")?),
        built_in,
    })
}
