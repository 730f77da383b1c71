//! What somebody changed in the tenant, told apart from what the files say now and did not say before. Pure.
//!
//! A plan says how the tenant becomes what the files say. Drift looks at the same differences from the other side: what
//! is in the tenant, that nobody committed.

mod attribution;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::diag::Place;
use crate::model::audit::AuditEvent;
use crate::model::settings::FieldChange;
use crate::model::{
    AssignmentKey, Desired, DesiredEnding, Direction, Duration, Ending, Names, Snapshot, Target, TargetRead, TenantId,
    Time, Value, Window,
};
use crate::plan::{ObservationKind, Operation, Plan, Reason, Step};
use crate::runs::{Declared, RunId, Standing};

/// Everything that is not as the files say, and whose doing it is.
#[derive(Clone, Debug)]
pub struct Drift {
    /// In which tenant.
    pub tenant: TenantId,
    /// Its name, for people.
    pub tenant_name: Option<Arc<str>>,
    /// When it was read.
    pub read_at: Time,
    /// When the tenant last was as the files say; nothing if no apply is recorded.
    pub since: Option<Since>,
    /// The differences: drift first, then what is not applied yet.
    pub items: Vec<Item>,
    /// What could not be read, and why.
    pub unread: Vec<(String, String)>,
    /// What ends soon, the first to end first.
    pub expiring: Vec<Expiring>,
    /// What else there is to know.
    pub notes: Vec<String>,
}

/// When the tenant last was as the files say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Since {
    /// When.
    pub at: Time,
    /// The run that made it so; nothing if it was so already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The git commit of the files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// One difference.
#[derive(Clone, Debug)]
pub struct Item {
    /// What it is about.
    pub address: String,
    /// What happened.
    pub kind: ItemKind,
    /// Whose doing it is.
    pub standing: Standing,
    /// What is there, in a few words.
    pub found: String,
    /// What the files declare, in a few words.
    pub declared: String,
    /// The settings that differ.
    pub fields: Vec<FieldDrift>,
    /// Where it is declared.
    pub declared_at: Option<Place>,
    /// Who did it and when, as far as the audit log tells.
    pub by: Option<Attribution>,
}

/// What happened to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// Settings, or the schedule or condition of an assignment, are other ones.
    Changed,
    /// It is there and was not declared.
    AddedOutside,
    /// It was declared and is not there.
    RemovedOutside,
    /// It was declared, and has ended.
    Expired,
    /// It was assigned without PIM.
    OutsidePim,
    /// It ends within its window for renewal, so the next apply extends it. No drift.
    RenewalDue,
}

impl ItemKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Changed, Self::AddedOutside, Self::RemovedOutside, Self::Expired, Self::OutsidePim, Self::RenewalDue];
}

/// One setting that differs.
#[derive(Clone, Debug)]
pub struct FieldDrift {
    /// Which, as policy files write it.
    pub field: String,
    /// As the files declare it.
    pub declared: Value,
    /// As the tenant has it.
    pub found: Value,
    /// What the difference does to the security of the target.
    pub direction: Direction,
}

/// Who changed something. Best effort: the log is searched for the latest fitting entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Attribution {
    /// When.
    pub at: Time,
    /// Who.
    pub who: Arc<str>,
    /// What was done, in the service's words.
    pub activity: Arc<str>,
    /// The justification that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
}

/// An assignment that ends soon.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Expiring {
    /// When.
    pub ends: Time,
    /// Which.
    pub address: String,
    /// True when the files ask for it to be extended.
    pub renews: bool,
}

/// What drift is found in.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// What the files say.
    pub desired: &'a Desired,
    /// What the tenant has.
    pub snapshot: &'a Snapshot,
    /// What an apply would do.
    pub plan: &'a Plan,
}

