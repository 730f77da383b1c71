use super::*;
use crate::model::{Duration, Schedule};

const PRINCIPAL: &str = "071cc716-8147-4397-a5ba-b2105951cc0b";
const ROLE: &str = "fdd7a751-b60b-444a-984c-02652fe8fa1c";
const SUBSCRIPTION: &str = "/subscriptions/dfa2a084-766f-4003-8ae1-c4aeb893a99f";

fn directory() -> Value {
    json!({
        "id": "95c690fb-3eb3-4942-a03f-4524aed6f31e", "principalId": PRINCIPAL, "roleDefinitionId": ROLE,
        "directoryScopeId": "/", "appScopeId": null, "createdUsing": "95c690fb-3eb3-4942-a03f-4524aed6f31e",
        "status": "Provisioned", "assignmentType": "Assigned", "memberType": "Direct",
        "scheduleInfo": {"startDateTime": "2022-04-11T11:50:06.343Z", "recurrence": null,
            "expiration": {"type": "noExpiration", "endDateTime": null, "duration": null}}
    })
}

fn azure() -> Value {
    json!({
        "id": format!("/providers/Microsoft.Subscription{SUBSCRIPTION}/providers/Microsoft.Authorization/RoleAssignmentSchedules/C9E264FF"),
        "name": "C9E264FF",
        "properties": {
            "scope": SUBSCRIPTION, "principalId": PRINCIPAL, "principalType": "User", "status": "Provisioned",
            "roleDefinitionId": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{ROLE}"),
            "assignmentType": "Assigned", "memberType": "Direct", "startDateTime": "2026-09-09T21:35:27.91+00:00",
            "endDateTime": "2026-10-09T21:35:27.91Z", "condition": "@Resource[x] StringEquals 'y'",
            "roleAssignmentScheduleRequestId": "/x/fea7a502-9a96-4806-a26f-eee560e52045"
        }
    })
}

fn group() -> Value {
    json!({
        "id": format!("{ROLE}_member_{PRINCIPAL}"), "principalId": PRINCIPAL, "groupId": ROLE, "accessId": "member",
        "createdUsing": PRINCIPAL, "status": "Provisioned", "memberType": "direct", "assignmentType": "assigned",
        "scheduleInfo": {"startDateTime": "2026-01-01T00:00:00.123Z",
            "expiration": {"type": "afterDateTime", "endDateTime": "2026-01-06T00:00:00.123Z", "duration": null}}
    })
}

fn with(mut value: Value, path: &str, field: &str, new: Value) -> Value {
    value.pointer_mut(path).unwrap()[field] = new;
    value
}

fn found(surface: Surface, kind: Kind, value: &Value) -> Found {
    match read(surface, kind, value).unwrap() {
        Reading::Found(found) => *found,
        other @ Reading::Nothing => panic!("{other:?}"),
    }
}

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

#[test]
fn a_schedule_of_each_surface_is_an_assignment() {
    let row = found(Surface::Directory, Kind::Active, &directory());
    assert_eq!(row.target, Target::Directory { directory_role: ROLE.parse().unwrap() });
    assert_eq!(row.row.window, Window { start: Some(time("2022-04-11T11:50:06Z")), end: None });
    assert_eq!((row.row.origin, &*row.schedule_id), (Origin::Assigned, "95c690fb-3eb3-4942-a03f-4524aed6f31e"));

    let row = found(Surface::Groups, Kind::Active, &group());
    assert_eq!(row.target, Target::Group { group: ROLE.parse().unwrap(), access: Access::Member });
    assert_eq!(row.row.window.end, Some(time("2026-01-06T00:00:00Z")));

    let row = found(Surface::Azure, Kind::Active, &azure());
    let scope: ArmScope = SUBSCRIPTION.parse().unwrap();
    assert_eq!(row.target, Target::Azure { scope, role: ROLE.parse().unwrap() });
    assert_eq!(row.row.window.start, Some(time("2026-09-09T21:35:27Z")));
    assert_eq!(row.row.condition.as_ref().unwrap().0.as_ref(), "@Resource[x] StringEquals 'y'");
    assert_eq!(last_segment(&row.schedule_id), "C9E264FF");
}

