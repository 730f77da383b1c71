//! A small policy on a bad day of the service, once for each fault of the emulator: what whoever applies it is told, and
//! that nothing is lost. When the day is over, a second apply comes to the end, and a plan is empty.
//!
//! Most go through the library, where waiting takes no time; those that wait for nothing go through the program.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt as _;
use pimform::apply::{self, ApplyReport, Outcome, Stop};
use pimform::backend::microsoft::{MicrosoftExecutor, VirtualTime};
use pimform::backend::{self, BackendError, Execute, ReadQuery, ReadState, Receipt};
use pimform::compare::{CompareError, Comparison, compare, nothing_known};
use pimform::emulator::Fault;
use pimform::model::{Directory, NameQuery, Snapshot, TargetRead};
use pimform::plan::{GuardId, Operation, Plan, approve, guard};
use pimform::policy::Loaded;
use pimform::render::{self, Style};
use serde_json::{Value, json};

use super::execute::Still;
use super::live::{Live, local, now, policies};
use crate::harness::{NOW, Run, Workspace};

const TENANT: &str = "3bb427c1-a1da-459d-aad1-245c92010b38";
const RUNNER: &str = "47cdad4f-d8b9-4b81-90b3-84fe6d17a135";
const ADA: &str = "7a9d9691-46fc-4893-973c-43fad1272a25";
const GRACE: &str = "885d6f33-e40c-4fc4-a158-fb57a6e04b64";
const LEADS: &str = "ad5ea460-bc60-47ba-9c1e-980d9b8a7945";
const SUBSCRIPTION: &str = "c50263ce-5259-4a3c-a74c-860b1f88e997";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const ADMIN: &str = "62e90394-69f5-4237-9190-012177145e10";

/// On each surface something stays, something goes, something comes, and settings change: among them multifactor
/// authentication that gives way to an authentication context. A group is made, filled, and brought under PIM.
const POLICY: &str = "\
version: 1
tenant: { id: 3bb427c1-a1da-459d-aad1-245c92010b38 }
profiles:
  strict:
    activation: { max_duration: 2h, authentication: { context: c1 }, ticket: true }
groups:
  SEC-New:
    create: { description: Made here, role_assignable: true }
    member:
      settings: strict
      eligible: [{ user: ada@contoso.example, for: 30d }]
    owners: [{ user: grace@contoso.example }]
  Leads:
    member:
      settings: strict
      eligible: [{ user: ada@contoso.example, until: 2027-06-01 }, { group: SEC-New, for: 30d }]
directory_roles:
  Global Administrator:
    settings: strict
    eligible: [{ user: ada@contoso.example, until: 2027-06-01 }, { group: SEC-New, for: 30d }]
azure:
  - subscription: Production
    roles:
      Owner:
        settings: strict
        eligible: [{ user: ada@contoso.example, until: 2027-06-01 }, { group: SEC-New, for: 30d }]
";

fn tenant() -> String {
    let eligible: Vec<Value> = [ADA, GRACE]
        .iter()
        .map(|principal| json!({ "principal": principal, "start": "2026-06-01T08:00:00Z", "end": "2027-06-01T23:59:59Z" }))
        .collect();
    let settings = json!({ "activation": { "authentication": "mfa" } });
    json!({
        "format": "pimform-tenant", "version": 1, "runner": RUNNER,
        "tenant": { "id": TENANT, "name": "Contoso" },
        "users": [
            { "id": ADA, "name": "Ada Lovelace", "upn": "ada@contoso.example" },
            { "id": GRACE, "name": "Grace Hopper", "upn": "grace@contoso.example" },
        ],
        "groups": [{ "id": LEADS, "name": "Leads", "role_assignable": true, "pim": true }],
        "service_principals": [{ "id": RUNNER, "name": "sp-pimform", "app_id": "c3c75de0-8e3c-42ed-91c8-3cc9ed906531" }],
        "authentication_contexts": [{ "id": "c1", "name": "Strong" }],
        "subscriptions": [{ "id": SUBSCRIPTION, "name": "Production" }],
        "directory_roles": [{ "id": ADMIN, "name": "Global Administrator" }],
        "azure_roles": [{ "id": OWNER, "name": "Owner" }],
        "targets": [
            { "directory_role": ADMIN, "settings": settings, "eligible": eligible },
            { "group": LEADS, "access": "member", "settings": settings, "eligible": eligible },
            { "scope": format!("/subscriptions/{SUBSCRIPTION}"), "role": OWNER, "settings": settings, "eligible": eligible },
        ],
    })
    .to_string()
}

