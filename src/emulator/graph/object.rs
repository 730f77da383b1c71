//! Directory objects as Graph prints them.

use serde_json::{Value, json};
use uuid::Uuid;

use super::body::merge;
use super::schema;
use crate::emulator::odata::{Entity, Kind};
use crate::emulator::world::{
    AdministrativeUnit, Application, Context, DirectoryRole, Extra, Group, Membership, Principal, ServicePrincipal,
    Time, User, World,
};

/// An object with null for whatever it does not have, and with what clients have set.
fn complete(mut value: Value, entity: &Entity, extra: &Extra) -> Value {
    if let Value::Object(object) = &mut value {
        for property in entity.properties {
            object.entry(property.name).or_insert_with(|| match property.kind {
                Kind::List | Kind::Structures => Value::Array(Vec::new()),
                _ => Value::Null,
            });
        }
    }
    merge(&mut value, Value::Object(extra.clone()));
    value
}

/// An object with its type: in a list of one type only what is of a derived one says so.
fn typed(mut value: Value, kind: Option<&str>) -> Value {
    if let (Value::Object(object), Some(kind)) = (&mut value, kind) {
        object.insert("@odata.type".to_owned(), format!("#microsoft.graph.{kind}").into());
    }
    value
}

/// A user with all its properties.
pub(super) fn user(user: &User) -> Value {
    let guest = user.upn.contains("#EXT#");
    let value = json!({
        "id": user.id,
        "displayName": user.name,
        "userPrincipalName": user.upn,
        "accountEnabled": user.enabled,
        "mail": user.upn,
        "mailNickname": user.upn.split('@').next(),
        "userType": if guest { "Guest" } else { "Member" },
        "businessPhones": [], "otherMails": [], "proxyAddresses": [], "imAddresses": [],
    });
    typed(complete(value, &schema::USER, &user.extra), user.sort.as_deref())
}

/// A group with all its properties.
pub(super) fn group(group: &Group) -> Value {
    let mut types = Vec::new();
    if group.unified {
        types.push("Unified");
    }
    if group.membership == Membership::Dynamic {
        types.push("DynamicMembership");
    }
    let dynamic = group.membership == Membership::Dynamic;
    let value = json!({
        "id": group.id,
        "deletedDateTime": null,
        "classification": null,
        "createdDateTime": group.created.map(Time::seconds),
        "description": group.description,
        "displayName": group.name,
        "expirationDateTime": null,
        "groupTypes": types,
        // The service says null, not false, for most groups.
        "isAssignableToRole": group.role_assignable.then_some(true),
        "mail": null,
        "mailEnabled": group.unified,
        "mailNickname": group.mail_nickname,
        "membershipRule": dynamic.then_some("user.accountEnabled -eq true"),
        "membershipRuleProcessingState": dynamic.then_some("On"),
        "onPremisesSyncEnabled": (group.membership == Membership::Synchronized).then_some(true),
        "onPremisesLastSyncDateTime": null,
        "onPremisesSamAccountName": null,
        "onPremisesDomainName": null,
        "onPremisesNetBiosName": null,
        "onPremisesSecurityIdentifier": null,
        "onPremisesProvisioningErrors": [],
        "preferredDataLocation": null,
        "preferredLanguage": null,
        "proxyAddresses": [],
        "renewedDateTime": group.created.map(Time::seconds),
        "creationOptions": [],
        "resourceBehaviorOptions": [],
        "resourceProvisioningOptions": [],
        "securityEnabled": group.security,
        "securityIdentifier": null,
        "theme": null,
        "visibility": null,
    });
    complete(value, &schema::GROUP, &group.extra)
}

fn informational() -> Value {
    json!({
        "logoUrl": null, "marketingUrl": null, "privacyStatementUrl": null, "supportUrl": null,
        "termsOfServiceUrl": null,
    })
}

