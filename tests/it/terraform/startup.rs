//! What both providers do before the first resource.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::{Provider, RUNNER, RUNNER_APP, SUBSCRIPTION, TENANT, text};

#[tokio::test]
async fn the_metadata_of_the_cloud_point_at_the_emulator() {
    let provider = Provider::start().await;
    let url = provider.emulator.url();
    let cloud = provider.get("/metadata/endpoints?api-version=2022-09-01").await.expect(200);
    assert!(cloud.is_object(), "this version answers with one cloud");
    assert!(!text(&cloud, "/name").is_empty());
    // Joined with a path by text: a slash at the end would double.
    assert_eq!(text(&cloud, "/resourceManager").trim_end_matches('/'), url);
    assert_eq!(text(&cloud, "/microsoftGraphResourceId").trim_end_matches('/'), url);
    assert_eq!(text(&cloud, "/authentication/loginEndpoint"), url);
    // Anything else is taken for another product.
    assert_eq!(text(&cloud, "/authentication/identityProvider"), "AAD");
    assert!(cloud["authentication"]["audiences"].is_array());
    // Clients for other services are made at start, and fail without these.
    for field in ["/suffixes/storage", "/suffixes/keyVaultDns", "/batch", "/attestationResourceId"] {
        assert!(!text(&cloud, field).is_empty(), "{field}");
    }
    assert!(!text(&cloud, "/suffixes/attestationEndpoint").is_empty());
}

#[tokio::test]
async fn older_versions_of_the_metadata_are_lists_of_clouds() {
    let provider = Provider::start().await;
    let clouds = provider.get("/metadata/endpoints?api-version=2019-05-01").await.expect(200);
    let cloud = clouds.as_array().unwrap().iter().find(|cloud| cloud["name"] == "AzureCloud").unwrap();
    assert_eq!(text(cloud, "/resourceManager").trim_end_matches('/'), provider.emulator.url());
}

#[tokio::test]
async fn a_token_says_who_calls() {
    let provider = Provider::start().await;
    for scope in ["https://graph.microsoft.com/.default", "https://management.azure.com/.default"] {
        let token = provider.sign_in(scope).await;
        let [header, claims, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
        assert!(!header.is_empty() && !signature.is_empty());
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        assert_eq!(claims["oid"], RUNNER);
        assert_eq!(claims["tid"], TENANT);
        assert_eq!(claims["appid"], RUNNER_APP);
        // A token with delegated scopes would count as a person's.
        assert!(claims.get("scp").is_none_or(|scopes| !scopes.as_str().unwrap().contains("openid")));
    }
}

#[tokio::test]
async fn resource_providers_count_as_registered() {
    let provider = Provider::start().await;
    let path = format!("{SUBSCRIPTION}/providers?api-version=2022-09-01");
    let providers = provider.list(&path).await;
    for needed in ["Microsoft.Authorization", "Microsoft.Management", "Microsoft.Network", "Microsoft.Resources"] {
        let found = providers.iter().find(|found| found["namespace"] == needed).unwrap();
        assert_eq!(found["registrationState"], "Registered", "{needed}");
    }
}

#[tokio::test]
async fn the_subscription_and_the_caller_can_be_read() {
    let provider = Provider::start().await;
    let found = provider.get(&format!("{SUBSCRIPTION}?api-version=2022-12-01")).await.expect(200);
    assert_eq!(text(&found, "/id"), SUBSCRIPTION);
    assert_eq!(text(&found, "/tenantId"), TENANT);
    assert_eq!(text(&found, "/state"), "Enabled");
    let caller = provider.get(&format!("/v1.0/directoryObjects/{RUNNER}")).await.expect(200);
    assert_eq!(text(&caller, "/@odata.type"), "#microsoft.graph.servicePrincipal");
}
