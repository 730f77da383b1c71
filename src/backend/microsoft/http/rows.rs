//! The rows of collections, kept as they came and built one at a time.
//!
//! A page of many small rows costs what its text costs: built all at once, a page of 64 MB of `{}` would take gigabytes.

use serde_json::Value;

use super::reading::{Body, LARGEST_PIECE};
use super::walk::{elements, fields};
use crate::backend::microsoft::error::ServiceError;

/// From this many rows in one page on, they are held against [`SMALLEST`].
const MANY: usize = 1000;
/// So many bytes rows have at least, on average: each names something by a GUID.
const SMALLEST: usize = 16;

/// The rows of a collection.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Rows {
    pages: Vec<Box<[u8]>>,
    count: usize,
}

impl Rows {
    /// How many there are.
    pub(in super::super) fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Each row, built when it is its turn.
    pub(in super::super) fn iter(&self) -> impl Iterator<Item = Value> + '_ {
        // All of them were built once before, so none is left out.
        let pieces = self.pages.iter().flat_map(|page| elements(page)).flatten();
        pieces.filter_map(|piece| serde_json::from_slice(piece).ok())
    }

    /// What each row is read as, where it is one of those.
    pub(in super::super) fn each<T>(&self, mut read: impl FnMut(&Value) -> Option<T>) -> impl Iterator<Item = T> {
        self.iter().filter_map(move |row| read(&row))
    }

    /// These rows, as a page has them.
    #[cfg(test)]
    pub(in super::super) fn of(rows: &[Value]) -> Self {
        let mut page = Self::default();
        page.take(&serde_json::to_vec(rows).unwrap()).unwrap();
        page
    }

    /// More rows at the end.
    pub(in super::super) fn append(&mut self, more: Self) {
        self.pages.extend(more.pages);
        self.count += more.count;
    }

    /// Takes the list of a page, if each row of it can be built.
    fn take(&mut self, list: &[u8]) -> Result<(), String> {
        let mut count = 0;
        for piece in elements(list) {
            let piece = piece.map_err(|_| NO_LIST)?;
            if piece.len() > LARGEST_PIECE {
                return Err(format!("a row of it is larger than {} MB", LARGEST_PIECE >> 20));
            }
            serde_json::from_slice::<Value>(piece).map_err(|_| "a row of it is not JSON, or nested too deeply")?;
            count += 1;
        }
        if count >= MANY && list.len() / count < SMALLEST {
            return Err(format!("it has {count} rows in {} bytes, too small to be any", list.len()));
        }
        if count > 0 {
            self.pages.push(list.into());
            self.count += count;
        }
        Ok(())
    }
}

const NO_LIST: &str = "there is no list in it";

/// Takes the rows of a page, and gives the link to the next.
pub(super) fn take(rows: &mut Rows, path: &str, page: &Body) -> Result<Option<String>, ServiceError> {
    let mut parts = Parts::default();
    fields(&page.bytes, |name, text| match name {
        "value" => parts.list = Some(text),
        // Graph and ARM name it differently.
        "@odata.nextLink" => parts.graph = Some(text),
        "nextLink" => parts.arm = Some(text),
        _ => {}
    })
    .map_err(|_| match serde_json::from_slice::<serde::de::IgnoredAny>(&page.bytes) {
        Ok(_) => ServiceError::unexpected(path, NO_LIST),
        Err(_) => page.no_json(),
    })?;
    let broken = |what: String| ServiceError::unexpected(path, what);
    let list = parts.list.ok_or_else(|| broken(NO_LIST.to_owned()))?;
    rows.take(list).map_err(broken)?;
    parts.next().map_err(|()| broken("the link to its next page is no text".to_owned()))
}

/// The fields of a page that count.
#[derive(Default)]
struct Parts<'a> {
    list: Option<&'a [u8]>,
    graph: Option<&'a [u8]>,
    arm: Option<&'a [u8]>,
}

impl Parts<'_> {
    /// The link to the next page. What is there and is no text is no end: then the rows are not all of them.
    fn next(&self) -> Result<Option<String>, ()> {
        for text in [self.graph, self.arm].into_iter().flatten() {
            match serde_json::from_slice::<Option<String>>(text) {
                Ok(Some(link)) if !link.is_empty() => return Ok(Some(link)),
                Ok(_) => {}
                Err(_) => return Err(()),
            }
        }
        Ok(None)
    }
}
