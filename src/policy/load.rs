//! Policy files from disk. The only file of the policy language that touches files.
#![expect(clippy::disallowed_methods, reason = "this is the shell: it reads the policy files")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::decode::{Decode as _, Decoder};
use super::document::PolicyFile;
use super::merge::{Documents, merge};
use super::node::{self, NodeValue};
use crate::diag::{FileId, Finding, Findings, SourceFile, SourceMap, Span};

/// Larger files are refused unread.
pub const MAX_FILE_SIZE: u64 = 64 << 20;

/// Policy files without a problem in themselves.
#[derive(Debug)]
pub struct Loaded {
    /// What they say.
    pub documents: Documents,
    /// Their texts.
    pub sources: SourceMap,
}

/// Why there is nothing to go on with.
#[derive(Debug)]
pub enum LoadError {
    /// There is no policy file, or not even the directory. Never the same as files that declare nothing.
    NoPolicyFiles(Finding),
    /// The files are wrong.
    Invalid {
        /// What is wrong with them.
        findings: Findings,
        /// Their texts.
        sources: SourceMap,
    },
}

/// Reads all `*.yaml` and `*.yml` files below a directory. Hidden files and directories are left out.
pub fn load(dir: &Path) -> Result<Loaded, LoadError> {
    let mut walk = Walk::default();
    if dir.is_dir() {
        walk.directory(dir, &shown(dir));
    }
    let Walk { files, findings, .. } = walk;
    if files.is_empty() && findings.is_empty() {
        return Err(LoadError::NoPolicyFiles(no_policy_files(dir)));
    }
    let files: Vec<(String, PathBuf)> = files.into_iter().collect();
    let texts = read_all(&files);
    let (mut sources, mut findings, mut documents) = (SourceMap::default(), findings, Vec::new());
    for read in texts {
        sources.add(read.source);
        findings.extend(read.findings);
        documents.extend(read.document);
    }
    let (documents, merge_findings) = merge(documents, files.len());
    findings.extend(merge_findings);
    if findings.has_errors() {
        return Err(LoadError::Invalid { findings, sources });
    }
    Ok(Loaded { documents, sources })
}

fn no_policy_files(dir: &Path) -> Finding {
    let shown = shown(dir);
    if dir.is_file() {
        let parent =
            dir.parent().map(self::shown).filter(|parent| !parent.is_empty()).unwrap_or_else(|| ".".to_owned());
        return Finding::error("no-policy-files", format!("`{shown}` is a file, and `--policies` names a directory"))
            .help(format!("it is a file; name its directory: `--policies {parent}`"));
    }
    let message = if dir.is_dir() {
        format!("there is no policy file in `{shown}`")
    } else {
        format!("there is no directory `{shown}`")
    };
    Finding::error("no-policy-files", message)
        .help("name the directory with `--policies`, or begin one with a `.yaml` file")
}

/// As people write it, whatever the system.
fn shown(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}

/// Policy files by the path that people see, so that they come in one order everywhere.
#[derive(Default)]
struct Walk {
    files: BTreeMap<String, PathBuf>,
    seen: BTreeSet<PathBuf>,
    findings: Findings,
}

impl Walk {
    fn directory(&mut self, dir: &Path, shown: &str) {
        // Links may lead in circles, so each directory is entered once.
        let real = match dir.canonicalize() {
            Ok(real) => real,
            Err(error) => return self.findings.push(unreadable(shown, &error)),
        };
        if !self.seen.insert(real) {
            return;
        }
        let entries: io::Result<Vec<_>> = fs::read_dir(dir).and_then(Iterator::collect);
        match entries {
            Ok(mut entries) => {
                entries.sort_by_key(fs::DirEntry::file_name);
                for entry in entries {
                    self.entry(&entry, shown);
                }
            }
            Err(error) => self.findings.push(unreadable(shown, &error)),
        }
    }

