//! One type for each kind of GUID, so that one cannot stand where another is meant.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! object_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(#[schemars(with = "Guid")] Uuid);

        impl $name {
            /// Wraps a GUID.
            pub const fn new(guid: Uuid) -> Self {
                Self(guid)
            }

            /// The GUID.
            pub const fn guid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            /// Reads the hyphenated form only: 36 characters.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                hyphenated(text).map(Self)
            }
        }
    };
}

object_id!(
    /// A Microsoft Entra tenant.
    TenantId
);
object_id!(
    /// A user, group or service principal (the object id, not the application id).
    PrincipalId
);
object_id!(
    /// A role definition, of Microsoft Entra or of Azure (the GUID only).
    RoleId
);
object_id!(
    /// An administrative unit.
    AdministrativeUnitId
);

/// Reads a GUID in its hyphenated form; other spellings are more often a mistake than meant.
fn hyphenated(text: &str) -> Result<Uuid, uuid::Error> {
    let guid = Uuid::try_parse(text)?;
    if text.len() == 36 { Ok(guid) } else { Uuid::try_parse("") }
}

/// How a GUID looks in a JSON Schema.
struct Guid;

impl JsonSchema for Guid {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Guid".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hyphenated_form_is_a_guid() {
        assert!("0f4a2a3e-0000-4000-8000-000000000001".parse::<TenantId>().is_ok());
        assert!("0F4A2A3E-0000-4000-8000-000000000001".parse::<TenantId>().is_ok());
        assert!("0f4a2a3e000040008000000000000001".parse::<TenantId>().is_err());
        assert!("{0f4a2a3e-0000-4000-8000-000000000001}".parse::<TenantId>().is_err());
    }
}
