//! The policies of roles at scopes of Azure.
//!
//! One list of a scope holds every role that can be assigned there, some megabytes of it, and names the roles. Where only
//! a few roles are declared, one filtered read for each is less to send; from four on the list is fewer requests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::super::assembly::why;
use super::super::error::{ErrorKind, ServiceError};
use super::super::http::{ReadClient, Service, odata_literal, query_value};
use super::super::rules;
use super::super::schedules::{arm_scope, last_segment};
use super::super::wire;
use super::path;
use crate::model::{ArmScope, Current, RoleId, Settings};

/// Up to so many roles of a scope are asked for one by one.
const ONE_BY_ONE: usize = 3;

/// What was read of scopes.
pub(in super::super) type Policies = BTreeMap<ArmScope, ScopePolicies>;

/// What was read of one scope.
#[derive(Clone, Debug)]
pub(in super::super) enum ScopePolicies {
    /// The scope does not exist.
    Missing,
    /// It could not be read, and why.
    Broken(Arc<str>),
    /// It was read.
    Read(Known),
}

/// What is known of the roles at a scope.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Known {
    /// Whether these are all roles that can be assigned there.
    pub(in super::super) complete: bool,
    /// Roles with their settings, or why those could not be read.
    pub(in super::super) roles: BTreeMap<RoleId, RolePolicy>,
    /// The display name of the place, where the service says it.
    pub(in super::super) name: Option<Arc<str>>,
    /// What was met and left alone.
    pub(in super::super) notes: BTreeSet<String>,
}

/// A role at a scope.
#[derive(Clone, Debug)]
pub(in super::super) struct RolePolicy {
    /// Its settings, or why they could not be read.
    pub(in super::super) settings: Result<Arc<Settings<Current>>, Arc<str>>,
    /// The name of the role, where the service says it.
    pub(in super::super) name: Option<Arc<str>>,
    /// Whether it is one of the service's own, the same at every scope.
    pub(in super::super) built_in: bool,
}

/// Which roles to read at a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Wanted {
    /// All that can be assigned there.
    All,
    /// These, by the ids that the service gave for them or that are made from the GUID.
    Only(BTreeMap<RoleId, String>),
}

impl Wanted {
    /// True for so many roles that one list is better.
    pub(in super::super) fn is_list(&self) -> bool {
        matches!(self, Self::Only(roles) if roles.len() > ONE_BY_ONE) || *self == Self::All
    }
}

/// The id of a role definition as a scope sees it.
pub(in super::super) fn definition(scope: &ArmScope, role: RoleId) -> String {
    // A role of the service's own has no management group in its id; one of somebody else's cannot be told from its GUID.
    let subscription = scope.subscription_id().map(|id| format!("/subscriptions/{id}")).unwrap_or_default();
    format!("{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}")
}

/// Reads the policies of roles at a scope.
pub(in super::super) async fn read(client: &ReadClient, scope: &ArmScope, wanted: &Wanted) -> ScopePolicies {
    let roles = match wanted {
        Wanted::Only(roles) if !wanted.is_list() => roles,
        Wanted::All | Wanted::Only(_) => return list(client, scope).await,
    };
    let reads = roles.iter().map(|(role, definition)| one(client, scope, *role, definition));
    let mut known = Known::default();
    for found in futures::future::join_all(reads).await {
        match found {
            Ok(found) => known.extend(found),
            Err(error) => return failed(scope, error),
        }
    }
    // The filter compares ids as text. Where it found nothing, the list says whether there is nothing.
    if roles.keys().any(|role| !known.roles.contains_key(role)) {
        return list(client, scope).await;
    }
    ScopePolicies::Read(known)
}

impl Known {
    fn extend(&mut self, other: Self) {
        self.roles.extend(other.roles);
        self.notes.extend(other.notes);
        self.name = self.name.take().or(other.name);
    }

    /// Takes what a later read found.
    pub(in super::super) fn add(&mut self, other: Self) {
        self.complete |= other.complete;
        self.extend(other);
    }
}

async fn list(client: &ReadClient, scope: &ArmScope) -> ScopePolicies {
    match client.list(Service::Arm, &path::policies(scope)).await {
        Ok(items) => ScopePolicies::Read(Known { complete: true, ..known(scope, &items) }),
        Err(error) => failed(scope, error),
    }
}

async fn one(client: &ReadClient, scope: &ArmScope, role: RoleId, definition: &str) -> Result<Known, ServiceError> {
    let filter = query_value(&format!("roleDefinitionId eq {}", odata_literal(definition)));
    let filtered = format!("{}&$filter={filter}", path::policies(scope));
    let mut known = known(scope, &client.list(Service::Arm, &filtered).await?);
    known.roles.retain(|other, _| *other == role);
    Ok(known)
}

fn failed(scope: &ArmScope, error: ServiceError) -> ScopePolicies {
    if error.kind == ErrorKind::NotFound {
        return ScopePolicies::Missing;
    }
    let error = error.asked(format!("list the settings of roles at `{scope}`"));
    ScopePolicies::Broken(why(&error).into())
}

fn known(scope: &ArmScope, items: &[Value]) -> Known {
    let mut known = Known::default();
    for item in items {
        let properties = item.get("properties").unwrap_or(&Value::Null);
        let role = wire::field(properties, "roleDefinitionId").and_then(|id| last_segment(id).parse::<RoleId>().ok());
        let Some(role) = role else {
            known
                .notes
                .insert(format!("the settings of a role at `{scope}` do not say of which role; they are left alone"));
            continue;
        };
        let place = wire::field(properties, "scope").and_then(arm_scope);
        if place.as_ref().is_some_and(|place| place != scope) {
            known
                .notes
                .insert(format!("among the settings of roles at `{scope}` are some of elsewhere; they are left alone"));
            continue;
        }
        let said = properties.get("policyAssignmentProperties").unwrap_or(&Value::Null);
        let of =
            |what: &str, field: &str| said.get(what).and_then(|what| wire::field(what, field)).map(Arc::<str>::from);
        known.name = known.name.take().or_else(|| of("scope", "displayName"));
        let settings = match properties.get("effectiveRules").and_then(Value::as_array) {
            Some(rules) => rules::read(rules).map_err(|error| error.to_string()).map(|(settings, notes)| {
                known.notes.extend(notes);
                Arc::new(settings)
            }),
            None => Err("the service did not say what its settings are".to_owned()),
        };
        let built_in = of("roleDefinition", "type").is_some_and(|word| word.eq_ignore_ascii_case("BuiltInRole"));
        let policy =
            RolePolicy { settings: settings.map_err(Arc::from), name: of("roleDefinition", "displayName"), built_in };
        known.roles.insert(role, policy);
    }
    known
}