    fn entry(&mut self, entry: &fs::DirEntry, parent: &str) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            return;
        }
        let path = entry.path();
        let shown = format!("{}/{name}", parent.trim_end_matches('/'));
        let is_policy = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml"));
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => self.directory(&path, &shown),
            Ok(metadata) if metadata.is_file() && is_policy => {
                self.files.insert(shown, path);
            }
            Ok(_) if is_policy => self.findings.push(unreadable(&shown, &"it is not a file")),
            Ok(_) => {}
            // Whether it is a policy file or a directory of them is not known.
            Err(error) => self.findings.push(unreadable(&shown, &error)),
        }
    }
}

fn unreadable(shown: &str, error: &dyn std::fmt::Display) -> Finding {
    Finding::error("unreadable-file", format!("cannot read `{shown}`: {error}"))
        .help("a policy file that cannot be read would look like one that declares nothing")
}

/// One file after reading.
struct Read {
    source: SourceFile,
    document: Option<PolicyFile>,
    findings: Findings,
}

/// Reads and decodes the files side by side; the answers come in the order of the files.
fn read_all(files: &[(String, PathBuf)]) -> Vec<Read> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((shown, path)) = files.get(at) else { return done };
            let id = FileId(u32::try_from(at).unwrap_or(u32::MAX));
            done.push((at, read(id, shown, path)));
        }
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, files.len().max(1));
    let mut all: Vec<(usize, Read)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for other in others {
            match other.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, read)| read).collect()
}

fn read(id: FileId, shown: &str, path: &Path) -> Read {
    let mut findings = Findings::default();
    let mut bytes = Vec::new();
    let result = fs::File::open(path).and_then(|file| file.take(MAX_FILE_SIZE + 1).read_to_end(&mut bytes));
    if let Err(error) = result {
        findings.push(unreadable(shown, &error));
        bytes.clear();
    }
    if bytes.len() as u64 > MAX_FILE_SIZE {
        let message = format!("`{shown}` is larger than {} MiB", MAX_FILE_SIZE >> 20);
        findings.push(Finding::error("file-too-large", message).help("split it into several files"));
        bytes.clear();
    }
    let text = String::from_utf8(bytes).unwrap_or_else(|error| {
        findings.push(not_utf8(id, error.as_bytes(), error.utf8_error().valid_up_to()));
        String::from_utf8_lossy(error.as_bytes()).into_owned()
    });
    let mut document = None;
    if findings.is_empty() {
        (document, findings) = decode(id, &text);
    }
    Read { source: SourceFile::new(shown, text), document, findings }
}

fn not_utf8(id: FileId, bytes: &[u8], valid: usize) -> Finding {
    let byte = bytes.get(valid).copied().unwrap_or_default();
    let start = u32::try_from(valid).unwrap_or(u32::MAX);
    // In the text that is shown, the replacement character stands there.
    let end = start.saturating_add(u32::try_from(char::REPLACEMENT_CHARACTER.len_utf8()).unwrap_or_default());
    Finding::error("not-utf8", format!("byte {valid} (0x{byte:02X}) is not UTF-8"))
        .at(Span { file: id, start, end }, "not UTF-8")
        .help("save the file as UTF-8")
}

/// Reads the text of one file. A blank file declares nothing.
pub fn decode(id: FileId, text: &str) -> (Option<PolicyFile>, Findings) {
    let mut decoder = Decoder::new(id, text);
    match node::parse(text) {
        Ok(node) if node.value == NodeValue::Null => (None, Findings::default()),
        Ok(node) => {
            let document = PolicyFile::decode(&node, &mut decoder);
            (document, decoder.into_findings())
        }
        Err(error) => {
            let end = text.get(error.at as usize..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
            let end = error.at.saturating_add(u32::try_from(end).unwrap_or_default());
            let span = Span { file: id, start: error.at, end };
            let finding = Finding::error("syntax", error.message).at(span, "here");
            decoder.refuse::<()>(finding.help(error.help));
            (None, decoder.into_findings())
        }
    }
}
