//! From names to ids: what the files say, in the words of the model.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::assignment::{Assignment, PrincipalRef};
use super::check::{ALL_OTHERS, check, duplicate_assignment, unused};
use super::decode::{Loc, duplicate_key};
use super::document::{GroupEntry, ScopeRef, SettingsRef, TargetEntry};
use super::groups;
use super::merge::{Declared, Documents};
use super::principals::{Found, Principals};
use super::roles::{Roles, Units, assignable_at};
use super::scopes::Scopes;
use super::settings::{Resolved, SettingsResolver};
use crate::diag::{Finding, Findings, Severity, Span};
use crate::model::{
    Access, Answer, ArmScope, AssignmentKey, AssignmentScope, BlockedEntry, Desired, DesiredAssignment, DesiredGroup,
    DesiredList, DesiredMembers, DesiredTarget, Directory, GroupFacts, Kind, Known, Mention, Missing, Names, Ownership,
    Principal, PrincipalId, Role, RoleId, Surface, Target, Unresolved,
};

/// Resolves all names of the documents. Nothing if there is an error; all of them are among the findings.
///
/// What the tenant does not have is a warning, and blocked: it must not stop the rest. `known` tells who was renamed.
pub fn resolve(documents: &Documents, directory: &Arc<Directory>, known: &Known) -> (Option<Desired>, Findings) {
    let (profiles, mut findings) = check(documents);
    let directory = groups::with_planned(documents, directory, known);
    let mut principals = Principals::new(&directory, known);
    let mut blocked = Vec::new();
    let declared = groups::find(documents, &mut principals, &mut blocked, &mut findings);
    let empty = groups::without_members(documents, &declared, &directory);
    let settings = SettingsResolver::new(documents, profiles, &directory, &mut principals, empty, &mut findings);
    let units = Units::new(&directory);
    let names = Names::new(&directory);
    let mut resolver =
        Resolver { documents, directory: &directory, names, principals, settings, units, blocked, findings };
    let (mut targets, mut desired_groups) = (BTreeMap::new(), BTreeMap::new());
    resolver.groups(declared, &mut targets, &mut desired_groups);
    resolver.directory_roles(&mut targets);
    resolver.azure(&mut targets);
    let (protected, unprotected) = resolver.protected();
    let Resolver { blocked, principals, mut findings, .. } = resolver;
    // Where the files say which tenant they are for, it has been seen to that it is this one.
    if documents.tenant.is_none()
        && let Some(finding) = principals.another_tenant()
    {
        findings.push(finding);
    }
    if findings.has_errors() {
        return (None, findings);
    }
    unused(documents, &mut findings);
    let desired = Desired {
        tenant: documents.tenant.as_ref().map(|tenant| (tenant.value.id.value, tenant.value.id.at)),
        groups: desired_groups,
        targets,
        protected,
        unprotected,
        blocked,
        files: documents.files,
        directory,
    };
    (Some(desired), findings)
}

struct Resolver<'d> {
    documents: &'d Documents,
    directory: &'d Directory,
    names: Names<'d>,
    principals: Principals<'d>,
    settings: SettingsResolver<'d>,
    units: Units<'d>,
    blocked: Vec<BlockedEntry>,
    findings: Findings,
}

type Targets = BTreeMap<Target, DesiredTarget>;

/// A role and what is declared of it.
type Named<'d> = (Loc<&'d str>, &'d TargetEntry);

impl<'d> Resolver<'d> {
    fn note<T>(&mut self, result: Result<T, Finding>) -> Option<T> {
        result.map_err(|finding| self.findings.push(finding)).ok()
    }

    /// The same for what may be gone: a warning then, and blocked with all that is declared below it.
    fn note_or_block<T>(&mut self, result: Result<T, Finding>, address: impl FnOnce() -> String) -> Option<T> {
        let gone = result.as_ref().err().filter(|finding| finding.severity == Severity::Warning);
        if let Some((message, at)) = gone.and_then(|finding| Some((finding.message.clone(), finding.span()?))) {
            self.blocked.push(BlockedEntry { address: address(), detail: message, at });
        }
        self.note(result)
    }

    fn ownership(&self, own: Option<&Loc<Ownership>>) -> Ownership {
        own.or(self.documents.ownership.as_ref()).map_or(Ownership::Complete, |ownership| ownership.value)
    }

    // -- Groups

