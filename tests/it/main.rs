//! Everything that needs the program as a whole, in one binary so that it is linked once.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests may fail loudly and use files"
)]

mod architecture;
mod bad_input;
mod durability;
mod examples;
mod generated;
mod harness;
mod properties;
mod scenarios;
