//! What a service refused, in the words of the user. Graph nests the errors of PIM in one of its own
//! (docs/service.md: failures-4); some codes count more than their status (docs/service.md: failures-5).

use std::fmt;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::super::BackendError;
use super::permission::{Permission, needed};
use super::redact;
use crate::diag::visible;

/// The longest message of a service that is passed on, in characters.
const LONGEST_MESSAGE: usize = 600;

/// A request that did not come to what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceError {
    /// What was asked, so that it reads well after "cannot": `list the eligible assignments of directory roles`.
    pub asked: String,
    /// The method of the request.
    pub method: &'static str,
    /// The path of the request, with its query.
    pub path: String,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// The code of the error, unpacked where the service nests it.
    pub code: Option<String>,
    /// What the service said, or what went wrong on the way.
    pub message: String,
    /// The id by which Microsoft finds the request.
    pub request_id: Option<String>,
    /// What sort of failure it is.
    pub kind: ErrorKind,
    /// A way out that only the place of the failure knows. See [`ServiceError::help`] for all of them.
    pub hint: Option<String>,
}

/// What sort of failure it is. Finer distinctions are made by [`ServiceError::code_is`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The identity may not do this (403).
    Denied,
    /// There is no token, or it was not accepted (401).
    Unauthenticated,
    /// What it is about does not exist (404).
    NotFound,
    /// It contradicts what is there (409).
    Conflict,
    /// Still throttled after every repeat (429, 503 with a `Retry-After`).
    Throttled,
    /// The tenant lacks the licence.
    Unlicensed,
    /// PIM was never opened in this tenant.
    NeverOpened,
    /// The service failed (5xx).
    Unavailable,
    /// There was no answer in time. A write may have been carried out.
    TimedOut,
    /// The service could not be reached, or the connection broke. A write may have been carried out.
    Transport,
    /// The service understood, and refused (other 4xx).
    Refused,
    /// The answer makes no sense.
    Unexpected,
    /// The reading takes more than it may.
    TooMuch,
}

impl ErrorKind {
    fn of(status: u16, code: Option<&str>) -> Self {
        let code_is = |known: &str| code.is_some_and(|code| code.eq_ignore_ascii_case(known));
        // Codes first: the service gives some of them with a status that says less.
        if code_is("AadPremiumLicenseRequired") {
            return Self::Unlicensed;
        }
        if code_is("MissingProvider") {
            return Self::NeverOpened;
        }
        match status {
            401 => Self::Unauthenticated,
            403 => Self::Denied,
            404 => Self::NotFound,
            409 => Self::Conflict,
            429 => Self::Throttled,
            408 | 500..=599 => Self::Unavailable,
            400..=499 => Self::Refused,
            _ => Self::Unexpected,
        }
    }
}

