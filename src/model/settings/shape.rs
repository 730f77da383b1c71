//! The shapes that settings come in, and what a field is in each of them.

use std::fmt::Debug;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Leaf;
use crate::diag::Span;

/// Which form each field of [`Settings`](super::Settings) takes.
pub trait Shape: Clone + Debug + Default + PartialEq + 'static {
    /// The form of a field whose value is a `T`.
    type Of<T: Leaf>: Slot;
}

/// What every form of a field can do.
pub trait Slot: Clone + Debug + PartialEq + Default + Serialize + DeserializeOwned + JsonSchema {
    /// True when the field says nothing.
    fn is_vacant(&self) -> bool;
}

/// What the tenant has: every field is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Current;

/// What the files say: a field is set, with the place that sets it, or unmanaged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec;

/// What a tenant file says: a field is there, or has the service's default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sparse;

/// What changes: before and after, or nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes;

/// Nothing at all: the result of only looking.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Looked;

impl Shape for Current {
    type Of<T: Leaf> = T;
}
impl Shape for Spec {
    type Of<T: Leaf> = Setting<T>;
}
impl Shape for Sparse {
    type Of<T: Leaf> = Option<T>;
}
impl Shape for Changes {
    type Of<T: Leaf> = Option<Change<T>>;
}
impl Shape for Looked {
    type Of<T: Leaf> = ();
}

/// A field as the files state it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Setting<T> {
    /// No layer sets it: it stays as the tenant has it.
    #[default]
    Unmanaged,
    /// Set to a value.
    Set {
        /// The value.
        value: T,
        /// The place that sets it.
        #[serde(skip)]
        at: Span,
    },
}

impl<T> Setting<T> {
    /// The value, if the field is set.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Unmanaged => None,
            Self::Set { value, .. } => Some(value),
        }
    }

    /// The place that sets the field.
    pub fn at(&self) -> Option<Span> {
        match self {
            Self::Unmanaged => None,
            Self::Set { at, .. } => Some(*at),
        }
    }
}

/// A field before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "{T}Change")]
pub struct Change<T> {
    /// As the tenant has it.
    pub before: T,
    /// As the files want it.
    pub after: T,
}

impl<T: Leaf> Slot for Setting<T> {
    fn is_vacant(&self) -> bool {
        matches!(self, Self::Unmanaged)
    }
}
impl<T: Leaf> Slot for Option<T> {
    fn is_vacant(&self) -> bool {
        self.is_none()
    }
}
impl<T: Leaf> Slot for Option<Change<T>> {
    fn is_vacant(&self) -> bool {
        self.is_none()
    }
}
impl Slot for () {
    fn is_vacant(&self) -> bool {
        true
    }
}