/// A tenant, its policy, and who applies it.
struct Day {
    live: Live,
    executor: OneByOne,
    loaded: Loaded,
    _workspace: Workspace,
}

/// What an apply came to.
struct Applied {
    plan: Plan,
    report: ApplyReport,
    /// What is left, or why that cannot be said.
    left: Result<Plan, CompareError>,
    /// What is printed.
    said: String,
}

impl Applied {
    /// True where the program would end with 0.
    fn is_whole(&self) -> bool {
        self.report.is_complete() && self.left.as_ref().is_ok_and(|left| left.steps.is_empty())
    }

    fn failed(&self) -> usize {
        self.report.count(|outcome| matches!(outcome, Outcome::Failed(_)))
    }
}

const STYLE: Style = Style { color: false, width: 100 };

impl Day {
    async fn begin(faults: &[&str]) -> Self {
        let live = Live::with(&tenant(), |options| {
            options.active_minimum = 0;
            options.page_size = 1;
        })
        .await;
        live.faults(faults);
        let mut options = live.options();
        options.pause = Arc::new(Still(Arc::new(VirtualTime::new(NOW.parse().unwrap()))));
        let executor = OneByOne(MicrosoftExecutor::new(options, "Removed by a test").unwrap());
        let workspace = Workspace::new();
        workspace.write("policies/pim.yaml", POLICY);
        let loaded = policies(&workspace.path().join("policies"));
        Self { live, executor, loaded, _workspace: workspace }
    }

    async fn look(&self) -> Result<Comparison, CompareError> {
        compare(
            &self.loaded.documents,
            &self.loaded.sources,
            &self.executor,
            &nothing_known,
            &GuardId::ALL.into(),
            now(),
        )
        .await
    }

    async fn apply(&self) -> Applied {
        let Comparison { desired, snapshot, planned } = self.look().await.unwrap();
        let approved = approve(planned.plan, &desired, &snapshot, &GuardId::ALL.into()).ok().unwrap();
        let stop = Stop::default();
        let report = apply::run(&approved, &self.executor, &Silent, &stop).await;
        let again = || self.look().map(|read| read.map(|comparison| comparison.planned.plan)).boxed_local();
        let settled = apply::settle(approved.plan(), &report, &self.executor, &stop, &again, &|_, _| (), None).await;
        let left = settled.remaining;
        let said = render::applied_text(approved.plan(), &report, left.as_ref().ok(), STYLE);
        self.nothing_is_lost(&said);
        Applied { plan: approved.plan().clone(), report, left, said }
    }

    fn file(&self) -> Value {
        serde_json::from_str(&self.live.emulator.tenant_file()).unwrap()
    }

