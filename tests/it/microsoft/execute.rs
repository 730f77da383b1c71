//! Each operation on each surface, carried out on the emulator and on a local tenant: both come to the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use pimform::backend::local::{Tenant, TenantFile};
use pimform::backend::microsoft::auth::{AuthMethod, Environment, SignIn};
use pimform::backend::microsoft::{Cloud, Endpoints, MicrosoftExecutor, Options, Pause, VirtualTime};
use pimform::backend::{BackendError, Execute, Executed, ReadQuery, ReadState};
use pimform::emulator::{self, Emulator, Fault, Running};
use pimform::model::settings::Change;
use pimform::model::{
    Access, Approval, Approver, Approvers, AssignmentKey, AssignmentScope, Authentication, Changes, Condition,
    Duration, Ending, Expiry, GroupCreation, GroupRead, Kind, Level, PrincipalId, Recipients, Schedule, Settings,
    Shift, Target, TargetRead, Time, Window,
};
use pimform::plan::Operation;
use serde_json::{Value, json};

use crate::traffic;

const NOW: &str = "2026-11-21T12:00:00Z";
const TENANT: &str = "3bb427c1-a1da-459d-aad1-245c92010b38";
const RUNNER: &str = "47cdad4f-d8b9-4b81-90b3-84fe6d17a135";
const ADA: &str = "7a9d9691-46fc-4893-973c-43fad1272a25";
const GRACE: &str = "885d6f33-e40c-4fc4-a158-fb57a6e04b64";
const LEADS: &str = "ad5ea460-bc60-47ba-9c1e-980d9b8a7945";
const SUBSCRIPTION: &str = "/subscriptions/c50263ce-5259-4a3c-a74c-860b1f88e997";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const ADMIN: &str = "62e90394-69f5-4237-9190-012177145e10";
const STAND_IN: &str = "11111111-0000-5000-8000-000000000001";

fn tenant() -> Value {
    json!({
        "format": "pimform-tenant", "version": 1, "runner": RUNNER,
        "tenant": { "id": TENANT, "name": "Contoso" },
        "users": [
            { "id": ADA, "name": "Ada Lovelace", "upn": "ada@contoso.example" },
            { "id": GRACE, "name": "Grace Hopper", "upn": "grace@contoso.example" },
        ],
        "groups": [{ "id": LEADS, "name": "Leads", "role_assignable": true }],
        "service_principals": [{ "id": RUNNER, "name": "sp-pimform", "app_id": "c3c75de0-8e3c-42ed-91c8-3cc9ed906531" }],
        "authentication_contexts": [{ "id": "c1", "name": "Strong" }],
        "subscriptions": [{ "id": SUBSCRIPTION.rsplit('/').next(), "name": "Production" }],
        "directory_roles": [{ "id": ADMIN, "name": "Global Administrator" }],
        "azure_roles": [{ "id": OWNER, "name": "Owner" }],
        "targets": [
            { "directory_role": ADMIN, "active": [
                { "principal": GRACE, "start": "2025-06-01T08:00:00Z" },
            ] },
            { "scope": SUBSCRIPTION, "role": OWNER, "active": [
                { "principal": GRACE, "start": "2025-06-01T08:00:00Z" },
                { "principal": ADA, "start": "2025-06-01T08:00:00Z", "origin": "outside_pim" },
            ] },
        ],
    })
}

/// An emulator, an executor on it, and the same tenant in memory.
struct Stage {
    emulator: Running,
    executor: MicrosoftExecutor,
    local: Tenant,
    now: Time,
    time: Arc<VirtualTime>,
}

/// A clock that stands still, as the emulator's does, beside one for waiting.
pub(super) struct Still(pub(super) Arc<VirtualTime>);

#[async_trait]
impl Pause for Still {
    fn now(&self) -> Timestamp {
        NOW.parse().unwrap()
    }

    fn elapsed(&self) -> std::time::Duration {
        self.0.elapsed()
    }

    async fn pause(&self, length: std::time::Duration) {
        self.0.pause(length).await;
    }
}

impl Stage {
    /// Where active assignments may be changed at once.
    async fn new() -> Self {
        Self::with_minimum(0).await
    }

