//! Answers to yes-or-no questions that may not have been given.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Whether something is so. A service may leave a property out, or hide it from whoever asks; then nobody knows, and what
/// is not known is never taken for the convenient one of the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// Nobody said.
    #[default]
    NotSaid,
}

impl Answer {
    /// True only where it was said.
    pub fn is_yes(self) -> bool {
        self == Self::Yes
    }

    /// True only where that was said.
    pub fn is_no(self) -> bool {
        self == Self::No
    }

    /// For what is taken for `yes` where a tenant file leaves it out.
    pub(crate) fn yes() -> Self {
        Self::Yes
    }

    /// For what is taken for `no` where a tenant file leaves it out.
    pub(crate) fn no() -> Self {
        Self::No
    }
}

impl From<bool> for Answer {
    fn from(so: bool) -> Self {
        if so { Self::Yes } else { Self::No }
    }
}

impl From<Option<bool>> for Answer {
    fn from(so: Option<bool>) -> Self {
        so.map_or(Self::NotSaid, Self::from)
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Yes => serializer.serialize_bool(true),
            Self::No => serializer.serialize_bool(false),
            Self::NotSaid => serializer.serialize_none(),
        }
    }
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<bool>::deserialize(deserializer).map(Self::from)
    }
}

impl JsonSchema for Answer {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Answer".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "Whether something is so; null where that is not known.", "type": ["boolean", "null"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_said_is_neither_yes_nor_no() {
        for (text, answer) in [("true", Answer::Yes), ("false", Answer::No), ("null", Answer::NotSaid)] {
            assert_eq!(serde_json::from_str::<Answer>(text).unwrap(), answer);
            assert_eq!(serde_json::to_string(&answer).unwrap(), text);
        }
        assert!(!Answer::NotSaid.is_yes() && !Answer::NotSaid.is_no());
        assert!(serde_json::from_str::<Answer>("0").is_err());
    }
}
