//! One apply at a time, and a record of each.
//!
//! Both live in a [`Store`]: a folder, or a container of Azure Blob Storage, Amazon S3 or Google Cloud Storage, so that a
//! team with many runners coordinates through storage that it already has.
//!
//! ```text
//!  <store>/lock.json          who is applying, or nobody
//!  <store>/runs/<id>.json     one apply: who, when, from which commit, every step with its outcome
//!  <store>/declared.json      what the files declared when the tenant last was as they say
//! ```
//!
//! Nothing here is needed to plan: lose the store, and only the record is lost.

mod declared;
mod journal;
mod lock;
mod record;
mod store;

pub use declared::{Declared, Standing};
pub use journal::{Clock, Journal};
pub use lock::{Holder, Lock, Locked};
pub use record::{Applier, OutcomeRecord, OutcomeState, Purpose, RunId, RunRecord, RunState, Runner, run_schema};
pub use store::{Location, Store, StoreError};
