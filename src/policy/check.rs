//! What can be said of policy files without knowing the tenant.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::assignment::{Assignment, PrincipalRef};
use super::decode::Loc;
use super::document::{GroupEntry, SettingsRef, TargetEntry};
use super::layer::{ApproverRef, Layer, Stated, without_approvers};
use super::merge::{Declared, Documents};
use super::profile::Profiles;
use crate::diag::{Finding, Findings, Span, nearest};
use crate::model::text::name_key;
use crate::model::{DesiredEnding, Duration, Kind, PrincipalKind, Setting, Surface, Time};

/// The key that stands for all roles not named.
pub(super) const ALL_OTHERS: &str = "*";

/// Checks all that needs no tenant.
pub fn check_offline(documents: &Documents) -> Findings {
    let (_, mut findings) = check(documents);
    for (_, _, entry) in targets(documents) {
        for kind in Kind::ALL {
            same_name_twice(assignments(entry, kind), &mut findings);
        }
    }
    if !findings.has_errors() {
        unused(documents, &mut findings);
    }
    findings
}

/// Assignments whose end has passed, or comes so soon that the service would refuse them.
pub fn check_ends(documents: &Documents, now: Time) -> Findings {
    let mut findings = Findings::default();
    for (_, _, entry) in targets(documents) {
        for assignment in Kind::ALL.into_iter().flat_map(|kind| assignments(entry, kind)) {
            ends_in_time(assignment, now, &mut findings);
        }
    }
    findings
}

/// The checks that hold with and without a tenant, and the merged profiles.
pub(super) fn check(documents: &Documents) -> (Profiles<'_>, Findings) {
    let (profiles, mut findings) = Profiles::new(documents);
    references(documents, &profiles, &mut findings);
    approvers(documents, &mut findings);
    for (surface, name, entry) in targets(documents) {
        if name.value == ALL_OTHERS && surface != Surface::Groups {
            settings_only(entry, &mut findings);
        }
        for kind in Kind::ALL {
            for assignment in assignments(entry, kind) {
                fits(assignment, surface, kind, &mut findings);
            }
        }
    }
    for group in documents.groups.values() {
        static_beside_pim(&group.value, &mut findings);
        nested(&group.value, &mut findings);
    }
    (profiles, findings)
}

/// Every target that the files name, with the key that names it.
fn targets(documents: &Documents) -> impl Iterator<Item = (Surface, Loc<&str>, &TargetEntry)> {
    let roles = documents
        .directory_roles
        .iter()
        .map(|(name, declared)| (Surface::Directory, Loc { value: &**name, at: declared.at }, &declared.value));
    let groups = documents.groups.iter().flat_map(|(name, declared)| {
        let entries = [&declared.value.member, &declared.value.owner].into_iter().flatten();
        entries.map(|entry| (Surface::Groups, Loc { value: &**name, at: declared.at }, &entry.value))
    });
    let azure = documents.azure.iter().flat_map(|entry| &entry.roles.0);
    let azure = azure.map(|(name, entry)| (Surface::Azure, Loc { value: &*name.value, at: name.at }, entry));
    roles.chain(groups).chain(azure)
}

fn assignments(entry: &TargetEntry, kind: Kind) -> &[Assignment] {
    let list = match kind {
        Kind::Eligible => &entry.eligible,
        Kind::Active => &entry.active,
    };
    list.as_ref().map(|list| list.value.as_slice()).unwrap_or_default()
}

/// Every layer of settings: profiles, and what targets state in place.
fn layers(documents: &Documents) -> impl Iterator<Item = &Layer> {
    let inline = targets(documents).filter_map(|(_, _, entry)| match &entry.settings {
        Some(SettingsRef::Inline(layer)) => Some(&**layer),
        _ => None,
    });
    documents.profiles.values().map(|declared| &declared.value).chain(inline)
}

/// Names of profiles, and the floor under all settings in use.
fn references(documents: &Documents, profiles: &Profiles<'_>, findings: &mut Findings) {
    if let Some(floor) = &documents.floor
        && !documents.profiles.contains_key(&floor.value)
    {
        findings.push(profiles.unknown(floor));
    }
    let mut checked = BTreeSet::new();
    let mut on_azure = BTreeSet::new();
    for (surface, _, entry) in targets(documents) {
        let Some(settings) = &entry.settings else { continue };
        let name = match settings {
            SettingsRef::Profile(name) => Some(name),
            SettingsRef::Inline(layer) => layer.extends.as_ref(),
        };
        if let Some(name) = name
            && !documents.profiles.contains_key(&name.value)
        {
            findings.push(profiles.unknown(name));
        }
        if surface == Surface::Azure
            && let Some(stated) = profiles.stated(settings)
            && let Setting::Set { value, at } = &stated.settings.activation.extension
            && !value.is_none()
            && on_azure.insert(*at)
        {
            findings.push(extension_on_azure(*at));
        }
        // What a thousand targets take from one profile is wrong once.
        let again = matches!(settings, SettingsRef::Profile(name) if !checked.insert(&*name.value));
        if let Some(stated) = profiles.stated(settings).filter(|_| !again) {
            findings.extend(profiles.below_floor(&stated.settings));
        }
    }
}

