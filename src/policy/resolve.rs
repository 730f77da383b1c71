//! From names to ids: what the files say, in the words of the model.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::assignment::{Assignment, PrincipalRef};
use super::check::{ALL_OTHERS, check, duplicate_assignment, unused};
use super::decode::{Loc, duplicate_key};
use super::document::{GroupEntry, SettingsRef, TargetEntry};
use super::groups;
use super::merge::{Declared, Documents};
use super::principals::Principals;
use super::roles::{Roles, Units, assignable_at};
use super::scopes::Scopes;
use super::settings::SettingsResolver;
use crate::diag::{Finding, Findings, Span};
use crate::model::{
    Access, ArmScope, AssignmentKey, AssignmentScope, Desired, DesiredAssignment, DesiredGroup, DesiredList,
    DesiredMembers, DesiredTarget, Directory, Kind, Mention, Ownership, Principal, PrincipalId, Role, RoleId, Surface,
    Target,
};

/// Resolves all names of the documents. Nothing if there is an error; all of them are among the findings.
pub fn resolve(documents: &Documents, directory: &Arc<Directory>) -> (Option<Desired>, Findings) {
    let (profiles, mut findings) = check(documents);
    let directory = groups::with_planned(documents, directory);
    let mut principals = Principals::new(&directory);
    let declared = groups::find(documents, &mut principals, &mut findings);
    let empty = groups::without_members(documents, &declared, &directory);
    let settings = SettingsResolver::new(documents, profiles, &directory, &mut principals, empty, &mut findings);
    let units = Units::new(&directory);
    let mut resolver = Resolver { documents, directory: &directory, principals, settings, units, findings };
    let (mut targets, mut desired_groups) = (BTreeMap::new(), BTreeMap::new());
    resolver.groups(declared, &mut targets, &mut desired_groups);
    resolver.directory_roles(&mut targets);
    resolver.azure(&mut targets);
    let protected = resolver.protected();
    let mut findings = resolver.findings;
    if findings.has_errors() {
        return (None, findings);
    }
    unused(documents, &mut findings);
    let desired = Desired {
        tenant: documents.tenant.as_ref().map(|tenant| (tenant.value.id.value, tenant.value.id.at)),
        groups: desired_groups,
        targets,
        protected,
        files: documents.files,
        directory,
    };
    (Some(desired), findings)
}

struct Resolver<'d> {
    documents: &'d Documents,
    directory: &'d Directory,
    principals: Principals<'d>,
    settings: SettingsResolver<'d>,
    units: Units<'d>,
    findings: Findings,
}

type Targets = BTreeMap<Target, DesiredTarget>;

/// A role and what is declared of it.
type Named<'d> = (Loc<&'d str>, &'d TargetEntry);

impl<'d> Resolver<'d> {
    fn note<T>(&mut self, result: Result<T, Finding>) -> Option<T> {
        result.map_err(|finding| self.findings.push(finding)).ok()
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
        let principals = self.members(&list.value);
        DesiredMembers::Managed { ownership: self.ownership(ownership), principals, at: list.at }
    }

    /// Principals of a plain list, each once.
    fn members(&mut self, references: &'d [PrincipalRef]) -> BTreeMap<PrincipalId, Span> {
        let mut members = BTreeMap::new();
        for reference in references {
            let Some(principal) = self.principals.find(reference, &mut self.findings) else { continue };
            match members.get(&principal.id) {
                Some(first) => self.findings.push(twice(principal, *first, reference.at)),
                None => {
                    members.insert(principal.id, reference.at);
                }
            }
        }
        members
    }

    /// Several files may protect the same principal.
    fn protected(&mut self) -> BTreeMap<PrincipalId, Span> {
        let mut protected = BTreeMap::new();
        for reference in &self.documents.protected {
            if let Some(principal) = self.principals.find(reference, &mut self.findings) {
                protected.entry(principal.id).or_insert(reference.at);
            }
        }
        protected
    }

    // -- Roles

