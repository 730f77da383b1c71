//! The schedules of the three surfaces, and the assignments that they mean.
//!
//! A schedule is the service's word for an assignment with its times, future ones included. Its id is never used as a
//! key: the service replaces it on every change (docs/service.md: windows-4).

use serde_json::{Map, Value, json};
use thiserror::Error;

use super::http::Service;
use super::rules::iso;
use super::wire;
use crate::model::{
    Access, ArmScope, AssignmentKey, AssignmentScope, Condition, Ending, Kind, Origin, PrincipalId, RoleId, Row,
    Schedule, Surface, Target, Time, Window,
};

/// An assignment that a schedule means.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    /// The target that it is assigned at. In Azure a list at one scope also shows assignments at scopes above; see
    /// [`Found::seen_at`].
    pub(super) target: Target,
    /// The assignment.
    pub(super) row: Row,
    /// The schedule's id as it is now, whole. Every change replaces it.
    pub(super) schedule_id: Box<str>,
}

/// What one schedule came to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reading {
    /// An assignment.
    Found(Box<Found>),
    /// Nothing that is in effect or will be: it was refused, cancelled or taken back, or it waits for somebody.
    Nothing,
}

/// A schedule that makes no sense, or that says something that pimform does not know: then nobody can say what its target
/// has, and the target counts as unreadable.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("an assignment {what}")]
pub(super) struct ScheduleError {
    /// What cannot be read for it.
    pub(super) concern: Concern,
    /// What is wrong, in words that follow `an assignment`.
    pub(super) what: String,
}

/// What an assignment that cannot be read may belong to: as little as could be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Concern {
    /// This target.
    Target(Target),
    /// This group, as a member or as an owner.
    Group(PrincipalId),
    /// This role, at any scope of Azure.
    AzureRole(RoleId),
    /// Anything at all.
    Anything,
}

impl Concern {
    /// Whether it may belong to this target.
    pub(super) fn covers(&self, target: &Target) -> bool {
        match self {
            Self::Target(concerned) => concerned == target,
            Self::Group(group) => target.group() == Some(*group),
            Self::AzureRole(concerned) => matches!(target, Target::Azure { role, .. } if role == concerned),
            Self::Anything => true,
        }
    }
}

/// What one schedule means. `schedule` is an entry of `roleEligibilitySchedules`, `roleAssignmentSchedules` of either
/// service or of `eligibilitySchedules`, `assignmentSchedules` of groups, as it stands in the list.
///
/// A word that is not known, or missing, is an error: the row it stands in is somebody's access, and may be ours
/// (docs/service.md: rows-2).
pub(super) fn read(surface: Surface, kind: Kind, schedule: &Value) -> Result<Reading, ScheduleError> {
    let nowhere = |what: String| ScheduleError { concern: Concern::Anything, what };
    let fields = match surface {
        Surface::Azure => schedule.get("properties").and_then(Value::as_object),
        Surface::Directory | Surface::Groups => schedule.as_object(),
    };
    let fields = fields.ok_or_else(|| nowhere("has no properties".to_owned()))?;
    let status = status(fields);
    if status == Status::Not {
        return Ok(Reading::Nothing);
    }
    let (target, scope) = place(surface, fields)?;
    let malformed = |what: String| ScheduleError { concern: Concern::Target(target.clone()), what };
    if let Status::Unknown(word) = status {
        return Err(malformed(unknown("status", word.as_deref())));
    }
    let origin = origin(surface, kind, fields).map_err(malformed)?;
    let principal = id(fields, "principalId").map(PrincipalId::new).map_err(malformed)?;
    let mut window = match surface {
        Surface::Azure => flat_window(fields),
        Surface::Directory | Surface::Groups => nested_window(fields),
    }
    .map_err(malformed)?;
    if origin == Origin::OutsidePim && surface != Surface::Azure {
        // Microsoft Graph fills in the time of the read (docs/service.md: windows-2).
        window.start = None;
    }
    let row = Row {
        key: AssignmentKey { kind, principal, scope },
        window,
        origin,
        condition: wire::text(fields, "condition").and_then(Condition::said),
    };
    let schedule_id = wire::field(schedule, "id").or_else(|| wire::field(schedule, "name")).unwrap_or_default();
    Ok(Reading::Found(Box::new(Found { target, row, schedule_id: schedule_id.into() })))
}

/// What a schedule says that is not known, or why it makes no sense; nothing where all of it is clear.
pub(super) fn strange(surface: Surface, kind: Kind, schedule: &Value) -> Option<String> {
    match read(surface, kind, schedule) {
        Ok(Reading::Found(_) | Reading::Nothing) => None,
        Err(error) => Some(error.to_string()),
    }
}

