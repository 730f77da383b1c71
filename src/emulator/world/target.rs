//! What one policy governs.

use uuid::Uuid;

use crate::emulator::world::Scope;

/// One of the three parts of PIM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    /// Directory roles of Microsoft Entra.
    Directory,
    /// PIM for Groups.
    Groups,
    /// Roles of Azure resources.
    Azure,
}

/// Membership or ownership of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Access {
    /// Membership.
    Member,
    /// Ownership.
    Owner,
}

impl Access {
    /// As Graph writes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Owner => "owner",
        }
    }

    /// Case does not matter.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Member, Self::Owner].into_iter().find(|access| access.as_str().eq_ignore_ascii_case(text))
    }
}

/// What one policy governs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// A directory role.
    Directory {
        /// The id of its definition.
        role: Uuid,
    },
    /// Membership or ownership of a group.
    Group {
        /// The group.
        group: Uuid,
        /// Which of the two.
        access: Access,
    },
    /// A role at a scope of Azure.
    Azure {
        /// The scope.
        scope: Scope,
        /// The GUID of its definition.
        role: Uuid,
    },
}

impl Target {
    /// The part of PIM that it belongs to.
    pub(crate) fn surface(&self) -> Surface {
        match self {
            Self::Directory { .. } => Surface::Directory,
            Self::Group { .. } => Surface::Groups,
            Self::Azure { .. } => Surface::Azure,
        }
    }

    /// A text that no other target has, to make ids of.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Directory { role } => format!("directory/{role}"),
            Self::Group { group, access } => format!("group/{group}/{}", access.as_str()),
            Self::Azure { scope, role } => format!("azure{}/{role}", scope.folded()),
        }
    }
}
