//! Policy as code for Privileged Identity Management of Microsoft Entra and Azure.
//!
//! ```text
//!  policies/*.yaml                                tenant, or a local tenant file
//!       |  policy: load, check, resolve                 |  backend: ReadState
//!       v                                               v
//!    Desired -----------------+--------------------- Snapshot
//!                             v
//!       diff (pure) -> plan: order, reasons, digest (pure) -> guard (pure)
//!                             |                                 |
//!            render: text, JSON, Markdown        apply: Execute, then read and plan again
//! ```
//!
//! Data flows one way and dependencies point downwards only. `model`, `diff` and `plan` know no clock, file,
//! network or environment; time is an argument. See `docs/ARCHITECTURE.md`.

#![cfg_attr(
    test,
    expect(clippy::string_slice, clippy::disallowed_methods, reason = "tests may fail loudly and use files")
)]

pub mod apply;
pub mod backend;
pub mod cli;
pub mod compare;
pub mod diag;
pub mod diff;
pub mod doctor;
pub mod drift;
pub mod emulator;
pub mod explain;
pub mod generate;
pub mod import;
pub mod model;
pub mod permissions;
pub mod plan;
pub mod policy;
pub mod render;
pub mod runs;
pub mod undo;
