//! The last owner of a group: the service does not let go of it.
//!
//! For a group that is not role-assignable the directory refuses to remove the last owner who is a person; a service
//! principal does not count (docs/service.md: groups-2). Who stays is judged as it will be after the plan.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::{Finding, Span};
use crate::diff::{AssignmentDiff, Compared, Difference, Found, MemberDiff, MembersDiff};
use crate::model::{
    Access, Desired, GroupRead, Kind, Origin, PrincipalId, PrincipalKind, Relation, Row, Snapshot, Target, TargetRead,
    Time, through_pim,
};

/// What becomes of removals of people from the owners of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// Other people stay.
    Free,
    /// Others come with the plan, and have to be there first.
    AfterOthersCame,
    /// Nobody would be left, so the service refuses.
    Refused,
    /// Who else owns the group could not be read, so it may be the last one.
    Unknown,
}

impl Leaving {
    /// True where the removal is not planned.
    pub(super) fn keeps(self) -> bool {
        matches!(self, Self::Refused | Self::Unknown)
    }
}

/// What becomes of the owners of each group that a plan takes people from.
#[derive(Debug, Default)]
pub(super) struct Owners {
    /// By group: the people who go, in the order of their ids, and what becomes of them.
    leaving: BTreeMap<PrincipalId, (BTreeSet<PrincipalId>, Leaving)>,
}

/// What a plan does to the owners of one group.
#[derive(Debug, Default)]
struct Changes<'a> {
    static_gone: BTreeSet<PrincipalId>,
    pim_gone: BTreeSet<PrincipalId>,
    come: BTreeSet<PrincipalId>,
    rows: &'a [Row],
}

impl Owners {
    /// Looks at all differences.
    pub(super) fn new(desired: &Desired, snapshot: &Snapshot, difference: &Difference, now: Time) -> Self {
        let mut changes: BTreeMap<PrincipalId, Changes> = BTreeMap::new();
        for group in &difference.groups {
            for (relation, list) in &group.lists {
                if let (Relation::Owner, MembersDiff::Compared(members)) = (relation, list) {
                    changes.entry(group.group).or_default().members(members);
                }
            }
        }
        for diff in &difference.targets {
            if let (Target::Group { group, access: Access::Owner }, Found::Compared(compared)) =
                (diff.target, &diff.found)
            {
                changes.entry(*group).or_default().assignments(compared, now);
            }
        }
        let mut owners = Self::default();
        for (group, mut changes) in changes {
            let facts = desired.directory.principal(group).and_then(|principal| principal.group());
            if facts.is_none_or(|facts| !facts.role_assignable.is_no() || facts.planned) {
                continue;
            }
            if let Some(TargetRead::Present(state)) =
                snapshot.targets.get(&Target::Group { group, access: Access::Owner })
            {
                changes.rows = &state.rows;
            }
            let is_person = |id: &PrincipalId| {
                desired.directory.principal(*id).is_some_and(|principal| principal.kind() == Some(PrincipalKind::User))
            };
            let gone = changes.static_gone.union(&changes.pim_gone).copied().filter(is_person);
            let gone: BTreeSet<PrincipalId> = gone.collect();
            if gone.is_empty() {
                continue;
            }
            let leaving = changes.leaving(snapshot.groups.get(&group), is_person, now);
            owners.leaving.insert(group, (gone, leaving));
        }
        owners
    }

    /// What becomes of the removal of a principal from the owners of a group.
    pub(super) fn leaving(&self, group: PrincipalId, principal: PrincipalId) -> Leaving {
        match self.leaving.get(&group) {
            // One of several who go has to stay, and no more than one.
            Some((people, Leaving::Refused)) if people.first() != Some(&principal) => Leaving::Free,
            Some((people, leaving)) if people.contains(&principal) => *leaving,
            _ => Leaving::Free,
        }
    }
}

impl Changes<'_> {
    fn members(&mut self, members: &[MemberDiff]) {
        for member in members {
            match member {
                MemberDiff::Missing(principal, _) => drop(self.come.insert(*principal)),
                MemberDiff::Undeclared(principal, _) => drop(self.static_gone.insert(*principal)),
                MemberDiff::Kept(_) | MemberDiff::MayBeMeant(_) => {}
            }
        }
    }

    fn assignments(&mut self, compared: &Compared, now: Time) {
        for difference in &compared.assignments {
            match difference {
                AssignmentDiff::Missing { declared, wanted, .. } => {
                    if declared.key.kind == Kind::Active && wanted.schedule.start.is_none() {
                        self.come.insert(declared.key.principal);
                    }
                }
                AssignmentDiff::Undeclared { row, .. } if row.key.kind == Kind::Active && !row.window.is_ahead(now) => {
                    self.pim_gone.insert(row.key.principal);
                }
                AssignmentDiff::Undeclared { .. } | AssignmentDiff::Differs { .. } => {}
            }
        }
    }

    /// Owners who could not be read do not count. Neither does who has activated: that ends, and the service would keep
    /// the last one for good instead.
    fn leaving(&self, read: Option<&GroupRead>, is_person: impl Fn(&PrincipalId) -> bool, now: Time) -> Leaving {
        let through_pim: BTreeSet<PrincipalId> = through_pim(self.rows, now).collect();
        let listed = match read {
            Some(GroupRead::Present(state)) => Some(&state.owners),
            Some(GroupRead::Unreadable(_)) | None => None,
        };
        let fixed = listed.into_iter().flatten().filter(|id| !through_pim.contains(id));
        let stays = |row: &&Row| {
            row.key.kind == Kind::Active
                && matches!(row.origin, Origin::Assigned | Origin::OutsidePim)
                && !row.window.is_ahead(now)
                && !row.window.is_over(now)
                && !(row.origin == Origin::Assigned && self.pim_gone.contains(&row.key.principal))
        };
        let assigned = self.rows.iter().filter(stays).map(|row| &row.key.principal);
        if fixed.filter(|id| !self.static_gone.contains(id)).chain(assigned).any(&is_person) {
            Leaving::Free
        } else if self.come.iter().any(is_person) {
            Leaving::AfterOthersCame
        } else if matches!(read, Some(GroupRead::Unreadable(_))) {
            Leaving::Unknown
        } else {
            Leaving::Refused
        }
    }
}

/// Why a removal is blocked.
pub(super) const BLOCKED: &str =
    "the last owner who is a person; the service does not remove it, unless the group is role-assignable";

/// Why a removal is blocked where the other owners are not known.
pub(super) const UNKNOWN: &str =
    "perhaps the last owner who is a person: the other owners could not be read, so it is not removed";

/// Says it at the list that leaves nobody.
pub(super) fn last_owner(group: &str, at: Option<Span>) -> Finding {
    Finding::warning(
        "last-owner",
        format!("`group/{group}` would lose its last owner who is a person, which the service refuses"),
    )
    .at_some(at, "leaves no person as owner")
    .help("declare a user among the owners; a service principal does not count")
}
