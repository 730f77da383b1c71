//! What an import did, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::Imported;
use super::left::reason;
use crate::diag::visible;

/// So many of a kind are listed for people; programs get all.
const LISTED: usize = 5;

/// The JSON form of what an import did.
#[derive(Debug, Serialize)]
pub struct Report<'i> {
    /// The version of this form.
    pub version: u32,
    /// The directory that the files are in.
    pub directory: &'i str,
    /// Names of the files below it.
    pub files: Vec<&'i str>,
    /// How many targets they declare.
    pub targets: usize,
    /// How many assignments they declare.
    pub assignments: usize,
    /// How many groups they declare.
    pub groups: usize,
    /// How many targets and lists could not be read.
    pub unreadable: usize,
    /// What was left out.
    pub left_out: &'i [super::LeftOut],
}

impl Imported {
    /// What was imported into a directory, for programs.
    pub fn report<'i>(&'i self, directory: &'i str) -> Report<'i> {
        Report {
            version: 1,
            directory,
            files: self.files.keys().map(String::as_str).collect(),
            targets: self.targets,
            assignments: self.assignments,
            groups: self.groups,
            unreadable: self.unreadable,
            left_out: &self.left_out,
        }
    }

    /// What was written, for people.
    pub fn summary(&self, directory: &str) -> String {
        let directory = visible(directory.trim_end_matches('/'));
        let mut text = format!(
            "{}, {}, {} in {}:\n",
            count(self.targets, "target"),
            count(self.assignments, "assignment"),
            count(self.groups, "group"),
            count(self.files.len(), "file"),
        );
        for name in self.files.keys() {
            let _ = writeln!(text, "  {directory}/{name}");
        }
        text
    }

    /// What was left out, for people. Empty if nothing was.
    pub fn left_out_text(&self) -> String {
        let mut by_reason: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for one in &self.left_out {
            by_reason.entry(one.reason).or_default().push((&one.address, &one.detail));
        }
        let mut text = String::new();
        if !by_reason.is_empty() {
            let _ = writeln!(text, "left out ({}):", self.left_out.len());
        }
        for (id, list) in by_reason {
            let words = reason(id);
            let _ = writeln!(text, "  {id} ({}): {words}", list.len());
            for (address, detail) in list.iter().take(LISTED) {
                let detail = if *detail == words { String::new() } else { format!(": {}", visible(detail)) };
                let _ = writeln!(text, "    {}{detail}", visible(address));
            }
            if list.len() > LISTED {
                let _ = writeln!(text, "    and {} more; `--format json` lists all", list.len() - LISTED);
            }
        }
        text
    }
}

fn count(number: usize, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}