impl Drift {
    /// Looks at a plan from the tenant's side. `declared` is what the files said when the tenant last was so; `events`
    /// what the audit log says, if it could be read.
    pub fn find(
        found: Found<'_>,
        declared: Option<&Declared>,
        events: &[AuditEvent],
        expiring_within: Option<Duration>,
        now: Time,
    ) -> Self {
        let Found { desired, snapshot, plan } = found;
        let operations = plan.steps.iter().map(|step| &step.operation);
        let standings = match declared {
            Some(declared) => declared.standings(desired, operations),
            None => plan.steps.iter().map(|_| Standing::Unknown).collect(),
        };
        let since = declared.map(|declared| declared.at);
        let log = attribution::Log::new(events, snapshot.runner, since);
        let steps = plan.steps.iter().zip(standings).map(|(step, standing)| item(step, standing, &log));
        let outside =
            plan.observations.iter().filter(|seen| seen.kind == ObservationKind::OutsidePim).filter_map(|seen| {
                let standing = match declared {
                    Some(declared) if declared.saw_outside(&seen.address) => return None,
                    Some(_) => Standing::Drift,
                    None => Standing::Unknown,
                };
                Some(Item {
                    address: seen.address.clone(),
                    kind: ItemKind::OutsidePim,
                    standing,
                    found: "assigned outside PIM".to_owned(),
                    declared: "not declared".to_owned(),
                    fields: Vec::new(),
                    declared_at: seen.declared_at.clone(),
                    by: None,
                })
            });
        let mut items: Vec<Item> = steps.chain(outside).collect();
        items.sort_by(|a, b| (rank(a), &a.by, a.kind, &a.address).cmp(&(rank(b), &b.by, b.kind, &b.address)));
        let mut notes: Vec<String> = snapshot.notes.iter().cloned().collect();
        let of_targets =
            plan.observations.iter().filter(|seen| seen.kind == ObservationKind::Note && seen.address != "tenant");
        notes.extend(of_targets.map(|seen| format!("{}: {}", seen.address, seen.detail)));
        if declared.is_none() && !items.is_empty() {
            notes.push(
                "no apply is recorded in the store, so what the files say since then and what somebody changed look the same"
                    .to_owned(),
            );
        }
        Self {
            tenant: plan.tenant,
            tenant_name: plan.tenant_name.clone(),
            read_at: plan.made_at,
            since: declared.map(|declared| Since {
                at: declared.at,
                run: declared.run.clone(),
                commit: declared.commit.clone(),
            }),
            items,
            unread: plan
                .observations
                .iter()
                .filter(|seen| seen.kind == ObservationKind::Blocked)
                .map(|seen| (seen.address.clone(), seen.detail.clone()))
                .collect(),
            expiring: expiring_within.map(|within| expiring(desired, snapshot, within, now)).unwrap_or_default(),
            notes,
        }
    }

    /// The differences that somebody made in the tenant, or may have made.
    pub fn drifted(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.is_drift())
    }

    /// The differences that come from files that are not applied yet.
    pub fn not_applied(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| !item.is_drift() && item.kind != ItemKind::RenewalDue)
    }

    /// What the next apply extends.
    pub fn renewals(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.kind == ItemKind::RenewalDue)
    }
}

impl Item {
    /// True unless it comes from files that are not applied yet, or is a renewal.
    pub fn is_drift(&self) -> bool {
        self.kind != ItemKind::RenewalDue && self.standing != Standing::NotApplied
    }
}

fn rank(item: &Item) -> u8 {
    match (item.is_drift(), &item.by) {
        (true, Some(_)) => 0,
        (true, None) => 1,
        (false, _) if item.kind != ItemKind::RenewalDue => 2,
        (false, _) => 3,
    }
}

