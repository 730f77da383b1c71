//! `$batch`: up to 20 requests in one, each answered for itself.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Map, Value, json};

use super::answer::wrong_method;
use super::body::{Fields, invalid};
use crate::emulator::wire::{Reply, Request, ServiceFailure};

/// The most requests in a batch.
const MOST: usize = 20;

/// One request of a batch.
struct Part {
    id: String,
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
    depends_on: Vec<String>,
}

/// Answers a batch. `answer` answers one request as if it had come alone.
pub(super) fn answer(request: &Request, mut answer: impl FnMut(&Request) -> Reply) -> Result<Reply, ServiceFailure> {
    if request.method != Method::POST {
        return Err(wrong_method(request));
    }
    let parts = read(request)?;
    let mut statuses: BTreeMap<String, u16> = BTreeMap::new();
    let mut responses = Vec::new();
    for part in &parts {
        let failed = part.depends_on.iter().any(|id| statuses.get(id).is_none_or(|status| *status >= 400));
        let reply = if failed {
            let message = "A request that this one depends on failed.";
            let now = crate::emulator::world::Time::parse("1970-01-01T00:00:00Z");
            let failure = ServiceFailure::new(424, "FailedDependency", message);
            now.map_or_else(|| failure.arm(), |now| failure.graph(&part.id, None, now))
        } else {
            single(request, part, &mut answer)
        };
        statuses.insert(part.id.clone(), reply.status);
        responses.push(response(&part.id, reply));
    }
    // The service answers in any order.
    responses.reverse();
    Ok(Reply::json(200, json!({ "responses": responses })))
}

fn single(request: &Request, part: &Part, answer: &mut impl FnMut(&Request) -> Reply) -> Reply {
    let version = request.path.first().map_or("v1.0", String::as_str);
    let target = format!("/{version}/{}", part.url.trim_start_matches('/'));
    // Who calls is said once, around all of them.
    let outer = request.headers.iter().filter(|(name, _)| name == "authorization").cloned();
    let headers = part.headers.iter().cloned().chain(outer).collect();
    match Request::new(part.method.clone(), &request.base, &target, headers, part.body.clone()) {
        Ok(inner) if inner.path.iter().any(|segment| segment == "$batch") => {
            ServiceFailure::new(400, "BadRequest", "A batch cannot hold another batch.").arm()
        }
        Ok(inner) => answer(&inner),
        Err(failure) => failure.arm(),
    }
}

fn response(id: &str, reply: Reply) -> Value {
    let mut headers: Map<String, Value> =
        reply.headers.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
    if reply.body.is_some() {
        headers.insert("Content-Type".to_owned(), "application/json".into());
    }
    let mut response = json!({ "id": id, "status": reply.status, "headers": headers });
    if let (Value::Object(response), Some(body)) = (&mut response, reply.body) {
        response.insert("body".to_owned(), body);
    }
    response
}

fn read(request: &Request) -> Result<Vec<Part>, ServiceFailure> {
    let mut fields = Fields::new("batch", request.json()?)?;
    let list = fields.list("requests")?.ok_or_else(|| invalid("A batch needs 'requests'."))?;
    fields.finish()?;
    if list.is_empty() {
        return Err(invalid("A batch needs at least one request."));
    }
    if list.len() > MOST {
        return Err(invalid(format!("Number of batch request steps exceeds the maximum value of {MOST}.")));
    }
    let mut parts: Vec<Part> = Vec::new();
    for value in list {
        let part = part(value)?;
        if parts.iter().any(|other| other.id == part.id) {
            return Err(invalid(format!("The id '{}' occurs twice in the batch.", part.id)));
        }
        if let Some(id) = part.depends_on.iter().find(|id| !parts.iter().any(|other| other.id == **id)) {
            return Err(invalid(format!("Request '{}' depends on '{id}', which does not stand before it.", part.id)));
        }
        parts.push(part);
    }
    Ok(parts)
}

fn part(value: Value) -> Result<Part, ServiceFailure> {
    let mut fields = Fields::new("batchRequestStep", value)?;
    let method = fields.required("method")?.to_ascii_uppercase();
    let known = ["GET", "POST", "PATCH", "PUT", "DELETE"];
    let method = Method::from_bytes(method.as_bytes()).ok().filter(|method| known.contains(&method.as_str()));
    let headers = match fields.take("headers") {
        None => Vec::new(),
        Some(Value::Object(headers)) => headers
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str().unwrap_or_default().to_owned()))
            .collect(),
        Some(_) => return Err(invalid("'headers' is no object.")),
    };
    let body = fields.take("body");
    if body.is_some() && !headers.iter().any(|(name, _)| name == "content-type") {
        return Err(invalid("A request with a body needs a Content-Type header."));
    }
    let part = Part {
        id: fields.required("id")?,
        method: method.ok_or_else(|| invalid("A request of the batch has a method that is not known."))?,
        url: fields.required("url")?,
        headers,
        body: body.map(|body| body.to_string()).unwrap_or_default(),
        depends_on: fields.texts("dependsOn")?.unwrap_or_default(),
    };
    // Microsoft's client for Python spells it so, and the service passes over it.
    // docs/service.md: bodies-3
    fields.take("depends_on");
    fields.finish()?;
    Ok(part)
}
