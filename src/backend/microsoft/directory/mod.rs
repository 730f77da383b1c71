//! The objects of Microsoft Entra that policies name: principals, role definitions, administrative units, contexts.
//!
//! Names go in `$filter` expressions with many values each, and those in `$batch`es: fifteen hundred names take five
//! requests. A name that several objects have gives all of them, one that none has gives nothing; saying so is up to
//! whoever knows where the name stands.

mod object;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::assembly::why;
use super::entra::role_ids::RoleIds;
use super::error::{ErrorKind, ServiceError};
use super::http::{ReadClient, Rows, Service, odata_literal, query_value};
use crate::model::text::{name_key, spellings};
use crate::model::{
    AdministrativeUnit, Answer, AuthenticationContext, NameQuery, Principal, PrincipalId, PrincipalKind, Role, RoleId,
};

pub(super) use object::{PROPERTIES_OF_ALL, collection, id, properties};

/// At most this many values stand in one `in (...)` (docs/service.md: lists-4).
const NAMES_AT_ONCE: usize = 15;

/// The list of every role definition.
pub(super) const ROLES: &str =
    "/v1.0/roleManagement/directory/roleDefinitions?$select=id,displayName,templateId,isBuiltIn";
/// The list of every administrative unit.
pub(super) const UNITS: &str = "/v1.0/directory/administrativeUnits?$select=id,displayName";
/// The list of every authentication context.
pub(super) const CONTEXTS: &str = "/v1.0/identity/conditionalAccess/authenticationContextClassReferences";
/// The list of the groups under PIM, and where it was before.
pub(super) const UNDER_PIM: [&str; 2] = [
    "/v1.0/identityGovernance/privilegedAccess/group/resources",
    "/beta/identityGovernance/privilegedAccess/group/resources",
];

/// What Microsoft Entra has of what was asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    /// Users, groups and service principals.
    pub(super) principals: BTreeMap<PrincipalId, Principal>,
    /// Role definitions.
    pub(super) roles: Vec<Role>,
    /// What ids they have.
    pub(super) role_ids: RoleIds,
    /// Why those could not be listed. Then they only stand for the names that were asked for.
    pub(super) without_roles: Option<Arc<str>>,
    /// Administrative units.
    pub(super) units: Vec<AdministrativeUnit>,
    /// Authentication contexts.
    pub(super) contexts: Option<Vec<AuthenticationContext>>,
    /// The groups under PIM, where that was asked for.
    pub(super) onboarded: Onboarded,
    /// What could not be found out, and is not needed to go on.
    pub(super) notes: BTreeSet<String>,
}

/// Which groups are under PIM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Onboarded {
    /// Nobody asked.
    #[default]
    NotAsked,
    /// These.
    Known(BTreeSet<PrincipalId>),
    /// The service does not say, and why. A group that has PIM assignments is.
    Unknown(Arc<str>),
}

impl Onboarded {
    /// Whether a group is under PIM.
    pub(super) fn answer(&self, group: PrincipalId) -> Answer {
        match self {
            Self::Known(groups) => groups.contains(&group).into(),
            Self::NotAsked | Self::Unknown(_) => Answer::NotSaid,
        }
    }
}

/// Finds what a query names. Whoever runs the program is looked up too, for messages.
pub(super) async fn find(
    client: &ReadClient,
    query: &NameQuery,
    runner: Option<PrincipalId>,
) -> Result<Objects, ServiceError> {
    let ids: BTreeSet<PrincipalId> = query.ids.iter().copied().chain(runner).collect();
    let (named, by_id, roles, units, contexts, onboarded) = futures::join!(
        named(client, query),
        by_ids(client, &ids),
        when(query.directory_roles, roles(client)),
        when(query.administrative_units, units(client)),
        when(query.contexts, contexts(client)),
        when(query.pim_groups, async { Ok(onboarded(client).await) }),
    );
    let mut objects = Objects { units: units?, ..Objects::default() };
    match roles {
        Ok((roles, ids)) => (objects.roles, objects.role_ids) = (roles, ids),
        // A sign-in that fails does so for everything.
        Err(error) if error.kind == ErrorKind::Unauthenticated => return Err(error),
        Err(error) => {
            objects.roles = query.role_names.iter().map(|name| stand_in(name)).collect();
            objects.without_roles = Some(why(&error).into());
        }
    }
    match contexts {
        // What is not asked for is not known to be missing.
        Ok(contexts) => objects.contexts = Some(contexts).filter(|_| query.contexts),
        Err(error) => {
            objects.notes.insert(format!("{error}; whether they exist and are published was not checked"));
        }
    }
    objects.onboarded = onboarded?;
    // Who runs the program is only looked up for its name.
    let by_id = if query.ids.is_empty() { by_id.unwrap_or_default() } else { by_id? };
    let named = named?;
    let named = named.iter().flat_map(|(kind, rows)| rows.iter().map(|object| (object, Some(*kind))));
    // Of what was found in both ways, the collection of its kind says more.
    for (object, collection) in by_id.iter().map(|object| (object, None)).chain(named) {
        if let Some(principal) = object::principal(&object, collection, &objects.onboarded) {
            objects.principals.insert(principal.id, principal);
        }
    }
    Ok(objects)
}