#[test]
fn where_an_assignment_comes_from_is_told_from_its_words_in_any_case() {
    let origin = |surface, kind, value: Value| found(surface, kind, &value).row.origin;
    let directory_with = |field, word: Value| with(directory(), "", field, word);
    for (field, word, expected) in [
        ("memberType", "group", Origin::ThroughGroup),
        ("memberType", "INHERITED", Origin::Inherited),
        ("assignmentType", "activated", Origin::Activated),
    ] {
        assert_eq!(origin(Surface::Directory, Kind::Active, directory_with(field, word.into())), expected);
    }
    let outside = found(Surface::Directory, Kind::Active, &directory_with("createdUsing", Value::Null)).row;
    assert_eq!((outside.origin, outside.window.start), (Origin::OutsidePim, None));
    let no_request = with(azure(), "/properties", "roleAssignmentScheduleRequestId", Value::Null);
    assert_eq!(origin(Surface::Azure, Kind::Active, no_request.clone()), Origin::OutsidePim);
    assert_eq!(origin(Surface::Azure, Kind::Eligible, no_request), Origin::Assigned);
    let above = found(Surface::Azure, Kind::Active, &azure());
    assert_eq!(above.clone().seen_at(&SUBSCRIPTION.to_uppercase().parse().unwrap()).row.origin, Origin::Assigned);
    let below: ArmScope = format!("{SUBSCRIPTION}/resourceGroups/app").parse().unwrap();
    let seen = above.seen_at(&below);
    assert_eq!(
        (seen.row.origin, seen.target),
        (Origin::Inherited, Target::Azure { scope: below, role: ROLE.parse().unwrap() })
    );
}

#[test]
fn parts_of_the_directory_are_told_apart() {
    let scope = |id: &str| {
        found(Surface::Directory, Kind::Active, &with(directory(), "", "directoryScopeId", id.into())).row.key.scope
    };
    assert_eq!(scope("/"), AssignmentScope::Whole);
    assert_eq!(
        scope(&format!("/administrativeUnits/{ROLE}")),
        AssignmentScope::AdministrativeUnit(ROLE.parse().unwrap())
    );
    assert_eq!(scope(&format!("/{ROLE}")), AssignmentScope::Object(ROLE.parse().unwrap()));
    for scope in [scope("/"), scope(&format!("/administrativeUnits/{ROLE}")), scope(&format!("/{ROLE}"))] {
        assert_eq!(super::directory_scope(&directory_scope_id(&scope)), Some(scope));
    }
}

#[test]
fn what_is_over_is_nothing() {
    let read = |value: Value| read(Surface::Directory, Kind::Active, &value).unwrap();
    let with_status = |word: &str| with(directory(), "", "status", word.into());
    assert_eq!(read(with_status("revoked")), Reading::Nothing);
    assert_eq!(read(with_status("PendingApproval")), Reading::Nothing);
    assert!(matches!(read(with_status("granted")), Reading::Found(_)));
    let odd_but_over = with(with_status("Revoked"), "", "memberType", "Borrowed".into());
    assert_eq!(read(odd_but_over), Reading::Nothing);
}

