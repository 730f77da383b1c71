//! Scopes of Azure Resource Manager.

use std::cmp::Ordering;
use std::fmt;

use uuid::Uuid;

const MANAGEMENT_GROUPS: &str = "/providers/Microsoft.Management/managementGroups/";

/// A scope such as `/subscriptions/<id>/resourceGroups/<name>`. Keeps its spelling and compares without case.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    text: String,
    folded: String,
}

/// What a scope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScopeKind {
    /// The root of the tenant, `/`.
    Root,
    /// A management group.
    ManagementGroup,
    /// A subscription.
    Subscription,
    /// A resource group.
    ResourceGroup,
    /// A resource.
    Resource,
}

impl Scope {
    /// The root of the tenant.
    pub(crate) fn root() -> Self {
        Self::new("/")
    }

    /// A management group.
    pub(crate) fn management_group(name: &str) -> Self {
        Self::new(&format!("{MANAGEMENT_GROUPS}{name}"))
    }

    /// A subscription.
    pub(crate) fn subscription(id: Uuid) -> Self {
        Self::new(&format!("/subscriptions/{id}"))
    }

    /// From its text; slashes at the end and doubled ones do not matter.
    pub(crate) fn new(text: &str) -> Self {
        let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
        let text = format!("/{}", parts.join("/"));
        Self { folded: text.to_lowercase(), text }
    }

    /// Between which two everything lies whose text begins with this one: from the first, and before the second.
    pub(crate) fn inside(&self) -> (Self, Self) {
        let start = self.text.trim_end_matches('/');
        // The character behind the slash.
        let bound =
            |end: char| Self { text: format!("{start}{end}"), folded: format!("{}{end}", start.to_lowercase()) };
        (bound('/'), bound('0'))
    }

    /// As it is spelled.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// In lower case.
    pub(crate) fn folded(&self) -> &str {
        &self.folded
    }

    /// The last segment; empty for the root.
    pub(crate) fn name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or_default()
    }

    /// What it is; nothing if it is no scope at all.
    pub(crate) fn kind(&self) -> Option<ScopeKind> {
        let parts: Vec<&str> = self.folded.split('/').filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            [] => Some(ScopeKind::Root),
            ["providers", "microsoft.management", "managementgroups", _] => Some(ScopeKind::ManagementGroup),
            ["subscriptions", _] => Some(ScopeKind::Subscription),
            ["subscriptions", _, "resourcegroups", _] => Some(ScopeKind::ResourceGroup),
            ["subscriptions", _, "resourcegroups", _, "providers", rest @ ..]
            | ["subscriptions", _, "providers", rest @ ..]
                if rest.len() >= 3 =>
            {
                Some(ScopeKind::Resource)
            }
            _ => None,
        }
    }

    /// The subscription that it is or lies in.
    pub(crate) fn subscription_id(&self) -> Option<Uuid> {
        let mut parts = self.folded.split('/').filter(|part| !part.is_empty());
        (parts.next() == Some("subscriptions")).then(|| Uuid::parse_str(parts.next()?).ok())?
    }

    /// The scope above, as far as the text tells: of a resource its resource group or subscription, of a resource group its
    /// subscription. Nothing for subscriptions and management groups, whose parents the tenant knows.
    pub(crate) fn above_in_text(&self) -> Option<Self> {
        let parts: Vec<&str> = self.text.split('/').filter(|part| !part.is_empty()).collect();
        let keep = match self.kind()? {
            ScopeKind::ResourceGroup => 2,
            ScopeKind::Resource if self.folded.contains("/resourcegroups/") => 4,
            ScopeKind::Resource => 2,
            _ => return None,
        };
        Some(Self::new(&parts.into_iter().take(keep).collect::<Vec<_>>().join("/")))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Scope {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for Scope {}

impl PartialOrd for Scope {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scope {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded.cmp(&other.folded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_know_what_they_are_and_what_lies_above() {
        let group = Scope::new("//subscriptions/c50263ce-5259-4a3c-a74c-860b1f88e997/ResourceGroups/App/");
        assert_eq!(group.kind(), Some(ScopeKind::ResourceGroup));
        assert_eq!(group.name(), "App");
        let resource = Scope::new(&format!("{group}/providers/Microsoft.Storage/storageAccounts/x"));
        assert_eq!(resource.kind(), Some(ScopeKind::Resource));
        assert_eq!(resource.above_in_text(), Some(Scope::new(&group.as_str().to_uppercase())));
        assert_eq!(group.above_in_text().unwrap().kind(), Some(ScopeKind::Subscription));
        assert_eq!(group.subscription_id(), resource.subscription_id());
        assert_eq!(Scope::root().kind(), Some(ScopeKind::Root));
        assert_eq!(Scope::management_group("core").kind(), Some(ScopeKind::ManagementGroup));
        let (from, to) = group.inside();
        assert!(from < resource && resource < to);
        let beside = Scope::new(&format!("{group}-2/providers/Microsoft.Storage/storageAccounts/x"));
        assert!(group < from && (beside < from || beside >= to));
        assert_eq!(Scope::new("/subscriptions").kind(), None);
        assert_eq!(Scope::new("/providers/Microsoft.Authorization/roleDefinitions/x").kind(), None);
    }
}