impl Found {
    /// The assignment as it is seen from another scope of Azure: inherited, unless it is assigned there.
    #[must_use]
    pub(super) fn seen_at(mut self, seen: &ArmScope) -> Self {
        if let Target::Azure { scope, .. } = &mut self.target
            && scope != seen
        {
            *scope = seen.clone();
            self.row.origin = Origin::Inherited;
        }
        self
    }
}

/// The target, and the part of the directory. An error for a place that no target stands for, such as a part of an
/// application.
pub(super) fn place(surface: Surface, fields: &Map<String, Value>) -> Result<(Target, AssignmentScope), ScheduleError> {
    let nowhere = |what: String| ScheduleError { concern: Concern::Anything, what };
    let text = |field: &str| wire::text(fields, field);
    let unclear =
        |concern: Concern, field: &str| ScheduleError { concern, what: unknown(field, word(fields, field).as_deref()) };
    match surface {
        Surface::Directory => {
            let target =
                Target::Directory { directory_role: RoleId::new(id(fields, "roleDefinitionId").map_err(nowhere)?) };
            let scope = text("directoryScopeId").and_then(directory_scope);
            // docs/service.md: rows-1
            match (word(fields, "appScopeId"), scope) {
                (Some(_), _) => Err(unclear(Concern::Target(target), "appScopeId")),
                (None, Some(scope)) => Ok((target, scope)),
                (None, None) => Err(unclear(Concern::Target(target), "directoryScopeId")),
            }
        }
        Surface::Groups => {
            let group = PrincipalId::new(id(fields, "groupId").map_err(nowhere)?);
            let access = [Access::Member, Access::Owner]
                .into_iter()
                .find(|access| text("accessId").is_some_and(|text| text.eq_ignore_ascii_case(&access.to_string())));
            let access = access.ok_or_else(|| unclear(Concern::Group(group), "accessId"))?;
            Ok((Target::Group { group, access }, AssignmentScope::Whole))
        }
        Surface::Azure => {
            let role = RoleId::new(id(fields, "roleDefinitionId").map_err(nowhere)?);
            let scope = text("scope").and_then(arm_scope);
            let scope = scope.ok_or_else(|| unclear(Concern::AzureRole(role), "scope"))?;
            Ok((Target::Azure { scope, role }, AssignmentScope::Whole))
        }
    }
}

/// `/`, `/administrativeUnits/<id>`, or `/<id>` for one object.
fn directory_scope(text: &str) -> Option<AssignmentScope> {
    let segments: Vec<&str> = text.split('/').collect();
    match segments.as_slice() {
        ["", ""] => Some(AssignmentScope::Whole),
        ["", units, id] if units.eq_ignore_ascii_case("administrativeUnits") => {
            id.parse().ok().map(AssignmentScope::AdministrativeUnit)
        }
        ["", id] => id.parse().ok().map(AssignmentScope::Object),
        _ => None,
    }
}

/// The scope of Azure, also where the service puts the name of a resource provider before a subscription.
pub(super) fn arm_scope(text: &str) -> Option<ArmScope> {
    const PREFIX: &str = "/providers/Microsoft.Subscription";
    let bare = match text.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => text,
    };
    bare.parse().ok()
}

/// The GUID at the end of an id: a role definition has the scope in front that it was read at.
pub(super) fn id(fields: &Map<String, Value>, field: &str) -> Result<uuid::Uuid, String> {
    let text = wire::text(fields, field).ok_or_else(|| format!("has no `{field}`"))?;
    last_segment(text).parse().map_err(|_| format!("has the `{field}` `{text}`, which is no id"))
}

/// What stands after the last slash.
pub(super) fn last_segment(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or_default()
}

#[derive(PartialEq, Eq)]
enum Status {
    InEffect,
    Not,
    Unknown(Option<String>),
}

fn status(fields: &Map<String, Value>) -> Status {
    const IN_EFFECT: [&str; 8] = [
        "Provisioned",
        "Granted",
        "ScheduleCreated",
        "Accepted",
        "PendingProvisioning",
        "PendingScheduleCreation",
        "PendingExternalProvisioning",
        "ProvisioningStarted",
    ];
    const NOT: [&str; 14] = [
        "Revoked",
        "PendingRevocation",
        "Canceled",
        "Denied",
        "AdminDenied",
        "Failed",
        "FailedAsResourceIsLocked",
        "TimedOut",
        "Invalid",
        "PendingApproval",
        "PendingApprovalProvisioning",
        "PendingAdminDecision",
        "PendingEvaluation",
        "AdminApproved",
    ];
    let word = word(fields, "status");
    let is = |known: &&str| word.as_deref().is_some_and(|word| known.eq_ignore_ascii_case(word));
    if IN_EFFECT.iter().any(is) {
        Status::InEffect
    } else if NOT.iter().any(is) {
        Status::Not
    } else {
        Status::Unknown(word)
    }
}

