//! The ways to sign in, and which one is taken.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::azure::{self, Application};
use super::certificate::Certificate;
use super::emulator::EmulatorSource;
use super::federated::{GitHub, Pipelines};
use super::{AuthError, Credential, Environment, TokenSource};
use crate::backend::microsoft::cloud::{Cloud, Endpoints};
use crate::model::TenantId;

/// A way to sign in: `--auth`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuthMethod {
    /// The first of the others that is set up.
    #[default]
    Auto,
    /// The emulator's own tokens.
    Emulator,
    /// A secret of an application.
    ClientSecret,
    /// A certificate of an application.
    ClientCertificate,
    /// A token that Kubernetes puts into a file.
    WorkloadIdentity,
    /// A token of a GitHub Actions job.
    GitHub,
    /// A token of an Azure DevOps job.
    AzureDevOps,
    /// The identity of the machine or service that this runs on.
    ManagedIdentity,
    /// Whoever is signed in to the Azure CLI.
    AzureCli,
}

impl AuthMethod {
    /// Every way, in the order in which [`AuthMethod::Auto`] looks for them. It takes the first that is set up: what
    /// somebody configured for this run comes before what the machine has anyway.
    pub const ALL: [Self; 9] = [
        Self::Auto,
        Self::Emulator,
        Self::ClientSecret,
        Self::ClientCertificate,
        Self::WorkloadIdentity,
        Self::GitHub,
        Self::AzureDevOps,
        Self::ManagedIdentity,
        Self::AzureCli,
    ];

    /// Its name for `--auth`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Emulator => "emulator",
            Self::ClientSecret => "client-secret",
            Self::ClientCertificate => "client-certificate",
            Self::WorkloadIdentity => "workload-identity",
            Self::GitHub => "github",
            Self::AzureDevOps => "azure-devops",
            Self::ManagedIdentity => "managed-identity",
            Self::AzureCli => "azure-cli",
        }
    }

    /// One line for the help: what it is, and what it reads.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Auto => "the first of the others, in this order, that is set up",
            Self::Emulator => "the emulator's own tokens; taken when both endpoints are on this machine",
            Self::ClientSecret => "an application with a secret: AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_CLIENT_SECRET",
            Self::ClientCertificate => {
                "an application with a certificate: AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_CLIENT_CERTIFICATE_PATH (PEM)"
            }
            Self::WorkloadIdentity => {
                "a Kubernetes workload: AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_FEDERATED_TOKEN_FILE"
            }
            Self::GitHub => {
                "a GitHub Actions job with `id-token: write`: AZURE_CLIENT_ID, AZURE_TENANT_ID; taken when \
                 ACTIONS_ID_TOKEN_REQUEST_URL is set"
            }
            Self::AzureDevOps => {
                "an Azure DevOps job with a service connection: SYSTEM_ACCESSTOKEN mapped into an Azure task"
            }
            Self::ManagedIdentity => {
                "a managed identity, a user-assigned one by AZURE_CLIENT_ID; taken when IDENTITY_ENDPOINT is set, so name \
                 it on a virtual machine"
            }
            Self::AzureCli => "whoever is signed in with `az login`",
        }
    }
}

impl fmt::Display for AuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for AuthMethod {
    type Err = AuthError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|method| method.name() == text).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|method| method.name()).collect();
            AuthError::new(format!("there is no way to sign in named `{text}`"), format!("one of {}", names.join(", ")))
        })
    }
}

/// Everything that signing in depends on.
#[derive(Clone, Copy, Debug)]
pub struct SignIn<'a> {
    /// How.
    pub method: AuthMethod,
    /// What the environment says.
    pub environment: &'a Environment,
    /// Whose authority is asked.
    pub cloud: Cloud,
    /// Where the services answer.
    pub endpoints: &'a Endpoints,
    /// The tenant that the policy files name. The environment comes first.
    pub tenant: Option<TenantId>,
    /// More certificates to trust, in PEM: the emulator's.
    pub trusted: Option<&'a [u8]>,
}

/// Which way was taken, to be told: `{method} ({because})`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The way; never [`AuthMethod::Auto`].
    pub method: AuthMethod,
    /// Why this one.
    pub because: &'static str,
}

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.method, self.because)
    }
}