    /// At any time: what is declared and was there is there, no activation asks for neither multifactor authentication
    /// nor a context, and there is one group at most.
    fn nothing_is_lost(&self, said: &str) {
        let file = self.file();
        let targets = of(&file, "targets").as_array().unwrap();
        let mut kept = 0;
        for target in targets {
            let is_old = of(target, "group").is_null() || of(target, "group") == LEADS;
            if !is_old || of(target, "access") == "owner" {
                continue;
            }
            let ada = |row: &&Value| {
                of(row, "principal") == ADA && of(row, "end").as_str().unwrap().starts_with("2027-06-01")
            };
            let rows = of(target, "eligible").as_array().unwrap();
            assert_eq!(rows.iter().filter(ada).count(), 1, "{target:#}\n{said}");
            let way = of(of(of(target, "settings"), "activation"), "authentication");
            assert!(*way == "mfa" || of(way, "context") == "c1", "{target:#}\n{said}");
            kept += 1;
        }
        assert_eq!(kept, 3, "{file:#}");
        let made =
            of(&file, "groups").as_array().unwrap().iter().filter(|group| of(group, "name") == "SEC-New").count();
        assert!(made <= 1, "{file:#}\n{said}");
    }

    /// When the day is over: a second apply comes to the end, a plan is empty, and one of the emulator's own tenant file
    /// is so too.
    async fn ends_well(self) {
        self.live.faults(&[]);
        let applied = self.apply().await;
        assert!(applied.is_whole(), "{}\n{:#?}", applied.said, applied.left);
        let plan = self.look().await.unwrap().planned.plan;
        assert!(plan.steps.is_empty(), "{plan:#?}");
        let kept = local(&self.live.emulator.tenant_file());
        let (documents, sources) = (&self.loaded.documents, &self.loaded.sources);
        let plan =
            compare(documents, sources, &kept, &nothing_known, &BTreeSet::new(), now()).await.unwrap().planned.plan;
        assert!(plan.steps.is_empty(), "{plan:#?}");
        let file = self.file();
        let made =
            of(&file, "groups").as_array().unwrap().iter().filter(|group| of(group, "name") == "SEC-New").count();
        assert_eq!(made, 1, "{file:#}");
    }
}

/// A field; nothing where there is none.
fn of<'v>(value: &'v Value, field: &str) -> &'v Value {
    value.get(field).unwrap_or(&Value::Null)
}

/// One operation after the other, so that every second write is not always the same one's.
struct OneByOne(MicrosoftExecutor);

#[async_trait]
impl ReadState for OneByOne {
    async fn tenant(&self) -> Result<backend::Tenant, BackendError> {
        self.0.tenant().await
    }

    async fn directory(&self, query: &NameQuery) -> Result<Arc<Directory>, BackendError> {
        self.0.directory(query).await
    }

    async fn snapshot(&self, query: &ReadQuery) -> Result<Snapshot, BackendError> {
        self.0.snapshot(query).await
    }
}

#[async_trait]
impl Execute for OneByOne {
    fn concurrency(&self) -> usize {
        1
    }

    async fn execute(&self, operation: &Operation) -> Result<Receipt, BackendError> {
        self.0.execute(operation).await
    }

    fn settling(&self) -> &'static [Duration] {
        self.0.settling()
    }

    async fn pause(&self, length: Duration) {
        self.0.pause(length).await;
    }
}

/// Nobody watches.
struct Silent;

impl apply::Observer for Silent {
    fn started(&self, _: &pimform::plan::Step) {}

    fn finished(&self, _: &pimform::plan::Step, _: &Outcome) {}
}

/// What the program says where there is no plan.
fn why(error: CompareError) -> (String, String) {
    match error {
        CompareError::Backend(error) => (error.to_string(), error.help().unwrap_or_default()),
        other => panic!("{other:?}"),
    }
}

/// The faults that a client should not let anybody feel.
async fn all_goes_well(fault: &str) -> (Day, Applied) {
    let day = Day::begin(&[fault]).await;
    let applied = day.apply().await;
    assert!(applied.is_whole(), "{fault}\n{}\n{:#?}", applied.said, applied.left);
    assert!(applied.said.contains("A second plan finds nothing to do"), "{fault}\n{}", applied.said);
    assert!(applied.plan.steps.len() > 10, "{:#?}", applied.plan.steps);
    (day, applied)
}

