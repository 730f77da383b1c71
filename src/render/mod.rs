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
mod escape;
mod explain;
mod json;
mod line;
mod markdown;
mod sections;
mod settings;
mod summary;
mod text;
mod view;
mod words;

#[cfg(test)]
mod tests;

pub use apply::{applied_json, applied_text};
pub use escape::visible;
pub use explain::{explained_json, explained_text};
pub use json::{harmless_json, json};
pub use line::one_line;
pub use markdown::{COMMENT_LIMIT, markdown};
pub use text::{Style, text};
pub use words::count;
