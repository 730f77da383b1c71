//! A service that gives the answers it is told to. What it was not told about is an empty collection.
#![expect(clippy::needless_pass_by_value, reason = "the values are made where they are passed")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::MicrosoftReader;
use crate::backend::microsoft::auth::{AuthError, Credential, Secret, Token, TokenSource};
use crate::backend::microsoft::{Cloud, Endpoints, Options, VirtualTime};

pub(super) const TENANT: &str = "3bb427c1-a1da-459d-aad1-245c92010b38";

/// When everything is read: 2026-11-21 00:00 UTC.
pub(super) const NOW: i64 = 1_795_219_200;

/// What to answer where the decoded target of a request contains a text; the first that fits counts.
#[derive(Clone, Default)]
pub(in crate::backend::microsoft) struct Stub {
    answers: Vec<(String, u16, Value)>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    pub(in crate::backend::microsoft) fn list(self, needle: &str, items: Value) -> Self {
        self.answer(needle, 200, json!({ "value": items }))
    }

    pub(in crate::backend::microsoft) fn fails(self, needle: &str, status: u16, code: &str) -> Self {
        let message = format!("{code} was said");
        self.answer(needle, status, json!({ "error": { "code": code, "message": message } }))
    }

    pub(in crate::backend::microsoft) fn answer(mut self, needle: &str, status: u16, body: Value) -> Self {
        self.answers.push((needle.to_owned(), status, body));
        self
    }

    /// Answers what another one answers where this one has no answer.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.answers.extend(other.answers);
        self
    }

    /// What was asked, parts of batches one by one.
    pub(in crate::backend::microsoft) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// How often something that contains this was asked.
    pub(super) fn count(&self, needle: &str) -> usize {
        self.asked().iter().filter(|asked| asked.contains(needle)).count()
    }

    /// Starts it, and a reader of it.
    pub(in crate::backend::microsoft) async fn reader(&self) -> MicrosoftReader {
        MicrosoftReader::new(self.options().await).unwrap()
    }

    /// Starts it.
    pub(in crate::backend::microsoft) async fn options(&self) -> Options {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = axum::Router::new().fallback(handle).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let credential = Credential::for_emulator(Arc::new(Somebody));
        let mut options = Options::new(Cloud::Public, Endpoints::same(&url).unwrap(), credential);
        options.pause = Arc::new(VirtualTime::new(Timestamp::from_second(NOW).unwrap()));
        options
    }

    fn find(&self, target: &str) -> (u16, Value) {
        let target = percent_encoding::percent_decode_str(target).decode_utf8().unwrap().into_owned();
        let found = self.answers.iter().find(|(needle, ..)| target.contains(needle));
        let found = found.map_or_else(|| (200, json!({ "value": [] })), |(_, status, body)| (*status, body.clone()));
        self.asked.lock().unwrap().push(target);
        found
    }
}

async fn handle(State(stub): State<Stub>, request: Request) -> Response {
    let target = request.uri().to_string();
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let (status, answer) = if target.ends_with("/$batch") {
        let asked: Value = serde_json::from_slice(&body).unwrap();
        let answers = asked["requests"].as_array().unwrap().iter().map(|part| {
            let (status, body) = stub.find(&format!("/v1.0{}", part["url"].as_str().unwrap()));
            json!({ "id": part["id"], "status": status, "body": body })
        });
        (200, json!({ "responses": answers.collect::<Vec<_>>() }))
    } else {
        stub.find(&target)
    };
    let headers = [("content-type", "application/json"), ("request-id", "77777777-0000-4000-8000-000000000000")];
    (StatusCode::from_u16(status).unwrap(), headers, answer.to_string()).into_response()
}

/// The service principal 9, of the application 99.
struct Somebody;

#[async_trait]
impl TokenSource for Somebody {
    async fn token(&self, _: &str) -> Result<Token, AuthError> {
        let claims =
            json!({ "tid": TENANT, "oid": super::tests::guid(9), "appid": super::tests::guid(99) }).to_string();
        let secret = Secret::new(format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims)));
        Ok(Token { secret, expires: Timestamp::MAX })
    }
}

/// The rules as nobody has changed them, with what both services call the same.
pub(super) fn rules(max_hours: u32) -> Value {
    let mut rules = vec![
        json!({ "id": "Expiration_Admin_Eligibility", "isExpirationRequired": false, "maximumDuration": "P365D" }),
        json!({ "id": "Enablement_Admin_Eligibility", "enabledRules": [] }),
        json!({ "id": "Expiration_Admin_Assignment", "isExpirationRequired": false, "maximumDuration": "P180D" }),
        json!({ "id": "Enablement_Admin_Assignment", "enabledRules": ["Justification"] }),
        json!({ "id": "Expiration_EndUser_Assignment", "isExpirationRequired": true,
            "maximumDuration": format!("PT{max_hours}H") }),
        json!({ "id": "Enablement_EndUser_Assignment", "enabledRules": ["Justification"] }),
        json!({ "id": "Approval_EndUser_Assignment", "setting": { "isApprovalRequired": false } }),
        json!({ "id": "AuthenticationContext_EndUser_Assignment", "isEnabled": false, "claimValue": null }),
    ];
    for recipient in ["Admin", "Requestor", "Approver"] {
        for place in ["Admin_Eligibility", "Admin_Assignment", "EndUser_Assignment"] {
            rules.push(json!({ "id": format!("Notification_{recipient}_{place}"), "notificationLevel": "All",
                "isDefaultRecipientsEnabled": true, "notificationRecipients": [] }));
        }
    }
    Value::from(rules)
}
