//! What holds for every tenant and every policy. Both are drawn at random, always the same ones.

pub(crate) mod choices;
mod easypim;
mod form;
mod import;
mod memory;
mod policy;
mod tenant;
mod yaml;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

use pimform::apply::Outcome;
use pimform::backend::local::{Tenant, TenantFile};
use pimform::compare::Comparison;
use pimform::model::{
    Access, Changes, Current, Kind, Origin, PrincipalId, Row, Settings, Shift, Sparse, Surface, Target, Time, Window,
};
use pimform::plan::{
    Filter, GuardId, Observation, Operation, Phase, Plan, PlanFile, Reason, Step, StepId, guard, not_approved,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;

use choices::Choices;
use memory::{Began, Memory, Policies, State, all_guards, apply_all, apply_approved, approved, look, run, steps};
use policy::Policy;
use tenant::{GLOBAL_ADMINISTRATOR, NOW, World, directory_role, load};

/// A tenant, policies for it, and decisions for whatever the property does with them.
struct Case {
    world: World,
    policy: Policy,
    extra: Vec<u16>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = policy::in_one_file(&self.policy).concat();
        write!(f, "\n--- policies\n{text}\n--- tenant\n{:#}\n--- extra\n{:?}\n", self.world.file, self.extra)
    }
}

fn case() -> impl Strategy<Value = Case> {
    let drawn = |most: usize| vec(any::<u16>(), most * 2 / 3..=most);
    (drawn(500), drawn(900), vec(any::<u16>(), 0..120)).prop_map(|(tenant, policy, extra)| {
        let world = tenant::draw(&mut Choices::new(&tenant));
        let policy = policy::draw(&world, &mut Choices::new(&policy));
        Case { world, policy, extra }
    })
}

/// Whether a case said anything about the property, or only passed by.
enum Told {
    Telling,
    Empty,
}

