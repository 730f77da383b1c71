//! Compares groups to create and the static members and owners of groups.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::assignments::{Left, LeftReason};
use crate::diag::Span;
use crate::model::{
    Access, AssignmentKey, AssignmentScope, Desired, DesiredGroup, DesiredList, DesiredMembers, DesiredTarget,
    GroupCreation, GroupRead, Kind, Ownership, PrincipalId, Relation, Snapshot, Target, TargetRead, Time, through_pim,
};

/// How one group differs.
#[derive(Debug)]
pub struct GroupDiff<'a> {
    /// Which group.
    pub group: PrincipalId,
    /// What is declared for it.
    pub declared: &'a DesiredGroup,
    /// How to create it, if it does not exist.
    pub create: Option<&'a GroupCreation>,
    /// Its lists that are declared.
    pub lists: Vec<(Relation, MembersDiff)>,
}

/// How a list of static members or owners differs.
#[derive(Debug)]
pub enum MembersDiff {
    /// It could not be compared, and why.
    Blocked(Arc<str>),
    /// What differs, in the order of ids.
    Compared(Vec<MemberDiff>),
}

/// How one static member or owner differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberDiff {
    /// Declared, and not there.
    Missing(PrincipalId, Span),
    /// There, and not in a list that is complete.
    Undeclared(PrincipalId, Span),
    /// There, not declared, and kept because the list is additive.
    Kept(PrincipalId),
    /// There, and not in a list that is complete, unless an entry means it whose name the tenant does not have.
    MayBeMeant(PrincipalId),
}

pub(super) fn diff<'a>(
    desired: &Desired,
    snapshot: &Snapshot,
    group: PrincipalId,
    declared: &'a DesiredGroup,
    now: Time,
) -> GroupDiff<'a> {
    let facts = desired.directory.principal(group).and_then(|principal| principal.group());
    let planned = facts.is_some_and(|facts| facts.planned);
    let elsewhere = |relation| facts.and_then(|facts| facts.membership.decided_elsewhere(relation));
    let lists = [Relation::Member, Relation::Owner]
        .into_iter()
        .filter_map(|relation| match declared.list(relation) {
            DesiredMembers::Unmanaged => None,
            DesiredMembers::Managed { ownership, principals, unresolved, at } => {
                let current = if planned {
                    Ok((BTreeSet::new(), BTreeSet::new()))
                } else if let Some(why) = elsewhere(relation) {
                    Err(Arc::from(why))
                } else {
                    static_list(snapshot, group, relation, now)
                };
                let compared = match current {
                    Err(why) => MembersDiff::Blocked(why),
                    Ok((all, fixed)) => {
                        let missing = principals
                            .iter()
                            .filter(|(id, _)| !all.contains(id))
                            .map(|(id, at)| MemberDiff::Missing(*id, *at));
                        let whole = AssignmentScope::Whole;
                        let may_be_meant =
                            |id| unresolved.iter().any(|entry| entry.may_mean(id, &whole, &desired.directory));
                        let extra = fixed.iter().filter(|id| !principals.contains_key(id)).map(|id| match ownership {
                            Ownership::Complete if may_be_meant(*id) => MemberDiff::MayBeMeant(*id),
                            Ownership::Complete => MemberDiff::Undeclared(*id, *at),
                            Ownership::Additive => MemberDiff::Kept(*id),
                        });
                        MembersDiff::Compared(missing.chain(extra).collect())
                    }
                };
                Some((relation, compared))
            }
        })
        .collect();
    GroupDiff { group, declared, create: declared.create.as_ref().filter(|_| planned), lists }
}

/// Who is a member or owner of a group without PIM, where the files say who is active through PIM. Nobody must take the
/// list of active ones for everybody who has access.
pub(super) fn static_and_undeclared<'a>(
    snapshot: &Snapshot,
    target: &Target,
    declared: &DesiredTarget,
    now: Time,
) -> Vec<Left<'a>> {
    let Target::Group { group, access } = target else { return Vec::new() };
    let DesiredList::Managed { .. } = declared.list(Kind::Active) else { return Vec::new() };
    let Ok((_, fixed)) = static_list(snapshot, *group, *access, now) else { return Vec::new() };
    let keys = fixed.into_iter().map(|principal| AssignmentKey {
        kind: Kind::Active,
        principal,
        scope: AssignmentScope::default(),
    });
    keys.filter(|key| declared.list(Kind::Active).get(key).is_none())
        .map(|key| Left { key, declared: None, reason: LeftReason::OutsidePim })
        .collect()
}

/// Who is on a list, and who of them is there by static membership. The list that the directory shows also names
/// everybody who is there through PIM, activations included; those must not be taken off it.
fn static_list(
    snapshot: &Snapshot,
    group: PrincipalId,
    relation: Access,
    now: Time,
) -> Result<(BTreeSet<PrincipalId>, BTreeSet<PrincipalId>), Arc<str>> {
    let all = match snapshot.groups.get(&group) {
        Some(GroupRead::Present(state)) => state.list(relation).clone(),
        Some(GroupRead::Unreadable(why)) => return Err(Arc::clone(why)),
        None => return Err("the group was not found when the tenant was read".into()),
    };
    let rows = match snapshot.targets.get(&Target::Group { group, access: relation }) {
        Some(TargetRead::Present(state)) => state.rows.as_slice(),
        Some(TargetRead::Unreadable(why)) => return Err(Arc::clone(why)),
        Some(TargetRead::WithoutSettings) | None => &[],
    };
    let through_pim: BTreeSet<PrincipalId> = through_pim(rows, now).collect();
    let fixed = all.difference(&through_pim).copied().collect();
    Ok((all, fixed))
}
