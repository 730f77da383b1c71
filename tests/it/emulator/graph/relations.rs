//! What objects are related to: casts, counts, expansions, and objects of every type by their ids.

use super::*;

#[tokio::test]
async fn a_cast_has_a_long_and_a_short_name() {
    // Clients send the short name, and the definitions have only the long one.
    let client = start_unlogged().await;
    for cast in ["microsoft.graph.user", "graph.user"] {
        let members = client.get(&format!("/v1.0/groups/{OPERATORS}/members/{cast}")).await;
        assert_eq!(members.entries()[0]["id"], ADA, "{cast}");
        let owners = client.get(&format!("/v1.0/groups/{LEADS}/owners/{cast}?$select=id")).await;
        assert_eq!(owners.entries()[0]["id"], GRACE, "{cast}");
    }
    for cast in ["graph.group", "graph.servicePrincipal"] {
        let members = client.get(&format!("/v1.0/groups/{OPERATORS}/transitiveMembers/{cast}")).await;
        assert!(members.entries().is_empty(), "{cast}");
    }
    let groups = client.get(&format!("/v1.0/users/{ADA}/transitiveMemberOf/graph.group")).await;
    assert_eq!(groups.entries()[0]["id"], OPERATORS);
    let roles = client.get(&format!("/v1.0/users/{GRACE}/memberOf/graph.directoryRole")).await;
    assert_eq!(roles.entries()[0]["roleTemplateId"], GLOBAL_ADMINISTRATOR);
    assert_eq!(client.get(&format!("/v1.0/directoryObjects/{ADA}/graph.user")).await.status, 200);
    assert_eq!(client.get(&format!("/v1.0/directoryObjects/{ADA}/graph.group")).await.status, 404);
}

#[tokio::test]
async fn how_many_there_are_is_a_bare_number() {
    let client = start().await;
    let path = format!("/v1.0/groups/{OPERATORS}/members/$count");
    assert_eq!(client.get(&path).await.refusal(), (400, "Request_BadRequest"));
    assert_eq!(client.get_advanced(&path).await.body, 1);
    let client = start_unlogged().await;
    assert_eq!(client.get_advanced("/v1.0/users/$count").await.body, 2);
    assert_eq!(client.get_advanced("/v1.0/users/$count?$filter=displayName%20eq%20'Ada%20Lovelace'").await.body, 1);
    assert_eq!(client.get_advanced(&format!("/v1.0/groups/{OPERATORS}/members/graph.group/$count")).await.body, 0);
}

#[tokio::test]
async fn relations_are_expanded() {
    let client = start().await;
    let user = client.get(&format!("/v1.0/users/{ADA}?$expand=memberOf($select=id),manager")).await;
    assert_eq!(user.body["memberOf"][0]["id"], OPERATORS, "{user:?}");
    assert!(user.body["manager"].is_null());
    let group = client.get(&format!("/v1.0/groups/{OPERATORS}?$expand=transitiveMembers,appRoleAssignments")).await;
    assert_eq!(group.body["transitiveMembers"][0]["id"], ADA);
    assert_eq!(group.body["appRoleAssignments"], json!([]));
    let service = client.get(&format!("/v1.0/servicePrincipals/{RUNNER}?$expand=ownedObjects")).await;
    assert_eq!(service.body["ownedObjects"], json!([]));
    let role = client.get(&format!("{ELIGIBLE}?$top=1")).await.entries()[0]["id"].as_str().unwrap().to_owned();
    let behind = client.get(&format!("{ELIGIBLE}/{role}/roleDefinition?$select=displayName")).await;
    assert_eq!(behind.body["displayName"], "Global Administrator", "{behind:?}");
    assert_eq!(client.get(&format!("/v1.0/users/{ADA}?$expand=friends")).await.status, 400);
}

#[tokio::test]
async fn objects_of_every_type_are_found_by_their_ids() {
    // The Azure CLI sends a type that the definitions do not have.
    let client = start_unlogged().await;
    let application = client.send("POST", "/v1.0/applications", json!({ "displayName": "x" })).await.body;
    let roles = client.get("/v1.0/directoryRoles").await;
    let role = roles.entries()[0]["id"].clone();
    let ids = json!([ADA, OPERATORS, RUNNER, SALES, application["id"], role, TENANT]);
    let path = "/v1.0/directoryObjects/getByIds";
    let types = [
        ("user", 1),
        ("group", 1),
        ("servicePrincipal", 1),
        ("application", 1),
        ("administrativeUnit", 1),
        ("directoryRole", 1),
        ("orgContact", 0),
        ("directoryObjectPartnerReference", 0),
        ("device", 0),
    ];
    for (kind, count) in types {
        let answer = client.send("POST", path, json!({ "ids": ids, "types": [kind] })).await;
        assert_eq!(answer.entries().len(), count, "{kind}: {answer:?}");
        let types: Vec<&str> = answer.entries().iter().map(|it| it["@odata.type"].as_str().unwrap()).collect();
        assert!(types.iter().all(|it| *it == format!("#microsoft.graph.{kind}")), "{types:?}");
    }
    assert_eq!(client.send("POST", path, json!({ "ids": ids })).await.entries().len(), 6);
    let all: Vec<&str> = types.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(client.send("POST", path, json!({ "ids": ids, "types": all })).await.entries().len(), 6);
    assert_eq!(client.send("POST", path, json!({ "ids": ids, "types": ["cat"] })).await.status, 400);
}

#[tokio::test]
async fn memberships_are_asked_for_in_four_ways() {
    let client = start().await;
    let ask = async |question: &str, body: Value| {
        client.send("POST", &format!("/v1.0/users/{ADA}/{question}"), body).await.body["value"].clone()
    };
    assert_eq!(ask("getMemberGroups", json!({ "securityEnabledOnly": null })).await, json!([OPERATORS]));
    assert_eq!(ask("checkMemberGroups", json!({ "groupIds": [LEADS, OPERATORS] })).await, json!([OPERATORS]));
    assert_eq!(ask("getMemberObjects", json!({ "securityEnabledOnly": true })).await.as_array().unwrap().len(), 2);
    assert_eq!(ask("checkMemberObjects", json!({ "ids": [LEADS] })).await, json!([]));
}

#[tokio::test]
async fn a_batch_of_microsofts_client_for_python_is_taken() {
    let client = start_unlogged().await;
    let batch = json!({ "requests": [{ "id": "1", "method": "GET", "url": "/users", "depends_on": [] }] });
    let answer = client.send("POST", "/v1.0/$batch", batch).await;
    assert_eq!(answer.body["responses"][0]["status"], 200, "{answer:?}");
}
