//! One apply at a time: a lock beside the tenant file.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek as _, Write};
use std::path::{Path, PathBuf};

use super::atomic::is_at;
use super::disk::Location;
use crate::backend::BackendError;
use crate::model::Time;

/// How every lock file begins.
const MARK: &str = "process ";
/// How often to look again when the file comes and goes.
const ATTEMPTS: usize = 1000;

/// Held while operations are carried out. The system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    /// Takes the lock, or says who holds it.
    pub(super) fn take(location: &Location, now: Time) -> Result<Self, BackendError> {
        let mut path = OsString::from(&location.real);
        path.push(".lock");
        let path = PathBuf::from(path);
        let cannot = |source| cannot_lock(&path, source);
        for _ in 0..ATTEMPTS {
            let Some(mut file) = open(&path)? else { continue };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(held(location, &mut file)),
                Err(TryLockError::Error(source)) => return Err(cannot(source)),
            }
            // Whoever held it before may have removed the file, and then this is the lock of nothing.
            if !is_at(&file, &path).map_err(cannot)? {
                continue;
            }
            let said = said(&mut file);
            if !said.is_empty() && !said.starts_with(MARK) {
                return Err(not_ours(&path, "is not a lock file of pimform"));
            }
            file.set_len(0)
                .and_then(|()| file.rewind())
                .and_then(|()| writeln!(file, "{MARK}{}, since {now}", std::process::id()))
                .map_err(cannot)?;
            return Ok(Self { path, file });
        }
        Err(cannot(io::Error::other("the file does not stay the same")))
    }
}

impl Drop for Lock {
    /// Removes the file while it is still locked, so that nobody can hold a lock of that name meanwhile. Where files have
    /// no numbers the next one could not tell that it is gone, and so it stays.
    fn drop(&mut self) {
        if cfg!(unix) && is_at(&self.file, &self.path).unwrap_or(false) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The lock file, made if there is none. Nothing if it came or went meanwhile. Links are not followed: what they lead to
/// is not ours.
fn open(path: &Path) -> Result<Option<File>, BackendError> {
    let mut options = File::options();
    options.read(true).write(true);
    let opened = match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => return Err(not_ours(path, "is a symbolic link, not a lock file")),
        Ok(found) if !found.is_file() => return Err(not_ours(path, "is not a lock file of pimform")),
        Ok(_) => options.open(path),
        // This one neither follows a link nor opens what is there.
        Err(error) if error.kind() == io::ErrorKind::NotFound => options.create_new(true).open(path),
        Err(error) => Err(error),
    };
    match opened {
        // A link may have been put there since it was looked at.
        Ok(file) => Ok(is_at(&file, path).unwrap_or(false).then_some(file)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists) => {
            // A folder that is not there will not come; a file that came or went is looked at again.
            if super::atomic::folder_of(path).is_dir() { Ok(None) } else { Err(cannot_lock(path, error)) }
        }
        Err(error) => Err(cannot_lock(path, error)),
    }
}

fn cannot_lock(path: &Path, source: io::Error) -> BackendError {
    BackendError::Io { action: "cannot lock", path: path.display().to_string(), source }
}

fn not_ours(path: &Path, what: &str) -> BackendError {
    BackendError::Invalid {
        what: format!("`{}` {what}", path.display()),
        help: Some("move it away: pimform puts its lock there while it applies".to_owned()),
    }
}

/// The beginning of what stands in a lock file.
fn said(file: &mut File) -> String {
    let mut bytes = Vec::new();
    // Whoever holds the lock may not have written its name yet, and some systems do not let others read a locked file.
    let _ = file.take(100).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn held(location: &Location, file: &mut File) -> BackendError {
    let line: String = said(file).trim().chars().filter(|c| !c.is_control()).collect();
    let by = if line.starts_with(MARK) { format!(" ({line})") } else { String::new() };
    BackendError::Locked { what: format!("another apply is running on `{}`{by}", location.shown) }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
