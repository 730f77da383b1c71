//! Scopes of Azure Resource Manager.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use super::text::{by_name, folded, same_name};

/// The scope of an Azure role: a management group, subscription, resource group or resource.
///
/// Kept as written, compared as names are: without case, as the service does, and however letters are composed.
#[derive(Clone, Debug)]
pub struct ArmScope(Arc<str>);

/// Not the id of a management group, subscription, resource group or resource.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not an Azure scope")]
pub struct ArmScopeError(String);

impl ArmScopeError {
    /// A way out, for the help line of a message.
    pub const HELP: &'static str = "write the whole id, such as `/subscriptions/<id>/resourceGroups/<name>`";
}

/// What kind of place a scope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeKind {
    /// `/providers/Microsoft.Management/managementGroups/<name>`
    ManagementGroup,
    /// `/subscriptions/<id>`
    Subscription,
    /// `/subscriptions/<id>/resourceGroups/<name>`
    ResourceGroup,
    /// `<resource group>/providers/<namespace>/<type>/<name>...`
    Resource,
}

const MANAGEMENT_GROUPS: &str = "/providers/Microsoft.Management/managementGroups/";

impl ArmScope {
    /// The management group with this name (its id, not its display name).
    pub fn management_group(name: &str) -> Result<Self, ArmScopeError> {
        format!("{MANAGEMENT_GROUPS}{name}").parse()
    }

    /// The id as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What kind of place it is.
    pub fn kind(&self) -> ScopeKind {
        kind_of(&self.0).unwrap_or(ScopeKind::Resource)
    }

    /// The last segment: the name of a management group, resource group or resource, the id of a subscription.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The id of the subscription that the scope lies in; management groups lie in none.
    pub fn subscription_id(&self) -> Option<&str> {
        let segments: Vec<&str> = self.0.split('/').collect();
        match segments.as_slice() {
            ["", first, id, ..] if first.eq_ignore_ascii_case("subscriptions") => Some(id),
            _ => None,
        }
    }

    /// True for `above` itself and for what lies in it, as far as ids tell: what a management group holds they do not.
    pub fn is_in(&self, above: &Self) -> bool {
        let mut own = folded(&self.0);
        folded(&above.0).all(|c| own.next() == Some(c)) && matches!(own.next(), None | Some('/'))
    }
}

fn kind_of(text: &str) -> Option<ScopeKind> {
    let is = |segment: &str, word: &str| segment.eq_ignore_ascii_case(word);
    let segments: Vec<&str> = text.strip_prefix('/')?.split('/').collect();
    if segments.iter().any(|segment| segment.is_empty() || segment.chars().any(|c| c.is_control() || c == '?')) {
        return None;
    }
    match segments.as_slice() {
        [providers, management, groups, _]
            if is(providers, "providers")
                && is(management, "Microsoft.Management")
                && is(groups, "managementGroups") =>
        {
            Some(ScopeKind::ManagementGroup)
        }
        [subscriptions, id, rest @ ..] if is(subscriptions, "subscriptions") && uuid::Uuid::try_parse(id).is_ok() => {
            match rest {
                [] => Some(ScopeKind::Subscription),
                [groups, _] if is(groups, "resourceGroups") => Some(ScopeKind::ResourceGroup),
                [groups, _, providers, _, types @ ..]
                    if is(groups, "resourceGroups")
                        && is(providers, "providers")
                        && types.len() >= 2
                        && types.len().is_multiple_of(2) =>
                {
                    Some(ScopeKind::Resource)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

impl FromStr for ArmScope {
    type Err = ArmScopeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim_end_matches('/');
        kind_of(text).map(|_| Self(Arc::from(text))).ok_or_else(|| ArmScopeError(text.to_owned()))
    }
}

impl fmt::Display for ArmScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for ArmScope {
    fn eq(&self, other: &Self) -> bool {
        same_name(&self.0, &other.0)
    }
}

impl Eq for ArmScope {}

impl Ord for ArmScope {
    fn cmp(&self, other: &Self) -> Ordering {
        by_name(&self.0, &other.0)
    }
}

impl PartialOrd for ArmScope {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for ArmScope {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for c in folded(&self.0) {
            state.write_u32(c.into());
        }
    }
}

impl Serialize for ArmScope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ArmScope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for ArmScope {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ArmScope".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "Id of a management group, subscription, resource group or resource.",
            "pattern": "^/(subscriptions|providers/Microsoft\\.Management/managementGroups)/.+"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBSCRIPTION: &str = "/subscriptions/7a3c0d7e-0000-4000-8000-000000000001";

    #[test]
    fn scopes_know_their_kind_and_compare_without_case() {
        let group: ArmScope = format!("{SUBSCRIPTION}/resourceGroups/App").parse().unwrap();
        let same: ArmScope = format!("{SUBSCRIPTION}/resourcegroups/app/").parse().unwrap();
        assert_eq!(group, same);
        let composed: ArmScope = format!("{SUBSCRIPTION}/resourceGroups/B\u{fc}ro").parse().unwrap();
        let apart: ArmScope = format!("{SUBSCRIPTION}/resourceGroups/bu\u{308}RO").parse().unwrap();
        assert_eq!((&composed, composed.cmp(&apart)), (&apart, Ordering::Equal));
        assert!(apart.is_in(&SUBSCRIPTION.to_uppercase().parse().unwrap()) && apart.is_in(&composed));
        assert!(!same.is_in(&format!("{SUBSCRIPTION}/resourceGroups/ap").parse().unwrap()));
        assert_eq!(group.kind(), ScopeKind::ResourceGroup);
        assert_eq!(ArmScope::management_group("core").unwrap().kind(), ScopeKind::ManagementGroup);
        let vault: ArmScope =
            format!("{SUBSCRIPTION}/resourceGroups/app/providers/Microsoft.KeyVault/vaults/kv").parse().unwrap();
        assert_eq!((vault.kind(), vault.name()), (ScopeKind::Resource, "kv"));
    }

    #[test]
    fn half_a_scope_is_refused() {
        for bad in ["", "/", "/subscriptions", "/subscriptions/not-a-guid", "core", "/subscriptions//x"] {
            assert!(bad.parse::<ArmScope>().is_err(), "{bad}");
        }
        assert!(
            format!("{SUBSCRIPTION}/resourceGroups/app/providers/Microsoft.KeyVault/vaults")
                .parse::<ArmScope>()
                .is_err()
        );
    }
}