impl ServiceError {
    /// A failure of a request.
    pub fn new(method: &'static str, path: &str, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            asked: asked(method, path),
            method,
            path: path.to_owned(),
            status: None,
            code: None,
            message: message.into(),
            request_id: None,
            kind,
            hint: None,
        }
    }

    /// A GET whose answer makes no sense.
    pub fn unexpected(path: &str, message: impl Into<String>) -> Self {
        Self::new("GET", path, ErrorKind::Unexpected, message)
    }

    /// From an answer with a status that is not 2xx.
    pub fn answered(
        method: &'static str,
        path: &str,
        status: u16,
        body: Option<&Value>,
        request_id: Option<String>,
    ) -> Self {
        let said = Said::of(body);
        let kind = ErrorKind::of(status, said.code.as_deref());
        Self {
            status: Some(status),
            code: said.code,
            request_id: request_id.or(said.request_id),
            ..Self::new(method, path, kind, said.message)
        }
    }

    /// Whether the service gave this code. Codes are compared without case.
    pub fn code_is(&self, code: &str) -> bool {
        self.code.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(code))
    }

    /// Whether a write may have been carried out although it failed: nobody knows.
    pub fn leaves_in_doubt(&self) -> bool {
        matches!(self.kind, ErrorKind::TimedOut | ErrorKind::Transport | ErrorKind::Unavailable)
    }

    /// The same error, with other words for what was asked.
    #[must_use]
    pub fn asked(mut self, asked: impl Into<String>) -> Self {
        self.asked = asked.into();
        self
    }

    /// With a way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What the identity lacks, as far as it can be told: what the service named, otherwise what the request needs at
    /// least. Names of Graph permissions, or actions of Azure.
    pub fn missing(&self) -> Vec<String> {
        if self.kind != ErrorKind::Denied {
            return Vec::new();
        }
        if let Some((_, list)) = self.message.split_once("missing permission scope") {
            let names = list.split([',', ' ']).map(|name| name.trim_matches(['.', '\'', '"']));
            let names: Vec<String> = names.filter(|name| name.contains('.')).map(str::to_owned).collect();
            if !names.is_empty() {
                return names;
            }
        }
        if let Some(action) = quoted_after(&self.message, "perform action") {
            return vec![action.to_owned()];
        }
        match needed(self.method, &self.path) {
            Some(Permission::Graph(permission)) => vec![permission.name.to_owned()],
            Some(Permission::Azure(actions)) => actions.iter().map(|action| (*action).to_owned()).collect(),
            None => Vec::new(),
        }
    }

    /// A way out, for the help line of a message.
    pub fn help(&self) -> Option<String> {
        if self.hint.is_some() {
            return self.hint.clone();
        }
        let text = match self.kind {
            ErrorKind::Denied => return Some(self.help_denied()),
            ErrorKind::Unauthenticated => {
                "sign in again, and check that the sign-in is for this tenant and its cloud (`--auth`, `tenant.cloud`)"
            }
            ErrorKind::Throttled => "run the command again in a few minutes; what was done stays done",
            ErrorKind::Unlicensed => {
                "get licences of Microsoft Entra ID P2 or Microsoft Entra ID Governance for the tenant, or leave out of the \
                 files what needs them"
            }
            ErrorKind::NeverOpened => {
                "open Privileged Identity Management in the Microsoft Entra admin center once, as Privileged Role \
                 Administrator, then run the command again"
            }
            ErrorKind::Unavailable => {
                "run the command again later; if it stays so, tell Microsoft's support the request id"
            }
            ErrorKind::TimedOut | ErrorKind::Transport => "check the network, then run the command again",
            ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::Refused
            | ErrorKind::Unexpected
            | ErrorKind::TooMuch => return None,
        };
        Some(text.to_owned())
    }

    /// What the service said, without what was asked and without what differs from one repeat to the next.
    pub fn said(&self) -> String {
        let status = self.status.map(|status| status.to_string());
        let code = self.code.as_deref().map(|code| visible(code).into_owned());
        let answer = [status, code].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let message = shown(&self.message);
        match (message.is_empty(), answer.is_empty()) {
            (false, false) => format!("{message} ({answer})"),
            (false, true) => message,
            (true, _) => answer,
        }
    }

    fn help_denied(&self) -> String {
        let missing: Vec<String> = self.missing().iter().map(|name| format!("`{}`", visible(name))).collect();
        let Some(first) = missing.first() else {
            return "see `pimform permissions` for what the identity needs".to_owned();
        };
        if first.contains('/') {
            let scope = quoted_after(&self.message, "over scope").map(|scope| format!(" at `{}`", visible(scope)));
            return format!(
                "give the identity an Azure role with {} {}{}; `pimform permissions` lists all it needs",
                if missing.len() == 1 { "the action" } else { "the actions" },
                missing.join(", "),
                scope.unwrap_or_default(),
            );
        }
        format!(
            "grant the application {} of Microsoft Graph, with admin consent; `pimform permissions` lists all it needs",
            missing.join(" or "),
        )
    }

    /// What the failure means, where the message of the service needs an introduction.
    fn verdict(&self) -> Option<&'static str> {
        Some(match self.kind {
            ErrorKind::Denied => "the identity of this run may not do that",
            ErrorKind::Unauthenticated if self.status.is_some() => "the service does not accept the token",
            ErrorKind::NotFound => "the service does not find it",
            ErrorKind::Conflict => "it contradicts what is there",
            ErrorKind::Throttled => "the service was asked to do too much, and still asks to slow down",
            ErrorKind::Unlicensed => "the tenant has no licence for it",
            ErrorKind::NeverOpened => "Privileged Identity Management was never opened in this tenant",
            ErrorKind::Unavailable => "the service failed",
            ErrorKind::Refused => "the service refuses",
            ErrorKind::Unexpected => "the answer makes no sense",
            ErrorKind::Unauthenticated | ErrorKind::TimedOut | ErrorKind::Transport | ErrorKind::TooMuch => {
                return None;
            }
        })
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}", self.asked)?;
        if let Some(verdict) = self.verdict() {
            write!(f, ": {verdict}")?;
        }
        let status = self.status.map(|status| status.to_string());
        let id = self.request_id.as_ref().map(|id| format!("request id {}", visible(id)));
        let code = self.code.as_deref().map(|code| visible(code).into_owned());
        let answer: Vec<String> = [status, code].into_iter().flatten().collect();
        let facts: Vec<String> = (!answer.is_empty()).then(|| answer.join(" ")).into_iter().chain(id).collect();
        if !facts.is_empty() {
            write!(f, " ({})", facts.join(", "))?;
        }
        let message = shown(&self.message);
        if message.is_empty() { Ok(()) } else { write!(f, ": {message}") }
    }
}

