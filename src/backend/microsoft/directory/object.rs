//! Users, groups and service principals as Microsoft Graph shows them.

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::Onboarded;
use crate::model::{Answer, GroupFacts, GroupMembership, Principal, PrincipalDetail, PrincipalId, PrincipalKind, Sort};

/// The properties that are looked at, for `$select`. What is not asked for is not there: `accountEnabled` is none of the
/// properties that the service sends unasked. (docs/service.md: principals-2)
pub(in super::super) fn properties(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::User => "id,displayName,userPrincipalName,accountEnabled",
        PrincipalKind::Group => "id,displayName,isAssignableToRole,groupTypes,onPremisesSyncEnabled",
        PrincipalKind::ServicePrincipal => "id,displayName,appId,accountEnabled",
    }
}

/// The same for lists of objects of every kind.
pub(in crate::backend::microsoft) const PROPERTIES_OF_ALL: &str =
    "id,displayName,userPrincipalName,accountEnabled,isAssignableToRole,groupTypes,onPremisesSyncEnabled,appId";

/// The collection that principals of a kind are in.
pub(in super::super) fn collection(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::User => "users",
        PrincipalKind::Group => "groups",
        PrincipalKind::ServicePrincipal => "servicePrincipals",
    }
}

/// What an object is.
#[derive(Debug)]
struct Type {
    /// What policies name it as, where they can.
    kind: Option<PrincipalKind>,
    /// What the service calls it, where it is no plain one.
    sort: Option<Sort>,
}

/// The types that derive from users and service principals, as far as they are known. (docs/service.md: principals-1)
const DERIVED: [(&str, PrincipalKind); 3] = [
    ("agentUser", PrincipalKind::User),
    ("agentIdentity", PrincipalKind::ServicePrincipal),
    ("agentIdentityBlueprintPrincipal", PrincipalKind::ServicePrincipal),
];

impl Type {
    /// Of an object in the collection of a kind, or in one of all kinds. An object of a type that is not known here is
    /// what its collection holds, and in a mixed one something else; it is there all the same.
    fn of(object: &Value, collection: Option<PrincipalKind>) -> Self {
        const PLAIN: [(&str, PrincipalKind); 3] = [
            ("user", PrincipalKind::User),
            ("group", PrincipalKind::Group),
            ("servicePrincipal", PrincipalKind::ServicePrincipal),
        ];
        let word = text(object, "@odata.type").and_then(|name| name.rsplit('.').next()).unwrap_or_default();
        let find = |known: &[(&str, PrincipalKind)]| {
            known.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, kind)| *kind)
        };
        if let Some(kind) = find(&PLAIN) {
            return Self { kind: collection.or(Some(kind)), sort: None };
        }
        match (collection, word) {
            (Some(_), "") => Self { kind: collection, sort: None },
            (None, "") => Self { kind: None, sort: Some(Sort::new("directoryObject")) },
            _ => Self {
                kind: collection.or_else(|| find(&DERIVED)),
                sort: Some(Sort::new(word.trim_start_matches('#'))),
            },
        }
    }
}

/// The id of an object.
pub(in crate::backend::microsoft) fn id(object: &Value) -> Option<PrincipalId> {
    text(object, "id")?.parse().ok()
}

/// A principal: an object of the collection of a kind, or of one of all kinds.
pub(super) fn principal(object: &Value, collection: Option<PrincipalKind>, onboarded: &Onboarded) -> Option<Principal> {
    let id = id(object)?;
    // A display name may be empty, and is null for some objects that the service made itself.
    let display_name = text(object, "displayName").unwrap_or_default();
    let Type { kind, sort } = Type::of(object, collection);
    // Null is what whoever may not read the property gets, so it is no answer either. (docs/service.md: principals-3)
    let enabled = object.get("accountEnabled").and_then(Value::as_bool).into();
    let detail = match kind {
        Some(PrincipalKind::User) => PrincipalDetail::User {
            // Never the display name: that is anybody's to choose, and files name users by this.
            user_principal_name: text(object, "userPrincipalName").map_or_else(|| id.to_string().into(), Arc::from),
            enabled,
            sort,
        },
        Some(PrincipalKind::Group) => PrincipalDetail::Group(GroupFacts {
            role_assignable: flag(object, "isAssignableToRole"),
            membership: membership(object),
            onboarded: onboarded.answer(id),
            planned: false,
        }),
        Some(PrincipalKind::ServicePrincipal) => PrincipalDetail::ServicePrincipal {
            app_id: text(object, "appId").and_then(|app| Uuid::try_parse(app).ok()),
            enabled,
            sort,
        },
        None => PrincipalDetail::Other { sort },
    };
    Some(Principal { id, display_name: Arc::from(display_name), detail })
}

/// How the members of a group come about. Where a directory elsewhere decides, it decides on owners too, so that counts
/// first.
fn membership(group: &Value) -> GroupMembership {
    let is_dynamic = |kind: &Value| kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("DynamicMembership"));
    match (types(group), flag(group, "onPremisesSyncEnabled")) {
        (_, Answer::Yes) => GroupMembership::Synchronized,
        (Some(types), _) if types.iter().any(is_dynamic) => GroupMembership::Dynamic,
        (Some(_), Answer::No) => GroupMembership::Assigned,
        (None, _) | (_, Answer::NotSaid) => GroupMembership::Unknown,
    }
}

/// The types of a group. Every group that may be read has the list, empty or not.
fn types(group: &Value) -> Option<&Vec<Value>> {
    group.get("groupTypes").and_then(Value::as_array)
}

