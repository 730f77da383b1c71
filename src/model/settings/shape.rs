//! The shapes that settings come in, and what a field is in each of them.

use std::fmt::{self, Debug};
use std::sync::Arc;

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

/// What the tenant has: for each field its value, or that it cannot be read.
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
    type Of<T: Leaf> = Fact<T>;
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

/// A field as the tenant has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Fact<T> {
    /// It has a value that this version cannot read. It counts as no value at all, and is never written over.
    Unknown {
        /// What was met instead.
        unknown: Unknown,
    },
    /// It has this value.
    Known(T),
}

/// What was met instead of a value that can be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(rename = "UnknownValue")]
pub struct Unknown(Arc<str>);

impl<T> Fact<T> {
    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown { .. } => None,
        }
    }

    /// Something made of the value, if it is known.
    #[must_use]
    pub fn map<U>(&self, make: impl FnOnce(&T) -> U) -> Fact<U> {
        match self {
            Self::Known(value) => Fact::Known(make(value)),
            Self::Unknown { unknown } => Fact::Unknown { unknown: unknown.clone() },
        }
    }

    /// What was met, if it is not known.
    pub fn unknown(&self) -> Option<&Unknown> {
        match self {
            Self::Known(_) => None,
            Self::Unknown { unknown } => Some(unknown),
        }
    }
}

impl<T: Default> Default for Fact<T> {
    fn default() -> Self {
        Self::Known(T::default())
    }
}

impl<T> From<T> for Fact<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl<T: PartialEq> PartialEq<T> for Fact<T> {
    fn eq(&self, value: &T) -> bool {
        self.known() == Some(value)
    }
}

impl Unknown {
    /// What was met, in words that go on after the name of the field: `is for P1Y`.
    pub fn new(met: impl Into<Arc<str>>) -> Self {
        Self(met.into())
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
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

impl<T: Leaf> Slot for Fact<T> {
    fn is_vacant(&self) -> bool {
        false
    }
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
