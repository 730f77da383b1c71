//! Microsoft Graph on the emulator.

mod assignments;
mod directory;
mod groups;
mod policies;
mod queries;
mod relations;
mod valid_bodies;

use pimform::emulator::Options;
use serde_json::{Value, json};

use super::client::{ADA, Client, GRACE, NOW, OPERATORS, RUNNER, RUNNER_APP, TENANT};

const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
const USER_ADMINISTRATOR: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";
const SALES: &str = "fd921afe-369e-4033-bec6-12f348d11107";
/// A group that may hold directory roles.
const LEADS: &str = "be3ac93d-0d77-40a3-a61b-6aa07f00725a";
/// A group whose members follow a rule.
const DYNAMIC: &str = "be3ac93d-0d77-40a3-a61b-6aa07f00725b";

const ELIGIBLE: &str = "/v1.0/roleManagement/directory/roleEligibilitySchedules";
const ACTIVE: &str = "/v1.0/roleManagement/directory/roleAssignmentSchedules";
const ASK_ELIGIBLE: &str = "/v1.0/roleManagement/directory/roleEligibilityScheduleRequests";
const ASK_ACTIVE: &str = "/v1.0/roleManagement/directory/roleAssignmentScheduleRequests";
const GROUPS: &str = "/v1.0/identityGovernance/privilegedAccess/group";
const POLICIES: &str = "/v1.0/policies/roleManagementPolicies";
const POLICY_ASSIGNMENTS: &str = "/v1.0/policies/roleManagementPolicyAssignments";

fn tenant() -> Value {
    json!({
        "format": "pimform-tenant", "version": 1, "runner": RUNNER,
        "tenant": { "id": TENANT, "name": "Contoso" },
        "users": [
            { "id": ADA, "name": "Ada Lovelace", "upn": "ada@contoso.example" },
            { "id": GRACE, "name": "Grace O'Hopper", "upn": "grace@contoso.example", "enabled": false },
        ],
        "groups": [
            { "id": OPERATORS, "name": "Operators", "members": [ADA] },
            { "id": LEADS, "name": "Leads", "role_assignable": true, "owners": [GRACE] },
            { "id": DYNAMIC, "name": "Everybody", "membership": "dynamic" },
        ],
        "service_principals": [{ "id": RUNNER, "name": "sp-pimform", "app_id": RUNNER_APP }],
        "administrative_units": [{ "id": SALES, "name": "Sales" }],
        "authentication_contexts": [{ "id": "c1", "name": "Passkey" }],
        "directory_roles": [
            { "id": GLOBAL_ADMINISTRATOR, "name": "Global Administrator" },
            { "id": USER_ADMINISTRATOR, "name": "User Administrator" },
        ],
        "targets": [
            {
                "directory_role": GLOBAL_ADMINISTRATOR,
                "settings": { "activation": { "max_duration": "4h", "authentication": "mfa" } },
                "eligible": [{ "principal": ADA, "start": "2025-06-01T08:00:00Z" }],
                "active": [
                    { "principal": GRACE, "origin": "outside_pim" },
                    { "principal": ADA, "start": "2026-11-21T11:00:00Z", "end": "2026-11-21T13:00:00Z", "origin": "activated" },
                ],
            },
        ],
    })
}

fn options() -> Options {
    Options { now: Some(NOW.to_owned()), log: true, ..Options::new(tenant().to_string()) }
}

async fn start() -> Client {
    Client::with(options()).await
}

/// Keeps no exchanges: for tests that send what nobody should.
async fn start_unlogged() -> Client {
    Client::with(Options { log: false, ..options() }).await
}

/// A request for a directory role, with what `more` says.
fn ask(action: &str, principal: &str, more: &Value) -> Value {
    let mut body = json!({
        "action": action, "principalId": principal, "roleDefinitionId": USER_ADMINISTRATOR, "directoryScopeId": "/",
    });
    merge(&mut body, more);
    body
}

/// A request for a group.
fn ask_group(action: &str, principal: &str, more: &Value) -> Value {
    let mut body = json!({ "action": action, "principalId": principal, "groupId": OPERATORS, "accessId": "member" });
    merge(&mut body, more);
    body
}

fn merge(body: &mut Value, more: &Value) {
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
}

/// When something ends after a length of time.
fn lasting(length: &str) -> Value {
    json!({ "startDateTime": NOW, "expiration": { "type": "afterDuration", "duration": length } })
}

fn forever() -> Value {
    json!({ "startDateTime": NOW, "expiration": { "type": "noExpiration" } })
}
