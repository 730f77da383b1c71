//! Where things stand in the policy files, and what is wrong with them.
//!
//! A [`Finding`] is one problem with the places it concerns. Findings are collected, never thrown one at a time, so that
//! a user sees all problems of all files at once. This module knows nothing of PIM and prints nothing.

pub mod catalog;
mod finding;
pub mod report;
mod source;
mod suggest;
mod visible;

pub use finding::{Finding, Findings, Label, Severity};
pub use source::{FileId, Place, SourceFile, SourceMap, Span};
pub use suggest::nearest;
pub use visible::{chain, is_deceptive, visible};
