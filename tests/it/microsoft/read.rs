//! A live snapshot says what a local one of the same tenant says.

use std::collections::BTreeSet;
use std::path::PathBuf;

use pimform::backend::local::TenantFile;
use pimform::backend::{ReadQuery, ReadState};
use pimform::compare::{CompareError, Comparison, compare, everything, nothing_known};
use pimform::diag::Finding;
use pimform::generate::{Mix, generate_mix};
use pimform::model::PrincipalDetail;
use pimform::model::scope::ScopeKind;
use pimform::model::{GroupRead, Names, Origin, Row, Settings, Snapshot, Surface, Target, TargetRead, TargetState};
use pimform::plan::guard;
use pimform::policy::Loaded;

use serde_json::json;

use super::live::{Live, local, now, policies};
use crate::harness::{folders, project};

fn examples() -> Vec<(PathBuf, String)> {
    let folders = folders(&project().join("examples"));
    let examples: Vec<_> = folders
        .into_iter()
        .filter_map(|folder| Some((folder.clone(), std::fs::read_to_string(folder.join("tenant.json")).ok()?)))
        .collect();
    assert!(examples.len() >= 5);
    examples
}

async fn try_plan(backend: &dyn ReadState, loaded: &Loaded) -> Result<Comparison, CompareError> {
    compare(&loaded.documents, &loaded.sources, backend, &nothing_known, &BTreeSet::new(), now()).await
}

async fn plan(backend: &dyn ReadState, loaded: &Loaded) -> Comparison {
    try_plan(backend, loaded).await.unwrap()
}

#[tokio::test]
async fn every_example_has_the_same_plan_live_and_local() {
    for (folder, tenant) in examples() {
        let loaded = policies(&folder.join("policies"));
        let mut local = plan(&local(&tenant), &loaded).await;
        // Reading the name of a tenant would take one more permission.
        local.planned.plan.tenant_name = None;
        for page_size in [100, 2] {
            let live = Live::with(&tenant, |options| options.page_size = page_size).await;
            let live = plan(&live.reader(), &loaded).await;
            let at = format!("{}, pages of {page_size}", folder.display());
            same(&at, &local.snapshot, &live.snapshot);
            assert_eq!(local.planned.plan, live.planned.plan, "{at}");
            assert_eq!(live.snapshot.notes, BTreeSet::new(), "{at}");
            let keys = |comparison: &Comparison| comparison.snapshot.targets.keys().cloned().collect::<BTreeSet<_>>();
            assert_eq!(keys(&local), keys(&live), "{at}");
            assert_eq!(local.snapshot.groups, live.snapshot.groups, "{at}");
            for (principal, groups) in &local.snapshot.memberships {
                assert_eq!(Some(groups), live.snapshot.memberships.get(principal), "{at}");
            }
        }
    }
}

#[tokio::test]
async fn everything_of_every_example_is_what_the_file_says() {
    for (folder, tenant) in examples() {
        let mut expected = local(&tenant).snapshot(&ReadQuery::Everything).await.unwrap();
        // Azure has every role at every scope; those that nobody has touched are left out, and what lies in a
        // subscription is found by its assignments.
        let default = Settings::service_default(Surface::Azure);
        expected.targets.retain(|target, read| match (target, read) {
            (Target::Azure { scope, .. }, TargetRead::Present(state)) => {
                let is_top = matches!(scope.kind(), ScopeKind::ManagementGroup | ScopeKind::Subscription);
                let is_held = state.rows.iter().any(|row| row.origin != Origin::Inherited);
                is_held || (is_top && *state.settings != default)
            }
            _ => true,
        });
        for page_size in [100, 2] {
            let live = Live::with(&tenant, |options| options.page_size = page_size).await;
            let found = live.reader().snapshot(&ReadQuery::Everything).await.unwrap();
            let at = format!("{}, pages of {page_size}", folder.display());
            same(&at, &expected, &found);
            let keys = |snapshot: &Snapshot| snapshot.targets.keys().cloned().collect::<BTreeSet<_>>();
            assert_eq!(keys(&expected), keys(&found), "{at}");
            for (group, read) in &found.groups {
                assert_eq!(Some(read), expected.groups.get(group), "{at}");
            }
            assert_eq!(found.directory.directory_roles(), expected.directory.directory_roles(), "{at}");
            assert_eq!(found.directory.administrative_units(), expected.directory.administrative_units(), "{at}");
            // A service always knows which it has; a file may not say.
            let contexts = expected.directory.contexts().unwrap_or_default();
            assert_eq!(found.directory.contexts(), Some(contexts), "{at}");
        }
    }
}