    async fn with_minimum(active_minimum: u32) -> Self {
        let text = tenant().to_string();
        let options = emulator::Options {
            now: Some(NOW.to_owned()),
            log: true,
            active_minimum,
            ..emulator::Options::new(text.as_str())
        };
        let emulator = Emulator::start(options).await.unwrap();
        let time = Arc::new(VirtualTime::new(NOW.parse().unwrap()));
        let endpoints = Endpoints::same(&emulator.url()).unwrap();
        let sign_in = SignIn {
            method: AuthMethod::Emulator,
            environment: &Environment::default(),
            cloud: Cloud::Public,
            endpoints: &endpoints,
            tenant: Some(TENANT.parse().unwrap()),
            trusted: None,
        };
        let (credential, _) = sign_in.credential().unwrap();
        let mut options = Options::new(Cloud::Public, endpoints.clone(), credential);
        options.pause = Arc::new(Still(Arc::clone(&time)));
        let executor = MicrosoftExecutor::new(options, "Removed by a test").unwrap();
        let local = Tenant::from_file("t.json", TenantFile::parse("t.json", text.as_bytes()).unwrap()).unwrap();
        Self { emulator, executor, local, now: NOW.parse().unwrap(), time }
    }

    fn faults(&self, faults: &[&str]) {
        self.emulator.set_faults(faults.iter().map(|fault| fault.parse::<Fault>().unwrap()).collect());
    }

    /// Carries it out on both. They come to the same.
    async fn both(&mut self, operation: &Operation) -> String {
        let live = class(self.executor.execute(operation).await.map(|receipt| receipt.executed));
        let local = class(self.local.apply(operation, self.now));
        let sort = |text: &str| text.split(':').next().unwrap().to_owned();
        assert_eq!(sort(&live), sort(&local), "{operation:#?}\nlive: {live}\nlocal: {local}");
        live
    }

