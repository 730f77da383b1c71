//! What the policy files say, with every name resolved to an id.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AssignmentKey, AssignmentScope, BlockedEntry, BlockedSetting, Condition, Directory, Duration, Kind, Missing,
    PrincipalId, Relation, Settings, Spec, Target, TenantId, Ticket, Time, Unresolved,
};
use crate::diag::Span;

/// What the policy files say.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The tenant that the files are for, and where they say so.
    pub tenant: Option<(TenantId, Span)>,
    /// The objects that the files may name, the groups that the plan creates included.
    pub directory: Arc<Directory>,
    /// Groups to create, and static members and owners.
    pub groups: BTreeMap<PrincipalId, DesiredGroup>,
    /// Targets with anything declared.
    pub targets: BTreeMap<Target, DesiredTarget>,
    /// Principals that no plan may take anything from.
    pub protected: BTreeMap<PrincipalId, Span>,
    /// Who is to be protected and could not be found.
    pub unprotected: Vec<Unresolved>,
    /// What is declared of things that the tenant does not have.
    pub blocked: Vec<BlockedEntry>,
    /// How many policy files there were.
    pub files: usize,
}

/// A declared group.
#[derive(Clone, Debug)]
pub struct DesiredGroup {
    /// Where it is declared.
    pub at: Span,
    /// How to create it where it does not exist.
    pub create: Option<GroupCreation>,
    /// Its static members.
    pub members: DesiredMembers,
    /// Its static owners.
    pub owners: DesiredMembers,
}

impl DesiredGroup {
    /// One of the two lists.
    pub fn list(&self, relation: Relation) -> &DesiredMembers {
        match relation {
            Relation::Member => &self.members,
            Relation::Owner => &self.owners,
        }
    }
}

/// How to create a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupCreation {
    /// Its display name.
    pub display_name: Arc<str>,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Arc<str>>,
    /// Whether it may hold directory roles.
    pub role_assignable: bool,
}

/// The static members or owners of a group.
#[derive(Clone, Debug, Default)]
pub enum DesiredMembers {
    /// Not declared: left as they are.
    #[default]
    Unmanaged,
    /// Declared.
    Managed {
        /// What becomes of the others.
        ownership: Ownership,
        /// Each with the place that declares it.
        principals: BTreeMap<PrincipalId, Span>,
        /// Those that the tenant does not have.
        unresolved: Vec<Unresolved>,
        /// Where the list is declared.
        at: Span,
    },
}

/// How the files speak of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mention {
    /// By its own name or id.
    Named,
    /// As one of all others, by `"*"`.
    AllOthers,
}

impl DesiredMembers {
    /// The entries that name what the tenant does not have.
    pub fn unresolved(&self) -> &[Unresolved] {
        match self {
            Self::Unmanaged => &[],
            Self::Managed { unresolved, .. } => unresolved,
        }
    }
}

impl Desired {
    /// True when the files name anything that the tenant does not have.
    pub fn names_what_is_gone(&self) -> bool {
        let in_target = |target: &DesiredTarget| {
            !target.blocked.is_empty() || Kind::ALL.iter().any(|kind| !target.list(*kind).unresolved().is_empty())
        };
        let in_group = |group: &DesiredGroup| {
            [Relation::Member, Relation::Owner].iter().any(|it| !group.list(*it).unresolved().is_empty())
        };
        !self.blocked.is_empty()
            || !self.unprotected.is_empty()
            || self.targets.values().any(in_target)
            || self.groups.values().any(in_group)
    }

    /// True where a protected name that nobody has could mean somebody, who is protected then.
    pub fn could_be_protected(&self, unresolved: &Unresolved) -> bool {
        let known = matches!(unresolved.missing, Missing::Principal { known: Some(_), .. });
        let could = |id| unresolved.may_mean(id, &AssignmentScope::Whole, &self.directory);
        known || self.directory.principals().iter().any(|principal| could(principal.id))
    }

