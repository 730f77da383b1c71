//! The metadata of the cloud, by which clients find everything else.

use serde_json::{Value, json};

use super::{Told, option};
use crate::emulator::wire::Request;

/// `/metadata/endpoints`
pub(super) fn endpoints(request: &Request) -> Told {
    let version = option(&request.query, "api-version").unwrap_or_default();
    if let Some((name, _)) = request.query.iter().find(|(name, _)| name != "api-version") {
        return arm_problem(400, "InvalidQueryParameter", &format!("the option `{name}` is not known here"));
    }
    let cloud = cloud(&request.base);
    match version {
        "2019-05-01" | "2019-10-01" | "2020-06-01" => (200, json!([cloud])),
        "2022-09-01" | "2022-12-01" => (200, cloud),
        "" => arm_problem(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ),
        _ => arm_problem(
            400,
            "InvalidApiVersionParameter",
            &format!(
                "The api-version '{version}' is invalid. The supported versions are '2022-12-01,2022-09-01,2020-06-01,2019-10-01,2019-05-01'."
            ),
        ),
    }
}

fn arm_problem(status: u16, code: &str, text: &str) -> Told {
    (status, json!({ "error": { "code": code, "message": text } }))
}

/// The cloud as its metadata describe it. What the emulator is not itself has the address of the public cloud.
fn cloud(base: &str) -> Value {
    json!({
        "name": "AzureCloud",
        "portal": "https://portal.azure.com",
        "authentication": {
            "loginEndpoint": base,
            "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "resourceManager": base,
        "microsoftGraphResourceId": base,
        "graph": "https://graph.windows.net/",
        "graphAudience": "https://graph.windows.net/",
        "activeDirectoryDataLake": "https://datalake.azure.net/",
        "appInsightsResourceId": "https://api.applicationinsights.io",
        "appInsightsTelemetryChannelResourceId": "https://dc.applicationinsights.azure.com/v2/track",
        "attestationResourceId": "https://attest.azure.net",
        "batch": "https://batch.core.windows.net/",
        "gallery": "https://gallery.azure.com/",
        "logAnalyticsResourceId": "https://api.loganalytics.io",
        "media": "https://rest.media.azure.net",
        "ossrDbmsResourceId": "https://ossrdbms-aad.database.windows.net",
        "sqlManagement": "https://management.core.windows.net:8443/",
        "synapseAnalyticsResourceId": "https://dev.azuresynapse.net",
        "vmImageAliasDoc": "https://raw.githubusercontent.com/Azure/azure-rest-api-specs/master/arm-compute/quickstart-templates/aliases.json",
        "suffixes": {
            "acrLoginServer": "azurecr.io",
            "attestationEndpoint": "attest.azure.net",
            "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
            "azureDataLakeStoreFileSystem": "azuredatalakestore.net",
            "azureFrontDoorEndpointSuffix": "azurefd.net",
            "keyVaultDns": "vault.azure.net",
            "mariadbServerEndpoint": "mariadb.database.azure.com",
            "mhsmDns": "managedhsm.azure.net",
            "mysqlServerEndpoint": "mysql.database.azure.com",
            "postgresqlServerEndpoint": "postgres.database.azure.com",
            "sqlServerHostname": "database.windows.net",
            "storage": "core.windows.net",
            "storageSyncEndpointSuffix": "afs.azure.net",
            "synapseAnalytics": "dev.azuresynapse.net",
        },
    })
}
