//! Plans for tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::{Observation, ObservationKind, Operation, Phase, Plan, PrincipalName, Reason, Step, StepId};
use crate::diag::Place;
use crate::model::time::DayEdge;
use crate::model::{
    Access, Approval, Approver, Approvers, ArmScope, AssignmentKey, AssignmentScope, Authentication, Change, Changes,
    Condition, Duration, Ending, Expiry, GroupCreation, Kind, PrincipalId, Recipients, RoleId, Schedule, Settings,
    Shift, Target, TenantId, Ticket, Time, Window,
};

pub(crate) const ADA: u128 = 1;
pub(crate) const GRACE: u128 = 2;
pub(crate) const PAUL: u128 = 3;
pub(crate) const LEADS: u128 = 4;
pub(crate) const SEC_GA: u128 = 5;

pub(crate) fn id(number: u128) -> PrincipalId {
    PrincipalId::new(Uuid::from_u128(number))
}

pub(crate) fn time(text: &str) -> Time {
    Time::parse(text, DayEdge::End).unwrap()
}

/// Line 0 stands for none.
fn place(line: u32) -> Option<Place> {
    (line > 0).then(|| Place { file: Arc::from("policies/roles.yaml"), line, column: 3 })
}

/// A plan without steps, for which the people of the samples are known.
pub(crate) fn empty() -> Plan {
    let mut plan = Plan {
        tenant: TenantId::new(Uuid::from_u128(0x0f4a_2a3e_0000_4000_8000_0000_0000_0001)),
        tenant_name: Some(Arc::from("Contoso")),
        made_at: Time::parse("2026-11-21T21:07:49Z", DayEdge::End).unwrap(),
        only: Vec::new(),
        steps: Vec::new(),
        observations: Vec::new(),
        principals: BTreeMap::new(),
    };
    for (number, label, name) in [
        (ADA, "user:ada@contoso.example", "Ada Lovelace"),
        (GRACE, "user:grace@contoso.example", "Grace Hopper"),
        (PAUL, "user:paul@contoso.example", "Paul Kim"),
        (LEADS, "group:SEC-PIM-Approvers", "SEC-PIM-Approvers"),
        (SEC_GA, "group:SEC-GA", "SEC-GA"),
    ] {
        plan.principals.insert(id(number), name_of(label, name));
    }
    plan
}

pub(crate) fn name_of(label: &str, display_name: &str) -> PrincipalName {
    PrincipalName { label: label.to_owned(), display_name: Arc::from(display_name), sort: None }
}

/// Adds a step; its address is made from `target` as the planner does.
pub(crate) fn push(plan: &mut Plan, target: &str, operation: Operation, reason: Reason, line: u32) {
    let principal =
        |id: &PrincipalId| plan.principals.get(id).map_or_else(|| id.to_string(), |name| name.label.clone());
    let address = match &operation {
        Operation::CreateGroup { .. } => target.to_owned(),
        Operation::UpdateSettings { .. } => format!("{target}/settings"),
        Operation::AddMember { principal: who, .. } | Operation::RemoveMember { principal: who, .. } => {
            format!("{target}/{}", principal(who))
        }
        Operation::Assign { assignment, .. }
        | Operation::Update { assignment, .. }
        | Operation::Remove { assignment, .. } => {
            let scope = if assignment.scope.is_whole() { "" } else { "/administrativeUnit:Sales" };
            format!("{target}/{}/{}{scope}", assignment.kind, principal(&assignment.principal))
        }
    };
    let id = StepId(u32::try_from(plan.steps.len() + 1).unwrap());
    let declared_at = place(line);
    let phase = match &operation {
        Operation::CreateGroup { .. } => Phase::CreateGroups,
        Operation::AddMember { .. } => Phase::AddMembers,
        Operation::RemoveMember { .. } | Operation::Remove { .. } => Phase::RemoveAccess,
        Operation::UpdateSettings { .. } => Phase::Settings,
        Operation::Assign { .. } | Operation::Update { .. } => Phase::Assignments,
    };
    plan.steps.push(Step {
        id,
        phase,
        address,
        operation,
        reason,
        declared_at,
        depends_on: Vec::new(),
        validation: None,
    });
}

pub(crate) fn observe(plan: &mut Plan, kind: ObservationKind, address: &str, detail: &str) {
    let observation = Observation { kind, address: address.to_owned(), detail: detail.to_owned(), declared_at: None };
    plan.observations.push(observation);
}

pub(crate) const GLOBAL_ADMINISTRATOR: &str = "directory/Global Administrator";
pub(crate) const OWNER: &str = "azure/subscriptions/Production/Owner";

pub(crate) fn role(number: u128) -> Target {
    Target::Directory { directory_role: RoleId::new(Uuid::from_u128(number)) }
}

pub(crate) fn owner_of_production() -> Target {
    let scope: ArmScope = "/subscriptions/7a3c0d7e-0000-4000-8000-000000000001".parse().unwrap();
    Target::Azure { scope, role: RoleId::new(Uuid::from_u128(9)) }
}

pub(crate) fn key(kind: Kind, principal: u128) -> AssignmentKey {
    AssignmentKey { kind, principal: id(principal), scope: AssignmentScope::Whole }
}

pub(crate) fn assign(target: Target, assignment: AssignmentKey, end: Ending) -> Operation {
    let schedule = Schedule { start: None, end };
    Operation::Assign { target, assignment, schedule, justification: None, ticket: None, condition: None }
}