/// How Azure Resource Manager calls the rule is not known, so nobody can write it. docs/service.md: policies-3
fn extension_on_azure(at: Span) -> Finding {
    Finding::error("extension-on-azure", "a custom extension cannot be declared for a role of Azure")
        .at(at, "declared here")
        .help("set it in the portal and leave the field out; for directory roles and groups it can be declared")
}

fn approvers(documents: &Documents, findings: &mut Findings) {
    for list in documents.approvers.values().map(|declared| &declared.value) {
        for principal in list {
            can_approve(principal, findings);
        }
    }
    for Stated { settings, approvers } in layers(documents).map(|layer| &layer.stated) {
        let (Some(at), Some(approvers)) = (settings.activation.approval.at(), approvers) else { continue };
        let mut empty = Vec::new();
        let mut any = false;
        for approver in approvers.iter() {
            match approver {
                ApproverRef::Principal(principal) => {
                    any = true;
                    can_approve(principal, findings);
                }
                ApproverRef::Set(name) => match documents.approvers.get(&name.value) {
                    Some(set) if set.value.is_empty() => empty.push(set.at),
                    Some(_) => any = true,
                    None => {
                        any = true;
                        findings.push(unknown_approvers(documents, name));
                    }
                },
            }
        }
        if !any {
            let finding = without_approvers(at);
            findings.push(empty.into_iter().fold(finding, |finding, at| finding.at(at, "this set is empty")));
        }
    }
}

fn can_approve(principal: &PrincipalRef, findings: &mut Findings) {
    if principal.kind == PrincipalKind::ServicePrincipal {
        findings.push(
            Finding::error("not-eligible-kind", "a service principal cannot approve")
                .at(principal.at, "a service principal")
                .help("name a user or a group"),
        );
    }
}

fn unknown_approvers(documents: &Documents, name: &Loc<Arc<str>>) -> Finding {
    let near = nearest(&name.value, documents.approvers.keys().map(|name| &**name));
    Finding::error("unknown-approvers", format!("there is no approver set `{}`", name.value))
        .at(name.at, "no such approver set")
        .help(match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "declare it under `approvers:`, or write `{ user: ... }` or `{ group: ... }`".to_owned(),
        })
}

/// What is declared and never referred to. Where something is wrong it may only seem so.
pub(super) fn unused(documents: &Documents, findings: &mut Findings) {
    let named = targets(documents).filter_map(|(_, _, entry)| match &entry.settings {
        Some(SettingsRef::Profile(name)) => Some(name),
        _ => None,
    });
    let extended = layers(documents).filter_map(|layer| layer.extends.as_ref());
    let profiles: BTreeSet<&str> = named.chain(extended).chain(&documents.floor).map(|name| &*name.value).collect();
    let sets = layers(documents).filter_map(|layer| layer.stated.approvers.as_ref()).flat_map(|list| list.iter());
    let sets: BTreeSet<&str> = sets
        .filter_map(|approver| match approver {
            ApproverRef::Set(name) => Some(&*name.value),
            ApproverRef::Principal(_) => None,
        })
        .collect();
    warn_unused(&documents.profiles, &profiles, "unused-profile", "profile", findings);
    warn_unused(&documents.approvers, &sets, "unused-approvers", "approver set", findings);
}

fn warn_unused<T>(
    all: &BTreeMap<Arc<str>, Declared<T>>,
    used: &BTreeSet<&str>,
    id: &'static str,
    word: &str,
    findings: &mut Findings,
) {
    for (name, declared) in all.iter().filter(|(name, _)| !used.contains(&***name)) {
        let finding = Finding::warning(id, format!("nothing uses the {word} `{name}`"));
        findings.push(finding.at(declared.at, "not used").help("use it, or take it out"));
    }
}

fn settings_only(entry: &TargetEntry, findings: &mut Findings) {
    if let Some(ownership) = &entry.ownership {
        findings.push(
            Finding::error("conflicting-keys", "`*` gives settings only, no `ownership`")
                .at(ownership.at, "of which list?")
                .help("say it beside the lists, or at the top for all files"),
        );
    }
    for at in [&entry.eligible, &entry.active].into_iter().flatten().map(|list| list.at) {
        findings.push(
            Finding::error("conflicting-keys", "`*` gives settings only, no assignments")
                .at(at, "for which role?")
                .help("declare the assignments under the name of each role"),
        );
    }
}

