use super::*;
use crate::model::directory::DirectoryParts;
use crate::model::{AssignmentKey, AssignmentScope, Directory, Origin, Role, RoleId, Time, Window};

fn target(n: u128) -> Target {
    Target::Directory { directory_role: RoleId::new(uuid::Uuid::from_u128(n)) }
}

fn id(n: u128) -> PrincipalId {
    PrincipalId::new(uuid::Uuid::from_u128(n))
}

fn row(principal: u128, origin: Origin, end: Option<i64>) -> Row {
    let key = AssignmentKey { kind: Kind::Eligible, principal: id(principal), scope: AssignmentScope::Whole };
    Row { key, window: Window { start: None, end: end.map(Time::from_unix) }, origin, condition: None }
}

fn settings() -> Arc<Settings<Current>> {
    Arc::new(Settings::service_default(Surface::Directory))
}

#[test]
fn a_target_is_present_only_with_settings_and_without_a_reason() {
    let mut found = Assembly::default();
    for n in [1, 2] {
        found.settings(target(n), settings());
    }
    found.row(target(3), row(1, Origin::Assigned, None));
    let mut other = Assembly::default();
    other.broken(&target(2), "first");
    other.broken(&target(2), "second");
    found.extend(other);
    let (reads, notes) =
        found.finish((1..=5).map(target), |asked| *asked == target(4), &Names::new(&Directory::default()));
    let unreadable = |n: u128| match &reads[&target(n)] {
        TargetRead::Unreadable(why) => why.to_string(),
        other => panic!("{n}: {other:?}"),
    };
    assert!(matches!(&reads[&target(1)], TargetRead::Present(state) if state.rows.is_empty()));
    assert_eq!(unreadable(2), "first");
    // Somebody holds it: that must not be left out.
    assert!(unreadable(3).starts_with("somebody holds it"), "{}", unreadable(3));
    assert_eq!(reads[&target(4)], TargetRead::WithoutSettings);
    assert!(!reads.contains_key(&target(5)) && notes.is_empty());
}

#[test]
fn each_row_is_there_once_and_every_window_of_one_person_is() {
    let mut found = Assembly::default();
    found.settings(target(1), settings());
    for row in [
        row(1, Origin::Assigned, Some(5)),
        row(1, Origin::Inherited, None),
        row(1, Origin::Assigned, None),
        row(1, Origin::Assigned, Some(5)),
        row(1, Origin::Inherited, Some(9)),
        row(1, Origin::Inherited, None),
    ] {
        found.row(target(1), row);
    }
    let (reads, notes) = found.finish([target(1)], |_| true, &Names::new(&Directory::default()));
    let TargetRead::Present(state) = &reads[&target(1)] else { panic!() };
    let rows: Vec<_> = state.rows.iter().map(|row| (row.origin, row.window.end.map(Time::as_unix))).collect();
    let (assigned, inherited) = (Origin::Assigned, Origin::Inherited);
    assert_eq!(rows, [(assigned, None), (assigned, Some(5)), (inherited, None), (inherited, Some(9))]);
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn who_is_not_known_takes_only_their_targets_along() {
    let mut found = Assembly::default();
    for n in [1, 2] {
        found.settings(target(n), settings());
        found.row(target(n), row(n, Origin::Assigned, None));
    }
    found.without(&[id(2)].into(), "who is it?");
    let (reads, _) = found.finish([target(1), target(2)], |_| true, &Names::new(&Directory::default()));
    assert!(matches!(reads[&target(1)], TargetRead::Present(_)));
    assert!(matches!(&reads[&target(2)], TargetRead::Unreadable(why) if &**why == "who is it?"));
}

#[test]
fn what_is_not_known_is_said_with_the_targets_that_it_is_about() {
    let role = |n: u128, name: &str| Role {
        id: RoleId::new(uuid::Uuid::from_u128(n)),
        name: name.into(),
        assignable_scopes: Vec::new(),
    };
    let directory_roles = vec![role(1, "Reader"), role(2, "Auditor"), role(3, "Writer")];
    let directory = Directory::new(DirectoryParts { directory_roles, ..DirectoryParts::default() });
    let (mut found, mut other) = (Assembly::default(), Assembly::default());
    found.noted(&target(1), ["odd".to_owned(), "rare".to_owned()]);
    other.noted(&target(2), ["odd".to_owned()]);
    other.noted(&target(3), ["odd".to_owned()]);
    found.extend(other);
    let (_, notes) = found.finish([], |_| false, &Names::new(&directory));
    let notes: Vec<String> = notes.into_iter().collect();
    assert_eq!(notes, ["odd: `directory/Auditor` and 2 more", "rare: `directory/Reader`"]);
}
