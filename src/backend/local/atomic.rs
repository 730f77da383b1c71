//! Replacing a file as a whole.
//!
//! The new file is written beside the old one, flushed to the disk, and renamed over it. Whoever reads, and whoever comes
//! after a crash, finds the old file or the new one, never a part of either.
#![expect(clippy::disallowed_methods, reason = "this is the shell: it writes files")]

use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

const PREFIX: &str = ".pimform-";
const SUFFIX: &str = ".tmp";

/// Writes a file, in place of any that is there: through a symbolic link, and with the mode of the old one. The caller
/// decides whether that may be. Devices and pipes are written to as they are.
pub fn write_file(path: &Path, fill: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>) -> io::Result<()> {
    let old = match fs::metadata(path) {
        Ok(old) => Some(old),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if let Some(old) = &old
        && !old.is_file()
        && !old.is_dir()
    {
        let device = File::options().write(true).open(path)?;
        let mut writer = BufWriter::new(&device);
        fill(&mut writer)?;
        return writer.flush();
    }
    let real = followed(path);
    put(&real, old.as_ref(), fill)?;
    sync_folder(&real)
}

/// Where a path leads, even if nothing is there yet.
fn followed(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| match fs::read_link(path) {
        Ok(link) => folder_of(path).join(link),
        Err(_) => path.to_owned(),
    })
}

/// Puts a new file where `old` is, or where none is. It stands there when this returns, but only [`sync_folder`] makes
/// that outlive a crash.
pub(super) fn put(
    real: &Path,
    old: Option<&Metadata>,
    fill: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
) -> io::Result<Metadata> {
    if old.is_some_and(Metadata::is_dir) {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let temporary = create(folder_of(real), old)?;
    let mut writer = BufWriter::with_capacity(1 << 16, temporary.as_file());
    fill(&mut writer).and_then(|()| writer.flush())?;
    drop(writer);
    temporary.as_file().sync_all()?;
    let metadata = temporary.as_file().metadata()?;
    temporary.persist(real).map_err(|error| error.error)?;
    Ok(metadata)
}

/// Makes a renaming outlive a crash.
pub(super) fn sync_folder(real: &Path) -> io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    File::open(folder_of(real)).and_then(|folder| folder.sync_all())
}

pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// An empty temporary file that nobody may read who may not read the old one. It is locked as long as it is written, so
/// that [`sweep`] can tell it from one that was left behind.
fn create(folder: &Path, old: Option<&Metadata>) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    // Temporary files are for their owner only, which is not what a new file should be. The system's mask applies.
    #[cfg(unix)]
    if old.is_none() {
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    }
    // Between making and locking it a sweep may come; hardly ever twice.
    for _ in 0..10 {
        let temporary = builder.tempfile_in(folder).map_err(|error| in_words_of_the_system(&error))?;
        // Not every file system has locks; where it has none, nothing is swept either.
        if temporary.as_file().lock().is_err() || is_at(temporary.as_file(), temporary.path())? {
            if let Some(old) = old {
                take_after(temporary.as_file(), old)?;
            }
            return Ok(temporary);
        }
    }
    Err(io::Error::other("the new file vanishes while it is written"))
}

/// Gives a file the owner, as far as that is allowed, and the mode of another.
fn take_after(file: &File, old: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let new = file.metadata()?;
        if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
            let _ = std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()));
        }
    }
    file.set_permissions(old.permissions())
}

/// Without the path of the temporary file, which nobody knows.
fn in_words_of_the_system(error: &io::Error) -> io::Error {
    let text = error.to_string();
    let words = text.rsplit_once(" at path ").map_or(text.as_str(), |(words, _)| words);
    io::Error::new(error.kind(), words)
}

/// Removes temporary files that a killed process has left in a folder.
pub(super) fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !(name.starts_with(PREFIX) && name.ends_with(SUFFIX) && entry.file_type().is_ok_and(|kind| kind.is_file())) {
            continue;
        }
        let path = entry.path();
        if let Ok(file) = File::open(&path)
            && file.try_lock().is_ok()
            && is_at(&file, &path).unwrap_or(false)
        {
            // What cannot be removed does no harm.
            let _ = fs::remove_file(&path);
        }
    }
}

/// True when the path still names this very file. Where files have no numbers that is taken for granted.
pub(super) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let there = match fs::symlink_metadata(path) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let own = file.metadata()?;
        Ok((own.dev(), own.ino()) == (there.dev(), there.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = (file, path);
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
