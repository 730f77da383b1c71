//! Several files written into one directory: all of them, or as few as possible if something fails.
#![expect(clippy::disallowed_methods, reason = "this is the shell: it writes the files that a user asks for")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use tempfile::NamedTempFile;

use super::error::CliError;
use crate::backend::BackendError;

/// Refuses a directory that holds anything but hidden files, unless that is meant.
pub(super) fn refuse_occupied(directory: &Path, force: bool) -> Result<(), CliError> {
    let shown = directory.display();
    if directory.is_file() {
        return Err(CliError::failed(format!("`{shown}` is a file")).help("name a directory"));
    }
    if force || !directory.exists() {
        return Ok(());
    }
    let mut entries = fs::read_dir(directory).map_err(|error| cannot("cannot read", directory, error))?;
    let occupied = entries.any(|entry| entry.is_ok_and(|entry| !entry.file_name().to_string_lossy().starts_with('.')));
    if occupied {
        return Err(CliError::failed(format!("`{shown}` is not empty"))
            .help("name another directory, or replace the files of the same names with `--force`"));
    }
    Ok(())
}

/// Writes files below a directory, which is made if it is not there. All of them are on the disk before the first one
/// takes its place.
pub(super) fn write(directory: &Path, files: &BTreeMap<String, String>) -> Result<(), CliError> {
    let mut made = Vec::new();
    let result = stage(directory, files, &mut made).and_then(|staged| {
        for (temporary, place) in staged {
            temporary.persist(&place).map_err(|error| cannot("cannot write", &place, error.error))?;
        }
        Ok(())
    });
    if result.is_err() {
        // What is not empty stays: somebody else has put something there.
        for directory in made.iter().rev() {
            let _ = fs::remove_dir(directory);
        }
    }
    result
}

fn stage(
    directory: &Path,
    files: &BTreeMap<String, String>,
    made: &mut Vec<PathBuf>,
) -> Result<Vec<(NamedTempFile, PathBuf)>, CliError> {
    let mut staged = Vec::new();
    for (name, text) in files {
        let place = directory.join(name);
        let folder = place.parent().unwrap_or(directory);
        make(folder, made).map_err(|error| cannot("cannot make the folder", folder, error))?;
        staged.push(stage_one(&place, text).map_err(|error| cannot("cannot write", &place, error))?);
    }
    Ok(staged)
}

/// Makes a folder and those above it, and notes which are new.
fn make(folder: &Path, made: &mut Vec<PathBuf>) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        make(above, made)?;
    }
    fs::create_dir(folder)?;
    made.push(folder.to_owned());
    Ok(())
}

/// The text in a temporary file beside its place, links followed.
fn stage_one(place: &Path, text: &str) -> io::Result<(NamedTempFile, PathBuf)> {
    let real = fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
    let old = fs::metadata(&real).ok();
    if old.as_ref().is_some_and(fs::Metadata::is_dir) {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let folder = real.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".pimform-").suffix(".tmp");
    // Temporary files are for their owner only, which is not what a new file should be. The system's mask applies.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut temporary = builder.tempfile_in(folder)?;
    if let Some(old) = old {
        temporary.as_file().set_permissions(old.permissions())?;
    }
    temporary.write_all(text.as_bytes())?;
    temporary.as_file().sync_all()?;
    Ok((temporary, real))
}

/// The policy files below a directory that are none of `written`: they may declare the same.
pub(super) fn others(directory: &Path, written: &BTreeMap<String, String>) -> Vec<String> {
    let mut found = Vec::new();
    policy_files(directory, "", 0, &mut found);
    found.retain(|name| !written.contains_key(name));
    found.sort();
    found
}

fn policy_files(directory: &Path, below: &str, depth: usize, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        let shown = format!("{below}{name}");
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() && depth < 20 {
            policy_files(&path, &format!("{shown}/"), depth + 1, found);
        } else if path.extension().is_some_and(|is| is.eq_ignore_ascii_case("yaml") || is.eq_ignore_ascii_case("yml")) {
            found.push(shown);
        }
    }
}

/// The path of a file as seen from a directory, which need not be there yet. Nothing if there is no such path.
pub(super) fn relative(file: &Path, directory: &Path) -> Option<String> {
    let (file, directory) = (fs::canonicalize(file).ok()?, real(directory)?);
    let (to, from): (Vec<_>, Vec<_>) = (file.components().collect(), directory.components().collect());
    let common = to.iter().zip(&from).take_while(|(a, b)| a == b).count();
    if common == 0 {
        return None;
    }
    let up = std::iter::repeat_n("..", from.len() - common);
    let down = to.iter().skip(common).map(|part| part.as_os_str().to_str());
    let parts: Option<Vec<&str>> = up.map(Some).chain(down).collect();
    Some(parts?.join("/"))
}

/// A path without links, as far as it exists.
fn real(path: &Path) -> Option<PathBuf> {
    if let Ok(real) = fs::canonicalize(if path.as_os_str().is_empty() { Path::new(".") } else { path }) {
        return Some(real);
    }
    match path.components().next_back()? {
        Component::Normal(last) => Some(real(path.parent()?)?.join(last)),
        _ => None,
    }
}

fn cannot(action: &'static str, path: &Path, source: io::Error) -> CliError {
    BackendError::Io { action, path: path.display().to_string(), source }.into()
}
