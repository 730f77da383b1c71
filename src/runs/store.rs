//! Where locks and records are kept.
#![expect(clippy::disallowed_methods, reason = "this is the shell: it reads and writes a folder")]

use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::TryStreamExt as _;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, UpdateVersion};
use thiserror::Error;
use url::Url;

/// A folder, or a path in a cloud's storage.
#[derive(Clone, Debug)]
pub struct Store {
    shown: Arc<str>,
    objects: Arc<dyn ObjectStore>,
    prefix: Key,
    swap: Swap,
}

/// How an object is replaced only if it still is what was read.
#[derive(Clone, Debug)]
enum Swap {
    /// The storage compares versions.
    Conditional,
    /// A folder compares nothing, so whoever replaces an object in it holds the lock of its guard file meanwhile.
    Guarded(PathBuf),
}

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In a folder.
    Folder(PathBuf),
    /// In a cloud's storage: `az://`, `s3://` or `gs://`.
    Cloud(Url),
}

/// Why a store could not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Not the place of a store.
    #[error("`{0}` is not the place of a store")]
    NotAPlace(String),
    /// The storage cannot be set up from the address and the environment.
    #[error("the store `{store}` cannot be opened")]
    Open {
        /// Which store.
        store: Arc<str>,
        /// What the storage says.
        source: Box<object_store::Error>,
    },
    /// Reading or writing failed.
    #[error("cannot {action} `{name}` in the store `{store}`")]
    Io {
        /// `read`, `write` or `list`.
        action: &'static str,
        /// Which object.
        name: String,
        /// Which store.
        store: Arc<str>,
        /// What the storage says.
        source: Box<object_store::Error>,
    },
    /// What is there is not what pimform writes.
    #[error("`{name}` in the store `{store}` is not what pimform writes: {what}")]
    Malformed {
        /// Which object.
        name: String,
        /// Which store.
        store: Arc<str>,
        /// What is wrong.
        what: String,
    },
    /// Another run has this id.
    #[error("the store `{store}` has a run `{run}` already")]
    SameRun {
        /// Which run.
        run: super::RunId,
        /// Which store.
        store: Arc<str>,
    },
    /// There is no such run.
    #[error("the store `{store}` has no run `{run}`")]
    NoRun {
        /// Which run.
        run: String,
        /// Which store.
        store: Arc<str>,
    },
}

impl StoreError {
    /// A way out, for the help line of a message.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotAPlace(_) => "write a folder, or `az://CONTAINER/PATH`, `s3://BUCKET/PATH` or `gs://BUCKET/PATH`",
            Self::Open { .. } => {
                "check the address, and the variables that name the account, such as AZURE_STORAGE_ACCOUNT_NAME"
            }
            Self::Io { source, .. } => match **source {
                object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
                    "give the identity of this job the right to read and write blobs there"
                }
                object_store::Error::NotFound { .. } => "make the container or bucket first",
                _ => "check the address of the store, and that this machine can reach it",
            },
            Self::Malformed { .. } => "use the pimform that wrote it, or move it away if nobody needs it",
            Self::SameRun { .. } => "run the command again",
            Self::NoRun { .. } => "`pimform history` lists the runs",
        }
    }
}

/// What an object was when it was read; needed to replace it.
#[derive(Clone, Debug)]
pub(super) struct Version {
    tag: UpdateVersion,
    bytes: Vec<u8>,
}

/// Whether whoever holds the lock is alive.
#[derive(Debug)]
pub(super) enum Life {
    /// Nobody is, and this proves that we are.
    Ours(File),
    /// Somebody is.
    Theirs,
    /// The storage cannot tell.
    Unknown,
}

/// Whether an object was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// It was.
    Written,
    /// Somebody else has written it meanwhile.
    Changed,
}

impl Location {
    /// Reads `az://...`, `s3://...`, `gs://...` or the path of a folder; a relative one is below `base`.
    pub fn parse(text: &str, base: &Path) -> Result<Self, StoreError> {
        match text.split_once("://") {
            None if text.is_empty() => Err(StoreError::NotAPlace(text.to_owned())),
            None => Ok(Self::Folder(base.join(text))),
            Some(("az" | "s3" | "gs", rest)) if !rest.is_empty() => {
                let url: Url = text.parse().map_err(|_| StoreError::NotAPlace(text.to_owned()))?;
                let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
                if plain { Ok(Self::Cloud(url)) } else { Err(StoreError::NotAPlace(text.to_owned())) }
            }
            Some(_) => Err(StoreError::NotAPlace(text.to_owned())),
        }
    }
}

