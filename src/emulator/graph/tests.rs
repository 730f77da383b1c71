use http::Method;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::*;
use crate::emulator::odata::Entity;
use crate::emulator::world::{Clock, Tenant, Time};

const BASE: &str = "https://localhost:8443";

fn send(world: &mut World, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let request = Request::new(method, BASE, path, Vec::new(), body.to_string()).unwrap();
    let caller = Caller {
        id: Uuid::from_u128(1),
        name: None,
        upn: None,
        app_id: None,
        is_application: true,
        mfa: false,
        contexts: Vec::new(),
    };
    match answer(world, &request, &caller) {
        Ok(reply) => (reply.status, reply.body.unwrap_or_default()),
        Err(failure) => (failure.status, json!(failure.message)),
    }
}

/// A body with every property and relation of its type that it does not state itself as null.
fn with_nulls(entity: &Entity, body: &Value) -> Value {
    let names = entity.properties.iter().filter(|property| !property.beta).map(|property| property.name);
    let names = names.chain(entity.links.iter().map(|link| link.name)).chain(relation::of(entity.name).split(' '));
    let nulls = names.filter(|name| !name.is_empty()).map(|name| (name.to_owned(), Value::Null));
    let mut all: Map<String, Value> = nulls.collect();
    all.extend(body.as_object().unwrap().clone());
    all.insert("@odata.type".to_owned(), format!("#microsoft.graph.{}", entity.name).into());
    all.into()
}

/// What is made with nulls in its body, and changed with nothing else in its body.
fn made(world: &mut World, entity: &Entity, path: &str, body: &Value) -> Value {
    let (status, made) = send(world, Method::POST, path, &with_nulls(entity, body));
    assert_eq!(status, 201, "POST {path}: {made}");
    let at = format!("{path}/{}", made["id"].as_str().unwrap());
    let (status, told) = send(world, Method::PATCH, &at, &with_nulls(entity, &json!({})));
    // Some values have to be there, and null is none.
    assert!(!told.to_string().contains("does not exist on type"), "PATCH {path}: {status} {told}");
    made
}

#[test]
fn what_a_type_has_may_stand_in_a_body_as_null() {
    let clock = Clock::fixed(Time::parse("2026-11-21T12:00:00Z").unwrap());
    let mut world = World::empty(Tenant { id: Uuid::from_u128(9), name: None }, clock);
    let mut make = |entity: &Entity, path: &str, body: Value| made(&mut world, entity, path, &body);
    let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
    let user = make(
        &schema::USER,
        "/v1.0/users",
        json!({ "displayName": "Ada", "accountEnabled": true, "mailNickname": "ada", "userPrincipalName": "ada@contoso.example",
                "passwordProfile": { "password": "p@$$Wd123456" } }),
    );
    let group = json!({ "displayName": "Ops", "mailNickname": "ops", "mailEnabled": false, "securityEnabled": true });
    let group = make(&schema::GROUP, "/v1.0/groups", group);
    let application = make(&schema::APPLICATION, "/v1.0/applications", json!({ "displayName": "app" }));
    make(&schema::SERVICE_PRINCIPAL, "/v1.0/servicePrincipals", json!({ "appId": application["appId"] }));
    let pim = "/v1.0/roleManagement/directory";
    let role = json!({ "displayName": "Helper", "isEnabled": true, "rolePermissions": [] });
    let role = make(&schema::ROLE_DEFINITION, &format!("{pim}/roleDefinitions"), role);
    let (user, group, role) = (id(&user), id(&group), id(&role));
    let ask = |more: Value| {
        let mut body = json!({
            "action": "adminAssign", "principalId": user, "justification": "x",
            "scheduleInfo": { "startDateTime": null, "recurrence": { "pattern": null, "range": null },
                              "expiration": { "type": "afterDuration", "duration": "P5D", "endDateTime": null } },
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let of_role = ask(json!({ "roleDefinitionId": role, "directoryScopeId": "/" }));
    let of_group = ask(json!({ "groupId": group, "accessId": "member" }));
    let in_group = "/v1.0/identityGovernance/privilegedAccess/group";
    for (entity, path, body) in [
        (&schema::ROLE_ELIGIBILITY_REQUEST, format!("{pim}/roleEligibilityScheduleRequests"), &of_role),
        (&schema::ROLE_ASSIGNMENT_REQUEST, format!("{pim}/roleAssignmentScheduleRequests"), &of_role),
        (&schema::GROUP_ELIGIBILITY_REQUEST, format!("{in_group}/eligibilityScheduleRequests"), &of_group),
        (&schema::GROUP_ASSIGNMENT_REQUEST, format!("{in_group}/assignmentScheduleRequests"), &of_group),
    ] {
        let (status, told) = send(&mut world, Method::POST, &path, &with_nulls(entity, body));
        assert_eq!(status, 201, "{path}: {told}");
    }
    // That it is there already is a reason that the service has.
    let older = json!({ "roleTemplateId": role });
    let (_, told) =
        send(&mut world, Method::POST, "/v1.0/directoryRoles", &with_nulls(&schema::DIRECTORY_ROLE, &older));
    assert!(told.as_str().is_some_and(|told| told.starts_with("A conflicting object")), "{told}");
}

#[test]
fn what_no_type_has_is_refused_as_null_too() {
    let clock = Clock::fixed(Time::parse("2026-11-21T12:00:00Z").unwrap());
    let mut world = World::empty(Tenant { id: Uuid::from_u128(9), name: None }, clock);
    for path in ["/v1.0/groups", "/v1.0/users", "/v1.0/applications", "/v1.0/directoryRoles"] {
        let body = json!({
            "displayName": "x", "mailNickname": "x", "mailEnabled": false, "securityEnabled": true, "accountEnabled": true,
            "userPrincipalName": "x@contoso.example", "passwordProfile": { "password": "p@$$Wd123456" },
            "roleTemplateId": Uuid::from_u128(7), "colour": null,
        });
        let (status, told) = send(&mut world, Method::POST, path, &body);
        assert_eq!(status, 400, "{path}: {told}");
    }
}
