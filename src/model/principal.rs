//! Who may hold something.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, PrincipalId, Relation};

/// The kinds of principals that policies name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalKind {
    /// A user.
    User,
    /// A group.
    Group,
    /// A service principal or managed identity.
    ServicePrincipal,
}

impl PrincipalKind {
    /// The word in addresses: `user:`, `group:`, `servicePrincipal:`.
    pub fn address_word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::ServicePrincipal => "servicePrincipal",
        }
    }
}

impl fmt::Display for PrincipalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::Group => "group",
            Self::ServicePrincipal => "service principal",
        })
    }
}

/// What the service calls an object that is no plain user, group or service principal: `agentUser`, `device`. The service
/// adds such words; an object is never taken for gone because its word is new.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent, expecting = "a word such as `agentUser` or `device`")]
pub struct Sort(Arc<str>);

impl Sort {
    /// From the word of the service, in its spelling.
    pub fn new(word: &str) -> Self {
        Self(word.into())
    }

    /// The word of the service, beginning with a small letter: Azure writes `ForeignGroup` where Graph would write
    /// `foreignGroup`.
    pub fn word(&self) -> String {
        let mut letters = self.0.chars();
        letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
    }
}

/// In words: `agent user`, `device`, `org contact`.
impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = None;
        for c in self.0.chars() {
            if c.is_uppercase() && before.is_some_and(char::is_lowercase) {
                f.write_str(" ")?;
            }
            c.to_lowercase().try_for_each(|c| write!(f, "{c}"))?;
            before = Some(c);
        }
        Ok(())
    }
}

/// Somebody or something that may hold access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Its object id.
    pub id: PrincipalId,
    /// Its display name.
    pub display_name: Arc<str>,
    /// What only its kind has.
    pub detail: PrincipalDetail,
}

/// What only principals of one kind have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalDetail {
    /// Of a user.
    User {
        /// The user principal name, unique in the tenant.
        user_principal_name: Arc<str>,
        /// Whether the user may sign in.
        enabled: Answer,
        /// What sort of user it is, where it is no plain one: an agent has a user of its own.
        sort: Option<Sort>,
    },
    /// Of a group.
    Group(GroupFacts),
    /// Of a service principal.
    ServicePrincipal {
        /// The application id.
        app_id: Option<uuid::Uuid>,
        /// Whether it may sign in.
        enabled: Answer,
        /// What sort of service principal it is, where it is no plain one: the identity of an agent.
        sort: Option<Sort>,
    },
    /// Of what exists and is none of these. Files cannot name it.
    Other {
        /// What it is; nothing where it could not be looked up, so that it may be anything.
        sort: Option<Sort>,
    },
}

/// What matters of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupFacts {
    /// Whether it may hold directory roles. Fixed at creation (docs/service.md: under-pim-4).
    pub role_assignable: Answer,
    /// How its members come about.
    pub membership: GroupMembership,
    /// Whether it has been brought under PIM.
    pub onboarded: Answer,
    /// True when it does not exist yet and the plan creates it. Its id is then a stand-in until it does.
    pub planned: bool,
}

/// How the members of a group come about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupMembership {
    /// They are assigned.
    #[default]
    Assigned,
    /// A rule decides. Such a group cannot come under PIM.
    Dynamic,
    /// They come from an on-premises directory. Such a group cannot come under PIM.
    Synchronized,
    /// The service did not say. Nothing is changed in such a group.
    Unknown,
}

impl GroupMembership {
    /// What decides who is on a list of the group, where that is not assignments by hand. Owners are assigned even
    /// where a rule decides who the members are.
    pub fn decided_elsewhere(self, relation: Relation) -> Option<&'static str> {
        match (self, relation) {
            (Self::Assigned, _) | (Self::Dynamic, Relation::Owner) => None,
            (Self::Dynamic, Relation::Member) => Some("a rule decides who its members are"),
            (Self::Synchronized, Relation::Member) => Some("its members come from an on-premises directory"),
            (Self::Synchronized, Relation::Owner) => Some("its owners come from an on-premises directory"),
            (Self::Unknown, _) => Some("the service did not say whether they are assigned by hand"),
        }
    }
}

impl Principal {
    /// Something of which nothing is known but that it is mentioned.
    pub fn not_looked_up(id: PrincipalId) -> Self {
        Self { id, display_name: "".into(), detail: PrincipalDetail::Other { sort: None } }
    }

    /// As what policies name it; nothing where they cannot.
    pub fn kind(&self) -> Option<PrincipalKind> {
        match self.detail {
            PrincipalDetail::User { .. } => Some(PrincipalKind::User),
            PrincipalDetail::Group(_) => Some(PrincipalKind::Group),
            PrincipalDetail::ServicePrincipal { .. } => Some(PrincipalKind::ServicePrincipal),
            PrincipalDetail::Other { .. } => None,
        }
    }

    /// What the service calls it, where it is no plain user, group or service principal.
    pub fn sort(&self) -> Option<&Sort> {
        match &self.detail {
            PrincipalDetail::User { sort, .. }
            | PrincipalDetail::ServicePrincipal { sort, .. }
            | PrincipalDetail::Other { sort } => sort.as_ref(),
            PrincipalDetail::Group(_) => None,
        }
    }

    /// What it is, in words: `user`, `agent user`, `device`.
    pub fn is_a(&self) -> String {
        match (self.sort(), self.kind()) {
            (Some(sort), _) => sort.to_string(),
            (None, Some(kind)) => kind.to_string(),
            (None, None) => "principal that could not be looked up".to_owned(),
        }
    }

    /// What a group is, if it is one.
    pub fn group(&self) -> Option<&GroupFacts> {
        match &self.detail {
            PrincipalDetail::Group(facts) => Some(facts),
            _ => None,
        }
    }

    /// The name that policies use: the user principal name of a user, the display name of others.
    pub fn policy_name(&self) -> &Arc<str> {
        match &self.detail {
            PrincipalDetail::User { user_principal_name, .. } => user_principal_name,
            _ => &self.display_name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_decides_on_members_only() {
        let decided = |membership: GroupMembership| {
            [Relation::Member, Relation::Owner].map(|relation| membership.decided_elsewhere(relation).is_some())
        };
        assert_eq!(decided(GroupMembership::Assigned), [false, false]);
        assert_eq!(decided(GroupMembership::Dynamic), [true, false]);
        assert_eq!(decided(GroupMembership::Synchronized), [true, true]);
        assert_eq!(decided(GroupMembership::Unknown), [true, true]);
    }

    #[test]
    fn words_of_the_service_become_words_for_people() {
        for (word, said, small) in [
            ("agentUser", "agent user", "agentUser"),
            ("ForeignGroup", "foreign group", "foreignGroup"),
            ("device", "device", "device"),
            (
                "directoryObjectPartnerReference",
                "directory object partner reference",
                "directoryObjectPartnerReference",
            ),
            ("", "", ""),
        ] {
            let sort = Sort::new(word);
            assert_eq!((sort.to_string().as_str(), sort.word().as_str()), (said, small));
        }
    }
}
