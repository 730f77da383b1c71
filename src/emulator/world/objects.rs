//! The objects of a tenant.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::emulator::world::{Scope, Time};

/// What clients have set of an object and nothing here depends on, by name. There are no nulls on the first level.
pub(crate) type Extra = Map<String, Value>;

/// The tenant itself.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    /// Its id.
    pub(crate) id: Uuid,
    /// Its name.
    pub(crate) name: Option<String>,
}

/// A user.
#[derive(Clone, Debug)]
pub(crate) struct User {
    /// The object id.
    pub(crate) id: Uuid,
    /// The display name.
    pub(crate) name: String,
    /// The user principal name.
    pub(crate) upn: String,
    /// Whether the user may sign in; null to whoever asks, where that is not to be seen.
    pub(crate) enabled: Option<bool>,
    /// The type that it is of, where that derives from user: `agentUser`.
    pub(crate) sort: Option<String>,
    /// Everything else.
    pub(crate) extra: Extra,
}

/// How the members of a group come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Membership {
    /// They are assigned.
    Assigned,
    /// By a rule.
    Dynamic,
    /// They come from a directory elsewhere.
    Synchronized,
}

/// A group.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own on Graph")]
pub(crate) struct Group {
    /// The object id.
    pub(crate) id: Uuid,
    /// The display name.
    pub(crate) name: String,
    /// What it is for.
    pub(crate) description: Option<String>,
    /// The local part of its mail address.
    pub(crate) mail_nickname: String,
    /// Whether it may hold directory roles.
    pub(crate) role_assignable: bool,
    /// How its members come about.
    pub(crate) membership: Membership,
    /// Whether it is a security group.
    pub(crate) security: bool,
    /// Whether it is a Microsoft 365 group.
    pub(crate) unified: bool,
    /// Whether it has been brought under PIM.
    pub(crate) pim: bool,
    /// The static members.
    pub(crate) members: Vec<Uuid>,
    /// The static owners.
    pub(crate) owners: Vec<Uuid>,
    /// Why it cannot be read, if it cannot.
    pub(crate) unreadable: Option<String>,
    /// When it was created, if that was here.
    pub(crate) created: Option<Time>,
    /// Everything else.
    pub(crate) extra: Extra,
}

/// A service principal.
#[derive(Clone, Debug)]
pub(crate) struct ServicePrincipal {
    /// The object id.
    pub(crate) id: Uuid,
    /// The display name.
    pub(crate) name: String,
    /// The id of its application.
    pub(crate) app_id: Option<Uuid>,
    /// Whether it may sign in; null to whoever asks, where that is not to be seen.
    pub(crate) enabled: Option<bool>,
    /// The type that it is of, where that derives from service principal: `agentIdentity`.
    pub(crate) sort: Option<String>,
    /// Who owns it.
    pub(crate) owners: Vec<Uuid>,
    /// Everything else.
    pub(crate) extra: Extra,
}

/// A directory object that is none of these: a device, a contact.
#[derive(Clone, Debug)]
pub(crate) struct OtherPrincipal {
    /// The object id.
    pub(crate) id: Uuid,
    /// The display name.
    pub(crate) name: String,
    /// The type that it is of.
    pub(crate) sort: String,
}

/// An application that was registered here.
#[derive(Clone, Debug)]
pub(crate) struct Application {
    /// The object id.
    pub(crate) id: Uuid,
    /// The id that its service principals carry.
    pub(crate) app_id: Uuid,
    /// The display name.
    pub(crate) name: String,
    /// When it was registered.
    pub(crate) created: Time,
    /// Who owns it.
    pub(crate) owners: Vec<Uuid>,
    /// Everything else.
    pub(crate) extra: Extra,
}

/// An administrative unit.
#[derive(Clone, Debug)]
pub(crate) struct AdministrativeUnit {
    /// Its id.
    pub(crate) id: Uuid,
    /// The display name.
    pub(crate) name: String,
}

