//! Declared groups: those that exist, and those that the plan creates.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::decode::duplicate_key;
use super::document::{CreateGroup, GroupEntry};
use super::merge::{Declared, Documents};
use super::principals::{Found, Principals};
use crate::diag::{Finding, Findings, Span};
use crate::model::text::name_key;
use crate::model::{
    Answer, BlockedEntry, Directory, GroupCreation, GroupFacts, GroupMembership, Known, Names, Ownership, Principal,
    PrincipalDetail, PrincipalId, PrincipalKind, Relation, Unresolved,
};

/// The directory together with the groups that the plan creates.
pub(super) fn with_planned(documents: &Documents, directory: &Arc<Directory>, known: &Known) -> Arc<Directory> {
    let tenant = documents.tenant.as_ref().map_or(Uuid::nil(), |tenant| tenant.value.id.value.guid());
    let missing = documents.groups.iter().filter(|(name, declared)| {
        declared.value.create.is_some()
            && name.parse::<PrincipalId>().is_err()
            && directory.principals_named(PrincipalKind::Group, name).next().is_none()
            // A group that was renamed is not to be made a second time.
            && known.id(PrincipalKind::Group, name).and_then(|id| directory.principal(id)).is_none()
    });
    let mut planned: BTreeMap<String, Principal> = BTreeMap::new();
    for (name, declared) in missing {
        // Two spellings of one name are one group; that both are declared is said where they are looked up.
        let folded = name_key(name);
        let taken = |id| directory.principal(id).is_some() || planned.values().any(|other| other.id == id);
        let id = stand_in(tenant, name, taken);
        planned.entry(folded).or_insert_with(|| planned_group(id, name, &declared.value));
    }
    if planned.is_empty() {
        return Arc::clone(directory);
    }
    Arc::new(Directory::clone(directory).with_principals(planned.into_values().collect()))
}

/// The id of a group until it exists. It follows from tenant and name, so every plan has the same. A group that got
/// this id when it was created and another name since keeps it; then the next one is taken.
fn stand_in(tenant: Uuid, name: &str, taken: impl Fn(PrincipalId) -> bool) -> PrincipalId {
    let text = format!("group/{name}");
    let mut id = Uuid::new_v5(&tenant, text.as_bytes());
    while taken(PrincipalId::new(id)) {
        id = Uuid::new_v5(&id, text.as_bytes());
    }
    PrincipalId::new(id)
}

fn planned_group(id: PrincipalId, name: &Arc<str>, entry: &GroupEntry) -> Principal {
    let facts = GroupFacts {
        role_assignable: entry.create.as_ref().is_some_and(|create| wants_role_assignable(&create.value)).into(),
        membership: GroupMembership::Assigned,
        onboarded: Answer::No,
        planned: true,
    };
    Principal { id, display_name: Arc::clone(name), detail: PrincipalDetail::Group(facts) }
}

fn wants_role_assignable(create: &CreateGroup) -> bool {
    create.role_assignable.as_ref().is_some_and(|wanted| wanted.value)
}

/// Declared groups by their ids.
pub(super) type ById<'d> = BTreeMap<PrincipalId, (&'d Arc<str>, &'d Declared<GroupEntry>)>;

/// The declared groups by their ids, each once.
pub(super) fn find<'d>(
    documents: &'d Documents,
    principals: &mut Principals<'d>,
    blocked: &mut Vec<BlockedEntry>,
    findings: &mut Findings,
) -> ById<'d> {
    let mut groups = ById::new();
    for (name, declared) in &documents.groups {
        let group = match principals.find_named(PrincipalKind::Group, name, declared.at, findings) {
            Found::One(group) => group,
            Found::Gone(Unresolved { detail, at, .. }) => {
                blocked.push(BlockedEntry { address: format!("group/{}", Names::part(name)), detail, at });
                continue;
            }
            Found::Wrong => continue,
        };
        if let Some((_, first)) = groups.get(&group.id) {
            findings.push(duplicate_key(&group.display_name, first.at, declared.at));
            continue;
        }
        check(group, &declared.value, findings);
        groups.insert(group.id, (name, declared));
    }
    groups
}

/// The declared groups that nobody is in, with the place that says so. Where that is not declared it is not known.
pub(super) fn without_members(
    documents: &Documents,
    groups: &ById<'_>,
    directory: &Directory,
) -> BTreeMap<PrincipalId, Span> {
    let empty = groups.iter().filter_map(|(id, (_, declared))| {
        let GroupEntry { create, members, member, ownership, .. } = &declared.value;
        let lists = member.as_ref().map(|member| [&member.value.eligible, &member.value.active]);
        let through_pim = lists.into_iter().flatten().flatten().any(|list| !list.value.is_empty());
        let planned = directory.principal(*id)?.group()?.planned;
        let ownership = ownership.as_ref().or(documents.ownership.as_ref());
        let kept = !planned && ownership.is_some_and(|ownership| ownership.value == Ownership::Additive);
        let at = match (members, create) {
            (Some(list), _) if list.value.is_empty() && !kept => list.at,
            (None, Some(create)) if planned => create.at,
            _ => return None,
        };
        (!through_pim).then_some((*id, at))
    });
    empty.collect()
}

/// What is declared of a group must be possible with what it is.
fn check(group: &Principal, entry: &GroupEntry, findings: &mut Findings) {
    let Some(facts) = group.group() else { return };
    let name = &group.display_name;
    if let Some(wanted) = entry.create.as_ref().and_then(|create| create.value.role_assignable.as_ref())
        && wanted.value
        && facts.role_assignable.is_no()
    {
        findings.push(
            Finding::error(
                "group-not-role-assignable",
                format!("the group `{name}` exists and is not role-assignable"),
            )
            .at(wanted.at, "declared as role-assignable")
            .help("this is fixed when a group is created; declare a group of another name"),
        );
    }
    let pim = [&entry.member, &entry.owner].into_iter().flatten().map(|entry| entry.at);
    if facts.membership == GroupMembership::Unknown {
        // What is declared of its lists is left alone when plans are made.
        let message = format!("the service did not say whether the members of the group `{name}` are assigned");
        for at in pim {
            let finding = Finding::warning("group-cannot-use-pim", message.as_str());
            findings.push(
                finding
                    .at(at, "needs a group with assigned members")
                    .help("whoever reads the tenant needs a permission to read groups"),
            );
        }
        return;
    }
    for (key, list, relation) in
        [("members", &entry.members, Relation::Member), ("owners", &entry.owners, Relation::Owner)]
    {
        if let (Some(list), Some(how)) = (list, facts.membership.decided_elsewhere(relation)) {
            findings.push(
                Finding::error(
                    "group-cannot-use-pim",
                    format!("`{key}` of the group `{name}` cannot be declared: {how}"),
                )
                .at(list.at, "decided elsewhere")
                .help(format!("take `{key}` out, or use a group whose members are assigned in the cloud")),
            );
        }
    }
    let Some(how) = facts.membership.decided_elsewhere(Relation::Member) else { return };
    for at in pim {
        findings.push(
            Finding::error("group-cannot-use-pim", format!("the group `{name}` cannot come under PIM: {how}"))
                .at(at, "needs a group with assigned members")
                .help("use a group whose members are assigned in the cloud"),
        );
    }
}

/// How to create the group, if that is declared.
pub(super) fn creation(name: &Arc<str>, entry: &GroupEntry) -> Option<GroupCreation> {
    let create = &entry.create.as_ref()?.value;
    Some(GroupCreation {
        display_name: Arc::clone(name),
        description: create.description.clone(),
        role_assignable: wants_role_assignable(create),
    })
}
