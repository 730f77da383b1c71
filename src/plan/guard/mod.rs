//! Safety rules over a whole plan. Pure.
//!
//! Only this module can make an [`ApprovedPlan`], and only an [`ApprovedPlan`] can be applied, so that nobody can forget
//! to ask the guards.

mod holders;
mod principals;
mod removals;

use std::collections::{BTreeMap, BTreeSet};

use super::verdict::{GuardId, Verdict, Violation};
use super::{Effect, Operation, Plan, Step, StepId, Validation};
use crate::model::{Desired, Names, PrincipalId, Snapshot, Target, Time};

/// A plan that the guards let pass, or that was explicitly allowed.
#[derive(Clone, Debug)]
pub struct ApprovedPlan {
    plan: Plan,
    verdict: Verdict,
}

impl ApprovedPlan {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What the guards said.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// With what came of asking the service. What is done stays the same.
    #[must_use]
    pub fn validated(self, results: BTreeMap<StepId, Validation>) -> Self {
        Self { plan: self.plan.validated(results), ..self }
    }
}

/// Asks the guards, and approves the plan if none of them stands against it.
pub fn approve(
    plan: Plan,
    desired: &Desired,
    snapshot: &Snapshot,
    allowed: &BTreeSet<GuardId>,
) -> Result<ApprovedPlan, Box<(Plan, Verdict)>> {
    let verdict = guard(&plan, desired, snapshot, allowed);
    if verdict.is_refused() { Err(Box::new((plan, verdict))) } else { Ok(ApprovedPlan { plan, verdict }) }
}

/// Groups whose members the guards have to know, and that were not read.
pub fn groups_to_read(plan: &Plan, desired: &Desired, snapshot: &Snapshot) -> BTreeSet<PrincipalId> {
    View::new(plan, desired, snapshot).groups_to_read()
}

/// What the guards say of a plan.
pub fn guard(plan: &Plan, desired: &Desired, snapshot: &Snapshot, allowed: &BTreeSet<GuardId>) -> Verdict {
    let view = View::new(plan, desired, snapshot);
    let violations = [
        view.tenant_mismatch(),
        view.empty_policy(),
        view.removals(),
        view.last_administrator(),
        view.protected(),
        view.own_access(),
        view.onboarding(),
        view.access_packages(),
    ];
    Verdict { violations: violations.into_iter().flatten().collect(), allowed: allowed.clone() }
}

struct View<'a> {
    plan: &'a Plan,
    desired: &'a Desired,
    snapshot: &'a Snapshot,
    now: Time,
    names: Names<'a>,
}

impl<'a> View<'a> {
    fn new(plan: &'a Plan, desired: &'a Desired, snapshot: &'a Snapshot) -> Self {
        Self { plan, desired, snapshot, now: plan.made_at, names: Names::new(&desired.directory) }
    }
}

impl View<'_> {
    /// Steps after which somebody has less than before, or may have.
    fn losses(&self) -> impl Iterator<Item = &Step> {
        let loses = |step: &&Step| step.operation.effect() == Effect::Loses || narrows(&step.operation);
        self.plan.steps.iter().filter(loses)
    }

    fn tenant_mismatch(&self) -> Vec<Violation> {
        let Some((declared, _)) = self.desired.tenant.filter(|(id, _)| *id != self.snapshot.tenant) else {
            return Vec::new();
        };
        let message = format!("the files are for tenant `{declared}`, but `{}` answers", self.snapshot.tenant);
        vec![Violation { guard: GuardId::TenantMismatch, message, addresses: Vec::new() }]
    }

    fn empty_policy(&self) -> Vec<Violation> {
        if self.desired.files > 0 {
            return Vec::new();
        }
        let message = "there is no policy file".to_owned();
        vec![Violation { guard: GuardId::EmptyPolicy, message, addresses: Vec::new() }]
    }

    /// What another application made, it may make again, or somebody was given it in another way than by the files. What
    /// could not be asked about may be just that.
    fn access_packages(&self) -> Vec<Violation> {
        let makers = &self.snapshot.makers;
        let mut made: BTreeMap<Maker<'_>, Vec<String>> = BTreeMap::new();
        for (step, target, key) in self.plan.removals() {
            let one = (target.clone(), *key);
            let application = makers.applications.get(&one).map(|name| Maker::Application(name));
            if let Some(maker) = application.or_else(|| makers.why_unknown(&one).map(Maker::Unknown)) {
                made.entry(maker).or_default().push(step.address.clone());
            }
        }
        let violation = |(maker, addresses): (Maker<'_>, Vec<String>)| {
            let (assignments, it) = if addresses.len() == 1 { ("assignment", "it") } else { ("assignments", "them") };
            let what = format!("{} {assignments}", addresses.len());
            let message = match maker {
                Maker::Application(name) => format!("{what} that the application `{name}` made would be removed"),
                Maker::Unknown(why) => format!(
                    "{what} would be removed of which it could not be found out whether another application made {it}: {why}"
                ),
            };
            Violation { guard: GuardId::AccessPackages, message, addresses }
        };
        made.into_iter().map(violation).collect()
    }

    fn onboarding(&self) -> Vec<Violation> {
        let mut groups: BTreeMap<PrincipalId, Vec<String>> = BTreeMap::new();
        for step in &self.plan.steps {
            let Some(group) = step.operation.target().and_then(Target::group) else { continue };
            let facts = self.desired.directory.principal(group).and_then(|principal| principal.group());
            if facts.is_some_and(|facts| !facts.onboarded.is_yes() && !facts.planned) {
                groups.entry(group).or_default().push(step.address.clone());
            }
        }
        let violation = |(group, addresses)| Violation {
            guard: GuardId::Onboarding,
            message: format!(
                "`group/{}` would come under PIM for the first time, which cannot be undone",
                self.names.group(group)
            ),
            addresses,
        };
        groups.into_iter().map(violation).collect()
    }
}

/// Who made what would be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Maker<'a> {
    Application(&'a str),
    /// Nobody could say, and why.
    Unknown(&'a str),
}

/// True where a condition comes or becomes another one. What it still allows is not known here, so it may be less.
fn narrows(operation: &Operation) -> bool {
    matches!(operation, Operation::Update { condition_was, condition, .. } if condition.is_some() && condition != condition_was)
}

/// Whose access the operation changes.
fn holder(operation: &Operation) -> Option<PrincipalId> {
    match operation {
        Operation::AddMember { principal, .. } | Operation::RemoveMember { principal, .. } => Some(*principal),
        other => other.assignment().map(|assignment| assignment.principal),
    }
}

#[cfg(test)]
mod tests;