#[tokio::test]
async fn without_any_fault_the_policy_is_applied() {
    let (day, _) = all_goes_well("latency=1").await;
    assert_eq!(day.executor.0.stats().throttled, 0);
    day.ends_well().await;
}

#[tokio::test]
async fn throttling_is_waited_for_and_counted() {
    for every in ["throttling=5", "throttling=30"] {
        let (day, _) = all_goes_well(every).await;
        assert!(day.executor.0.stats().throttled > 0, "{every}: {:?}", day.executor.0.stats());
        day.ends_well().await;
    }
    // Whoever is throttled for ever is told so, and has no plan to apply.
    let day = Day::begin(&["throttling=1"]).await;
    let (said, help) = why(day.look().await.unwrap_err());
    assert!(said.contains("429") && !help.is_empty(), "{said}\n{help}");
    day.ends_well().await;
}

#[tokio::test]
async fn server_error_of_some_calls_is_not_felt_and_of_all_reads_is_said() {
    // More reads than are under way at once lie between two that fail.
    for fault in ["server-error=read:40", "server-error=before:2", "server-error=after:2"] {
        let (day, _) = all_goes_well(fault).await;
        assert!(day.executor.0.stats().repeated > 0, "{fault}");
        day.ends_well().await;
    }
    let day = Day::begin(&["server-error=read:1"]).await;
    let before = day.live.emulator.tenant_file();
    let (said, help) = why(day.look().await.unwrap_err());
    assert!(said.contains("503") && !help.is_empty(), "{said}\n{help}");
    assert_eq!(day.live.emulator.tenant_file(), before);
    day.ends_well().await;
}

/// Every answer to a write is lost: what took effect is recognised, and what is not known to have is said to have failed.
#[tokio::test]
async fn server_error_after_every_write_loses_nothing() {
    for fault in ["server-error=after:1", "server-error=before:1", "reset=after:1", "reset=before:1"] {
        let day = Day::begin(&[fault]).await;
        let applied = day.apply().await;
        if fault.contains("before") {
            assert!(applied.failed() > 0 && !applied.is_whole(), "{fault}\n{}", applied.said);
            assert_eq!(applied.report.count(Outcome::is_done), 0, "{fault}\n{}", applied.said);
            assert!(applied.said.contains("failed "), "{fault}\n{}", applied.said);
        }
        day.ends_well().await;
    }
}

#[tokio::test]
async fn slow_pages_are_read_to_the_end() {
    let (day, _) = all_goes_well("slow-pages=1").await;
    day.ends_well().await;
}

#[tokio::test]
async fn reset_connections_are_opened_again_and_no_group_is_made_twice() {
    for fault in ["reset=read:40", "reset=before:2", "reset=after:2"] {
        let (day, _) = all_goes_well(fault).await;
        assert!(day.executor.0.stats().repeated > 0, "{fault}");
        day.ends_well().await;
    }
    let day = Day::begin(&["reset=read:1"]).await;
    let before = day.live.emulator.tenant_file();
    let (said, help) = why(day.look().await.unwrap_err());
    // A call of a batch has no connection of its own, so a gateway answers for it.
    assert!((said.contains("connection") || said.contains("504")) && !help.is_empty(), "{said}\n{help}");
    assert_eq!(day.live.emulator.tenant_file(), before);
    day.ends_well().await;
}

#[tokio::test]
async fn late_visibility_is_waited_for() {
    let (day, _) = all_goes_well("late-visibility=2").await;
    day.ends_well().await;
}

#[tokio::test]
async fn failed_requests_are_said_to_have_failed_and_done_the_second_time() {
    let day = Day::begin(&["failed-requests=2"]).await;
    let applied = day.apply().await;
    assert!(!applied.is_whole() && applied.failed() > 0, "{}", applied.said);
    assert!(applied.said.contains("then its status was `Failed`"), "{}", applied.said);
    assert!(applied.said.contains("Still to do:"), "{}", applied.said);
    // Only what failed is left.
    let failed: BTreeSet<&str> = applied
        .plan
        .steps
        .iter()
        .filter(|step| !applied.report.outcomes.get(&step.id).is_some_and(Outcome::is_done))
        .map(|step| step.address.as_str())
        .collect();
    let left = applied.left.as_ref().unwrap();
    assert_eq!(left.steps.iter().map(|step| step.address.as_str()).collect::<BTreeSet<_>>(), failed);
    day.ends_well().await;
}

