//! The format of a tenant file: one JSON object that holds all that a tenant can answer.
//!
//! What `pimform snapshot` writes and what the local backend keeps its tenant in are the same thing. The types here are
//! the format and nothing else; [`Tenant`](super::Tenant) is what is worked with.

mod layout;
mod makers;
mod parse;

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::model::settings::Unknown;
pub use makers::UnreadMakersEntry;

use crate::model::{
    Access, AdministrativeUnitId, Answer, ArmScope, AssignmentScope, Condition, ContextId, Field, GroupMembership,
    Origin, PrincipalId, RoleId, Settings, Sort, Sparse, Surface, Target, TenantId, Time,
};

/// A tenant in one file.
///
/// All lists may be left out and are empty then. A target that is not listed has the service's default settings and no
/// assignments, provided that its role, group or scope is listed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a tenant file")]
pub struct TenantFile {
    /// Where the JSON Schema of this file is, for editors.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Box<str>>,
    /// Says what kind of file this is.
    pub format: Format,
    /// The version of the format.
    pub version: Version,
    /// The tenant.
    pub tenant: TenantEntry,
    /// When the tenant was read, if the file is a snapshot of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Time>,
    /// Who plans and applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<PrincipalId>,
    /// What could not be listed when the tenant was read, so that nobody can say what of it is missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incomplete: Vec<Box<str>>,
    /// Of which assignments nobody could say who made them when the tenant was read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread_makers: Vec<UnreadMakersEntry>,
    /// The users.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<UserEntry>,
    /// The groups, with their static members and owners.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupEntry>,
    /// The service principals and managed identities.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_principals: Vec<ServicePrincipalEntry>,
    /// What exists and is no user, group or service principal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_principals: Vec<OtherPrincipalEntry>,
    /// The administrative units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub administrative_units: Vec<AdministrativeUnitEntry>,
    /// The Conditional Access authentication contexts. Left out, it is not known which there are; `[]` means none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication_contexts: Option<Vec<ContextEntry>>,
    /// The management groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub management_groups: Vec<ManagementGroupEntry>,
    /// The subscriptions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subscriptions: Vec<SubscriptionEntry>,
    /// The ids of the resource groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_groups: Vec<ArmScope>,
    /// The ids of the resources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ArmScope>,
    /// The role definitions of Microsoft Entra.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub directory_roles: Vec<DirectoryRoleEntry>,
    /// The role definitions of Azure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub azure_roles: Vec<AzureRoleEntry>,
    /// Settings and assignments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<TargetEntry>,
}

/// Says what kind of file this is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(expecting = "`pimform-tenant`")]
pub enum Format {
    /// A tenant in one file.
    #[default]
    #[serde(rename = "pimform-tenant")]
    Tenant,
}

/// The version of the format: 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version;

impl Version {
    /// The only one there is so far.
    pub const NUMBER: u64 = 1;
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(Self::NUMBER)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            Self::NUMBER => Ok(Self),
            other => Err(de::Error::custom(format_args!("there is no version {other} of this format"))),
        }
    }
}

