//! The audit log.

use http::Method;
use serde_json::{Value, json};

use super::answer::{Print, no_links, no_object, wrong_method};
use super::schema;
use crate::emulator::odata::{Query, Takes};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{AuditEntry, AuditObject, World};

/// `/auditLogs/directoryAudits[/{id}]`, the newest first.
pub(super) fn audits(world: &World, request: &Request, id: Option<&str>) -> Result<Reply, ServiceFailure> {
    if request.method != Method::GET {
        return Err(wrong_method(request));
    }
    let render = |entry: &&AuditEntry| print(entry);
    let it = Print { entity: &schema::AUDIT, render: &render, expand: &no_links };
    let what = "auditLogs/directoryAudits";
    let Some(id) = id else {
        let query = Query::parse(request, &schema::AUDIT, Takes::List)?;
        return Ok(it.list(request, what, world.page_size, &query, world.audit.iter().rev().collect()));
    };
    let query = Query::parse(request, &schema::AUDIT, Takes::One)?;
    let found = world.audit.iter().find(|entry| name(entry).eq_ignore_ascii_case(id)).ok_or_else(|| no_object(id))?;
    Ok(it.one(request, 200, what, &query, &found))
}

fn name(entry: &AuditEntry) -> String {
    format!("{}_{}", if entry.service == "PIM" { "PIM" } else { "Directory" }, entry.id)
}

fn print(entry: &AuditEntry) -> Value {
    let caller = &entry.caller;
    let initiated_by = if caller.is_application {
        json!({ "user": null, "app": {
            "appId": caller.app_id, "displayName": caller.name, "servicePrincipalId": caller.id,
            "servicePrincipalName": null,
        } })
    } else {
        json!({ "app": null, "user": {
            "id": caller.id, "displayName": caller.name, "userPrincipalName": caller.upn, "ipAddress": null,
        } })
    };
    json!({
        "id": name(entry),
        "category": entry.category,
        "correlationId": entry.correlation,
        "result": "success",
        "resultReason": entry.reason,
        "activityDisplayName": entry.activity,
        "activityDateTime": entry.at.ticks(),
        "loggedByService": entry.service,
        "operationType": entry.operation,
        "initiatedBy": initiated_by,
        "targetResources": entry.objects.iter().map(object).collect::<Vec<_>>(),
        "additionalDetails": [],
    })
}

fn object(object: &AuditObject) -> Value {
    json!({
        "id": object.id, "displayName": object.name, "type": object.kind, "userPrincipalName": object.upn,
        "groupType": null, "modifiedProperties": [],
    })
}
