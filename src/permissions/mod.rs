//! The least permissions that policy files need: which part of the files needs what of Microsoft Graph and of Azure
//! Resource Manager, to plan and to apply.
//!
//! Known from the files alone, so that an identity can be made before there is one to ask with.
//!
//! ```text
//!  Documents -> needs (what is read and written, where) -> graph: least application permissions
//!                                                       -> azure: actions at scopes
//! ```

mod azure;
mod graph;
mod needs;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

pub use self::azure::{AzureRole, Scope};

pub use crate::backend::microsoft::permission::GRAPH_APPLICATION;

use self::needs::{Need, Needs};
use crate::backend::microsoft::permission::Area;
use crate::diag::{Place, SourceMap, Span};
use crate::policy::Documents;

/// What an identity is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To read and compare.
    Plan,
    /// To read, compare and change.
    Apply,
}

/// What an identity needs for one purpose.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Required {
    /// What for.
    pub purpose: Purpose,
    /// Application permissions of Microsoft Graph.
    pub graph: Vec<GraphPermission>,
    /// Roles of Azure: actions, and the scopes to assign them at.
    pub azure: Vec<AzureRole>,
}

/// An application permission of Microsoft Graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GraphPermission {
    /// Its name.
    pub permission: &'static str,
    /// The id of its app role, the same in every tenant and cloud.
    pub id: &'static str,
    /// What it is needed for.
    pub reasons: Vec<Reason>,
}

/// Why something is needed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Reason {
    /// What is done with it.
    pub to: String,
    /// The first place in the files that asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// How many more places there are.
    pub more: usize,
}

/// What the files need, for each purpose, and what cannot be known from them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Permissions", description = "The JSON form of `pimform permissions`.")]
pub struct Permissions {
    /// The version of this form.
    pub version: u32,
    /// For each purpose that was asked for.
    pub required: Vec<Required>,
    /// What the files leave open.
    pub notes: Vec<String>,
}

impl Permissions {
    /// Of these files, for these purposes.
    pub fn of(documents: &Documents, sources: &SourceMap, purposes: &[Purpose]) -> Self {
        let mut notes = Vec::new();
        let required = purposes.iter().map(|purpose| {
            let mut needs = Needs::of(documents, *purpose);
            notes.append(&mut needs.notes);
            Required { purpose: *purpose, graph: graph(&needs, sources), azure: azure::roles(&needs, sources) }
        });
        let required = required.collect();
        notes.sort();
        notes.dedup();
        Self { version: 1, required, notes }
    }
}

/// What these files make a plan read.
pub fn read_by_plan(documents: &Documents) -> BTreeSet<Area> {
    let needs = Needs::of(documents, Purpose::Plan);
    let all = needs.graph.keys().copied().chain(needs.arm.keys().map(|(_, need)| *need));
    all.filter_map(Need::read).collect()
}

/// The JSON Schema of [`Permissions`].
pub fn permissions_schema() -> serde_json::Value {
    schemars::schema_for!(Permissions).to_value()
}

fn graph(needs: &Needs, sources: &SourceMap) -> Vec<GraphPermission> {
    let chosen = graph::least(needs.graph.keys().copied());
    let permissions = chosen.into_iter().map(|(permission, served)| {
        let reasons = served.iter().filter_map(|need| Some(reason(need.to(), needs.graph.get(need)?, sources)));
        GraphPermission { permission: permission.name, id: permission.id, reasons: reasons.collect() }
    });
    permissions.collect()
}

/// Places by what needs them.
type Places<K> = BTreeMap<K, Vec<Span>>;

fn reason(to: String, places: &[Span], sources: &SourceMap) -> Reason {
    let place = places.first().and_then(|span| sources.place(*span));
    Reason { to, place, more: places.len().saturating_sub(1) }
}

#[cfg(test)]
mod tests;
