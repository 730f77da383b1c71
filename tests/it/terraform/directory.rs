//! azuread: users, groups, applications and whatever else the tests of the PIM resources need around them.

use serde_json::{Value, json};

use super::{Provider, RUNNER, text, url};

/// What the provider asks of a user.
const USER_FIELDS: &str = "accountEnabled,ageGroup,businessPhones,city,companyName,consentProvidedForMinor,country,\
                           creationType,department,displayName,employeeId,employeeOrgData,employeeType,\
                           externalUserState,faxNumber,givenName,id,imAddresses,jobTitle,mail,mailNickname,\
                           mobilePhone,officeLocation,onPremisesDistinguishedName,onPremisesDomainName,\
                           onPremisesImmutableId,onPremisesSamAccountName,onPremisesSecurityIdentifier,\
                           onPremisesSyncEnabled,onPremisesUserPrincipalName,otherMails,passwordPolicies,postalCode,\
                           preferredLanguage,proxyAddresses,showInAddressList,state,streetAddress,surname,\
                           usageLocation,userPrincipalName,userType";

/// The domain that the tenant began with, which new users get.
pub(super) async fn initial_domain(provider: &Provider) -> String {
    let domains = provider.list("/v1.0/domains").await;
    let initial: Vec<_> =
        domains.iter().filter(|domain| domain["isInitial"] == true && domain["isVerified"] == true).collect();
    let [domain] = initial.as_slice() else { panic!("one domain is the initial one, not {}", initial.len()) };
    text(domain, "/id")
}

/// Creates a user with the body of the provider: what is not set is null.
pub(super) async fn user(provider: &Provider, name: &str) -> String {
    let upn = format!("{name}@{}", initial_domain(provider).await);
    let made = provider
        .post(
            "/v1.0/users",
            json!({
                "accountEnabled": true, "ageGroup": null, "city": null, "consentProvidedForMinor": null,
                "companyName": null, "country": null, "department": null, "displayName": name, "employeeId": null,
                "employeeOrgData": { "costCenter": null, "division": null }, "employeeType": null, "faxNumber": null,
                "givenName": null, "jobTitle": null, "mail": null, "mailNickname": name, "mobilePhone": null,
                "officeLocation": null, "otherMails": [], "passwordPolicies": null, "postalCode": null,
                "preferredLanguage": null, "showInAddressList": true, "state": null, "streetAddress": null,
                "surname": null, "usageLocation": null, "userPrincipalName": upn,
                "passwordProfile": { "forceChangePasswordNextSignIn": false, "password": "p@$$Wd123456" },
            }),
        )
        .await
        .expect(201);
    let id = text(&made, "/id");
    let path = format!("/v1.0/users/{id}");
    let read = provider.get(&url(&path, &[("$select", USER_FIELDS)])).await.expect(200);
    assert_eq!(text(&read, "/userPrincipalName"), upn);
    assert_eq!(text(&read, "/mailNickname"), name);
    assert_eq!(read["showInAddressList"], true);
    assert!(read.get("passwordProfile").is_none());
    provider.get(&format!("{path}/manager")).await.refused(404, "Request_ResourceNotFound");
    id
}

/// Deletes an object, and waits as the provider does.
pub(super) async fn remove(provider: &Provider, path: &str) {
    provider.delete(path).await.expect(204);
    provider.wait_until_gone(path).await;
}

/// Creates a group as the provider does: with the caller as its owner, a name for the time being, and then its own.
pub(super) async fn group(provider: &Provider, name: &str, owners: &[&str]) -> String {
    for owner in owners {
        let found = provider.get(&format!("/v1.0/directoryObjects/{owner}")).await.expect(200);
        assert_eq!(text(&found, "/@odata.type"), "#microsoft.graph.user");
    }
    let owners = if owners.is_empty() { &[RUNNER] } else { owners };
    let base = provider.emulator.url();
    let bound: Vec<_> = owners.iter().map(|owner| format!("{base}/beta/directoryObjects/{owner}")).collect();
    let made = provider
        .post(
            "/beta/groups",
            json!({
                "@odata.type": "#microsoft.graph.group", "displayName": name, "description": null, "groupTypes": [],
                "isAssignableToRole": false, "mailEnabled": false, "mailNickname": "1a2b3c4d-5",
                "membershipRule": null, "resourceBehaviorOptions": [], "resourceProvisioningOptions": [],
                "securityEnabled": true, "owners@odata.bind": bound,
            }),
        )
        .await
        .expect(201);
    let id = text(&made, "/id");
    let path = format!("/beta/groups/{id}");
    for name in ["TERRAFORM_UPDATE_00000000-0000-4000-8000-000000000000", name] {
        provider.patch(&path, json!({ "displayName": name })).await.expect(204);
    }
    provider.wait_until(5, 5, || async { provider.get(&path).await.body["displayName"] == name }).await;
    let read = provider.get(&path).await.expect(200);
    assert_eq!((&read["securityEnabled"], &read["mailEnabled"]), (&json!(true), &json!(false)));
    assert_eq!(read["groupTypes"], json!([]));
    let found = provider.list(&format!("{path}/owners")).await;
    assert_eq!(found.iter().map(|owner| text(owner, "/id")).collect::<Vec<_>>(), owners);
    assert!(found.iter().all(|owner| owner["@odata.type"].is_string()));
    assert_eq!(provider.list(&format!("{path}/members")).await, Vec::<Value>::new());
    assert_eq!(provider.list(&format!("{path}/memberOf")).await, Vec::<Value>::new());
    id
}

