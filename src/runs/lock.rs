//! One apply at a time.
//!
//! The lock is an object that is never deleted: it names its holder, or nobody. Taking and releasing it replace the
//! object on the condition that it still is what was read, so of two who try at once one is told to wait.
//!
//! In a folder the holder also keeps a file lock, which ends with its process: the lock of a run that crashed is taken over
//! by the next. A cloud's storage cannot tell, so there a person decides with `pimform unlock`.

use std::fs::File;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::record::{RunId, Runner};
use super::store::{Life, Put, Store, StoreError, Version};
use crate::model::{TenantId, Time};

const NAME: &str = "lock.json";

/// Of the format.
const VERSION: u32 = 1;

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The run that it was taken for.
    pub run: RunId,
    /// Tells this attempt from every other, also from one of the same job in the same second.
    pub token: Uuid,
    /// Who runs it.
    pub runner: Runner,
    /// The tenant that is applied to.
    pub tenant: Option<TenantId>,
    /// Since when.
    pub since: Time,
}

/// The object in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct LockFile {
    version: u32,
    holder: Option<Holder>,
}

/// The lock, held until [`release`](Self::release) or until somebody takes it away.
#[derive(Debug)]
pub struct Lock {
    store: Store,
    token: Uuid,
    crashed: Option<Box<Holder>>,
    alive: Option<File>,
}

impl Drop for Lock {
    /// Closing the file is not enough: a process that is just being started may have it open, too, for a moment.
    fn drop(&mut self) {
        if let Some(file) = &self.alive {
            let _ = file.unlock();
        }
    }
}

/// What trying to take the lock came to.
#[derive(Debug)]
pub enum Locked {
    /// It is ours.
    Ours(Lock),
    /// Somebody holds it, or is about to.
    Theirs(Option<Box<Holder>>),
}

impl Lock {
    /// Takes the lock, unless somebody holds it.
    pub async fn take(store: &Store, holder: &Holder) -> Result<Locked, StoreError> {
        let alive = match store.proof_of_life()? {
            Life::Ours(file) => Some(file),
            Life::Unknown => None,
            // Whoever lives names itself in a moment, if it has not yet.
            Life::Theirs => {
                let holder = Self::holder(store).await?;
                return Ok(Locked::Theirs(holder.map(Box::new)));
            }
        };
        let mut crashed = None;
        // Each turn loses to somebody else's success, so a few are enough to end with a holder to name.
        for _ in 0..5 {
            let file = encode(Some(holder));
            let put = match read(store).await? {
                None => store.create(NAME, file).await?,
                Some((LockFile { holder: None, .. }, version)) => store.replace(NAME, &version, file).await?,
                // An answer that got lost on its way: the lock was taken by the attempt before.
                Some((LockFile { holder: Some(other), .. }, _)) if other.token == holder.token => Put::Written,
                Some((LockFile { holder: Some(other), .. }, version)) if alive.is_some() => {
                    crashed = Some(Box::new(other));
                    store.replace(NAME, &version, file).await?
                }
                Some((LockFile { holder: Some(other), .. }, _)) => return Ok(Locked::Theirs(Some(Box::new(other)))),
            };
            if put == Put::Written {
                return Ok(Locked::Ours(Self { store: store.clone(), token: holder.token, crashed, alive }));
            }
        }
        Err(store.malformed(NAME, &"it changes all the time"))
    }

    /// The run that ended without giving the lock back, if this one took it over.
    pub fn crashed(&self) -> Option<&Holder> {
        self.crashed.as_deref()
    }

    /// Gives the lock back. True if it still was ours.
    pub async fn release(self) -> Result<bool, StoreError> {
        Self::give_back(&self.store, self.token).await
    }

    /// Gives the lock of this attempt back, if it has it.
    pub async fn give_back(store: &Store, token: Uuid) -> Result<bool, StoreError> {
        release(store, |holder| holder.token == token).await
    }

    /// Who holds the lock, if anybody does.
    pub async fn holder(store: &Store) -> Result<Option<Holder>, StoreError> {
        Ok(read(store).await?.and_then(|(file, _)| file.holder))
    }

    /// Takes the lock away from a run. False if that run does not hold it.
    pub async fn take_away(store: &Store, run: &RunId) -> Result<bool, StoreError> {
        release(store, |holder| holder.run == *run).await
    }
}

async fn release(store: &Store, is_meant: impl Fn(&Holder) -> bool) -> Result<bool, StoreError> {
    match read(store).await? {
        Some((LockFile { holder: Some(holder), .. }, version)) if is_meant(&holder) => {
            Ok(store.replace(NAME, &version, encode(None)).await? == Put::Written)
        }
        _ => Ok(false),
    }
}

fn encode(holder: Option<&Holder>) -> Vec<u8> {
    let file = LockFile { version: VERSION, holder: holder.cloned() };
    serde_json::to_vec_pretty(&file).unwrap_or_default()
}

async fn read(store: &Store) -> Result<Option<(LockFile, Version)>, StoreError> {
    let Some((bytes, version)) = store.read(NAME).await? else { return Ok(None) };
    let file: LockFile = serde_json::from_slice(&bytes).map_err(|error| store.malformed(NAME, &error))?;
    if file.version != VERSION {
        return Err(store.malformed(NAME, &format_args!("it is of version {}", file.version)));
    }
    Ok(Some((file, version)))
}

#[cfg(test)]
mod tests;