    /// Both have the same settings and assignments at these targets, and the same lists in these groups.
    async fn same(&self, targets: &[Target], groups: &[PrincipalId]) {
        let query = ReadQuery::Only {
            targets: targets.iter().cloned().collect(),
            groups: groups.iter().copied().collect(),
            watched: BTreeSet::new(),
        };
        let live = self.executor.snapshot(&query).await.unwrap();
        let local = self.local.snapshot(&query, self.now);
        for target in targets {
            let (Some(TargetRead::Present(live)), Some(TargetRead::Present(local))) =
                (live.targets.get(target), local.targets.get(target))
            else {
                panic!("{:?}\n{:?}", live.targets.get(target), local.targets.get(target));
            };
            assert_eq!(live.settings, local.settings);
            assert_eq!(live.rows, local.rows);
        }
        for group in groups {
            assert!(matches!(live.groups.get(group), Some(GroupRead::Present(_))), "{:?}", live.groups.get(group));
            assert_eq!(live.groups.get(group), local.groups.get(group));
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        traffic::keep(&self.emulator);
    }
}

fn class(result: Result<Executed, BackendError>) -> String {
    match result {
        Ok(Executed::Done) => "done".to_owned(),
        Ok(Executed::AlreadySo) => "so already".to_owned(),
        Ok(Executed::Created(_)) => "created".to_owned(),
        Err(BackendError::Conflict { what }) => format!("conflict: {what}"),
        Err(BackendError::NotFound { what }) => format!("not found: {what}"),
        Err(error) => format!("error: {error}"),
    }
}

fn id(text: &str) -> PrincipalId {
    text.parse().unwrap()
}

fn surfaces() -> [Target; 3] {
    [
        Target::Directory { directory_role: ADMIN.parse().unwrap() },
        Target::Group { group: id(LEADS), access: Access::Member },
        Target::Azure { scope: SUBSCRIPTION.parse().unwrap(), role: OWNER.parse().unwrap() },
    ]
}

fn key(kind: Kind, principal: &str) -> AssignmentKey {
    AssignmentKey { kind, principal: id(principal), scope: AssignmentScope::Whole }
}

fn days(days: u64) -> Schedule {
    Schedule { start: None, end: Ending::After(Duration::from_days(days)) }
}

fn assign(target: &Target, assignment: AssignmentKey, schedule: Schedule) -> Operation {
    Operation::Assign {
        target: target.clone(),
        assignment,
        schedule,
        justification: Some("Operations".into()),
        ticket: None,
        condition: None,
    }
}

fn update(target: &Target, assignment: AssignmentKey, was: Window, schedule: Schedule) -> Operation {
    Operation::Update {
        target: target.clone(),
        assignment,
        was,
        shift: Shift::Extends,
        condition_was: None,
        schedule,
        justification: Some("Operations".into()),
        ticket: None,
        condition: None,
    }
}

fn remove(target: &Target, assignment: AssignmentKey, was: Window) -> Operation {
    Operation::Remove { target: target.clone(), assignment, was, condition_was: None, also: Vec::new() }
}

fn since(text: &str, end: Option<Time>) -> Window {
    Window { start: Some(text.parse().unwrap()), end }
}

fn change<T>(before: T, after: T) -> Change<T> {
    Change { before, after }
}

/// A change to settings.
type Step<'a> = Box<dyn Fn(&mut Settings<Changes>) + 'a>;

fn settings(target: &Target, change: impl FnOnce(&mut Settings<Changes>)) -> Operation {
    let mut changes = Settings::<Changes>::default();
    change(&mut changes);
    Operation::UpdateSettings { target: target.clone(), changes: Box::new(changes) }
}

#[tokio::test]
async fn assignments_come_and_change_and_go() {
    for target in surfaces() {
        for kind in Kind::ALL {
            let mut stage = Stage::new().await;
            let ada = key(kind, GRACE);
            // An active one of hers is there already on two surfaces.
            let ada = if kind == Kind::Active { key(kind, LEADS) } else { ada };
            let ada = if target.group().is_some() { key(kind, ADA) } else { ada };
            let now: Time = NOW.parse().unwrap();
            assert_eq!(stage.both(&assign(&target, ada, days(30))).await, "done");
            assert_eq!(stage.both(&assign(&target, ada, days(30))).await, "so already");
            assert!(stage.both(&assign(&target, ada, days(60))).await.starts_with("conflict"));
            let thirty = since(NOW, Some(now + Duration::from_days(30)));
            let sixty = since(NOW, Some(now + Duration::from_days(60)));
            assert!(stage.both(&update(&target, ada, sixty, days(90))).await.starts_with("conflict"));
            assert_eq!(stage.both(&update(&target, ada, thirty, days(60))).await, "done");
            assert_eq!(stage.both(&update(&target, ada, thirty, days(60))).await, "so already");
            stage.same(std::slice::from_ref(&target), &[]).await;
            assert!(stage.both(&remove(&target, ada, thirty)).await.starts_with("conflict"));
            assert_eq!(stage.both(&remove(&target, ada, sixty)).await, "done");
            assert_eq!(stage.both(&remove(&target, ada, sixty)).await, "so already");
            assert!(stage.both(&update(&target, ada, sixty, days(90))).await.starts_with("not found"));
            stage.same(std::slice::from_ref(&target), &[]).await;
        }
    }
}

#[tokio::test]
async fn one_that_begins_later_is_granted_and_can_be_taken_back() {
    for target in surfaces() {
        let mut stage = Stage::new().await;
        let now: Time = NOW.parse().unwrap();
        let (start, end) = (now + Duration::from_days(2), now + Duration::from_days(20));
        let ada = key(Kind::Eligible, ADA);
        let later = Schedule { start: Some(start), end: Ending::Until(end) };
        assert_eq!(stage.both(&assign(&target, ada, later)).await, "done");
        assert_eq!(stage.both(&assign(&target, ada, later)).await, "so already");
        stage.same(std::slice::from_ref(&target), &[]).await;
        assert_eq!(stage.both(&remove(&target, ada, Window { start: Some(start), end: Some(end) })).await, "done");
        stage.same(std::slice::from_ref(&target), &[]).await;
    }
}

#[tokio::test]
async fn what_was_assigned_outside_pim_is_not_touched() {
    let mut stage = Stage::new().await;
    let [_, _, azure] = surfaces();
    let ada = key(Kind::Active, ADA);
    let window = Window { start: None, end: None };
    assert!(stage.both(&remove(&azure, ada, window)).await.ends_with("was not assigned through PIM"));
    assert!(stage.both(&assign(&azure, ada, days(30))).await.starts_with("conflict"));
}

#[tokio::test]
async fn conditions_of_azure_are_set_and_changed() {
    let mut stage = Stage::new().await;
    let [_, _, azure] = surfaces();
    let ada = key(Kind::Eligible, ADA);
    let condition = |name: &str| {
        Condition(format!("@Resource[Microsoft.Storage/storageAccounts:Name] StringEquals '{name}'").into())
    };
    let Operation::Assign { target, assignment, schedule, justification, ticket, .. } = assign(&azure, ada, days(30))
    else {
        unreachable!()
    };
    let with =
        Operation::Assign { target, assignment, schedule, justification, ticket, condition: Some(condition("a")) };
    assert_eq!(stage.both(&with).await, "done");
    assert_eq!(stage.both(&with).await, "so already");
    let now: Time = NOW.parse().unwrap();
    let was = since(NOW, Some(now + Duration::from_days(30)));
    let other = Operation::Update {
        target: azure.clone(),
        assignment: ada,
        was,
        shift: Shift::Keeps,
        condition_was: Some(condition("a")),
        schedule: days(30),
        justification: None,
        ticket: None,
        condition: Some(condition("b")),
    };
    assert_eq!(stage.both(&other).await, "done");
    stage.same(&[azure], &[]).await;
}

#[tokio::test]
async fn settings_of_every_sort_change_and_change_back() {
    for target in surfaces() {
        let mut stage = Stage::new().await;
        let leads: Approval = Approval::Required(Approvers::new([Approver::Group(id(LEADS))].into()).unwrap());
        let context = Authentication::Context("c1".parse().unwrap());
        let mail = Recipients(["soc@contoso.example".parse().unwrap()].into());
        let expiry = match target {
            Target::Directory { .. } => Expiry::Never,
            _ => Expiry::After(Duration::from_days(180)),
        };
        let steps: Vec<Step<'_>> = vec![
            Box::new(|changes| {
                let (eight, four) = (Duration::from_hours(8), Duration::from_hours(4));
                changes.activation.max_duration = Some(change(eight, four));
                changes.activation.authentication = Some(change(Authentication::None, Authentication::Mfa));
                changes.activation.ticket = Some(change(false, true));
            }),
            Box::new(|changes| changes.activation.authentication = Some(change(Authentication::Mfa, context))),
            Box::new(|changes| {
                changes.activation.approval = Some(change(Approval::NotRequired, leads.clone()));
                changes.active_assignment.expire_after = Some(change(expiry, Expiry::After(Duration::from_days(15))));
                changes.active_assignment.mfa = Some(change(false, true));
                let admins = &mut changes.notifications.activated.admins;
                admins.to = Some(change(Recipients::default(), mail.clone()));
                admins.level = Some(change(Level::All, Level::Critical));
                admins.default_recipients = Some(change(true, false));
            }),
            Box::new(|changes| {
                changes.activation.authentication = Some(change(context, Authentication::Mfa));
                changes.activation.approval = Some(change(leads.clone(), Approval::NotRequired));
                changes.active_assignment.expire_after =
                    Some(change(Expiry::After(Duration::from_days(15)), Expiry::Never));
                changes.notifications.activated.admins.to = Some(change(mail.clone(), Recipients::default()));
            }),
        ];
        for step in steps {
            let operation = settings(&target, step);
            assert_eq!(stage.both(&operation).await, "done");
            stage.same(std::slice::from_ref(&target), &[]).await;
            assert_eq!(stage.both(&operation).await, "so already");
        }
    }
}

