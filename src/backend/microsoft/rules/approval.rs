//! The rule about approval: in it the two envelopes differ most.
//!
//! Microsoft Graph names a user `{"@odata.type": "#microsoft.graph.singleUser", "userId": ...}`, though an example of its
//! documentation has `id` instead; Azure Resource Manager has `{"userType": "User", "id": ...}`
//! (docs/service.md: rules-9). Approvers stay stored when approval is turned off (docs/service.md: rules-10).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::read::flag;
use crate::backend::microsoft::http::Service;
use crate::backend::microsoft::wire;
use crate::model::{Approval, Approver, Approvers, PrincipalId};

/// Who must agree. With an approver of a sort that is not known among them, nobody can say who may agree.
pub(super) fn read(rule: &Map<String, Value>) -> Result<Approval, String> {
    let Some(setting) = rule.get("setting").and_then(Value::as_object) else {
        return Err("has no `setting`".to_owned());
    };
    if !flag(setting, "isApprovalRequired")? {
        return Ok(Approval::NotRequired);
    }
    let mut known = BTreeSet::new();
    for entry in entries(setting)? {
        known.insert(approver(entry)?);
    }
    Ok(Approvers::new(known).map_or(Approval::DefaultApprovers, Approval::Required))
}

/// Puts the approval into the rule, and leaves alone what it does not say.
pub(super) fn write(rule: &mut Map<String, Value>, approval: &Approval, service: Service) {
    let mut setting = object(rule.remove("setting"));
    let required = *approval != Approval::NotRequired;
    setting.insert("isApprovalRequired".to_owned(), required.into());
    default(&mut setting, "isApprovalRequiredForExtension", false.into());
    default(&mut setting, "isRequestorJustificationRequired", true.into());
    let mode = wire::text(&setting, "approvalMode").filter(|mode| !mode.eq_ignore_ascii_case("NoApproval"));
    let mode = mode.unwrap_or("SingleStage").to_owned();
    setting.insert("approvalMode".to_owned(), mode.into());
    let there: Vec<Value> = entries(&setting).unwrap_or_default().into_iter().cloned().collect();
    // What is stored while no approval is asked for stays stored, as the service itself keeps it.
    let wanted = match approval {
        Approval::Required(approvers) => Some(approvers.as_set().clone()),
        Approval::DefaultApprovers => Some(BTreeSet::new()),
        Approval::NotRequired => None,
    };
    let mut stage = object(setting.remove("approvalStages").and_then(first));
    default(&mut stage, "approvalStageTimeOutInDays", 1.into());
    default(&mut stage, "isApproverJustificationRequired", true.into());
    default(&mut stage, "escalationTimeInMinutes", 0.into());
    default(&mut stage, "isEscalationEnabled", false.into());
    default(&mut stage, "escalationApprovers", json!([]));
    stage.insert("primaryApprovers".to_owned(), approvers(there, wanted, service).into());
    setting.insert("approvalStages".to_owned(), json!([stage]));
    rule.insert("setting".to_owned(), setting.into());
}

/// The wanted approvers in the spelling of the envelope; where none are wanted, what is there stays as it is.
fn approvers(there: Vec<Value>, wanted: Option<BTreeSet<Approver>>, service: Service) -> Vec<Value> {
    let Some(wanted) = wanted else { return there };
    let known: BTreeMap<Approver, Option<&str>> =
        there.iter().filter_map(|entry| Some((approver(entry).ok()?, wire::field(entry, "description")))).collect();
    let spelt = wanted.into_iter().map(|approver| {
        let mut entry = match (service, approver) {
            (Service::Graph, Approver::User(id)) => {
                json!({"@odata.type": "#microsoft.graph.singleUser", "userId": id})
            }
            (Service::Graph, Approver::Group(id)) => {
                json!({"@odata.type": "#microsoft.graph.groupMembers", "groupId": id})
            }
            (Service::Arm, Approver::User(id)) => json!({"id": id, "userType": "User", "isBackup": false}),
            (Service::Arm, Approver::Group(id)) => json!({"id": id, "userType": "Group", "isBackup": false}),
        };
        if let (Some(Some(description)), Some(entry)) = (known.get(&approver), entry.as_object_mut()) {
            entry.insert("description".to_owned(), (*description).into());
        }
        entry
    });
    spelt.collect()
}

/// The approvers of all stages. PIM has one stage; the service answers with a list all the same.
fn entries(setting: &Map<String, Value>) -> Result<Vec<&Value>, String> {
    let mut all = Vec::new();
    for stage in wire::list(setting, "approvalStages")?.iter().filter_map(Value::as_object) {
        all.extend(wire::list(stage, "primaryApprovers")?);
    }
    Ok(all)
}

/// One approver.
fn approver(entry: &Value) -> Result<Approver, String> {
    let sort = wire::field(entry, "@odata.type").or_else(|| wire::field(entry, "userType")).unwrap_or_default();
    let sort = sort.rsplit('.').next().unwrap_or_default();
    let is = |words: [&str; 2]| words.iter().any(|word| word.eq_ignore_ascii_case(sort));
    let (make, own): (fn(PrincipalId) -> Approver, _) = if is(["singleUser", "User"]) {
        (Approver::User, "userId")
    } else if is(["groupMembers", "Group"]) {
        (Approver::Group, "groupId")
    } else {
        return Err(format!("names an approver of the sort `{sort}`"));
    };
    let id = wire::field(entry, own).or_else(|| wire::field(entry, "id")).unwrap_or_default();
    id.parse().map(make).map_err(|_| format!("names an approver whose id is `{id}`"))
}

fn object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn first(list: Value) -> Option<Value> {
    match list {
        Value::Array(items) => items.into_iter().next(),
        _ => None,
    }
}

/// Fills in what the service left out.
fn default(map: &mut Map<String, Value>, field: &str, value: Value) {
    if map.get(field).is_none_or(Value::is_null) {
        map.insert(field.to_owned(), value);
    }
}
