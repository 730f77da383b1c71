//! Who is in which group.

use uuid::Uuid;

use crate::emulator::world::{Access, Kind, Origin, Target, World};

impl World {
    /// Every group that a principal is in, directly or through other groups, statically or through PIM.
    pub(crate) fn groups_of(&self, principal: Uuid) -> Vec<Uuid> {
        let mut found = Vec::new();
        let mut looking_for = vec![principal];
        while let Some(member) = looking_for.pop() {
            for group in self.groups.keys() {
                if !found.contains(group) && self.members(*group, Access::Member).contains(&member) {
                    found.push(*group);
                    looking_for.push(*group);
                }
            }
        }
        found.sort();
        found
    }

    /// The groups in which a principal is itself a member just now, statically or through PIM.
    pub(crate) fn groups_with(&self, principal: Uuid) -> Vec<Uuid> {
        let has = |group: &&Uuid| self.members(**group, Access::Member).contains(&principal);
        self.groups.keys().filter(has).copied().collect()
    }

    /// Who is a member or an owner of a group just now, statically or through PIM.
    pub(crate) fn members(&self, group: Uuid, access: Access) -> Vec<Uuid> {
        let now = self.now();
        let listed = self.groups.get(&group).map(|group| match access {
            Access::Member => &group.members,
            Access::Owner => &group.owners,
        });
        let mut members = listed.cloned().unwrap_or_default();
        let target = Target::Group { group, access };
        let through_pim = self.schedules_of(&target).filter(|schedule| {
            schedule.kind == Kind::Active
                && !schedule.is_ahead(now)
                && matches!(schedule.origin, Origin::Assigned | Origin::Activated | Origin::OutsidePim)
                && schedule.removed.is_none()
        });
        for schedule in through_pim {
            if !members.contains(&schedule.principal) {
                members.push(schedule.principal);
            }
        }
        members
    }

    /// True for the last person who owns a group, which the service keeps. A service principal does not count, and a
    /// role-assignable group may be without.
    pub(crate) fn is_last_owner(&self, group: Uuid, owner: Uuid) -> bool {
        // docs/service.md: groups-2
        let owners = self.members(group, Access::Owner);
        let others = owners.iter().filter(|other| **other != owner);
        self.groups.get(&group).is_some_and(|group| !group.role_assignable)
            && self.users.contains_key(&owner)
            && owners.contains(&owner)
            && !others.into_iter().any(|other| self.users.contains_key(other))
    }
}
