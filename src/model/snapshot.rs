//! What the tenant has, as far as it could be read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::{
    AssignmentKey, Current, Directory, Kind, Origin, PrincipalId, Relation, Row, Settings, Target, TenantId, Time,
};

/// What one read of the tenant found.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Which tenant answered.
    pub tenant: TenantId,
    /// Its name, for people.
    pub tenant_name: Option<Arc<str>>,
    /// When it was read.
    pub read_at: Time,
    /// Who reads and executes, where the backend knows.
    pub runner: Option<PrincipalId>,
    /// Every group that the runner and each watched principal is in now, directly or through other groups, as far as it
    /// could be read.
    pub memberships: BTreeMap<PrincipalId, BTreeSet<PrincipalId>>,
    /// The objects that occur in it.
    pub directory: Arc<Directory>,
    /// Every target that was asked for.
    pub targets: BTreeMap<Target, TargetRead>,
    /// The static members and owners of every group that was asked for.
    pub groups: BTreeMap<PrincipalId, GroupRead>,
    /// What was met and left alone because it is not known, each once.
    pub notes: BTreeSet<String>,
    /// What could not be listed, so that nobody can say what of it is missing here, each once.
    pub missing: BTreeSet<String>,
    /// Who made assignments, as far as somebody asked.
    pub makers: Makers,
}

/// Who made assignments. Of most nobody knows: the services keep that for some weeks only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Makers {
    /// Assignments that another application made, such as an access package, with its name.
    pub applications: BTreeMap<(Target, AssignmentKey), Arc<str>>,
    /// The lists of requests that could not be read, and why: of what they are about, nobody knows who made it.
    pub unread: BTreeMap<RequestList, Arc<str>>,
    /// Single assignments of which nobody knows who made them, and why.
    pub unclear: BTreeMap<(Target, AssignmentKey), Arc<str>>,
}

/// A list of requests, which say who made assignments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestList {
    /// Of which group; that of all directory roles where there is none.
    pub group: Option<PrincipalId>,
    /// About which assignments.
    pub kind: Kind,
}

impl RequestList {
    /// Where requests about a target are listed; nowhere where requests do not say who made them.
    pub fn of(target: &Target, kind: Kind) -> Option<Self> {
        match target {
            Target::Directory { .. } => Some(Self { group: None, kind }),
            Target::Group { group, .. } => Some(Self { group: Some(*group), kind }),
            Target::Azure { .. } => None,
        }
    }
}

impl fmt::Display for RequestList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.group {
            None => write!(f, "{} assignments of directory roles", self.kind),
            Some(group) => write!(f, "{} assignments of the group `{group}`", self.kind),
        }
    }
}

impl Makers {
    /// Why nobody knows who made an assignment; nothing where the log was read, whatever it says.
    pub fn why_unknown(&self, one: &(Target, AssignmentKey)) -> Option<&str> {
        let list = || self.unread.get(&RequestList::of(&one.0, one.1.kind)?);
        self.unclear.get(one).or_else(list).map(|why| &**why)
    }

    /// What could not be found out, in words; nothing where all was.
    pub fn unknown(&self) -> Option<String> {
        let why = self.unread.values().next()?;
        let more = match self.unread.len() {
            1 => String::new(),
            several => format!(" (and {} more)", several - 1),
        };
        Some(format!("{why}{more}"))
    }
}

impl Snapshot {
    /// The assignments made here, of which somebody may know who made them.
    pub fn assigned(&self) -> Vec<(Target, AssignmentKey)> {
        let read = self.targets.iter().filter_map(|(target, read)| match read {
            TargetRead::Present(state) => Some((target, state)),
            TargetRead::WithoutSettings | TargetRead::Unreadable(_) => None,
        });
        let all = read.flat_map(|(target, state)| state.rows.iter().map(move |row| (target, row)));
        let all =
            all.filter(|(target, row)| row.origin.is_assigned() && RequestList::of(target, row.key.kind).is_some());
        all.map(|(target, row)| (target.clone(), row.key)).collect()
    }
}

/// What reading one target gave. A target that could not be read is neither absent nor empty.
#[derive(Clone, Debug, PartialEq)]
pub enum TargetRead {
    /// It was read completely.
    Present(TargetState),
    /// It is there, and has no settings of PIM: nobody can activate or be assigned it yet.
    WithoutSettings,
    /// It could not be read, and why.
    Unreadable(Arc<str>),
}

impl TargetRead {
    /// Why nothing can be done about a target that has no settings of PIM.
    pub const WITHOUT_SETTINGS: &str = "it has no settings of PIM yet";

    /// Why a target that somebody holds cannot be read without its settings: who holds it must not be left out.
    pub const HELD_WITHOUT_SETTINGS: &str = "somebody holds it, and the service did not say what its settings are";
}

/// Settings and assignments of one target.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetState {
    /// The settings.
    pub settings: Arc<Settings<Current>>,
    /// The assignments, ordered by key.
    pub rows: Vec<Row>,
}

/// What reading the static members and owners of a group gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupRead {
    /// It was read completely.
    Present(GroupState),
    /// It could not be read, and why.
    Unreadable(Arc<str>),
}

/// Who a group's member and owner lists show. Principals that are there only through PIM are among them
/// (docs/service.md: under-pim-3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupState {
    /// The list of members.
    pub members: BTreeSet<PrincipalId>,
    /// The list of owners.
    pub owners: BTreeSet<PrincipalId>,
}

impl GroupState {
    /// One of the two lists.
    pub fn list(&self, relation: Relation) -> &BTreeSet<PrincipalId> {
        match relation {
            Relation::Member => &self.members,
            Relation::Owner => &self.owners,
        }
    }

    /// One of the two lists, to change it.
    pub fn list_mut(&mut self, relation: Relation) -> &mut BTreeSet<PrincipalId> {
        match relation {
            Relation::Member => &mut self.members,
            Relation::Owner => &mut self.owners,
        }
    }
}

/// The principals whom these rows of a group put on its list of members or owners at `now`.
pub fn through_pim(rows: &[Row], now: Time) -> impl Iterator<Item = PrincipalId> + '_ {
    rows.iter()
        .filter(move |row| {
            let on_the_list = matches!(row.origin, Origin::Assigned | Origin::Activated | Origin::OutsidePim);
            let in_effect = !row.window.is_ahead(now) && !row.window.is_over(now);
            row.key.kind == Kind::Active && on_the_list && in_effect
        })
        .map(|row| row.key.principal)
}
