//! Collections, page by page (docs/service.md: lists-7).

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Service, Transport};
use crate::backend::microsoft::error::ServiceError;

/// No collection has more pages than this.
const MOST_PAGES: usize = 10_000;
/// So many pages without a row, one after the other, lead nowhere. Graph does send empty pages now and then.
const MOST_EMPTY: usize = 100;

/// Every page of a collection.
pub(super) async fn list(transport: &Transport, service: Service, path: &str) -> Result<Vec<Value>, ServiceError> {
    let first = transport.get(service, path).await?;
    follow(transport, service, path, first).await
}

/// The first pages of a collection.
#[derive(Debug)]
pub(in super::super) struct First {
    /// Their rows.
    pub(in super::super) rows: Vec<Value>,
    /// How many pages were read.
    pub(in super::super) pages: usize,
    /// Whether there are more.
    pub(in super::super) more: bool,
}

/// The first pages of a collection, at most so many.
pub(super) async fn first(
    transport: &Transport,
    service: Service,
    path: &str,
    most: usize,
) -> Result<First, ServiceError> {
    let mut page = transport.get(service, path).await?;
    let mut first = First { rows: Vec::new(), pages: 1, more: false };
    loop {
        let next = rows_of(path, &mut page, &mut first.rows)?;
        match next {
            Some(next) if first.pages < most => {
                page = transport.get_link(service, path, &next).await?;
                first.pages += 1;
            }
            next => {
                first.more = next.is_some();
                return Ok(first);
            }
        }
    }
}

/// Takes the rows of a page, and gives the link to the next.
fn rows_of(path: &str, page: &mut Value, rows: &mut Vec<Value>) -> Result<Option<String>, ServiceError> {
    let broken = |what: &str| ServiceError::unexpected(path, what);
    let Some(list) = page.get_mut("value").and_then(Value::as_array_mut) else {
        return Err(broken("there is no list in it"));
    };
    rows.append(list);
    next_link(page).map_err(|()| broken("the link to its next page is no text"))
}

/// Every page of the collection that a POST which only looks answers with.
pub(super) async fn post(transport: &Transport, path: &str, body: &Value) -> Result<Vec<Value>, ServiceError> {
    let first = transport.post_to_read(path, body).await?;
    follow(transport, Service::Graph, path, first).await
}

/// The rows of a first page, and of all that follow it.
pub(super) async fn follow(
    transport: &Transport,
    service: Service,
    path: &str,
    first: Value,
) -> Result<Vec<Value>, ServiceError> {
    let broken = |what: &str| ServiceError::unexpected(path, what);
    let mut rows = Vec::new();
    let mut seen = BTreeSet::new();
    let mut empty = 0;
    let mut page = first;
    loop {
        let before = rows.len();
        let Some(next) = rows_of(path, &mut page, &mut rows)? else {
            return Ok(rows);
        };
        empty = if rows.len() == before { empty + 1 } else { 0 };
        if empty >= MOST_EMPTY || seen.len() >= MOST_PAGES {
            return Err(broken("its pages do not end"));
        }
        if !seen.insert(next.clone()) {
            return Err(broken("its pages lead back to one that was read before"));
        }
        page = transport.get_link(service, path, &next).await?;
    }
}

/// The link to the next page. Graph and ARM name it differently. What is there and is no text is no end: then the rows
/// are not all of them.
fn next_link(page: &Value) -> Result<Option<String>, ()> {
    for name in ["@odata.nextLink", "nextLink"] {
        match page.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::String(link)) if link.is_empty() => {}
            Some(Value::String(link)) => return Ok(Some(link.clone())),
            Some(_) => return Err(()),
        }
    }
    Ok(None)
}
