//! The policies of roles at scopes of Azure.
//!
//! One list of a scope holds every role that can be assigned there, some megabytes of it, and names the roles. Where only
//! a few roles are declared, one filtered read for each is less to send; from four on the list is fewer requests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::super::assembly::why;
use super::super::error::{ErrorKind, ServiceError};
use super::super::http::{ReadClient, Rows, Service, odata_literal, path_segment, query_value};
use super::super::policies::is_unanswered;
use super::super::rules;
use super::super::schedules::{arm_scope, last_segment};
use super::super::wire;
use super::{PIM, collection, path};
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
    /// What was met in its settings and left alone.
    pub(in super::super) notes: BTreeSet<String>,
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
    match find(client, scope, roles).await {
        Ok(found) if found.complete => ScopePolicies::Read(Known { complete: true, ..known(scope, found.iter()) }),
        Ok(found) => {
            let mut known = known(scope, found.iter());
            known.roles.retain(|role, _| roles.contains_key(role));
            ScopePolicies::Read(known)
        }
        Err(error) => failed(scope, error),
    }
}

/// What assigns policies to roles at a scope.
#[derive(Debug)]
pub(in super::super) struct Listed {
    /// What assigns them, as it was listed.
    rows: Rows,
    /// Rules by the ids of policies, where what assigns them does not have them.
    apart: BTreeMap<String, Value>,
    /// Whether these are all that there are at the scope.
    complete: bool,
}

impl Listed {
    /// Each, with its rules, built when it is its turn.
    pub(in super::super) fn iter(&self) -> impl Iterator<Item = Value> + '_ {
        self.rows.iter().map(|mut item| {
            let rules = without_rules(&item).and_then(|id| self.apart.get(id)).cloned();
            if let (Some(rules), Some(Value::Object(properties))) = (rules, item.get_mut("properties")) {
                properties.insert("effectiveRules".to_owned(), rules);
            }
            item
        })
    }
}

/// Finds the policies of a few roles at a scope, for whoever reads them and for whoever changes them. Each is asked for by
/// itself; where one is not found so, or the service does not manage to answer, all of the scope are listed.
pub(in super::super) async fn find(
    client: &ReadClient,
    scope: &ArmScope,
    roles: &BTreeMap<RoleId, String>,
) -> Result<Listed, ServiceError> {
    let reads = roles.values().map(|definition| filtered(client, scope, definition));
    let mut listed = Listed { rows: Rows::default(), apart: BTreeMap::new(), complete: false };
    for found in futures::future::join_all(reads).await {
        match found {
            Ok(rows) => listed.rows.append(rows),
            Err(error) if is_unanswered(&error) => listed.complete = true,
            Err(error) => return Err(error),
        }
    }
    // The filter compares ids as text. Where it found nothing, the list says whether there is nothing.
    let is_there = |role: &RoleId| listed.rows.iter().any(|item| is_of(&item, scope, *role));
    if listed.complete || !roles.keys().all(is_there) {
        listed = Listed { rows: whole(client, scope).await?, complete: true, ..listed };
    }
    let is_wanted = |item: &&Value| roles.keys().any(|role| is_of(item, scope, *role));
    let lacking = listed.rows.each(|item| Some(item).filter(is_wanted).and_then(without_rules).map(str::to_owned));
    for id in lacking.collect::<BTreeSet<_>>() {
        let path = collection(scope, &format!("roleManagementPolicies/{}", path_segment(&id)), PIM);
        let mut policy = client.get(Service::Arm, &path).await?;
        listed.apart.extend(policy.pointer_mut("/properties/rules").map(|rules| (id, rules.take())));
    }
    Ok(listed)
}

/// Whether something assigns the policy of this role at this scope. The filter is not in the published definition, so it
/// may be ignored; and what is elsewhere has other rules.
pub(in super::super) fn is_of(item: &Value, scope: &ArmScope, role: RoleId) -> bool {
    let properties = item.get("properties").unwrap_or(&Value::Null);
    let own = wire::field(properties, "roleDefinitionId").and_then(|id| last_segment(id).parse::<RoleId>().ok());
    let elsewhere = wire::field(properties, "scope").and_then(arm_scope).is_some_and(|place| place != *scope);
    own == Some(role) && !elsewhere
}

/// The id of the policy that has the rules, where what assigns it does not have them.
fn without_rules(item: &Value) -> Option<&str> {
    let properties = item.get("properties")?;
    let has_rules = properties.get("effectiveRules").and_then(Value::as_array).is_some_and(|rules| !rules.is_empty());
    if has_rules { None } else { wire::field(properties, "policyId").map(last_segment) }
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
    match whole(client, scope).await {
        Ok(items) => ScopePolicies::Read(Known { complete: true, ..known(scope, items.iter()) }),
        Err(error) => failed(scope, error),
    }
}

async fn whole(client: &ReadClient, scope: &ArmScope) -> Result<Rows, ServiceError> {
    client.list(Service::Arm, &path::policies(scope)).await
}

async fn filtered(client: &ReadClient, scope: &ArmScope, definition: &str) -> Result<Rows, ServiceError> {
    let filter = query_value(&format!("roleDefinitionId eq {}", odata_literal(definition)));
    client.list(Service::Arm, &format!("{}&$filter={filter}", path::policies(scope))).await
}

fn failed(scope: &ArmScope, error: ServiceError) -> ScopePolicies {
    if error.kind == ErrorKind::NotFound {
        return ScopePolicies::Missing;
    }
    let error = error.asked(format!("list the settings of roles at `{scope}`"));
    ScopePolicies::Broken(why(&error).into())
}

fn known(scope: &ArmScope, items: impl Iterator<Item = Value>) -> Known {
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
        let read = match properties.get("effectiveRules").and_then(Value::as_array) {
            Some(rules) => rules::read(rules).map_err(|error| error.to_string().into()),
            None => Err("the service did not say what its settings are".into()),
        };
        let (settings, notes) = match read {
            Ok((settings, notes)) => (Ok(Arc::new(settings)), notes),
            Err(why) => (Err(why), BTreeSet::new()),
        };
        let built_in = of("roleDefinition", "type").is_some_and(|word| word.eq_ignore_ascii_case("BuiltInRole"));
        let policy = RolePolicy { settings, name: of("roleDefinition", "displayName"), built_in, notes };
        known.roles.insert(role, policy);
    }
    known
}