/// A service principal with all its properties.
pub(super) fn service_principal(world: &World, service: &ServicePrincipal) -> Value {
    let app_id = service.app_id.map(|id| id.to_string());
    let value = json!({
        "id": service.id,
        "accountEnabled": service.enabled,
        "alternativeNames": [],
        "appDisplayName": service.name,
        "appId": app_id,
        "appOwnerOrganizationId": world.tenant.id,
        "appRoleAssignmentRequired": false,
        "appRoles": [],
        "displayName": service.name,
        "info": informational(),
        "notificationEmailAddresses": [],
        "oauth2PermissionScopes": [],
        "servicePrincipalNames": app_id.iter().collect::<Vec<_>>(),
        "servicePrincipalType": if app_id.is_some() { "Application" } else { "ManagedIdentity" },
        "tags": [],
    });
    typed(complete(value, &schema::SERVICE_PRINCIPAL, &service.extra), service.sort.as_deref())
}

/// An application with all its properties.
pub(super) fn application(application: &Application) -> Value {
    let value = json!({
        "id": application.id,
        "addIns": [],
        "api": {
            "acceptMappedClaims": null, "knownClientApplications": [], "oauth2PermissionScopes": [],
            "preAuthorizedApplications": [], "requestedAccessTokenVersion": null,
        },
        "appId": application.app_id,
        "appRoles": [],
        "createdDateTime": application.created.seconds(),
        "displayName": application.name,
        "identifierUris": [],
        "info": informational(),
        "keyCredentials": [],
        "parentalControlSettings": { "countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow" },
        "passwordCredentials": [],
        "publicClient": { "redirectUris": [] },
        "requiredResourceAccess": [],
        "signInAudience": "AzureADMyOrg",
        "spa": { "redirectUris": [] },
        "tags": [],
        "web": {
            "homePageUrl": null, "logoutUrl": null, "redirectUris": [], "redirectUriSettings": [],
            "implicitGrantSettings": { "enableAccessTokenIssuance": false, "enableIdTokenIssuance": false },
        },
    });
    complete(value, &schema::APPLICATION, &application.extra)
}

/// An administrative unit.
pub(super) fn administrative_unit(unit: &AdministrativeUnit) -> Value {
    json!({
        "id": unit.id, "deletedDateTime": null, "description": null, "displayName": unit.name, "visibility": null,
        "isMemberManagementRestricted": false,
    })
}

/// An authentication context.
pub(super) fn context(context: &Context) -> Value {
    json!({
        "id": context.id, "displayName": context.name, "description": context.name, "isAvailable": context.available,
    })
}

/// A definition of a directory role.
pub(super) fn role_definition(role: &DirectoryRole) -> Value {
    let mut value = json!({
        "id": role.id,
        "description": (!role.custom).then_some(&role.name),
        "displayName": role.name,
        "isBuiltIn": !role.custom,
        "isEnabled": true,
        "resourceScopes": ["/"],
        "rolePermissions": [],
        "templateId": role.id,
        "version": "1",
    });
    merge(&mut value, Value::Object(role.extra.clone()));
    value
}

/// A principal of any kind, with its type.
pub(super) fn principal(world: &World, principal: Principal<'_>) -> Value {
    let (kind, value) = match principal {
        Principal::User(user) => (user.sort.as_deref().unwrap_or("user"), self::user(user)),
        Principal::Group(group) => ("group", self::group(group)),
        Principal::Service(service) => {
            (service.sort.as_deref().unwrap_or("servicePrincipal"), service_principal(world, service))
        }
        // A group of another tenant is no object of this one.
        Principal::Other(other) => {
            (other.sort.as_str(), json!({ "id": other.id, "displayName": other.name, "deletedDateTime": null }))
        }
    };
    typed(value, Some(kind))
}

/// The object of an id, as an expansion shows it: null if there is none.
pub(super) fn by_id(world: &World, id: Uuid) -> Value {
    world.principal(id).map_or(Value::Null, |found| principal(world, found))
}
