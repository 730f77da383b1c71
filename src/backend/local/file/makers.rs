//! Of which assignments nobody could say who made them.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Kind, PrincipalId, RequestList};

/// Assignments of which nobody could say who made them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "assignments")]
pub struct UnreadMakersEntry {
    /// Those of this group; those of all directory roles if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<PrincipalId>,
    /// Of which kind.
    pub kind: Kind,
    /// Why.
    pub why: Arc<str>,
}

impl UnreadMakersEntry {
    /// For a list of requests that could not be read.
    pub fn of(list: RequestList, why: &Arc<str>) -> Self {
        Self { group: list.group, kind: list.kind, why: Arc::clone(why) }
    }

    /// The list of requests that could not be read.
    pub fn list(&self) -> RequestList {
        RequestList { group: self.group, kind: self.kind }
    }
}
