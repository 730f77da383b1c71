//! A token, and what it says of who it is for.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;

use crate::model::{PrincipalId, TenantId};

/// Text that is never printed: it has no `Display`, and its `Debug` says nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that sends it.
    pub(in crate::backend::microsoft) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// An access token.
#[derive(Clone, Debug)]
pub struct Token {
    /// What is sent.
    pub secret: Secret,
    /// Until when it is good.
    pub expires: Timestamp,
}

/// What a token says of whom it is for. It is read without being verified: the services verify it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Claims {
    /// The tenant.
    #[serde(rename = "tid")]
    pub tenant: Option<TenantId>,
    /// The object id of the user or service principal.
    #[serde(rename = "oid")]
    pub object: Option<PrincipalId>,
    /// The application that signed in.
    #[serde(rename = "appid")]
    pub application: Option<String>,
    /// The permissions of an application, as app roles. Only a token for Graph has them
    /// (docs/service.md: sign-in-1).
    pub roles: Option<BTreeSet<Box<str>>>,
    /// The permissions that a user gave to the application, as words with blanks between them
    /// (docs/service.md: sign-in-1).
    #[serde(rename = "scp")]
    pub scopes: Option<String>,
}

impl Claims {
    /// Reads them from a token that is a JWT; any other token says nothing.
    pub fn of(token: &Token) -> Self {
        let part = token.secret.reveal().split('.').nth(1).unwrap_or_default();
        URL_SAFE_NO_PAD.decode(part).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }
}
