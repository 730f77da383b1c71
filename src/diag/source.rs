//! The texts of the policy files and positions in them.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Names one file of a [`SourceMap`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes in one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

/// One policy file: its path as shown to people, and its text.
#[derive(Clone, Debug)]
pub struct SourceFile {
    path: Arc<str>,
    text: Arc<str>,
    line_starts: Vec<u32>,
}

impl SourceFile {
    /// Indexes the lines of `text`.
    pub fn new(path: &str, text: String) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0).chain(breaks.map(|(at, _)| offset(at) + 1)).collect();
        Self { path: Arc::from(path), text: Arc::from(text), line_starts }
    }

    /// The path as shown to people.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Line and column, both from 1, the column in characters.
    pub fn line_column(&self, start: u32) -> (u32, u32) {
        let line = self.line_starts.partition_point(|first| *first <= start).max(1);
        let first = self.line_starts.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(first as usize..start as usize).unwrap_or_default();
        (offset(line), offset(before.chars().count()) + 1)
    }
}

/// All policy files of one run.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a file and names it.
    pub fn add(&mut self, file: SourceFile) -> FileId {
        self.files.push(file);
        FileId(offset(self.files.len() - 1))
    }

    /// The file with that name.
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// All files, in the order they were added.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// The text that a span covers.
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file).and_then(|file| file.text.get(span.start as usize..span.end as usize)).unwrap_or_default()
    }

    /// File and line of a span, in a form that outlives the map.
    pub fn place(&self, span: Span) -> Option<Place> {
        let file = self.file(span.file)?;
        let (line, column) = file.line_column(span.start);
        Some(Place { file: Arc::clone(&file.path), line, column })
    }
}

/// A position for people: `policies/groups.yaml:12:5`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Place {
    /// The path as shown to people.
    pub file: Arc<str>,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Policy files are limited to far less than 4 GiB, so offsets fit.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let file = SourceFile::new("a.yaml", "a: é\nb: éé x\n".to_owned());
        assert_eq!(file.line_column(0), (1, 1));
        let x = file.text().find('x').unwrap();
        assert_eq!(file.line_column(u32::try_from(x).unwrap()), (2, 7));
    }
}