#[tokio::test]
async fn denied_surfaces_are_blocked_and_nothing_is_removed_there() {
    let whole = Day::begin(&[]).await.look().await.unwrap().planned.plan;
    for (surface, said) in
        [("directory", "directory/Global Administrator"), ("groups", "group/Leads/member"), ("azure", "azure/")]
    {
        let day = Day::begin(&[&format!("denied={surface}")]).await;
        let comparison = match day.look().await {
            Ok(comparison) => comparison,
            // Without a single name of Azure the files cannot be understood.
            Err(error) => {
                let (why, help) = why(error);
                assert!(why.contains("403") && help.contains("pimform permissions"), "{why}\n{help}");
                day.ends_well().await;
                continue;
            }
        };
        let plan = &comparison.planned.plan;
        let verdict = guard(plan, &comparison.desired, &comparison.snapshot, &GuardId::ALL.into());
        let text = render::text(plan, &verdict, STYLE);
        let blocked = text.split("Blocked: nothing is planned here").nth(1).unwrap_or_else(|| panic!("{text}"));
        assert!(blocked.contains(said) && blocked.contains("403"), "{text}");
        assert!(plan.steps.len() < whole.steps.len() && !plan.steps.is_empty(), "{text}");
        for (target, read) in &comparison.snapshot.targets {
            let concerned = plan.steps.iter().any(|step| step.operation.target() == Some(target));
            assert!(!concerned || matches!(read, TargetRead::Present(_)), "{target:?}\n{text}");
        }
        let removals = |plan: &Plan| {
            let is_removal = |operation: &Operation| matches!(operation, Operation::Remove { .. });
            plan.steps.iter().filter(|step| is_removal(&step.operation)).count()
        };
        assert!(removals(plan) < removals(&whole), "{text}");
        let applied = day.apply().await;
        assert!(applied.report.is_complete() || surface == "groups", "{}", applied.said);
        day.ends_well().await;
    }
}

#[tokio::test]
async fn expired_tokens_are_renewed() {
    let (day, _) = all_goes_well("expired-tokens=60").await;
    day.ends_well().await;
}

#[tokio::test]
async fn latency_only_takes_time() {
    let (day, _) = all_goes_well("latency=2").await;
    day.ends_well().await;
}

#[tokio::test]
async fn arm_list_lag_is_waited_for_after_a_removal() {
    let (day, applied) = all_goes_well("arm-list-lag=3").await;
    let removed = applied
        .plan
        .steps
        .iter()
        .any(|step| matches!(&step.operation, Operation::Remove { .. }) && step.address.starts_with("azure/"));
    assert!(removed, "{:#?}", applied.plan.steps);
    day.ends_well().await;
}

#[tokio::test]
async fn filtered_policies_that_fail_lose_nothing() {
    for fault in ["filtered-policies=500", "filtered-policies=504", "filtered-policies=nothing"] {
        let (day, _) = all_goes_well(fault).await;
        day.ends_well().await;
    }
}

#[tokio::test]
async fn mfa_of_applications_matters_only_where_settings_ask_for_it() {
    let (day, _) = all_goes_well("mfa-of-applications").await;
    day.ends_well().await;
}

#[tokio::test]
async fn policy_id_changes_do_no_harm() {
    let (day, _) = all_goes_well("policy-id-changes").await;
    day.ends_well().await;
}

