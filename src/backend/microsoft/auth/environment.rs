//! The variables of the environment that say who the run is.

use std::collections::BTreeMap;
use std::fmt;

use super::Secret;

/// The variables that choosing a credential looks at, read once by the command line. An empty one counts as not set, as
/// pipelines like to leave them.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<&'static str, Secret>);

macro_rules! variables {
    ($($constant:ident = $name:literal: $doc:literal;)*) => {
        impl Environment {
            $(#[doc = $doc] pub const $constant: &'static str = $name;)*

            /// Every variable that is looked at.
            pub const VARIABLES: &'static [&'static str] = &[$($name),*];
        }
    };
}

variables! {
    TENANT_ID = "AZURE_TENANT_ID": "The tenant to sign in to.";
    CLIENT_ID = "AZURE_CLIENT_ID": "The application to sign in as; for a managed identity, which one.";
    CLIENT_SECRET = "AZURE_CLIENT_SECRET": "The application's secret.";
    CERTIFICATE_PATH = "AZURE_CLIENT_CERTIFICATE_PATH": "A PEM file with the application's certificate and its key.";
    CERTIFICATE_CHAIN = "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN":
        "`1` or `true` sends the chain along, for applications that trust a subject name and issuer.";
    FEDERATED_TOKEN_FILE = "AZURE_FEDERATED_TOKEN_FILE": "Where Kubernetes puts the token of the service account.";
    GITHUB_URL = "ACTIONS_ID_TOKEN_REQUEST_URL": "Where a GitHub job with `id-token: write` gets its token.";
    GITHUB_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "What the GitHub job shows there.";
    PIPELINE_URL = "SYSTEM_OIDCREQUESTURI": "Where an Azure DevOps job gets its token.";
    PIPELINE_TOKEN = "SYSTEM_ACCESSTOKEN": "What the Azure DevOps job shows there; pipelines must map it in.";
    PIPELINE_CONNECTION = "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "The service connection, set by the Azure tasks.";
    PIPELINE_CLIENT = "AZURESUBSCRIPTION_CLIENT_ID": "The application of the service connection.";
    PIPELINE_TENANT = "AZURESUBSCRIPTION_TENANT_ID": "The tenant of the service connection.";
    IDENTITY_ENDPOINT = "IDENTITY_ENDPOINT": "Set where a managed identity is offered by App Service or Container Apps.";
}

impl Environment {
    /// Reads every variable with a function that looks one up.
    pub fn read(look: impl Fn(&str) -> Option<String>) -> Self {
        let set = Self::VARIABLES.iter().filter_map(|name| {
            let value = look(name)?;
            (!value.trim().is_empty()).then(|| (*name, Secret::new(value)))
        });
        Self(set.collect())
    }

    /// The value of a variable, if it is set.
    pub(super) fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }

    /// The text of a variable, if it is set.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).map(Secret::reveal)
    }

    /// Whether all of these are set.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.0.contains_key(name))
    }
}

impl fmt::Debug for Environment {
    /// The names only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