/// Which targets a case is about.
type Concerns<'a> = &'a dyn Fn(&Target) -> bool;

/// A surface, or a scope, that the identity may not read: its targets are blocked, and all others are as they were.
#[tokio::test]
async fn what_is_denied_is_unreadable_and_nothing_else_is_lost() {
    let (folder, tenant) = examples().into_iter().find(|(folder, _)| folder.ends_with("landing-zone")).unwrap();
    let loaded = policies(&folder.join("policies"));
    let live = Live::start(&tenant).await;
    let whole = plan(&live.reader(), &loaded).await;
    let subscription = "/subscriptions/c50263ce-5259-4a3c-a74c-860b1f88e997";
    let of = |surface: Surface| move |target: &Target| target.surface() == surface;
    let in_subscription =
        |target: &Target| matches!(target, Target::Azure { scope, .. } if scope.as_str() == subscription);
    let cases: [(&str, Concerns<'_>); 4] = [
        ("directory", &of(Surface::Directory)),
        ("groups", &of(Surface::Groups)),
        ("azure", &of(Surface::Azure)),
        (subscription, &in_subscription),
    ];
    for (denied, concerns) in cases {
        live.faults(&[&format!("denied={denied}")]);
        let found = plan(&live.reader(), &loaded).await;
        let (names, whole_names) = (Names::new(&found.desired.directory), Names::new(&whole.desired.directory));
        let addresses = |names: &Names<'_>, snapshot: &Snapshot| {
            let targets = snapshot.targets.keys().map(|target| names.target(target));
            targets.collect::<BTreeSet<_>>()
        };
        assert_eq!(addresses(&names, &found.snapshot), addresses(&whole_names, &whole.snapshot), "{denied}");
        for (target, read) in &found.snapshot.targets {
            let address = names.target(target);
            match read {
                TargetRead::Present(_) => {
                    assert!(!concerns(target), "{denied}: {address}");
                    assert_eq!(Some(read), whole.snapshot.targets.get(target), "{denied}: {address}");
                }
                TargetRead::WithoutSettings => panic!("{denied}: {address}"),
                TargetRead::Unreadable(why) => {
                    assert!(concerns(target), "{denied}: {address}: {why}");
                    assert!(why.contains("403") && why.contains("pimform permissions"), "{denied}: {address}: {why}");
                }
            }
        }
        let removed = |comparison: &Comparison| {
            let steps = comparison.planned.plan.steps.iter();
            steps.map(|step| step.address.clone()).collect::<BTreeSet<_>>()
        };
        assert!(removed(&found).is_subset(&removed(&whole)), "{denied}: nothing is planned because of it");
        assert!(removed(&found).len() < removed(&whole).len(), "{denied}");
    }
}

/// Plans against a live tenant and against a snapshot of it, and both come to the same: steps, what else is said, findings
/// and guards.
async fn plans_the_same_offline(at: &str, tenant: &str, page_size: usize, loaded: &Loaded) -> bool {
    let live = Live::with(tenant, |options| options.page_size = page_size).await;
    let Ok(expected) = try_plan(&live.reader(), loaded).await else { return false };
    let snapshot = everything(&loaded.documents, &live.reader(), &nothing_known).await.unwrap();
    let file = TenantFile::of(&snapshot).to_text().unwrap();
    let found = match try_plan(&local(&file), loaded).await {
        Ok(found) => found,
        Err(error) => panic!("{at}: {error:?}"),
    };
    assert_eq!(found.planned.plan, expected.planned.plan, "{at}");
    let said = |comparison: &Comparison| {
        let findings = comparison.planned.findings.sorted();
        findings.into_iter().map(|finding| finding.message.clone()).collect::<Vec<_>>()
    };
    assert_eq!(said(&found), said(&expected), "{at}");
    let verdict = |of: &Comparison| guard(&of.planned.plan, &of.desired, &of.snapshot, &BTreeSet::new()).violations;
    assert_eq!(verdict(&found), verdict(&expected), "{at}");
    true
}

