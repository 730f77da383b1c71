//! Reading groups: for each its policies, its schedules and, where asked for, who is in it; all in batches. The lists of
//! PIM must be filtered by group (docs/service.md: lists-3).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::assembly::{Assembly, why};
use super::super::directory;
use super::super::error::{ErrorKind, ServiceError};
use super::super::http::{ReadClient, Rows, query_value};
use super::super::policies::{self, Assigned, Listed, Place};
use super::super::wire;
use crate::model::{Access, GroupRead, GroupState, Kind, PrincipalId, Settings, Surface, Target};

/// What was read of groups.
#[derive(Debug, Default)]
pub(in super::super) struct Found {
    /// The targets.
    pub(in super::super) targets: Assembly,
    /// Who is on the lists of members and owners.
    pub(in super::super) lists: BTreeMap<PrincipalId, GroupRead>,
}

const BOTH: [Access; 2] = [Access::Member, Access::Owner];

/// One list of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Policies,
    Schedules(Kind),
    Listed(Access),
}

impl Part {
    fn path(self, group: PrincipalId) -> String {
        let of_group = |field: &str| format!("{field} eq '{group}'");
        match self {
            Self::Policies => Place::Group(group).with_rules(),
            Self::Schedules(kind) => {
                let collection = match kind {
                    Kind::Eligible => "eligibilitySchedules",
                    Kind::Active => "assignmentSchedules",
                };
                let filter = query_value(&of_group("groupId"));
                format!("/v1.0/identityGovernance/privilegedAccess/group/{collection}?$filter={filter}")
            }
            Self::Listed(access) => format!("/v1.0/groups/{group}/{access}s?$select=id"),
        }
    }

    fn asked(self) -> String {
        match self {
            Self::Policies => "list the settings of a group".to_owned(),
            Self::Schedules(kind) => format!("list the {kind} assignments of a group"),
            Self::Listed(access) => format!("list the {access}s of a group"),
        }
    }
}

/// The list of the policies of a group, with their rules.
pub(in super::super) fn policies(group: PrincipalId) -> String {
    Part::Policies.path(group)
}

/// The list of the assignments of a group of a kind.
pub(in super::super) fn schedules(group: PrincipalId, kind: Kind) -> String {
    Part::Schedules(kind).path(group)
}

/// One of the two lists of who is in a group.
pub(in super::super) fn listed(group: PrincipalId, access: Access) -> String {
    Part::Listed(access).path(group)
}

/// Reads groups: those in `targets` with what PIM has of them, those in `lists` with who is in them.
pub(in super::super) async fn read(
    client: &ReadClient,
    targets: &BTreeSet<PrincipalId>,
    lists: &BTreeSet<PrincipalId>,
) -> Found {
    let of_pim = [Part::Policies, Part::Schedules(Kind::Eligible), Part::Schedules(Kind::Active)];
    let of_pim = targets.iter().flat_map(|group| of_pim.map(|part| (*group, part)));
    let of_lists = lists.iter().flat_map(|group| BOTH.map(|access| (*group, Part::Listed(access))));
    let parts: Vec<(PrincipalId, Part)> = of_pim.chain(of_lists).collect();
    let mut found = Found::default();
    if parts.is_empty() {
        return found;
    }
    let (mut missing, mut unanswered) = (BTreeSet::new(), BTreeSet::new());
    // Groups that PIM knows, and those of which it says that it does not.
    let (mut known, mut unknown) = (BTreeSet::new(), BTreeSet::new());
    let paths: Vec<String> = parts.iter().map(|(group, part)| part.path(*group)).collect();
    for ((group, part), answer) in parts.into_iter().zip(client.batch_list(&paths).await) {
        let answer = answer.map_err(|error| error.asked(part.asked()));
        match (&answer, part) {
            (_, Part::Listed(_)) => {}
            (Ok(rows), _) if !rows.is_empty() => drop(known.insert(group)),
            (Err(error), Part::Schedules(_)) if error.kind == ErrorKind::NotFound => drop(unknown.insert(group)),
            _ => {}
        }
        match part {
            Part::Policies => match answer {
                Err(error) if policies::is_unanswered(&error) => drop(unanswered.insert(group)),
                answer => {
                    let answer = answer.map(Listed::with_rules);
                    take_policies(&mut found.targets, group, answer);
                }
            },
            Part::Schedules(kind) => take_schedules(&mut found.targets, group, kind, answer),
            // Of a group that does not exist nothing is said.
            Part::Listed(_) if answer.as_ref().is_err_and(|error| error.kind == ErrorKind::NotFound) => {
                missing.insert(group);
            }
            Part::Listed(access) => take_list(&mut found.lists, group, access, answer),
        }
    }
    for group in unanswered {
        let answer = policies::rule_by_rule(client, Place::Group(group), |_| true).await;
        let answer = answer.map_err(|error| error.asked(Part::Policies.asked()));
        take_policies(&mut found.targets, group, answer);
    }
    // Of a group that is there, nothing found is no answer: nobody would be told from who is only a static member.
    for group in known.intersection(&unknown) {
        let both = BOTH.map(|access| Target::Group { group: *group, access });
        found.targets.all_broken(&both, "the service showed only a part of what it has of the group");
    }
    for group in missing {
        let why = || GroupRead::Unreadable("the service showed only one of its two lists".into());
        found.lists.entry(group).and_modify(|read| *read = why());
    }
    found
}

