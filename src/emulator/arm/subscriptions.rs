//! Tenants, subscriptions, and the resource providers that are registered in them.

use http::Method;
use serde_json::{Value, json};

use crate::emulator::arm::{not_found, options, page, place, unknown, version};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{Scope, Subscription, World};

const SUBSCRIPTIONS: &[&str] = &[
    "2022-12-01",
    "2022-09-01",
    "2021-10-01",
    "2021-01-01",
    "2020-01-01",
    "2019-11-01",
    "2019-06-01",
    "2018-06-01",
    "2016-06-01",
];
const PROVIDERS: &[&str] = &[
    "2025-04-01",
    "2024-11-01",
    "2024-03-01",
    "2023-07-01",
    "2022-09-01",
    "2021-04-01",
    "2021-01-01",
    "2020-06-01",
    "2019-10-01",
    "2018-05-01",
    "2016-02-01",
];

/// Lists, or gets one.
pub(super) fn answer(world: &World, request: &Request, place: &Scope) -> Result<Reply, ServiceFailure> {
    version(request, "subscriptions", SUBSCRIPTIONS)?;
    if request.method != Method::GET {
        return Err(unknown(request));
    }
    if request.path.len() == 1 {
        options(request, &["$skiptoken"])?;
        let all: Vec<&Subscription> = world.subscriptions.values().collect();
        return page::of(request, world.page_size, all, |subscription| show(world, subscription));
    }
    options(request, &[])?;
    let name = place.name();
    let Some(id) = place.subscription_id() else {
        let message = format!("The provided subscription identifier '{name}' is malformed or invalid.");
        return Err(ServiceFailure::new(400, "InvalidSubscriptionId", message));
    };
    match world.subscriptions.get(&id) {
        Some(subscription) => Ok(Reply::json(200, show(world, subscription))),
        None => Err(place::missing(world, place)),
    }
}

fn show(world: &World, subscription: &Subscription) -> Value {
    let id = subscription.id.to_string();
    json!({
        "id": format!("/subscriptions/{id}"),
        "subscriptionId": id,
        "tenantId": world.tenant.id.to_string(),
        "displayName": subscription.name.as_deref().unwrap_or(&id),
        "state": "Enabled",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off",
        },
    })
}

/// The one tenant.
pub(super) fn tenants(world: &World, request: &Request) -> Result<Reply, ServiceFailure> {
    version(request, "tenants", SUBSCRIPTIONS)?;
    if request.method != Method::GET {
        return Err(unknown(request));
    }
    options(request, &["$skiptoken"])?;
    let id = world.tenant.id.to_string();
    page::of(request, world.page_size, vec![()], |()| {
        json!({
            "id": format!("/tenants/{id}"), "tenantId": id, "tenantCategory": "Home", "tenantType": "AAD",
            "displayName": world.tenant.name.as_deref().unwrap_or("Tenant"), "domains": [], "countryCode": "NL",
        })
    })
}

/// Resource providers: all that anybody asks for are registered.
pub(super) fn providers(
    world: &World,
    request: &Request,
    subscription: Option<&Scope>,
    rest: &[&str],
) -> Result<Reply, ServiceFailure> {
    version(request, "providers", PROVIDERS)?;
    let prefix = match subscription {
        Some(subscription) => place::known(world, subscription)?.to_string(),
        None => String::new(),
    };
    let show = |name: &str| {
        json!({
            "id": format!("{prefix}/providers/{name}"), "namespace": name, "registrationPolicy": "RegistrationRequired",
            "registrationState": "Registered", "resourceTypes": [],
        })
    };
    match (&request.method, rest) {
        (&Method::GET, []) => {
            // Always on one page: there are clients that look no further.
            options(request, &["$expand", "$top"])?;
            page::of(request, usize::MAX, NAMES.to_vec(), show)
        }
        (&Method::GET, [name]) | (&Method::POST, [name, _]) => {
            options(request, &["$expand"])?;
            match NAMES.iter().find(|known| known.eq_ignore_ascii_case(name)) {
                Some(name) => Ok(Reply::json(200, show(name))),
                None => Err(not_found("resource provider", name)),
            }
        }
        _ => Err(unknown(request)),
    }
}

