//! What version 2024-09-01-preview adds to policies: a rule about PIM-only mode, and members that an expiration rule does not
//! hold for. It is kept and shown, and has no effect here. Source: the definitions of that version.

use serde_json::{Value, json};

use crate::emulator::arm::body::{self, invalid};
use crate::emulator::wire::{Request, ServiceFailure};
use crate::emulator::world::{Extra, Target, World};

/// The version.
pub(super) const VERSION: &str = "2024-09-01-preview";
const PIM_ONLY: &str = "PIMOnlyMode_Admin_Assignment";
const EXCEPTIONS: &str = "exceptionMembers";

/// Whether a request is made in this version.
pub(super) fn is_asked(request: &Request) -> bool {
    request.option("api-version") == Some(VERSION)
}

/// Takes what only this version knows out of the rules of a body: the rest, and what was taken by the id of its rule.
pub(super) fn take(sent: &[Value]) -> Result<(Vec<Value>, Extra), ServiceFailure> {
    let (mut rest, mut taken) = (Vec::new(), Extra::new());
    for rule in sent {
        let id = rule.get("id").and_then(Value::as_str).unwrap_or_default();
        if id == PIM_ONLY {
            taken.insert(id.to_owned(), pim_only(rule)?);
            continue;
        }
        let mut rule = rule.clone();
        let members = rule.as_object_mut().and_then(|fields| fields.remove(EXCEPTIONS)).filter(|it| !it.is_null());
        if let Some(members) = members {
            if !id.starts_with("Expiration_") {
                return Err(invalid(format!("Could not find member '{EXCEPTIONS}' on '{id}'.")));
            }
            let list = members.as_array().ok_or_else(|| invalid(format!("'{EXCEPTIONS}' is not a list.")))?;
            for member in list {
                body::object(member, EXCEPTIONS, &["id", "userType", "description", "isBackup"])?;
            }
            taken.insert(rule.get("id").and_then(Value::as_str).unwrap_or_default().to_owned(), members);
        }
        rest.push(rule);
    }
    Ok((rest, taken))
}

fn pim_only(rule: &Value) -> Result<Value, ServiceFailure> {
    let fields = body::object(rule, PIM_ONLY, &["id", "ruleType", "target", "pimOnlyModeSettings"])?;
    let settings = fields.get("pimOnlyModeSettings").filter(|it| !it.is_null());
    let settings = settings.ok_or_else(|| invalid("'pimOnlyModeSettings' is missing."))?;
    let known = body::object(settings, "pimOnlyModeSettings", &["mode", "excludes", "excludedAssignmentTypes"])?;
    if !matches!(body::text(known, "mode")?, None | Some("Disabled" | "Enabled" | "ReportOnly")) {
        return Err(invalid("'mode' of 'pimOnlyModeSettings' is none that is known."));
    }
    for excluded in body::list(known, "excludes")?.unwrap_or_default() {
        body::object(excluded, "excludes", &["id", "type", "displayName"])?;
    }
    body::texts(known, "excludedAssignmentTypes")?;
    Ok(settings.clone())
}

/// Adds what this version knows to the rules of an answer.
pub(super) fn add(world: &World, target: &Target, rules: &mut Vec<Value>) {
    let kept = |id: &str| world.preview.get(target).and_then(|kept| kept.get(id)).cloned();
    for rule in rules.iter_mut() {
        let id = rule.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let (true, Some(fields)) = (id.starts_with("Expiration_"), rule.as_object_mut()) {
            fields.insert(EXCEPTIONS.to_owned(), kept(&id).unwrap_or_else(|| json!([])));
        }
    }
    let settings = kept(PIM_ONLY);
    rules.push(json!({
        "id": PIM_ONLY,
        "ruleType": "RoleManagementPolicyPimOnlyModeRule",
        "target": { "caller": "Admin", "operations": ["All"], "level": "Assignment" },
        "pimOnlyModeSettings": settings.unwrap_or_else(|| json!({ "mode": "Disabled" })),
    }));
}
