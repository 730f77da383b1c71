//! One policy file as it is written: names still unresolved, every value typed and with its place.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::assignment::{Assignment, PrincipalRef};
use super::decode::{Decode, Decoder, Entries, Loc, document};
use super::layer::Layer;
use super::node::{Node, NodeValue};
use crate::diag::Finding;
use crate::model::{ArmScope, Ownership, TenantId, scope::ArmScopeError};

document! {
    /// A policy file: who may become what, where, for how long and under which conditions.
    pub struct PolicyFile titled "PolicyFile" {
        /// Version of the policy language. One file at least must state it.
        version: Option<Loc<Version>>;
        /// The backend to use if the command line names none: `microsoft`, or `local:` and a file relative to this one.
        backend: Option<Loc<Arc<str>>>, example "local:../tenant.json";
        /// Where the lock and the records of applies are kept: a folder relative to this file, or `az://`, `s3://` or
        /// `gs://` and a path. The folder `.pimform` beside the policy directory if left out.
        store: Option<Loc<Arc<str>>>, example "az://pimform/production";
        /// The tenant that the files are for. A plan refuses any other.
        tenant: Option<Loc<Tenant>>;
        /// The profile that nothing declared may be looser than.
        floor: Option<Loc<Arc<str>>>, example "minimum";
        /// Whether lists are complete, or leave what they do not name.
        ownership: Option<Loc<Ownership>>;
        /// Named settings.
        profiles: Option<Entries<Layer>>;
        /// Named sets of approvers.
        approvers: Option<Entries<Vec<PrincipalRef>>>;
        /// Groups by display name or id.
        groups: Option<Entries<GroupEntry>>;
        /// Directory roles by name or id; `"*"` for all others.
        directory_roles: Option<Entries<TargetEntry>>;
        /// Roles at scopes of Azure.
        azure: Option<Vec<AzureEntry>>;
        /// Principals that no plan may take anything from.
        protected: Option<Vec<PrincipalRef>>;
    }
}

document! {
    /// A tenant.
    pub struct Tenant titled "Tenant" {
        /// Its id.
        id: Loc<TenantId>, example "0f4a2a3e-0000-4000-8000-000000000001";
        /// Its cloud. The public one if left out.
        cloud: Option<Loc<Cloud>>;
        /// Its name, for people.
        name: Option<Arc<str>>;
    }
}

document! {
    /// A target: its settings and its assignments. What is left out is left as it is.
    pub struct TargetEntry titled "Target" {
        /// The name of a profile, or settings.
        settings: Option<SettingsRef>;
        /// Who may activate. The whole list; `[]` for nobody.
        eligible: Option<Loc<Vec<Assignment>>>;
        /// Who has it without activating. The whole list; `[]` for nobody.
        active: Option<Loc<Vec<Assignment>>>;
        /// Whether the lists are complete, or leave what they do not name.
        ownership: Option<Loc<Ownership>>;
    }
}

document! {
    /// A group.
    pub struct GroupEntry titled "Group" {
        /// How to create it where it does not exist.
        create: Option<Loc<CreateGroup>>;
        /// Its static members. The whole list; `[]` for nobody.
        members: Option<Loc<Vec<PrincipalRef>>>;
        /// Its static owners. The whole list; `[]` for nobody.
        owners: Option<Loc<Vec<PrincipalRef>>>;
        /// Membership through Privileged Identity Management.
        member: Option<Loc<TargetEntry>>;
        /// Ownership through Privileged Identity Management.
        owner: Option<Loc<TargetEntry>>;
        /// Whether `members` and `owners` are complete, or leave what they do not name.
        ownership: Option<Loc<Ownership>>;
    }
}

document! {
    /// How to create a group.
    pub struct CreateGroup titled "CreateGroup" {
        /// Its description.
        description: Option<Arc<str>>;
        /// Whether it may hold directory roles. Cannot be changed later.
        role_assignable: Option<Loc<bool>>;
    }
}

document! {
    /// Roles at one scope of Azure.
    pub struct AzureKeys titled "AzureScope" {
        /// Name or display name of a management group.
        management_group: Option<Loc<Arc<str>>>, example "core";
        /// Name or id of a subscription.
        subscription: Option<Loc<Arc<str>>>;
        /// Id of a resource group, or its name beside `subscription`.
        resource_group: Option<Loc<Arc<str>>>;
        /// Id of a resource.
        resource: Option<Loc<ArmScope>>;
        /// Id of any scope.
        scope: Option<Loc<ArmScope>>;
        /// Roles by name or id; `"*"` for all others.
        roles: Entries<TargetEntry>;
    }
}

/// Settings of a target.
#[derive(Clone, Debug)]
pub enum SettingsRef {
    /// The name of a profile.
    Profile(Loc<Arc<str>>),
    /// Stated in place.
    Inline(Box<Layer>),
}

/// A scope of Azure and the roles there.
#[derive(Clone, Debug)]
pub struct AzureEntry {
    /// Which scope.
    pub scope: ScopeRef,
    /// The roles there.
    pub roles: Entries<TargetEntry>,
}

/// A scope of Azure as files name it.
#[derive(Clone, Debug)]
pub enum ScopeRef {
    /// A management group by name or display name.
    ManagementGroup(Loc<Arc<str>>),
    /// A subscription by name or id.
    Subscription(Loc<Arc<str>>),
    /// A resource group by name, in a subscription by name or id.
    ResourceGroup {
        /// The subscription.
        subscription: Loc<Arc<str>>,
        /// The resource group.
        name: Loc<Arc<str>>,
    },
    /// By its id.
    Id(Loc<ArmScope>),
}

