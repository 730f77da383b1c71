//! Roles of Azure resources: their URLs and quirks.

pub(super) mod everything;
pub(super) mod path;
mod places;
mod policies;
pub(super) mod read;
mod roles;

pub(super) use places::{Places, find};
pub(super) use policies::{Policies, definition, find as find_policies, is_of};

use super::http::path_segment;
use crate::model::ArmScope;

/// The version of the interface of PIM for Azure resources.
const PIM: &str = "2020-10-01";
/// That of role definitions.
const AUTHORIZATION: &str = "2022-04-01";
/// That of subscriptions.
const SUBSCRIPTIONS: &str = "2022-12-01";
/// That of management groups.
const MANAGEMENT_GROUPS: &str = "2020-05-01";

/// The path of a collection at a scope, with the first part of its query.
fn collection(scope: &ArmScope, collection: &str, version: &str) -> String {
    let segments: Vec<String> = scope.as_str().split('/').map(path_segment).collect();
    format!("{}/providers/Microsoft.Authorization/{collection}?api-version={version}", segments.join("/"))
}