impl JsonSchema for Version {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "description": "The version of the format.", "const": Self::NUMBER })
    }
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a tenant")]
pub struct TenantEntry {
    /// Its id.
    pub id: TenantId,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Arc<str>>,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a user")]
pub struct UserEntry {
    /// The object id.
    pub id: PrincipalId,
    /// The display name.
    pub name: Arc<str>,
    /// The user principal name.
    pub upn: Arc<str>,
    /// Whether the user may sign in; null where that is not known.
    #[serde(default = "Answer::yes", skip_serializing_if = "is_yes")]
    pub enabled: Answer,
    /// What the service calls it, where it is no plain user: `agentUser`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<Sort>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a group")]
pub struct GroupEntry {
    /// The object id.
    pub id: PrincipalId,
    /// The display name.
    pub name: Arc<str>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Arc<str>>,
    /// Whether it may hold directory roles; null where that is not known.
    #[serde(default = "Answer::no", skip_serializing_if = "is_no")]
    pub role_assignable: Answer,
    /// How its members come about.
    #[serde(default, skip_serializing_if = "is_assigned_membership")]
    pub membership: GroupMembership,
    /// Whether it has been brought under PIM; null where that is not known.
    #[serde(default = "Answer::no", skip_serializing_if = "is_no")]
    pub pim: Answer,
    /// The static members. Who is a member through PIM stands at the target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<PrincipalId>,
    /// The static owners. Who is an owner through PIM stands at the target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<PrincipalId>,
    /// Why members and owners could not be read, if they could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<Arc<str>>,
}

/// A service principal or managed identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a service principal")]
pub struct ServicePrincipalEntry {
    /// The object id.
    pub id: PrincipalId,
    /// The display name.
    pub name: Arc<str>,
    /// The application id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub app_id: Option<Uuid>,
    /// Whether it may sign in; null where that is not known.
    #[serde(default = "Answer::yes", skip_serializing_if = "is_yes")]
    pub enabled: Answer,
    /// What the service calls it, where it is no plain service principal: `agentIdentity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<Sort>,
}

/// What exists and is no user, group or service principal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a principal of another kind")]
pub struct OtherPrincipalEntry {
    /// The object id.
    pub id: PrincipalId,
    /// The display name.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub name: Arc<str>,
    /// What the service calls it: `device`. Nothing where it could not be looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<Sort>,
}

/// An administrative unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an administrative unit")]
pub struct AdministrativeUnitEntry {
    /// Its id.
    pub id: AdministrativeUnitId,
    /// The display name.
    pub name: Arc<str>,
}

/// A Conditional Access authentication context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an authentication context")]
pub struct ContextEntry {
    /// Its id.
    pub id: ContextId,
    /// The display name.
    pub name: Arc<str>,
    /// Whether it has been published; null where that is not known.
    #[serde(default = "Answer::yes", skip_serializing_if = "is_yes")]
    pub available: Answer,
}

/// A management group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a management group")]
pub struct ManagementGroupEntry {
    /// Its id: the last part of its resource id.
    pub id: Box<str>,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Arc<str>>,
    /// The id of the management group that it lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Box<str>>,
}

/// A subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a subscription")]
pub struct SubscriptionEntry {
    /// Its id.
    #[schemars(with = "String")]
    pub id: Uuid,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Arc<str>>,
    /// The id of the management group that it lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_group: Option<Box<str>>,
}

/// A role definition of Microsoft Entra.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a directory role")]
pub struct DirectoryRoleEntry {
    /// Its id.
    pub id: RoleId,
    /// The display name.
    pub name: Arc<str>,
}

/// A role definition of Azure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an Azure role")]
pub struct AzureRoleEntry {
    /// Its id.
    pub id: RoleId,
    /// The display name. Several may have the same.
    pub name: Arc<str>,
    /// Where it can be assigned; everywhere if left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assignable_scopes: Vec<ArmScope>,
}

/// Settings and assignments of one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "TargetKeys")]
pub struct TargetEntry {
    /// The target.
    #[serde(flatten)]
    pub target: Target,
    /// What differs from the service's default settings.
    #[serde(skip_serializing_if = "Settings::is_vacant")]
    pub settings: Settings<Sparse>,
    /// Settings whose values are not known, each with what was met instead.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unknown_settings: BTreeMap<Field, Unknown>,
    /// Why settings and assignments could not be read, if they could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<Arc<str>>,
    /// True for a role that has no settings of PIM yet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub without_settings: bool,
    /// The eligible assignments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub eligible: Vec<RowEntry>,
    /// The active assignments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub active: Vec<RowEntry>,
}

/// Settings and assignments of one target: `directory_role`, or `group` and `access`, or `scope` and `role`.
///
/// All keys of the three in one structure, because unknown keys cannot be refused in any other way.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a target")]
#[schemars(rename = "Target", extend("oneOf" = [
    { "required": ["directory_role"] }, { "required": ["group", "access"] }, { "required": ["scope", "role"] }
]))]
struct TargetKeys {
    /// The id of a directory role.
    directory_role: Option<RoleId>,
    /// The id of a group.
    group: Option<PrincipalId>,
    /// What an assignment to the group makes its principal.
    access: Option<Access>,
    /// A scope of Azure.
    scope: Option<ArmScope>,
    /// The id of an Azure role.
    role: Option<RoleId>,
    /// What differs from the service's default settings.
    #[serde(default)]
    settings: Settings<Sparse>,
    /// Settings whose values are not known, each with what was met instead.
    #[serde(default)]
    unknown_settings: BTreeMap<Field, Unknown>,
    /// Why settings and assignments could not be read, if they could not.
    unreadable: Option<Arc<str>>,
    /// True for a role that has no settings of PIM yet.
    #[serde(default)]
    without_settings: bool,
    /// The eligible assignments.
    #[serde(default)]
    eligible: Vec<RowEntry>,
    /// The active assignments.
    #[serde(default)]
    active: Vec<RowEntry>,
}

