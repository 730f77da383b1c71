//! What comes in and what goes out, free of sockets.

use http::Method;
use serde_json::{Value, json};

use crate::emulator::world::Time;

/// A request, decoded.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The verb.
    pub(crate) method: Method,
    /// Where this server can be reached, such as `http://127.0.0.1:8080`: the start of the links in its answers.
    pub(crate) base: String,
    /// Path and query as they came.
    pub(crate) target: String,
    /// The segments of the path, decoded. Empty segments are left out: the service tolerates doubled slashes.
    pub(crate) path: Vec<String>,
    /// The options of the query in their order, names and values decoded.
    pub(crate) query: Vec<(String, String)>,
    /// The headers, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body as it came.
    pub(crate) text: String,
}

impl Request {
    /// From the parts of an HTTP request. `target` is path and query.
    pub(crate) fn new(
        method: Method,
        base: &str,
        target: &str,
        headers: Vec<(String, String)>,
        text: String,
    ) -> Result<Self, ServiceFailure> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path.split('/').filter(|segment| !segment.is_empty()).map(|segment| decode(segment, false));
        let query = query.split('&').filter(|option| !option.is_empty()).map(|option| {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            Ok((decode(name, true)?, decode(value, true)?))
        });
        Ok(Self {
            method,
            base: base.to_owned(),
            target: target.to_owned(),
            path: path.collect::<Result<_, _>>()?,
            query: query.collect::<Result<_, _>>()?,
            headers,
            text,
        })
    }

    /// The value of a header; `name` in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The value of a query option; the name compares without case.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(option, _)| option.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Path and query, decoded and joined again, to look for a word in.
    pub(crate) fn decoded(&self) -> String {
        let query = self.query.iter().map(|(name, value)| format!("{name}={value}"));
        format!("/{}?{}", self.path.join("/"), query.collect::<Vec<_>>().join("&"))
    }

    /// The path as slices, to match on.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<Value, ServiceFailure> {
        serde_json::from_str(&self.text).map_err(|_| {
            ServiceFailure::new(
                400,
                "BadRequest",
                "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid \
                 JSON format.",
            )
        })
    }
}

/// Decodes `%41`, and in a query also `+`.
fn decode(text: &str, plus_is_space: bool) -> Result<String, ServiceFailure> {
    let text = if plus_is_space { text.replace('+', " ") } else { text.to_owned() };
    percent_encoding::percent_decode_str(&text).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| {
        ServiceFailure::new(400, "BadRequest", "The request URI is not valid: it is not UTF-8 once it is decoded.")
    })
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: u16,
    /// Headers besides those that every answer has.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, always JSON; none for an empty one.
    pub(crate) body: Option<Value>,
}

impl Reply {
    /// A JSON answer.
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body) }
    }

    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: None }
    }

    /// The same with a header.
    pub(crate) fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// A refusal, before it is rendered the way a service renders it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ServiceFailure {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The service's code.
    pub(crate) code: String,
    /// The service's text.
    pub(crate) message: String,
    /// Headers such as `Retry-After`.
    pub(crate) headers: Vec<(String, String)>,
    /// True for the refusals of PIM that Graph wraps as a JSON text in `message`, with `UnknownError` as the code.
    pub(crate) nested: bool,
}

impl ServiceFailure {
    /// A refusal.
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), headers: Vec::new(), nested: false }
    }

    /// What this emulator does not know although the service may.
    pub(crate) fn not_implemented(what: impl Into<String>) -> Self {
        Self::new(501, "NotImplemented", format!("The emulator does not know {}.", what.into()))
    }

    /// The same with a header.
    pub(crate) fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Wrapped as PIM on Graph sometimes wraps it.
    pub(crate) fn nested(mut self) -> Self {
        self.nested = true;
        self
    }

    /// As Graph says it.
    pub(crate) fn graph(&self, request_id: &str, client_request_id: Option<&str>, now: Time) -> Reply {
        let (code, message) = if self.nested {
            let inner = json!({ "errorCode": self.code, "message": self.message, "instanceAnnotations": [] });
            ("UnknownError", inner.to_string())
        } else {
            (self.code.as_str(), self.message.clone())
        };
        let body = json!({ "error": { "code": code, "message": message, "innerError": {
            "date": now.seconds_without_offset(),
            "request-id": request_id,
            "client-request-id": client_request_id.unwrap_or(request_id),
        } } });
        Reply { status: self.status, headers: self.headers.clone(), body: Some(body) }
    }

    /// As Azure Resource Manager says it.
    pub(crate) fn arm(&self) -> Reply {
        let body = json!({ "error": { "code": self.code, "message": self.message } });
        Reply { status: self.status, headers: self.headers.clone(), body: Some(body) }
    }
}