/// What an assignment may say depends on the surface and the kind.
fn fits(assignment: &Assignment, surface: Surface, kind: Kind, findings: &mut Findings) {
    if let (Some(unit), true) = (&assignment.administrative_unit, surface != Surface::Directory) {
        findings.push(not_here("administrative_unit", unit.at, "directory roles"));
    }
    if let (Some(condition), true) = (&assignment.condition, surface != Surface::Azure) {
        findings.push(not_here("condition", condition.at, "roles of Azure"));
    }
    if kind == Kind::Eligible && assignment.principal.kind == PrincipalKind::ServicePrincipal {
        findings.push(
            Finding::error("not-eligible-kind", "a service principal cannot be eligible")
                .at(assignment.principal.at, "a service principal")
                .help("nobody could activate for it; declare it under `active:`"),
        );
    }
}

fn not_here(key: &str, at: Span, only: &str) -> Finding {
    Finding::error("conflicting-keys", format!("`{key}` is for {only} only"))
        .at(at, "does not fit here")
        .help(format!("take `{key}` out"))
}

/// A group's member list also shows who is a member through PIM, so the two cannot both be complete.
fn static_beside_pim(group: &GroupEntry, findings: &mut Findings) {
    let pairs =
        [("members", &group.members, "member", &group.member), ("owners", &group.owners, "owner", &group.owner)];
    for (plain, list, pim, entry) in pairs {
        if let (Some(list), Some(entry)) = (list, entry) {
            findings.push(
                Finding::error("conflicting-keys", format!("`{plain}` and `{pim}` cannot both be declared"))
                    .at(list.at, format!("`{plain}` here"))
                    .at(entry.at, format!("`{pim}` here"))
                    .help(format!("declare them as `active` with `permanent: true` under `{pim}`")),
            );
        }
    }
}

/// The service takes no group as a member of a role-assignable one. What the group is that exists already, only the
/// tenant knows; this one says so itself.
fn nested(group: &GroupEntry, findings: &mut Findings) {
    let wanted = group.create.as_ref().and_then(|create| create.value.role_assignable.as_ref());
    let Some(wanted) = wanted.filter(|wanted| wanted.value) else { return };
    let members = group.members.iter().flat_map(|list| &list.value);
    let active = group.member.iter().flat_map(|member| assignments(&member.value, Kind::Active));
    let inner = members.chain(active.map(|assignment| &assignment.principal));
    for inner in inner.filter(|inner| inner.kind == PrincipalKind::Group) {
        // docs/service.md: groups-1
        findings.push(
            Finding::error("nested-group", "the service takes no group as a member of a role-assignable group")
                .at(inner.at, "a group")
                .at(wanted.at, "role-assignable")
                .help("name the people, or make the group eligible under `member:`"),
        );
    }
}

fn ends_in_time(assignment: &Assignment, now: Time, findings: &mut Findings) {
    let DesiredEnding::Until(end) = assignment.schedule.end else { return };
    let name = &assignment.principal.name;
    let start = assignment.schedule.start.map_or(now, |start| start.max(now));
    if end <= now {
        findings.push(
            Finding::error("until-in-the-past", format!("the assignment of `{name}` ended on {}", end.date()))
                .at(assignment.at, "ended")
                .help("remove the entry, or give it a later end to assign it anew"),
        );
    } else if start.until(end) < Duration::SHORTEST_ASSIGNMENT {
        let (length, shortest) = (start.until(end), Duration::SHORTEST_ASSIGNMENT);
        let message =
            format!("the assignment of `{name}` would last for {length}, and the service refuses less than {shortest}");
        findings.push(
            Finding::error("too-short", message).at(assignment.at, "ends too soon").help("give it a longer time"),
        );
    }
}

/// The same assignment twice, as far as the names tell.
fn same_name_twice(assignments: &[Assignment], findings: &mut Findings) {
    let mut seen = BTreeMap::new();
    for assignment in assignments {
        let unit = assignment.administrative_unit.as_ref().map(|unit| name_key(&unit.value));
        let key = (assignment.principal.kind, name_key(&assignment.principal.name), unit);
        if let Some(first) = seen.insert(key, assignment.at) {
            findings.push(duplicate_assignment(&assignment.principal.name, first, assignment.at));
        }
    }
}

/// The same assignment, twice.
pub(super) fn duplicate_assignment(name: &str, one: Span, other: Span) -> Finding {
    let (first, second) = (one.min(other), one.max(other));
    Finding::error("duplicate-assignment", format!("the assignment of `{name}` is declared twice"))
        .at(second, "declared again here")
        .at(first, "first declared here")
        .help("keep one of the two")
}
