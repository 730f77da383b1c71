//! Tokens: who the run is for the services.
//!
//! A [`SignIn`] picks a [`Credential`] by name or by the environment; a cache keeps one token for each service. No text
//! that leaves here has a secret in it.

mod azure;
mod cache;
mod certificate;
mod emulator;
mod environment;
mod federated;
mod method;
mod token;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

pub(super) use cache::Tokens;
pub use environment::Environment;
pub use method::{AuthMethod, Chosen, SignIn};
pub use token::{Claims, Secret, Token};

use super::redact;

/// Why there is no token. The text never has a secret in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct AuthError {
    /// What went wrong.
    pub what: String,
    /// A way out.
    pub help: Option<String>,
}

impl AuthError {
    /// A failure, with a way out.
    pub fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: redact::text(&what.into(), &[]), help: Some(help.into()) }
    }
}

/// Where tokens come from.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// A new token for an audience, such as `https://graph.microsoft.com`. Nothing is cached here.
    async fn token(&self, audience: &str) -> Result<Token, AuthError>;
}

/// A credential, ready to be asked.
#[derive(Clone)]
pub struct Credential {
    source: Arc<dyn TokenSource>,
    emulator: bool,
}

impl Credential {
    /// A credential whose tokens may only go over TLS.
    pub fn new(source: Arc<dyn TokenSource>) -> Self {
        Self { source, emulator: false }
    }

    /// A credential that is good for an emulator on this machine and for nothing else, so that its tokens may travel in
    /// the clear on it.
    pub fn for_emulator(source: Arc<dyn TokenSource>) -> Self {
        Self { source, emulator: true }
    }

    /// Whether it is one of [`Credential::for_emulator`].
    pub fn is_for_emulator(&self) -> bool {
        self.emulator
    }

    /// A new token.
    pub async fn token(&self, audience: &str) -> Result<Token, AuthError> {
        self.source.token(audience).await
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("emulator", &self.emulator).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
