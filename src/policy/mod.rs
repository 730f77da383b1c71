//! The policy language: files into documents, documents into what is desired.
//!
//! ```text
//! files -> load -> node -> decode (document, assignment, layer) -> merge -> Documents
//! Documents -> profile (extends, floor), check -> resolve (names into ids) -> Desired
//! ```
//!
//! Only [`load`](mod@load) touches files. Problems are collected as findings, never one at a time.

pub mod assignment;
mod check;
pub mod decode;
pub mod document;
mod groups;
pub mod layer;
pub mod load;
pub mod merge;
mod name_index;
mod names;
pub mod node;
mod principals;
mod profile;
mod resolve;
mod roles;
mod schema;
mod scopes;
mod settings;

pub use check::{check_ends, check_offline};
pub use decode::Loc;
pub use load::{LoadError, Loaded, load};
pub use merge::Documents;
pub use names::names;
pub use resolve::resolve;
pub(crate) use roles::assignable_at;
pub use schema::{SCHEMA_ID, policy_schema};

#[cfg(test)]
mod tests;
