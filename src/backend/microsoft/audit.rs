//! The directory's audit log, as far as it concerns PIM.
//!
//! docs/service.md: audit-1, audit-2. The names of activities are not documented in full, so nothing here depends on them.

use serde_json::Value;

use super::ServiceError;
use super::http::{ReadClient, Service, query_value};
use super::wire::{field, time};
use crate::model::Time;
use crate::model::audit::AuditEvent;
use crate::model::text::name_key;

/// What was done through PIM since then, and succeeded.
pub(super) async fn read(client: &ReadClient, since: Time) -> Result<Vec<AuditEvent>, ServiceError> {
    let filter = query_value(&format!("loggedByService eq 'PIM' and activityDateTime ge {since}"));
    let path = format!("/v1.0/auditLogs/directoryAudits?$filter={filter}");
    let entries = client.list(Service::Graph, &path).await.map_err(|error| error.asked("read the audit log"))?;
    Ok(entries.each(event).collect())
}

/// One entry; nothing for one that failed or that says too little.
fn event(entry: &Value) -> Option<AuditEvent> {
    let said = |name: &str| field(entry, name);
    if !said("result").is_some_and(|result| result.eq_ignore_ascii_case("success")) {
        return None;
    }
    let initiated = entry.get("initiatedBy")?;
    let (by, who) = match (part(initiated, "user"), part(initiated, "app")) {
        (Some(user), _) => (field(user, "id"), field(user, "userPrincipalName").or_else(|| field(user, "displayName"))),
        (None, Some(app)) => (field(app, "servicePrincipalId"), field(app, "displayName")),
        (None, None) => (None, None),
    };
    let mut objects = std::collections::BTreeSet::new();
    for target in entry.get("targetResources").and_then(Value::as_array).into_iter().flatten() {
        objects.extend(field(target, "id").map(|id| Box::from(name_key(id))));
    }
    Some(AuditEvent {
        at: time(said("activityDateTime")?).ok()?,
        who: who.or(by).unwrap_or("somebody").into(),
        by: by.and_then(|id| id.parse().ok()),
        activity: said("activityDisplayName").unwrap_or("a change").into(),
        objects,
        reason: said("resultReason").map(Into::into),
    })
}

fn part<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.get(name).filter(|part| part.is_object())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_names_who_did_what_to_which_objects() {
        let entry = json!({
            "activityDateTime": "2026-11-21T09:12:00.1234567Z", "activityDisplayName": "Update role setting in PIM",
            "result": "success", "resultReason": "",
            "initiatedBy": { "app": null, "user": {
                "id": "a0000000-0000-4000-8000-000000000001", "userPrincipalName": "ada@contoso.example" } },
            "targetResources": [{ "id": "FE930BE7-5E62-47DB-91AF-98C3A49A38B1", "type": "Role" }],
        });
        let event = event(&entry).unwrap();
        assert_eq!((&*event.who, event.at.to_string().as_str()), ("ada@contoso.example", "2026-11-21T09:12:00Z"));
        assert!(event.objects.contains("fe930be7-5e62-47db-91af-98c3a49a38b1"));
        assert_eq!(event.reason, None);
        let mut failed = entry;
        failed["result"] = json!("failure");
        assert_eq!(super::event(&failed), None);
    }
}
