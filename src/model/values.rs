//! The values that settings take.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use super::text::composed;
use super::{Duration, PrincipalId};

/// What an activation must prove besides the sign-in.
///
/// The service refuses multifactor authentication together with an authentication context (docs/service.md: rules-3), so the
/// two are one value here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Authentication {
    /// Nothing more.
    #[default]
    None,
    /// Multifactor authentication.
    Mfa,
    /// The Conditional Access authentication context of this id.
    Context(ContextId),
}

/// Id of a Conditional Access authentication context, `c1` to `c99`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContextId(u8);

/// Not `c1` to `c99`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not the id of an authentication context")]
pub struct ContextIdError(String);

impl FromStr for ContextId {
    type Err = ContextIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.strip_prefix(['c', 'C']).filter(|digits| !digits.starts_with(['0', '+']));
        match number.and_then(|digits| digits.parse().ok()) {
            Some(number @ 1..=99) => Ok(Self(number)),
            _ => Err(ContextIdError(text.to_owned())),
        }
    }
}

impl fmt::Display for ContextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

/// Who must agree to an activation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// Nobody.
    #[default]
    #[serde(rename = "none")]
    NotRequired,
    /// One of these.
    #[serde(rename = "by")]
    Required(Approvers),
    /// Somebody, but no approver is named: the service asks its own default approvers. Occurs in tenants; cannot be
    /// declared.
    DefaultApprovers,
}

/// One or more approvers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Approvers(BTreeSet<Approver>);

impl Approvers {
    /// Nothing if the set is empty.
    pub fn new(approvers: BTreeSet<Approver>) -> Option<Self> {
        (!approvers.is_empty()).then_some(Self(approvers))
    }

    /// The approvers in their order.
    pub fn iter(&self) -> impl Iterator<Item = Approver> + '_ {
        self.0.iter().copied()
    }

    /// The approvers, each replaced by another.
    #[must_use]
    pub fn map(&self, map: impl FnMut(Approver) -> Approver) -> Self {
        Self(self.iter().map(map).collect())
    }

    /// The approvers as a set.
    pub fn as_set(&self) -> &BTreeSet<Approver> {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Approvers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(BTreeSet::deserialize(deserializer)?).ok_or_else(|| de::Error::custom("no approver is named"))
    }
}

/// A user, or each member of a group. Service principals cannot approve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Approver {
    /// Each member of this group.
    Group(PrincipalId),
    /// This user.
    User(PrincipalId),
}

impl Approver {
    /// The user or group.
    pub fn principal(self) -> PrincipalId {
        match self {
            Self::Group(id) | Self::User(id) => id,
        }
    }

    /// The same kind of approver with another id.
    #[must_use]
    pub fn with_principal(self, id: PrincipalId) -> Self {
        match self {
            Self::Group(_) => Self::Group(id),
            Self::User(_) => Self::User(id),
        }
    }
}

/// How long an assignment may last at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expiry {
    /// It may be permanent.
    #[default]
    Never,
    /// It must end, this long after its start at the latest.
    After(Duration),
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::After(length) => length.fmt(f),
        }
    }
}

/// Which events a notification is sent for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// For none. Occurs in tenants; cannot be declared.
    None,
    /// For critical ones only.
    Critical,
    /// For all.
    #[default]
    All,
}

/// A mail address in lower case and composed, since the service compares addresses without case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Mail(String);

impl Mail {
    fn lower(text: &str) -> Self {
        Self(composed(&text.to_lowercase()).into_owned())
    }
}

/// Not a mail address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not a mail address")]
pub struct MailError(String);

impl FromStr for Mail {
    type Err = MailError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, ',' | ';' | '<' | '>'));
        match text.split_once('@') {
            Some((local, domain)) if plain && !local.is_empty() && !domain.is_empty() && !domain.contains('@') => {
                Ok(Self::lower(text))
            }
            _ => Err(MailError(text.to_owned())),
        }
    }
}

impl fmt::Display for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Mail {
    /// What a tenant holds is taken as it is, so that an odd address does not make the tenant unreadable.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::lower(&String::deserialize(deserializer)?))
    }
}

/// Recipients named besides the service's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Recipients(pub BTreeSet<Mail>);

macro_rules! text_form {
    ($type:ty, $parse:expr, $schema:tt) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                $parse(&text).map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}

text_form!(ContextId, ContextId::from_str, {
    "type": "string",
    "description": "Id of a Conditional Access authentication context, `c1` to `c99`.",
    "pattern": "^[cC][1-9][0-9]?$"
});
text_form!(Expiry, parse_expiry, {
    "type": "string",
    "description": "`never`, or the longest time an assignment may last, such as `365d`."
});

fn parse_expiry(text: &str) -> Result<Expiry, super::time::DurationError> {
    match text {
        "never" => Ok(Expiry::Never),
        // Real tenants hold a maximum of no time at all, which then blocks every assignment that ends.
        "0s" | "PT0S" => Ok(Expiry::After(Duration::default())),
        _ => text.parse().map(Expiry::After),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_ids_run_from_c1_to_c99() {
        assert_eq!("C7".parse::<ContextId>().unwrap().to_string(), "c7");
        for bad in ["c0", "c100", "c", "c01", "7", "c+1", "c1:Name"] {
            assert!(bad.parse::<ContextId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn approval_without_approvers_cannot_be_read() {
        assert!(serde_json::from_str::<Approval>(r#"{"by":[]}"#).is_err());
        assert_eq!(serde_json::from_str::<Approval>(r#""none""#).unwrap(), Approval::NotRequired);
    }

    #[test]
    fn mail_addresses_compare_without_case() {
        assert_eq!("SOC@Contoso.example".parse::<Mail>(), "soc@contoso.example".parse());
        for bad in ["soc", "@x", "x@", "a b@c", "a@b@c", "a@b\n"] {
            assert!(bad.parse::<Mail>().is_err(), "{bad}");
        }
    }
}
