//! The credentials of `azure_identity`.
//!
//! They keep tokens of their own, and would give a refused one again. So each token is asked from a new credential, and
//! [`super::Tokens`] does the keeping.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::cloud::CloudConfiguration;
use azure_core::credentials::TokenCredential;
use azure_core::http::ClientOptions;
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertion, ClientAssertionCredential,
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions, Executor,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId, WorkloadIdentityCredential,
    WorkloadIdentityCredentialOptions, new_executor,
};
use jiff::Timestamp;

use super::{AuthError, AuthMethod, Secret, Token, TokenSource};
use crate::backend::microsoft::cloud::Cloud;
use crate::backend::microsoft::{redact, tls};

/// How long a token may take, the repeats of `azure_core` included.
const LONGEST: Duration = Duration::from_secs(90);

/// An application of a tenant.
#[derive(Clone, Debug)]
pub(super) struct Application {
    /// The tenant's id.
    pub(super) tenant: String,
    /// The application's id.
    pub(super) client: String,
}

type Make = dyn Fn() -> azure_core::Result<Arc<dyn TokenCredential>> + Send + Sync;

/// Makes a credential for each token.
struct Azure {
    method: AuthMethod,
    make: Box<Make>,
    /// What must not show up in a message.
    secrets: Vec<Secret>,
}

#[async_trait]
impl TokenSource for Azure {
    async fn token(&self, audience: &str) -> Result<Token, AuthError> {
        tls::install();
        let scope = format!("{audience}/.default");
        let told = |error: azure_core::Error| tell(self.method, &error, &self.secrets);
        let credential = (self.make)().map_err(told)?;
        let scopes = [scope.as_str()];
        // Where there is no managed identity, nobody answers at all.
        let token = tokio::time::timeout(LONGEST, credential.get_token(&scopes, None)).await.map_err(|_| {
            let what = format!("`{}` gives no token: no answer within {} s", self.method, LONGEST.as_secs());
            AuthError::new(what, way_out(self.method, ""))
        })?;
        let token = token.map_err(told)?;
        let expires = Timestamp::from_second(token.expires_on.unix_timestamp()).unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(Token { secret: Secret::new(token.token.secret()), expires })
    }
}

/// Whoever is signed in to the Azure CLI, in this tenant.
pub(super) fn cli(tenant: Option<String>) -> Arc<dyn TokenSource> {
    cli_run_by(new_executor(), tenant)
}

fn cli_run_by(executor: Arc<dyn Executor>, tenant: Option<String>) -> Arc<dyn TokenSource> {
    let make = move || {
        let executor = Some(Arc::clone(&executor));
        let options = AzureCliCredentialOptions { tenant_id: tenant.clone(), executor, ..Default::default() };
        Ok(AzureCliCredential::new(Some(options))? as Arc<dyn TokenCredential>)
    };
    Arc::new(Azure { method: AuthMethod::AzureCli, make: Box::new(make), secrets: Vec::new() })
}

/// The identity of where this runs.
pub(super) fn managed_identity(client: Option<&str>) -> Arc<dyn TokenSource> {
    let id = client.map(|client| UserAssignedId::ClientId(client.to_owned()));
    let make = move || {
        let options = ManagedIdentityCredentialOptions { user_assigned_id: id.clone(), ..Default::default() };
        Ok(ManagedIdentityCredential::new(Some(options))? as Arc<dyn TokenCredential>)
    };
    Arc::new(Azure { method: AuthMethod::ManagedIdentity, make: Box::new(make), secrets: Vec::new() })
}

/// An application with a secret.
pub(super) fn client_secret(application: Application, cloud: Cloud, secret: Secret) -> Arc<dyn TokenSource> {
    with_secret(application, secret, move || options(cloud))
}

fn with_secret(
    application: Application,
    secret: Secret,
    client_options: impl Fn() -> ClientOptions + Send + Sync + 'static,
) -> Arc<dyn TokenSource> {
    let secrets = vec![secret.clone()];
    let make = move || {
        let options = ClientSecretCredentialOptions { client_options: client_options() };
        let secret = azure_core::credentials::Secret::new(secret.reveal().to_owned());
        let client = application.client.clone();
        let credential = ClientSecretCredential::new(&application.tenant, client, secret, Some(options))?;
        Ok(credential as Arc<dyn TokenCredential>)
    };
    Arc::new(Azure { method: AuthMethod::ClientSecret, make: Box::new(make), secrets })
}

