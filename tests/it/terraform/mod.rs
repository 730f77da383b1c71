//! What Terraform's azuread and azurerm providers ask of the services for their PIM resources, played request by request
//! against the emulator: the paths, the spelling of the options, the bodies, the conditions that they wait for, and the
//! fields of the answers that they cannot do without.
//!
//! The providers themselves are not needed for it. What they send was read from their public sources.

mod azuread;
mod azurerm;
mod directory;
mod startup;

use std::future::Future;

use pimform::emulator::{Emulator, Options, Running};
use reqwest::Method;
use serde_json::{Value, json};

/// Where the emulator's clock stands when a test begins.
const START: &str = "2026-11-21T12:00:00Z";
const TENANT: &str = "5c1c4a36-9a0e-4d0c-9c55-0c8f3f0f7c11";
const RUNNER: &str = "b9d7f0a1-52f3-4a3c-8f0e-6c1f6f1f2d10";
const RUNNER_APP: &str = "0c2f52a6-0f4e-4f4f-9df7-3c8bb1d0a001";
const SUBSCRIPTION: &str = "/subscriptions/c50263ce-5259-4a3c-a74c-860b1f88e997";
const APPLICATION_ADMINISTRATOR: &str = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const ACR_PULL: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";
const PIM: &str = "2020-10-01";

/// The tenant: an application that runs Terraform, a subscription, a few roles. At the subscription the role `AcrPull`
/// may be assigned for ever, as the providers' own tests need it.
fn tenant() -> String {
    let for_ever = json!({
        "eligible_assignment": { "expire_after": "never" }, "active_assignment": { "expire_after": "never" },
    });
    let tenant = json!({
        "format": "pimform-tenant", "version": 1, "tenant": { "id": TENANT, "name": "Contoso" }, "runner": RUNNER,
        "users": [{ "id": "0b7f8a52-6a3e-4a64-8a39-5d6f0d3a8e01", "name": "Ada", "upn": "ada@contoso.example" }],
        "service_principals": [{ "id": RUNNER, "name": "sp-terraform", "app_id": RUNNER_APP }],
        "subscriptions": [{ "id": SUBSCRIPTION.trim_start_matches("/subscriptions/"), "name": "Production" }],
        "directory_roles": [{ "id": APPLICATION_ADMINISTRATOR, "name": "Application Administrator" }],
        "azure_roles": [{ "id": CONTRIBUTOR, "name": "Contributor" }, { "id": ACR_PULL, "name": "AcrPull" }],
        "targets": [{ "scope": SUBSCRIPTION, "role": ACR_PULL, "settings": for_ever }],
    });
    tenant.to_string()
}

/// A provider that has signed in.
struct Provider {
    emulator: Running,
    http: reqwest::Client,
    token: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        crate::traffic::keep_without_read_only(&self.emulator);
    }
}

/// An answer.
struct Answer {
    what: String,
    status: u16,
    body: Value,
}

impl Provider {
    /// Starts an emulator and signs in for a service, as the providers do.
    async fn start() -> Self {
        // A process has one source of cryptography; whoever comes first sets it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = Options { now: Some(START.to_owned()), log: true, ..Options::new(tenant()) };
        let emulator = Emulator::start(options).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut provider = Self { emulator, http, token: String::new() };
        provider.token = provider.sign_in(&format!("{}/.default", provider.emulator.url())).await;
        provider
    }

    /// A token for a scope, with the form that the providers send.
    async fn sign_in(&self, scope: &str) -> String {
        let url = format!("{}/{TENANT}/oauth2/v2.0/token", self.emulator.url());
        let form = [
            ("client_id", RUNNER_APP),
            ("client_secret", "any"),
            ("grant_type", "client_credentials"),
            ("scope", scope),
        ];
        let answer = self.http.post(url).header("Accept", "application/json").form(&form).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(answer["token_type"], "Bearer");
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// Sends a request with the headers that the providers' client sends.
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let what = format!("{method} {path}");
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.emulator.url()))
            .header("Content-Type", "application/json; charset=utf-8")
            .header("Accept", "application/json; charset=utf-8; IEEE754Compatible=false; odata.metadata=full")
            .header("OData-Version", "4.0")
            .header("OData-MaxVersion", "4.0");
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let json = answer
            .headers()
            .get("content-type")
            .is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.starts_with("application/json")));
        let text = answer.text().await.unwrap();
        assert!(text.is_empty() || json, "{what}: the client chooses its decoder by the content type");
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        Answer { what, status, body }
    }

    async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, path, Some(body)).await
    }

    async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, Some(body)).await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None).await
    }

    /// A list, page after page by the links of the service.
    async fn list(&self, path: &str) -> Vec<Value> {
        let mut entries = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let page = self.get(&path).await.expect(200);
            entries.extend(page["value"].as_array().unwrap().iter().cloned());
            let link = page.get("@odata.nextLink").or_else(|| page.get("nextLink"));
            next = link.map(|link| {
                let link = link.as_str().expect("a link is text or is left out");
                link.strip_prefix(&self.emulator.url()).expect("a link stays on the host").to_owned()
            });
        }
        entries
    }

    /// Waits until something holds some times in a row, a few seconds apart, as the providers do. The clock is the
    /// emulator's.
    async fn wait_until<F: Future<Output = bool>>(&self, seconds: u64, in_a_row: usize, holds: impl Fn() -> F) {
        let mut held = 0;
        for _ in 0..60 {
            held = if holds().await { held + 1 } else { 0 };
            if held == in_a_row {
                return;
            }
            self.emulator.advance(seconds);
        }
        panic!("what the provider waits for does not come about");
    }

    /// Waits until an object is gone: five answers 404 in a row.
    async fn wait_until_gone(&self, path: &str) {
        self.wait_until(5, 5, || async { self.get(path).await.status == 404 }).await;
    }

    /// Waits until an object answers: as often in a row as the slowest of the providers' versions asks.
    async fn wait_until_there(&self, path: &str) {
        self.wait_until(5, 5, || async { self.get(path).await.status == 200 }).await;
    }
}

impl Answer {
    /// The body, if the status is the one that the client waits for.
    #[track_caller]
    fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.what, self.body);
        self.body
    }

    /// The refusal must have this status and this code, which the providers compare.
    #[track_caller]
    fn refused(self, status: u16, code: &str) {
        assert_eq!((self.status, self.body["error"]["code"].as_str()), (status, Some(code)), "{}", self.what);
        assert!(self.body["error"]["message"].is_string(), "{}", self.what);
    }
}

/// A path with its options as the providers' language writes them: sorted, names and values encoded, `+` for a blank.
fn url(path: &str, options: &[(&str, &str)]) -> String {
    let mut options = options.to_vec();
    options.sort_unstable();
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(options).finish();
    format!("{path}?{query}")
}

/// The text of a field.
#[track_caller]
fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("{pointer} is text in {value}")).to_owned()
}
