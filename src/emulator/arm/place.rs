//! The path of a request to Azure Resource Manager: a scope, and what is asked about it.

use crate::emulator::wire::ServiceFailure;
use crate::emulator::world::{Scope, ScopeKind, World};

/// The provider of roles and of PIM.
pub(crate) const AUTHORIZATION: &str = "Microsoft.Authorization";

/// Splits a path that ends in something of the authorization provider into the scope and the segments behind the provider.
///
/// The last mention counts: the scope may be a resource of any provider. `/providers/Microsoft.Subscription/subscriptions/<id>`,
/// as the service writes subscriptions in ids, means the subscription.
pub(crate) fn split<'a>(path: &[&'a str]) -> Option<(Scope, Vec<&'a str>)> {
    let at = path.windows(2).rposition(
        |pair| matches!(pair, [a, b] if a.eq_ignore_ascii_case("providers") && b.eq_ignore_ascii_case(AUTHORIZATION)),
    )?;
    let (scope, rest) = path.split_at_checked(at)?;
    let rest: Vec<&str> = rest.iter().skip(2).copied().collect();
    // Without anything behind it, the provider itself is meant.
    if matches!(rest.as_slice(), [] | ["register"]) {
        return None;
    }
    let scope = match scope {
        [providers, provider, subscriptions, inner @ ..]
            if providers.eq_ignore_ascii_case("providers")
                && provider.eq_ignore_ascii_case("Microsoft.Subscription")
                && subscriptions.eq_ignore_ascii_case("subscriptions") =>
        {
            Scope::new(&format!("subscriptions/{}", inner.join("/")))
        }
        _ => Scope::new(&scope.join("/")),
    };
    Some((scope, rest))
}

/// The scope as the tenant spells it, or why there is none.
pub(crate) fn known(world: &World, scope: &Scope) -> Result<Scope, ServiceFailure> {
    let found = match scope.kind() {
        Some(ScopeKind::Root) => Some(Scope::root()),
        Some(ScopeKind::ManagementGroup) => {
            let group = world.management_groups.get(&scope.name().to_lowercase());
            // The group that all others lie in is there without the tenant file saying so.
            let root = world.tenant.id.to_string();
            let is_root = scope.name().eq_ignore_ascii_case(&root);
            let named = group.map(|group| group.id.as_str()).or(is_root.then_some(root.as_str()));
            named.map(Scope::management_group)
        }
        Some(ScopeKind::Subscription) => {
            let id = scope.subscription_id().filter(|id| world.subscriptions.contains_key(id));
            id.map(Scope::subscription)
        }
        Some(ScopeKind::ResourceGroup) => world.resource_groups.get(scope).cloned(),
        Some(ScopeKind::Resource) => world.resources.get(scope).cloned(),
        None => None,
    };
    found.ok_or_else(|| missing(world, scope))
}

/// The refusal for a scope that is not there. What it lies in is looked for first, as the service does.
pub(crate) fn missing(world: &World, scope: &Scope) -> ServiceFailure {
    if let Some(id) = scope.subscription_id()
        && !world.subscriptions.contains_key(&id)
    {
        return ServiceFailure::new(
            404,
            "SubscriptionNotFound",
            format!("The subscription '{id}' could not be found."),
        );
    }
    if scope.kind() == Some(ScopeKind::Resource)
        && let Some(group) = scope.above_in_text()
        && group.kind() == Some(ScopeKind::ResourceGroup)
        && !world.resource_groups.contains(&group)
    {
        return missing(world, &group);
    }
    let name = scope.name();
    match scope.kind() {
        Some(ScopeKind::ResourceGroup) => {
            ServiceFailure::new(404, "ResourceGroupNotFound", format!("Resource group '{name}' could not be found."))
        }
        Some(ScopeKind::ManagementGroup) => ServiceFailure::new(
            404,
            "NotFound",
            format!("'{scope}' not found. Check that the management group exists and that you have access to it."),
        ),
        Some(ScopeKind::Resource) => {
            ServiceFailure::new(404, "ResourceNotFound", format!("The Resource '{scope}' was not found."))
        }
        Some(ScopeKind::Root | ScopeKind::Subscription) | None => {
            ServiceFailure::new(400, "InvalidResourceScope", format!("'{scope}' is not a valid scope."))
        }
    }
}

/// Where something at a scope has its id: the service writes subscriptions in ids in a way of its own
/// (docs/service.md: arm-6).
pub(crate) fn id_prefix(scope: &Scope) -> String {
    match scope.kind() {
        Some(ScopeKind::Root) => String::new(),
        Some(ScopeKind::Subscription) => format!("/providers/Microsoft.Subscription{scope}"),
        _ => scope.to_string(),
    }
}

/// The id of something of the authorization provider at a scope.
pub(crate) fn id(scope: &Scope, kind: &str, name: &str) -> String {
    format!("{}/providers/{AUTHORIZATION}/{kind}/{name}", id_prefix(scope))
}

/// The id of a role definition as it is read at a scope: below a subscription it carries the subscription.
pub(crate) fn role_definition_id(scope: &Scope, role: uuid::Uuid) -> String {
    let subscription = scope.subscription_id().map(|id| format!("/subscriptions/{id}")).unwrap_or_default();
    format!("{subscription}/providers/{AUTHORIZATION}/roleDefinitions/{role}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(path: &str) -> (String, Vec<&str>) {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let (scope, rest) = split(&segments).unwrap();
        (scope.to_string(), rest)
    }

    #[test]
    fn the_last_mention_of_the_provider_ends_the_scope() {
        assert_eq!(
            parts("/providers/Microsoft.Authorization/roleDefinitions"),
            ("/".to_owned(), vec!["roleDefinitions"])
        );
        let resource = "/subscriptions/x/resourceGroups/g/providers/Microsoft.Web/sites/s";
        let path = format!("{resource}/providers/microsoft.authorization/roleManagementPolicies/p");
        assert_eq!(parts(&path), (resource.to_owned(), vec!["roleManagementPolicies", "p"]));
    }

    #[test]
    fn a_subscription_as_ids_write_it_is_the_subscription() {
        let path = "/providers/Microsoft.Subscription/subscriptions/x/providers/Microsoft.Authorization/roleAssignmentSchedules";
        assert_eq!(parts(path), ("/subscriptions/x".to_owned(), vec!["roleAssignmentSchedules"]));
    }

    #[test]
    fn what_has_nothing_of_the_provider_is_not_split() {
        assert_eq!(split(&["subscriptions", "x"]), None);
        assert_eq!(split(&["subscriptions", "x", "providers", "Microsoft.Authorization"]), None);
    }
}