    fn directory_roles(&mut self, targets: &mut Targets) {
        let entries = self.documents.directory_roles.iter();
        let entries = entries.map(|(name, Declared { at, value })| (Loc { value: &**name, at: *at }, value));
        let roles = Roles::new(self.directory.directory_roles());
        let make = |role| Target::Directory { directory_role: role };
        self.roles(entries.collect(), &roles, &|_| true, &make, Surface::Directory, targets);
    }

    fn azure(&mut self, targets: &mut Targets) {
        let scopes = Scopes::new(self.directory);
        let mut by_scope: BTreeMap<ArmScope, Vec<Named<'d>>> = BTreeMap::new();
        for entry in &self.documents.azure {
            let scope = scopes.find(&entry.scope);
            let Some(scope) = self.note(scope) else { continue };
            let roles = entry.roles.0.iter().map(|(name, target)| (Loc { value: &*name.value, at: name.at }, target));
            by_scope.entry(scope).or_default().extend(roles);
        }
        let roles = Roles::new(self.directory.azure_roles());
        for (scope, entries) in by_scope {
            let fits = |role: &Role| assignable_at(role, &scope);
            let make = |role| Target::Azure { scope: scope.clone(), role };
            self.roles(entries, &roles, &fits, &make, Surface::Azure, targets);
        }
    }

    /// The roles of one map, which share what is said of `"*"`.
    fn roles(
        &mut self,
        entries: Vec<Named<'d>>,
        roles: &Roles<'d>,
        fits: &dyn Fn(&Role) -> bool,
        make: &dyn Fn(RoleId) -> Target,
        surface: Surface,
        targets: &mut Targets,
    ) {
        let (others, named): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(name, _)| name.value == ALL_OTHERS);
        let others = self.only_one(&others);
        let mut places: BTreeMap<RoleId, Span> = BTreeMap::new();
        for (name, entry) in named {
            let role = roles.find(&name, fits);
            let Some(role) = self.note(role) else { continue };
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
        let settings = self.settings.resolve(entry.settings.as_ref(), &mut self.principals, &mut self.findings);
        for role in roles.all().iter().filter(|role| fits(role) && !places.contains_key(&role.id)) {
            let (eligible, active) = (DesiredList::Unmanaged, DesiredList::Unmanaged);
            let (mention, settings) = (Mention::AllOthers, settings.clone());
            let target = DesiredTarget { mention, at: name.at, settings, eligible, active };
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
        DesiredTarget {
            mention: Mention::Named,
            at,
            settings: self.settings.resolve(settings, &mut self.principals, &mut self.findings),
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
        let mut assignments = Vec::with_capacity(list.value.len());
        for assignment in &list.value {
            assignments.extend(self.assignment(assignment, kind, surface));
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
        DesiredList::Managed { ownership, assignments, at: list.at }
    }

    fn assignment(&mut self, assignment: &'d Assignment, kind: Kind, surface: Surface) -> Option<DesiredAssignment> {
        let unit = assignment.administrative_unit.as_ref().map(|unit| self.units.find(unit));
        let unit = unit.map(|unit| self.note(unit));
        let principal = self.principals.find(&assignment.principal, &mut self.findings)?;
        if surface == Surface::Directory && principal.group().is_some_and(|facts| !facts.role_assignable) {
            self.findings.push(not_role_assignable(principal, assignment.principal.at));
        }
        let scope = match unit {
            Some(id) => AssignmentScope::AdministrativeUnit(id?),
            None => AssignmentScope::Whole,
        };
        Some(DesiredAssignment {
            key: AssignmentKey { kind, principal: principal.id, scope },
            schedule: assignment.schedule,
            justification: assignment.justification.clone(),
            ticket: assignment.ticket.clone(),
            condition: assignment.condition.as_ref().map(|condition| condition.value.clone()),
            at: assignment.at,
        })
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

fn not_role_assignable(group: &Principal, at: Span) -> Finding {
    let name = &group.display_name;
    let planned = group.group().is_some_and(|facts| facts.planned);
    Finding::error("group-not-role-assignable", format!("the group `{name}` may not hold directory roles"))
        .at(at, "not role-assignable")
        .help(if planned {
            "write `create: { role_assignable: true }` where it is declared"
        } else {
            "this is fixed when a group is created; use a role-assignable group"
        })
}