/// A workload of Kubernetes, whose token is in a file.
pub(super) fn workload_identity(application: Application, cloud: Cloud, file: &str) -> Arc<dyn TokenSource> {
    let file = std::path::PathBuf::from(file);
    let make = move || {
        let options = WorkloadIdentityCredentialOptions {
            credential_options: ClientAssertionCredentialOptions { client_options: options(cloud) },
            client_id: Some(application.client.clone()),
            tenant_id: Some(application.tenant.clone()),
            token_file_path: Some(file.clone()),
        };
        Ok(WorkloadIdentityCredential::new(Some(options))? as Arc<dyn TokenCredential>)
    };
    Arc::new(Azure { method: AuthMethod::WorkloadIdentity, make: Box::new(make), secrets: Vec::new() })
}

/// An application that shows something signed instead of a secret.
pub(super) fn assertion<A: ClientAssertion + Clone + 'static>(
    method: AuthMethod,
    application: Application,
    cloud: Cloud,
    assertion: A,
) -> Arc<dyn TokenSource> {
    with_assertion(method, application, assertion, move || options(cloud))
}

fn with_assertion<A: ClientAssertion + Clone + 'static>(
    method: AuthMethod,
    application: Application,
    assertion: A,
    client_options: impl Fn() -> ClientOptions + Send + Sync + 'static,
) -> Arc<dyn TokenSource> {
    let make = move || {
        let Application { tenant, client } = application.clone();
        let options = ClientAssertionCredentialOptions { client_options: client_options() };
        let credential = ClientAssertionCredential::new(tenant, client, assertion.clone(), Some(options))?;
        Ok(credential as Arc<dyn TokenCredential>)
    };
    Arc::new(Azure { method, make: Box::new(make), secrets: Vec::new() })
}

fn options(cloud: Cloud) -> ClientOptions {
    let cloud = match cloud {
        Cloud::Public => CloudConfiguration::AzurePublic,
        Cloud::UsGov => CloudConfiguration::AzureGovernment,
        Cloud::China => CloudConfiguration::AzureChina,
    };
    ClientOptions { cloud: Some(Arc::new(cloud)), ..Default::default() }
}

/// A failure in our words: what the sign-in service said, without names of types and without secrets.
fn tell(method: AuthMethod, error: &azure_core::Error, secrets: &[Secret]) -> AuthError {
    let secrets: Vec<&str> = secrets.iter().map(Secret::reveal).collect();
    let text = redact::text(&error.to_string(), &secrets);
    let text = text.split_once("authentication failed.").map_or(text.as_str(), |(_, rest)| rest);
    let text = text.split("To troubleshoot, visit").next().unwrap_or_default();
    // What follows is for Microsoft's support, and differs each time.
    let text = text.split("Trace ID:").next().unwrap_or_default();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let help = way_out(method, &text);
    let text = text.strip_prefix("ERROR: ").unwrap_or(&text).trim_end_matches(['.', ',', ' ']);
    AuthError::new(format!("`{method}` gives no token: {text}"), help)
}

/// What to do. Codes from the list of error codes of Microsoft Entra.
fn way_out(method: AuthMethod, text: &str) -> &'static str {
    let codes = [
        ("AADSTS7000215", "the secret is wrong: set its value, not its id, in `AZURE_CLIENT_SECRET`"),
        ("AADSTS7000222", "the secret has expired: make a new one"),
        ("AADSTS700016", "there is no such application in this tenant: check `AZURE_CLIENT_ID` and `AZURE_TENANT_ID`"),
        ("AADSTS90002", "there is no such tenant in this cloud: check `AZURE_TENANT_ID` and `tenant.cloud`"),
        ("AADSTS700027", "the certificate is not one of the application's: add it to the application"),
        ("AADSTS70021", "add a federated credential to the application for this repository, branch or environment"),
        ("AADSTS700213", "add a federated credential to the application for this repository, branch or environment"),
        ("AADSTS700211", "add a federated credential with this issuer to the application"),
        ("AADSTS50076", "sign in again with `az login --tenant TENANT`, which asks for the second factor"),
        ("AADSTS50173", "sign in again with `az login --tenant TENANT`"),
        ("AADSTS700082", "sign in again with `az login --tenant TENANT`"),
    ];
    // The longer codes begin with shorter ones, so a code counts only as a whole.
    let code = |code: &str| {
        text.split_once(code).is_some_and(|(_, rest)| !rest.starts_with(|next: char| next.is_ascii_digit()))
    };
    if let Some((_, help)) = codes.iter().find(|(known, _)| code(known)) {
        return help;
    }
    match method {
        AuthMethod::AzureCli if text.contains("not found on PATH") => {
            "install the Azure CLI, or choose another way with `--auth`"
        }
        AuthMethod::AzureCli => "sign in with `az login --tenant TENANT`, or choose another way with `--auth`",
        AuthMethod::ManagedIdentity => "run it where a managed identity is, or choose another way with `--auth`",
        _ => "check what `--auth` needs, and the application in the tenant",
    }
}

#[cfg(test)]
mod tests;