/// The exit codes, from the program itself: of faults that nobody has to wait for.
#[test]
fn the_program_says_how_it_ended() {
    let cases: [(&str, i32, i32, &str); 5] = [
        ("expired-tokens=60", 2, 0, "A second plan finds nothing to do"),
        ("policy-id-changes", 2, 0, "A second plan finds nothing to do"),
        ("slow-pages=1", 2, 0, "A second plan finds nothing to do"),
        ("failed-requests=1", 2, 5, "then its status was `Failed`"),
        ("denied=directory", 6, 6, "403"),
    ];
    for (fault, planned, applied, said) in cases {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let live = runtime.block_on(Live::with(&tenant(), |options| options.active_minimum = 0));
        live.faults(&[fault]);
        let workspace = Workspace::new();
        workspace.write("policies/pim.yaml", POLICY);
        let url = live.emulator.url();
        let run = |args: &[&str]| {
            let mut command = workspace.command(args);
            command.env("PIMFORM_BACKEND", "microsoft").env("PIMFORM_GRAPH_ENDPOINT", &url);
            command.env("PIMFORM_ARM_ENDPOINT", &url).stdin(std::process::Stdio::null());
            Run::of(&command.output().unwrap())
        };
        run(&["plan", "--detailed-exitcode"]).expect(planned);
        let apply = ["apply", "--auto-approve", "--allow-onboarding"];
        live.faults(&[fault]);
        let bad = run(&apply).expect(applied);
        assert!(bad.stdout.contains(said), "{fault}: {}", bad.stdout);
        live.faults(&[]);
        run(&apply).expect(0);
        let plan = run(&["plan", "--detailed-exitcode"]).expect(0);
        assert!(plan.stdout.contains("No change"), "{fault}: {}", plan.stdout);
    }
}

#[tokio::test]
async fn widened_grants_fail_and_are_taken_back() {
    let day = Day::begin(&["widened"]).await;
    let applied = day.apply().await;
    assert!(applied.said.contains("as owner instead of member; it was taken back"), "{}", applied.said);
    day.ends_well().await;
}

#[tokio::test]
async fn ignored_updates_matter_only_where_something_is_updated() {
    let (day, _) = all_goes_well("ignored-updates").await;
    day.ends_well().await;
}

#[tokio::test]
async fn obeyed_questions_are_noticed_at_the_first() {
    let day = Day::begin(&["obeyed-questions"]).await;
    let Comparison { desired, planned, .. } = day.look().await.unwrap();
    let validator = day.executor.0.validator(Arc::clone(&desired.directory));
    let error = apply::validate(&planned.plan, &validator).await.unwrap_err();
    assert!(error.to_string().contains("was asked whether it would"), "{error}");
    // On a good day nobody is misled.
    let day = Day::begin(&[]).await;
    let Comparison { desired, planned, .. } = day.look().await.unwrap();
    let validator = day.executor.0.validator(Arc::clone(&desired.directory));
    let results = apply::validate(&planned.plan, &validator).await.unwrap();
    assert!(results.values().any(|result| *result == pimform::plan::Validation::Passed), "{results:#?}");
    day.ends_well().await;
}

#[tokio::test]
async fn two_ids_of_a_role_are_one_role() {
    for value in [ADMIN.to_owned(), format!("strict:{ADMIN}")] {
        let (day, _) = all_goes_well(&format!("two-ids={value}")).await;
        day.ends_well().await;
    }
}

/// A fault that nobody has tried out is not known to be survived.
#[test]
fn every_fault_has_a_test() {
    let source = include_str!("faults.rs");
    for (usage, _) in Fault::all() {
        let name = usage.split(['=', '[']).next().unwrap();
        let tested = format!("#[tokio::test]\nasync fn {}", name.replace('-', "_"));
        assert!(source.contains(&tested), "`{name}` has no test here");
    }
    assert_eq!(Fault::all().len(), source.matches("\n#[tokio::test]\n").count() - 2, "a test of a fault that is gone");
}
