//! An import takes everything in, and the first plan after it is empty.

use std::collections::BTreeSet;

use pimform::backend::ReadQuery;
use pimform::backend::local::Tenant;
use pimform::compare::Comparison;
use pimform::generate::{self, generate};
use pimform::import::{self, Fields, Imported, Layout, Options};
use pimform::model::{
    AssignmentScope, Field, GroupRead, Leaf, Names, Origin, Relation, Setting, Settings, Sparse, Spec, TargetRead,
    Time, Zip,
};
use pimform::plan::{Filter, guard};
use proptest::collection::vec;
use proptest::prelude::*;

use super::choices::Choices;
use super::memory::{Policies, look, steps};
use super::tenant::{self, NOW, World, load};
use super::{Told, for_all};

const LAYOUTS: [Layout; 3] = [Layout::Scope, Layout::Surface, Layout::Flat];

fn worlds() -> impl Strategy<Value = World> {
    vec(any::<u16>(), 330..=500).prop_map(|drawn| tenant::draw(&mut Choices::new(&drawn)))
}

pub(super) fn imported(tenant: &Tenant, globs: &[&str], full: bool, layout: Layout, now: Time) -> Imported {
    // Both ways to state settings, among the layouts.
    let fields = if layout == Layout::Surface { Fields::Changed } else { Fields::All };
    let filter = Filter::new(globs.iter().map(|glob| (*glob).to_owned()).collect()).unwrap();
    let snapshot = tenant.snapshot(&ReadQuery::Everything, now);
    import::tenant(
        &snapshot,
        &tenant.directory(),
        &Options { filter: &filter, full, fields, layout, backend: None, now },
    )
}

/// Fails unless a plan against what was imported has nothing to do and nothing to say against it.
#[track_caller]
pub(super) fn plans_to_nothing(tenant: &Tenant, imported: &Imported, now: Time) -> Comparison {
    let texts: Vec<String> = imported.files.values().cloned().collect();
    let all = texts.join("\n---\n");
    let comparison = match look(&Policies::read(&texts), tenant, now) {
        Ok(comparison) => comparison,
        Err(findings) => panic!("{findings:#?}\n{all}"),
    };
    let plan = &comparison.planned.plan;
    assert!(plan.steps.is_empty(), "{}\n{all}", steps(plan));
    let findings = comparison.planned.findings.sorted();
    let about_the_files: Vec<_> = findings.iter().filter(|finding| finding.id != "unknown-context").collect();
    assert!(about_the_files.is_empty(), "{about_the_files:#?}\n{all}");
    let verdict = guard(plan, &comparison.desired, &comparison.snapshot, &BTreeSet::new());
    assert!(!verdict.is_refused(), "{verdict:#?}\n{all}");
    comparison
}

/// The fields that differ from `before` and are not declared as they are.
struct Lacking(Vec<String>);

impl Zip<Sparse, Spec, Sparse> for Lacking {
    fn field<T: Leaf>(&mut self, field: Field, there: &Option<T>, declared: &Setting<T>) -> Option<T> {
        if there.is_some() && declared.value() != there.as_ref() {
            self.0.push(field.to_string());
        }
        None
    }
}

/// What is there and neither declared nor told as left out.
fn lacking(comparison: &Comparison, imported: &Imported, now: Time) -> Vec<String> {
    let (desired, snapshot) = (&comparison.desired, &comparison.snapshot);
    let everything = Names::new(&desired.directory);
    let told = |address: &str| imported.left_out.iter().any(|one| one.address == address);
    let mut lacking = Vec::new();
    for (target, read) in &snapshot.targets {
        let (TargetRead::Present(state), address) = (read, everything.target(target)) else { continue };
        if told(&address) {
            continue;
        }
        let declared = desired.targets.get(target);
        let there = state.settings.differing_from(&Settings::service_default(target.surface()));
        let mut fields = Lacking(Vec::new());
        there.zip(&declared.map(|declared| declared.settings.clone()).unwrap_or_default(), &mut fields);
        let said = |field: &String| {
            let start = format!("`{field}`");
            imported
                .left_out
                .iter()
                .any(|one| one.address == format!("{address}/settings") && one.detail.starts_with(&start))
        };
        lacking.extend(fields.0.into_iter().filter(|field| !said(field)).map(|field| format!("{address}/{field}")));
        for row in state.rows.iter().filter(|row| row.origin == Origin::Assigned && !row.window.is_over(now)) {
            let address = everything.assignment(&address, &row.key);
            let there = declared.is_some_and(|declared| declared.list(row.key.kind).get(&row.key).is_some());
            assert!(there || !matches!(row.key.scope, AssignmentScope::Whole) || told(&address), "{address}");
            if !there && !told(&address) {
                lacking.push(address);
            }
        }
    }
    lacking
}