    fn groups(
        &mut self,
        declared: groups::ById<'d>,
        targets: &mut Targets,
        desired: &mut BTreeMap<PrincipalId, DesiredGroup>,
    ) {
        for (id, (name, declared)) in declared {
            let GroupEntry { create: _, members, owners, member, owner, ownership } = &declared.value;
            let group = DesiredGroup {
                at: declared.at,
                create: groups::creation(name, &declared.value),
                members: self.static_list(members.as_ref(), ownership.as_ref()),
                owners: self.static_list(owners.as_ref(), ownership.as_ref()),
            };
            for list in [&group.members, &group.owners] {
                if let DesiredMembers::Managed { principals, .. } = list
                    && let Some(at) = principals.get(&id)
                {
                    self.findings.push(in_itself(name, *at));
                }
            }
            if group.create.is_some() || members.is_some() || owners.is_some() {
                desired.insert(id, group);
            }
            for (access, entry) in [(Access::Member, member), (Access::Owner, owner)] {
                let Some(entry) = entry else { continue };
                let ownership = self.ownership(entry.value.ownership.as_ref());
                let target =
                    self.target(entry.at, &entry.value, entry.value.settings.as_ref(), ownership, Surface::Groups);
                for list in [&target.eligible, &target.active] {
                    if let DesiredList::Managed { assignments, .. } = list
                        && let Some(own) = assignments.iter().find(|assignment| assignment.key.principal == id)
                    {
                        self.findings.push(in_itself(name, own.at));
                    }
                }
                targets.insert(Target::Group { group: id, access }, target);
            }
        }
    }

    fn static_list(
        &mut self,
        list: Option<&'d Loc<Vec<PrincipalRef>>>,
        ownership: Option<&Loc<Ownership>>,
    ) -> DesiredMembers {
        let Some(list) = list else { return DesiredMembers::Unmanaged };
        let (principals, unresolved) = self.members(&list.value);
        DesiredMembers::Managed { ownership: self.ownership(ownership), principals, unresolved, at: list.at }
    }

    /// Principals of a plain list, each once.
    fn members(&mut self, references: &'d [PrincipalRef]) -> (BTreeMap<PrincipalId, Span>, Vec<Unresolved>) {
        let (mut members, mut unresolved) = (BTreeMap::new(), Vec::new());
        for reference in references {
            let principal = match self.principals.find(reference, &mut self.findings) {
                Found::One(principal) => principal,
                Found::Gone(gone) => {
                    unresolved.push(gone);
                    continue;
                }
                Found::Wrong => continue,
            };
            match members.get(&principal.id) {
                Some(first) => self.findings.push(twice(principal, *first, reference.at)),
                None => {
                    members.insert(principal.id, reference.at);
                }
            }
        }
        (members, unresolved)
    }

    /// Several files may protect the same principal. Who was renamed stays protected.
    fn protected(&mut self) -> (BTreeMap<PrincipalId, Span>, Vec<Unresolved>) {
        let (mut protected, mut unprotected) = (BTreeMap::new(), Vec::new());
        for reference in &self.documents.protected {
            match self.principals.find(reference, &mut self.findings) {
                Found::One(principal) => drop(protected.entry(principal.id).or_insert(reference.at)),
                Found::Gone(gone) => {
                    if let Missing::Principal { known: Some(id), .. } = gone.missing {
                        protected.entry(id).or_insert(reference.at);
                    }
                    unprotected.push(gone);
                }
                Found::Wrong => {}
            }
        }
        (protected, unprotected)
    }

    // -- Roles

    fn directory_roles(&mut self, targets: &mut Targets) {
        let entries = self.documents.directory_roles.iter();
        let entries = entries.map(|(name, Declared { at, value })| (Loc { value: &**name, at: *at }, value));
        let roles = Roles::new(self.directory.directory_roles());
        let make = |role| Target::Directory { directory_role: role };
        self.roles(entries.collect(), &roles, &|_| true, &make, (Surface::Directory, "directory"), targets);
    }

