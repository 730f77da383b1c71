use serde_json::json;

use super::*;

fn shown(error: &ServiceError) -> String {
    let help = error.help().map(|help| format!("\n  help: {help}")).unwrap_or_default();
    format!("{error}{help}")
}

fn graph(status: u16, code: &str, message: &str) -> ServiceError {
    let body = json!({ "error": { "code": code, "message": message,
        "innerError": { "date": "2026-01-01T00:00:00", "request-id": "r-1", "client-request-id": "c-1" } } });
    ServiceError::answered("GET", "/v1.0/roleManagement/directory/roleEligibilitySchedules", status, Some(&body), None)
        .asked("list the eligible assignments of directory roles")
}

#[test]
fn what_the_user_is_told() {
    let nested = r#"{"errorCode":"PermissionScopeNotGranted","message":"Authorization failed due to missing permission scope RoleEligibilitySchedule.Read.Directory,RoleManagement.Read.Directory.","instanceAnnotations":[]}"#;
    let arm = "The client 'x' with object id 'y' does not have authorization to perform action 'Microsoft.Authorization/roleManagementPolicies/read' over scope '/subscriptions/s/providers/z' or the scope is invalid.";
    let arm = json!({ "error": { "code": "AuthorizationFailed", "message": arm } });
    let azure = "/subscriptions/s/providers/Microsoft.Authorization";
    let texts = [
        ("denied, the scopes are in a nested error", graph(403, "UnknownError", nested)),
        (
            "denied, nothing is named",
            graph(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
        ),
        (
            "denied by ARM",
            ServiceError::answered(
                "GET",
                &format!("{azure}/roleManagementPolicies?x"),
                403,
                Some(&arm),
                Some("r-2".to_owned()),
            ),
        ),
        (
            "denied by ARM, nothing is named",
            ServiceError::answered("PUT", &format!("{azure}/roleEligibilityScheduleRequests/g"), 403, None, None),
        ),
        ("denied, of nothing we know", ServiceError::answered("GET", "/v1.0/organization", 403, None, None)),
        ("the token", graph(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.")),
        ("not there", graph(404, "ResourceNotFound", "The resource is not found.")),
        ("there already", graph(409, "RoleAssignmentExists", "The role assignment already exists.")),
        (
            "no licence",
            graph(
                400,
                "AadPremiumLicenseRequired",
                "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
            ),
        ),
        ("PIM never opened", graph(400, "MissingProvider", "The provider is missing.")),
        ("throttled out", graph(429, "TooManyRequests", "")),
        (
            "a policy rule",
            graph(
                400,
                "RoleAssignmentRequestPolicyValidationFailed",
                "The following policy rules failed: [\"ExpirationRule\"]",
            ),
        ),
        ("the service fails", graph(500, "", "An error has occurred.")),
        ("control characters", graph(400, "Bad\u{1b}[31m", "a\nb\u{202e}c")),
        ("no JSON", ServiceError::answered("DELETE", "/v1.0/groups/g/members/m/%24ref", 400, None, None)),
        ("senseless", ServiceError::unexpected("/v1.0/a?$filter=x%20eq%20%27y%27", "it is not JSON")),
    ]
    .map(|(name, error)| format!("# {name}\n{}\n", shown(&error)));
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn nested_errors_are_unpacked() {
    let nested = r#"{"errorCode":"AcrsValidationFailed","message":"inner"}"#;
    let error = graph(400, "UnknownError", nested);
    assert_eq!((error.code.as_deref(), error.message.as_str()), (Some("AcrsValidationFailed"), "inner"));
    assert_eq!(error.request_id.as_deref(), Some("r-1"));
    assert!(error.code_is("acrsvalidationfailed") && !error.code_is("UnknownError"));
    let odd = graph(400, "UnknownError", "{not json");
    assert_eq!((odd.code.as_deref(), odd.message.as_str()), (Some("UnknownError"), "{not json"));
    let flat = ServiceError::answered("GET", "/x", 400, Some(&json!({ "code": "A", "message": "b" })), None);
    assert_eq!((flat.code.as_deref(), flat.message.as_str()), (Some("A"), "b"));
    for body in [json!(null), json!([]), json!({ "error": "x" }), json!({ "error": { "code": 1 } })] {
        let error = ServiceError::answered("GET", "/x", 400, Some(&body), None);
        assert_eq!((error.code, error.message.as_str(), error.kind), (None, "", ErrorKind::Refused));
    }
}

#[test]
fn kinds_come_of_codes_first_and_then_of_the_status() {
    for (status, kind) in [
        (400, ErrorKind::Refused),
        (401, ErrorKind::Unauthenticated),
        (403, ErrorKind::Denied),
        (404, ErrorKind::NotFound),
        (408, ErrorKind::Unavailable),
        (409, ErrorKind::Conflict),
        (429, ErrorKind::Throttled),
        (500, ErrorKind::Unavailable),
        (302, ErrorKind::Unexpected),
    ] {
        assert_eq!(graph(status, "Any", "").kind, kind, "{status}");
        assert_eq!(graph(status, "aadpremiumlicenserequired", "").kind, ErrorKind::Unlicensed);
        assert_eq!(graph(status, "MissingProvider", "").kind, ErrorKind::NeverOpened);
    }
}

#[test]
fn a_long_message_is_cut_and_an_own_hint_comes_first() {
    let error = graph(400, "A", &"word ".repeat(1000)).hint("do this");
    assert!(error.to_string().len() < 1000 && error.to_string().ends_with(" ..."));
    assert_eq!(error.help().as_deref(), Some("do this"));
}

#[test]
fn a_backend_tells_the_same() {
    let error = graph(404, "ResourceNotFound", "gone");
    let backend = crate::backend::BackendError::from(error.clone());
    assert_eq!((backend.to_string(), backend.help()), (error.to_string(), error.help()));
}
