use super::*;
use crate::backend::ReadQuery;
use crate::backend::local::TenantFile;
use crate::model::Shift;
use crate::model::{Access, AssignmentScope, Change, Duration, Ending, GroupRead, Kind, RoleId, TargetRead};

const ID: &str = "00000000-0000-0000-0000-00000000000";
const NOW: Time = Time::from_unix(1_000);

fn id(n: u128) -> PrincipalId {
    PrincipalId::new(Uuid::from_u128(n))
}

fn tenant() -> Tenant {
    let text = format!(
        r#"{{"format":"pimform-tenant","version":1,"tenant":{{"id":"{ID}1"}},
          "users":[{{"id":"{ID}2","name":"Ada","upn":"ada@contoso.example"}}],
          "groups":[{{"id":"{ID}3","name":"G"}},{{"id":"{ID}4","name":"D","membership":"dynamic"}}],
          "directory_roles":[{{"id":"{ID}8","name":"Reader"}},{{"id":"{ID}9","name":"Locked"}}],
          "targets":[{{"directory_role":"{ID}8","active":[{{"principal":"{ID}2","origin":"inherited"}}]}},
                     {{"directory_role":"{ID}9","unreadable":"denied"}}]}}"#
    );
    Tenant::from_file("t.json", TenantFile::parse("t.json", text.as_bytes()).unwrap()).unwrap()
}

fn role(n: u128) -> Target {
    Target::Directory { directory_role: RoleId::new(Uuid::from_u128(n)) }
}

fn member_of(group: u128) -> Target {
    Target::Group { group: id(group), access: Access::Member }
}

fn key(kind: Kind, principal: u128) -> AssignmentKey {
    AssignmentKey { kind, principal: id(principal), scope: AssignmentScope::Whole }
}

fn assign(target: Target, assignment: AssignmentKey, end: Ending) -> Operation {
    let schedule = Schedule { start: None, end };
    Operation::Assign { target, assignment, schedule, justification: None, ticket: None, condition: None }
}

fn remove(target: Target, assignment: AssignmentKey, was: Window) -> Operation {
    Operation::Remove { target, assignment, was, condition_was: None, also: Vec::new() }
}

fn from_now(end: Option<i64>) -> Window {
    Window { start: Some(NOW), end: end.map(Time::from_unix) }
}

fn members(tenant: &Tenant, group: u128) -> Vec<PrincipalId> {
    match &tenant.snapshot(&ReadQuery::Everything, NOW).groups[&id(group)] {
        GroupRead::Present(state) => state.members.iter().copied().collect(),
        GroupRead::Unreadable(reason) => panic!("{reason}"),
    }
}

