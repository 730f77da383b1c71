//! Tokens that a pipeline vouches with, instead of a secret: GitHub Actions and Azure DevOps.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::ClientMethodOptions;
use azure_identity::ClientAssertion;
use serde_json::Value;
use url::Url;

use super::{AuthError, Secret};
use crate::backend::microsoft::cloud::is_loopback;
use crate::backend::microsoft::http::Connection;

/// The audience that Microsoft Entra expects (docs/service.md: sign-in-2).
const AUDIENCE: &str = "api://AzureADTokenExchange";
/// The version of the interface of Azure DevOps (docs/service.md: sign-in-3).
const PIPELINE_VERSION: &str = "7.1";

/// A job of GitHub Actions.
#[derive(Clone)]
pub(super) struct GitHub {
    address: Url,
    token: Secret,
}

impl GitHub {
    /// A job that may ask there, with this token.
    pub(super) fn new(address: &str, token: Secret) -> Result<Self, AuthError> {
        let mut address = vouching(address)?;
        address.query_pairs_mut().append_pair("audience", AUDIENCE);
        Ok(Self { address, token })
    }
}

/// A job of Azure DevOps.
#[derive(Clone)]
pub(super) struct Pipelines {
    address: Url,
    token: Secret,
}

impl Pipelines {
    /// A job that may ask there for a service connection, with this token.
    pub(super) fn new(address: &str, connection: &str, token: Secret) -> Result<Self, AuthError> {
        let mut address = vouching(address)?;
        let mut query = address.query_pairs_mut();
        query.append_pair("api-version", PIPELINE_VERSION).append_pair("serviceConnectionId", connection);
        drop(query);
        Ok(Self { address, token })
    }
}

fn vouching(address: &str) -> Result<Url, AuthError> {
    let url = Url::parse(address).ok().filter(|url| url.scheme() == "https" || is_loopback(url));
    url.ok_or_else(|| {
        AuthError::new(
            "the pipeline names no encrypted address to get its token from",
            "check how the variables of the pipeline are set",
        )
    })
}

#[async_trait]
impl ClientAssertion for GitHub {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        ask("GitHub Actions", "value", &self.address, |client| {
            client.get(self.address.clone()).bearer_auth(self.token.reveal())
        })
        .await
    }
}

#[async_trait]
impl ClientAssertion for Pipelines {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        ask("Azure DevOps", "oidcToken", &self.address, |client| {
            client
                .post(self.address.clone())
                .bearer_auth(self.token.reveal())
                .header("content-length", "0")
                // Otherwise it answers with a page to sign in.
                .header("x-tfs-fedauthredirect", "Suppress")
        })
        .await
    }
}

/// Asks a pipeline for its token, which is a member of the answer.
async fn ask(
    who: &str,
    member: &str,
    address: &Url,
    request: impl FnOnce(&reqwest::Client) -> reqwest::RequestBuilder,
) -> azure_core::Result<String> {
    let failed = |what: String| azure_core::Error::with_message(ErrorKind::Credential, format!("{who} {what}"));
    let local = is_loopback(address);
    let timeout = Duration::from_secs(30);
    let connection = Connection { trusted: None, loopback: local, plain: local, timeout };
    let client = connection.client().map_err(|problem| failed(format!("cannot be asked: {problem}")))?;
    let response =
        request(&client).send().await.map_err(|error| failed(format!("does not answer: {}", error.without_url())))?;
    let status = response.status();
    if !status.is_success() {
        return Err(failed(format!("refuses to vouch for this job (status {})", status.as_u16())));
    }
    let body: Value = response.json().await.map_err(|_| failed("answers with something else".to_owned()))?;
    match body.get(member).and_then(Value::as_str) {
        Some(token) if !token.is_empty() => Ok(token.to_owned()),
        _ => Err(failed("answers without a token".to_owned())),
    }
}

impl fmt::Debug for GitHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHub").finish_non_exhaustive()
    }
}

impl fmt::Debug for Pipelines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipelines").finish_non_exhaustive()
    }
}