impl std::error::Error for ServiceError {}

impl From<ServiceError> for BackendError {
    fn from(error: ServiceError) -> Self {
        Self::Service(Box::new(error))
    }
}

/// What the body of a failure says.
struct Said {
    code: Option<String>,
    message: String,
    request_id: Option<String>,
}

impl Said {
    /// Graph and ARM both answer `{"error": {"code", "message"}}`. PIM sometimes packs its own error, as JSON, into the
    /// message of an `UnknownError`.
    fn of(body: Option<&Value>) -> Self {
        let Some(body) = body else {
            return Self { code: None, message: String::new(), request_id: None };
        };
        let error = body.get("error").filter(|error| error.is_object()).unwrap_or(body);
        let message = text(error, &["message", "Message"]).unwrap_or_default();
        let inner = error.get("innerError").or_else(|| error.get("innererror"));
        let outer = Self {
            code: text(error, &["code"]).filter(|code| !code.is_empty()).map(str::to_owned),
            message: redact::text(message, &[]),
            request_id: inner.and_then(|inner| text(inner, &["request-id"])).map(str::to_owned),
        };
        match serde_json::from_str::<Value>(message) {
            Ok(nested) if nested.is_object() => {
                let nested = nested.get("error").filter(|error| error.is_object()).unwrap_or(&nested);
                Self {
                    code: text(nested, &["errorCode", "code"]).map(str::to_owned).or(outer.code),
                    message: redact::text(text(nested, &["message"]).unwrap_or_default(), &[]),
                    request_id: outer.request_id,
                }
            }
            _ => outer,
        }
    }
}

fn text<'a>(value: &'a Value, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| value.get(name)).and_then(Value::as_str)
}

/// What a request asked, for whoever has no better words.
fn asked(method: &str, path: &str) -> String {
    let verb = match method {
        "GET" => "read",
        "PATCH" => "change",
        "DELETE" => "remove",
        "PUT" => "write",
        _ => "post to",
    };
    let path = percent_decode_str(path).decode_utf8_lossy();
    format!("{verb} `{}`", visible(&path))
}

/// The words in quotes after a phrase, as ARM names the action and the scope that it denies.
fn quoted_after<'a>(text: &'a str, phrase: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(phrase)?;
    let (_, rest) = rest.split_once('\'')?;
    rest.split_once('\'').map(|(quoted, _)| quoted)
}

/// A message of a service, made fit for a sentence of ours.
fn shown(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(LONGEST_MESSAGE).collect();
    if short.len() < line.len() {
        short.push_str(" ...");
    } else {
        short.truncate(short.trim_end_matches('.').len());
    }
    visible(&short).into_owned()
}

#[cfg(test)]
mod tests;