#[tokio::test]
async fn a_group_is_created_filled_and_brought_under_pim() {
    let mut stage = Stage::new().await;
    let create = Operation::CreateGroup {
        group: id(STAND_IN),
        create: GroupCreation { display_name: "New".into(), description: Some("Fresh".into()), role_assignable: true },
    };
    let Executed::Created(real) = stage.executor.execute(&create).await.unwrap().executed else { unreachable!() };
    assert!(class(stage.executor.execute(&create).await.map(|receipt| receipt.executed)).starts_with("conflict"));
    // The local tenant takes the same id, so that the rest can be compared.
    let group = PrincipalId::new(real.guid());
    let Operation::CreateGroup { create, .. } = create else { unreachable!() };
    stage.local.apply(&Operation::CreateGroup { group, create }, stage.now).unwrap();
    for (relation, principal) in [(Access::Member, ADA), (Access::Owner, GRACE)] {
        let principal = id(principal);
        let add = Operation::AddMember { group, relation, principal };
        let take = Operation::RemoveMember { group, relation, principal };
        assert_eq!(stage.both(&add).await, "done");
        assert_eq!(stage.both(&add).await, "so already");
        stage.same(&[], &[group]).await;
        if relation == Access::Member {
            assert_eq!(stage.both(&take).await, "done");
            assert_eq!(stage.both(&take).await, "so already");
        }
    }
    let nobody = Operation::RemoveMember { group: id(STAND_IN), relation: Access::Member, principal: id(ADA) };
    assert!(stage.both(&nobody).await.starts_with("not found"));
    let targets = [Access::Member, Access::Owner].map(|access| Target::Group { group, access });
    for target in &targets {
        let operation = settings(target, |changes| {
            changes.activation.max_duration = Some(change(Duration::from_hours(8), Duration::from_hours(1)));
            changes.eligible_assignment.expire_after =
                Some(change(Expiry::After(Duration::from_days(365)), Expiry::Never));
        });
        assert_eq!(stage.both(&operation).await, "done");
        let permanent = Schedule { start: None, end: Ending::Permanent };
        assert_eq!(stage.both(&assign(target, key(Kind::Eligible, ADA), permanent)).await, "done");
    }
    stage.same(&targets, &[group]).await;
}