    /// Protects everybody whom a protected name could mean that nobody has.
    pub fn protect_whom_names_could_mean(&mut self) {
        for unresolved in &self.unprotected {
            let whole = AssignmentScope::Whole;
            let could = |id: &PrincipalId| unresolved.may_mean(*id, &whole, &self.directory);
            for id in self.directory.principals().iter().map(|principal| principal.id).filter(could) {
                self.protected.entry(id).or_insert(unresolved.at);
            }
        }
    }
}

/// A target with anything declared.
#[derive(Clone, Debug)]
pub struct DesiredTarget {
    /// How the files speak of it.
    pub mention: Mention,
    /// Where it is declared.
    pub at: Span,
    /// The settings, profiles merged.
    pub settings: Settings<Spec>,
    /// Settings that name what the tenant does not have. They are unmanaged.
    pub blocked: Vec<BlockedSetting>,
    /// The eligible assignments.
    pub eligible: DesiredList,
    /// The active assignments.
    pub active: DesiredList,
}

impl DesiredTarget {
    /// The assignments of one kind.
    pub fn list(&self, kind: Kind) -> &DesiredList {
        match kind {
            Kind::Eligible => &self.eligible,
            Kind::Active => &self.active,
        }
    }
}

/// The assignments of one kind at one target.
#[derive(Clone, Debug, Default)]
pub enum DesiredList {
    /// Not declared: left as they are.
    #[default]
    Unmanaged,
    /// Declared.
    Managed {
        /// What becomes of the others.
        ownership: Ownership,
        /// The assignments, ordered by key, each key once.
        assignments: Vec<DesiredAssignment>,
        /// Those that name what the tenant does not have.
        unresolved: Vec<Unresolved>,
        /// Where the list is declared.
        at: Span,
    },
}

impl DesiredList {
    /// The entries that name what the tenant does not have.
    pub fn unresolved(&self) -> &[Unresolved] {
        match self {
            Self::Unmanaged => &[],
            Self::Managed { unresolved, .. } => unresolved,
        }
    }

    /// Where it stands, if it is declared.
    pub fn at(&self) -> Option<Span> {
        match self {
            Self::Unmanaged => None,
            Self::Managed { at, .. } => Some(*at),
        }
    }

    /// The declared assignments.
    pub fn assignments(&self) -> &[DesiredAssignment] {
        match self {
            Self::Unmanaged => &[],
            Self::Managed { assignments, .. } => assignments,
        }
    }

    /// The declared assignment with this key.
    pub fn get(&self, key: &AssignmentKey) -> Option<&DesiredAssignment> {
        let assignments = self.assignments();
        assignments.binary_search_by(|other| other.key.cmp(key)).ok().and_then(|at| assignments.get(at))
    }
}

/// What becomes of assignments that are not declared, where a list is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ownership {
    /// The list is complete: they are removed.
    #[default]
    Complete,
    /// They are kept and reported.
    Additive,
}

/// A declared assignment.
#[derive(Clone, Debug)]
pub struct DesiredAssignment {
    /// What it is.
    pub key: AssignmentKey,
    /// When it begins and ends.
    pub schedule: DesiredSchedule,
    /// Sent with the request.
    pub justification: Option<Arc<str>>,
    /// Sent with the request.
    pub ticket: Option<Arc<Ticket>>,
    /// The condition, for Azure.
    pub condition: Option<Condition>,
    /// Where it is declared.
    pub at: Span,
}

/// When a declared assignment begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DesiredSchedule {
    /// `from:`; nothing for at once.
    pub start: Option<Time>,
    /// When it ends.
    pub end: DesiredEnding,
}

/// When a declared assignment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DesiredEnding {
    /// `permanent: true`
    Permanent,
    /// `until:`, or `from:` and `for:` without `renew:`, which fix the end as well.
    Until(Time),
    /// `for:`, counted from when it is created.
    For {
        /// How long.
        length: Duration,
        /// Extended in place when less than this remains.
        renew: Option<Duration>,
    },
    /// Not stated: as long as the settings after the plan allow.
    AsAllowed,
}
