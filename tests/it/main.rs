//! Everything that needs the program as a whole, in one binary so that it is linked once.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests may fail loudly and use files"
)]

mod architecture;
mod bad_input;
mod ci_files;
mod durability;
mod emulator;
mod examples;
mod generated;
mod harness;
mod import;
mod microsoft;
mod permissions;
mod properties;
mod renamed;
mod scenarios;
mod service_facts;
mod store;
mod terraform;
mod tour;
mod traffic;
mod undo;
mod workflow;
