//! Custom extensions: web services of the customer's own that are asked at each activation. In the service's terms the
//! `customExtensionId` of the rules `CustomExtension_PreApproval_EndUser_Assignment` and
//! `CustomExtension_PostApproval_EndUser_Assignment`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use thiserror::Error;

/// Which extensions are asked at an activation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Extensions {
    /// Asked before anybody approves. It may approve, deny, or skip those who approve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before_approval: Option<ExtensionId>,
    /// Asked after somebody has approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_approval: Option<ExtensionId>,
}

/// When an extension is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Before anybody approves.
    BeforeApproval,
    /// After somebody has approved.
    AfterApproval,
}

impl Extensions {
    /// The one that is asked at a moment.
    pub fn at(&self, moment: Moment) -> Option<&ExtensionId> {
        match moment {
            Moment::BeforeApproval => self.before_approval.as_ref(),
            Moment::AfterApproval => self.after_approval.as_ref(),
        }
    }

    /// True when none is asked.
    pub fn is_none(&self) -> bool {
        self.before_approval.is_none() && self.after_approval.is_none()
    }

    /// docs/service.md: policies-5
    ///
    /// True for what a web service may wave through, or fail to ask, and these do not let it. One before approval can
    /// skip those who approve, so any but this one is looser; one after approval can only deny.
    pub fn is_looser_than(&self, other: &Self) -> bool {
        let may_skip = self.before_approval.is_some() && self.before_approval != other.before_approval;
        may_skip || other.after_approval.is_some() && self.after_approval != other.after_approval
    }
}

impl fmt::Display for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.before_approval, &self.after_approval) {
            (None, None) => f.write_str("none"),
            (Some(before), None) => write!(f, "before approval {before}"),
            (None, Some(after)) => write!(f, "after approval {after}"),
            (Some(before), Some(after)) => write!(f, "before approval {before}, after approval {after}"),
        }
    }
}

/// The id of an extension, in lower case. Its name is no key: it can be changed, and the service does not say it of all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct ExtensionId(Arc<str>);

/// Not the id of an extension.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not the id of a custom extension")]
pub struct ExtensionIdError(String);

impl FromStr for ExtensionId {
    type Err = ExtensionIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match uuid::Uuid::try_parse(text) {
            Ok(id) => Ok(Self(id.to_string().into())),
            Err(_) => Err(ExtensionIdError(text.to_owned())),
        }
    }
}

impl fmt::Display for ExtensionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ExtensionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_before_approval_is_looser_and_one_after_is_stricter() {
        let id = |n: u128| Some(ExtensionId(uuid::Uuid::from_u128(n).to_string().into()));
        let none = Extensions::default();
        let before = Extensions { before_approval: id(1), ..Extensions::default() };
        let after = Extensions { after_approval: id(1), ..Extensions::default() };
        let both = Extensions { before_approval: id(1), after_approval: id(2) };
        assert!(before.is_looser_than(&none) && !none.is_looser_than(&before));
        assert!(none.is_looser_than(&after) && !after.is_looser_than(&none));
        assert!(both.is_looser_than(&none) && !both.is_looser_than(&both.clone()));
        assert!(Extensions { before_approval: id(3), ..both.clone() }.is_looser_than(&both));
    }
}