/// Principals that occur somewhere, by their ids, of whatever kind. Those that have been deleted are missing in the
/// answer, and nobody else is.
pub(super) async fn principals(
    client: &ReadClient,
    ids: &BTreeSet<PrincipalId>,
    onboarded: &Onboarded,
) -> Result<Vec<Principal>, ServiceError> {
    let found = by_ids(client, ids).await?;
    Ok(found.each(|object| object::principal(object, None, onboarded)).collect())
}

/// Every role definition, and what ids they have.
pub(super) async fn roles(client: &ReadClient) -> Result<(Vec<Role>, RoleIds), ServiceError> {
    let found = client.list(Service::Graph, ROLES).await.map_err(|e| e.asked("list the roles of Microsoft Entra"))?;
    let role = |object: &Value| {
        let id = object::text(object, "id")?.parse().ok()?;
        let name = Arc::from(object::text(object, "displayName").unwrap_or_default());
        Some(Role { id, name, assignable_scopes: Vec::new() })
    };
    Ok((found.each(role).collect(), RoleIds::listed(found.iter())))
}

/// Every administrative unit.
pub(super) async fn units(client: &ReadClient) -> Result<Vec<AdministrativeUnit>, ServiceError> {
    let found = client.list(Service::Graph, UNITS).await.map_err(|e| e.asked("list the administrative units"))?;
    let unit = |object: &Value| {
        let id = object::text(object, "id")?.parse().ok()?;
        Some(AdministrativeUnit { id, name: Arc::from(object::text(object, "displayName").unwrap_or_default()) })
    };
    Ok(found.each(unit).collect())
}

/// Every authentication context.
pub(super) async fn contexts(client: &ReadClient) -> Result<Vec<AuthenticationContext>, ServiceError> {
    let found = client.list(Service::Graph, CONTEXTS).await.map_err(|e| e.asked("list the authentication contexts"))?;
    let context = |object: &Value| {
        let id = object::text(object, "id")?.parse().ok()?;
        let available = object.get("isAvailable").and_then(Value::as_bool).into();
        Some(AuthenticationContext {
            id,
            name: Arc::from(object::text(object, "displayName").unwrap_or_default()),
            available,
        })
    };
    Ok(found.each(context).collect())
}

/// The groups under PIM. Either of the two places may go; where one does not answer, the other is asked, and where neither
/// does, nobody knows (docs/service.md: under-pim-2).
pub(super) async fn onboarded(client: &ReadClient) -> Onboarded {
    let [here, before] = UNDER_PIM;
    let mut found = client.list(Service::Graph, here).await;
    let elsewhere =
        [ErrorKind::NotFound, ErrorKind::Refused, ErrorKind::Denied, ErrorKind::Unavailable, ErrorKind::TimedOut];
    if found.as_ref().is_err_and(|error| elsewhere.contains(&error.kind)) {
        found = client.list(Service::Graph, before).await.or(found);
    }
    match found {
        Ok(groups) => {
            let is_there = |group: &Value| object::text(group, "deletedDateTime").is_none();
            let groups: Option<BTreeSet<PrincipalId>> =
                groups.iter().filter(is_there).map(|group| id(&group)).collect();
            groups.map_or_else(
                || Onboarded::Unknown("one of the groups under PIM that the service lists has no id".into()),
                Onboarded::Known,
            )
        }
        Err(error) => Onboarded::Unknown(why(&error.asked("list the groups under PIM")).into()),
    }
}

/// Without the definitions nobody knows which role a name means. Something must stand for it, so that the target is there
/// to be called unreadable; nothing is ever asked of the service about it.
fn stand_in(name: &str) -> Role {
    let text = format!("directory role/{}", name_key(name));
    let id = name.parse().unwrap_or_else(|_| RoleId::new(Uuid::new_v5(&Uuid::nil(), text.as_bytes())));
    Role { id, name: Arc::from(name), assignable_scopes: Vec::new() }
}

async fn when<T: Default>(wanted: bool, ask: impl Future<Output = Result<T, ServiceError>>) -> Result<T, ServiceError> {
    if wanted { ask.await } else { Ok(T::default()) }
}

async fn by_ids(client: &ReadClient, ids: &BTreeSet<PrincipalId>) -> Result<Rows, ServiceError> {
    if ids.is_empty() {
        return Ok(Rows::default());
    }
    let ids: Vec<PrincipalId> = ids.iter().copied().collect();
    client.get_by_ids(&ids).await.map_err(|error| error.asked("look up principals by their ids"))
}