/// The namespaces of resource providers that clients look for.
const NAMES: &[&str] = &[
    "Dynatrace.Observability",
    "GitHub.Network",
    "Microsoft.AAD",
    "Microsoft.AVS",
    "Microsoft.AlertsManagement",
    "Microsoft.AnalysisServices",
    "Microsoft.ApiManagement",
    "Microsoft.App",
    "Microsoft.AppConfiguration",
    "Microsoft.AppPlatform",
    "Microsoft.Attestation",
    "Microsoft.Authorization",
    "Microsoft.Automation",
    "Microsoft.AzureStackHCI",
    "Microsoft.Batch",
    "Microsoft.Blueprint",
    "Microsoft.BotService",
    "Microsoft.Cache",
    "Microsoft.Cdn",
    "Microsoft.CognitiveServices",
    "Microsoft.Communication",
    "Microsoft.Compute",
    "Microsoft.ConfidentialLedger",
    "Microsoft.Consumption",
    "Microsoft.ContainerInstance",
    "Microsoft.ContainerRegistry",
    "Microsoft.ContainerService",
    "Microsoft.CostManagement",
    "Microsoft.CustomProviders",
    "Microsoft.DBforMariaDB",
    "Microsoft.DBforMySQL",
    "Microsoft.DBforPostgreSQL",
    "Microsoft.Dashboard",
    "Microsoft.DataFactory",
    "Microsoft.DataLakeAnalytics",
    "Microsoft.DataLakeStore",
    "Microsoft.DataMigration",
    "Microsoft.DataProtection",
    "Microsoft.Databricks",
    "Microsoft.DesktopVirtualization",
    "Microsoft.DevTestLab",
    "Microsoft.Devices",
    "Microsoft.DocumentDB",
    "Microsoft.EventGrid",
    "Microsoft.EventHub",
    "Microsoft.GuestConfiguration",
    "Microsoft.HDInsight",
    "Microsoft.HealthcareApis",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.Kubernetes",
    "Microsoft.Kusto",
    "Microsoft.Logic",
    "Microsoft.MachineLearningServices",
    "Microsoft.Maintenance",
    "Microsoft.ManagedIdentity",
    "Microsoft.ManagedServices",
    "Microsoft.Management",
    "Microsoft.Maps",
    "Microsoft.MarketplaceOrdering",
    "Microsoft.Media",
    "Microsoft.MixedReality",
    "Microsoft.NetApp",
    "Microsoft.Network",
    "Microsoft.NotificationHubs",
    "Microsoft.OperationalInsights",
    "Microsoft.OperationsManagement",
    "Microsoft.PolicyInsights",
    "Microsoft.Portal",
    "Microsoft.PowerBIDedicated",
    "Microsoft.Purview",
    "Microsoft.RecoveryServices",
    "Microsoft.Relay",
    "Microsoft.Resources",
    "Microsoft.Search",
    "Microsoft.Security",
    "Microsoft.SecurityInsights",
    "Microsoft.ServiceBus",
    "Microsoft.ServiceFabric",
    "Microsoft.ServiceFabricMesh",
    "Microsoft.ServiceLinker",
    "Microsoft.SignalRService",
    "Microsoft.Sql",
    "Microsoft.Storage",
    "Microsoft.StorageCache",
    "Microsoft.StorageMover",
    "Microsoft.StorageSync",
    "Microsoft.StreamAnalytics",
    "Microsoft.Subscription",
    "Microsoft.Synapse",
    "Microsoft.TimeSeriesInsights",
    "Microsoft.VoiceServices",
    "Microsoft.Web",
    "NGINX.NGINXPLUS",
    "PaloAltoNetworks.Cloudngfw",
    "microsoft.insights",
];
