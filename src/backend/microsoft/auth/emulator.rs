//! Tokens of the emulator on this machine.
#![expect(clippy::disallowed_methods, reason = "this is the shell: a token lives from now on")]

use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use url::Url;

use super::{AuthError, Environment, Secret, Token, TokenSource};
use crate::backend::microsoft::cloud::Endpoints;
use crate::backend::microsoft::http::Connection;

/// Asks the emulator's token endpoint, as an application with a secret would. What it sends is no secret.
pub(super) struct EmulatorSource {
    client: reqwest::Client,
    address: Url,
    application: String,
}

/// Which tenant to ask, where nobody names one. The emulator has one only.
const ANY_TENANT: &str = "common";
/// Who asks, where nobody is named.
const NOBODY: &str = "pimform";

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expires_in: i64,
}

impl EmulatorSource {
    /// The source at the emulator's endpoint for Graph.
    pub(super) fn new(
        endpoints: &Endpoints,
        tenant: Option<String>,
        environment: &Environment,
        trusted: Option<&[u8]>,
    ) -> Result<Self, AuthError> {
        if !endpoints.are_loopback() {
            return Err(AuthError::new(
                "the emulator's credential is good for endpoints on this machine only",
                "give the emulator's address for both services, or choose another `--auth`",
            ));
        }
        let tenant = tenant.unwrap_or_else(|| ANY_TENANT.to_owned());
        let mut address = endpoints.graph.clone();
        address.set_path(&format!("/{tenant}/oauth2/v2.0/token"));
        let connection = Connection { trusted, loopback: true, plain: true, timeout: Duration::from_secs(30) };
        let client =
            connection.client().map_err(|what| AuthError::new(what, "give the emulator's certificate in PEM"))?;
        let application = environment.text(Environment::CLIENT_ID).unwrap_or(NOBODY).to_owned();
        Ok(Self { client, address, application })
    }
}

/// Whether a connection failed for the certificate of the other side.
fn distrusted(error: &reqwest::Error) -> bool {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.into_iter().any(|cause| {
        cause.is::<rustls::Error>() || cause.to_string().to_ascii_lowercase().contains("invalid peer certificate")
    })
}

#[async_trait]
impl TokenSource for EmulatorSource {
    async fn token(&self, audience: &str) -> Result<Token, AuthError> {
        let failed = |what: &str| {
            AuthError::new(
                format!("the emulator at `{}` gives no token: {what}", self.address.origin().ascii_serialization()),
                "start it with `pimform emulator`, and check its address",
            )
        };
        let scope = format!("{audience}/.default");
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", self.application.as_str()),
            ("client_secret", "not-a-secret"),
            ("scope", scope.as_str()),
        ];
        let response = self.client.post(self.address.clone()).form(&form).send().await;
        let response = response.map_err(|error| match () {
            () if distrusted(&error) => AuthError {
                help: Some(
                    "name the file of `pimform emulator --tls --ca-out FILE` with `--ca-certificate FILE`".to_owned(),
                ),
                ..failed("its certificate is not trusted")
            },
            () if error.is_connect() => failed("nothing answers there"),
            () => failed("the connection broke"),
        })?;
        let status = response.status();
        if !status.is_success() {
            return Err(failed(&format!("it answers with status {}", status.as_u16())));
        }
        let answer: Answer = response.json().await.map_err(|_| failed("the answer makes no sense"))?;
        let life = SignedDuration::from_secs(answer.expires_in);
        let expires = Timestamp::now().checked_add(life).unwrap_or(Timestamp::MAX);
        Ok(Token { secret: Secret::new(answer.access_token), expires })
    }
}