/// Runs the property on many cases, and fails if fewer than half of them tell anything.
#[track_caller]
fn for_all<T: fmt::Debug>(strategy: impl Strategy<Value = T>, property: impl Fn(T) -> Told) {
    let config = Config { failure_persistence: None, max_shrink_iters: 3000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let (all, telling) = (Cell::new(0), Cell::new(0));
    let result = runner.run(&strategy, |value| {
        all.set(all.get() + 1);
        if matches!(property(value), Told::Telling) {
            telling.set(telling.get() + 1);
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    assert!(telling.get() * 2 >= all.get(), "only {} of {} cases tell anything", telling.get(), all.get());
}

/// Runs the property on cases that give a plan with steps.
#[track_caller]
fn for_plans(property: impl Fn(&Case, &Planned)) {
    for_all(case(), |case| {
        let policies = Policies::read(&policy::in_one_file(&case.policy));
        let tenant = load(&case.world.file);
        let Ok(comparison) = look(&policies, &tenant, NOW) else { return Told::Empty };
        let telling = if comparison.planned.plan.steps.is_empty() { Told::Empty } else { Told::Telling };
        property(&case, &Planned { policies, tenant, comparison });
        telling
    });
}

struct Planned {
    policies: Policies,
    tenant: Tenant,
    comparison: Comparison,
}

impl Planned {
    fn plan(&self) -> &Plan {
        &self.comparison.planned.plan
    }

    #[track_caller]
    fn again(&self, tenant: &Tenant, now: Time) -> Plan {
        match look(&self.policies, tenant, now) {
            Ok(comparison) => comparison.planned.plan,
            Err(findings) => panic!("{findings:#?}"),
        }
    }
}

fn later(seconds: i64) -> Time {
    Time::from_unix(NOW.as_unix() + seconds)
}

#[test]
fn apply_then_plan_is_empty() {
    for_plans(|_, planned| {
        let tenant = apply_all(&planned.comparison, planned.plan(), &planned.tenant, NOW);
        for seconds in [0, 1, 2] {
            let plan = planned.again(&tenant, later(seconds));
            assert!(plan.steps.is_empty(), "after {seconds} s:\n{}\n--- was\n{}", steps(&plan), steps(planned.plan()));
        }
        // Who applies a second later than was planned gets the same.
        let slower = apply_all(&planned.comparison, planned.plan(), &planned.tenant, later(1));
        let plan = planned.again(&slower, later(2));
        assert!(plan.steps.is_empty(), "{}", steps(&plan));
    });
}

/// What a plan does and why, without the places in the files.
fn without_places(plan: &Plan) -> (Vec<Step>, Vec<Observation>) {
    let step = |step: &Step| Step { declared_at: None, ..step.clone() };
    let observation = |observation: &Observation| Observation { declared_at: None, ..observation.clone() };
    let mut observations: Vec<_> = plan.observations.iter().map(observation).collect();
    observations.sort();
    (plan.steps.iter().map(step).collect(), observations)
}

#[test]
fn order_of_input_does_not_matter() {
    for_all(case(), |case| {
        let choices = &mut Choices::new(&case.extra);
        let mut file = case.world.file.clone();
        tenant::shuffle(&mut file, choices);
        let mut drawn = case.extra.clone();
        drawn.extend(&case.extra);
        let files = policy::shuffled(&case.policy, &mut Choices::new(&drawn));
        let one = look(&Policies::read(&policy::in_one_file(&case.policy)), &load(&case.world.file), NOW);
        let other = look(&Policies::read(&files), &load(&file), NOW);
        match (one, other) {
            (Ok(one), Ok(other)) => {
                let (plan, shuffled) = (&one.planned.plan, &other.planned.plan);
                assert_eq!(without_places(plan), without_places(shuffled));
                assert_eq!(plan.principals, shuffled.principals);
                assert_eq!(memory::said(&one.planned.findings), memory::said(&other.planned.findings));
                let nothing = BTreeSet::new();
                let verdict = guard(plan, &one.desired, &one.snapshot, &nothing);
                assert_eq!(verdict, guard(shuffled, &other.desired, &other.snapshot, &nothing));
                if plan.steps.is_empty() { Told::Empty } else { Told::Telling }
            }
            (Err(one), Err(other)) => {
                assert_eq!(one, other);
                Told::Empty
            }
            (one, other) => panic!("{:?}\n{:?}", one.err(), other.err()),
        }
    });
}

/// The service may begin what is asked for a length a little later than the plan reckons, so a plan does not take such
/// a difference for one.
const TOLERANCE: i64 = 15 * 60;

/// True where `after` takes nothing of `before` away that lies ahead.
fn covers(after: &Window, before: &Window) -> bool {
    let start = |window: &Window| window.start.map_or(NOW, |start| start.max(NOW)).as_unix();
    let end = |window: &Window| window.end.map_or(i64::MAX, Time::as_unix);
    start(after) <= start(before) && end(after).saturating_add(TOLERANCE) >= end(before)
}

/// The assignments that a principal had and no longer has for as long, or only under a condition.
fn lost<'s>(before: &'s State, after: &State) -> Vec<(&'s Target, &'s Row)> {
    let kept = |target: &Target, row: &Row| {
        after.targets.get(target).is_some_and(|state| {
            let same = |other: &&Row| other.key == row.key && other.origin.is_assigned();
            let conditions = |other: &Row| other.condition.is_none() || other.condition == row.condition;
            state.rows.iter().filter(same).any(|other| covers(&other.window, &row.window) && conditions(other))
        })
    };
    let ours = |row: &Row| row.origin.is_assigned() && !row.window.is_over(NOW);
    let rows = before.targets.iter().flat_map(|(target, state)| state.rows.iter().map(move |row| (target, row)));
    rows.filter(|(target, row)| ours(row) && !kept(target, row)).collect()
}

/// What an update says of the length of an assignment is what becomes of it.
#[test]
fn an_update_does_to_the_length_what_it_says() {
    for_plans(|_, planned| {
        for step in &planned.plan().steps {
            let Operation::Update { was, shift, schedule, .. } = &step.operation else { continue };
            let becomes = schedule.window(NOW);
            match shift {
                Shift::Keeps => {
                    assert!(covers(&becomes, was) && covers(was, &becomes), "{step:?}");
                    assert_eq!(becomes.end, was.end, "{step:?}");
                }
                Shift::Extends => assert!(covers(&becomes, was) && becomes != *was, "{step:?}"),
                Shift::Shortens => assert!(!covers(&becomes, was) && becomes != *was, "{step:?}"),
            }
        }
    });
}

/// The static memberships that went.
fn left(before: &State, after: &State) -> Vec<(PrincipalId, Access, PrincipalId)> {
    let mut left = Vec::new();
    for group in &before.file.groups {
        let after = group_of(&after.file, group.id);
        for (access, was, is) in
            [(Access::Member, &group.members, &after.members), (Access::Owner, &group.owners, &after.owners)]
        {
            left.extend(was.iter().filter(|id| !is.contains(id)).map(|id| (group.id, access, *id)));
        }
    }
    left
}

#[test]
fn no_approved_plan_takes_anything_from_a_protected_principal() {
    for_plans(|case, planned| {
        let Ok(plan) = approved(&planned.comparison, planned.plan(), &BTreeSet::new()) else { return };
        let before = State::of(&planned.tenant, NOW);
        let after = State::of(&apply_approved(&plan, &planned.tenant, NOW), NOW);
        for (target, row) in lost(&before, &after) {
            assert!(!case.policy.protected.contains(&row.key.principal), "{target:?} {row:?}\n{}", steps(plan.plan()));
        }
        for (group, access, principal) in left(&before, &after) {
            assert!(!case.policy.protected.contains(&principal), "{access} of {group}: {principal}");
        }
    });
}

/// Stronger than the above: whoever loses something would have been named, had they been protected.
#[test]
fn the_guard_of_protected_principals_names_every_loss() {
    for_plans(|_, planned| {
        let before = State::of(&planned.tenant, NOW);
        let after = State::of(&apply_all(&planned.comparison, planned.plan(), &planned.tenant, NOW), NOW);
        let mut desired = planned.comparison.desired.clone();
        let known = planned.comparison.snapshot.directory.principals().iter().map(|principal| principal.id);
        let all = known.chain(before.targets.values().flat_map(|state| state.rows.iter().map(|row| row.key.principal)));
        desired.protected = all.map(|id| (id, pimform::diag::Span::default())).collect();
        let verdict = guard(planned.plan(), &desired, &planned.comparison.snapshot, &BTreeSet::new());
        let objections = verdict.violations.iter().filter(|violation| violation.guard == GuardId::Protected);
        let named: BTreeSet<&String> = objections.flat_map(|violation| &violation.addresses).collect();
        let step = |wanted: &dyn Fn(&Operation) -> bool| {
            planned.plan().steps.iter().find(|step| wanted(&step.operation)).unwrap()
        };
        for (target, row) in lost(&before, &after) {
            let step = step(&|op| op.target() == Some(target) && op.assignment() == Some(&row.key));
            assert!(named.contains(&step.address), "{row:?}\n{step:?}");
        }
        for gone in left(&before, &after) {
            let step = step(&|op| {
                matches!(op, Operation::RemoveMember { group, relation, principal }
                if (*group, *relation, *principal) == gone)
            });
            assert!(named.contains(&step.address), "{step:?}");
        }
    });
}

fn group_of(file: &TenantFile, id: PrincipalId) -> &pimform::backend::local::file::GroupEntry {
    file.groups.iter().find(|group| group.id == id).unwrap()
}

/// The value at a path of settings, by the names of the policy language.
fn field<'v>(settings: &'v Value, path: &str) -> &'v Value {
    path.replace("critical_only", "level").split('.').fold(settings, |value, key| value.get(key).unwrap())
}

#[test]
fn what_is_not_ours_or_not_declared_stays() {
    for_plans(|case, planned| {
        let before = State::of(&planned.tenant, NOW);
        let after = State::of(&apply_all(&planned.comparison, planned.plan(), &planned.tenant, NOW), NOW);
        for (target, state) in &before.targets {
            let now_there = after.targets.get(target).unwrap();
            let Some(declared) = case.policy.targets.get(target) else {
                assert_eq!(state, now_there, "{target:?} is not declared");
                continue;
            };
            let rows = |rows: &[Row], keep: &dyn Fn(&Row) -> bool| -> Vec<Row> {
                rows.iter().filter(|row| keep(row)).cloned().collect()
            };
            let not_ours = |row: &Row| row.origin != Origin::Assigned;
            assert_eq!(rows(&state.rows, &not_ours), rows(&now_there.rows, &not_ours), "{target:?}");
            for kind in Kind::ALL {
                let of_kind = |row: &Row| row.key.kind == kind;
                if !declared.lists.contains(&kind) {
                    assert_eq!(rows(&state.rows, &of_kind), rows(&now_there.rows, &of_kind), "{target:?} {kind}");
                } else if !declared.complete {
                    let lost = |row: &Row| of_kind(row) && !now_there.rows.iter().any(|other| other.key == row.key);
                    assert_eq!(rows(&state.rows, &lost), [], "{target:?} {kind} is additive");
                }
            }
            let (before, after) = (value(&state.settings), value(&now_there.settings));
            for path in paths() {
                if !declared.settings.contains(&path) {
                    assert_eq!(field(&before, &path), field(&after, &path), "{target:?} {path} is not declared");
                }
            }
        }
        for group in &before.file.groups {
            let now_there = group_of(&after.file, group.id);
            for (access, was, is) in [
                (Access::Member, &group.members, &now_there.members),
                (Access::Owner, &group.owners, &now_there.owners),
            ] {
                match case.policy.members.get(&(group.id, access)) {
                    None => assert_eq!(was, is, "{access}s of {} are not declared", group.name),
                    Some(false) => assert!(was.iter().all(|id| is.contains(id)), "{access}s of {}", group.name),
                    Some(true) => {}
                }
            }
        }
        assert!(
            planned.plan().steps.iter().all(|step| step.phase != Phase::CreateGroups) || {
                let created = after.file.groups.len() - before.file.groups.len();
                created == planned.plan().steps.iter().filter(|step| step.phase == Phase::CreateGroups).count()
            }
        );
    });
}

fn value(settings: &Settings<Current>) -> Value {
    serde_json::to_value(settings).unwrap()
}

/// The path of every field, as the policy language has it.
fn paths() -> Vec<String> {
    let mut paths: Vec<String> = ["max_duration", "authentication", "justification", "ticket", "approval", "extension"]
        .map(|key| format!("activation.{key}"))
        .into();
    for kind in Kind::ALL {
        paths.extend(["expire_after", "mfa", "justification"].map(|key| format!("{kind}_assignment.{key}")));
    }
    for event in ["eligible_assigned", "active_assigned", "activated"] {
        for audience in ["admins", "assignee", "approvers"] {
            let keys = ["to", "critical_only", "default_recipients"];
            paths.extend(keys.map(|key| format!("notifications.{event}.{audience}.{key}")));
        }
    }
    paths
}

// ---------------------------------------------------------------------------------------------------------------------
// Saved plans and half-done applies

fn saved(plan: &Plan, planned: &Planned) -> Plan {
    let verdict = guard(plan, &planned.comparison.desired, &planned.comparison.snapshot, &all_guards());
    let text = serde_json::to_string(&PlanFile::new(plan, &verdict)).unwrap();
    let (read, read_verdict) = PlanFile::parse(&text).unwrap().into_plan().unwrap();
    assert_eq!(read_verdict.violations, verdict.violations);
    read
}

#[test]
fn a_plan_survives_its_file_and_covers_itself() {
    for_plans(|_, planned| {
        let saved = saved(planned.plan(), planned);
        assert_eq!(saved, *planned.plan());
        assert_eq!(not_approved(planned.plan(), &saved), Vec::<&Step>::new());
        let slower = planned.again(&planned.tenant, later(1));
        assert_eq!(not_approved(&slower, &saved), Vec::<&Step>::new());
    });
}

/// Which operations fail, by the order in which they come.
fn failing(extra: &[u16]) -> BTreeSet<usize> {
    let choices = &mut Choices::new(extra);
    let share = 1 + choices.below(9);
    (0..100).filter(|_| choices.in_ten(share)).collect()
}

#[test]
fn an_interrupted_apply_is_finished_by_the_next_and_a_saved_plan_covers_the_rest() {
    for_plans(|case, planned| {
        let plan = planned.plan();
        let saved = saved(plan, planned);
        let failing = failing(&case.extra);
        let own_ids = case.extra.len().is_multiple_of(2);
        let memory = Memory::of(planned.tenant.clone(), NOW).failing(failing.clone()).with_own_ids(own_ids);
        let began = Began::default();
        let report = run(&approved(&planned.comparison, plan, &all_guards()).unwrap(), &memory, &began);

        let failed: BTreeSet<StepId> = began
            .steps()
            .into_iter()
            .zip(0..)
            .filter(|(_, call)| failing.contains(call))
            .map(|(step, _)| step)
            .collect();
        for step in &plan.steps {
            let outcome = report.outcomes.get(&step.id).unwrap();
            let needed = |id: &StepId| !report.outcomes.get(id).unwrap().is_done();
            let expected = if step.depends_on.iter().any(needed) {
                matches!(outcome, Outcome::Skipped { .. })
            } else if failed.contains(&step.id) {
                matches!(outcome, Outcome::Failed(_))
            } else {
                outcome.is_done()
            };
            assert!(expected, "{outcome:?} {step:?}\n{}", steps(plan));
        }

        let halfway = memory.tenant();
        let comparison = look(&planned.policies, &halfway, NOW).unwrap();
        let rest = &comparison.planned.plan;
        assert_eq!(not_approved(rest, &saved), Vec::<&Step>::new(), "\n{}", steps(plan));
        assert_eq!(report.is_complete(), rest.steps.is_empty());
        let whole = apply_all(&comparison, rest, &halfway, NOW);
        assert_eq!(planned.again(&whole, later(1)).steps, []);
        if !own_ids {
            let at_once = apply_all(&planned.comparison, plan, &planned.tenant, NOW);
            assert_eq!(at_once.to_file(), whole.to_file(), "it ends as if nothing had failed");
        }
    });
}

#[test]
fn a_saved_plan_does_not_cover_what_was_not_in_it() {
    for_all((case(), vec(any::<u16>(), 900)), |(case, other)| {
        let tenant = load(&case.world.file);
        let plan = |policy: &Policy| look(&Policies::read(&policy::in_one_file(policy)), &tenant, NOW);
        let other = policy::draw(&case.world, &mut Choices::new(&other));
        let (Ok(one), Ok(other)) = (plan(&case.policy), plan(&other)) else { return Told::Empty };
        let (saved, fresh) = (&one.planned.plan, &other.planned.plan);
        let refused: BTreeSet<StepId> = not_approved(fresh, saved).iter().map(|step| step.id).collect();
        for step in &fresh.steps {
            let same_address = saved.steps.iter().filter(|other| other.address == step.address);
            let mut same = same_address.filter(|other| match (&other.operation, &step.operation) {
                // Some of the fields, each from the same value to the same value.
                (Operation::UpdateSettings { changes: all, .. }, Operation::UpdateSettings { changes, .. }) => {
                    changes.list().iter().all(|change| all.list().contains(change))
                }
                (other, operation) => other == operation,
            });
            assert_eq!(refused.contains(&step.id), same.next().is_none(), "{step:?}\n{}", steps(saved));
        }
        if refused.is_empty() { Told::Empty } else { Told::Telling }
    });
}

// ---------------------------------------------------------------------------------------------------------------------
// Narrowing, ownership

#[test]
fn nothing_goes_from_an_additive_list() {
    for_plans(|case, planned| {
        for step in &planned.plan().steps {
            let complete = match &step.operation {
                Operation::Remove { target, .. } => {
                    case.policy.targets.get(target).is_some_and(|target| target.complete)
                }
                Operation::RemoveMember { group, relation, .. } => {
                    case.policy.members.get(&(*group, *relation)) == Some(&true)
                }
                _ => true,
            };
            assert!(complete, "{step:?}");
        }
    });
}

/// A glob that covers at least the address, or a beginning of it.
fn glob(plan: &Plan, choices: &mut Choices) -> String {
    let Some(step) = plan.steps.get(choices.below(plan.steps.len().max(1))) else { return "**".to_owned() };
    let parts: Vec<&str> = step.address.split('/').collect();
    let kept = 1 + choices.below(parts.len());
    let plain = |part: &str| part.replace(|c: char| "*?[]{}!\\".contains(c), "?");
    let parts: Vec<String> =
        parts.into_iter().take(kept).map(|part| if choices.one_in(5) { "*".to_owned() } else { plain(part) }).collect();
    parts.join("/")
}

#[test]
fn a_narrowed_plan_is_a_part_of_the_plan_and_leaves_the_other_part() {
    for_plans(|case, planned| {
        let (plan, choices) = (planned.plan(), &mut Choices::new(&case.extra));
        let globs: Vec<String> = (0..=choices.below(2)).map(|_| glob(plan, choices)).collect();
        let filter = Filter::new(globs.clone()).unwrap();
        let narrowed = filter.narrow(plan.clone());
        let ids: BTreeSet<StepId> = narrowed.steps.iter().map(|step| step.id).collect();
        let (taken, others): (Vec<Step>, Vec<Step>) =
            plan.steps.iter().cloned().partition(|step| ids.contains(&step.id));
        assert_eq!(narrowed.steps, taken);
        assert!(!taken.is_empty(), "{globs:?}");
        assert!(taken.iter().all(|step| step.depends_on.iter().all(|needed| ids.contains(needed))), "{globs:?}");
        let needed: BTreeSet<StepId> = taken.iter().flat_map(|step| step.depends_on.clone()).collect();
        let covered = |step: &Step| filter.covers(&step.address);
        assert!(taken.iter().all(|step| covered(step) || needed.contains(&step.id)));
        assert!(!others.iter().any(covered));

        let tenant = apply_all(&planned.comparison, &narrowed, &planned.tenant, NOW);
        let rest = planned.again(&tenant, NOW);
        // Not the phase: a holder that was the last one may not be so any more.
        let does = |steps: &[Step]| -> Vec<(String, Operation, Reason)> {
            let step = |step: &Step| (step.address.clone(), step.operation.clone(), step.reason.clone());
            let mut does: Vec<_> = steps.iter().map(step).collect();
            does.sort_by(|a, b| a.0.cmp(&b.0));
            does
        };
        assert_eq!(does(&rest.steps), does(&others), "{globs:?}\n{}", steps(plan));
    });
}

// ---------------------------------------------------------------------------------------------------------------------
// Settings, guards, snapshots, renewal

fn through_json<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

#[test]
fn declared_settings_are_reached_in_one_change() {
    for_plans(|_, planned| {
        let state = State::of(&planned.tenant, NOW);
        for (target, declared) in &planned.comparison.desired.targets {
            let Some(current) = state.targets.get(target).map(|state| &*state.settings) else { continue };
            let changes = current.changes_to(&declared.settings);
            let after = current.changed(&changes);
            assert!(after.changes_to(&declared.settings).is_vacant());
            assert_eq!(after.changed(&changes), after);
            assert_eq!(through_json::<Settings<Changes>>(&changes), changes);
            let default = Settings::<Current>::service_default(target.surface());
            let sparse = after.differing_from(&default);
            assert_eq!(through_json::<Settings<Sparse>>(&sparse), sparse);
            assert_eq!(default.with(&sparse), after);
            assert_eq!(through_json::<Settings<Current>>(&after), after);
        }
    });
}

/// Those who hold something just now, whether by themselves or as a group. Who only activated holds it as eligible, and
/// who holds it through a group holds it as long as the group does.
fn holders(rows: &[Row], kinds: &[Kind]) -> usize {
    let lasting = |row: &&Row| !matches!(row.origin, Origin::Activated | Origin::ThroughGroup);
    let in_effect = |row: &&Row| !row.window.is_ahead(NOW) && !row.window.is_over(NOW);
    rows.iter().filter(lasting).filter(in_effect).filter(|row| kinds.contains(&row.key.kind)).count()
}

#[test]
fn no_approved_plan_leaves_a_role_without_anybody() {
    for_plans(|_, planned| {
        let Ok(plan) = approved(&planned.comparison, planned.plan(), &BTreeSet::new()) else { return };
        let before = State::of(&planned.tenant, NOW);
        let after = State::of(&apply_approved(&plan, &planned.tenant, NOW), NOW);
        // Whoever no longer exists cannot act, and so holds nothing that could be lost.
        let directory = &planned.comparison.desired.directory;
        let existing = |rows: &[Row]| -> Vec<Row> {
            rows.iter().filter(|row| directory.principal(row.key.principal).is_some()).cloned().collect()
        };
        for (target, state) in before.targets.iter().filter(|(target, _)| target.surface() != Surface::Groups) {
            let (was, is) = (existing(&state.rows), existing(&after.targets.get(target).unwrap().rows));
            let gone = |kinds: &[Kind]| holders(&was, kinds) > 0 && holders(&is, kinds) == 0;
            assert!(!gone(&Kind::ALL), "{target:?}\n{:#?}\n{}", state.rows, steps(plan.plan()));
            if *target == directory_role(GLOBAL_ADMINISTRATOR) {
                assert!(!gone(&[Kind::Active]), "active\n{:#?}\n{}", state.rows, steps(plan.plan()));
            }
        }
    });
}

#[test]
fn a_snapshot_plans_as_the_tenant_that_it_was_taken_of() {
    for_plans(|_, planned| {
        let file = planned.tenant.capture(NOW);
        let text = serde_json::to_string_pretty(&file).unwrap();
        let copy = Tenant::from_file("copy", TenantFile::parse("copy", text.as_bytes()).unwrap()).unwrap();
        assert_eq!(planned.again(&copy, NOW), *planned.plan());
        let again = copy.capture(NOW);
        assert_eq!(again, file);
    });
}

#[test]
fn a_renewal_is_due_within_its_window_and_at_no_other_time() {
    const DAY: i64 = 86_400;
    let length = 20 * DAY;
    // When it began, how long it runs at most as long as declared, how long before its end it is renewed, and now.
    let drawn = (1..length, 0..5_i64, 1..length - 1, -2 * DAY..22 * DAY, 0..6_usize);
    for_all(drawn, |(runs, start, renew, now, edge)| {
        let (start, renew) = (start * DAY, renew);
        let end = start + runs;
        let now = match edge {
            0 => end - renew,
            1 => end - renew + 1,
            2 => end - 1,
            3 => end,
            _ => now,
        };
        let time = |seconds: i64| later(seconds);
        let world = serde_json::json!({
            "format": "pimform-tenant", "version": 1, "tenant": { "id": tenant::TENANT },
            "users": [{ "id": tenant::guid(1), "name": "Ada", "upn": "ada@contoso.example" }],
            "directory_roles": [{ "id": tenant::guid(102), "name": "Reader" }],
            "targets": [{ "directory_role": tenant::guid(102), "eligible": [
                { "principal": tenant::guid(1), "start": time(start).to_string(), "end": time(end).to_string() }
            ] }],
        });
        let files = format!(
            "version: 1\ndirectory_roles:\n  reader:\n    eligible:\n      - {{ user: ada@contoso.example, for: {length}s, renew: {renew}s }}\n"
        );
        let policies = Policies::read(&[files]);
        let comparison = look(&policies, &load(&world), time(now)).unwrap();
        let reasons: Vec<&Reason> = comparison.planned.plan.steps.iter().map(|step| &step.reason).collect();
        let expected = if now >= end {
            vec![Reason::Ended { at: time(end) }]
        } else if now < start {
            vec![Reason::ScheduleDiffers]
        } else if end - now < renew {
            vec![Reason::Renewal { ends: time(end) }]
        } else {
            Vec::new()
        };
        assert_eq!(reasons, expected.iter().collect::<Vec<_>>(), "{comparison:#?}");
        // Renewed for its whole length from now, and then not due.
        if let Some(Operation::Update { schedule, shift, .. }) =
            comparison.planned.plan.steps.first().map(|step| &step.operation)
            && now >= start
        {
            assert_eq!((schedule.window(time(now)).end, *shift), (Some(time(now + length)), Shift::Extends));
        }
        let after = apply_all(&comparison, &comparison.planned.plan, &load(&world), time(now));
        assert_eq!(look(&policies, &after, time(now)).unwrap().planned.plan.steps, []);
        if expected.is_empty() { Told::Empty } else { Told::Telling }
    });
}