fn targets(group: PrincipalId) -> [Target; 2] {
    BOTH.map(|access| Target::Group { group, access })
}

/// True where the service says that there can be nothing: the group does not exist, or is not one for PIM.
fn has_nothing(error: &ServiceError) -> bool {
    error.kind == ErrorKind::NotFound || cannot_use_pim(error)
}

/// A group whose members a rule or another directory decides on (docs/service.md: under-pim-1).
fn cannot_use_pim(error: &ServiceError) -> bool {
    error.code_is("ResourceTypeNotSupported")
}

fn take_policies(found: &mut Assembly, group: PrincipalId, answer: Result<Listed, ServiceError>) {
    let items = match answer {
        Ok(items) => items,
        Err(error) if cannot_use_pim(&error) => {
            let settings = Arc::new(Settings::service_default(Surface::Groups));
            for target in targets(group) {
                found.settings(target, Arc::clone(&settings));
            }
            return;
        }
        Err(error) if error.kind == ErrorKind::NotFound => return,
        Err(error) => return found.all_broken(&targets(group), why(&error)),
    };
    for Assigned { assignment: item, rules } in items.iter() {
        let of_group = wire::field(&item, "scopeId").is_some_and(|id| id.eq_ignore_ascii_case(&group.to_string()));
        let role = wire::field(&item, "roleDefinitionId").unwrap_or_default();
        let access = BOTH.into_iter().find(|access| access.to_string().eq_ignore_ascii_case(role));
        let Some(access) = access.filter(|_| of_group) else {
            let what = "the service answered with the settings of something else";
            return found.all_broken(&targets(group), what);
        };
        let target = Target::Group { group, access };
        match rules {
            Ok(rules) => found.policy(target, &rules),
            Err(error) => found.broken(&target, why(&error)),
        }
    }
}

fn take_schedules(found: &mut Assembly, group: PrincipalId, kind: Kind, answer: Result<Rows, ServiceError>) {
    let targets = targets(group);
    let list = match answer {
        Ok(list) => list,
        Err(error) if has_nothing(&error) => return,
        Err(error) => return found.all_broken(&targets, why(&error)),
    };
    for assignment in found.schedules(Surface::Groups, kind, list.iter(), || targets.iter().collect()) {
        if targets.contains(&assignment.target) {
            found.row(assignment.target, assignment.row);
        } else {
            let what = "the service answered with the assignments of something else";
            found.all_broken(&targets, what);
        }
    }
}

fn take_list(
    lists: &mut BTreeMap<PrincipalId, GroupRead>,
    group: PrincipalId,
    access: Access,
    answer: Result<Rows, ServiceError>,
) {
    let objects = match answer {
        Ok(objects) => objects,
        Err(error) => {
            lists.insert(group, GroupRead::Unreadable(why(&error).into()));
            return;
        }
    };
    let ids: Option<BTreeSet<PrincipalId>> = objects.iter().map(|object| directory::id(&object)).collect();
    let read = lists.entry(group).or_insert_with(|| GroupRead::Present(GroupState::default()));
    match (read, ids) {
        (GroupRead::Present(state), Some(ids)) => *state.list_mut(access) = ids,
        (read @ GroupRead::Present(_), None) => {
            *read = GroupRead::Unreadable(format!("one of its {access}s has no id").into());
        }
        (GroupRead::Unreadable(_), _) => {}
    }
}