#[test]
fn a_word_that_is_unknown_or_missing_is_named_and_concerns_as_little_as_could_be_told() {
    let wrong = |surface, path: &str, field: &str, word: Value| {
        let schedule = match surface {
            Surface::Directory => directory(),
            Surface::Groups => group(),
            Surface::Azure => azure(),
        };
        let error = read(surface, Kind::Active, &with(schedule, path, field, word)).unwrap_err();
        (error.to_string(), error.concern)
    };
    let of_directory = Concern::Target(Target::Directory { directory_role: ROLE.parse().unwrap() });
    for (field, word, says) in [
        ("status", json!("Frozen"), "has the status `Frozen`"),
        ("status", Value::Null, "has no status"),
        ("memberType", json!("Borrowed"), "has the memberType `Borrowed`"),
        ("memberType", json!(7), "has the memberType `7`"),
        ("memberType", Value::Null, "has no memberType"),
        ("assignmentType", json!("Lent"), "has the assignmentType `Lent`"),
        ("assignmentType", json!(""), "has no assignmentType"),
        ("directoryScopeId", json!("/applications/x"), "has the directoryScopeId `/applications/x`"),
        ("directoryScopeId", Value::Null, "has no directoryScopeId"),
        ("appScopeId", json!("/AccessPackageCatalog/1"), "has the appScopeId `/AccessPackageCatalog/1`"),
    ] {
        let (text, concern) = wrong(Surface::Directory, "", field, word);
        assert!(text.starts_with(&format!("an assignment {says}")), "{text}");
        assert_eq!(concern, of_directory, "{field}");
    }
    for field in ["status", "memberType", "assignmentType"] {
        let (_, concern) = wrong(Surface::Groups, "", field, "odd".into());
        assert!(matches!(concern, Concern::Target(Target::Group { .. })), "{field}: {concern:?}");
        let (_, concern) = wrong(Surface::Azure, "/properties", field, "odd".into());
        assert!(matches!(concern, Concern::Target(Target::Azure { .. })), "{field}: {concern:?}");
    }
    let (text, concern) = wrong(Surface::Groups, "", "accessId", "guest".into());
    assert!(text.contains("accessId `guest`"), "{text}");
    assert_eq!(concern, Concern::Group(ROLE.parse().unwrap()));
    for scope in ["/", "/providers/Other.Kind/things/1"] {
        let (text, concern) = wrong(Surface::Azure, "/properties", "scope", scope.into());
        assert!(text.contains(&format!("scope `{scope}`")), "{text}");
        assert_eq!(concern, Concern::AzureRole(ROLE.parse().unwrap()));
    }
}

#[test]
fn a_schedule_that_makes_no_sense_is_an_error_and_not_permanent() {
    let wrong = |path: &str, field: &str, value: Value| {
        read(Surface::Directory, Kind::Active, &with(directory(), path, field, value)).unwrap_err()
    };
    assert_eq!(wrong("", "roleDefinitionId", Value::Null).concern, Concern::Anything);
    for error in [
        wrong("", "principalId", "ada".into()),
        wrong("", "scheduleInfo", Value::Null),
        wrong("/scheduleInfo", "expiration", Value::Null),
        wrong("/scheduleInfo/expiration", "type", "afterDateTime".into()),
        wrong("/scheduleInfo/expiration", "type", "afterDuration".into()),
        wrong("/scheduleInfo/expiration", "type", "someday".into()),
        wrong("/scheduleInfo", "startDateTime", "yesterday".into()),
    ] {
        assert!(matches!(error.concern, Concern::Target(_)), "{error}");
    }
}

#[test]
fn ends_are_read_in_every_form() {
    let end = |expiration: Value| {
        found(Surface::Directory, Kind::Eligible, &with(directory(), "/scheduleInfo", "expiration", expiration))
            .row
            .window
            .end
    };
    assert_eq!(end(json!({"type": "AfterDuration", "duration": "PT1H"})), Some(time("2022-04-11T12:50:06Z")));
    assert_eq!(end(json!({"type": "afterDateTime", "endDateTime": "2027-01-01T00:00:00"})), Some(time("2027-01-01")));
    assert_eq!(end(json!({"type": "NoExpiration"})), None);
    assert_eq!(end(json!({"type": "notSpecified"})), None);
}

#[test]
fn a_requested_schedule_has_its_words_in_the_case_of_the_envelope() {
    let now = time("2026-01-01");
    let info = |service, start, end| schedule_info(service, &Schedule { start, end }, now);
    assert_eq!(
        info(Service::Graph, None, Ending::After(Duration::from_days(365))),
        json!({"startDateTime": "2026-01-01T00:00:00Z", "expiration": {"type": "afterDuration", "duration": "P365D"}})
    );
    assert_eq!(
        info(Service::Arm, Some(time("2026-02-01")), Ending::Until(time("2026-03-01"))),
        json!({"startDateTime": "2026-02-01T00:00:00Z",
            "expiration": {"type": "AfterDateTime", "endDateTime": "2026-03-01T00:00:00Z"}})
    );
    assert_eq!(info(Service::Arm, None, Ending::Permanent)["expiration"], json!({"type": "NoExpiration"}));
}