/// The principals with the names of a query.
async fn named(client: &ReadClient, query: &NameQuery) -> Result<Vec<(PrincipalKind, Rows)>, ServiceError> {
    let (kinds, paths): (Vec<PrincipalKind>, Vec<String>) = name_paths(query).into_iter().unzip();
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for (kind, answer) in kinds.into_iter().zip(client.batch_list(&paths).await) {
        let objects = answer.map_err(|error| error.asked(format!("look up {kind}s by their names")))?;
        found.push((kind, objects));
    }
    Ok(found)
}

/// What to ask for the names of a query, with the kind that the answers are of.
fn name_paths(query: &NameQuery) -> Vec<(PrincipalKind, String)> {
    let mut paths = Vec::new();
    for kind in [PrincipalKind::User, PrincipalKind::Group, PrincipalKind::ServicePrincipal] {
        let of_kind = || query.names.iter().filter(move |(other, _)| *other == kind).map(|(_, name)| &**name);
        let property = if kind == PrincipalKind::User { "userPrincipalName" } else { "displayName" };
        // Names are compared without case, here as in the service.
        let names: BTreeMap<String, &str> = of_kind().map(|name| (name_key(name), name)).collect();
        // docs/service.md: names-1
        let names: BTreeSet<String> = names.into_values().flat_map(spellings).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        paths.extend(names.chunks(NAMES_AT_ONCE).map(|names| (kind, path(kind, property, names))));
        if kind == PrincipalKind::ServicePrincipal {
            let apps: Vec<&str> = of_kind().filter(|name| name.parse::<PrincipalId>().is_ok()).collect();
            paths.extend(apps.chunks(NAMES_AT_ONCE).map(|apps| (kind, path(kind, "appId", apps))));
        }
    }
    paths
}

fn path(kind: PrincipalKind, property: &str, values: &[&str]) -> String {
    let expression = match values {
        [value] => format!("{property} eq {}", odata_literal(value)),
        several => {
            let values: Vec<String> = several.iter().map(|value| odata_literal(value)).collect();
            format!("{property} in ({})", values.join(","))
        }
    };
    let (collection, properties) = (object::collection(kind), object::properties(kind));
    format!("/v1.0/{collection}?$filter={}&$select={properties}", query_value(&expression))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[(PrincipalKind, &str)]) -> Vec<String> {
        let names = names.iter().map(|(kind, name)| (*kind, Box::from(*name))).collect();
        let query = NameQuery { names, ..NameQuery::default() };
        name_paths(&query).into_iter().map(|(_, path)| path).collect()
    }

    #[test]
    fn names_are_quoted_and_encoded() {
        let guest = "paul_fabrikam.example#EXT#@contoso.example";
        let asked = paths(&[(PrincipalKind::User, guest), (PrincipalKind::Group, "O'Neil & co")]);
        assert_eq!(
            asked,
            [
                "/v1.0/users?$filter=userPrincipalName%20eq%20%27paul_fabrikam.example%23EXT%23%40contoso.example%27\
                 &$select=id,displayName,userPrincipalName,accountEnabled",
                "/v1.0/groups?$filter=displayName%20eq%20%27O%27%27Neil%20%26%20co%27\
                 &$select=id,displayName,isAssignableToRole,groupTypes,onPremisesSyncEnabled",
            ]
        );
    }

    #[test]
    fn many_names_take_few_requests_and_spellings_of_one_name_count_once() {
        let names: Vec<String> = (0..31).map(|n| format!("u{n}@contoso.example")).collect();
        let mut names: Vec<_> = names.iter().map(|name| (PrincipalKind::User, name.as_str())).collect();
        names.push((PrincipalKind::User, "U0@contoso.example"));
        let asked = paths(&names);
        assert_eq!(asked.len(), 3);
        assert!(asked[0].starts_with("/v1.0/users?$filter=userPrincipalName%20in%20%28%27u0%40contoso"), "{asked:?}");
        assert_eq!(asked.iter().map(|path| path.to_lowercase().matches("%27u0%40").count()).sum::<usize>(), 1);
    }

    #[test]
    fn a_name_is_asked_for_in_each_of_its_spellings() {
        let asked = paths(&[(PrincipalKind::Group, "B\u{fc}ro"), (PrincipalKind::Group, "bu\u{308}ro")]);
        assert_eq!(asked.len(), 1);
        for spelling in ["u%CC%88ro", "%C3%BCro"] {
            assert!(asked[0].contains(spelling), "{asked:?}");
        }
    }

    #[test]
    fn an_id_of_a_service_principal_may_be_that_of_its_application() {
        let id = "c3c75de0-8e3c-42ed-91c8-3cc9ed906531";
        let asked = paths(&[(PrincipalKind::ServicePrincipal, id), (PrincipalKind::ServicePrincipal, "sp")]);
        assert_eq!(asked.len(), 2);
        assert!(asked[1].contains(&format!("appId%20eq%20%27{id}%27")), "{asked:?}");
    }
}
