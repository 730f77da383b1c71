//! An emulator with a small tenant, and a client that knows nothing of pimform.

use std::sync::Once;

use pimform::emulator::{Emulator, Options, Running};
use serde_json::{Value, json};

/// The time that the emulator stands at.
pub(crate) const NOW: &str = "2026-11-21T12:00:00Z";
pub(crate) const TENANT: &str = "3bb427c1-a1da-459d-aad1-245c92010b38";
pub(crate) const RUNNER: &str = "47cdad4f-d8b9-4b81-90b3-84fe6d17a135";
pub(crate) const RUNNER_APP: &str = "c3c75de0-8e3c-42ed-91c8-3cc9ed906531";
pub(crate) const ADA: &str = "7a9d9691-46fc-4893-973c-43fad1272a25";
pub(crate) const GRACE: &str = "885d6f33-e40c-4fc4-a158-fb57a6e04b64";
/// A group that Ada is a member of.
pub(crate) const OPERATORS: &str = "ad5ea460-bc60-47ba-9c1e-980d9b8a7945";
pub(crate) const SUBSCRIPTION: &str = "/subscriptions/c50263ce-5259-4a3c-a74c-860b1f88e997";
pub(crate) const GROUP: &str = "/subscriptions/c50263ce-5259-4a3c-a74c-860b1f88e997/resourceGroups/App";
pub(crate) const CORE: &str = "/providers/Microsoft.Management/managementGroups/core";
pub(crate) const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
pub(crate) const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
/// A role that can be assigned in the subscription only.
pub(crate) const CUSTOM: &str = "00000000-0000-4000-8000-0000000000c0";

/// The tenant of the tests.
pub(crate) fn tenant() -> Value {
    json!({
        "format": "pimform-tenant", "version": 1, "runner": RUNNER,
        "tenant": { "id": TENANT, "name": "Contoso" },
        "users": [
            { "id": ADA, "name": "Ada Lovelace", "upn": "ada@contoso.example" },
            { "id": GRACE, "name": "Grace Hopper", "upn": "grace@contoso.example" },
        ],
        "groups": [{ "id": OPERATORS, "name": "Operators", "members": [ADA] }],
        "service_principals": [{ "id": RUNNER, "name": "sp-pimform", "app_id": RUNNER_APP }],
        "management_groups": [
            { "id": "contoso", "name": "Contoso" }, { "id": "core", "name": "Core", "parent": "contoso" },
        ],
        "subscriptions": [{ "id": SUBSCRIPTION.rsplit('/').next(), "name": "Production", "management_group": "core" }],
        "resource_groups": [GROUP],
        "directory_roles": [{ "id": "62e90394-69f5-4237-9190-012177145e10", "name": "Global Administrator" }],
        "azure_roles": [
            { "id": OWNER, "name": "Owner" },
            { "id": READER, "name": "Reader" },
            { "id": CUSTOM, "name": "Deployer", "assignable_scopes": [SUBSCRIPTION] },
        ],
        "targets": [
            { "scope": CORE, "role": READER, "eligible": [{ "principal": OPERATORS, "start": "2025-06-01T08:00:00Z" }] },
            { "scope": SUBSCRIPTION, "role": OWNER, "active": [
                { "principal": GRACE, "start": "2025-06-01T08:00:00Z", "origin": "outside_pim" },
            ] },
        ],
    })
}

/// How to start with the tenant of the tests at the time of the tests.
pub(crate) fn options() -> Options {
    Options { now: Some(NOW.to_owned()), log: true, ..Options::new(tenant().to_string()) }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The code of a refusal.
    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    /// The status and the code of a refusal.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        (self.status, self.code())
    }

    /// The entries of a list.
    pub(crate) fn entries(&self) -> &[Value] {
        self.body["value"].as_array().unwrap_or_else(|| panic!("no list: {self:?}"))
    }
}

/// An emulator and who asks it.
pub(crate) struct Client {
    pub(crate) emulator: Running,
    http: reqwest::Client,
    token: String,
}

impl Client {
    /// With the tenant of the tests.
    pub(crate) async fn start() -> Self {
        Self::with(options()).await
    }

    /// With an emulator of its own, signed in as the runner.
    pub(crate) async fn with(options: Options) -> Self {
        let emulator = Emulator::start(options).await.unwrap();
        let http = http(&emulator);
        let base = emulator.url();
        let token = token(&http, &base, &base).await;
        Self { emulator, http, token }
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.emulator.url()) };
        self.http.request(method.parse().unwrap(), url).bearer_auth(&self.token)
    }

    /// Sends a request. `path` is encoded where it must be.
    pub(crate) async fn try_send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, reqwest::Error> {
        let request = self.request(method, path);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        Self::answer(request).await
    }

    async fn answer(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        Ok(Answer { status, headers, body })
    }

    /// Sends a request that is answered.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        self.try_send(method, path, Some(&body)).await.unwrap()
    }

    /// Sends a request without a body that is answered.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.try_send("GET", path, None).await.unwrap()
    }

    /// Asks the directory for its advanced answers.
    pub(crate) async fn get_advanced(&self, path: &str) -> Answer {
        Self::answer(self.request("GET", path).header("ConsistencyLevel", "eventual")).await.unwrap()
    }

    /// The same as a user, who may have satisfied an authentication context.
    pub(crate) async fn signed_in(self, name: &str, context: Option<&str>) -> Self {
        let base = self.emulator.url();
        let claims = json!({ "access_token": { "acrs": { "essential": true, "value": context } } }).to_string();
        let scope = format!("{base}/.default");
        let form = [
            ("grant_type", "password"),
            ("client_id", RUNNER_APP),
            ("username", name),
            ("password", "anything"),
            ("scope", &scope),
            ("claims", &claims),
        ];
        let response = self.http.post(format!("{base}/{TENANT}/oauth2/v2.0/token")).form(&form).send().await.unwrap();
        let told: Value = response.json().await.unwrap();
        let token = told["access_token"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned();
        self.with_token(&token)
    }

    /// The same as another caller, or as nobody.
    pub(crate) fn with_token(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        crate::traffic::keep(&self.emulator);
    }
}

/// A client that trusts the emulator.
pub(crate) fn http(emulator: &Running) -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let builder = match emulator.ca_pem() {
        Some(pem) => builder.tls_certs_only([reqwest::Certificate::from_pem(pem.as_bytes()).unwrap()]),
        None => builder.tls_certs_only([]),
    };
    builder.build().unwrap()
}

/// A token of the runner for a resource.
pub(crate) async fn token(http: &reqwest::Client, base: &str, resource: &str) -> String {
    let scope = format!("{resource}/.default");
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", RUNNER_APP),
        ("client_secret", "anything"),
        ("scope", &scope),
    ];
    let response = http.post(format!("{base}/{TENANT}/oauth2/v2.0/token")).form(&form).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let told: Value = response.json().await.unwrap();
    told["access_token"].as_str().unwrap().to_owned()
}
