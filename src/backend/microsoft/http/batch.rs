//! Many GETs on Graph in one request.
//!
//! A batch that is answered with 200 may hold single answers that ask to come back later. Only those are sent again,
//! each after its own time.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::effort::{Effort, Setback};
use super::headers::retry_after;
use super::{Repeat, Service, Transport, paging};
use crate::backend::microsoft::error::{ErrorKind, ServiceError};

/// At most this many requests go into one batch (docs/service.md: lists-6).
const AT_ONCE: usize = 20;

/// Collections, each with all its pages.
pub(super) async fn list(transport: &Transport, paths: &[String]) -> Vec<Result<Vec<Value>, ServiceError>> {
    let firsts = get(transport, paths).await;
    let all = paths
        .iter()
        .zip(firsts)
        .map(|(path, first)| async move { paging::follow(transport, Service::Graph, path, first?).await });
    futures::future::join_all(all).await
}

/// Single objects.
pub(super) async fn get(transport: &Transport, paths: &[String]) -> Vec<Result<Value, ServiceError>> {
    // A batch is of one version, so that each has its own.
    let mut versions: BTreeMap<&str, Vec<Part<'_>>> = BTreeMap::new();
    let mut results: Vec<Option<Result<Value, ServiceError>>> = Vec::new();
    for (index, path) in paths.iter().enumerate() {
        let found = ["/v1.0", "/beta"].into_iter().find_map(|version| Some((version, path.strip_prefix(version)?)));
        match found {
            Some((version, url)) => {
                versions.entry(version).or_default().push(Part::new(index, path, url));
                results.push(None);
            }
            None => results.push(Some(Err(ServiceError::unexpected(path, "it is no address of Microsoft Graph")))),
        }
    }
    let chunks: Vec<(&str, Vec<Part<'_>>)> = versions
        .into_iter()
        .flat_map(|(version, parts)| parts.chunks(AT_ONCE).map(|chunk| (version, chunk.to_vec())).collect::<Vec<_>>())
        .collect();
    let done = chunks.into_iter().map(|(version, parts)| settle(transport, version, parts));
    for (index, result) in futures::future::join_all(done).await.into_iter().flatten() {
        if let Some(place) = results.get_mut(index) {
            *place = Some(result);
        }
    }
    let missing = |path: &String| Err(ServiceError::unexpected(path, "its part of the batch was not answered"));
    results.into_iter().zip(paths).map(|(result, path)| result.unwrap_or_else(|| missing(path))).collect()
}

/// A request within a batch.
#[derive(Clone)]
struct Part<'a> {
    index: usize,
    path: &'a str,
    /// The path without the version, as batches want it.
    url: &'a str,
    effort: Effort,
    /// Not to be sent before this, on the clock of `Pause::elapsed`.
    due: Duration,
}

impl<'a> Part<'a> {
    fn new(index: usize, path: &'a str, url: &'a str) -> Self {
        Self { index, path, url, effort: Effort::default(), due: Duration::ZERO }
    }
}

/// Sends the parts of one batch until each has an answer that counts.
async fn settle(
    transport: &Transport,
    version: &str,
    mut waiting: Vec<Part<'_>>,
) -> Vec<(usize, Result<Value, ServiceError>)> {
    let mut done = Vec::new();
    while let Some(first) = waiting.iter().map(|part| part.due).min() {
        let wait = first.saturating_sub(transport.pause.elapsed());
        if !wait.is_zero() {
            transport.pause.pause(wait).await;
        }
        let now = transport.pause.elapsed();
        let (ready, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|part| part.due <= now);
        waiting = later;
        let answers = send(transport, version, &ready).await;
        let mut shortest: Option<Duration> = None;
        for (mut part, answer) in ready.into_iter().zip(answers) {
            let Some((setback, error)) = answer.setback else {
                done.push((part.index, answer.result));
                continue;
            };
            if let Setback::Throttled(wait) = setback {
                transport.count_throttled();
                shortest = match (shortest, wait) {
                    (Some(one), Some(other)) => Some(one.min(other)),
                    (one, other) => one.or(other),
                };
            }
            match part.effort.again(setback, Repeat::Safe) {
                Some(wait) => {
                    transport.count_repeat();
                    part.due = transport.pause.elapsed().saturating_add(wait);
                    waiting.push(part);
                }
                None => done.push((part.index, Err(error))),
            }
        }
        if let Some(wait) = shortest {
            // Everybody waits for the first of them; the others wait longer by themselves.
            transport.limiter(Service::Graph).hold(wait);
        }
    }
    done
}

/// What came of one part.
struct PartAnswer {
    result: Result<Value, ServiceError>,
    /// Why it may be sent again, and the error if it is not.
    setback: Option<(Setback, ServiceError)>,
}

impl PartAnswer {
    fn last(result: Result<Value, ServiceError>) -> Self {
        Self { result, setback: None }
    }
}

async fn send(transport: &Transport, version: &str, parts: &[Part<'_>]) -> Vec<PartAnswer> {
    let requests: Vec<Value> = parts
        .iter()
        .enumerate()
        .map(|(id, part)| json!({ "id": (id + 1).to_string(), "method": "GET", "url": part.url }))
        .collect();
    let mut answer = match transport.post_to_read(&format!("{version}/$batch"), &json!({ "requests": requests })).await
    {
        Ok(answer) => answer,
        Err(error) => return parts.iter().map(|part| PartAnswer::last(Err(for_part(part.path, &error)))).collect(),
    };
    let mut answers: BTreeMap<String, Value> = BTreeMap::new();
    if let Some(Value::Array(list)) = answer.get_mut("responses").map(Value::take) {
        for answer in list {
            if let Some(id) = answer.get("id").and_then(Value::as_str) {
                answers.insert(id.to_owned(), answer);
            }
        }
    }
    parts
        .iter()
        .enumerate()
        .map(|(id, part)| read(transport, part.path, answers.remove(&(id + 1).to_string())))
        .collect()
}

fn read(transport: &Transport, path: &str, answer: Option<Value>) -> PartAnswer {
    let senseless = |what: &str| PartAnswer::last(Err(ServiceError::unexpected(path, what)));
    let Some(Value::Object(mut answer)) = answer else { return senseless("its part of the batch was not answered") };
    let status = answer.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    let Some(status) = status else { return senseless("its part of the batch has no status") };
    let body = answer.remove("body").unwrap_or_default();
    if status == 200 {
        return PartAnswer::last(Ok(body));
    }
    if matches!(status, 201..=299) {
        return senseless(&format!("its part of the batch has the status {status}, so it may not be whole"));
    }
    let headers: BTreeMap<String, String> = match answer.get("headers") {
        Some(Value::Object(headers)) => headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str().map_or(value.to_string(), str::to_owned)))
            .collect(),
        _ => BTreeMap::new(),
    };
    let header = |name: &str| headers.get(name).map(|value| value.trim());
    let wait = retry_after(header, transport.pause.now());
    let id = header("request-id").map(str::to_owned);
    let mut error = ServiceError::answered("GET", path, status, Some(&body), id);
    let setback = Setback::of(status, wait);
    if matches!(setback, Some(Setback::Throttled(_))) {
        error.kind = ErrorKind::Throttled;
    }
    PartAnswer { result: Err(error.clone()), setback: setback.map(|setback| (setback, error)) }
}

/// The failure of a whole batch, as that of one of its parts.
fn for_part(path: &str, error: &ServiceError) -> ServiceError {
    let own = ServiceError::new("GET", path, error.kind, "");
    ServiceError { asked: own.asked, method: own.method, path: own.path, ..error.clone() }
}
