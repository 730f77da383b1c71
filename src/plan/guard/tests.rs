use std::sync::Arc;

use super::*;
use crate::diag::Span;
use crate::model::directory::DirectoryParts;
use crate::model::{
    Answer, AssignmentKey, AssignmentScope, Condition, Directory, Ending, GroupFacts, GroupMembership, Kind, Makers,
    Principal, PrincipalDetail, RoleId, Schedule, Shift, Window,
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