impl ScopeRef {
    /// Where it stands.
    pub fn at(&self) -> crate::diag::Span {
        match self {
            Self::ManagementGroup(name) | Self::Subscription(name) | Self::ResourceGroup { name, .. } => name.at,
            Self::Id(scope) => scope.at,
        }
    }
}

/// The version of the policy language.
#[derive(Clone, Copy, Debug)]
pub struct Version;

/// A cloud of Microsoft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Cloud {
    /// The public one.
    Public,
    /// That of the government of the United States.
    UsGov,
    /// That of China.
    China,
}

impl Decode for Version {
    type Schema = Self;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        if node.value == NodeValue::Int(1) {
            return Some(Self);
        }
        if matches!(&node.value, NodeValue::Text(text) if text == "1") {
            let finding = Finding::error("version", "the version is a number, and this is text");
            return decoder
                .refuse(finding.at(decoder.span(node), "in quotes").help("write `version: 1`, without quotes"));
        }
        let finding = Finding::error("version", "this version of the policy language is not known");
        decoder.refuse(
            finding
                .at(decoder.span(node), "not `1`")
                .help("write `version: 1`; files of a later version need a newer pimform"),
        )
    }
}

impl JsonSchema for Version {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Version".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "const": 1 })
    }
}

impl Decode for TenantId {
    type Schema = Self;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let help = "write the GUID in its hyphenated form";
        decoder.parse(node, "the id of a tenant", help, |text| {
            let message = || format!("`{text}` is not the id of a tenant");
            text.parse().map_err(|_| Finding::error("bad-value", message()).help(help))
        })
    }
}

impl Decode for ArmScope {
    type Schema = Self;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        decoder.parse(node, "the id of an Azure scope", ArmScopeError::HELP, |text| {
            text.parse().map_err(|error: ArmScopeError| {
                Finding::error("bad-value", error.to_string()).help(ArmScopeError::HELP)
            })
        })
    }
}

/// Reads one of a few words.
fn word<T: Copy>(node: &Node<'_>, decoder: &mut Decoder<'_>, words: &[(&'static str, T)]) -> Option<T> {
    let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
    let expected = format!("one of {}", super::decode::list(&names));
    decoder.parse(node, &expected, &format!("write {expected}"), |text| {
        words.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).ok_or_else(|| {
            let near = crate::diag::nearest(text, names.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            Finding::error("bad-value", format!("`{text}` is not {expected}"))
                .help(near.unwrap_or_else(|| format!("write {expected}")))
        })
    })
}

impl Decode for Cloud {
    type Schema = Self;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        word(node, decoder, &[("public", Self::Public), ("usgov", Self::UsGov), ("china", Self::China)])
    }
}

impl Decode for Ownership {
    type Schema = Self;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        word(node, decoder, &[("complete", Self::Complete), ("additive", Self::Additive)])
    }
}

impl Decode for SettingsRef {
    type Schema = Self;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        if let NodeValue::Map(_) = node.value {
            return Layer::decode(node, decoder).map(|layer| Self::Inline(Box::new(layer)));
        }
        let value = decoder.name(node, "the name of a profile, or settings")?;
        Some(Self::Profile(Loc { value, at: decoder.span(node) }))
    }
}

impl JsonSchema for SettingsRef {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SettingsOrProfile".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let layer = generator.subschema_for::<<Layer as Decode>::Schema>();
        schemars::json_schema!({
            "anyOf": [{ "type": "string", "description": "The name of a profile." }, layer]
        })
    }
}

impl Decode for AzureEntry {
    type Schema = AzureKeys;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let keys = AzureKeys::decode(node, decoder)?;
        let map = decoder.span(node);
        let scope = scope_of(&keys, map).map_err(|finding| decoder.refuse::<()>(finding)).ok()?;
        Some(Self { scope, roles: keys.roles })
    }
}

/// The one scope that an entry names.
fn scope_of(keys: &AzureKeys, map: crate::diag::Span) -> Result<ScopeRef, Finding> {
    let AzureKeys { management_group, subscription, resource_group, resource, scope, roles: _ } = keys;
    match (management_group, subscription, resource_group, resource, scope) {
        (Some(name), None, None, None, None) => Ok(ScopeRef::ManagementGroup(name.clone())),
        (None, Some(name), None, None, None) => Ok(ScopeRef::Subscription(name.clone())),
        (None, Some(subscription), Some(name), None, None) => {
            Ok(ScopeRef::ResourceGroup { subscription: subscription.clone(), name: name.clone() })
        }
        (None, None, Some(id), None, None) => match id.value.parse() {
            Ok(value) => Ok(ScopeRef::Id(Loc { value, at: id.at })),
            Err(_) => Err(Finding::error("bad-value", format!("`{}` is not the id of a resource group", id.value))
                .at(id.at, "in which subscription?")
                .help("write the whole id, or add `subscription:`")),
        },
        (None, None, None, Some(id), None) | (None, None, None, None, Some(id)) => Ok(ScopeRef::Id(id.clone())),
        (None, None, None, None, None) => Err(Finding::error("missing-key", "the entry names no scope")
            .at(map, "which scope?")
            .help("add `management_group:`, `subscription:`, `resource_group:`, `resource:` or `scope:`")),
        _ => {
            let named = [management_group, subscription, resource_group].map(|name| name.as_ref().map(|name| name.at));
            let ids = [resource, scope].map(|id| id.as_ref().map(|id| id.at));
            let finding = Finding::error("conflicting-keys", "the entry names more than one scope");
            Err(named
                .into_iter()
                .chain(ids)
                .flatten()
                .fold(finding, |finding, at| finding.at(at, "named here"))
                .help("write one entry for each scope"))
        }
    }
}