#[test]
fn the_first_plan_after_an_import_is_empty_and_nothing_is_forgotten() {
    for_all((worlds(), any::<u16>()), |(world, chosen)| {
        let tenant = load(&world.file);
        let choices = &mut Choices::new(std::slice::from_ref(&chosen));
        let layout = choices.pick(&LAYOUTS);
        for full in [false, true] {
            let imported = imported(&tenant, &[], full, layout, NOW);
            let comparison = plans_to_nothing(&tenant, &imported, NOW);
            // The comparison reads what is declared; what is not must have been told.
            let whole = Comparison { snapshot: tenant.snapshot(&ReadQuery::Everything, NOW), ..comparison };
            let lacking = lacking(&whole, &imported, NOW);
            assert!(lacking.is_empty(), "{lacking:#?}\n{:#?}", imported.files);
        }
        Told::Telling
    });
}

#[test]
fn a_part_of_an_import_plans_to_nothing_as_well() {
    let globs = [
        "directory/*",
        "directory/*/settings",
        "directory/*/eligible",
        "group/*/member",
        "group/*/members",
        "azure/managementGroups",
        "azure/subscriptions/*/*/active",
        "**/user:ada@contoso.example",
        "**/group:SEC-GA",
        "azure/*/*/*/eligible/user:lin@contoso.example",
    ];
    for_all((worlds(), vec(any::<u16>(), 14)), |(world, chosen)| {
        let tenant = load(&world.file);
        let choices = &mut Choices::new(&chosen);
        let globs = choices.some(&globs, 3);
        let layout = choices.pick(&LAYOUTS);
        let (full, part) = (choices.in_ten(3), imported(&tenant, &globs, choices.in_ten(3), layout, NOW));
        if part.is_empty() {
            return Told::Empty;
        }
        plans_to_nothing(&tenant, &part, NOW);
        let whole = imported(&tenant, &[], full, layout, NOW);
        assert!(part.assignments <= whole.assignments);
        Told::Telling
    });
}

#[test]
fn an_import_is_the_same_whatever_the_order_of_the_tenant() {
    for_all((worlds(), vec(any::<u16>(), 200)), |(world, chosen)| {
        let choices = &mut Choices::new(&chosen);
        let layout = choices.pick(&LAYOUTS);
        let mut other = world.file.clone();
        tenant::shuffle(&mut other, choices);
        let one = imported(&load(&world.file), &[], false, layout, NOW);
        let again = imported(&load(&other), &[], false, layout, NOW);
        assert_eq!(one.files, again.files);
        assert_eq!(one.left_out, again.left_out);
        Told::Telling
    });
}

#[test]
fn every_static_member_of_a_role_assignable_group_is_declared() {
    for_all(worlds(), |world| {
        let tenant = load(&world.file);
        let imported = imported(&tenant, &[], false, Layout::Flat, NOW);
        let comparison = plans_to_nothing(&tenant, &imported, NOW);
        let snapshot = tenant.snapshot(&ReadQuery::Everything, NOW);
        let mut telling = Told::Empty;
        for (group, read) in &snapshot.groups {
            let principal = snapshot.directory.principal(*group).unwrap();
            let assignable = principal.group().unwrap().role_assignable.is_yes();
            let (GroupRead::Present(_), true) = (read, assignable) else { continue };
            for relation in [Relation::Member, Relation::Owner] {
                let target = pimform::model::Target::Group { group: *group, access: relation };
                let through_pim = comparison.desired.targets.contains_key(&target);
                let list = comparison.desired.groups.get(group).map(|group| group.list(relation).clone());
                let managed = matches!(list, Some(pimform::model::DesiredMembers::Managed { .. }));
                let told = |one: &import::LeftOut| {
                    one.address.starts_with(&format!("group/{}", Names::new(&snapshot.directory).group(*group)))
                };
                assert!(
                    through_pim || managed || imported.left_out.iter().any(told),
                    "{}",
                    imported.files["policy.yaml"]
                );
                if managed {
                    telling = Told::Telling;
                }
            }
        }
        telling
    });
}

#[test]
fn a_large_tenant_is_imported_into_few_profiles() {
    let generated = generate(&generate::Shape { seed: 7, assignments: 2_000, targets: 200 });
    let tenant = Tenant::from_file("tenant.json", generated.tenant).unwrap();
    for layout in LAYOUTS {
        let imported = imported(&tenant, &[], false, layout, generate::NOW);
        plans_to_nothing(&tenant, &imported, generate::NOW);
        let rows = tenant.snapshot(&ReadQuery::Everything, generate::NOW);
        let rows = rows.targets.values().map(|read| match read {
            TargetRead::Present(state) => state.rows.len(),
            TargetRead::WithoutSettings | TargetRead::Unreadable(_) => 0,
        });
        assert_eq!(imported.assignments, rows.sum::<usize>());
        let all = imported.files.values().cloned().collect::<String>();
        // Directory roles have other defaults than groups and Azure, and some targets have a longer activation.
        let (named, inline) = (all.matches("settings: ").count(), all.matches("settings:\n").count());
        assert!(named >= 198 && inline <= 2, "{named} {inline}");
    }
}