/// How the assignment came about, or what is wrong with the word that does not say it.
fn origin(surface: Surface, kind: Kind, fields: &Map<String, Value>) -> Result<Origin, String> {
    let is = |field: &str, word: &str| wire::text(fields, field).is_some_and(|text| text.eq_ignore_ascii_case(word));
    if is("memberType", "Group") {
        return Ok(Origin::ThroughGroup);
    }
    if is("memberType", "Inherited") {
        return Ok(Origin::Inherited);
    }
    if !is("memberType", "Direct") {
        return Err(unknown("memberType", word(fields, "memberType").as_deref()));
    }
    if kind == Kind::Eligible {
        return Ok(Origin::Assigned);
    }
    if is("assignmentType", "Activated") {
        return Ok(Origin::Activated);
    }
    if !is("assignmentType", "Assigned") {
        return Err(unknown("assignmentType", word(fields, "assignmentType").as_deref()));
    }
    let request = match surface {
        Surface::Directory | Surface::Groups => "createdUsing",
        Surface::Azure => "roleAssignmentScheduleRequestId",
    };
    // What was assigned outside PIM is listed too, but no request made it.
    Ok(if wire::text(fields, request).is_some() { Origin::Assigned } else { Origin::OutsidePim })
}

/// What stands in a field, also where it is no text.
fn word(fields: &Map<String, Value>, field: &str) -> Option<String> {
    match fields.get(field)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}

fn unknown(field: &str, word: Option<&str>) -> String {
    match word {
        Some(word) => format!("has the {field} `{word}`, which pimform does not know"),
        None => format!("has no {field}"),
    }
}

/// `startDateTime` and `endDateTime`, as Azure lists them. Without an end it is permanent.
fn flat_window(fields: &Map<String, Value>) -> Result<Window, String> {
    Ok(Window { start: start(fields)?, end: time(fields, "endDateTime")? })
}

/// `scheduleInfo`, as Microsoft Graph lists it.
pub(super) fn nested_window(fields: &Map<String, Value>) -> Result<Window, String> {
    let info = fields.get("scheduleInfo").and_then(Value::as_object).ok_or("has no `scheduleInfo`")?;
    let start = start(info)?;
    let Some(expiration) = info.get("expiration").and_then(Value::as_object) else {
        return Err("has no `expiration`".to_owned());
    };
    let end = time(expiration, "endDateTime")?;
    let word = wire::text(expiration, "type").unwrap_or("notSpecified");
    let is = |known: &str| word.eq_ignore_ascii_case(known);
    let end = if is("noExpiration") {
        None
    } else if is("afterDateTime") {
        Some(end.ok_or("ends at a time that is not stated")?)
    } else if is("afterDuration") {
        let after = || {
            let length = wire::text(expiration, "duration")?.parse().ok()?;
            Some(start? + length)
        };
        Some(end.or_else(after).ok_or("ends after a time that is not stated")?)
    } else if is("notSpecified") {
        end
    } else {
        return Err(format!("ends in the unknown way `{word}`"));
    };
    Ok(Window { start, end })
}

/// When it begins. The service writes the first day of the first year where it does not know
/// (docs/service.md: windows-3).
fn start(fields: &Map<String, Value>) -> Result<Option<Time>, String> {
    let known = wire::text(fields, "startDateTime").is_some_and(|text| !text.starts_with("0001-"));
    if known { time(fields, "startDateTime") } else { Ok(None) }
}

fn time(fields: &Map<String, Value>, field: &str) -> Result<Option<Time>, String> {
    let time = wire::text(fields, field).map(wire::time).transpose();
    time.map_err(|error| format!("has a `{field}` that cannot be read: {error}"))
}

/// The `scheduleInfo` of a request. `now` is the start of what begins at once: the service replaces a start in the past
/// by the time at which it takes effect.
///
/// Times are always in UTC with their `Z`, since the service refuses some without; lengths are in days and less.
pub(super) fn schedule_info(service: Service, schedule: &Schedule, now: Time) -> Value {
    let kind = |graph: &'static str, arm: &'static str| match service {
        Service::Graph => graph,
        Service::Arm => arm,
    };
    let expiration = match schedule.end {
        Ending::Permanent => json!({"type": kind("noExpiration", "NoExpiration")}),
        Ending::Until(end) => json!({"type": kind("afterDateTime", "AfterDateTime"), "endDateTime": end}),
        Ending::After(length) => json!({"type": kind("afterDuration", "AfterDuration"), "duration": iso(length)}),
    };
    json!({"startDateTime": schedule.start.unwrap_or(now), "expiration": expiration})
}

/// The `directoryScopeId` of a part of the directory.
pub(super) fn directory_scope_id(scope: &AssignmentScope) -> String {
    match scope {
        AssignmentScope::Whole => "/".to_owned(),
        AssignmentScope::AdministrativeUnit(id) => format!("/administrativeUnits/{id}"),
        AssignmentScope::Object(id) => format!("/{id}"),
    }
}

#[cfg(test)]
mod tests;