impl TryFrom<TargetKeys> for TargetEntry {
    type Error = &'static str;

    fn try_from(keys: TargetKeys) -> Result<Self, Self::Error> {
        let TargetKeys { directory_role, group, access, scope, role, .. } = keys;
        let TargetKeys { settings, unknown_settings, unreadable, without_settings, eligible, active, .. } = keys;
        let target = match (directory_role, (group, access), (scope, role)) {
            (Some(directory_role), (None, None), (None, None)) => Target::Directory { directory_role },
            (None, (Some(group), Some(access)), (None, None)) => Target::Group { group, access },
            (None, (None, None), (Some(scope), Some(role))) => Target::Azure { scope, role },
            (None, (None, None), (None, None)) => return Err("this entry names no target"),
            (None, (Some(_), None), (None, None)) => return Err("`group` needs `access` beside it"),
            (None, (None, Some(_)), (None, None)) => return Err("`access` needs `group` beside it"),
            (None, (None, None), (Some(_), None)) => return Err("`scope` needs `role` beside it"),
            (None, (None, None), (None, Some(_))) => return Err("`role` needs `scope` beside it"),
            _ => return Err("this entry names more than one target"),
        };
        if without_settings && target.surface() == Surface::Groups {
            return Err("a group always has settings, so `without_settings` cannot be");
        }
        if without_settings && !(settings.is_vacant() && unknown_settings.is_empty()) {
            return Err("`without_settings` and `settings` contradict each other");
        }
        Ok(Self { target, settings, unknown_settings, unreadable, without_settings, eligible, active })
    }
}

/// One assignment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an assignment")]
pub struct RowEntry {
    /// Who. It may be a principal that has been deleted since.
    pub principal: PrincipalId,
    /// Over what, for directory roles; all of the directory if left out.
    #[serde(default, skip_serializing_if = "AssignmentScope::is_whole")]
    pub scope: AssignmentScope,
    /// When it begins; it always has been if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Time>,
    /// When it ends; never if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Time>,
    /// How it came about. Only what was assigned here is ever changed.
    #[serde(default, skip_serializing_if = "Origin::is_assigned")]
    pub origin: Origin,
    /// The condition, for Azure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// The application that made it, such as an access package; left out where somebody made it, or nobody knows who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<Arc<str>>,
}

impl TenantFile {
    /// A tenant with nothing in it.
    pub fn empty(tenant: TenantEntry) -> Self {
        Self {
            schema: None,
            format: Format::Tenant,
            version: Version,
            tenant,
            read_at: None,
            runner: None,
            incomplete: Vec::new(),
            unread_makers: Vec::new(),
            users: Vec::new(),
            groups: Vec::new(),
            service_principals: Vec::new(),
            other_principals: Vec::new(),
            administrative_units: Vec::new(),
            authentication_contexts: None,
            management_groups: Vec::new(),
            subscriptions: Vec::new(),
            resource_groups: Vec::new(),
            resources: Vec::new(),
            directory_roles: Vec::new(),
            azure_roles: Vec::new(),
            targets: Vec::new(),
        }
    }
}

/// The JSON Schema of tenant files, draft 2020-12.
pub fn tenant_schema() -> serde_json::Value {
    schemars::schema_for!(TenantFile).to_value()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_yes(answer: &Answer) -> bool {
    answer.is_yes()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_no(answer: &Answer) -> bool {
    answer.is_no()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_assigned_membership(membership: &GroupMembership) -> bool {
    *membership == GroupMembership::Assigned
}

#[cfg(test)]
mod tests;
