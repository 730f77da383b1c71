//! Needs and the actions of Azure Resource Manager that serve them, as custom roles to assign.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::needs::{Need, Needs};
use super::{Reason, reason};
use crate::backend::microsoft::permission::Area;
use crate::diag::{SourceMap, Span};
use crate::model::ArmScope;
use crate::model::scope::ScopeKind;
use crate::model::text::same_name;
use crate::policy::document::ScopeRef;

/// A scope of Azure as far as the files tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// A management group, by name or display name.
    ManagementGroup {
        /// As written.
        name: String,
    },
    /// A subscription, by display name.
    Subscription {
        /// As written.
        name: String,
        /// A resource group in it.
        #[serde(skip_serializing_if = "Option::is_none")]
        resource_group: Option<String>,
    },
    /// Any scope, by its id.
    Id(ArmScope),
}

impl Scope {
    /// Of a scope as the files name it.
    pub(super) fn of(scope: &ScopeRef) -> Self {
        match scope {
            ScopeRef::ManagementGroup(name) => Self::ManagementGroup { name: name.value.to_string() },
            ScopeRef::Subscription(name) => Self::in_subscription(&name.value, None),
            ScopeRef::ResourceGroup { subscription, name } => {
                Self::in_subscription(&subscription.value, Some(&name.value))
            }
            ScopeRef::Id(scope) => match scope.value.kind() {
                ScopeKind::ManagementGroup => Self::ManagementGroup { name: scope.value.name().to_owned() },
                _ => Self::Id(scope.value.clone()),
            },
        }
    }

    /// What is looked up to find it.
    pub(super) fn area(&self) -> Area {
        match self {
            Self::ManagementGroup { .. } => Area::ManagementGroups,
            Self::Subscription { .. } | Self::Id(_) => Area::Subscriptions,
        }
    }

    fn in_subscription(name: &str, resource_group: Option<&str>) -> Self {
        let inside = resource_group.map(|group| format!("/resourceGroups/{group}")).unwrap_or_default();
        match format!("/subscriptions/{name}{inside}").parse() {
            Ok(scope) => Self::Id(scope),
            Err(_) => Self::Subscription { name: name.to_owned(), resource_group: resource_group.map(str::to_owned) },
        }
    }

    /// Whether what is assigned here holds at `below` as well, as far as can be told.
    fn holds_at(&self, below: &Self) -> bool {
        match (self, below) {
            (Self::Id(above), Self::Id(below)) => above != below && below.is_in(above),
            (Self::Subscription { name, resource_group: None }, Self::Subscription { name: other, resource_group }) => {
                same_name(name, other) && resource_group.is_some()
            }
            _ => false,
        }
    }

    /// Where a custom role that is assigned here can be defined: it cannot be defined at a resource.
    #[must_use]
    pub fn assignable(&self) -> Self {
        match self {
            Self::Id(scope) if scope.kind() == ScopeKind::Resource => {
                // `/subscriptions/<id>/resourceGroups/<name>` is four segments behind the first slash.
                let group: Vec<&str> = scope.as_str().split('/').take(5).collect();
                group.join("/").parse().map_or_else(|_| self.clone(), Self::Id)
            }
            _ => self.clone(),
        }
    }
}

/// A custom role of Azure, and where to assign it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AzureRole {
    /// What it allows.
    pub actions: Vec<Action>,
    /// Where to assign it. What is assigned above another of these scopes is not repeated there.
    pub scopes: Vec<Scope>,
}

/// An action of Azure Resource Manager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Action {
    /// Its name.
    pub action: &'static str,
    /// What it is needed for.
    pub reasons: Vec<Reason>,
}

/// One role for each set of actions that some scopes need.
///
/// A role may be assignable at one management group only, which is the service's rule for custom roles.
pub(super) fn roles(needs: &Needs, sources: &SourceMap) -> Vec<AzureRole> {
    let mut by_scope: BTreeMap<&Scope, BTreeSet<Need>> = BTreeMap::new();
    for (scope, need) in needs.arm.keys() {
        by_scope.entry(scope).or_default().insert(*need);
    }
    let covered = |scope: &Scope, wanted: &BTreeSet<Need>| {
        by_scope.iter().any(|(above, has)| above.holds_at(scope) && wanted.is_subset(has))
    };
    let mut sets: BTreeMap<&BTreeSet<Need>, Vec<Vec<&Scope>>> = BTreeMap::new();
    for (scope, wanted) in by_scope.iter().filter(|(scope, wanted)| !covered(scope, wanted)) {
        let roles = sets.entry(wanted).or_default();
        let is_group = |scope: &Scope| matches!(scope, Scope::ManagementGroup { .. });
        match roles.iter_mut().find(|scopes| !is_group(scope) || !scopes.iter().any(|other| is_group(other))) {
            Some(scopes) => scopes.push(scope),
            None => roles.push(vec![scope]),
        }
    }
    let roles = sets.into_iter().flat_map(|(wanted, roles)| roles.into_iter().map(move |scopes| (wanted, scopes)));
    roles.map(|(wanted, scopes)| role(wanted, &scopes, needs, sources)).collect()
}

fn role(wanted: &BTreeSet<Need>, scopes: &[&Scope], needs: &Needs, sources: &SourceMap) -> AzureRole {
    let mut actions: BTreeMap<&'static str, Vec<Reason>> = BTreeMap::new();
    for need in wanted {
        let mut places: Vec<Span> = scopes
            .iter()
            .filter_map(|scope| needs.arm.get(&((*scope).clone(), *need)))
            .flat_map(|places| places.iter().copied())
            .collect();
        places.sort();
        for action in need.actions() {
            actions.entry(action).or_default().push(reason(need.to(), &places, sources));
        }
    }
    let actions = actions.into_iter().map(|(action, reasons)| Action { action, reasons });
    AzureRole { actions: actions.collect(), scopes: scopes.iter().map(|scope| (*scope).clone()).collect() }
}