pub(crate) fn remove(target: Target, assignment: AssignmentKey, end: Option<&str>) -> Operation {
    let was = Window { start: Some(time("2026-01-01T00:00:00Z")), end: end.map(time) };
    Operation::Remove { target, assignment, was, condition_was: None, also: Vec::new() }
}

pub(crate) fn update(assignment: AssignmentKey, shift: Shift, was: &str, end: Ending) -> Operation {
    Operation::Update {
        target: owner_of_production(),
        assignment,
        was: Window { start: Some(time("2026-01-01T00:00:00Z")), end: Some(time(was)) },
        shift,
        condition_was: None,
        schedule: Schedule { start: None, end },
        justification: None,
        ticket: None,
        condition: None,
    }
}

pub(crate) fn settings(target: Target, change: impl FnOnce(&mut Settings<Changes>)) -> Operation {
    let mut changes = Settings::default();
    change(&mut changes);
    Operation::UpdateSettings { target, changes: Box::new(changes) }
}

#[expect(clippy::unnecessary_wraps, reason = "this is the form that a changed field has")]
pub(crate) fn change<T>(before: T, after: T) -> Option<Change<T>> {
    Some(Change { before, after })
}

pub(crate) fn approvers(list: &[Approver]) -> Approval {
    Approval::Required(Approvers::new(list.iter().copied().collect()).unwrap())
}

pub(crate) fn recipients(list: &[&str]) -> Recipients {
    Recipients(list.iter().map(|mail| mail.parse().unwrap()).collect())
}

/// One step of every kind of operation, with every part that one can have.
pub(crate) fn one_of_each() -> Plan {
    let mut plan = empty();
    let days = |days| Ending::After(Duration::from_days(days));
    let create = GroupCreation {
        display_name: Arc::from("SEC-PIM-Approvers"),
        description: Some(Arc::from("May approve tier-0 activations")),
        role_assignable: true,
    };
    push(&mut plan, "group/SEC-PIM-Approvers", Operation::CreateGroup { group: id(LEADS), create }, Reason::Missing, 3);
    let (group, relation) = (id(LEADS), Access::Member);
    let add = Operation::AddMember { group, relation, principal: id(ADA) };
    push(&mut plan, "group/SEC-PIM-Approvers/members", add, Reason::Missing, 4);
    let leave = Operation::RemoveMember { group: id(SEC_GA), relation, principal: id(PAUL) };
    push(&mut plan, "group/SEC-GA/members", leave, Reason::NotDeclared, 9);
    let fields = settings(role(1), |changes| {
        changes.activation.max_duration = change(Duration::from_hours(8), Duration::from_hours(1));
        changes.activation.authentication = change(Authentication::Mfa, Authentication::Context("c1".parse().unwrap()));
        changes.activation.approval = change(
            approvers(&[Approver::User(id(ADA)), Approver::User(id(PAUL))]),
            approvers(&[Approver::User(id(ADA)), Approver::Group(id(LEADS))]),
        );
        changes.eligible_assignment.expire_after = change(Expiry::Never, Expiry::After(Duration::from_days(365)));
        changes.notifications.activated.admins.to = change(recipients(&[]), recipients(&["soc@contoso.example"]));
    });
    push(&mut plan, GLOBAL_ADMINISTRATOR, fields, Reason::SettingsDiffer, 20);
    let mut narrow = key(Kind::Eligible, GRACE);
    narrow.scope = AssignmentScope::AdministrativeUnit("0f4a2a3e-0000-4000-8000-00000000000a".parse().unwrap());
    push(&mut plan, GLOBAL_ADMINISTRATOR, assign(role(1), narrow, days(365)), Reason::Missing, 24);
    let emergency = Operation::Assign {
        target: role(1),
        assignment: key(Kind::Active, ADA),
        schedule: Schedule { start: Some(Time::parse("2026-12-01", DayEdge::Start).unwrap()), end: Ending::Permanent },
        justification: Some(Arc::from("Emergency access account")),
        ticket: Some(Arc::new(Ticket { number: "CHG-17".into(), system: Some("ServiceNow".into()) })),
        condition: Some(Condition("@Resource[x] StringEquals 'a'".into())),
    };
    push(&mut plan, GLOBAL_ADMINISTRATOR, emergency, Reason::MissingAsAllowed, 25);
    let renewed = update(key(Kind::Eligible, PAUL), Shift::Extends, "2026-12-03", days(365));
    push(&mut plan, OWNER, renewed, Reason::Renewal { ends: time("2026-12-03") }, 31);
    let shortened = update(key(Kind::Active, GRACE), Shift::Shortens, "2027-06-30", Ending::Until(time("2027-01-31")));
    push(&mut plan, OWNER, shortened, Reason::ScheduleDiffers, 32);
    push(&mut plan, OWNER, conditioned(), Reason::ConditionDiffers, 33);
    let gone = remove(role(1), key(Kind::Active, PAUL), None);
    push(&mut plan, GLOBAL_ADMINISTRATOR, gone, Reason::Converted { to: Kind::Eligible }, 22);
    if let Some(last) = plan.steps.last_mut() {
        last.depends_on = vec![StepId(5)];
    }
    plan
}

fn conditioned() -> Operation {
    let text = |role| {
        Condition(format!("@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{role}}} AND @Principal[Department] StringEquals 'Platform'").into())
    };
    let mut operation = update(key(Kind::Eligible, ADA), Shift::Keeps, "2027-06-30", Ending::Until(time("2027-06-30")));
    if let Operation::Update { condition_was, condition, .. } = &mut operation {
        *condition_was = Some(text("8e3af657"));
        *condition = Some(text("acdd72a7"));
    }
    operation
}
