//! An application that signs in with a certificate.
#![expect(clippy::disallowed_methods, reason = "this is the shell: it reads the certificate and the clock")]

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::ClientMethodOptions;
use azure_identity::ClientAssertion;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{RSA_PSS_SHA256, RsaKeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use uuid::Uuid;

use super::AuthError;
use super::azure::Application;
use crate::backend::microsoft::cloud::Cloud;
use crate::diag::visible;

/// How long an assertion is good, in seconds. It is used once, at once.
const LIFE: i64 = 300;

/// A certificate with its key.
#[derive(Clone)]
pub(super) struct Certificate {
    key: Arc<RsaKeyPair>,
    /// The own one first.
    chain: Vec<Vec<u8>>,
    send_chain: bool,
}

impl Certificate {
    /// Reads a PEM file with both.
    pub(super) fn read(path: &str) -> Result<Self, AuthError> {
        let bytes = std::fs::read(path).map_err(|error| {
            AuthError::new(
                format!("cannot read the certificate `{}`: {error}", visible(path)),
                "check `AZURE_CLIENT_CERTIFICATE_PATH`",
            )
        })?;
        Self::parse(path, &bytes)
    }

    /// From the content of a PEM file.
    fn parse(path: &str, bytes: &[u8]) -> Result<Self, AuthError> {
        let shown = visible(path);
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        if !text.contains("-----BEGIN") {
            return Err(AuthError::new(
                format!("`{shown}` is not a PEM file; PKCS #12 (`.pfx`, `.p12`) is not read"),
                "convert it: `openssl pkcs12 -in FILE.pfx -nodes -out FILE.pem`",
            ));
        }
        if text.contains("ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
            return Err(AuthError::new(
                format!("the key in `{shown}` is locked with a password, which is not supported"),
                "unlock it: `openssl pkey -in FILE.pem -out KEY.pem`, and put certificate and key into one file",
            ));
        }
        let incomplete = |what: &str| {
            AuthError::new(
                format!("there is no {what} in `{shown}`"),
                "put the certificate and its RSA key into one PEM file, the certificate first",
            )
        };
        let chain: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(bytes)
            .map(|certificate| certificate.map(|certificate| certificate.to_vec()))
            .collect::<Result<_, _>>()
            .map_err(|_| incomplete("certificate that can be read"))?;
        if chain.is_empty() {
            return Err(incomplete("certificate"));
        }
        let key = PrivateKeyDer::from_pem_slice(bytes).map_err(|_| incomplete("private key that can be read"))?;
        let key = match &key {
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            _ => return Err(incomplete("RSA key")),
        };
        let key = key.map_err(|_| incomplete("RSA key of 2048 bits or more"))?;
        Ok(Self { key: Arc::new(key), chain, send_chain: false })
    }

    /// Whether the whole chain is sent along.
    #[must_use]
    pub(super) fn with_chain(mut self, send: bool) -> Self {
        self.send_chain = send;
        self
    }

    /// What the application shows to sign in.
    pub(super) fn assertion(self, application: &Application, cloud: Cloud) -> Signed {
        let audience = format!("{}/{}/oauth2/v2.0/token", cloud.authority(), application.tenant);
        Signed { certificate: self, client: application.client.clone(), audience }
    }

    /// A signed JSON Web Token (docs/service.md: sign-in-4).
    fn sign(&self, client: &str, audience: &str, now: Timestamp, id: Uuid) -> Option<String> {
        let own = self.chain.first()?;
        let mut header = json!({
            "alg": "PS256",
            "typ": "JWT",
            "x5t#S256": URL_SAFE_NO_PAD.encode(digest(&SHA256, own)),
        });
        if self.send_chain {
            let chain: Vec<String> = self.chain.iter().map(|certificate| STANDARD.encode(certificate)).collect();
            header.as_object_mut()?.insert("x5c".to_owned(), json!(chain));
        }
        let now = now.as_second();
        let claims = json!({
            "aud": audience, "iss": client, "sub": client, "jti": id.to_string(), "iat": now, "nbf": now, "exp": now + LIFE,
        });
        let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// Signs a new assertion each time.
#[derive(Clone)]
pub(super) struct Signed {
    certificate: Certificate,
    client: String,
    audience: String,
}

#[async_trait]
impl ClientAssertion for Signed {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let mut bytes = [0; 16];
        let drawn = SystemRandom::new().fill(&mut bytes).ok();
        let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
        drawn.and_then(|()| self.certificate.sign(&self.client, &self.audience, Timestamp::now(), id)).ok_or_else(
            || azure_core::Error::with_message(ErrorKind::Credential, "cannot sign with the key of the certificate"),
        )
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").field("client", &self.client).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
