//! The JSON of a tenant file.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::settings::Settings;

/// A flag is true, false, or null where whoever wrote the file did not know.
type Flag = Option<bool>;

#[expect(clippy::unnecessary_wraps, reason = "it stands for what a file leaves out")]
fn yes() -> Flag {
    Some(true)
}

#[expect(clippy::unnecessary_wraps, reason = "it stands for what a file leaves out")]
fn no() -> Flag {
    Some(false)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_yes(value: &Flag) -> bool {
    *value == Some(true)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_no(value: &Flag) -> bool {
    *value == Some(false)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The whole file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(rename = "$schema", default, skip_serializing)]
    pub(super) _schema: Option<String>,
    pub(super) format: String,
    pub(super) version: u64,
    pub(super) tenant: TenantEntry,
    #[serde(rename = "read_at", default, skip_serializing)]
    pub(super) _read_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) runner: Option<Uuid>,
    #[serde(rename = "incomplete", default, skip_serializing)]
    pub(super) _incomplete: Vec<String>,
    #[serde(rename = "unread_makers", default, skip_serializing)]
    pub(super) _unread_makers: Vec<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) users: Vec<UserEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) groups: Vec<GroupEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) service_principals: Vec<ServicePrincipalEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) other_principals: Vec<OtherPrincipalEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) administrative_units: Vec<UnitEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) authentication_contexts: Vec<ContextEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) management_groups: Vec<ManagementGroupEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) subscriptions: Vec<SubscriptionEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) resource_groups: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) resources: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) directory_roles: Vec<DirectoryRoleEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) azure_roles: Vec<AzureRoleEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) targets: Vec<TargetEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantEntry {
    pub(super) id: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserEntry {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) upn: String,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub(super) enabled: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sort: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MembershipWord {
    #[default]
    Assigned,
    Dynamic,
    Synchronized,
    Unknown,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupEntry {
    pub(super) id: Uuid,
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(default = "no", skip_serializing_if = "is_no")]
    pub(super) role_assignable: Flag,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) membership: MembershipWord,
    #[serde(default = "no", skip_serializing_if = "is_no")]
    pub(super) pim: Flag,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) members: Vec<Uuid>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) owners: Vec<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unreadable: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServicePrincipalEntry {
    pub(super) id: Uuid,
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) app_id: Option<Uuid>,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub(super) enabled: Flag,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sort: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OtherPrincipalEntry {
    pub(super) id: Uuid,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sort: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnitEntry {
    pub(super) id: Uuid,
    pub(super) name: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContextEntry {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub(super) available: Flag,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ManagementGroupEntry {
    pub(super) id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) parent: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubscriptionEntry {
    pub(super) id: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) management_group: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DirectoryRoleEntry {
    pub(super) id: Uuid,
    pub(super) name: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AzureRoleEntry {
    pub(super) id: Uuid,
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) assignable_scopes: Vec<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetEntry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) directory_role: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) access: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<Uuid>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) settings: Settings,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) unknown_settings: std::collections::BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unreadable: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) without_settings: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) eligible: Vec<Row>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) active: Vec<Row>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AssignmentScope {
    #[default]
    Whole,
    AdministrativeUnit(Uuid),
    Object(Uuid),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OriginWord {
    #[default]
    Assigned,
    Activated,
    OutsidePim,
    Inherited,
    ThroughGroup,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub(super) principal: Uuid,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) scope: AssignmentScope,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) start: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) end: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) origin: OriginWord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) condition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) made_by: Option<String>,
}