/// An authentication context of Conditional Access.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// Its id, such as `c1`.
    pub(crate) id: String,
    /// The display name.
    pub(crate) name: String,
    /// Whether it has been published.
    pub(crate) available: bool,
}

/// A management group.
#[derive(Clone, Debug)]
pub(crate) struct ManagementGroup {
    /// Its id: the last segment of its resource id.
    pub(crate) id: String,
    /// The display name.
    pub(crate) name: Option<String>,
    /// The id of the management group that it lies in.
    pub(crate) parent: Option<String>,
}

/// A subscription.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    /// Its id.
    pub(crate) id: Uuid,
    /// The display name.
    pub(crate) name: Option<String>,
    /// The id of the management group that it lies in.
    pub(crate) management_group: Option<String>,
}

/// A role definition of Microsoft Entra.
#[derive(Clone, Debug)]
pub(crate) struct DirectoryRole {
    /// Its id.
    pub(crate) id: Uuid,
    /// The display name.
    pub(crate) name: String,
    /// Whether it was made here; the others are built in.
    pub(crate) custom: bool,
    /// Everything else, of one that was made here.
    pub(crate) extra: Extra,
}

/// A role definition of Azure.
#[derive(Clone, Debug)]
pub(crate) struct AzureRole {
    /// The GUID at the end of its id.
    pub(crate) id: Uuid,
    /// The display name.
    pub(crate) name: String,
    /// Where it can be assigned; everywhere if empty.
    pub(crate) assignable_scopes: Vec<Scope>,
    /// What it is for, if anybody said so.
    pub(crate) description: Option<String>,
    /// What it allows, as the service writes it, if that is known.
    pub(crate) permissions: Option<Value>,
    /// When it was made and last changed, if that was here.
    pub(crate) made: Option<(Time, Time)>,
}

impl AzureRole {
    /// A role of which nothing but this is known.
    pub(crate) fn new(id: Uuid, name: impl Into<String>, assignable_scopes: Vec<Scope>) -> Self {
        Self { id, name: name.into(), assignable_scopes, description: None, permissions: None, made: None }
    }
}

/// A principal of any kind.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Principal<'w> {
    /// A user.
    User(&'w User),
    /// A group.
    Group(&'w Group),
    /// A service principal.
    Service(&'w ServicePrincipal),
    /// Anything else.
    Other(&'w OtherPrincipal),
}

impl<'w> Principal<'w> {
    /// The object id.
    pub(crate) fn id(self) -> Uuid {
        match self {
            Self::User(user) => user.id,
            Self::Group(group) => group.id,
            Self::Service(service) => service.id,
            Self::Other(other) => other.id,
        }
    }

    /// The display name.
    pub(crate) fn name(self) -> &'w str {
        match self {
            Self::User(user) => &user.name,
            Self::Group(group) => &group.name,
            Self::Service(service) => &service.name,
            Self::Other(other) => &other.name,
        }
    }

    /// `User`, `Group`, `ServicePrincipal`, `ForeignGroup`, `Device` or `Unknown`, as Azure calls it.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::User(_) => "User",
            Self::Group(_) => "Group",
            Self::Service(_) => "ServicePrincipal",
            Self::Other(other) if other.sort == "foreignGroup" => "ForeignGroup",
            Self::Other(other) if other.sort == "device" => "Device",
            Self::Other(_) => "Unknown",
        }
    }
}

/// Who sends a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The object id of a user or a service principal.
    pub(crate) id: Uuid,
    /// The display name.
    pub(crate) name: Option<String>,
    /// The user principal name; nothing for an application.
    pub(crate) upn: Option<String>,
    /// The id of the application that calls for itself; nothing for a user.
    pub(crate) app_id: Option<Uuid>,
    /// Whether an application calls for itself.
    pub(crate) is_application: bool,
    /// Whether a user has proven who it is with a second factor.
    pub(crate) mfa: bool,
    /// The authentication contexts that the sign-in has satisfied.
    pub(crate) contexts: Vec<String>,
}
