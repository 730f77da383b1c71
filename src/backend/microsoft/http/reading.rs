//! Looking, within what the reading may take.

use std::ops::Deref;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use url::Url;

use super::budget::Budget;
use super::exchange::{Answer, Ask};
use super::{Repeat, Service, Transport};
use crate::backend::microsoft::error::{ErrorKind, ServiceError};

/// A transport that only looks, and the budget of the reading.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) transport: &'a Transport,
    pub(super) budget: Option<&'a Budget>,
}

impl Deref for Reading<'_> {
    type Target = Transport;

    fn deref(&self) -> &Transport {
        self.transport
    }
}

impl Reading<'_> {
    /// One object, or one page.
    pub(super) async fn get(&self, service: Service, path: &str) -> Result<Body, ServiceError> {
        self.look(service, &Method::GET, &self.address(service, path)?, path, None).await
    }

    /// The page that a link of an earlier page names.
    pub(super) async fn get_link(&self, service: Service, path: &str, link: &str) -> Result<Body, ServiceError> {
        let own = self.address(service, path)?;
        let broken = |what: &str| ServiceError::unexpected(path, format!("the link to its next page {what}"));
        let url = Url::parse(link).map_err(|_| broken("is no address"))?;
        if url.origin() != own.origin() || !url.username().is_empty() || url.password().is_some() {
            return Err(broken("points to another host, where the token must not go"));
        }
        let shown = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        self.look(service, &Method::GET, &url, &shown, None).await
    }

    /// A POST on Graph that changes nothing.
    pub(super) async fn post_to_read(&self, path: &str, body: &Value) -> Result<Body, ServiceError> {
        let url = self.address(Service::Graph, path)?;
        self.look(Service::Graph, &Method::POST, &url, path, Some(body)).await
    }

    /// Waits, but not for longer than the reading may take.
    pub(super) async fn wait(&self, length: Duration) {
        let left = self.budget.map_or(length, |budget| budget.left(self.pause.elapsed()));
        self.pause.pause(length.min(left)).await;
    }

    async fn look(
        &self,
        service: Service,
        method: &Method,
        url: &Url,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Body, ServiceError> {
        let ask = Ask { service, method, url, path, body, repeat: Repeat::Safe, budget: self.budget };
        let Answer { status, bytes, signs } = self.send(ask).await?;
        let body = Body { method: ask.method_name(), path: path.to_owned(), request_id: signs.request_id, bytes };
        if status == 200 {
            Ok(body)
        } else {
            Err(body.senseless(format!("its status is {status}, so it may not be whole")))
        }
    }
}

/// The body of an answer, as it came: what is in it is built piece by piece.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) request_id: Option<String>,
    pub(super) bytes: Vec<u8>,
}

impl Body {
    /// The error when it makes no sense.
    pub(super) fn senseless(&self, what: impl Into<String>) -> ServiceError {
        let mut error = ServiceError::new(self.method, &self.path, ErrorKind::Unexpected, what);
        error.request_id.clone_from(&self.request_id);
        error
    }

    /// The error when it is not JSON.
    pub(super) fn no_json(&self) -> ServiceError {
        self.senseless(if self.bytes.is_empty() { "it is empty" } else { "it is not JSON" })
    }

    /// The one object that it is.
    pub(super) fn object(&self) -> Result<Value, ServiceError> {
        if self.bytes.len() > LARGEST_PIECE {
            return Err(self.senseless(format!("it is larger than {} MB, which no object is", LARGEST_PIECE >> 20)));
        }
        serde_json::from_slice(&self.bytes).map_err(|_| self.no_json())
    }
}

/// The largest object, or row of a page, that is built. In memory it may take fifty times its text.
pub(super) const LARGEST_PIECE: usize = 4 << 20;
