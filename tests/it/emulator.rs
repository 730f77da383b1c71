//! The emulator, asked over its socket as any client would ask it.
#![expect(clippy::indexing_slicing, reason = "what is not there fails the test")]

mod arm;
pub(crate) mod client;
mod faults;
mod graph;
mod identity;
mod tenant_files;