impl Store {
    /// Opens a store. `environment` holds the variables by which the clouds' storage is configured, such as
    /// `AZURE_STORAGE_ACCOUNT_NAME` or `AWS_REGION`.
    pub fn open(
        location: &Location,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, StoreError> {
        match location {
            Location::Folder(folder) => Self::folder(folder),
            Location::Cloud(url) => {
                crate::backend::microsoft::tls::install();
                let shown: Arc<str> = url.as_str().into();
                let options = environment.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
                let (objects, prefix) = object_store::parse_url_opts(url, options)
                    .map_err(|source| StoreError::Open { store: Arc::clone(&shown), source: Box::new(source) })?;
                Ok(Self { shown, objects: Arc::from(objects), prefix, swap: Swap::Conditional })
            }
        }
    }

    fn folder(folder: &Path) -> Result<Self, StoreError> {
        let shown: Arc<str> = folder.display().to_string().into();
        let failed =
            |source: object_store::Error| StoreError::Open { store: Arc::clone(&shown), source: Box::new(source) };
        // A record says who did what when; it belongs into no repository by accident.
        let ignore = folder.join(".gitignore");
        let create = std::fs::create_dir_all(folder)
            .and_then(|()| if ignore.exists() { Ok(()) } else { std::fs::write(&ignore, "*\n") });
        create.map_err(|error| failed(object_store::Error::Generic { store: "folder", source: Box::new(error) }))?;
        let objects = LocalFileSystem::new_with_prefix(folder).map_err(failed)?.with_automatic_cleanup(true);
        let swap = Swap::Guarded(folder.to_path_buf());
        Ok(Self { shown, objects: Arc::new(objects), prefix: Key::default(), swap })
    }

    /// The place, for people.
    pub fn shown(&self) -> &Arc<str> {
        &self.shown
    }

    fn key(&self, name: &str) -> Key {
        name.split('/').fold(self.prefix.clone(), Key::join)
    }

    fn failed(&self, action: &'static str, name: &str, source: object_store::Error) -> StoreError {
        StoreError::Io { action, name: name.to_owned(), store: Arc::clone(&self.shown), source: Box::new(source) }
    }

    /// An object, if there is one.
    pub(super) async fn read(&self, name: &str) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
        let got = match self.objects.get(&self.key(name)).await {
            Ok(got) => got,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.failed("read", name, error)),
        };
        let tag = UpdateVersion { e_tag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
        let bytes = got.bytes().await.map_err(|error| self.failed("read", name, error))?.to_vec();
        Ok(Some((bytes.clone(), Version { tag, bytes })))
    }

    /// Writes an object, whatever is there.
    pub(super) async fn write(&self, name: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        let put = self.objects.put(&self.key(name), bytes.into()).await;
        put.map(drop).map_err(|error| self.failed("write", name, error))
    }

    /// Writes an object that is not there yet.
    pub(super) async fn create(&self, name: &str, bytes: Vec<u8>) -> Result<Put, StoreError> {
        self.put(name, bytes, PutMode::Create).await
    }

    /// Writes an object if it still is what was read.
    pub(super) async fn replace(&self, name: &str, was: &Version, bytes: Vec<u8>) -> Result<Put, StoreError> {
        match &self.swap {
            Swap::Conditional => self.put(name, bytes, PutMode::Update(was.tag.clone())).await,
            Swap::Guarded(folder) => {
                let (folder, file, was) = (folder.clone(), folder.join(name), was.bytes.clone());
                let swapped = tokio::task::spawn_blocking(move || swap(&folder, &file, &was, &bytes)).await;
                let swapped = swapped.unwrap_or_else(|error| Err(std::io::Error::other(error)));
                swapped.map_err(|error| {
                    let source = object_store::Error::Generic { store: "folder", source: Box::new(error) };
                    self.failed("write", name, source)
                })
            }
        }
    }

    async fn put(&self, name: &str, bytes: Vec<u8>, mode: PutMode) -> Result<Put, StoreError> {
        let options = PutOptions { mode, ..PutOptions::default() };
        match self.objects.put_opts(&self.key(name), bytes.into(), options).await {
            Ok(_) => Ok(Put::Written),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {
                Ok(Put::Changed)
            }
            Err(error) => Err(self.failed("write", name, error)),
        }
    }

    /// The names of the objects in a folder of the store, in their order.
    pub(super) async fn names(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let listed: Vec<_> = self
            .objects
            .list(Some(&self.key(folder)))
            .try_collect()
            .await
            .map_err(|error| self.failed("list", folder, error))?;
        let mut names: Vec<String> =
            listed.iter().filter_map(|object| object.location.filename().map(str::to_owned)).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// For a folder: the proof that whoever has this is alive, since it ends with the process; nothing if somebody else
    /// has it. A cloud's storage has no such proof.
    pub(super) fn proof_of_life(&self) -> Result<Life, StoreError> {
        let Swap::Guarded(folder) = &self.swap else { return Ok(Life::Unknown) };
        let failed = |error: std::io::Error| {
            let source = object_store::Error::Generic { store: "folder", source: Box::new(error) };
            self.failed("write", ".alive", source)
        };
        let path = folder.join(".alive");
        let file = File::options().create(true).truncate(false).write(true).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Life::Ours(file)),
            Err(TryLockError::WouldBlock) => Ok(Life::Theirs),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    pub(super) fn malformed(&self, name: &str, what: &dyn std::fmt::Display) -> StoreError {
        StoreError::Malformed { name: name.to_owned(), store: Arc::clone(&self.shown), what: what.to_string() }
    }
}

/// Replaces a file if it still is what was read. The lock of the guard file ends with the process that holds it.
fn swap(folder: &Path, path: &Path, was: &[u8], bytes: &[u8]) -> std::io::Result<Put> {
    let guard = File::options().create(true).truncate(false).write(true).open(folder.join(".guard"))?;
    guard.lock()?;
    if std::fs::read(path)? != was {
        return Ok(Put::Changed);
    }
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(bytes)?;
    new.as_file().sync_all()?;
    new.persist(path)?;
    Ok(Put::Written)
}
