use std::sync::Arc;

use super::*;
use crate::diag::Span;
use crate::model::directory::DirectoryParts;
use crate::model::{
    Answer, AssignmentKey, AssignmentScope, Condition, Directory, Ending, GroupFacts, GroupMembership, Kind, Makers,
    Principal, PrincipalDetail, RequestList, RoleId, Schedule, Shift, Window,
};
use crate::plan::Reason;
use crate::plan::samples::{ADA, GRACE, SEC_GA, empty, id, key, push, remove, role};

fn with_conditions(before: Option<&str>, after: Option<&str>) -> Operation {
    let condition = |text: Option<&str>| text.map(|text| Condition(text.into()));
    Operation::Update {
        target: Target::Directory { directory_role: RoleId::new(uuid::Uuid::nil()) },
        assignment: AssignmentKey {
            kind: Kind::Active,
            principal: PrincipalId::new(uuid::Uuid::nil()),
            scope: AssignmentScope::Whole,
        },
        was: Window { start: None, end: None },
        shift: Shift::Keeps,
        condition_was: condition(before),
        schedule: Schedule { start: None, end: Ending::Permanent },
        justification: Some(Arc::from("why")),
        ticket: None,
        condition: condition(after),
    }
}

#[test]
fn a_condition_that_comes_or_changes_may_take_access_away() {
    assert!(narrows(&with_conditions(None, Some("a"))));
    assert!(narrows(&with_conditions(Some("a"), Some("b"))));
    assert!(!narrows(&with_conditions(Some("a"), None)));
    assert!(!narrows(&with_conditions(Some("a"), Some("a"))));
}

/// What the guards say when a group loses a role, and this is known of who is in which groups.
fn when_a_group_loses(memberships: BTreeMap<PrincipalId, BTreeSet<PrincipalId>>) -> Vec<(GuardId, String)> {
    let mut plan = empty();
    push(&mut plan, "directory/Reader", remove(role(7), key(Kind::Active, SEC_GA), None), Reason::NotDeclared, 0);
    let facts = GroupFacts {
        role_assignable: Answer::Yes,
        membership: GroupMembership::Assigned,
        onboarded: Answer::Yes,
        planned: false,
    };
    let detail = PrincipalDetail::Group(facts);
    let group = Principal { id: id(SEC_GA), display_name: Arc::from("SEC-GA"), detail };
    let directory = Arc::new(Directory::new(DirectoryParts { principals: vec![group], ..DirectoryParts::default() }));
    let desired = Desired {
        tenant: None,
        directory: Arc::clone(&directory),
        groups: BTreeMap::new(),
        targets: BTreeMap::new(),
        protected: BTreeMap::from([(id(ADA), Span::default())]),
        unprotected: Vec::new(),
        blocked: Vec::new(),
        files: 1,
    };
    let snapshot = Snapshot {
        tenant: plan.tenant,
        tenant_name: None,
        read_at: plan.made_at,
        runner: Some(id(GRACE)),
        memberships,
        directory,
        targets: BTreeMap::new(),
        groups: BTreeMap::new(),
        notes: BTreeSet::new(),
        makers: Makers::default(),
        missing: BTreeSet::new(),
    };
    let verdict = guard(&plan, &desired, &snapshot, &BTreeSet::new());
    verdict.violations.into_iter().map(|violation| (violation.guard, violation.message)).collect()
}

#[test]
fn who_may_be_in_any_group_may_be_in_the_one_that_loses() {
    let nowhere = |who: &[u128]| who.iter().map(|who| (id(*who), BTreeSet::new())).collect();
    assert_eq!(when_a_group_loses(nowhere(&[ADA, GRACE])), []);
    let violations = when_a_group_loses(nowhere(&[GRACE]));
    assert_eq!(violations.len(), 1, "{violations:?}");
    assert_eq!(violations[0].0, GuardId::Protected);
    assert!(violations[0].1.contains("may be in `group:SEC-GA`"), "{violations:?}");
    let violations = when_a_group_loses(nowhere(&[ADA]));
    assert_eq!((violations.len(), violations[0].0), (1, GuardId::OwnAccess), "{violations:?}");
}

/// What the guards say where two assignments go, and this is known of who made them.
fn when_two_go(makers: Makers) -> Vec<String> {
    let mut plan = empty();
    for who in [ADA, GRACE] {
        let address = format!("directory/Reader/{who}");
        push(&mut plan, &address, remove(role(7), key(Kind::Eligible, who), None), Reason::NotDeclared, 0);
    }
    let desired = Desired {
        tenant: None,
        directory: Arc::default(),
        groups: BTreeMap::new(),
        targets: BTreeMap::new(),
        protected: BTreeMap::new(),
        unprotected: Vec::new(),
        blocked: Vec::new(),
        files: 1,
    };
    let snapshot = Snapshot {
        tenant: plan.tenant,
        tenant_name: None,
        read_at: plan.made_at,
        runner: None,
        memberships: BTreeMap::new(),
        directory: Arc::default(),
        targets: BTreeMap::new(),
        groups: BTreeMap::new(),
        notes: BTreeSet::new(),
        makers,
        missing: BTreeSet::new(),
    };
    let verdict = guard(&plan, &desired, &snapshot, &BTreeSet::new());
    let allowed = guard(&plan, &desired, &snapshot, &BTreeSet::from([GuardId::AccessPackages]));
    assert!(!allowed.is_refused());
    let own = verdict.violations.into_iter().filter(|violation| violation.guard == GuardId::AccessPackages);
    own.map(|violation| violation.message).collect()
}

#[test]
fn what_another_application_may_have_made_goes_only_where_that_is_meant() {
    let one = |who| (role(7), key(Kind::Eligible, who));
    assert_eq!(when_two_go(Makers::default()), [""; 0], "the log says nothing, and that it says");
    let unclear = BTreeMap::from([(one(ADA), Arc::from("denied")), (one(GRACE), Arc::from("denied"))]);
    let why = "2 assignments would be removed of which it could not be found out whether another application made them: denied";
    assert_eq!(when_two_go(Makers { unclear, ..Makers::default() }), [why]);
    let applications = BTreeMap::from([(one(ADA), Arc::from("X"))]);
    // A list that was not read is about both, and of one of them it is known all the same.
    let list = RequestList { group: None, kind: Kind::Eligible };
    let unread = BTreeMap::from([(list, Arc::from("denied"))]);
    let violations = when_two_go(Makers { applications, unread, ..Makers::default() });
    assert_eq!(violations.len(), 2, "{violations:?}");
}
