//! What one set of settings governs.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ArmScope, PrincipalId, RoleId};

/// One of the three areas of Privileged Identity Management.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    /// Microsoft Entra directory roles.
    Directory,
    /// PIM for Groups.
    Groups,
    /// Azure resource roles.
    Azure,
}

impl Surface {
    /// All surfaces in their order.
    pub const ALL: [Self; 3] = [Self::Directory, Self::Groups, Self::Azure];
}

impl fmt::Display for Surface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Directory => "directory roles",
            Self::Groups => "groups",
            Self::Azure => "Azure resources",
        })
    }
}

/// What an assignment to a group under PIM makes its principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// A member of the group.
    Member,
    /// An owner of the group.
    Owner,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Member => "member",
            Self::Owner => "owner",
        })
    }
}

/// What static membership of a group makes a principal. The same two things as [`Access`], but held outside PIM.
pub type Relation = Access;

/// What one set of settings governs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Target {
    /// A directory role.
    Directory {
        /// The role.
        directory_role: RoleId,
    },
    /// Membership or ownership of a group.
    Group {
        /// The group.
        group: PrincipalId,
        /// Which of the two.
        access: Access,
    },
    /// A role at a scope of Azure.
    Azure {
        /// The scope.
        scope: ArmScope,
        /// The role.
        role: RoleId,
    },
}

impl Target {
    /// The area that the target belongs to.
    pub fn surface(&self) -> Surface {
        match self {
            Self::Directory { .. } => Surface::Directory,
            Self::Group { .. } => Surface::Groups,
            Self::Azure { .. } => Surface::Azure,
        }
    }

    /// The group, if it is one.
    pub fn group(&self) -> Option<PrincipalId> {
        match self {
            Self::Group { group, .. } => Some(*group),
            Self::Directory { .. } | Self::Azure { .. } => None,
        }
    }
}