#[tokio::test]
async fn the_life_of_a_user() {
    let provider = Provider::start().await;
    let id = user(&provider, "acctestUser").await;
    let path = format!("/v1.0/users/{id}");
    let change =
        json!({ "displayName": "changed", "city": "Berlin", "otherMails": ["a@example.com"], "jobTitle": null });
    provider.patch(&path, change).await.expect(204);
    let read = provider.get(&url(&path, &[("$select", USER_FIELDS)])).await.expect(200);
    assert_eq!((text(&read, "/displayName"), text(&read, "/city")), ("changed".to_owned(), "Berlin".to_owned()));
    assert_eq!(read["otherMails"], json!(["a@example.com"]));
    let filter = format!("userPrincipalName eq '{}'", text(&read, "/userPrincipalName"));
    let found = provider.list(&url("/v1.0/users", &[("$filter", &filter)])).await;
    assert_eq!(found.iter().map(|user| text(user, "/id")).collect::<Vec<_>>(), [id]);
    remove(&provider, &path).await;
}

#[tokio::test]
async fn the_life_of_a_group_and_its_members() {
    let provider = Provider::start().await;
    let owner = user(&provider, "owner").await;
    let member = user(&provider, "member").await;
    let id = group(&provider, "acctestGroup", &[&owner]).await;
    let path = format!("/beta/groups/{id}");
    let reference = json!({ "@odata.id": format!("{}/beta/directoryObjects/{member}", provider.emulator.url()) });
    provider.post(&format!("{path}/members/$ref"), reference).await.expect(204);
    let filter = format!("id eq '{member}'");
    let found = provider.list(&url(&format!("{path}/members"), &[("$filter", &filter)])).await;
    assert_eq!(found.iter().map(|member| text(member, "/@odata.type")).collect::<Vec<_>>(), ["#microsoft.graph.user"]);
    provider.delete(&format!("{path}/members/{member}/$ref")).await.expect(204);
    assert_eq!(provider.list(&format!("{path}/members")).await, Vec::<Value>::new());
    let reference = json!({ "@odata.id": format!("{}/beta/directoryObjects/{member}", provider.emulator.url()) });
    provider.post(&format!("{path}/owners/$ref"), reference).await.expect(204);
    provider.delete(&format!("{path}/owners/{owner}/$ref")).await.expect(204);
    let filter = "displayName eq 'acctestGroup'";
    let found = provider.list(&url("/beta/groups", &[("$filter", filter)])).await;
    assert_eq!(found.iter().map(|group| text(group, "/id")).collect::<Vec<_>>(), [id]);
    remove(&provider, &path).await;
}

#[tokio::test]
async fn the_life_of_an_application_and_its_service_principal() {
    let provider = Provider::start().await;
    let made = provider
        .post(
            "/v1.0/applications",
            json!({
                "displayName": "acctest", "description": null, "groupMembershipClaims": null, "notes": null,
                "serviceManagementReference": null, "signInAudience": "AzureADMyOrg",
                "api": { "requestedAccessTokenVersion": 2 },
                "info": { "marketingUrl": null, "privacyStatementUrl": null, "supportUrl": null,
                    "termsOfServiceUrl": null },
                "web": { "homePageUrl": null, "logoutUrl": null, "implicitGrantSettings": {
                    "enableAccessTokenIssuance": false, "enableIdTokenIssuance": false } },
            }),
        )
        .await
        .expect(201);
    let application = format!("/v1.0/applications/{}", text(&made, "/id"));
    let read = provider.get(&application).await.expect(200);
    let app_id = text(&read, "/appId");
    assert_eq!(text(&read, "/signInAudience"), "AzureADMyOrg");
    assert_eq!(read["api"]["requestedAccessTokenVersion"], 2);

    let filter = format!("appId eq '{app_id}'");
    let by_app = url("/v1.0/servicePrincipals", &[("$filter", &filter)]);
    assert_eq!(provider.list(&by_app).await, Vec::<Value>::new());
    let caller = format!("{}/v1.0/directoryObjects/{RUNNER}", provider.emulator.url());
    let made = provider
        .post(
            "/v1.0/servicePrincipals",
            json!({
                "appId": app_id, "accountEnabled": true, "alternativeNames": [], "appRoleAssignmentRequired": false,
                "description": "TERRAFORM_UPDATE_00000000-0000-4000-8000-000000000000", "loginUrl": null,
                "notes": null, "notificationEmailAddresses": [], "preferredSingleSignOnMode": null,
                "samlSingleSignOnSettings": {}, "tags": [],
                "owners@odata.bind": [caller],
            }),
        )
        .await
        .expect(201);
    let principal = format!("/v1.0/servicePrincipals/{}", text(&made, "/id"));
    provider.patch(&principal, json!({ "description": null })).await.expect(204);
    provider.delete(&format!("{principal}/owners/{RUNNER}/$ref")).await.expect(204);
    let read = provider.get(&principal).await.expect(200);
    assert_eq!((text(&read, "/appId"), text(&read, "/displayName")), (app_id, "acctest".to_owned()));
    assert_eq!(text(&read, "/servicePrincipalType"), "Application");
    assert!(read["description"].is_null());
    assert_eq!(provider.list(&format!("{principal}/owners")).await, Vec::<Value>::new());
    let beta = principal.replacen("/v1.0/", "/beta/", 1);
    provider.get(&url(&beta, &[("$select", "samlMetadataUrl")])).await.expect(200);
    assert_eq!(provider.list(&by_app).await.len(), 1);
    remove(&provider, &principal).await;
    remove(&provider, &application).await;
}
