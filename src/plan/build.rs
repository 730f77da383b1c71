//! Makes an ordered plan of the differences.

use std::collections::BTreeMap;

use super::asked::MfaAsked;
use super::check::{Check, Joining};
use super::observe;
use super::order::{Draft, dependencies, order};
use super::owners::{self, Leaving, Owners};
use super::{Observation, ObservationKind, Operation, Phase, Plan, PrincipalName, Reason, Step};
use crate::diag::{Findings, SourceMap, Span};
use crate::diff::{
    AssignmentDiff, Compared, Difference, Found, GroupDiff, How, LeftReason, MemberDiff, MembersDiff, TargetDiff,
    Wanted,
};
use crate::model::settings::ActivationField;
use crate::model::{
    Access, Approval, AssignmentKey, Authentication, BlockedEntry, BlockedSetting, Changes, Desired, DesiredAssignment,
    DesiredTarget, Directory, Field, Kind, Names, PrincipalId, Relation, Row, Settings, Shift, Snapshot, Target, Time,
    Unresolved,
};

/// A plan, and what is wrong with the files that it was made from. A plan made from files with errors is never shown or
/// carried out.
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// What the service would refuse, and warnings.
    pub findings: Findings,
}

/// Compares and plans.
pub fn build(desired: &Desired, snapshot: &Snapshot, sources: &SourceMap, now: Time) -> Planned {
    let difference = crate::diff::diff(desired, snapshot, now);
    let mut builder = Builder {
        names: Names::new(&desired.directory),
        sources,
        now,
        drafts: Vec::new(),
        observations: Vec::new(),
        findings: Findings::default(),
        owners: Owners::new(desired, snapshot, &difference, now),
        asked: MfaAsked::default(),
        directory: &desired.directory,
    };
    builder.difference(&difference);
    builder.unresolved(desired);
    let of_tenant = |kind| {
        move |text: &String| Observation { kind, address: "tenant".to_owned(), detail: text.clone(), declared_at: None }
    };
    builder.observations.extend(snapshot.notes.iter().map(of_tenant(ObservationKind::Note)));
    builder.observations.extend(snapshot.missing.iter().map(of_tenant(ObservationKind::Blocked)));
    builder.finish(desired, snapshot)
}

struct Builder<'a> {
    names: Names<'a>,
    sources: &'a SourceMap,
    now: Time,
    drafts: Vec<Draft>,
    observations: Vec<Observation>,
    findings: Findings,
    owners: Owners,
    asked: MfaAsked,
    directory: &'a Directory,
}

/// How a removal comes about.
struct Removal<'a> {
    row: &'a Row,
    /// Further windows of the same assignment.
    also: &'a [&'a Row],
    converted: bool,
    leaves_nobody: bool,
}