#[tokio::test]
async fn what_began_just_now_is_removed_as_soon_as_it_may_be() {
    let stage = Stage::with_minimum(300).await;
    let [directory, ..] = surfaces();
    let ada = key(Kind::Active, ADA);
    stage.executor.execute(&assign(&directory, ada, days(30))).await.unwrap();
    let now: Time = NOW.parse().unwrap();
    let taken = remove(&directory, ada, since(NOW, Some(now + Duration::from_days(30))));
    // The emulator's clock stands still, so patience ends.
    let outcome = class(stage.executor.execute(&taken).await.map(|receipt| receipt.executed));
    assert!(outcome.contains("ActiveDurationTooShort"), "{outcome}");
    assert_eq!(stage.time.pauses().len(), 6);
    stage.emulator.advance(301);
    let outcome = class(stage.executor.execute(&taken).await.map(|receipt| receipt.executed));
    assert_eq!(outcome, "done");
}

/// With a fault on, the same comes out.
#[tokio::test]
async fn nothing_is_lost_or_done_twice_on_a_bad_day() {
    let faults = [
        "throttling=2",
        "server-error=read:3",
        "server-error=before:2",
        "server-error=after:2",
        "reset=read:3",
        "reset=before:2",
        "reset=after:2",
        "expired-tokens=3",
        "arm-list-lag=2",
        "policy-id-changes",
    ];
    for fault in faults {
        for target in surfaces() {
            let mut stage = Stage::new().await;
            stage.faults(&[fault]);
            let ada = key(Kind::Eligible, ADA);
            let now: Time = NOW.parse().unwrap();
            let operation = settings(&target, |changes| {
                changes.activation.authentication =
                    Some(change(Authentication::None, Authentication::Context("c1".parse().unwrap())));
                changes.activation.max_duration = Some(change(Duration::from_hours(8), Duration::from_hours(1)));
            });
            let window = |days| since(NOW, Some(now + Duration::from_days(days)));
            let done = "done";
            assert_eq!(stage.both(&operation).await, done, "{fault} {target:?}");
            assert_eq!(stage.both(&assign(&target, ada, days(30))).await, done, "{fault} {target:?}");
            assert_eq!(stage.both(&update(&target, ada, window(30), days(60))).await, done, "{fault} {target:?}");
            let grace = key(Kind::Eligible, GRACE);
            assert_eq!(stage.both(&assign(&target, grace, days(30))).await, done, "{fault} {target:?}");
            if fault != "arm-list-lag=2" {
                assert_eq!(stage.both(&remove(&target, ada, window(60))).await, done, "{fault} {target:?}");
            }
            stage.faults(&[]);
            stage.same(std::slice::from_ref(&target), &[]).await;
        }
    }
}

