//! Requests, and the schedules that they make.

use super::*;

async fn rows(client: &Client, path: &str, principal: &str) -> Vec<Value> {
    let answer = client.get(&format!("{path}?$filter=principalId%20eq%20'{principal}'")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.entries().to_vec()
}

#[tokio::test]
async fn an_eligible_assignment_is_made_changed_and_removed_and_changes_its_id() {
    let client = start().await;
    let made =
        client.send("POST", ASK_ELIGIBLE, ask("adminAssign", GRACE, &json!({ "scheduleInfo": forever() }))).await;
    assert_eq!((made.status, made.body["status"].as_str()), (201, Some("Provisioned")), "{made:?}");
    assert_eq!(made.body["id"], made.body["targetScheduleId"]);
    assert_eq!(made.body["ticketInfo"], json!({ "ticketNumber": null, "ticketSystem": null }));

    let first = rows(&client, ELIGIBLE, GRACE).await;
    assert_eq!(first.len(), 1);
    assert_eq!(first[0]["id"], made.body["id"]);
    assert_eq!(first[0]["scheduleInfo"]["expiration"]["type"], "noExpiration");
    assert_eq!(first[0]["memberType"], "Direct");

    let again =
        client.send("POST", ASK_ELIGIBLE, ask("adminAssign", GRACE, &json!({ "scheduleInfo": forever() }))).await;
    assert_eq!(again.refusal(), (400, "RoleAssignmentExists"));
    assert_eq!(again.body["error"]["message"], "The Role assignment already exists.");

    let update = ask("adminUpdate", GRACE, &json!({ "scheduleInfo": lasting("P30D") }));
    assert_eq!(client.send("POST", ASK_ELIGIBLE, update).await.status, 201);
    let second = rows(&client, ELIGIBLE, GRACE).await;
    assert_eq!(second.len(), 1);
    assert_ne!(second[0]["id"], first[0]["id"]);
    assert_eq!(second[0]["scheduleInfo"]["expiration"]["endDateTime"], "2026-12-21T12:00:00Z");

    client.emulator.advance(300);
    let removed = client.send("POST", ASK_ELIGIBLE, ask("adminRemove", GRACE, &json!({}))).await;
    assert_eq!((removed.status, removed.body["status"].as_str()), (201, Some("Revoked")));
    let nulls = (&removed.body["targetScheduleId"], &removed.body["scheduleInfo"], &removed.body["completedDateTime"]);
    assert_eq!(nulls, (&Value::Null, &Value::Null, &Value::Null));
    assert!(rows(&client, ELIGIBLE, GRACE).await.is_empty());
    let gone = client.send("POST", ASK_ELIGIBLE, ask("adminRemove", GRACE, &json!({}))).await;
    assert_eq!(gone.refusal(), (400, "RoleAssignmentDoesNotExist"));
}

#[tokio::test]
async fn the_settings_of_the_target_are_enforced() {
    let client = start().await;
    let unjustified = ask("adminAssign", GRACE, &json!({ "scheduleInfo": forever() }));
    let refused = client.send("POST", ASK_ACTIVE, unjustified).await;
    assert_eq!(refused.refusal(), (400, "RoleAssignmentRequestPolicyValidationFailed"));
    assert_eq!(refused.body["error"]["message"], r#"The following policy rules failed: ["JustificationRule"]"#);

    let forever = ask_group("adminAssign", GRACE, &json!({ "scheduleInfo": forever() }));
    let refused = client.send("POST", &format!("{GROUPS}/eligibilityScheduleRequests"), forever).await;
    assert_eq!(refused.body["error"]["message"], r#"The following policy rules failed: ["ExpirationRule"]"#);
    let too_long = ask_group("adminAssign", GRACE, &json!({ "scheduleInfo": lasting("P366D") }));
    let refused = client.send("POST", &format!("{GROUPS}/eligibilityScheduleRequests"), too_long).await;
    assert_eq!(refused.body["error"]["message"], r#"The following policy rules failed: ["ExpirationRule"]"#);
    // Nothing of this brought the group under PIM.
    assert!(client.get(&format!("{GROUPS}/resources")).await.entries().is_empty());
}

#[tokio::test]
async fn times_that_the_service_does_not_take_are_refused() {
    let client = start_unlogged().await;
    for schedule in [
        lasting("P6M"),
        lasting("PT1M"),
        json!({ "startDateTime": "2026-11-21T12:00:00", "expiration": { "type": "noExpiration" } }),
        json!({ "expiration": { "type": "afterDateTime", "endDateTime": "2026-11-21T12:01:00Z" } }),
        json!({ "expiration": { "type": "notSpecified" } }),
    ] {
        let asked = ask("adminAssign", GRACE, &json!({ "scheduleInfo": schedule }));
        let refused = client.send("POST", ASK_ELIGIBLE, asked).await;
        assert_eq!(refused.refusal(), (400, "InvalidRoleAssignmentRequest"), "{schedule}");
    }
}

#[tokio::test]
async fn who_or_what_is_not_there_is_not_found() {
    let client = start().await;
    let nobody = "00000000-0000-4000-8000-000000000000";
    let schedule = json!({ "scheduleInfo": forever() });
    let answer = client.send("POST", ASK_ELIGIBLE, ask("adminAssign", nobody, &schedule)).await;
    assert_eq!(answer.refusal(), (404, "SubjectNotFound"));
    let mut role = ask("adminAssign", GRACE, &schedule);
    role["roleDefinitionId"] = json!(nobody);
    assert_eq!(client.send("POST", ASK_ELIGIBLE, role).await.refusal(), (404, "RoleNotFound"));
    let mut group = ask_group("adminAssign", GRACE, &json!({ "scheduleInfo": lasting("P5D") }));
    group["groupId"] = json!(nobody);
    let path = format!("{GROUPS}/eligibilityScheduleRequests");
    assert_eq!(client.send("POST", &path, group.clone()).await.refusal(), (404, "ResourceNotFound"));
    group["groupId"] = json!(DYNAMIC);
    assert_eq!(client.send("POST", &path, group).await.refusal(), (400, "ResourceTypeNotSupported"));
    let mut scope = ask("adminAssign", GRACE, &schedule);
    scope["directoryScopeId"] = json!("/administrativeunits/nowhere");
    assert_eq!(client.send("POST", ASK_ELIGIBLE, scope).await.refusal(), (400, "InvalidScope"));
}

#[tokio::test]
async fn a_start_in_the_past_is_moved_and_one_in_the_future_is_granted_and_can_be_cancelled() {
    let client = start().await;
    let past = json!({ "startDateTime": "2020-01-01T00:00:00Z", "expiration": { "type": "NoExpiration" } });
    let made = client.send("POST", ASK_ELIGIBLE, ask("AdminAssign", GRACE, &json!({ "scheduleInfo": past }))).await;
    assert_eq!(made.body["scheduleInfo"]["startDateTime"], NOW);
    assert_eq!(made.body["scheduleInfo"]["expiration"]["type"], "noExpiration");

    let future = json!({ "startDateTime": "2027-01-01T00:00:00Z", "expiration": { "type": "noExpiration" } });
    let made = client.send("POST", ASK_ELIGIBLE, ask("adminAssign", ADA, &json!({ "scheduleInfo": future }))).await;
    assert_eq!(made.body["status"], "Granted");
    let of_ada =
        |rows: Vec<Value>| rows.into_iter().filter(|row| row["roleDefinitionId"] == USER_ADMINISTRATOR).count();
    assert_eq!(of_ada(rows(&client, ELIGIBLE, ADA).await), 1);
    let instances = "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances";
    assert_eq!(of_ada(rows(&client, instances, ADA).await), 0);

    let cancel = format!("{ASK_ELIGIBLE}/{}/cancel", made.body["id"].as_str().unwrap());
    assert_eq!(client.send("POST", &cancel, Value::Null).await.status, 204);
    assert_eq!(of_ada(rows(&client, ELIGIBLE, ADA).await), 0);
    let request = client.get(&format!("{ASK_ELIGIBLE}/{}", made.body["id"].as_str().unwrap())).await;
    assert_eq!(request.body["status"], "Canceled");
    assert_eq!(client.send("POST", &cancel, Value::Null).await.status, 400);
}

#[tokio::test]
async fn what_is_active_must_have_been_so_for_five_minutes() {
    let client = start().await;
    let made = json!({ "scheduleInfo": lasting("P5D"), "justification": "because" });
    assert_eq!(client.send("POST", ASK_ACTIVE, ask("adminAssign", GRACE, &made)).await.status, 201);
    let remove = ask("adminRemove", GRACE, &json!({}));
    client.emulator.advance(299);
    assert_eq!(client.send("POST", ASK_ACTIVE, remove.clone()).await.refusal(), (400, "ActiveDurationTooShort"));
    client.emulator.advance(1);
    assert_eq!(client.send("POST", ASK_ACTIVE, remove).await.status, 201);
}

#[tokio::test]
async fn groups_come_under_pim_with_the_first_write_and_name_schedules_after_themselves() {
    let client = start().await;
    let policy = format!("{POLICY_ASSIGNMENTS}?$filter=scopeId%20eq%20'{OPERATORS}'%20and%20scopeType%20eq%20'Group'");
    let before = client.get(&policy).await.entries()[0]["policyId"].clone();
    let ask = ask_group("adminAssign", GRACE, &json!({ "scheduleInfo": lasting("P5D") }));
    let made = client.send("POST", &format!("{GROUPS}/eligibilityScheduleRequests"), ask).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.body["id"].as_str().unwrap();
    assert_eq!(made.body["targetScheduleId"], format!("{OPERATORS}_member_{id}"));
    assert_eq!(made.body["scheduleInfo"]["expiration"]["duration"], "P5D");

    let list = client.get(&format!("{GROUPS}/eligibilitySchedules?$filter=groupId%20eq%20'{OPERATORS}'")).await;
    let row = &list.entries()[0];
    assert_eq!(row["id"], format!("{OPERATORS}_member_{id}"));
    assert_eq!(row["memberType"], "direct");
    let read_back = json!({ "type": "afterDateTime", "endDateTime": "2026-11-26T12:00:00Z", "duration": null });
    assert_eq!(row["scheduleInfo"]["expiration"], read_back);

    let resources = client.get(&format!("{GROUPS}/resources")).await;
    assert_eq!(resources.entries()[0]["id"], OPERATORS);
    let older = client.get("/beta/identityGovernance/privilegedAccess/group/resources").await;
    assert_eq!(older.entries(), resources.entries());
    assert_ne!(client.get(&policy).await.entries()[0]["policyId"], before);
}

#[tokio::test]
async fn lists_of_groups_need_a_filter() {
    let client = start().await;
    for name in
        ["eligibilitySchedules", "assignmentSchedules", "assignmentScheduleInstances", "eligibilityScheduleRequests"]
    {
        let answer = client.get(&format!("{GROUPS}/{name}")).await;
        assert_eq!(answer.status, 400, "{name}");
    }
    let by_principal = client.get(&format!("{GROUPS}/assignmentSchedules?$filter=principalId%20eq%20'{ADA}'")).await;
    assert_eq!((by_principal.status, by_principal.entries().len()), (200, 0));
}

#[tokio::test]
async fn a_group_that_may_hold_no_roles_is_taken_and_never_becomes_eligible() {
    let client = start().await;
    let asked = ask("adminAssign", OPERATORS, &json!({ "scheduleInfo": forever() }));
    let made = client.send("POST", ASK_ELIGIBLE, asked.clone()).await;
    assert_eq!((made.status, made.body["status"].as_str()), (201, Some("Granted")));
    assert!(rows(&client, ELIGIBLE, OPERATORS).await.is_empty());
    assert_eq!(client.send("POST", ASK_ELIGIBLE, asked).await.refusal(), (400, "PendingRoleAssignmentRequest"));
    let leads = ask("adminAssign", LEADS, &json!({ "scheduleInfo": forever() }));
    assert_eq!(client.send("POST", ASK_ELIGIBLE, leads).await.body["status"], "Provisioned");
}

#[tokio::test]
async fn what_was_assigned_outside_pim_and_what_was_activated_can_be_told_apart() {
    let client = start().await;
    let list = client.get(ACTIVE).await;
    let of = |principal: &str| list.entries().iter().find(|row| row["principalId"] == principal).unwrap().clone();
    let outside = of(GRACE);
    assert_eq!((&outside["createdUsing"], &outside["createdDateTime"]), (&Value::Null, &Value::Null));
    assert_eq!(outside["scheduleInfo"]["startDateTime"], NOW, "the time of the read");
    assert!(outside["id"].as_str().unwrap().ends_with("-1"));
    let activated = of(ADA);
    assert_eq!(activated["assignmentType"], "Activated");
    assert_eq!(activated["scheduleInfo"]["expiration"]["duration"], "PT2H");
    let plain = client.get("/v1.0/roleManagement/directory/roleAssignments").await;
    assert_eq!(plain.entries().len(), 2);
    assert!(plain.entries().iter().any(|row| row["id"] == outside["id"]));
}

#[tokio::test]
async fn validating_only_checks_and_does_nothing() {
    let client = start().await;
    let asked = ask("adminAssign", GRACE, &json!({ "scheduleInfo": forever(), "isValidationOnly": true }));
    assert_eq!(client.send("POST", ASK_ELIGIBLE, asked).await.status, 201);
    assert!(rows(&client, ELIGIBLE, GRACE).await.is_empty());
    let list = client.get(ASK_ELIGIBLE).await;
    assert!(list.entries().is_empty());
}

#[tokio::test]
async fn parts_of_the_directory_are_assignments_of_their_own() {
    let client = start().await;
    for scope in ["/", &format!("/administrativeUnits/{SALES}"), &format!("/{GRACE}")] {
        let asked = ask("adminAssign", ADA, &json!({ "scheduleInfo": forever(), "directoryScopeId": scope }));
        assert_eq!(client.send("POST", ASK_ELIGIBLE, asked).await.status, 201, "{scope}");
    }
    let list = client.get(&format!("{ELIGIBLE}?$filter=roleDefinitionId%20eq%20'{USER_ADMINISTRATOR}'")).await;
    let mut ids: Vec<&str> = list.entries().iter().map(|row| row["id"].as_str().unwrap()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    client.emulator.advance(300);
    let remove = ask("adminRemove", ADA, &json!({ "directoryScopeId": format!("/{GRACE}") }));
    assert_eq!(client.send("POST", ASK_ELIGIBLE, remove).await.status, 201);
    let list = client.get(&format!("{ELIGIBLE}?$filter=roleDefinitionId%20eq%20'{USER_ADMINISTRATOR}'")).await;
    assert_eq!(list.entries().len(), 2);
}

#[tokio::test]
async fn what_was_changed_stands_in_the_audit_log_and_in_the_tenant_file() {
    let client = start().await;
    let made = json!({ "scheduleInfo": lasting("P5D"), "justification": "on call" });
    client.send("POST", ASK_ACTIVE, ask("adminAssign", GRACE, &made)).await;
    let filter = "loggedByService%20eq%20'PIM'%20and%20activityDateTime%20ge%202026-11-21T00:00:00Z";
    let log = client.get(&format!("/v1.0/auditLogs/directoryAudits?$filter={filter}")).await;
    let names: Vec<&str> = log.entries().iter().map(|it| it["activityDisplayName"].as_str().unwrap()).collect();
    let expected =
        ["Add member to role in PIM completed (timebound)", "Add member to role in PIM requested (timebound)"];
    assert_eq!(names, expected);
    let entry = &log.entries()[0];
    assert_eq!(entry["initiatedBy"]["app"]["servicePrincipalId"], RUNNER);
    assert_eq!(entry["resultReason"], "on call");
    assert_eq!(entry["targetResources"][2]["id"], GRACE);
    let none = "loggedByService%20eq%20'PIM'%20and%20activityDateTime%20gt%202026-11-21T12:00:00Z";
    assert!(client.get(&format!("/v1.0/auditLogs/directoryAudits?$filter={none}")).await.entries().is_empty());

    let file: Value = serde_json::from_str(&client.emulator.tenant_file()).unwrap();
    let target = file["targets"].as_array().unwrap().iter().find(|it| it["directory_role"] == USER_ADMINISTRATOR);
    let row = json!({ "principal": GRACE, "start": NOW, "end": "2026-11-26T12:00:00Z" });
    assert_eq!(target.unwrap()["active"], json!([row]));
}

#[tokio::test]
async fn a_user_activates_and_deactivates() {
    let client = start().await;
    let eligible = ask("adminAssign", ADA, &json!({ "scheduleInfo": forever() }));
    assert_eq!(client.send("POST", ASK_ELIGIBLE, eligible).await.status, 201);
    let client = client.signed_in("ada@contoso.example", None).await;
    let more = json!({ "scheduleInfo": lasting("PT8H"), "justification": "on call" });
    let made = client.send("POST", ASK_ACTIVE, ask("selfActivate", ADA, &more)).await;
    assert_eq!((made.status, made.body["status"].as_str()), (201, Some("Provisioned")), "{made:?}");
    assert_eq!((&made.body["createdBy"]["user"]["id"], &made.body["action"]), (&json!(ADA), &json!("selfActivate")));
    let filter = format!("roleDefinitionId%20eq%20'{USER_ADMINISTRATOR}'&$expand=activatedUsing");
    let list = client.get(&format!("{ACTIVE}?$filter={filter}")).await;
    let row = &list.entries()[0];
    assert_eq!((&row["assignmentType"], &row["activatedUsing"]["principalId"]), (&json!("Activated"), &json!(ADA)));
    let of_grace = client.send("POST", ASK_ACTIVE, ask("selfActivate", GRACE, &more)).await;
    assert_eq!(of_grace.refusal(), (403, "InsufficientPermissions"));
    let too_long = json!({ "scheduleInfo": lasting("PT9H"), "justification": "on call" });
    client.emulator.advance(300);
    let off = client.send("POST", ASK_ACTIVE, ask("selfDeactivate", ADA, &json!({}))).await;
    assert_eq!((off.status, off.body["status"].as_str()), (201, Some("Revoked")));
    let refused = client.send("POST", ASK_ACTIVE, ask("selfActivate", ADA, &too_long)).await;
    assert_eq!(refused.refusal(), (400, "RoleAssignmentRequestPolicyValidationFailed"));
    let log = client.get("/v1.0/auditLogs/directoryAudits?$top=1").await;
    assert_eq!(log.entries()[0]["initiatedBy"]["user"]["userPrincipalName"], "ada@contoso.example");
}

#[tokio::test]
async fn an_activation_needs_its_context_and_its_approval() {
    let mut tenant = tenant();
    let settings =
        json!({ "activation": { "authentication": { "context": "c1" }, "approval": { "by": [{ "group": LEADS }] } } });
    tenant["targets"] = json!([{
        "directory_role": USER_ADMINISTRATOR, "settings": settings, "eligible": [{ "principal": ADA }],
    }]);
    let client = Client::with(Options { tenant: tenant.to_string(), ..options() }).await;
    let more = json!({ "scheduleInfo": lasting("PT1H"), "justification": "on call" });
    let client = client.signed_in("ada@contoso.example", None).await;
    let refused = client.send("POST", ASK_ACTIVE, ask("selfActivate", ADA, &more)).await;
    assert_eq!(refused.refusal(), (400, "RoleAssignmentRequestAcrsValidationFailed"));
    let client = client.signed_in("ada@contoso.example", Some("c1")).await;
    let pending = client.send("POST", ASK_ACTIVE, ask("selfActivate", ADA, &more)).await;
    assert_eq!(pending.body["status"], "PendingApproval");
    assert!(client.get(ACTIVE).await.entries().is_empty());
}

#[tokio::test]
async fn what_passes_pim_by_is_told_apart_and_stands_in_the_log() {
    let client = start().await;
    let path = "/v1.0/roleManagement/directory/roleAssignments";
    let body = json!({ "principalId": GRACE, "roleDefinitionId": USER_ADMINISTRATOR, "directoryScopeId": "/" });
    let made = client.send("POST", path, body.clone()).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(client.send("POST", path, body).await.status, 400);
    let filter = format!("roleDefinitionId%20eq%20'{USER_ADMINISTRATOR}'");
    let list = client.get(&format!("{ACTIVE}?$filter={filter}")).await;
    assert_eq!((&list.entries()[0]["id"], &list.entries()[0]["createdUsing"]), (&made.body["id"], &Value::Null));
    let log = client.get("/v1.0/auditLogs/directoryAudits").await;
    let entry = &log.entries()[0];
    assert_eq!(
        (&entry["activityDisplayName"], &entry["category"]),
        (&json!("Add member to role"), &json!("RoleManagement"))
    );
    let delete = format!("{path}/{}", made.body["id"].as_str().unwrap());
    assert_eq!(client.try_send("DELETE", &delete, None).await.unwrap().status, 204);
    assert!(client.get(&format!("{ACTIVE}?$filter={filter}")).await.entries().is_empty());
}

#[tokio::test]
async fn an_extension_needs_an_end_and_a_renewal_needs_to_be_over() {
    let client = start().await;
    let days = |length: &str| json!({ "scheduleInfo": lasting(length) });
    assert_eq!(client.send("POST", ASK_ELIGIBLE, ask("adminAssign", GRACE, &days("P1D"))).await.status, 201);
    let early = client.send("POST", ASK_ELIGIBLE, ask("adminRenew", GRACE, &days("P5D"))).await;
    assert_eq!(early.refusal(), (400, "RoleAssignmentExists"));
    assert_eq!(client.send("POST", ASK_ELIGIBLE, ask("adminExtend", GRACE, &days("P2D"))).await.status, 201);
    client.emulator.advance(2 * 86_400);
    let client = client.signed_in("ada@contoso.example", None).await;
    assert!(rows(&client, ELIGIBLE, GRACE).await.is_empty(), "it is over");
    let late = client.send("POST", ASK_ELIGIBLE, ask("adminExtend", GRACE, &days("P5D"))).await;
    assert_eq!(late.refusal(), (400, "RoleAssignmentDoesNotExist"));
    assert_eq!(client.send("POST", ASK_ELIGIBLE, ask("adminRenew", GRACE, &days("P5D"))).await.status, 201);
    assert_eq!(rows(&client, ELIGIBLE, GRACE).await.len(), 1);
}

#[tokio::test]
async fn what_is_eligible_must_be_so_for_five_minutes_before_it_is_removed() {
    let client = start().await;
    let made =
        client.send("POST", ASK_ELIGIBLE, ask("adminAssign", GRACE, &json!({ "scheduleInfo": forever() }))).await;
    assert_eq!(made.status, 201, "{made:?}");
    let removal = || client.send("POST", ASK_ELIGIBLE, ask("adminRemove", GRACE, &json!({})));
    assert_eq!(removal().await.refusal(), (400, "ActiveDurationTooShort"));
    client.emulator.advance(299);
    assert_eq!(removal().await.refusal(), (400, "ActiveDurationTooShort"));
    client.emulator.advance(1);
    assert_eq!(removal().await.status, 201);
}

#[tokio::test]
async fn what_was_removed_stays_listed_where_everything_is_late() {
    let client = start().await;
    client.emulator.set_faults(vec!["late-visibility=2".parse().unwrap()]);
    let filter = format!("{ELIGIBLE}?$filter=principalId%20eq%20'{ADA}'");
    let removal = json!({
        "action": "adminRemove", "principalId": ADA, "roleDefinitionId": GLOBAL_ADMINISTRATOR, "directoryScopeId": "/",
    });
    assert_eq!(client.send("POST", ASK_ELIGIBLE, removal).await.status, 201);
    let mut counts = Vec::new();
    for _ in 0..3 {
        counts.push(client.get(&filter).await.entries().len());
    }
    assert_eq!(counts, [1, 1, 0]);
}

#[tokio::test]
async fn what_the_directory_knows_already_is_new_to_pim() {
    let client = start().await;
    client.emulator.set_faults(vec!["late-visibility=2".parse().unwrap()]);
    let user = json!({
        "displayName": "Joan Clarke", "mailNickname": "joan", "userPrincipalName": "joan@contoso.example",
        "accountEnabled": true, "passwordProfile": { "password": "p@$$Wd123456" },
    });
    let made = client.send("POST", "/v1.0/users", user).await.body;
    let id = made["id"].as_str().unwrap();
    assert_eq!(client.get(&format!("/v1.0/users/{id}")).await.status, 200);
    let ask = || client.send("POST", ASK_ELIGIBLE, ask("adminAssign", id, &json!({ "scheduleInfo": forever() })));
    assert_eq!(ask().await.refusal(), (404, "SubjectNotFound"));
    assert_eq!(ask().await.refusal(), (404, "SubjectNotFound"));
    assert_eq!(ask().await.status, 201);
}
