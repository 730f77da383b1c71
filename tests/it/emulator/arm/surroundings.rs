//! Role definitions, scopes, and what real clients ask besides.

use serde_json::{Value, json};

use pimform::emulator::Options;

use crate::emulator::client::{CORE, CUSTOM, Client, GROUP, OWNER, SUBSCRIPTION, TENANT, options};

const PROVIDER: &str = "providers/Microsoft.Authorization";
const GROUPS: &str = "/providers/Microsoft.Management/managementGroups";

fn names(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["properties"]["roleName"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn role_definitions_are_found_by_name_at_any_scope() {
    let client = Client::start().await;
    let get = async |path: &str| client.get(&format!("{path}api-version=2022-04-01")).await;
    // With the doubled slash of a client whose scope is empty.
    let root = get(&format!("//{PROVIDER}/roleDefinitions?$filter=roleName%20eq%20'owner'&")).await;
    let [owner] = root.entries() else { panic!("{root:?}") };
    assert_eq!(owner["id"], format!("/{PROVIDER}/roleDefinitions/{OWNER}"));
    assert_eq!((owner["name"].as_str(), owner["properties"]["type"].as_str()), (Some(OWNER), Some("BuiltInRole")));
    let one = get(&format!("{GROUP}/{PROVIDER}/roleDefinitions/{OWNER}?")).await;
    assert_eq!(one.body["id"], format!("{SUBSCRIPTION}/{PROVIDER}/roleDefinitions/{OWNER}"));
    let all = get(&format!("{GROUP}/{PROVIDER}/roleDefinitions?")).await;
    assert_eq!(names(all.entries()), ["Deployer", "Owner", "Reader"].map(|name| name));
    let above = get(&format!("{CORE}/{PROVIDER}/roleDefinitions?")).await;
    assert_eq!(above.entries().len(), 2);
    let below = get(&format!("{CORE}/{PROVIDER}/roleDefinitions?$filter=atScopeAndBelow()&")).await;
    assert_eq!(below.entries().len(), 3);
    let own = get(&format!("{SUBSCRIPTION}/{PROVIDER}/roleDefinitions?$filter=type%20eq%20'CustomRole'&")).await;
    assert_eq!(own.entries()[0]["name"], CUSTOM);
    assert_eq!(own.entries()[0]["properties"]["assignableScopes"], json!([SUBSCRIPTION]));
}

#[tokio::test]
async fn well_known_roles_exist_besides_those_of_the_tenant_file_if_so_wished() {
    let path = format!(
        "/{PROVIDER}/roleDefinitions?$filter=roleName%20eq%20'Disk%20Backup%20Reader'&api-version=2022-05-01-preview"
    );
    assert_eq!(Client::start().await.get(&path).await.entries(), [] as [Value; 0]);
    let client = Client::with(Options { built_in_roles: true, ..options() }).await;
    assert_eq!(client.get(&path).await.entries().len(), 1);
    let contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c";
    let role = client.get(&format!("/{PROVIDER}/roleDefinitions/{contributor}?api-version=2022-04-01")).await.body;
    let permissions = &role["properties"]["permissions"][0];
    assert_eq!(permissions["actions"], json!(["*"]));
    assert!(permissions["notActions"].as_array().unwrap().contains(&json!("Microsoft.Authorization/*/Write")));
}

#[tokio::test]
async fn scopes_are_listed_and_got() {
    let client = Client::start().await;
    let subscription = client.get(&format!("{SUBSCRIPTION}?api-version=2022-12-01")).await;
    assert_eq!(
        (subscription.body["tenantId"].as_str(), subscription.body["state"].as_str()),
        (Some(TENANT), Some("Enabled"))
    );
    assert!(subscription.headers.contains_key("x-ms-ratelimit-remaining-subscription-reads"));
    assert!(subscription.headers.contains_key("x-ms-request-id"));
    let groups = client.get(&format!("{SUBSCRIPTION}/resourcegroups?api-version=2021-04-01")).await;
    assert_eq!(groups.entries()[0]["id"], GROUP);
    let tenants = client.get("/tenants?api-version=2022-12-01").await;
    assert_eq!(tenants.entries()[0]["tenantId"], TENANT);
    let all = client.get(&format!("{GROUPS}?api-version=2021-04-01")).await;
    let ids: Vec<&str> = all.entries().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(ids, [TENANT, "contoso", "core"]);
    let core = client.get(&format!("{GROUPS}/CORE?$expand=children&$recurse=false&api-version=2020-05-01")).await;
    assert_eq!(core.body["id"], CORE);
    assert_eq!(core.body["properties"]["details"]["parent"]["name"], "contoso");
    assert_eq!(core.body["properties"]["children"][0]["displayName"], "Production");
    let descendants = client.get(&format!("{GROUPS}/contoso/descendants?api-version=2020-05-01")).await;
    assert_eq!(descendants.entries().len(), 2);
    let child = client.get(&format!("{SUBSCRIPTION}/{PROVIDER}/eligibleChildResources?$filter=resourceType+eq+'resourcegroup'&api-version=2020-10-01")).await;
    assert_eq!(child.entries(), [json!({ "id": GROUP, "name": "App", "type": "resourcegroup" })]);
}

#[tokio::test]
async fn scopes_can_be_made_used_and_deleted() {
    let client = Client::start().await;
    let group = format!("{SUBSCRIPTION}/resourceGroups/New?api-version=2023-07-01");
    assert_eq!(client.get(&group).await.refusal(), (404, "ResourceGroupNotFound"));
    let made = client.send("PUT", &group, json!({ "location": "northeurope", "tags": { "a": "b" } })).await;
    assert_eq!((made.status, made.body["location"].as_str()), (201, Some("northeurope")), "{made:?}");
    let network = format!("{SUBSCRIPTION}/resourceGroups/new/providers/Microsoft.Network/virtualNetworks/net");
    let at = format!("{network}?api-version=2024-05-01");
    let sent =
        json!({ "location": "northeurope", "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } } });
    let made = client.send("PUT", &at, sent).await;
    assert_eq!((made.status, &made.body["properties"]["provisioningState"]), (201, &json!("Succeeded")), "{made:?}");
    assert_eq!(made.body["type"], "Microsoft.Network/virtualNetworks");
    let policies =
        client.get(&format!("{network}/{PROVIDER}/roleManagementPolicyAssignments?api-version=2020-10-01")).await;
    assert_eq!(policies.entries().len(), 3);
    let inside =
        format!("{SUBSCRIPTION}/resourceGroups/New/resources?$expand=provisioningState&$top=10&api-version=2023-07-01");
    assert_eq!(client.get(&inside).await.entries().len(), 1);
    assert_eq!(client.try_send("DELETE", &group, None).await.unwrap().status, 200);
    assert_eq!(client.get(&group).await.status, 404);
    assert_eq!(client.get(&at).await.refusal(), (404, "ResourceGroupNotFound"));

    let management_group = format!("{GROUPS}/made?api-version=2020-05-01");
    let parent = format!("{GROUPS}/{TENANT}");
    let sent =
        json!({ "name": "made", "properties": { "tenantId": TENANT, "details": { "parent": { "id": parent } } } });
    let made = client.send("PUT", &management_group, sent).await;
    assert_eq!((made.status, made.body["properties"]["displayName"].as_str()), (200, Some("made")), "{made:?}");
    let renamed =
        client.send("PATCH", &management_group, json!({ "displayName": "Made", "parentGroupId": null })).await;
    assert_eq!(
        (renamed.status, renamed.body["properties"]["displayName"].as_str()),
        (200, Some("Made")),
        "{renamed:?}"
    );
    let strange = client.send("PATCH", &management_group, json!({ "colour": "red" })).await;
    assert_eq!(strange.status, 400);
    let moved = format!("{GROUPS}/made{SUBSCRIPTION}?api-version=2020-05-01");
    assert_eq!(client.try_send("PUT", &moved, None).await.unwrap().status, 204);
    let shown = client.get(&format!("{GROUPS}/made?$expand=children&api-version=2020-05-01")).await;
    assert_eq!(shown.body["properties"]["children"][0]["id"], SUBSCRIPTION);
    assert_eq!(client.try_send("DELETE", &management_group, None).await.unwrap().status, 400);
    assert_eq!(client.try_send("DELETE", &moved, None).await.unwrap().status, 204);
    let gone = client.try_send("DELETE", &management_group, None).await.unwrap();
    assert_eq!((gone.status, gone.body), (204, serde_json::Value::Null), "a 200 would need a body");
    assert_eq!(client.get(&management_group).await.refusal(), (404, "NotFound"));
}

#[tokio::test]
async fn every_provider_that_clients_look_for_is_registered() {
    let client = Client::start().await;
    let listed = client.get(&format!("{SUBSCRIPTION}/providers?api-version=2022-09-01")).await;
    assert!(listed.entries().iter().all(|it| it["registrationState"] == "Registered"));
    let path = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization");
    assert_eq!(client.get(&format!("{path}?api-version=2022-09-01")).await.status, 200);
    assert_eq!(
        client.try_send("POST", &format!("{path}/register?api-version=2022-09-01"), None).await.unwrap().status,
        200
    );
}

#[tokio::test]
async fn an_unknown_path_is_not_implemented_and_never_a_server_error() {
    let client = Client::start().await;
    for path in ["/", "/nothing", "/subscriptions/x/y/z", "/providers/Microsoft.Web/sites/x?api-version=2022-01-01"] {
        assert_eq!(client.get(path).await.refusal(), (501, "NotImplemented"), "{path}");
    }
}

#[tokio::test]
async fn entities_are_listed_with_what_lies_above_them() {
    let client = Client::start().await;
    let ask = async |query: &str| {
        let path = format!("/providers/Microsoft.Management/getEntities?api-version=2020-05-01{query}");
        client.try_send("POST", &path, None).await.unwrap()
    };
    let all = ask("").await;
    let one = |id: &str| all.entries().iter().find(|it| it["id"] == id).unwrap_or_else(|| panic!("{id}: {all:?}"));
    let root = one(&format!("{GROUPS}/{TENANT}"));
    assert_eq!(root["properties"]["parentNameChain"], json!([]));
    let chain = &one(SUBSCRIPTION)["properties"]["parentNameChain"];
    assert_eq!(chain[0], TENANT);
    let parent = &one(SUBSCRIPTION)["properties"]["parent"]["id"];
    assert!(parent.as_str().unwrap().ends_with(chain.as_array().unwrap().last().unwrap().as_str().unwrap()));
    assert!(ask("&$view=GroupsOnly").await.entries().iter().all(|it| it["type"] != "/subscriptions"));
    assert!(ask("&$view=SubscriptionsOnly").await.entries().iter().all(|it| it["type"] == "/subscriptions"));
    assert!(ask("&groupName=core").await.entries().len() < all.entries().len());
    assert_eq!(ask("&groupName=nothing").await.status, 404);
}

#[tokio::test]
async fn nobody_is_denied_anything() {
    let client = Client::start().await;
    let path = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/denyAssignments");
    let denials = client.get(&format!("{path}?api-version=2022-04-01&$filter=atScope()")).await;
    assert_eq!((denials.status, denials.entries().len()), (200, 0));
    assert_eq!(client.get(&path).await.status, 400, "without a version");
}