/// A property of a group that is null where it never was anything. Of a group that may not be read all are null, the list
/// of its types too. (docs/service.md: principals-3, principals-4)
fn flag(group: &Value, field: &str) -> Answer {
    match group.get(field) {
        Some(Value::Bool(so)) => Answer::from(*so),
        Some(Value::Null) if types(group).is_some() => Answer::No,
        _ => Answer::NotSaid,
    }
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

    fn of(object: &Value, collection: Option<PrincipalKind>) -> Principal {
        let onboarded = Onboarded::Known([ID.parse().unwrap()].into());
        principal(object, collection, &onboarded).unwrap()
    }

    fn group(more: &Value) -> GroupFacts {
        let mut object = json!({ "id": ID, "displayName": "G", "isAssignableToRole": true, "groupTypes": [],
            "onPremisesSyncEnabled": null });
        object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        of(&object, Some(PrincipalKind::Group)).group().unwrap().clone()
    }

    #[test]
    fn groups_are_what_their_properties_say() {
        let plain = group(&json!({}));
        assert!(plain.role_assignable.is_yes() && plain.onboarded.is_yes() && !plain.planned);
        assert_eq!(plain.membership, GroupMembership::Assigned);
        let dynamic = json!({ "groupTypes": ["Unified", "DynamicMembership"], "isAssignableToRole": null });
        assert_eq!(group(&dynamic).membership, GroupMembership::Dynamic);
        assert!(group(&dynamic).role_assignable.is_no());
        assert_eq!(group(&json!({ "onPremisesSyncEnabled": true })).membership, GroupMembership::Synchronized);
    }

    #[test]
    fn what_the_service_does_not_say_of_a_group_is_not_known() {
        // As whoever may not read it sees it.
        let hidden = group(&json!({ "groupTypes": null, "isAssignableToRole": null }));
        assert_eq!((hidden.role_assignable, hidden.membership), (Answer::NotSaid, GroupMembership::Unknown));
        let mut bare = json!({ "@odata.type": "#microsoft.graph.group", "id": ID, "groupTypes": [] });
        let facts = of(&bare, None).group().unwrap().clone();
        assert_eq!((facts.role_assignable, facts.membership), (Answer::NotSaid, GroupMembership::Unknown));
        bare["onPremisesSyncEnabled"] = json!(false);
        assert_eq!(of(&bare, None).group().unwrap().membership, GroupMembership::Assigned);
        for (onboarded, answer) in [
            (Onboarded::NotAsked, Answer::NotSaid),
            (Onboarded::Unknown("why".into()), Answer::NotSaid),
            (Onboarded::Known([].into()), Answer::No),
        ] {
            assert_eq!(principal(&bare, None, &onboarded).unwrap().group().unwrap().onboarded, answer);
        }
    }

    #[test]
    fn whatever_exists_is_named_as_what_it_is() {
        let is_a = |name: &str, collection| {
            let found = of(&json!({ "@odata.type": name, "id": ID }), collection);
            (found.kind(), found.is_a())
        };
        let user = (Some(PrincipalKind::User), "user".to_owned());
        assert_eq!(is_a("#microsoft.graph.user", None), user);
        assert_eq!(is_a("", Some(PrincipalKind::User)), user);
        let agent = (Some(PrincipalKind::User), "agent user".to_owned());
        assert_eq!(is_a("#microsoft.graph.agentUser", None), agent);
        assert_eq!(is_a("#microsoft.graph.agentUser", Some(PrincipalKind::User)), agent);
        let identity = (Some(PrincipalKind::ServicePrincipal), "agent identity".to_owned());
        assert_eq!(is_a("#microsoft.graph.agentIdentity", None), identity);
        assert_eq!(is_a("#microsoft.graph.device", None), (None, "device".to_owned()));
        assert_eq!(is_a("#microsoft.graph.somethingNew", None), (None, "something new".to_owned()));
        // In the collection of users there are users only, of whatever sort.
        let new = (Some(PrincipalKind::User), "something new".to_owned());
        assert_eq!(is_a("#microsoft.graph.somethingNew", Some(PrincipalKind::User)), new);
        assert_eq!(is_a("", None), (None, "directory object".to_owned()));
    }

    #[test]
    fn what_is_null_or_missing_does_no_harm() {
        let service = json!({ "id": ID, "displayName": null, "appId": null });
        let found = of(&service, Some(PrincipalKind::ServicePrincipal));
        let detail = PrincipalDetail::ServicePrincipal { app_id: None, enabled: Answer::NotSaid, sort: None };
        assert_eq!((&*found.display_name, found.detail), ("", detail));
        let hidden = json!({ "id": ID, "displayName": "boss@x.example", "userPrincipalName": null });
        let found = of(&hidden, Some(PrincipalKind::User));
        let PrincipalDetail::User { user_principal_name, .. } = found.detail else { panic!("{found:?}") };
        assert_eq!(&*user_principal_name, ID);
        assert_eq!(principal(&json!({}), Some(PrincipalKind::User), &Onboarded::NotAsked), None);
    }

    #[test]
    fn nobody_is_taken_for_enabled_who_is_not_said_to_be() {
        let enabled = |said: Value| {
            let mut object = json!({ "id": ID, "userPrincipalName": "a@x.example" });
            object.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
            match of(&object, Some(PrincipalKind::User)).detail {
                PrincipalDetail::User { enabled, .. } => enabled,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(enabled(json!({ "accountEnabled": true })), Answer::Yes);
        assert_eq!(enabled(json!({ "accountEnabled": false })), Answer::No);
        assert_eq!(enabled(json!({ "accountEnabled": null })), Answer::NotSaid);
        assert_eq!(enabled(json!({})), Answer::NotSaid);
    }
}
