//! One request and its answer, without repeating.

use std::time::Duration;

use http::HeaderName;
use reqwest::{Method, header};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::budget::Budget;
use super::effort::Setback;
use super::headers::Signs;
use super::transport::Transport;
use super::{Repeat, Service, connect};
use crate::backend::microsoft::auth::Token;
use crate::backend::microsoft::error::{ErrorKind, ServiceError};
use crate::backend::microsoft::redact;

/// The largest body of an answer, after decompression. A whole subscription's policies took 3 MB in a recording.
pub(super) const LARGEST: usize = 64 << 20;

/// A request.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) service: Service,
    pub(super) method: &'a Method,
    pub(super) url: &'a Url,
    /// As it is named in messages and in the trace.
    pub(super) path: &'a str,
    pub(super) body: Option<&'a Value>,
    pub(super) repeat: Repeat,
    /// What the reading that it belongs to may take; a change belongs to none.
    pub(super) budget: Option<&'a Budget>,
}

/// An answer, of any status.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) bytes: Vec<u8>,
    pub(super) signs: Signs,
}

/// No answer.
pub(super) struct Lost {
    /// Whether it may be sent again; nothing when that would come to the same.
    pub(super) setback: Option<Setback>,
    pub(super) error: ServiceError,
}

impl Ask<'_> {
    /// The method, for messages.
    pub(super) fn method_name(&self) -> &'static str {
        match *self.method {
            Method::GET => "GET",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            _ => "POST",
        }
    }

    /// Sends it once.
    pub(super) async fn once(&self, transport: &Transport, token: &Token) -> Result<Answer, Lost> {
        let result = self.exchange(transport, token).await;
        transport.count(result.as_ref().map_or(0, |answer| answer.bytes.len()));
        if let Some(trace) = &transport.trace {
            let answer = result.as_ref().ok().map(|answer| (answer.status, answer.bytes.as_slice()));
            trace.write(self.method_name(), self.path, self.body, answer, &[token.secret.reveal()]);
        }
        result
    }

    async fn exchange(&self, transport: &Transport, token: &Token) -> Result<Answer, Lost> {
        let lost = |error: reqwest::Error| {
            let (setback, error) = connect::lost(self.method_name(), self.path, self.url, &error, transport.timeout);
            Lost { setback: Some(setback), error }
        };
        let mut request = transport
            .client
            .request(self.method.clone(), self.url.clone())
            .header(header::ACCEPT, "application/json")
            .header(own_id_header(self.service), transport.next_id().to_string())
            .bearer_auth(token.secret.reveal());
        if let Some(body) = self.body {
            request = request.json(body);
        } else if *self.method != Method::GET {
            request = request.header(header::CONTENT_LENGTH, "0");
        }
        let mut response = request.send().await.map_err(lost)?;
        let status = response.status().as_u16();
        let now = transport.pause.now();
        let signs = Signs::read(response.headers(), now);
        transport.observe(self.service, &signs, now);
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if bytes.len() + chunk.len() > transport.largest {
                return Err(self.senseless(format!("it is larger than {} MB", transport.largest >> 20)));
            }
            self.take(transport, chunk.len())?;
            bytes.extend_from_slice(&chunk);
        }
        if let Some(budget) = self.budget {
            budget.answered();
        }
        Ok(Answer { status, bytes: without(bytes, token), signs })
    }

    /// Counts what came in against the budget.
    fn take(&self, transport: &Transport, bytes: usize) -> Result<(), Lost> {
        let Some(budget) = self.budget else { return Ok(()) };
        let taken = budget.take(self.method_name(), self.path, bytes, transport.pause.elapsed());
        taken.map_err(|error| Lost { setback: None, error })
    }

    /// Whether it may be sent, by the budget.
    pub(super) fn may_go(&self, transport: &Transport) -> Result<(), ServiceError> {
        self.budget.map_or(Ok(()), |budget| budget.ask(self.method_name(), self.path, transport.pause.elapsed()))
    }

    fn senseless(&self, message: String) -> Lost {
        let error = ServiceError::new(self.method_name(), self.path, ErrorKind::Unexpected, message);
        Lost { setback: None, error }
    }

    /// The error when the service is held back for too long to wait. Nothing was sent.
    pub(super) fn not_now(&self, wait: Duration) -> ServiceError {
        let message = format!("it asked not to be asked for another {} s", wait.as_secs());
        ServiceError::new(self.method_name(), self.path, ErrorKind::Throttled, message).hint(come_back(wait))
    }

    /// The error that an answer with such a status is.
    pub(super) fn refused(&self, answer: &Answer) -> ServiceError {
        let body = serde_json::from_slice(&answer.bytes).ok();
        let id = answer.signs.request_id.clone();
        let mut error = ServiceError::answered(self.method_name(), self.path, answer.status, body.as_ref(), id);
        if matches!(answer.status, 300..=399) {
            error.message = String::from("it points to another address, where the token must not go");
        }
        if Setback::of(answer.status, answer.signs.retry_after).is_some_and(|it| matches!(it, Setback::Throttled(_))) {
            error.kind = ErrorKind::Throttled;
            if let Some(wait) = answer.signs.retry_after.filter(|wait| *wait > Duration::from_secs(60)) {
                error.hint = Some(come_back(wait));
            }
        }
        error
    }
}

/// What to do when the service says when.
fn come_back(wait: Duration) -> String {
    format!("run the command again in {} s; what was done stays done", wait.as_secs())
}

/// A body without the token, should a server send it back: it is shown in errors and written to traces.
fn without(bytes: Vec<u8>, token: &Token) -> Vec<u8> {
    match std::str::from_utf8(&bytes) {
        Ok(text) if text.contains(token.secret.reveal()) => redact::text(text, &[token.secret.reveal()]).into_bytes(),
        _ => bytes,
    }
}

/// Under which name each service takes an id of ours, to find the request by.
fn own_id_header(service: Service) -> HeaderName {
    match service {
        Service::Graph => HeaderName::from_static("client-request-id"),
        Service::Arm => HeaderName::from_static("x-ms-client-request-id"),
    }
}

/// Ids for requests, different in each run and each time.
pub(super) fn own_id(run: u128, number: u64) -> Uuid {
    Uuid::new_v5(&Uuid::from_u128(run), &number.to_be_bytes())
}
