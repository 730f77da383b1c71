//! Who did it, by the directory's audit log. Best effort: the log names what was touched, not what it became.

use super::Attribution;
use crate::model::audit::AuditEvent;
use crate::model::text::name_key;
use crate::model::{PrincipalId, Target, Time};
use crate::plan::Operation;

/// The entries that can explain a difference, the latest first.
pub(super) struct Log<'a> {
    events: Vec<&'a AuditEvent>,
    runner: Option<PrincipalId>,
}

impl<'a> Log<'a> {
    /// Leaves out what was before the tenant last was as the files say: the last apply's own changes among it.
    pub(super) fn new(events: &'a [AuditEvent], runner: Option<PrincipalId>, since: Option<Time>) -> Self {
        let early = |event: &&AuditEvent| since.is_some_and(|since| event.at <= since);
        let mut events: Vec<&AuditEvent> = events.iter().filter(|event| !early(event)).collect();
        events.sort_by(|a, b| (b.at, &b.who).cmp(&(a.at, &a.who)));
        Self { events, runner }
    }

    /// Who made the difference that an operation would take back.
    pub(super) fn who(&self, operation: &Operation) -> Option<Attribution> {
        let event = self.events.iter().find(|event| explains(event, operation))?;
        Some(Attribution {
            at: event.at,
            who: match event.by {
                Some(by) if Some(by) == self.runner => {
                    format!("{}, the identity of this run, in a run that this store does not know", event.who).into()
                }
                _ => event.who.clone(),
            },
            activity: event.activity.clone(),
            reason: event.reason.clone(),
        })
    }
}

fn explains(event: &AuditEvent, operation: &Operation) -> bool {
    let activity = event.activity.to_lowercase();
    let about_settings = activity.contains("role setting") || activity.contains("policy");
    let names = |id: &str| event.objects.contains(name_key(id).as_str());
    let principal = |id: PrincipalId| names(&id.to_string());
    match operation {
        Operation::UpdateSettings { target, .. } => about_settings && concerns(event, target),
        Operation::Assign { target, assignment, .. }
        | Operation::Update { target, assignment, .. }
        | Operation::Remove { target, assignment, .. } => {
            !about_settings && concerns(event, target) && principal(assignment.principal)
        }
        Operation::AddMember { group, principal: who, .. } | Operation::RemoveMember { group, principal: who, .. } => {
            principal(*group) && principal(*who)
        }
        Operation::CreateGroup { .. } => false,
    }
}

fn concerns(event: &AuditEvent, target: &Target) -> bool {
    let names = |id: String| event.objects.contains(name_key(&id).as_str());
    match target {
        Target::Directory { directory_role } => names(directory_role.to_string()),
        Target::Group { group, .. } => names(group.to_string()),
        // The log names a role of Azure by its GUID or by its whole id, and the scope beside it or not at all.
        Target::Azure { role, scope } => {
            names(role.to_string())
                || event
                    .objects
                    .iter()
                    .any(|object| object.ends_with(&role.to_string()) && object.starts_with(&name_key(scope.as_str())))
        }
    }
}
