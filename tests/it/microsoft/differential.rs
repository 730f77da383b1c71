//! Random operations, sensible and senseless, on a tenant in memory and on the live backend over the emulator: each comes
//! to the same, and both tenants are the same in the end.
//!
//! The service refuses some things that a tenant file takes, since whoever plans has refused them before. Each such
//! difference stands in [`DIFFERENCES`], with when it is expected; anything else that differs is a mistake.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pimform::backend::local::{Tenant, TenantFile};
use pimform::backend::microsoft::{ErrorKind, MicrosoftExecutor, VirtualTime};
use pimform::backend::{BackendError, Execute as _, Executed, ReadQuery, ReadState as _};
use pimform::model::settings::Change;
use pimform::model::{
    Access, Approval, Approver, Approvers, AssignmentKey, AssignmentScope, Authentication, Changes, Condition, Current,
    Duration, Ending, Expiry, Extensions, Fact, GroupCreation, GroupMembership, GroupRead, Kind, Level,
    PrincipalDetail, PrincipalId, Recipients, Row, Schedule, Settings, Shift, Snapshot, Surface, Target, TargetRead,
    Ticket, Time, Window, through_pim,
};
use pimform::plan::Operation;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;

use super::execute::Still;
use super::live::{Live, now};
use super::read::rows;
use crate::harness::NOW;
use crate::properties::choices::Choices;

const SUBSCRIPTION: &str = "/subscriptions/c50263ce-5259-4a3c-a74c-860b1f88e997";
const CORE: &str = "/providers/Microsoft.Management/managementGroups/core";
const ADA: u32 = 1;
const GRACE: u32 = 2;
/// Role-assignable and under PIM; neither; dynamic.
const LEADS: u32 = 11;
const TEAM: u32 = 12;
const EVERYONE: u32 = 13;
const RUNNER: u32 = 21;
const SERVICE: u32 = 22;
const SALES: u32 = 31;
const NOBODY: u32 = 99;
const ADMIN: u32 = 101;
const READER: u32 = 102;
const OWNER: u32 = 201;
/// Can be assigned in the subscription only.
const OPERATOR: u32 = 202;
const CONDITIONS: [&str; 2] = ["@Resource[Microsoft.Storage:Name] StringEquals 'a'", "@Request[x] StringEquals 'b'"];

fn guid(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn id(number: u32) -> PrincipalId {
    guid(number).parse().unwrap()
}

fn days(days: i64) -> Time {
    Time::from_unix(now().as_unix() + days * 86_400)
}

/// The tenant that both begin with.
fn tenant() -> String {
    let row = |principal: u32, from: i64, to: Option<i64>| {
        let mut row = json!({ "principal": guid(principal), "start": days(from).to_string() });
        if let Some(to) = to {
            row.as_object_mut().unwrap().insert("end".to_owned(), days(to).to_string().into());
        }
        row
    };
    let with = |principal: u32, origin: &str| json!({ "principal": guid(principal), "start": days(-3).to_string(), "origin": origin });
    json!({
        "format": "pimform-tenant", "version": 1, "runner": guid(RUNNER),
        "tenant": { "id": "3bb427c1-a1da-459d-aad1-245c92010b38", "name": "Contoso" },
        "users": [
            { "id": guid(ADA), "name": "Ada Lovelace", "upn": "ada@contoso.example" },
            { "id": guid(GRACE), "name": "Grace O'Hopper", "upn": "grace@contoso.example" },
        ],
        "groups": [
            { "id": guid(LEADS), "name": "Leads", "role_assignable": true, "pim": true, "members": [guid(GRACE)] },
            { "id": guid(TEAM), "name": "Team A/B", "members": [guid(ADA)], "owners": [guid(GRACE)] },
            { "id": guid(EVERYONE), "name": "Everyone", "membership": "dynamic", "members": [guid(ADA)] },
        ],
        "service_principals": [
            { "id": guid(RUNNER), "name": "sp-pimform", "app_id": guid(921) },
            { "id": guid(SERVICE), "name": "deploy", "app_id": guid(922) },
        ],
        "administrative_units": [{ "id": guid(SALES), "name": "Sales" }],
        "authentication_contexts": [{ "id": "c1", "name": "Strong" }],
        "management_groups": [{ "id": "core", "name": "Core" }],
        "subscriptions": [{ "id": SUBSCRIPTION.rsplit('/').next(), "name": "Production", "management_group": "core" }],
        "resource_groups": [format!("{SUBSCRIPTION}/resourceGroups/App-1")],
        "directory_roles": [{ "id": guid(ADMIN), "name": "Administrator" }, { "id": guid(READER), "name": "Reader" }],
        "azure_roles": [
            { "id": guid(OWNER), "name": "Owner" },
            { "id": guid(OPERATOR), "name": "Operator", "assignable_scopes": [SUBSCRIPTION] },
        ],
        "targets": [
            { "directory_role": guid(ADMIN), "eligible": [
                row(ADA, -40, None),
                { "principal": guid(GRACE), "start": days(-5).to_string(), "end": days(40).to_string(),
                  "scope": { "administrative_unit": guid(SALES) } },
            ], "active": [row(GRACE, -40, None), with(SERVICE, "outside_pim"), with(ADA, "activated")] },
            { "group": guid(LEADS), "access": "member", "eligible": [row(ADA, -5, Some(60))], "active": [row(ADA, -5, Some(60))],
              "settings": { "eligible_assignment": { "expire_after": "never" }, "activation": { "max_duration": "1h" } } },
            { "scope": SUBSCRIPTION, "role": guid(OWNER), "eligible": [row(LEADS, -5, Some(60)), row(ADA, 2, Some(20))],
              "active": [row(GRACE, -40, None), with(ADA, "outside_pim")],
              "settings": { "active_assignment": { "expire_after": "never" } } },
        ],
    })
    .to_string()
}

/// What an operation comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Done,
    AlreadySo,
    Created,
    Conflict,
    NotFound,
    Refused,
}