impl SignIn<'_> {
    /// Which way is taken. Asks nobody.
    pub fn choose(&self) -> Chosen {
        if self.method != AuthMethod::Auto {
            return Chosen { method: self.method, because: "as asked for" };
        }
        let found = AuthMethod::ALL.into_iter().find_map(|method| Some((method, self.set_up(method)?)));
        let (method, because) = found.unwrap_or((AuthMethod::AzureCli, "nothing else is set up"));
        Chosen { method, because }
    }

    /// Why a way is set up, if it is.
    fn set_up(&self, method: AuthMethod) -> Option<&'static str> {
        use Environment as E;
        let has = |names: &[&str]| self.environment.has(names);
        let (is, because) = match method {
            AuthMethod::Emulator => (self.endpoints.are_loopback(), "both endpoints are on this machine"),
            AuthMethod::ClientSecret => (has(&[E::CLIENT_SECRET]), "AZURE_CLIENT_SECRET is set"),
            AuthMethod::ClientCertificate => (has(&[E::CERTIFICATE_PATH]), "AZURE_CLIENT_CERTIFICATE_PATH is set"),
            AuthMethod::WorkloadIdentity => (has(&[E::FEDERATED_TOKEN_FILE]), "AZURE_FEDERATED_TOKEN_FILE is set"),
            // A job that signs the Azure CLI in itself may get such tokens too, but does not say for which application.
            AuthMethod::GitHub => {
                (has(&[E::GITHUB_URL, E::CLIENT_ID]), "ACTIONS_ID_TOKEN_REQUEST_URL and AZURE_CLIENT_ID are set")
            }
            AuthMethod::AzureDevOps => (
                has(&[E::PIPELINE_URL, E::PIPELINE_CONNECTION, E::PIPELINE_TOKEN]),
                "SYSTEM_OIDCREQUESTURI and SYSTEM_ACCESSTOKEN are set",
            ),
            AuthMethod::ManagedIdentity => (has(&[E::IDENTITY_ENDPOINT]), "IDENTITY_ENDPOINT is set"),
            AuthMethod::AzureCli | AuthMethod::Auto => (false, ""),
        };
        is.then_some(because)
    }

    /// The credential, and which way it is. Asks nobody yet, but reads the files that it needs.
    pub fn credential(&self) -> Result<(Credential, Chosen), AuthError> {
        use Environment as E;
        let chosen = self.choose();
        let cloud = self.cloud;
        let source: Arc<dyn TokenSource> = match chosen.method {
            AuthMethod::Auto | AuthMethod::AzureCli => azure::cli(self.tenant()),
            AuthMethod::ManagedIdentity => azure::managed_identity(self.environment.text(E::CLIENT_ID)),
            AuthMethod::ClientSecret => {
                let secret = self.environment.get(E::CLIENT_SECRET).ok_or_else(|| self.lacks(E::CLIENT_SECRET))?;
                azure::client_secret(self.application()?, cloud, secret.clone())
            }
            AuthMethod::WorkloadIdentity => {
                azure::workload_identity(self.application()?, cloud, self.value(E::FEDERATED_TOKEN_FILE)?)
            }
            AuthMethod::ClientCertificate => {
                let application = self.application()?;
                let chain = self.environment.text(E::CERTIFICATE_CHAIN);
                let certificate = Certificate::read(self.value(E::CERTIFICATE_PATH)?)?
                    .with_chain(chain.is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true")));
                azure::assertion(chosen.method, application.clone(), cloud, certificate.assertion(&application, cloud))
            }
            AuthMethod::GitHub => {
                let token = self.environment.get(E::GITHUB_TOKEN).ok_or_else(|| self.lacks(E::GITHUB_TOKEN))?;
                let job = GitHub::new(self.value(E::GITHUB_URL)?, token.clone())?;
                azure::assertion(chosen.method, self.application()?, cloud, job)
            }
            AuthMethod::AzureDevOps => {
                let token = self.environment.get(E::PIPELINE_TOKEN).ok_or_else(|| self.lacks(E::PIPELINE_TOKEN))?;
                let client = self.environment.text(E::PIPELINE_CLIENT).or(self.environment.text(E::CLIENT_ID));
                let tenant = self.environment.text(E::PIPELINE_TENANT).map(str::to_owned).or_else(|| self.tenant());
                let application = Application {
                    tenant: tenant.ok_or_else(|| self.lacks(E::PIPELINE_TENANT))?,
                    client: client.ok_or_else(|| self.lacks(E::PIPELINE_CLIENT))?.to_owned(),
                };
                let connection = self.value(E::PIPELINE_CONNECTION)?;
                let job = Pipelines::new(self.value(E::PIPELINE_URL)?, connection, token.clone())?;
                azure::assertion(chosen.method, application, cloud, job)
            }
            AuthMethod::Emulator => {
                let source = EmulatorSource::new(self.endpoints, self.tenant(), self.environment, self.trusted)?;
                return Ok((Credential::for_emulator(Arc::new(source)), chosen));
            }
        };
        Ok((Credential::new(source), chosen))
    }

    fn tenant(&self) -> Option<String> {
        let named = self.environment.text(Environment::TENANT_ID).map(str::to_owned);
        named.or_else(|| self.tenant.map(|tenant| tenant.to_string()))
    }

    fn application(&self) -> Result<Application, AuthError> {
        Ok(Application {
            tenant: self.tenant().ok_or_else(|| self.lacks(Environment::TENANT_ID))?,
            client: self.value(Environment::CLIENT_ID)?.to_owned(),
        })
    }

    fn value(&self, name: &str) -> Result<&str, AuthError> {
        self.environment.text(name).ok_or_else(|| self.lacks(name))
    }

    fn lacks(&self, name: &str) -> AuthError {
        AuthError::new(
            format!("`{name}` is not set, which signing in with `{}` needs", self.choose().method),
            "set it, or choose another way with `--auth`",
        )
    }
}
