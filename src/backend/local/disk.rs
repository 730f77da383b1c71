//! Reading and replacing a tenant file.
#![expect(clippy::disallowed_methods, reason = "this is the shell: it reads the tenant file")]

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::atomic;
use super::file::TenantFile;
use crate::backend::BackendError;

/// Where a tenant file is.
#[derive(Clone, Debug)]
pub(super) struct Location {
    /// As the user wrote it, for messages.
    pub(super) shown: String,
    /// The file itself, symbolic links followed, so that a link is written through and not replaced.
    pub(super) real: PathBuf,
}

impl Location {
    /// Of a file that exists.
    pub(super) fn of(path: &Path) -> Result<Self, BackendError> {
        let shown = path.display().to_string();
        match fs::canonicalize(path) {
            Ok(real) => Ok(Self { shown, real }),
            Err(source) => Err(BackendError::Io { action: "cannot read", path: shown, source }),
        }
    }

    /// The folder that it is in.
    pub(super) fn folder(&self) -> &Path {
        atomic::folder_of(&self.real)
    }
}

/// Tells whether a file is still the one that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    number: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let number = 0;
        Self { length: metadata.len(), modified: metadata.modified().ok(), number }
    }
}

/// Reads a whole file.
pub(super) fn read(location: &Location) -> Result<(Vec<u8>, Stamp), BackendError> {
    let cannot = |source| BackendError::Io { action: "cannot read", path: location.shown.clone(), source };
    let mut file = File::open(&location.real).map_err(cannot)?;
    let metadata = file.metadata().map_err(cannot)?;
    if !metadata.is_file() {
        return Err(cannot(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file")));
    }
    let mut text = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    file.read_to_end(&mut text).map_err(cannot)?;
    Ok((text, Stamp::of(&metadata)))
}

/// Why a file was not replaced. Can be told to everybody who waited for it.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// The file is not the one that was read.
    Changed {
        /// As the user wrote it.
        path: String,
    },
    /// The system said no.
    Io {
        path: String,
        kind: io::ErrorKind,
        text: String,
        /// True if the new file stands in place of the old one, but may not outlive a crash.
        replaced: bool,
    },
}

impl Failure {
    pub(super) fn io(path: &str, error: &io::Error, replaced: bool) -> Self {
        Self::Io { path: path.to_owned(), kind: error.kind(), text: error.to_string(), replaced }
    }

    pub(super) fn replaced(&self) -> bool {
        matches!(self, Self::Io { replaced: true, .. })
    }
}

impl From<Failure> for BackendError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Changed { path } => {
                Self::Conflict { what: format!("`{path}` was changed by something else while applying") }
            }
            Failure::Io { path, kind, text, .. } => {
                Self::Io { action: "cannot write", path, source: io::Error::new(kind, text) }
            }
        }
    }
}

/// Replaces the file that was read at `stamp`.
pub(super) fn replace(location: &Location, stamp: &mut Stamp, file: &TenantFile) -> Result<(), Failure> {
    let changed = || Failure::Changed { path: location.shown.clone() };
    let old = fs::metadata(&location.real).map_err(|_| changed())?;
    if Stamp::of(&old) != *stamp {
        return Err(changed());
    }
    let failure = |error: &io::Error, replaced| Failure::io(&location.shown, error, replaced);
    let metadata = atomic::put(&location.real, Some(&old), |writer| file.write_to(writer))
        .map_err(|error| failure(&error, false))?;
    *stamp = Stamp::of(&metadata);
    atomic::sync_folder(&location.real).map_err(|error| failure(&error, true))
}

/// Writes a tenant file, in place of any that is there. The caller decides whether that may be.
pub fn write(path: &Path, file: &TenantFile) -> Result<(), BackendError> {
    atomic::write_file(path, |writer| file.write_to(writer)).map_err(|source| BackendError::Io {
        action: "cannot write",
        path: path.display().to_string(),
        source,
    })
}