/// Tenants that are made to be difficult, and tenants that are drawn: what a snapshot does not hold would make a plan
/// against it another one.
#[tokio::test]
async fn planning_against_a_snapshot_is_planning_live() {
    let mut plans = 0;
    for folder in folders(&project().join("tests/scenarios")) {
        let Ok(tenant) = std::fs::read_to_string(folder.join("tenant.json")) else { continue };
        let Ok(loaded) = pimform::policy::load(&folder.join("policies")) else { continue };
        // What cannot be read in the same way has a test of its own.
        if tenant.contains("\"unreadable\"") || tenant.contains("not-json") {
            continue;
        }
        let at = folder.display().to_string();
        plans += usize::from(plans_the_same_offline(&at, &tenant, 3, &loaded).await);
    }
    assert!(plans > 20, "{plans}");
    for seed in 0..6 {
        let generated = generate_mix(seed, 60, &Mix::BUDGET);
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in &generated.policies {
            std::fs::write(folder.path().join(path), text).unwrap();
        }
        let tenant = generated.tenant.to_text().unwrap();
        let loaded = policies(folder.path());
        assert!(plans_the_same_offline(&format!("seed {seed}"), &tenant, 100, &loaded).await, "seed {seed}");
    }
}

/// What `pimform snapshot` writes of a live tenant: with it, planning needs no credentials.
#[tokio::test]
async fn a_file_of_a_live_tenant_plans_as_the_tenant_does() {
    for (folder, tenant) in examples() {
        let loaded = policies(&folder.join("policies"));
        let live = Live::start(&tenant).await;
        let expected = plan(&live.reader(), &loaded).await;
        let reader = live.reader();
        reader.directory(&pimform::policy::names(&loaded.documents)).await.unwrap();
        let snapshot = reader.snapshot(&ReadQuery::Everything).await.unwrap();
        let file = TenantFile::of(&snapshot).to_text().unwrap();
        let found = plan(&local(&file), &loaded).await;
        let at = folder.display();
        assert_eq!(found.planned.plan, expected.planned.plan, "{at}");
        assert!(!file.contains("eyJ"), "{at}: no token is in it");
        let again = local(&file).snapshot(&ReadQuery::Everything).await.unwrap();
        assert_eq!(again.targets, snapshot.targets, "{at}");
        assert_eq!(again.groups, snapshot.groups, "{at}");
    }
}

/// Groups under PIM that nobody holds anything through, and that no file names, with what they have.
#[tokio::test]
async fn a_snapshot_holds_every_group_under_pim() {
    let (group, ada) = ("c0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000001");
    let tenant = json!({
        "format": "pimform-tenant", "version": 1, "tenant": { "id": "0f4a2a3e-0000-4000-8000-000000000001" },
        "users": [{ "id": ada, "name": "Ada Lovelace", "upn": "ada@contoso.example" }],
        "groups": [{ "id": group, "name": "Operators", "pim": true }],
        "targets": [{ "group": group, "access": "member", "eligible": [{ "principal": ada }],
            "settings": { "activation": { "max_duration": "1h" } } }],
    });
    let live = Live::start(&tenant.to_string()).await;
    let snapshot = live.reader().snapshot(&ReadQuery::Everything).await.unwrap();
    let again = TenantFile::of(&snapshot).to_text().unwrap();
    let again = local(&again).snapshot(&ReadQuery::Everything).await.unwrap();
    assert_eq!(again.targets, snapshot.targets);
    assert_eq!(again.targets.len(), 2);
    let facts = again.directory.principal(group.parse().unwrap()).unwrap().group().unwrap().clone();
    assert!(facts.onboarded.is_yes());
}

