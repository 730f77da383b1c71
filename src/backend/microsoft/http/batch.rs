//! Many GETs on Graph in one request.
//!
//! A batch that is answered with 200 may hold single answers that ask to come back later. Only those are sent again,
//! each after its own time.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::effort::{Effort, Setback};
use super::headers::retry_after;
use super::reading::{Body, LARGEST_PIECE, Reading};
use super::rows::Rows;
use super::{Repeat, Service, paging, walk};
use crate::backend::microsoft::error::{ErrorKind, ServiceError};

/// At most this many requests go into one batch (docs/service.md: lists-6).
const AT_ONCE: usize = 20;

/// Collections, each with all its pages.
pub(super) async fn list(reading: Reading<'_>, paths: &[String]) -> Vec<Result<Rows, ServiceError>> {
    let firsts = get(reading, paths).await;
    let all = paths
        .iter()
        .zip(firsts)
        .map(|(path, first)| async move { paging::follow(reading, Service::Graph, path, first?).await });
    futures::future::join_all(all).await
}

/// What single GETs are answered with.
pub(super) async fn get(reading: Reading<'_>, paths: &[String]) -> Vec<Result<Body, ServiceError>> {
    // A batch is of one version, so that each has its own.
    let mut versions: BTreeMap<&str, Vec<Part<'_>>> = BTreeMap::new();
    let mut results: Vec<Option<Result<Body, ServiceError>>> = Vec::new();
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
    let done = chunks.into_iter().map(|(version, parts)| settle(reading, version, parts));
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
    reading: Reading<'_>,
    version: &str,
    mut waiting: Vec<Part<'_>>,
) -> Vec<(usize, Result<Body, ServiceError>)> {
    let mut done = Vec::new();
    while let Some(first) = waiting.iter().map(|part| part.due).min() {
        let wait = first.saturating_sub(reading.pause.elapsed());
        if !wait.is_zero() {
            reading.wait(wait).await;
        }
        // A wait that the budget cut short is over, too: what is sent then is refused.
        let now = reading.pause.elapsed().max(first);
        let (ready, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|part| part.due <= now);
        waiting = later;
        let answers = send(reading, version, &ready).await;
        let mut shortest: Option<Duration> = None;
        for (mut part, answer) in ready.into_iter().zip(answers) {
            let Some((setback, error)) = answer.setback else {
                done.push((part.index, answer.result));
                continue;
            };
            if let Setback::Throttled(wait) = setback {
                reading.count_throttled();
                shortest = match (shortest, wait) {
                    (Some(one), Some(other)) => Some(one.min(other)),
                    (one, other) => one.or(other),
                };
            }
            match part.effort.again(setback, Repeat::Safe) {
                Some(wait) => {
                    reading.count_repeat();
                    part.due = reading.pause.elapsed().saturating_add(wait);
                    waiting.push(part);
                }
                None => done.push((part.index, Err(error))),
            }
        }
        if let Some(wait) = shortest {
            // Everybody waits for the first of them; the others wait longer by themselves.
            reading.limiter(Service::Graph).hold(wait);
        }
    }
    done
}

/// What came of one part.
struct PartAnswer {
    result: Result<Body, ServiceError>,
    /// Why it may be sent again, and the error if it is not.
    setback: Option<(Setback, ServiceError)>,
}

impl PartAnswer {
    fn last(result: Result<Body, ServiceError>) -> Self {
        Self { result, setback: None }
    }
}

async fn send(reading: Reading<'_>, version: &str, parts: &[Part<'_>]) -> Vec<PartAnswer> {
    let requests: Vec<Value> = parts
        .iter()
        .enumerate()
        .map(|(id, part)| json!({ "id": (id + 1).to_string(), "method": "GET", "url": part.url }))
        .collect();
    let answers = match reading.post_to_read(&format!("{version}/$batch"), &json!({ "requests": requests })).await {
        Ok(answer) => answers(&answer),
        Err(error) => Err(error),
    };
    let mut answers = match answers {
        Ok(answers) => answers,
        Err(error) => return parts.iter().map(|part| PartAnswer::last(Err(for_part(part.path, &error)))).collect(),
    };
    parts.iter().enumerate().map(|(id, part)| read(reading, part.path, answers.remove(&(id + 1).to_string()))).collect()
}

/// The answer to one part, its body as it came.
#[derive(Default)]
struct Single {
    status: Option<u16>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Single {
    /// With the id of the part, if it names one.
    fn read(text: &[u8]) -> Option<(String, Self)> {
        let (mut id, mut single) = (None, Self::default());
        walk::fields(text, |name, text| match name {
            "id" => id = small(text).and_then(|id| id.as_str().map(str::to_owned)),
            "status" => single.status = small(text).and_then(|status| u16::try_from(status.as_u64()?).ok()),
            "headers" => single.headers = headers(small(text)),
            "body" => single.body = text.to_vec(),
            _ => {}
        })
        .ok()?;
        Some((id?, single))
    }
}

/// A value beside a body. What is too large to be one is none.
fn small(text: &[u8]) -> Option<Value> {
    (text.len() <= LARGEST_PIECE).then(|| serde_json::from_slice(text).ok()).flatten()
}

fn headers(value: Option<Value>) -> BTreeMap<String, String> {
    let Some(Value::Object(headers)) = value else { return BTreeMap::new() };
    headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str().map_or(value.to_string(), str::to_owned)))
        .collect()
}

/// The answers to the parts, by their ids. Those to something that was not asked are left out.
fn answers(whole: &Body) -> Result<BTreeMap<String, Single>, ServiceError> {
    let mut list = None;
    walk::fields(&whole.bytes, |name, text| {
        if name == "responses" {
            list = Some(text);
        }
    })
    .map_err(|_| whole.no_json())?;
    let singles = list.into_iter().flat_map(walk::elements).flatten().filter_map(Single::read);
    Ok(singles.filter(|(id, _)| id.parse().is_ok_and(|id: usize| (1..=AT_ONCE).contains(&id))).collect())
}

fn read(reading: Reading<'_>, path: &str, answer: Option<Single>) -> PartAnswer {
    let senseless = |what: &str| PartAnswer::last(Err(ServiceError::unexpected(path, what)));
    let Some(Single { status, headers, body }) = answer else {
        return senseless("its part of the batch was not answered");
    };
    let Some(status) = status else { return senseless("its part of the batch has no status") };
    if status == 200 {
        return PartAnswer::last(Ok(Body { method: "GET", path: path.to_owned(), request_id: None, bytes: body }));
    }
    if matches!(status, 201..=299) {
        return senseless(&format!("its part of the batch has the status {status}, so it may not be whole"));
    }
    let header = |name: &str| headers.get(name).map(|value| value.trim());
    let wait = retry_after(header, reading.pause.now());
    let id = header("request-id").map(str::to_owned);
    let mut error = ServiceError::answered("GET", path, status, small(&body).as_ref(), id);
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