impl Builder<'_> {
    fn difference(&mut self, difference: &Difference) {
        for group in &difference.groups {
            self.group(group);
        }
        for target in &difference.targets {
            self.target(target);
        }
    }

    /// What names things that the tenant does not have.
    fn unresolved(&mut self, desired: &Desired) {
        for BlockedEntry { address, detail, at } in &desired.blocked {
            self.observe(ObservationKind::Blocked, address.clone(), &**detail, Some(*at));
        }
        for (target, declared) in &desired.targets {
            let address = self.names.target(target);
            for kind in Kind::ALL {
                self.entries(&format!("{address}/{kind}"), declared.list(kind).unresolved());
            }
        }
        for (group, declared) in &desired.groups {
            for relation in [Relation::Member, Relation::Owner] {
                self.entries(&self.names.relation(*group, relation), declared.list(relation).unresolved());
            }
        }
        for unresolved @ Unresolved { label, detail, at, .. } in &desired.unprotected {
            let detail = format!("{detail}; {}", observe::unprotected(desired, unresolved));
            self.observe(ObservationKind::Blocked, format!("protected/{label}"), detail, Some(*at));
        }
    }

    fn entries(&mut self, list: &str, unresolved: &[Unresolved]) {
        for Unresolved { label, detail, at, .. } in unresolved {
            self.observe(ObservationKind::Blocked, format!("{list}/{label}"), &**detail, Some(*at));
        }
    }

    fn draft(&mut self, phase: Phase, address: String, operation: Operation, reason: Reason, at: Option<Span>) {
        self.drafts.push(Draft { phase, surface: operation.surface(), address, operation, reason, at });
    }

    fn observe(&mut self, kind: ObservationKind, address: String, detail: impl Into<String>, at: Option<Span>) {
        let declared_at = at.and_then(|at| self.sources.place(at));
        self.observations.push(Observation { kind, address, detail: detail.into(), declared_at });
    }

    fn group(&mut self, diff: &GroupDiff) {
        let group = diff.group;
        if let Some(create) = diff.create {
            let address = format!("group/{}", self.names.group(group));
            let operation = Operation::CreateGroup { group, create: create.clone() };
            self.draft(Phase::CreateGroups, address, operation, Reason::Missing, Some(diff.declared.at));
        }
        for (relation, members) in &diff.lists {
            let relation = *relation;
            match members {
                MembersDiff::Blocked(why) => {
                    let address = self.names.relation(group, relation);
                    self.observe(ObservationKind::Blocked, address, &**why, Some(diff.declared.at));
                }
                MembersDiff::Compared(members) => {
                    for member in members {
                        self.member(group, relation, *member);
                    }
                }
            }
        }
    }

    fn member(&mut self, group: PrincipalId, relation: Relation, member: MemberDiff) {
        let address = |principal| self.names.membership(group, relation, principal);
        match member {
            MemberDiff::Missing(principal, at) => {
                let joining = Joining { directory: self.directory, group, relation, principal };
                joining.check(&address(principal), at, &mut self.findings);
                let (address, operation) = (address(principal), Operation::AddMember { group, relation, principal });
                self.draft(Phase::AddMembers, address, operation, Reason::Missing, Some(at));
            }
            MemberDiff::Undeclared(principal, at)
                if relation == Relation::Owner && self.owners.leaving(group, principal).keeps() =>
            {
                let address = address(principal);
                self.keep_owner(group, principal, address, Some(at));
            }
            MemberDiff::Undeclared(principal, at) => {
                let (address, operation) = (address(principal), Operation::RemoveMember { group, relation, principal });
                self.draft(Phase::RemoveAccess, address, operation, Reason::NotDeclared, Some(at));
            }
            MemberDiff::MayBeMeant(principal) => {
                let address = address(principal);
                self.observe(ObservationKind::Blocked, address, observe::MAY_BE_MEANT, None);
            }
            MemberDiff::Kept(principal) => {
                let address = address(principal);
                self.observe(ObservationKind::Kept, address, observe::KEPT, None);
            }
        }
    }

    fn keep_owner(&mut self, group: PrincipalId, principal: PrincipalId, address: String, at: Option<Span>) {
        let detail = if self.owners.leaving(group, principal) == Leaving::Unknown {
            owners::UNKNOWN
        } else {
            self.findings.push(owners::last_owner(&self.names.group(group), at));
            owners::BLOCKED
        };
        self.observe(ObservationKind::Blocked, address, detail, at);
    }

    fn target(&mut self, diff: &TargetDiff) {
        let address = self.names.target(diff.target);
        match &diff.found {
            Found::Blocked(why) => {
                self.observe(ObservationKind::Blocked, address, &**why, Some(diff.declared.at));
            }
            Found::PassedOver => {
                self.observe(ObservationKind::Note, address, observe::PASSED_OVER, Some(diff.declared.at));
            }
            Found::Compared(compared) => self.compared(diff.target, diff.declared, compared, &address),
        }
    }

    fn compared(&mut self, target: &Target, declared: &DesiredTarget, compared: &Compared, address: &str) {
        for BlockedSetting { field, detail, at } in &declared.blocked {
            let wanted = declared.settings.activation.authentication.value();
            let is_so = *field == ActivationField::Authentication.into()
                && wanted.is_some_and(|wanted| compared.settings_after.activation.authentication == *wanted);
            if !is_so {
                let detail = format!("`{field}`: {detail}; left as it is");
                self.observe(ObservationKind::Blocked, format!("{address}/settings"), detail, Some(*at));
            }
        }
        if !compared.changes.is_vacant() {
            let at = first_change(&compared.changes, &declared.settings).unwrap_or(declared.at);
            let changes = Box::new(compared.changes.clone());
            let operation = Operation::UpdateSettings { target: target.clone(), changes };
            self.draft(Phase::Settings, format!("{address}/settings"), operation, Reason::SettingsDiffer, Some(at));
        }
        self.unknown(compared, address);
        let check = Check { declared, compared, now: self.now };
        for difference in &compared.assignments {
            let key = match difference {
                AssignmentDiff::Missing { declared, .. } | AssignmentDiff::Differs { declared, .. } => declared.key,
                AssignmentDiff::Undeclared { row, .. } => row.key,
            };
            let address = self.names.assignment(address, &key);
            check.difference(difference, &address, &mut self.findings);
            self.assignment(target, declared, difference, compared, address);
        }
        for left in &compared.left {
            let address = self.names.assignment(address, &left.key);
            check.left(left, &address, &mut self.findings);
            let (kind, detail) = observe::left(left.reason);
            self.observe(kind, address, detail, left.declared.map(|declared| declared.at));
        }
        for (kind, count) in &compared.unmanaged {
            let detail = observe::unmanaged(*kind, *count);
            self.observe(ObservationKind::Unmanaged, format!("{address}/{kind}"), detail, None);
        }
    }

    /// Settings whose values are not known: those that are declared are blocked, the others noted.
    fn unknown(&mut self, compared: &Compared, address: &str) {
        let mut unknown = compared.settings_after.unknown();
        for undecided in &compared.undecided {
            unknown.remove(&undecided.field);
            let detail = observe::undecided(undecided.field, &undecided.unknown);
            self.observe(ObservationKind::Blocked, format!("{address}/settings"), detail, Some(undecided.at));
        }
        for (field, unknown) in unknown {
            let detail = observe::unknown(field, &unknown);
            self.observe(ObservationKind::Note, format!("{address}/settings"), detail, None);
        }
    }

    fn assignment(
        &mut self,
        target: &Target,
        list: &DesiredTarget,
        difference: &AssignmentDiff,
        compared: &Compared,
        address: String,
    ) {
        match difference {
            AssignmentDiff::Missing { declared, wanted, ended } => {
                if lacks_what_is_blocked(list, compared, declared) {
                    self.observe(ObservationKind::Blocked, address, LACKING, Some(declared.at));
                    return;
                }
                self.asked.note(list, compared, declared, &address);
                if let (Target::Group { group, access }, Kind::Active) = (target, declared.key.kind) {
                    let principal = declared.key.principal;
                    let joining = Joining { directory: self.directory, group: *group, relation: *access, principal };
                    joining.check(&address, declared.at, &mut self.findings);
                }
                let reason = match ended {
                    Some(at) => Reason::Ended { at: *at },
                    None if wanted.as_allowed => Reason::MissingAsAllowed,
                    None => Reason::Missing,
                };
                let operation = assign(target, declared, wanted);
                self.draft(Phase::Assignments, address, operation, reason, Some(declared.at));
            }
            AssignmentDiff::Differs { declared, wanted, row, how } => {
                self.asked.note(list, compared, declared, &address);
                let (shift, reason) = match how {
                    How::Schedule(shift) => (*shift, Reason::ScheduleDiffers),
                    How::Renewal { ends } => (Shift::Extends, Reason::Renewal { ends: *ends }),
                    How::Condition => (Shift::Keeps, Reason::ConditionDiffers),
                };
                let operation = update(target, declared, wanted, row, shift);
                self.draft(Phase::Assignments, address, operation, reason, Some(declared.at));
            }
            AssignmentDiff::Undeclared { row, also, converted } => {
                if is_replacement_blocked(list, compared, row) {
                    let at = list.list(row.key.kind).at();
                    self.observe(ObservationKind::Blocked, address, observe::REPLACEMENT_BLOCKED, at);
                    return;
                }
                let removal = Removal { row, also, converted: *converted, leaves_nobody: compared.leaves_nobody };
                self.removal(target, list, &removal, address);
            }
        }
    }

    fn removal(&mut self, target: &Target, list: &DesiredTarget, removal: &Removal<'_>, address: String) {
        let &Removal { row, also, converted, leaves_nobody } = removal;
        let at = list.list(row.key.kind).at();
        let leaving = match (target, row.key.kind) {
            (Target::Group { group, access: Access::Owner }, Kind::Active) => {
                self.owners.leaving(*group, row.key.principal)
            }
            _ => Leaving::Free,
        };
        if let Some(group) = target.group().filter(|_| leaving.keeps()) {
            self.keep_owner(group, row.key.principal, address, at);
            return;
        }
        let operation = Operation::Remove {
            target: target.clone(),
            assignment: row.key,
            was: row.window,
            condition_was: row.condition.clone(),
            also: also.iter().map(|row| row.window).collect(),
        };
        let reason = if converted { Reason::Converted { to: row.key.kind.other() } } else { Reason::NotDeclared };
        // Where nobody of the old ones stays, the new ones come first.
        let replaced = converted || leaves_nobody || leaving == Leaving::AfterOthersCame;
        let phase = if replaced { Phase::RemoveReplaced } else { Phase::RemoveAccess };
        self.draft(phase, address, operation, reason, at);
    }

    fn finish(mut self, desired: &Desired, snapshot: &Snapshot) -> Planned {
        std::mem::take(&mut self.asked).warn(&mut self.findings);
        self.observations.sort();
        self.observations.dedup();
        let ids = order(&mut self.drafts);
        let depends = dependencies(&self.drafts, &ids);
        let mut principals = BTreeMap::new();
        for principal in self.drafts.iter().flat_map(|draft| draft.operation.principals()) {
            principals.entry(principal).or_insert_with(|| self.name(desired, principal));
        }
        let steps = std::mem::take(&mut self.drafts)
            .into_iter()
            .zip(ids)
            .zip(depends)
            .map(|((draft, id), depends_on)| Step {
                id,
                phase: draft.phase,
                address: draft.address,
                operation: draft.operation,
                reason: draft.reason,
                declared_at: draft.at.and_then(|at| self.sources.place(at)),
                depends_on,
                validation: None,
            })
            .collect();
        let plan = Plan {
            tenant: snapshot.tenant,
            tenant_name: snapshot.tenant_name.clone(),
            made_at: self.now,
            only: Vec::new(),
            steps,
            observations: self.observations,
            principals,
        };
        Planned { plan, findings: self.findings }
    }

    fn name(&self, desired: &Desired, id: PrincipalId) -> PrincipalName {
        let (display_name, sort) = match desired.directory.principal(id) {
            Some(principal) => {
                let is_plain = principal.kind().is_some() && principal.sort().is_none();
                (std::sync::Arc::clone(&principal.display_name), (!is_plain).then(|| principal.is_a()))
            }
            None => ("deleted principal".into(), None),
        };
        PrincipalName { label: self.names.principal(id), display_name, sort }
    }
}