/// Whoever stays is disabled, or nobody may see whether they are. The files name them by id, so that all that is known of
/// them is what was asked for.
#[tokio::test]
async fn who_is_not_known_to_be_enabled_does_not_keep_a_role() {
    let (role, ada, old) = (
        "62e90394-69f5-4237-9190-012177145e10",
        "a0000000-0000-4000-8000-000000000001",
        "a0000000-0000-4000-8000-000000000002",
    );
    let folder = tempfile::tempdir().unwrap();
    let list = format!("active: [ {{ user: {old}, permanent: true, justification: Stays }} ]");
    let text = format!("version: 1\ndirectory_roles: {{ Global Administrator: {{ {list} }} }}\n");
    std::fs::write(folder.path().join("pim.yaml"), text).unwrap();
    let loaded = policies(folder.path());
    for (enabled, refused) in [(json!(true), false), (json!(false), true), (json!(null), true)] {
        let tenant = json!({
            "format": "pimform-tenant", "version": 1, "tenant": { "id": "0f4a2a3e-0000-4000-8000-000000000001" },
            "users": [
                { "id": ada, "name": "Ada Lovelace", "upn": "ada@contoso.example" },
                { "id": old, "name": "Old Account", "upn": "old@contoso.example", "enabled": enabled },
            ],
            "directory_roles": [{ "id": role, "name": "Global Administrator" }],
            "targets": [{ "directory_role": role, "active": [{ "principal": ada }, { "principal": old }] }],
        });
        let tenant = tenant.to_string();
        let live = Live::start(&tenant).await;
        for found in [plan(&live.reader(), &loaded).await, plan(&local(&tenant), &loaded).await] {
            let verdict = guard(&found.planned.plan, &found.desired, &found.snapshot, &BTreeSet::new());
            assert_eq!(verdict.is_refused(), refused, "{enabled}: {verdict:?}");
        }
    }
}

#[tokio::test]
async fn reading_only_looks() {
    let (folder, tenant) = examples().remove(0);
    let live = Live::start(&tenant).await;
    plan(&live.reader(), &policies(&folder.join("policies"))).await;
    live.reader().snapshot(&ReadQuery::Everything).await.unwrap();
    let requests = live.requests();
    assert!(requests.len() > 20, "{requests:?}");
    let path = |request: &str| request.split('?').next().unwrap().to_owned();
    let looks = |request: &String| {
        let posts = ["/$batch", "/getByIds", "/getMemberGroups"];
        request.starts_with("GET ")
            || (request.starts_with("POST ") && posts.iter().any(|end| path(request).ends_with(end)))
    };
    let others: Vec<_> = requests.iter().filter(|request| !looks(request)).collect();
    assert!(others.is_empty(), "{others:?}");
}

/// The budget of the project's design: at most 80 requests, whatever the number of assignments.
#[tokio::test]
async fn a_plan_of_the_budget_tenant_takes_few_requests() {
    let mut counts = Vec::new();
    for assignments in [500, 2000] {
        let generated = generate_mix(3, assignments, &Mix::BUDGET);
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in &generated.policies {
            std::fs::write(folder.path().join(path), text).unwrap();
        }
        let tenant = generated.tenant.to_text().unwrap();
        let live = Live::with(&tenant, |options| options.page_size = 100).await;
        let reader = live.reader();
        let comparison = plan(&reader, &policies(folder.path())).await;
        assert_eq!(comparison.snapshot.targets.len(), 200, "with the owners of 30 groups");
        counts.push(live.requests().len());
        let local = plan(&local(&tenant), &policies(folder.path())).await;
        assert_eq!(comparison.planned.plan.steps, local.planned.plan.steps);
    }
    let [few, many] = counts.as_slice() else { panic!("{counts:?}") };
    assert!(*few <= 80, "{counts:?}");
    // Four times the assignments are four times the names and the pages of the lists of the directory, and nothing else.
    assert!(*many <= few + 40, "{counts:?}");
}

