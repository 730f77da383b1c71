//! Query options, pages, batches, and what is not known.

use super::*;

#[tokio::test]
async fn every_page_is_reached_and_nothing_comes_twice() {
    let mut tenant = tenant();
    let users: Vec<Value> = (0..25)
        .map(|n| json!({ "id": format!("00000000-0000-4000-8000-0000000000{n:02}"), "name": format!("User {n:02}"), "upn": format!("user{n}@contoso.example") }))
        .collect();
    tenant["users"] = json!(users);
    tenant["targets"] = json!([]);
    tenant["groups"] = json!([]);
    let client = Client::with(Options { tenant: tenant.to_string(), page_size: 10, ..options() }).await;
    let mut path = "/v1.0/users?$select=id&$count=true".to_owned();
    let (mut pages, mut ids) = (0, Vec::new());
    loop {
        let page = client.get(&path).await;
        assert_eq!(page.body["@odata.count"], 25);
        pages += 1;
        ids.extend(page.entries().iter().map(|it| it["id"].as_str().unwrap().to_owned()));
        match page.body.get("@odata.nextLink") {
            Some(next) => path = next.as_str().unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!((pages, ids.len()), (3, 25));
    ids.dedup();
    assert_eq!(ids.len(), 25);
    let top = client.get("/v1.0/users?$top=2&$orderby=displayName%20desc").await;
    assert_eq!(top.entries()[0]["displayName"], "User 24");
    assert!(top.body["@odata.nextLink"].is_string());
}

#[tokio::test]
async fn filters_join_compare_and_begin() {
    let client = start().await;
    let count = |filter: &'static str| {
        let client = &client;
        async move {
            let filter = filter.replace(' ', "%20");
            let answer = client.get(&format!("/v1.0/groups?$filter={filter}")).await;
            assert_eq!(answer.status, 200, "{filter}: {answer:?}");
            answer.entries().len()
        }
    };
    assert_eq!(count("displayName eq 'leads' or displayName eq 'Operators'").await, 2);
    assert_eq!(count("displayName in ('Leads', 'Nobody')").await, 1);
    assert_eq!(count("startswith(displayName,'op')").await, 1);
    assert_eq!(count("isAssignableToRole eq true and securityEnabled eq true").await, 1);
    assert_eq!(count("groupTypes/any(c:c eq 'DynamicMembership')").await, 1);
}

#[tokio::test]
async fn what_only_advanced_queries_take_is_refused_without_being_asked_for() {
    let client = start().await;
    for filter in ["not(displayName%20eq%20'Leads')", "displayName%20ne%20'Leads'"] {
        let path = format!("/v1.0/groups?$filter={filter}");
        let counted = format!("{path}&$count=true");
        for refused in [client.get(&path).await, client.get(&counted).await, client.get_advanced(&path).await] {
            assert_eq!(refused.refusal(), (400, "Request_UnsupportedQuery"), "{filter}");
        }
        let answer = client.get_advanced(&counted).await;
        assert_eq!((answer.entries().len(), &answer.body["@odata.count"]), (2, &json!(2)), "{filter}");
    }
    // PIM is not the directory.
    let answer = client.get(&format!("{ELIGIBLE}?$filter=status%20ne%20'Revoked'")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn what_nobody_knows_is_refused() {
    let client = start_unlogged().await;
    for path in [
        "/v1.0/users?$filter=nickname%20eq%20'x'",
        "/v1.0/users?$filter=displayName%20like%20'x'",
        "/v1.0/users?$filter=displayName%20eq%20x",
        "/v1.0/users?$filter=accountEnabled%20eq%20'true'",
        "/v1.0/users?$filter=displayName%20eq%20'x",
        "/v1.0/users?$filter=endswith(displayName,'x')",
        "/v1.0/users?$select=nickname",
        "/v1.0/users?$expand=nickname",
        "/v1.0/users?$skip=1",
        "/v1.0/users?$search=x",
        "/v1.0/users?$top=0",
        "/v1.0/users?$skiptoken=nonsense",
        "/v1.0/users?pageSize=1",
        "/v1.0/users?$top=1&$top=2",
        "/v1.0/roleManagement/directory/roleEligibilitySchedules?$filter=scheduleInfo%20eq%20'x'",
        "/v1.0/roleManagement/directory/roleDefinitions?$expand=policy",
    ] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, 400, "{path}: {answer:?}");
    }
    for path in ["/v1.0/devices", "/v1.0/roleManagement/cloudPC/roleDefinitions", "/v1.0/groups/x/y/z", "/v1.0/"] {
        assert_eq!(client.get(path).await.status, 404, "{path}");
    }
    assert_eq!(client.get("/beta/policies/roleManagementPolicies").await.status, 501);
    assert_eq!(client.get("/beta/users").await.status, 200);
    assert_eq!(client.send("DELETE", "/v1.0/organization", Value::Null).await.status, 405);
}

#[tokio::test]
async fn unknown_properties_of_a_body_are_refused() {
    let client = start_unlogged().await;
    let body = ask("adminAssign", GRACE, &json!({ "scheduleInfo": forever(), "roleId": "x" }));
    let answer = client.send("POST", ASK_ELIGIBLE, body).await;
    assert_eq!(answer.refusal(), (400, "BadRequest"));
    let body = ask("adminAssign", GRACE, &json!({ "scheduleInfo": { "start": NOW } }));
    assert_eq!(client.send("POST", ASK_ELIGIBLE, body).await.status, 400);
    let body = ask("assign", GRACE, &json!({ "scheduleInfo": forever() }));
    assert_eq!(client.send("POST", ASK_ELIGIBLE, body).await.status, 400);
    let group =
        json!({ "displayName": "x", "mailNickname": "x", "mailEnabled": false, "securityEnabled": true, "colour": 1 });
    assert_eq!(client.send("POST", "/v1.0/groups", group).await.status, 400);
    let group = json!({ "displayName": "x", "mailEnabled": false, "securityEnabled": true });
    assert_eq!(client.send("POST", "/v1.0/groups", group).await.status, 400);
}

#[tokio::test]
async fn links_are_expanded() {
    let client = start().await;
    let answer = client.get(&format!("{ELIGIBLE}?$expand=principal,roleDefinition($select=displayName)")).await;
    let row = &answer.entries()[0];
    assert_eq!(row["principal"]["userPrincipalName"], "ada@contoso.example");
    assert_eq!(row["roleDefinition"], json!({ "displayName": "Global Administrator" }));
}

#[tokio::test]
async fn a_batch_answers_each_call_for_itself() {
    let client = start().await;
    let batch = json!({ "requests": [
        { "id": "1", "method": "GET", "url": format!("/groups/{OPERATORS}?$select=displayName") },
        { "id": "2", "method": "GET", "url": "/groups/00000000-0000-4000-8000-000000000000" },
        { "id": "3", "method": "PATCH", "url": format!("/groups/{OPERATORS}"), "dependsOn": ["2"],
          "headers": { "Content-Type": "application/json" }, "body": { "displayName": "x" } },
        { "id": "4", "method": "PATCH", "url": format!("/groups/{OPERATORS}"), "dependsOn": ["1"],
          "headers": { "Content-Type": "application/json" }, "body": { "displayName": "y" } },
    ] });
    let answer = client.send("POST", "/v1.0/$batch", batch).await;
    assert_eq!(answer.status, 200);
    let responses = answer.body["responses"].as_array().unwrap();
    let one = |id: &str| responses.iter().find(|it| it["id"] == id).unwrap();
    assert_eq!(one("1")["body"]["displayName"], "Operators");
    assert_eq!(one("2")["body"]["error"]["code"], "Request_ResourceNotFound");
    let statuses: Vec<u64> = ["1", "2", "3", "4"].map(|id| one(id)["status"].as_u64().unwrap()).into();
    assert_eq!(statuses, [200, 404, 424, 204]);
    let many: Vec<Value> = (0..21).map(|n| json!({ "id": n.to_string(), "method": "GET", "url": "/users" })).collect();
    assert_eq!(client.send("POST", "/v1.0/$batch", json!({ "requests": many })).await.status, 400);
}

#[tokio::test]
async fn nobody_is_let_in_without_a_token() {
    let client = start().await.with_token("");
    assert_eq!(client.get("/v1.0/users").await.refusal(), (401, "InvalidAuthenticationToken"));
}

#[tokio::test]
async fn the_end_of_a_name_and_the_beginning_of_its_words_are_looked_for_in_advanced_queries_only() {
    let client = start().await;
    let end = "/v1.0/users?$count=true&$filter=endswith(userPrincipalName,'CONTOSO.example')&$select=id";
    assert_eq!(client.get(end).await.refusal(), (400, "Request_UnsupportedQuery"));
    assert!(client.get_advanced(end).await.entries().iter().any(|it| it["id"] == ADA));
    let none = "/v1.0/users?$count=true&$filter=endswith(userPrincipalName,'ada@contoso')";
    assert_eq!(client.get_advanced(none).await.entries().len(), 0);
    for (search, expected) in [
        ("\"displayName:hopp\"", vec![GRACE]),
        ("\"displayName:opper\"", vec![]),
        ("\"displayName:ada\" OR \"displayName:grace\"", vec![ADA, GRACE]),
        ("\"displayName:grace\" AND \"userPrincipalName:ada\"", vec![]),
    ] {
        let path = format!("/v1.0/users?$count=true&$search={search}&$select=id").replace(' ', "%20");
        assert_eq!(client.get(&path).await.refusal(), (400, "Request_UnsupportedQuery"));
        let answer = client.get_advanced(&path).await;
        let mut found: Vec<&str> = answer.entries().iter().map(|it| it["id"].as_str().unwrap()).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{search}");
    }
    for search in ["ada", "\"ada\"", "\"colour:red\"", "\"displayName:a\" NOT \"mail:b\"", "\"displayName:a\" OR "] {
        let path = format!("/v1.0/users?$search={search}").replace(' ', "%20");
        assert_eq!(client.get_advanced(&path).await.status, 400, "{search}");
    }
    assert_eq!(client.get_advanced("/v1.0/policies/roleManagementPolicies?$search=\"id:x\"").await.status, 400);
}