#[tokio::test]
async fn a_group_is_made_once_and_filled_on_a_bad_day() {
    for fault in ["throttling=2", "server-error=before:2", "server-error=after:1", "reset=before:2", "reset=after:1"] {
        let stage = Stage::new().await;
        stage.faults(&[fault]);
        let create = Operation::CreateGroup {
            group: id(STAND_IN),
            create: GroupCreation { display_name: "New".into(), description: None, role_assignable: false },
        };
        let Executed::Created(group) = stage.executor.execute(&create).await.unwrap().executed else { unreachable!() };
        stage.faults(&[&fault.replace(":1", ":2")]);
        let (relation, principal) = (Access::Owner, id(GRACE));
        let add = Operation::AddMember { group, relation, principal };
        stage.executor.execute(&add).await.unwrap();
        stage.executor.execute(&Operation::AddMember { group, relation, principal: id(ADA) }).await.unwrap();
        stage.executor.execute(&Operation::RemoveMember { group, relation, principal }).await.unwrap();
        let file: Value = serde_json::from_str(&stage.emulator.tenant_file()).unwrap();
        let made: Vec<&Value> =
            file["groups"].as_array().unwrap().iter().filter(|group| group["name"] == "New").collect();
        assert_eq!(made.len(), 1, "{fault}");
        assert_eq!(made[0]["owners"], json!([ADA]), "{fault}");
    }
}

#[tokio::test]
async fn a_new_group_may_take_its_time() {
    let stage = Stage::new().await;
    stage.faults(&["late-visibility=2"]);
    let create = Operation::CreateGroup {
        group: id(STAND_IN),
        create: GroupCreation { display_name: "New".into(), description: None, role_assignable: true },
    };
    let Executed::Created(group) = stage.executor.execute(&create).await.unwrap().executed else { unreachable!() };
    let target = Target::Group { group, access: Access::Member };
    let [directory, _, azure] = surfaces();
    for operation in [
        Operation::AddMember { group, relation: Access::Owner, principal: id(GRACE) },
        settings(&target, |changes| changes.activation.ticket = Some(change(false, true))),
        assign(&target, key(Kind::Eligible, ADA), days(30)),
        assign(&directory, key(Kind::Eligible, &group.to_string()), days(30)),
        assign(&azure, key(Kind::Eligible, &group.to_string()), days(30)),
    ] {
        let outcome = class(stage.executor.execute(&operation).await.map(|receipt| receipt.executed));
        assert_eq!(outcome, "done", "{operation:#?}");
    }
}

#[tokio::test]
async fn a_yes_that_comes_to_nothing_is_an_error_and_tried_again_for_what_is_new() {
    for target in surfaces() {
        let stage = Stage::new().await;
        stage.faults(&["failed-requests=1"]);
        let operation = assign(&target, key(Kind::Eligible, ADA), days(30));
        let outcome = class(stage.executor.execute(&operation).await.map(|receipt| receipt.executed));
        assert!(outcome.ends_with("its status was `Failed`"), "{outcome}");
        let outcome = class(stage.executor.execute(&operation).await.map(|receipt| receipt.executed));
        assert_eq!(outcome, "done");
    }
}

#[tokio::test]
async fn what_is_denied_is_said_and_nothing_is_written() {
    for (fault, target) in ["directory", "groups", "azure"].into_iter().zip(surfaces()) {
        let stage = Stage::new().await;
        let before = stage.emulator.tenant_file();
        stage.faults(&[&format!("denied={fault}")]);
        for operation in [
            assign(&target, key(Kind::Eligible, ADA), days(30)),
            settings(&target, |changes| changes.activation.ticket = Some(change(false, true))),
        ] {
            let error = stage.executor.execute(&operation).await.unwrap_err();
            assert!(matches!(error, BackendError::Service(_)), "{error}");
            assert!(error.help().is_some_and(|help| help.contains("pimform permissions")), "{error}");
        }
        assert_eq!(stage.emulator.tenant_file(), before);
    }
}
