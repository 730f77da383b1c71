//! Parts of answers that several kinds of objects have.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::emulator::arm::place;
use crate::emulator::world::{Principal, Scope, ScopeKind, World};

/// Takes out what is null, which Azure Resource Manager leaves out of its answers.
pub(super) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name, without_nulls(value))).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

/// The version that goes with a condition; none with one that is empty.
pub(super) fn condition_version(condition: Option<&str>) -> Option<&'static str> {
    condition.filter(|condition| !condition.is_empty()).map(|_| "2.0")
}

/// The type of a resource: `Microsoft.Web/sites`.
pub(super) fn resource_type(scope: &Scope) -> String {
    let parts: Vec<&str> = scope.as_str().split('/').filter(|part| !part.is_empty()).collect();
    let at = parts.iter().rposition(|part| part.eq_ignore_ascii_case("providers"));
    let rest = at.and_then(|at| parts.get(at + 1..)).unwrap_or_default();
    let (provider, pairs) = rest.split_first().map_or(("", rest), |(provider, pairs)| (*provider, pairs));
    let types = pairs.iter().step_by(2).copied();
    std::iter::once(provider).chain(types).collect::<Vec<_>>().join("/")
}

/// A scope with its name.
pub(super) fn scope(world: &World, scope: &Scope) -> Value {
    let own = scope.name();
    let (name, kind) = match scope.kind() {
        Some(ScopeKind::ManagementGroup) => {
            let group = world.management_groups.get(&own.to_lowercase());
            (group.and_then(|group| group.name.as_deref()), "managementgroup".to_owned())
        }
        Some(ScopeKind::Subscription) => {
            let subscription = scope.subscription_id().and_then(|id| world.subscriptions.get(&id));
            (subscription.and_then(|subscription| subscription.name.as_deref()), "subscription".to_owned())
        }
        Some(ScopeKind::ResourceGroup) => (None, "resourcegroup".to_owned()),
        Some(ScopeKind::Resource) => (None, resource_type(scope)),
        Some(ScopeKind::Root) | None => (Some("/"), "root".to_owned()),
    };
    json!({ "id": scope.as_str(), "displayName": name.unwrap_or(own), "type": kind })
}

/// A role definition with its name.
pub(super) fn role(world: &World, scope: &Scope, role: Uuid) -> Value {
    let known = world.azure_roles.get(&role);
    let kind = known.map(|role| if role.assignable_scopes.is_empty() { "BuiltInRole" } else { "CustomRole" });
    json!({
        "id": place::role_definition_id(scope, role), "displayName": known.map(|role| role.name.as_str()), "type": kind,
    })
}

/// A principal with its name; of one that has been deleted only the id is left.
pub(super) fn principal(world: &World, id: Uuid) -> Value {
    let known = world.principal(id);
    let email = match known {
        Some(Principal::User(user)) => Some(user.upn.as_str()),
        _ => None,
    };
    json!({
        "id": id.to_string(), "displayName": known.map(Principal::name), "email": email, "type": known.map(Principal::kind),
    })
}

/// `expandedProperties` of whatever joins the three.
pub(super) fn expanded(world: &World, at: &Scope, role_id: Uuid, principal_id: Uuid) -> Value {
    json!({
        "scope": scope(world, at), "roleDefinition": role(world, at, role_id), "principal": principal(world, principal_id),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_are_left_out_at_every_depth() {
        let value = json!({ "a": null, "b": { "c": null, "d": [ { "e": null, "f": 1 } ] } });
        assert_eq!(without_nulls(value), json!({ "b": { "d": [ { "f": 1 } ] } }));
    }

    #[test]
    fn the_type_of_a_resource_has_every_level() {
        let scope = Scope::new("/subscriptions/x/resourceGroups/g/providers/Microsoft.Sql/servers/s/databases/d");
        assert_eq!(resource_type(&scope), "Microsoft.Sql/servers/databases");
    }
}