/// For who would become eligible where the settings that go with it cannot be made.
const LACKING: &str = "not assigned while the settings here lack what the files ask of an activation";

/// True for a new eligible assignment where the files ask for approval or an authentication context that cannot be set,
/// and the settings ask for nothing: it could be activated with less than was declared.
fn lacks_what_is_blocked(target: &DesiredTarget, compared: &Compared, declared: &DesiredAssignment) -> bool {
    let after = &compared.settings_after.activation;
    declared.key.kind == Kind::Eligible
        && target.blocked.iter().any(|blocked| match blocked.field {
            Field::Activation(ActivationField::Approval) => after.approval == Approval::NotRequired,
            Field::Activation(ActivationField::Authentication) => after.authentication == Authentication::None,
            _ => false,
        })
}

/// True where what is to go is declared as the other kind, and that cannot be granted now: then nothing would be left.
fn is_replacement_blocked(target: &DesiredTarget, compared: &Compared, row: &Row) -> bool {
    let key = AssignmentKey { kind: row.key.kind.other(), ..row.key };
    let lacks = |difference: &AssignmentDiff| match difference {
        AssignmentDiff::Missing { declared, .. } => {
            declared.key == key && lacks_what_is_blocked(target, compared, declared)
        }
        AssignmentDiff::Differs { .. } | AssignmentDiff::Undeclared { .. } => false,
    };
    let without_length = compared.left.iter().any(|left| left.key == key && left.reason == LeftReason::LengthUnknown);
    without_length || compared.assignments.iter().any(lacks)
}

