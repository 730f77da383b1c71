//! Plans for people and programs.
//!
//! ```text
//!  Plan + Verdict -> View: sections, blocks, lines, cells -> text, Markdown
//!                 -> PlanFile                             -> JSON
//! ```
//!
//! What is said, and in which order, is decided once, when the view is filled (`sections`, `settings`, `words`). The
//! renderers only walk the view. Nothing that comes from a tenant or a file is printed raw: see `escape`.

mod apply;
mod doctor;
mod drift;
mod escape;
mod explain;
mod json;
mod line;
mod markdown;
mod permissions;
mod runs;
mod sections;
mod settings;
mod summary;
mod text;
mod traffic;
mod validation;
mod view;
mod words;

#[cfg(test)]
mod tests;

pub use apply::{applied_json, applied_text};
pub use doctor::{DoctorFile, doctor_json, doctor_schema, doctor_text, write_probe_json, write_probe_text};
pub use drift::{DriftFile, drift_json, drift_junit, drift_markdown, drift_sarif, drift_schema, drift_text};
pub use escape::visible;
pub use explain::{explained_json, explained_text};
pub use json::{harmless_json, json};
pub use line::one_line;
pub use markdown::{COMMENT_LIMIT, markdown};
pub use permissions::{permissions_az, permissions_json, permissions_text, shell_word};
pub use runs::{lock_text, run_json, run_text, runs_json, runs_text};
pub use text::{Style, text};
pub use traffic::{Traffic, traffic};
pub use words::count;