fn item(step: &Step, standing: Standing, log: &attribution::Log<'_>) -> Item {
    let (kind, found, declared) = what(step);
    let fields = match &step.operation {
        Operation::UpdateSettings { changes, .. } => changes.list().into_iter().map(field).collect(),
        _ => Vec::new(),
    };
    Item {
        address: step.address.clone(),
        kind,
        standing,
        found,
        declared,
        fields,
        declared_at: step.declared_at.clone(),
        by: if standing == Standing::NotApplied { None } else { log.who(&step.operation) },
    }
}

fn field(change: FieldChange) -> FieldDrift {
    let direction = match change.direction {
        Direction::Loosens => Direction::Tightens,
        Direction::Neutral => Direction::Neutral,
        Direction::Tightens => Direction::Loosens,
    };
    FieldDrift { field: change.field.to_string(), declared: change.after, found: change.before, direction }
}

/// What happened, what is there, and what is declared.
fn what(step: &Step) -> (ItemKind, String, String) {
    let missing = || "not there".to_owned();
    let undeclared = || "not declared".to_owned();
    match (&step.operation, &step.reason) {
        (Operation::UpdateSettings { .. }, _) => (ItemKind::Changed, String::new(), String::new()),
        (Operation::Assign { schedule, .. }, Reason::Ended { at }) => {
            (ItemKind::Expired, format!("ended {}", at.date()), ending(schedule.end))
        }
        (Operation::Assign { schedule, .. }, _) => (ItemKind::RemovedOutside, missing(), ending(schedule.end)),
        (Operation::AddMember { relation, .. }, _) => (ItemKind::RemovedOutside, missing(), format!("as {relation}")),
        (Operation::CreateGroup { .. }, _) => (ItemKind::RemovedOutside, missing(), "to exist".to_owned()),
        (Operation::Update { was, schedule, .. }, Reason::Renewal { .. }) => {
            (ItemKind::RenewalDue, window(was), ending(schedule.end))
        }
        (Operation::Update { was, schedule, .. }, Reason::ConditionDiffers) => {
            (ItemKind::Changed, format!("{}, with another condition", window(was)), ending(schedule.end))
        }
        (Operation::Update { was, schedule, .. }, _) => (ItemKind::Changed, window(was), ending(schedule.end)),
        (Operation::Remove { was, .. }, Reason::Converted { to }) => {
            (ItemKind::AddedOutside, window(was), format!("declared as {to} instead"))
        }
        (Operation::Remove { was, .. }, _) => (ItemKind::AddedOutside, window(was), undeclared()),
        (Operation::RemoveMember { .. }, _) => (ItemKind::AddedOutside, "a member".to_owned(), undeclared()),
    }
}

fn window(window: &Window) -> String {
    window.end.map_or_else(|| "permanent".to_owned(), |end| format!("until {end}"))
}

fn ending(ending: Ending) -> String {
    match ending {
        Ending::Permanent => "permanent".to_owned(),
        Ending::Until(end) => format!("until {end}"),
        Ending::After(length) => format!("for {length}"),
    }
}

/// The assigned rows of all targets that were read and that end within a time.
fn expiring(desired: &Desired, snapshot: &Snapshot, within: Duration, now: Time) -> Vec<Expiring> {
    let names = Names::new(&desired.directory);
    let mut found = Vec::new();
    for (target, read) in &snapshot.targets {
        let TargetRead::Present(state) = read else { continue };
        for row in state.rows.iter().filter(|row| row.origin.is_assigned() && !row.window.is_over(now)) {
            let Some(ends) = row.window.end.filter(|end| now.until(*end) <= within) else { continue };
            let address = names.assignment(&names.target(target), &row.key);
            found.push(Expiring { ends, address, renews: renews(desired, target, &row.key) });
        }
    }
    found.sort();
    found
}

fn renews(desired: &Desired, target: &Target, key: &AssignmentKey) -> bool {
    let declared = desired.targets.get(target).and_then(|target| target.list(key.kind).get(key));
    declared.is_some_and(|declared| matches!(declared.schedule.end, DesiredEnding::For { renew: Some(_), .. }))
}