fn assign(target: &Target, declared: &DesiredAssignment, wanted: &Wanted) -> Operation {
    Operation::Assign {
        target: target.clone(),
        assignment: declared.key,
        schedule: wanted.schedule,
        justification: declared.justification.clone(),
        ticket: declared.ticket.clone(),
        condition: declared.condition.clone(),
    }
}

fn update(target: &Target, declared: &DesiredAssignment, wanted: &Wanted, row: &Row, shift: Shift) -> Operation {
    Operation::Update {
        target: target.clone(),
        assignment: declared.key,
        was: row.window,
        shift,
        condition_was: row.condition.clone(),
        schedule: wanted.schedule,
        justification: declared.justification.clone(),
        ticket: declared.ticket.clone(),
        condition: declared.condition.clone(),
    }
}

/// Where the first changed field is set, so that a settings step points at a line that says something.
fn first_change(changes: &Settings<Changes>, spec: &Settings<crate::model::Spec>) -> Option<Span> {
    use crate::model::{Change, Field, Leaf, Setting, Sparse, Spec, Zip};
    struct First(Option<Span>);
    impl Zip<Changes, Spec, Sparse> for First {
        fn field<T: Leaf>(&mut self, _: Field, change: &Option<Change<T>>, spec: &Setting<T>) -> Option<T> {
            if change.is_some() && self.0.is_none() {
                self.0 = spec.at();
            }
            None
        }
    }
    let mut first = First(None);
    changes.zip(spec, &mut first);
    first.0
}