fn conflict_of(result: Result<Executed, BackendError>) -> String {
    match result {
        Err(BackendError::Conflict { what }) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_new_group_keeps_its_stand_in_where_that_is_free() {
    let mut tenant = tenant();
    let create = |stand_in, name: &str| Operation::CreateGroup {
        group: id(stand_in),
        create: GroupCreation { display_name: name.into(), description: Some("why".into()), role_assignable: true },
    };
    assert_eq!(tenant.apply(&create(7, "N"), NOW).unwrap(), Executed::Created(id(7)));
    let Executed::Created(other) = tenant.apply(&create(2, "Other"), NOW).unwrap() else { panic!() };
    assert_ne!(other, id(2));
    assert_eq!(conflict_of(tenant.apply(&create(5, "n"), NOW)), "there is a group `n` already");
    let directory = tenant.directory();
    assert!(directory.principal(id(7)).unwrap().group().unwrap().role_assignable.is_yes());
}

#[test]
fn static_members_come_and_go() {
    let mut tenant = tenant();
    let (group, relation, principal) = (id(3), Relation::Owner, id(2));
    let add = Operation::AddMember { group, relation, principal };
    let remove = Operation::RemoveMember { group, relation, principal };
    for (operation, expected) in
        [(&remove, Executed::AlreadySo), (&add, Executed::Done), (&add, Executed::AlreadySo), (&remove, Executed::Done)]
    {
        assert_eq!(tenant.apply(operation, NOW).unwrap(), expected);
    }
    let unknown = Operation::AddMember { group, relation, principal: id(99) };
    assert!(matches!(tenant.apply(&unknown, NOW), Err(BackendError::NotFound { .. })));
    let dynamic = |relation| Operation::AddMember { group: id(4), relation, principal };
    conflict_of(tenant.apply(&dynamic(Relation::Member), NOW));
    assert_eq!(tenant.apply(&dynamic(Relation::Owner), NOW).unwrap(), Executed::Done);
}

#[test]
fn settings_change_and_bring_a_group_under_pim() {
    let mut tenant = tenant();
    let mut changes = Settings::<Changes>::default();
    changes.activation.ticket = Some(Change { before: false, after: true });
    let update = |target| Operation::UpdateSettings { target, changes: Box::new(changes.clone()) };
    assert_eq!(tenant.apply(&update(member_of(3)), NOW).unwrap(), Executed::Done);
    assert_eq!(tenant.apply(&update(member_of(3)), NOW).unwrap(), Executed::AlreadySo);
    assert!(tenant.directory().principal(id(3)).unwrap().group().unwrap().onboarded.is_yes());
    assert!(matches!(tenant.apply(&update(role(7)), NOW), Err(BackendError::NotFound { .. })));
    assert_eq!(conflict_of(tenant.apply(&update(role(9)), NOW)), "`directory/Locked` could not be read: denied");
    conflict_of(tenant.apply(&update(member_of(4)), NOW));
}

#[test]
fn an_active_assignment_shows_on_the_groups_list_until_it_is_removed() {
    let mut tenant = tenant();
    let assign = assign(member_of(3), key(Kind::Active, 2), Ending::After(Duration::from_secs(50)));
    assert_eq!(tenant.apply(&assign, NOW).unwrap(), Executed::Done);
    assert_eq!(tenant.apply(&assign, NOW).unwrap(), Executed::AlreadySo);
    assert_eq!(members(&tenant, 3), [id(2)]);
    let remove = remove(member_of(3), key(Kind::Active, 2), from_now(Some(1_050)));
    assert_eq!(tenant.apply(&remove, NOW).unwrap(), Executed::Done);
    assert_eq!(tenant.apply(&remove, NOW).unwrap(), Executed::AlreadySo);
    assert!(members(&tenant, 3).is_empty());
}

#[test]
fn an_assignment_of_other_length_is_in_the_way_unless_it_has_ended() {
    let mut tenant = tenant();
    let until = |end| assign(role(8), key(Kind::Eligible, 2), Ending::Until(Time::from_unix(end)));
    tenant.apply(&until(2_000), NOW).unwrap();
    conflict_of(tenant.apply(&until(3_000), NOW));
    assert_eq!(tenant.apply(&until(3_000), Time::from_unix(2_000)).unwrap(), Executed::Done);
    let TargetRead::Present(state) = &tenant.snapshot(&ReadQuery::Everything, NOW).targets[&role(8)] else { panic!() };
    assert_eq!(state.rows.len(), 2);
}

#[test]
fn an_update_needs_the_row_that_it_was_planned_for() {
    let mut tenant = tenant();
    let assignment = key(Kind::Eligible, 2);
    let update = |was| Operation::Update {
        target: role(8),
        assignment,
        was,
        shift: Shift::Extends,
        condition_was: None,
        schedule: Schedule { start: None, end: Ending::Permanent },
        justification: None,
        ticket: None,
        condition: None,
    };
    assert!(matches!(tenant.apply(&update(from_now(None)), NOW), Err(BackendError::NotFound { .. })));
    tenant.apply(&assign(role(8), assignment, Ending::Until(Time::from_unix(2_000))), NOW).unwrap();
    conflict_of(tenant.apply(&update(from_now(Some(1_999))), NOW));
    assert_eq!(tenant.apply(&update(from_now(Some(2_000))), NOW).unwrap(), Executed::Done);
    assert_eq!(tenant.apply(&update(from_now(Some(2_000))), NOW).unwrap(), Executed::AlreadySo);
}

#[test]
fn rows_that_were_not_assigned_here_are_left_alone() {
    let mut tenant = tenant();
    let was = Window { start: None, end: None };
    let error = conflict_of(tenant.apply(&remove(role(8), key(Kind::Active, 2), was), NOW));
    assert_eq!(error, "`directory/Reader/active/user:ada@contoso.example` is inherited from a scope above");
    // A direct assignment may stand beside an inherited one, and go again without it.
    let assignment = key(Kind::Active, 2);
    tenant.apply(&assign(role(8), assignment, Ending::Permanent), NOW).unwrap();
    tenant.apply(&remove(role(8), assignment, from_now(None)), NOW).unwrap();
    conflict_of(tenant.apply(&remove(role(8), assignment, was), NOW));
}

#[test]
fn what_is_asked_for_beyond_all_dates_ends_on_the_last_one_that_a_file_can_hold() {
    let mut tenant = tenant();
    let beyond = Ending::After(Duration::from_days(3_000_000));
    tenant.apply(&assign(role(8), key(Kind::Eligible, 2), beyond), NOW).unwrap();
    TenantFile::parse("t.json", tenant.to_file().to_text().unwrap().as_bytes()).unwrap();
}