    fn azure(&mut self, targets: &mut Targets) {
        let scopes = Scopes::new(self.directory);
        let mut by_scope: BTreeMap<ArmScope, Vec<Named<'d>>> = BTreeMap::new();
        for entry in &self.documents.azure {
            let scope = scopes.find(&entry.scope);
            let names = self.names;
            let Some(scope) = self.note_or_block(scope, || address_of(&entry.scope, &names)) else { continue };
            let roles = entry.roles.0.iter().map(|(name, target)| (Loc { value: &*name.value, at: name.at }, target));
            by_scope.entry(scope).or_default().extend(roles);
        }
        let roles = Roles::new(self.directory.azure_roles());
        for (scope, entries) in by_scope {
            let fits = |role: &Role| assignable_at(role, &scope);
            let make = |role| Target::Azure { scope: scope.clone(), role };
            let above = format!("azure/{}", self.names.scope(&scope));
            self.roles(entries, &roles, &fits, &make, (Surface::Azure, &above), targets);
        }
    }

    /// The roles of one map, which share what is said of `"*"`.
    fn roles(
        &mut self,
        entries: Vec<Named<'d>>,
        roles: &Roles<'d>,
        fits: &dyn Fn(&Role) -> bool,
        make: &dyn Fn(RoleId) -> Target,
        (surface, above): (Surface, &str),
        targets: &mut Targets,
    ) {
        let (others, named): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(name, _)| name.value == ALL_OTHERS);
        let others = self.only_one(&others);
        let mut places: BTreeMap<RoleId, Span> = BTreeMap::new();
        let mut gone: Option<Loc<&str>> = None;
        for (name, entry) in named {
            let role = roles.find(&name, fits);
            let address = || format!("{above}/{}", Names::part(name.value));
            let missing = self.blocked.len();
            let Some(role) = self.note_or_block(role, address) else {
                gone = gone.or(self.blocked.get(missing).map(|_| name));
                continue;
            };
            if let Some(first) = places.insert(role.id, name.at) {
                self.findings.push(duplicate_key(&role.name, first, name.at));
                continue;
            }
            let settings = entry.settings.as_ref().or(others.and_then(|(_, entry)| entry.settings.as_ref()));
            let ownership = self.ownership(entry.ownership.as_ref());
            let target = self.target(name.at, entry, settings, ownership, surface);
            targets.insert(make(role.id), target);
        }
        let Some((name, entry)) = others else { return };
        if let Some(gone) = gone {
            // A role that was renamed would be taken for one of the others, and may be declared stricter than they are.
            let detail =
                format!("there is no role `{}`, and any of the others may be it under another name", gone.value);
            self.blocked.push(BlockedEntry { address: format!("{above}/{ALL_OTHERS}"), detail, at: name.at });
            return;
        }
        let resolved = self.settings.resolve(entry.settings.as_ref(), &mut self.principals, &mut self.findings);
        for role in roles.all().iter().filter(|role| fits(role) && !places.contains_key(&role.id)) {
            let (eligible, active) = (DesiredList::Unmanaged, DesiredList::Unmanaged);
            let mention = Mention::AllOthers;
            let Resolved { settings, blocked } = resolved.clone();
            let target = DesiredTarget { mention, at: name.at, settings, blocked, eligible, active };
            targets.insert(make(role.id), target);
        }
    }

    fn only_one(&mut self, others: &[Named<'d>]) -> Option<Named<'d>> {
        let (first, rest) = others.split_first()?;
        for (again, _) in rest {
            self.findings.push(duplicate_key(ALL_OTHERS, first.0.at, again.at));
        }
        Some(*first)
    }

    // -- One target

    fn target(
        &mut self,
        at: Span,
        entry: &'d TargetEntry,
        settings: Option<&'d SettingsRef>,
        ownership: Ownership,
        surface: Surface,
    ) -> DesiredTarget {
        let Resolved { settings, blocked } = self.settings.resolve(settings, &mut self.principals, &mut self.findings);
        DesiredTarget {
            mention: Mention::Named,
            at,
            settings,
            blocked,
            eligible: self.list(entry.eligible.as_ref(), Kind::Eligible, ownership, surface),
            active: self.list(entry.active.as_ref(), Kind::Active, ownership, surface),
        }
    }

    fn list(
        &mut self,
        list: Option<&'d Loc<Vec<Assignment>>>,
        kind: Kind,
        ownership: Ownership,
        surface: Surface,
    ) -> DesiredList {
        let Some(list) = list else { return DesiredList::Unmanaged };
        let (mut assignments, mut unresolved) = (Vec::with_capacity(list.value.len()), Vec::new());
        for assignment in &list.value {
            match self.assignment(assignment, kind, surface) {
                Some(Ok(assignment)) => assignments.push(assignment),
                Some(Err(gone)) => unresolved.push(gone),
                None => {}
            }
        }
        assignments.sort_by_key(|assignment: &DesiredAssignment| (assignment.key, assignment.at));
        for pair in assignments.windows(2) {
            if let [first, second] = pair
                && first.key == second.key
            {
                let principal = self.directory.principal(first.key.principal);
                let name = principal.map(|principal| Arc::clone(principal.policy_name())).unwrap_or_default();
                self.findings.push(duplicate_assignment(&name, first.at, second.at));
            }
        }
        DesiredList::Managed { ownership, assignments, unresolved, at: list.at }
    }

    fn assignment(
        &mut self,
        assignment: &'d Assignment,
        kind: Kind,
        surface: Surface,
    ) -> Option<Result<DesiredAssignment, Unresolved>> {
        let unit = assignment.administrative_unit.as_ref().map(|unit| self.units.find(unit));
        let gone = unit.as_ref().and_then(|unit| unit.as_ref().err());
        let gone = gone.filter(|finding| finding.severity == Severity::Warning).map(|finding| finding.message.clone());
        let unit = unit.map(|unit| self.note(unit));
        let over = assignment.administrative_unit.as_ref();
        let over = over.map(|unit| format!("/administrativeUnit:{}", Names::part(&unit.value))).unwrap_or_default();
        let principal = match self.principals.find(&assignment.principal, &mut self.findings) {
            Found::One(principal) => principal,
            Found::Gone(gone) => return Some(Err(Unresolved { label: gone.label + &over, ..gone })),
            Found::Wrong => return None,
        };
        if let Some(detail) = gone {
            let label = self.names.principal(principal.id) + &over;
            let missing = Missing::Unit(principal.id);
            return Some(Err(Unresolved { missing, label, detail, at: assignment.at }));
        }
        if let (Surface::Directory, Some(facts)) = (surface, principal.group())
            && let Some(finding) = not_role_assignable(principal, facts, assignment.principal.at)
        {
            self.findings.push(finding);
        }
        let scope = match unit {
            Some(id) => AssignmentScope::AdministrativeUnit(id?),
            None => AssignmentScope::Whole,
        };
        Some(Ok(DesiredAssignment {
            key: AssignmentKey { kind, principal: principal.id, scope },
            schedule: assignment.schedule,
            justification: assignment.justification.clone(),
            ticket: assignment.ticket.clone(),
            condition: assignment.condition.as_ref().map(|condition| condition.value.clone()),
            at: assignment.at,
        }))
    }
}

/// The address of a scope that the tenant does not have.
fn address_of(scope: &ScopeRef, names: &Names) -> String {
    let part = Names::part;
    match scope {
        ScopeRef::ManagementGroup(name) => format!("azure/managementGroups/{}", part(&name.value)),
        ScopeRef::Subscription(name) => format!("azure/subscriptions/{}", part(&name.value)),
        ScopeRef::ResourceGroup { subscription, name } => {
            format!("azure/subscriptions/{}/resourceGroups/{}", part(&subscription.value), part(&name.value))
        }
        ScopeRef::Id(scope) => format!("azure/{}", names.scope(&scope.value)),
    }
}

fn in_itself(group: &str, at: Span) -> Finding {
    Finding::error("bad-value", format!("the group `{group}` cannot be in itself"))
        .at(at, "the same group")
        .help("name who is in it")
}

fn twice(principal: &Principal, first: Span, second: Span) -> Finding {
    Finding::error("duplicate-assignment", format!("`{}` is in the list twice", principal.policy_name()))
        .at(second, "named again here")
        .at(first, "first named here")
        .help("keep one of the two")
}

fn not_role_assignable(group: &Principal, facts: &GroupFacts, at: Span) -> Option<Finding> {
    let name = &group.display_name;
    let finding = match facts.role_assignable {
        Answer::Yes => return None,
        Answer::No => {
            Finding::error("group-not-role-assignable", format!("the group `{name}` may not hold directory roles"))
                .at(at, "not role-assignable")
        }
        Answer::NotSaid => {
            let message = format!("the service did not say whether the group `{name}` may hold directory roles");
            Finding::warning("group-not-role-assignable", message).at(at, "perhaps not role-assignable")
        }
    };
    Some(finding.help(if facts.planned {
        "write `create: { role_assignable: true }` where it is declared"
    } else {
        "this is fixed when a group is created; use a role-assignable group"
    }))
}
