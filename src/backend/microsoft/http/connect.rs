//! The client under the transport, and what it means when it gets no answer.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use url::Url;

use super::effort::Setback;
use crate::backend::microsoft::error::{ErrorKind, ServiceError};
use crate::backend::microsoft::tls;

/// How long to try to connect.
const CONNECT: Duration = Duration::from_secs(10);

/// How a client is built.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Connection<'a> {
    /// More certificates to trust, in PEM.
    pub(in super::super) trusted: Option<&'a [u8]>,
    /// Whether everything is on this machine, which no proxy can reach.
    pub(in super::super) loopback: bool,
    /// Whether http is allowed.
    pub(in super::super) plain: bool,
    /// How long one attempt may take, the body of the answer included.
    pub(in super::super) timeout: Duration,
}

impl Connection<'_> {
    /// The client. The reason why there is none is a text for people.
    pub(in super::super) fn client(self) -> Result<reqwest::Client, String> {
        tls::install();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("pimform/", env!("CARGO_PKG_VERSION")))
            // A redirect would take the token elsewhere, and neither service uses any.
            .redirect(reqwest::redirect::Policy::none())
            // Repeating is decided in one place, which is not there.
            .retry(reqwest::retry::never())
            .https_only(!self.plain)
            .connect_timeout(CONNECT)
            .timeout(self.timeout);
        if self.loopback {
            builder = builder.no_proxy();
        }
        if let Some(pem) = self.trusted {
            let certificates = reqwest::Certificate::from_pem_bundle(pem)
                .ok()
                .filter(|list| !list.is_empty())
                .ok_or("the certificates to trust are not in PEM form")?;
            builder = builder.tls_certs_merge(certificates);
        }
        builder.build().map_err(|error| format!("cannot prepare TLS: {}", root(&error)))
    }
}

/// What it means that there is no answer.
pub(super) fn lost(
    method: &'static str,
    path: &str,
    url: &Url,
    error: &reqwest::Error,
    timeout: Duration,
) -> (Setback, ServiceError) {
    let host = url.host_str().unwrap_or_default();
    let place = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let setback = if error.is_connect() { Setback::Unsent } else { Setback::Unsure };
    let failure = |kind, message: String, hint: &str| ServiceError::new(method, path, kind, message).hint(hint);
    let told = if error.is_timeout() && !error.is_connect() {
        let message = format!("`{place}` did not answer within {} s", timeout.as_secs());
        failure(ErrorKind::TimedOut, message, "run the command again; if it stays so, check the network")
    } else if error.is_dns() {
        failure(
            ErrorKind::Transport,
            format!("there is no host `{host}`, or its name cannot be looked up"),
            "check the network and the endpoint; behind a proxy, set `HTTPS_PROXY`",
        )
    } else if let Some(problem) = find::<rustls::Error>(error) {
        failure(
            ErrorKind::Transport,
            format!("no trusted connection to `{place}`: {}", certificate_problem(problem)),
            "add the authority that signed the server's certificate to those that this machine trusts; for the emulator, \
             give its certificate",
        )
    } else {
        let refused = find::<io::Error>(error).is_some_and(|cause| cause.kind() == io::ErrorKind::ConnectionRefused);
        let message = if refused {
            format!("nothing answers at `{place}`")
        } else if error.is_connect() {
            format!("cannot connect to `{place}`: {}", root(error))
        } else {
            format!("the connection to `{place}` broke: {}", root(error))
        };
        failure(ErrorKind::Transport, message, "check the network, the endpoint and the proxy (`HTTPS_PROXY`)")
    };
    (setback, told)
}

fn certificate_problem(problem: &rustls::Error) -> String {
    use rustls::CertificateError as C;
    match problem {
        rustls::Error::InvalidCertificate(C::UnknownIssuer) => "nobody trusted signed its certificate".to_owned(),
        rustls::Error::InvalidCertificate(C::Expired | C::ExpiredContext { .. }) => {
            "its certificate has expired".to_owned()
        }
        rustls::Error::InvalidCertificate(C::NotValidForName | C::NotValidForNameContext { .. }) => {
            "its certificate is for another name".to_owned()
        }
        other => other.to_string(),
    }
}

/// The first cause of a kind. An I/O error hides what it wraps, sometimes another I/O error, from those who ask for causes.
fn find<E: std::error::Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut cause = error.source();
    while let Some(source) = cause {
        if let Some(found) = source.downcast_ref() {
            return Some(found);
        }
        cause = match source.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => source.source(),
        };
    }
    None
}

/// The last cause, which says what happened; those above it say what was being done.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