impl Class {
    fn of(result: &Result<Executed, BackendError>) -> Self {
        // Azure answers 400 and these codes where Microsoft Graph answers 404.
        const NOT_FOUND: [&str; 2] = ["SubjectNotFound", "RoleDefinitionDoesNotExist"];
        match result {
            Ok(Executed::Done) => Self::Done,
            Ok(Executed::AlreadySo) => Self::AlreadySo,
            Ok(Executed::Created(_)) => Self::Created,
            Err(BackendError::Conflict { .. }) => Self::Conflict,
            Err(BackendError::NotFound { .. }) => Self::NotFound,
            Err(BackendError::Service(error)) => {
                let is_not_found =
                    error.kind == ErrorKind::NotFound || NOT_FOUND.iter().any(|code| error.code_is(code));
                match error.kind {
                    _ if is_not_found => Self::NotFound,
                    ErrorKind::Refused => Self::Refused,
                    other => panic!("{other:?}: {error}"),
                }
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// What is asked, and what the tenant in memory is like before it.
struct Case<'a> {
    operation: &'a Operation,
    tenant: &'a Tenant,
    /// What the operation comes to there.
    local: Class,
}

/// Something that the service defines otherwise than a tenant file.
struct Difference {
    /// What it is.
    name: &'static str,
    /// Why both are right.
    why: &'static str,
    /// When it is to be expected.
    when: fn(&Case<'_>) -> bool,
    /// What the live backend comes to.
    live: Class,
}

/// The first that is expected counts. Nothing happens in the tenant in memory then.
const DIFFERENCES: [Difference; 12] = [
    Difference {
        name: "a removal from what does not exist",
        why: "nothing is listed there, which is what was asked for; a tenant file also knows that the role does not exist",
        when: |case| matches!(case.operation, Operation::Remove { .. }) && case.local == Class::NotFound,
        live: Class::AlreadySo,
    },
    Difference {
        name: "a member of a dynamic group",
        why: "the tenant file knows why, and the service only refuses; a plan never contains it",
        when: |case| match case.operation {
            Operation::AddMember { group, relation: Access::Member, .. }
            | Operation::RemoveMember { group, relation: Access::Member, .. } => *group == id(EVERYONE),
            _ => false,
        },
        live: Class::Refused,
    },
    Difference {
        name: "a group in itself",
        why: "the service refuses it; a tenant file does not look",
        when: |case| {
            matches!(case.operation, Operation::AddMember { group, principal, .. } if group == principal)
                && case.local == Class::Done
        },
        live: Class::Refused,
    },
    Difference {
        name: "on the list through PIM",
        why: "the service has one list of members, whatever made them so; a tenant file keeps two",
        when: |case| {
            matches!(case.operation, Operation::AddMember { group, relation, principal }
            if case.through_pim(*group, *relation).contains(principal))
                && case.local == Class::Done
        },
        live: Class::AlreadySo,
    },
    Difference {
        name: "a group inside a role-assignable group, or as an owner",
        why: "the service takes neither; a plan is refused by its checks",
        when: |case| {
            let (group, relation, principal) =
                match case.operation {
                    Operation::AddMember { group, relation, principal } => (*group, *relation, *principal),
                    Operation::Assign {
                        target: Target::Group { group, access: Access::Member }, assignment, ..
                    } if assignment.kind == Kind::Active => (*group, Access::Member, assignment.principal),
                    _ => return false,
                };
            let is_role_assignable = !case.is_plain_group(group);
            case.local == Class::Done && case.is_group(principal) && (relation == Access::Owner || is_role_assignable)
        },
        live: Class::Refused,
    },
    Difference {
        name: "the last owner who is a person",
        why: "the service keeps one; a plan blocks the removal",
        when: |case| {
            let (group, principal) = match case.operation {
                Operation::RemoveMember { group, relation: Access::Owner, principal } => (*group, *principal),
                Operation::Remove {
                    target: Target::Group { group, access: Access::Owner }, assignment, was, ..
                } if assignment.kind == Kind::Active && !was.is_ahead(now()) => (*group, assignment.principal),
                _ => return false,
            };
            case.local == Class::Done && case.is_plain_group(group) && case.is_last_owner(group, principal)
        },
        live: Class::Refused,
    },
    Difference {
        name: "an administrative unit that does not exist",
        why: "the service looks it up; a tenant file keeps the id, and a plan can only name those that exist",
        when: |case| {
            case.assigned().is_some_and(|(_, key, _)| {
                key.scope == AssignmentScope::AdministrativeUnit(guid(NOBODY).parse().unwrap())
            }) && case.local != Class::NotFound
        },
        live: Class::NotFound,
    },
    Difference {
        name: "a role of Azure outside of where it can be assigned",
        why: "the service knows the role there not; a plan is refused when the name is looked up",
        when: |case| {
            case.operation.target().is_some_and(is_no_target)
                && !matches!(case.operation, Operation::Remove { .. })
                && matches!(case.local, Class::Done | Class::AlreadySo)
        },
        live: Class::NotFound,
    },
    Difference {
        name: "an eligible application",
        why: "nobody could activate it, so the service refuses; the policy language has no such entry",
        when: |case| {
            case.assigned().is_some_and(|(_, key, _)| key.kind == Kind::Eligible && key.principal == id(SERVICE))
                && case.local == Class::Done
        },
        live: Class::Refused,
    },
    Difference {
        name: "less than five minutes",
        why: "the service refuses it before it looks at anything else; a plan is refused by its checks",
        when: |case| match case.assigned() {
            Some((target, _, schedule)) if case.is_assign() => {
                // Of a group that PIM can do nothing with it says that first.
                is_short(schedule) && case.local != Class::NotFound && target.group() != Some(id(EVERYONE))
            }
            Some((.., schedule)) => is_short(schedule) && case.local == Class::Done,
            None => false,
        },
        live: Class::Refused,
    },
    Difference {
        name: "against the settings",
        why: "the service enforces expiry, justification and ticket; a plan is refused by its checks",
        when: |case| case.local == Class::Done && case.breaks_settings(),
        live: Class::Refused,
    },
    Difference {
        name: "a directory role for a group that no role can be assigned to",
        why: "the service takes the request and never carries it out; a plan is refused by its checks",
        when: |case| match case.assigned() {
            Some((Target::Directory { .. }, key, _)) => {
                case.local == Class::Done && case.is_assign() && case.is_plain_group(key.principal)
            }
            _ => false,
        },
        live: Class::Refused,
    },
];

fn is_short(schedule: &Schedule) -> bool {
    let Window { start, end } = schedule.window(now());
    end.is_some_and(|end| end.as_unix() - start.unwrap().as_unix() < 300)
}

impl Case<'_> {
    fn is_assign(&self) -> bool {
        matches!(self.operation, Operation::Assign { .. })
    }

    /// What is assigned or changed, to whom and for how long.
    fn assigned(&self) -> Option<(&Target, &AssignmentKey, &Schedule)> {
        match self.operation {
            Operation::Assign { target, assignment, schedule, .. }
            | Operation::Update { target, assignment, schedule, .. } => Some((target, assignment, schedule)),
            _ => None,
        }
    }

    fn is_plain_group(&self, id: PrincipalId) -> bool {
        let directory = self.tenant.directory();
        let group = directory.principal(id).and_then(|principal| principal.group());
        group.is_some_and(|group| group.role_assignable.is_no())
    }

    fn is_group(&self, id: PrincipalId) -> bool {
        self.tenant.directory().principal(id).is_some_and(|principal| principal.group().is_some())
    }

    fn is_last_owner(&self, group: PrincipalId, principal: PrincipalId) -> bool {
        let directory = self.tenant.directory();
        let is_user = |id: &PrincipalId| {
            let found = directory.principal(*id);
            found.is_some_and(|principal| matches!(principal.detail, PrincipalDetail::User { .. }))
        };
        let groups = BTreeSet::from([group]);
        let query = ReadQuery::Only { targets: BTreeSet::new(), groups, watched: BTreeSet::new() };
        let mut owners = self.through_pim(group, Access::Owner);
        if let Some(GroupRead::Present(state)) = self.tenant.snapshot(&query, now()).groups.remove(&group) {
            owners.extend(state.owners);
        }
        is_user(&principal) && !owners.iter().any(|other| *other != principal && is_user(other))
    }

    fn through_pim(&self, group: PrincipalId, access: Access) -> BTreeSet<PrincipalId> {
        match state(self.tenant, &Target::Group { group, access }) {
            Some((_, rows)) => through_pim(&rows, now()).collect(),
            None => BTreeSet::new(),
        }
    }

    fn breaks_settings(&self) -> bool {
        let (Operation::Assign { target, assignment, schedule, justification, .. }
        | Operation::Update { target, assignment, schedule, justification, .. }) = self.operation
        else {
            return false;
        };
        let (settings, _) = state(self.tenant, target).unwrap();
        let rules = match assignment.kind {
            Kind::Eligible => &settings.eligible_assignment,
            Kind::Active => &settings.active_assignment,
        };
        let Window { start, end } = schedule.window(now());
        let too_long = match *rules.expire_after.known().unwrap() {
            Expiry::Never => false,
            Expiry::After(most) => end.is_none_or(|end| start.unwrap() + most < end),
        };
        too_long || rules.justification == true && justification.is_none()
    }
}

/// Settings and assignments of a target; nothing if it does not exist.
fn state(tenant: &Tenant, target: &Target) -> Option<(Arc<Settings<Current>>, Vec<Row>)> {
    let targets = BTreeSet::from([target.clone()]);
    let query = ReadQuery::Only { targets, groups: BTreeSet::new(), watched: BTreeSet::new() };
    match tenant.snapshot(&query, now()).targets.remove(target)? {
        TargetRead::Present(state) => Some((state.settings, state.rows)),
        other => panic!("{other:?}"),
    }
}

/// Draws operations for a tenant as it is by then.
struct Draw<'c, 'd> {
    choices: &'c mut Choices<'d>,
    tenant: &'c Tenant,
    groups: &'c [PrincipalId],
    drawn: u32,
}

impl Draw<'_, '_> {
    fn operation(mut self) -> Operation {
        match self.choices.below(12) {
            11 => {
                let name = self.choices.pick(&["New", "Newer", "leads", "O'Neil & Co"]);
                let description = self.choices.pick(&[None, Some("Made here")]).map(Into::into);
                let role_assignable = self.choices.in_ten(5);
                let create = GroupCreation { display_name: name.into(), description, role_assignable };
                Operation::CreateGroup { group: id(7000 + self.drawn), create }
            }
            1 => {
                let (group, relation, principal) = self.member();
                Operation::AddMember { group, relation, principal }
            }
            2 => {
                let (group, relation, principal) = self.member();
                Operation::RemoveMember { group, relation, principal }
            }
            3 | 4 => {
                let target = self.target();
                let changes = Box::new(self.changes(&target));
                Operation::UpdateSettings { target, changes }
            }
            5 | 6 => {
                let (target, assignment) = self.there();
                let (was, condition_was) = self.was(&target, &assignment);
                let condition = self.condition(&target);
                let schedule = self.schedule();
                let (justification, ticket) = self.evidence();
                let shift = Shift::Extends;
                Operation::Update {
                    target,
                    assignment,
                    was,
                    shift,
                    condition_was,
                    schedule,
                    justification,
                    ticket,
                    condition,
                }
            }
            7 | 8 => {
                let (target, assignment) = self.there();
                let (was, condition_was) = self.was(&target, &assignment);
                Operation::Remove { target, assignment, was, condition_was, also: Vec::new() }
            }
            // Where the choices have run out, too.
            _ => {
                let target = self.target();
                let assignment = self.key(&target);
                let schedule = self.schedule();
                let (justification, ticket) = self.evidence();
                let condition = self.condition(&target);
                Operation::Assign { target, assignment, schedule, justification, ticket, condition }
            }
        }
    }

    fn group(&mut self) -> PrincipalId {
        let known = [id(LEADS), id(TEAM), id(LEADS), id(TEAM), id(EVERYONE)];
        if self.choices.one_in(20) {
            return id(NOBODY);
        }
        let all: Vec<PrincipalId> = known.into_iter().chain(self.groups.iter().copied()).collect();
        self.choices.pick(&all)
    }

    fn principal(&mut self) -> PrincipalId {
        match self.choices.below(8) {
            0 => self.group(),
            1 => id(SERVICE),
            2 if self.choices.one_in(3) => id(NOBODY),
            3 | 4 => id(GRACE),
            _ => id(ADA),
        }
    }

    fn member(&mut self) -> (PrincipalId, Access, PrincipalId) {
        let (group, access) = (self.group(), self.choices.pick(&[Access::Member, Access::Member, Access::Owner]));
        (group, access, if self.choices.one_in(12) { group } else { self.principal() })
    }

    fn target(&mut self) -> Target {
        let resource_group = format!("{SUBSCRIPTION}/resourceGroups/App-1");
        match self.choices.below(3) {
            0 => {
                let role = if self.choices.one_in(6) { NOBODY } else { self.choices.pick(&[ADMIN, READER]) };
                Target::Directory { directory_role: guid(role).parse().unwrap() }
            }
            1 => Target::Group {
                group: self.group(),
                access: self.choices.pick(&[Access::Member, Access::Member, Access::Owner]),
            },
            _ => {
                let scope = self.choices.pick(&[SUBSCRIPTION, CORE, &resource_group]);
                let role = self.choices.pick(&[OWNER, OWNER, OPERATOR]);
                Target::Azure { scope: scope.parse().unwrap(), role: guid(role).parse().unwrap() }
            }
        }
    }

    fn key(&mut self, target: &Target) -> AssignmentKey {
        let scope = match (target, self.choices.below(6)) {
            (Target::Directory { .. }, 0 | 1) => AssignmentScope::AdministrativeUnit(guid(SALES).parse().unwrap()),
            (Target::Directory { .. }, 2) => AssignmentScope::AdministrativeUnit(guid(NOBODY).parse().unwrap()),
            (Target::Directory { .. }, 3) if self.choices.one_in(3) => AssignmentScope::Object(id(SERVICE)),
            _ => AssignmentScope::Whole,
        };
        AssignmentKey { kind: self.choices.pick(&Kind::ALL), principal: self.principal(), scope }
    }

    /// An assignment that is there, mostly.
    fn there(&mut self) -> (Target, AssignmentKey) {
        let all: Vec<(Target, AssignmentKey)> = targets(self.groups)
            .into_iter()
            .flat_map(|target| {
                let rows = state(self.tenant, &target).map(|(_, rows)| rows).unwrap_or_default();
                rows.into_iter().map(move |row| (target.clone(), row.key)).collect::<Vec<_>>()
            })
            .collect();
        if all.is_empty() || self.choices.one_in(6) {
            let nowhere = Target::Directory { directory_role: guid(NOBODY).parse().unwrap() };
            let target = if self.choices.one_in(4) { nowhere } else { self.target() };
            let key = self.key(&target);
            return (target, key);
        }
        let at = self.choices.below(all.len());
        all.get(at).cloned().unwrap()
    }

    /// What a plan would have seen of it, mostly.
    fn was(&mut self, target: &Target, key: &AssignmentKey) -> (Window, Option<Condition>) {
        let rows = state(self.tenant, target).map(|(_, rows)| rows).unwrap_or_default();
        let row = rows.into_iter().find(|row| row.key == *key);
        match row.filter(|_| !self.choices.one_in(6)) {
            Some(row) => (row.window, row.condition),
            None => (Window { start: Some(days(-2)), end: Some(days(200)) }, None),
        }
    }

    fn schedule(&mut self) -> Schedule {
        let start = self.choices.pick(&[None, None, None, None, None, Some(-10), Some(2), Some(9)]).map(days);
        let end = match self.choices.below(9) {
            0 => Ending::Permanent,
            1 => Ending::Until(days(60)),
            2 => Ending::After(Duration::from_days(200)),
            3 => Ending::After(Duration::from_days(400)),
            4 if self.choices.one_in(2) => Ending::After(Duration::from_minutes(1)),
            5 if self.choices.one_in(2) => Ending::Until(days(-1)),
            _ => Ending::After(Duration::from_days(30)),
        };
        Schedule { start, end }
    }

    fn evidence(&mut self) -> (Option<Arc<str>>, Option<Arc<Ticket>>) {
        let justification = (!self.choices.one_in(5)).then(|| "Operations".into());
        let ticket = self.choices.in_ten(6).then(|| Arc::new(Ticket { number: "CHG-1".into(), system: None }));
        (justification, ticket)
    }

    /// Only Azure has them.
    fn condition(&mut self, target: &Target) -> Option<Condition> {
        let drawn = self.choices.pick(&[None, None, Some(0), Some(1)]);
        let at: usize = drawn.filter(|_| target.surface() == Surface::Azure)?;
        CONDITIONS.get(at).map(|text| Condition((*text).into()))
    }

    fn changes(&mut self, target: &Target) -> Settings<Changes> {
        let default = || Arc::new(Settings::service_default(target.surface()));
        let now = state(self.tenant, target).map_or_else(default, |(settings, _)| settings);
        let mut changes = Settings::<Changes>::default();
        let choices = &mut *self.choices;
        let (hours, whole_days) = (Duration::from_hours, Duration::from_days);
        let strong = Authentication::Context("c1".parse().unwrap());
        let ways = [Authentication::None, Authentication::Mfa, strong];
        let by =
            |approvers: Vec<Approver>| Approval::Required(Approvers::new(approvers.into_iter().collect()).unwrap());
        let approvals = [
            Approval::NotRequired,
            by(vec![Approver::Group(id(LEADS))]),
            by(vec![Approver::User(id(ADA)), Approver::Group(id(TEAM))]),
        ];
        let flags = [true, false];
        let (activation, was) = (&mut changes.activation, &now.activation);
        set(choices, &mut activation.max_duration, &was.max_duration, &[hours(1), hours(8), hours(24)]);
        set(choices, &mut activation.authentication, &was.authentication, &ways);
        set(choices, &mut activation.justification, &was.justification, &flags);
        set(choices, &mut activation.ticket, &was.ticket, &flags);
        set(choices, &mut activation.approval, &was.approval, &approvals);
        if target.surface() != Surface::Azure {
            set(choices, &mut activation.extension, &was.extension, &extensions());
        }
        let ends = [Expiry::Never, Expiry::After(whole_days(365)), Expiry::After(whole_days(30))];
        for (rules, was) in [
            (&mut changes.eligible_assignment, &now.eligible_assignment),
            (&mut changes.active_assignment, &now.active_assignment),
        ] {
            set(choices, &mut rules.expire_after, &was.expire_after, &ends);
            set(choices, &mut rules.mfa, &was.mfa, &flags);
            set(choices, &mut rules.justification, &was.justification, &flags);
        }
        let (told, was) = (&mut changes.notifications.activated.admins, &now.notifications.activated.admins);
        let mails = [Recipients::default(), Recipients(["soc@contoso.example".parse().unwrap()].into())];
        set(choices, &mut told.to, &was.to, &mails);
        set(choices, &mut told.level, &was.level, &[Level::All, Level::Critical, Level::None]);
        set(choices, &mut told.default_recipients, &was.default_recipients, &flags);
        changes
    }
}

/// None, one before approval, and one after.
fn extensions() -> [Extensions; 3] {
    let id = Some("7d0f3c1a-4a3e-4d0e-9a42-0d5a4f6f0c11".parse().unwrap());
    [
        Extensions::default(),
        Extensions { before_approval: id.clone(), after_approval: None },
        Extensions { before_approval: None, after_approval: id },
    ]
}

/// Changes a field, sometimes, to one of these.
fn set<T: Clone>(choices: &mut Choices<'_>, to: &mut Option<Change<T>>, before: &Fact<T>, after: &[T]) {
    if choices.in_ten(3) {
        let at = choices.below(after.len());
        *to = Some(Change { before: before.known().unwrap().clone(), after: after.get(at).cloned().unwrap() });
    }
}

/// All there is to compare. Of a dynamic group the service has no policies.
fn targets(groups: &[PrincipalId]) -> BTreeSet<Target> {
    let roles = [ADMIN, READER].map(|role| Target::Directory { directory_role: guid(role).parse().unwrap() });
    let groups = [LEADS, TEAM, EVERYONE].map(id).into_iter().chain(groups.iter().copied());
    let groups = groups.flat_map(|group| [Access::Member, Access::Owner].map(|access| Target::Group { group, access }));
    let resource_group = format!("{SUBSCRIPTION}/resourceGroups/App-1");
    let azure = [CORE, SUBSCRIPTION, &resource_group].into_iter().flat_map(|scope| {
        let scope: pimform::model::ArmScope = scope.parse().unwrap();
        [OWNER, OPERATOR].map(|role| Target::Azure { scope: scope.clone(), role: guid(role).parse().unwrap() })
    });
    roles.into_iter().chain(groups).chain(azure).filter(|target| !is_no_target(target)).collect()
}

/// The role that does not exist at the management group.
fn is_no_target(target: &Target) -> bool {
    matches!(target, Target::Azure { scope, role } if scope.as_str() == CORE && role.to_string() == guid(OPERATOR))
}

/// What was seen of a run: how often each class came, for each kind of operation, and each difference.
type Seen = BTreeMap<(&'static str, Class), u32>;

/// One sequence on both.
async fn run(drawn: &[u16], seen: &RefCell<Seen>) {
    let text = tenant();
    let live = Live::with(&text, |options| {
        // The clock stands still, so nothing could ever be old enough. What the service does here has tests of its own.
        options.active_minimum = 0;
        options.page_size = 5;
        options.log = false;
    })
    .await;
    let mut options = live.options();
    options.pause = Arc::new(Still(Arc::new(VirtualTime::new(NOW.parse().unwrap()))));
    let executor = MicrosoftExecutor::new(options, "Removed by a test").unwrap();
    let mut local = load(&text);
    let mut groups = Vec::new();
    let mut choices = Choices::new(drawn);
    let mut told = Vec::new();
    for number in 0..8 + choices.below(13) {
        let drawn = u32::try_from(number).unwrap();
        let draw = Draw { choices: &mut choices, tenant: &local, groups: &groups, drawn };
        let operation = draw.operation();
        let result = executor.execute(&operation).await.map(|receipt| receipt.executed);
        let found = Class::of(&result);
        // The service gives a new group an id of its own; the tenant in memory is given the same.
        let same = match (&operation, &result) {
            (Operation::CreateGroup { create, .. }, Ok(Executed::Created(real))) => {
                groups.push(*real);
                Operation::CreateGroup { group: *real, create: create.clone() }
            }
            _ => operation.clone(),
        };
        let mut after = local.clone();
        let expected = Class::of(&after.apply(&same, now()));
        let case = Case { operation: &operation, tenant: &local, local: expected };
        let difference = DIFFERENCES.iter().find(|difference| (difference.when)(&case));
        told.push(format!("{operation:?}\n  {expected:?}, live {result:?}"));
        let wanted = difference.map_or(expected, |difference| difference.live);
        let name = difference.map_or(name(&operation), |difference| difference.name);
        assert_eq!(
            wanted,
            found,
            "{name}: {}\n{}",
            difference.map_or("", |difference| difference.why),
            told.join("\n")
        );
        *seen.borrow_mut().entry((name, found)).or_default() += 1;
        if difference.is_none() {
            local = after;
        }
    }
    let query = ReadQuery::Only {
        targets: targets(&groups),
        groups: [LEADS, TEAM, EVERYONE].map(id).into_iter().chain(groups.iter().copied()).collect(),
        watched: BTreeSet::new(),
    };
    let expected = local.snapshot(&query, now());
    // The client could read what it wrote wrong in the same way, so what the emulator has is compared as well.
    let kept = load(&live.emulator.tenant_file()).snapshot(&query, now());
    same("the emulator's tenant", &expected, &kept, &told);
    same("as it is read", &expected, &executor.snapshot(&query).await.unwrap(), &told);
}

fn load(text: &str) -> Tenant {
    Tenant::from_file("tenant.json", TenantFile::parse("tenant.json", text.as_bytes()).unwrap()).unwrap()
}

fn name(operation: &Operation) -> &'static str {
    match operation {
        Operation::CreateGroup { .. } => "create group",
        Operation::AddMember { .. } => "add member",
        Operation::RemoveMember { .. } => "remove member",
        Operation::UpdateSettings { .. } => "settings",
        Operation::Assign { .. } => "assign",
        Operation::Update { .. } => "update",
        Operation::Remove { .. } => "remove",
    }
}

fn same(what: &str, expected: &Snapshot, found: &Snapshot, told: &[String]) {
    let told = told.join("\n");
    let keys = |snapshot: &Snapshot| snapshot.targets.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(expected), keys(found), "{what}\n{told}");
    for (target, read) in &expected.targets {
        let (TargetRead::Present(expected), Some(TargetRead::Present(found))) = (read, found.targets.get(target))
        else {
            panic!("{what}: {target:?}: {read:?} {:?}\n{told}", found.targets.get(target));
        };
        assert_eq!(expected.settings, found.settings, "{what}: {target:?}\n{told}");
        assert_eq!(rows(target, expected), rows(target, found), "{what}: {target:?}\n{told}");
    }
    assert_eq!(expected.groups, found.groups, "{what}\n{told}");
    for principal in found.directory.principals() {
        let expected = expected.directory.principal(principal.id).unwrap_or_else(|| panic!("{principal:?}\n{told}"));
        assert_eq!(principal, expected, "{what}\n{told}");
        if let PrincipalDetail::Group(facts) = &principal.detail {
            assert!(!facts.onboarded.is_yes() || facts.membership == GroupMembership::Assigned, "{what}\n{told}");
        }
    }
}

#[test]
fn random_operations_come_to_the_same_live_and_local() {
    // A sequence takes many requests, so there are fewer of them than of other cases.
    let cases = Config::default().cases.div_ceil(7);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 100, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let seen = RefCell::new(Seen::new());
    let result = runner.run(&vec(any::<u16>(), 200..500), |drawn| {
        runtime.block_on(run(&drawn, &seen));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let seen = seen.into_inner();
    if cases < 20 {
        return;
    }
    // Every kind of operation was done, and some were not; every difference occurred, or its row says nothing.
    for name in ["create group", "add member", "remove member", "settings", "assign", "update", "remove"] {
        let classes: Vec<Class> = seen.keys().filter(|(of, _)| *of == name).map(|(_, class)| *class).collect();
        assert!(classes.iter().any(|class| matches!(class, Class::Done | Class::Created)), "{name}: {seen:#?}");
        assert!(classes.len() >= 2, "{name}: {seen:#?}");
    }
    for difference in DIFFERENCES {
        assert!(seen.keys().any(|(name, _)| *name == difference.name), "{}: {seen:#?}", difference.name);
    }
}
