//! Users, groups and service principals as Microsoft Graph shows them.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use crate::model::{GroupFacts, GroupMembership, Principal, PrincipalDetail, PrincipalId, PrincipalKind};

/// The properties that are looked at, for `$select`.
pub(in super::super) fn properties(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::User => "id,displayName,userPrincipalName,accountEnabled",
        PrincipalKind::Group => "id,displayName,isAssignableToRole,groupTypes,onPremisesSyncEnabled",
        PrincipalKind::ServicePrincipal => "id,displayName,appId",
    }
}

/// The collection that principals of a kind are in.
pub(in super::super) fn collection(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::User => "users",
        PrincipalKind::Group => "groups",
        PrincipalKind::ServicePrincipal => "servicePrincipals",
    }
}

/// What kind of principal an object of a mixed collection is. Nothing for devices, contacts and what may come.
pub(in crate::backend::microsoft) fn kind(object: &Value) -> Option<PrincipalKind> {
    let name = text(object, "@odata.type")?.rsplit('.').next()?;
    let kinds = [
        ("user", PrincipalKind::User),
        ("group", PrincipalKind::Group),
        ("servicePrincipal", PrincipalKind::ServicePrincipal),
    ];
    kinds.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, kind)| kind)
}

/// The id of an object.
pub(in crate::backend::microsoft) fn id(object: &Value) -> Option<PrincipalId> {
    text(object, "id")?.parse().ok()
}

/// A principal. `onboarded` are the groups under PIM.
pub(super) fn principal(object: &Value, kind: PrincipalKind, onboarded: &BTreeSet<PrincipalId>) -> Option<Principal> {
    let id = id(object)?;
    // A display name may be empty, and is null for some objects that the service made itself.
    let display_name = text(object, "displayName").unwrap_or_default();
    let detail = match kind {
        PrincipalKind::User => PrincipalDetail::User {
            // Never the display name: that is anybody's to choose, and files name users by this.
            user_principal_name: text(object, "userPrincipalName").map_or_else(|| id.to_string().into(), Arc::from),
            enabled: object.get("accountEnabled").and_then(Value::as_bool).unwrap_or(true),
        },
        PrincipalKind::Group => PrincipalDetail::Group(GroupFacts {
            role_assignable: flag(object, "isAssignableToRole"),
            membership: membership(object),
            onboarded: onboarded.contains(&id),
            planned: false,
        }),
        PrincipalKind::ServicePrincipal => PrincipalDetail::ServicePrincipal {
            app_id: text(object, "appId").and_then(|app| Uuid::try_parse(app).ok()),
        },
    };
    Some(Principal { id, display_name: Arc::from(display_name), detail })
}

/// How the members of a group come about. Where a directory elsewhere decides, it decides on owners too, so that counts
/// first.
fn membership(group: &Value) -> GroupMembership {
    let types = group.get("groupTypes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is_dynamic = |kind: &Value| kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("DynamicMembership"));
    if flag(group, "onPremisesSyncEnabled") {
        GroupMembership::Synchronized
    } else if types.iter().any(is_dynamic) {
        GroupMembership::Dynamic
    } else {
        GroupMembership::Assigned
    }
}

fn flag(object: &Value, field: &str) -> bool {
    object.get(field).and_then(Value::as_bool).unwrap_or(false)
}

/// A text that is there and not empty.
pub(super) fn text<'a>(object: &'a Value, field: &str) -> Option<&'a str> {
    object.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "7a9d9691-46fc-4893-973c-43fad1272a25";

    #[test]
    fn groups_are_what_their_properties_say() {
        let group = |more: Value| {
            let mut object = json!({ "id": ID, "displayName": "G", "isAssignableToRole": true, "groupTypes": [] });
            object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let onboarded = [ID.parse().unwrap()].into_iter().collect();
            principal(&object, PrincipalKind::Group, &onboarded).unwrap().group().unwrap().clone()
        };
        let plain = group(json!({ "onPremisesSyncEnabled": null }));
        assert!(plain.role_assignable && plain.onboarded && !plain.planned);
        assert_eq!(plain.membership, GroupMembership::Assigned);
        let dynamic = json!({ "groupTypes": ["Unified", "DynamicMembership"], "isAssignableToRole": null });
        assert_eq!(group(dynamic.clone()).membership, GroupMembership::Dynamic);
        assert!(!group(dynamic).role_assignable);
        assert_eq!(group(json!({ "onPremisesSyncEnabled": true })).membership, GroupMembership::Synchronized);
    }

    #[test]
    fn only_users_groups_and_service_principals_are_principals() {
        let of = |name: &str| kind(&json!({ "@odata.type": name, "id": ID }));
        assert_eq!(of("#microsoft.graph.user"), Some(PrincipalKind::User));
        assert_eq!(of("#microsoft.graph.servicePrincipal"), Some(PrincipalKind::ServicePrincipal));
        assert_eq!(of("#microsoft.graph.device"), None);
        assert_eq!(kind(&json!({ "id": ID })), None);
    }

    #[test]
    fn what_is_null_or_missing_does_no_harm() {
        let service = json!({ "id": ID, "displayName": null, "appId": null });
        let found = principal(&service, PrincipalKind::ServicePrincipal, &BTreeSet::new()).unwrap();
        assert_eq!((&*found.display_name, found.detail), ("", PrincipalDetail::ServicePrincipal { app_id: None }));
        let hidden = json!({ "id": ID, "displayName": "boss@x.example", "userPrincipalName": null });
        let found = principal(&hidden, PrincipalKind::User, &BTreeSet::new()).unwrap();
        let PrincipalDetail::User { user_principal_name, .. } = found.detail else { panic!("{found:?}") };
        assert_eq!(&*user_principal_name, ID);
        let disabled = json!({ "id": ID, "userPrincipalName": "a@x.example", "accountEnabled": false });
        let found = principal(&disabled, PrincipalKind::User, &BTreeSet::new()).unwrap();
        assert!(matches!(found.detail, PrincipalDetail::User { enabled: false, .. }));
        assert_eq!(principal(&json!({}), PrincipalKind::User, &BTreeSet::new()), None);
    }
}
