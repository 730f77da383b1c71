use std::sync::Arc;

use super::*;
use crate::model::{AssignmentKey, AssignmentScope, Condition, Ending, Kind, RoleId, Schedule, Shift, Window};

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
