//! Who is in groups without PIM, and the entries of groups.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{GroupDraft, TargetDraft, Who};
use super::left::{Leaving, Why};
use super::tenant::{Source, Taken};
use crate::model::{Access, GroupFacts, GroupRead, PrincipalId, Target, TargetRead, through_pim};

/// The groups that occur.
#[derive(Default)]
pub(super) struct Groups {
    /// Who holds something; groups are among them.
    pub(super) named: BTreeSet<PrincipalId>,
    /// Who approves.
    pub(super) approving: BTreeSet<PrincipalId>,
    targets: BTreeMap<PrincipalId, [Option<TargetDraft>; 2]>,
}

impl Groups {
    /// Takes a target of a group.
    pub(super) fn put(&mut self, group: PrincipalId, access: Access, draft: TargetDraft) {
        let [member, owner] = self.targets.entry(group).or_default();
        *(if access == Access::Member { member } else { owner }) = Some(draft);
    }

    /// The entries of all groups with anything to say.
    pub(super) fn drafts(mut self, source: &Source<'_>, taken: &mut Taken) -> Vec<GroupDraft> {
        let Taken { draft, left, unreadable } = taken;
        let mut all: BTreeSet<PrincipalId> = self.targets.keys().copied().collect();
        all.extend(source.snapshot.groups.keys());
        let mut drafts = Vec::new();
        let mut others = 0_usize;
        for id in all {
            let [member, owner] = self.targets.remove(&id).unwrap_or_default();
            let Ok(Who { name, .. }) = source.names.who(id) else { continue };
            let Some(facts) = source.names.principal(id).and_then(|group| group.group()) else { continue };
            let mut group =
                GroupDraft { name, notes: Vec::new(), additive: false, members: None, owners: None, member, owner };
            let named = self.named.contains(&id)
                || self.approving.contains(&id)
                || group.member.is_some()
                || group.owner.is_some();
            if !facts.role_assignable.is_no() || source.full && named {
                self.statics(source, id, facts, &mut group, left, unreadable);
            } else if named {
                others += 1;
            }
            let says = [group.members.is_some(), group.owners.is_some(), group.member.is_some(), group.owner.is_some()];
            if says.contains(&true) {
                drafts.push(group);
            } else {
                // There is no entry to put them before.
                let address = format!("group/{}", source.addresses.group(id));
                draft.notes.extend(group.notes.iter().map(|note| format!("{address}: {note}")));
            }
        }
        if others > 0 {
            left.say("group", Why::StaticMembers, format!("{others} of them"));
        }
        drafts
    }

    fn statics(
        &self,
        source: &Source<'_>,
        id: PrincipalId,
        facts: &GroupFacts,
        group: &mut GroupDraft,
        left: &mut Leaving,
        unreadable: &mut usize,
    ) {
        for access in [Access::Member, Access::Owner] {
            let through_pim = if access == Access::Member { &group.member } else { &group.owner };
            let address = source.addresses.relation(id, access);
            // Who is there through PIM stands at the target, and only one of the two may be declared.
            if through_pim.is_some() || !source.filter.covers(&address) {
                continue;
            }
            if facts.membership.decided_elsewhere(access).is_some() {
                left.add(address, Why::DecidedElsewhere);
                continue;
            }
            let list = match fixed(source, id, access) {
                Ok(Some(list)) => list,
                Ok(None) => continue,
                Err(why) => {
                    left.say(&address, Why::Unreadable, format!("could not be read: {why}"));
                    group.notes.push(format!("left out: {access}s (they could not be read: {why})"));
                    *unreadable += 1;
                    continue;
                }
            };
            let mut people = Vec::new();
            let before = left.0.len();
            for principal in list {
                match source.names.who(principal) {
                    Ok(who) if principal != id => people.push(who),
                    Ok(_) => left.add(source.addresses.membership(id, access, principal), Why::InItself),
                    Err(why) => left.add(source.addresses.membership(id, access, principal), why),
                }
            }
            let missing = left.0.len() > before;
            if missing {
                group.additive = true;
                let count = left.0.len() - before;
                group.notes.push(format!("left out: {count} {access}s whom no file can name"));
            }
            people.sort_by_cached_key(|who| (who.name.order(), who.kind));
            // A list that is empty and complete would say that nobody can approve.
            if people.is_empty() && access == Access::Member && self.approving.contains(&id) && !missing {
                left.add(address, Why::NobodyApproves);
                continue;
            }
            *(if access == Access::Member { &mut group.members } else { &mut group.owners }) = Some(people);
        }
    }
}

/// Who is on a list without PIM. Nothing where the group was not read.
fn fixed(source: &Source<'_>, id: PrincipalId, access: Access) -> Result<Option<Vec<PrincipalId>>, String> {
    let state = match source.snapshot.groups.get(&id) {
        Some(GroupRead::Present(state)) => state,
        Some(GroupRead::Unreadable(why)) => return Err(why.to_string()),
        None => return Ok(None),
    };
    let through: BTreeSet<PrincipalId> = match source.snapshot.targets.get(&Target::Group { group: id, access }) {
        Some(TargetRead::Present(target)) => through_pim(&target.rows, source.now).collect(),
        Some(TargetRead::Unreadable(why)) => return Err(why.to_string()),
        Some(TargetRead::WithoutSettings) | None => BTreeSet::new(),
    };
    Ok(Some(state.list(access).difference(&through).copied().collect()))
}
