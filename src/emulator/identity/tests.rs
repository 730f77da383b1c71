use http::Method;

use super::*;
use crate::emulator::world::{Clock, Extra, ServicePrincipal, Tenant, Time};

const TENANT: &str = "5c1c4a36-9a0e-4d0c-9c55-0c8f3f0f7c11";
const APP: &str = "7a1c4a36-9a0e-4d0c-9c55-0c8f3f0f7c12";
const BASE: &str = "https://localhost:8443";
const GRAPH: &str = "https%3A%2F%2Fgraph.microsoft.com";
const ARM: &str = "https%3A%2F%2Fmanagement.azure.com";

fn world() -> World {
    let clock = Clock::fixed(Time::parse("2026-11-21T12:00:00Z").unwrap());
    let mut world = World::empty(Tenant { id: Uuid::parse_str(TENANT).unwrap(), name: None }, clock);
    let (id, app_id) = (Uuid::from_u128(1), Some(Uuid::parse_str(APP).unwrap()));
    world.service_principals.insert(
        id,
        ServicePrincipal {
            id,
            name: "Pipeline".to_owned(),
            app_id,
            enabled: Some(true),
            sort: None,
            owners: Vec::new(),
            extra: Extra::new(),
        },
    );
    world.runner = Some(Uuid::from_u128(2));
    world
}

fn request(method: Method, target: &str, headers: &[(&str, &str)], text: &str) -> Request {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Request::new(method, BASE, target, headers, text.to_owned()).unwrap()
}

fn ask(identity: &Identity, method: Method, target: &str, body: &str) -> Told {
    identity.told(&request(method, target, &[], body), &world())
}

fn token(identity: &Identity, client: &str, resource: &str) -> String {
    let body = format!("grant_type=client_credentials&client_id={client}&client_secret=x&scope={resource}%2F.default");
    let (status, told) = ask(identity, Method::POST, &format!("/{TENANT}/oauth2/v2.0/token"), &body);
    assert_eq!(status, 200, "{told}");
    told["access_token"].as_str().unwrap().to_owned()
}

fn check(identity: &Identity, token: &str, service: Audience, world: &World) -> Result<Caller, String> {
    let request = request(Method::GET, "/", &[("authorization", &format!("Bearer {token}"))], "");
    identity.caller(&request, service, world).map_err(|failure| {
        assert_eq!(failure.status, 401);
        failure.code
    })
}

#[test]
fn a_token_says_who_calls_and_is_good_for_its_service_and_its_time_only() {
    let identity = Identity::new(TENANT).unwrap();
    let token = token(&identity, APP, GRAPH);
    let mut world = world();
    assert_eq!(check(&identity, &token, Audience::Graph, &world).unwrap().id, Uuid::from_u128(1));
    let foreign = check(&identity, &token, Audience::Arm, &world).unwrap_err();
    assert_eq!(foreign, "InvalidAuthenticationTokenAudience");
    world.clock.advance(3599);
    assert_eq!(check(&identity, &token, Audience::Arm, &world).unwrap_err(), "ExpiredAuthenticationToken");
    let none = identity.caller(&request(Method::GET, "/", &[], ""), Audience::Arm, &world).unwrap_err();
    assert_eq!((none.status, none.code.as_str()), (401, "AuthenticationFailed"));
}

#[test]
fn an_unknown_client_is_the_runner_and_the_own_address_is_good_for_both_services() {
    let identity = Identity::new(TENANT).unwrap();
    let token = token(&identity, "other", "https%3A%2F%2Flocalhost%3A8443");
    for service in [Audience::Graph, Audience::Arm] {
        assert_eq!(check(&identity, &token, service, &world()).unwrap().id, Uuid::from_u128(2));
    }
}

#[test]
fn a_token_of_another_emulator_and_a_changed_one_are_refused() {
    let (one, other) = (Identity::new(TENANT).unwrap(), Identity::new(TENANT).unwrap());
    let token = token(&one, APP, ARM);
    assert_eq!(check(&other, &token, Audience::Arm, &world()).unwrap_err(), "InvalidAuthenticationToken");
    let (head, rest) = token.split_once('.').unwrap();
    let forged = check(&one, &format!("{head}.e{rest}"), Audience::Arm, &world());
    assert_eq!(forged.unwrap_err(), "InvalidAuthenticationToken");
}

#[test]
fn two_tokens_of_one_second_differ() {
    let identity = Identity::new(TENANT).unwrap();
    assert_ne!(token(&identity, APP, ARM), token(&identity, APP, ARM));
}

#[test]
fn metadata_come_as_an_array_or_an_object_by_version_and_lead_back_here() {
    let identity = Identity::new(TENANT).unwrap();
    let versions = [("2019-05-01", true), ("2020-06-01", true), ("2022-09-01", false), ("2022-12-01", false)];
    for (version, array) in versions {
        let (status, told) = ask(&identity, Method::GET, &format!("/metadata/endpoints?api-version={version}"), "");
        let cloud = if array { &told[0] } else { &told };
        assert_eq!((status, cloud["resourceManager"].as_str()), (200, Some(BASE)));
        assert_eq!(cloud["authentication"]["loginEndpoint"], BASE);
        assert_eq!(cloud["microsoftGraphResourceId"], BASE);
    }
    assert_eq!(ask(&identity, Method::GET, "/metadata/endpoints?api-version=1999-01-01", "").0, 400);
    assert_eq!(ask(&identity, Method::GET, "/metadata/endpoints", "").0, 400);
}

#[test]
fn what_a_token_needs_is_named_when_it_is_missing() {
    let identity = Identity::new(TENANT).unwrap();
    let path = format!("/{TENANT}/oauth2/v2.0/token");
    for (body, status, error) in [
        ("", 400, "invalid_request"),
        ("grant_type=device_code", 400, "unsupported_grant_type"),
        ("grant_type=client_credentials", 400, "invalid_request"),
        ("grant_type=client_credentials&client_id=a&scope=x/.default", 401, "invalid_client"),
        ("grant_type=client_credentials&client_id=a&client_secret=b", 400, "invalid_scope"),
        ("grant_type=client_credentials&client_id=a&client_secret=b&scope=User.Read", 400, "invalid_scope"),
    ] {
        let told = ask(&identity, Method::POST, &path, body);
        assert_eq!((told.0, told.1["error"].as_str()), (status, Some(error)), "{body}");
    }
    assert_eq!(ask(&identity, Method::POST, "/other/oauth2/v2.0/token", "").1["error_codes"][0], 90002);
}

#[test]
fn a_managed_identity_needs_its_header() {
    let identity = Identity::new(TENANT).unwrap();
    let path = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/";
    assert_eq!(ask(&identity, Method::GET, path, "").0, 400);
    let (status, told) = identity.told(&request(Method::GET, path, &[("metadata", "true")], ""), &world());
    assert_eq!(status, 200);
    let token = told["access_token"].as_str().unwrap();
    assert_eq!(check(&identity, token, Audience::Arm, &world()).unwrap().id, Uuid::from_u128(2));
}

#[test]
fn identity_owns_its_paths_and_leaves_those_of_the_services_alone() {
    let mine = |path: &str| is_mine(&path.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>());
    for path in ["metadata/endpoints", "common/discovery/instance", "t/v2.0/.well-known/x", "t/oauth2/token"] {
        assert!(mine(path), "{path}");
    }
    for path in ["v1.0/users", "subscriptions/oauth2", "providers/discovery/x", "beta/oauth2", ""] {
        assert!(!mine(path), "{path}");
    }
}
