//! Collections, page by page (docs/service.md: lists-7).

use std::collections::BTreeSet;

use serde_json::Value;

use super::Service;
use super::reading::{Body, Reading};
use super::rows::{self, Rows};
use crate::backend::microsoft::error::ServiceError;

/// No collection has more pages than this.
const MOST_PAGES: usize = 10_000;
/// So many pages without a row, one after the other, lead nowhere. Graph does send empty pages now and then.
const MOST_EMPTY: usize = 100;

/// Every page of a collection.
pub(super) async fn list(reading: Reading<'_>, service: Service, path: &str) -> Result<Rows, ServiceError> {
    let first = reading.get(service, path).await?;
    follow(reading, service, path, first).await
}

/// The first pages of a collection.
#[derive(Debug)]
pub(in super::super) struct First {
    /// Their rows.
    pub(in super::super) rows: Rows,
    /// How many pages were read.
    pub(in super::super) pages: usize,
    /// Whether there are more.
    pub(in super::super) more: bool,
}

/// The first pages of a collection, at most so many.
pub(super) async fn first(
    reading: Reading<'_>,
    service: Service,
    path: &str,
    most: usize,
) -> Result<First, ServiceError> {
    let mut page = reading.get(service, path).await?;
    let mut first = First { rows: Rows::default(), pages: 1, more: false };
    loop {
        let next = rows::take(&mut first.rows, path, &page)?;
        match next {
            Some(next) if first.pages < most => {
                page = reading.get_link(service, path, &next).await?;
                first.pages += 1;
            }
            next => {
                first.more = next.is_some();
                return Ok(first);
            }
        }
    }
}

/// Every page of the collection that a POST which only looks answers with.
pub(super) async fn post(reading: Reading<'_>, path: &str, body: &Value) -> Result<Rows, ServiceError> {
    let first = reading.post_to_read(path, body).await?;
    follow(reading, Service::Graph, path, first).await
}

/// The rows of a first page, and of all that follow it.
pub(super) async fn follow(
    reading: Reading<'_>,
    service: Service,
    path: &str,
    first: Body,
) -> Result<Rows, ServiceError> {
    let broken = |what: &str| ServiceError::unexpected(path, what);
    let mut rows = Rows::default();
    let mut seen = BTreeSet::new();
    let mut empty = 0;
    let mut page = first;
    loop {
        let before = rows.len();
        let Some(next) = rows::take(&mut rows, path, &page)? else {
            return Ok(rows);
        };
        empty = if rows.len() == before { empty + 1 } else { 0 };
        if empty >= MOST_EMPTY || seen.len() >= MOST_PAGES {
            return Err(broken("its pages do not end"));
        }
        if !seen.insert(next.clone()) {
            return Err(broken("its pages lead back to one that was read before"));
        }
        page = reading.get_link(service, path, &next).await?;
    }
}