/// Tenants that are made to be difficult. Where the files do not fit the tenant, that is said in the same words.
#[tokio::test]
async fn every_scenario_has_the_same_plan_live_and_local() {
    let mut plans = 0;
    for folder in folders(&project().join("tests/scenarios")) {
        let Ok(tenant) = std::fs::read_to_string(folder.join("tenant.json")) else { continue };
        let Ok(loaded) = pimform::policy::load(&folder.join("policies")) else { continue };
        // What cannot be read in the same way has a test of its own.
        if tenant.contains("\"unreadable\"") || tenant.contains("not-json") {
            continue;
        }
        let live = Live::with(&tenant, |options| options.page_size = 3).await;
        let at = folder.display();
        match (try_plan(&local(&tenant), &loaded).await, try_plan(&live.reader(), &loaded).await) {
            (Ok(mut local), Ok(live)) => {
                local.planned.plan.tenant_name = None;
                assert_eq!(local.planned.plan.steps, live.planned.plan.steps, "{at}");
                assert_eq!(local.planned.plan, live.planned.plan, "{at}");
                same(&at.to_string(), &local.snapshot, &live.snapshot);
                plans += 1;
            }
            (Err(local), Err(live)) => assert_eq!(said(&local), said(&live), "{at}"),
            (local, live) => panic!("{at}: {local:?} {live:?}"),
        }
    }
    assert!(plans > 20, "{plans}");
}

/// What is wrong, without the name of the tenant and the hints, which only a whole tenant can give.
fn said(error: &CompareError) -> Vec<(&'static str, String)> {
    let finding = |finding: &Finding| (finding.id, finding.message.replace(" (Contoso)", ""));
    match error {
        CompareError::Invalid(findings) => findings.sorted().into_iter().map(finding).collect(),
        CompareError::TenantMismatch(one) => vec![finding(one)],
        CompareError::Backend(error) => panic!("{error}"),
    }
}

/// Compares what both say of targets, and who is in them.
fn same(at: &str, local: &Snapshot, live: &Snapshot) {
    assert_eq!((local.tenant, now()), (live.tenant, live.read_at), "{at}");
    // Somebody always asks, also where the file does not say who.
    assert!(local.runner.is_none() || local.runner == live.runner, "{at}");
    let names = Names::new(&local.directory);
    let scopes = live.targets.keys().filter_map(|target| match target {
        Target::Azure { scope, .. } => Some(scope),
        _ => None,
    });
    let scopes: BTreeSet<_> = scopes.collect();
    for (target, read) in &live.targets {
        let at = format!("{at}: {}", names.target(target));
        match (local.targets.get(target), read) {
            (Some(TargetRead::Present(local)), TargetRead::Present(live)) => {
                assert_eq!(local.settings, live.settings, "{at}");
                assert_eq!(rows(target, local), rows(target, live), "{at}");
                let inherited = |state: &TargetState| {
                    state.rows.iter().filter(|row| row.origin == Origin::Inherited).map(|row| row.key).collect()
                };
                let (local, live): (BTreeSet<_>, BTreeSet<_>) = (inherited(local), inherited(live));
                // What is assigned above is inherited; a tenant file need not say so again. What a file alone says is
                // inherited at a scope, the emulator shows in lists of that scope only.
                assert!(scopes.len() >= 4 || local.is_subset(&live), "{at}: {local:?} {live:?}");
            }
            (Some(TargetRead::WithoutSettings), TargetRead::WithoutSettings) => {}
            (local, live) => panic!("{at}: {local:?} {live:?}"),
        }
    }
    for principal in live.directory.principals() {
        let mut expected = local.directory.principal(principal.id).cloned().unwrap();
        // A file need not say of a group that it lists targets of that it is under PIM, and a service is not always asked.
        if let (PrincipalDetail::Group(facts), Some(found)) = (&mut expected.detail, principal.group())
            && !found.onboarded.is_no()
        {
            facts.onboarded = found.onboarded;
        }
        assert_eq!(*principal, expected, "{at}");
    }
    for (group, read) in &live.groups {
        assert!(matches!(read, GroupRead::Present(_)), "{at}: {group} {read:?}");
    }
}

/// The rows that both can say. The service does not list what is over, says of what was made outside PIM no start, and at
/// a scope of Azure not what is held through groups.
pub(super) fn rows(target: &Target, state: &TargetState) -> Vec<Row> {
    let is_azure = target.surface() == Surface::Azure;
    let is_shown = |row: &&Row| {
        !row.window.is_over(now())
            && row.origin != Origin::Inherited
            && !(is_azure && row.origin == Origin::ThroughGroup)
    };
    let mut rows: Vec<Row> = state.rows.iter().filter(is_shown).cloned().collect();
    for row in rows.iter_mut().filter(|row| row.origin == Origin::OutsidePim) {
        row.window.start = None;
    }
    rows
}
