//! The directory's audit log.

use uuid::Uuid;

use crate::emulator::world::{Accepted, Action, Caller, Kind, Surface, Target, Time, World};

/// One entry.
#[derive(Clone, Debug)]
pub(crate) struct AuditEntry {
    /// Its id.
    pub(crate) id: Uuid,
    /// When.
    pub(crate) at: Time,
    /// What, in the service's words.
    pub(crate) activity: String,
    /// `RoleManagement`, `GroupManagement`, `ResourceManagement`.
    pub(crate) category: &'static str,
    /// `PIM` or `Core Directory`.
    pub(crate) service: &'static str,
    /// `Assign`, `Update`, `Delete` and so on.
    pub(crate) operation: &'static str,
    /// Who did it.
    pub(crate) caller: Caller,
    /// The justification, if there was one.
    pub(crate) reason: Option<String>,
    /// What it was done to.
    pub(crate) objects: Vec<AuditObject>,
    /// Entries of one change have the same.
    pub(crate) correlation: Uuid,
}

/// What an entry is about.
#[derive(Clone, Debug)]
pub(crate) struct AuditObject {
    /// Its id; for Azure the full id.
    pub(crate) id: String,
    /// The display name.
    pub(crate) name: Option<String>,
    /// `Role`, `User`, `Group`, `ServicePrincipal`, `Other`.
    pub(crate) kind: &'static str,
    /// Of a user.
    pub(crate) upn: Option<String>,
}

impl World {
    /// Notes an accepted request: that it was requested, and if so, that it is done.
    pub(crate) fn audit_request(&mut self, accepted: &Accepted, done: bool) {
        let asked = &accepted.asked;
        let what = activity(asked.kind, asked.action, &asked.target);
        let ends = match &asked.window {
            Some(window) if window.end == super::Ending::Never => " (permanent)",
            Some(_) => " (timebound)",
            None => "",
        };
        let operation = match asked.action {
            Action::AdminRemove | Action::SelfDeactivate => "Unassign",
            Action::SelfActivate => "ActivateRole",
            Action::AdminUpdate | Action::AdminExtend | Action::AdminRenew => "Update",
            _ => "Assign",
        };
        let steps: &[&str] = if done { &["requested", "completed"] } else { &["requested"] };
        for step in steps {
            let activity = match asked.action {
                Action::SelfActivate => format!("{what} {step} (PIM activation)"),
                Action::SelfDeactivate => format!("{what} {step} (PIM deactivate)"),
                _ => format!("{what} in PIM {step}{ends}"),
            };
            let objects = self.audit_objects(&asked.target, Some(asked.principal));
            self.note(AuditEntry {
                id: Uuid::nil(),
                at: accepted.created,
                activity,
                category: category(&asked.target),
                service: "PIM",
                operation,
                caller: asked.caller.clone(),
                reason: asked.justification.clone(),
                objects,
                correlation: accepted.id,
            });
        }
    }

    /// Notes a changed policy.
    pub(crate) fn audit_policy(&mut self, target: &Target, caller: &Caller) {
        let objects = self.audit_objects(target, None);
        let correlation = self.new_id("policy change");
        self.note(AuditEntry {
            id: Uuid::nil(),
            at: self.now(),
            activity: "Update role setting in PIM".to_owned(),
            category: category(target),
            service: "PIM",
            operation: "Update",
            caller: caller.clone(),
            reason: None,
            objects,
            correlation,
        });
    }

    /// Notes a change of a group that PIM has nothing to do with. The group comes first, then who was added or removed.
    pub(crate) fn audit_directory(
        &mut self,
        activity: &str,
        operation: &'static str,
        caller: &Caller,
        objects: Vec<AuditObject>,
    ) {
        let correlation = self.new_id("directory change");
        self.note(AuditEntry {
            id: Uuid::nil(),
            at: self.now(),
            activity: activity.to_owned(),
            category: "GroupManagement",
            service: "Core Directory",
            operation,
            caller: caller.clone(),
            reason: None,
            objects,
            correlation,
        });
    }

    /// Notes an assignment of a directory role that passes PIM by.
    pub(crate) fn audit_outside(
        &mut self,
        activity: &str,
        operation: &'static str,
        caller: &Caller,
        target: &Target,
        principal: Uuid,
    ) {
        let objects = self.audit_objects(target, Some(principal));
        self.audit_directory(activity, operation, caller, objects);
        if let Some(entry) = self.audit.last_mut() {
            entry.category = category(target);
        }
    }

    fn note(&mut self, entry: AuditEntry) {
        let id = self.new_id("audit");
        self.audit.push(AuditEntry { id, ..entry });
    }

    /// A principal as the log shows it.
    pub(crate) fn audit_principal(&self, id: Uuid) -> AuditObject {
        let principal = self.principal(id);
        AuditObject {
            id: id.to_string(),
            name: principal.map(|principal| principal.name().to_owned()),
            kind: principal.map_or("Other", super::Principal::kind),
            upn: self.users.get(&id).map(|user| user.upn.clone()),
        }
    }

    fn audit_objects(&self, target: &Target, principal: Option<Uuid>) -> Vec<AuditObject> {
        let plain = |id: String, name: Option<String>, kind| AuditObject { id, name, kind, upn: None };
        let (role, place) = match target {
            Target::Directory { role } => (
                plain(role.to_string(), self.directory_roles.get(role).map(|role| role.name.clone()), "Role"),
                plain(self.tenant.id.to_string(), self.tenant.name.clone(), "Directory"),
            ),
            Target::Group { group, access } => {
                let word = if *access == super::Access::Member { "Member" } else { "Owner" };
                (plain(access.as_str().to_owned(), Some(word.to_owned()), "Role"), self.audit_principal(*group))
            }
            Target::Azure { scope, role } => (
                plain(role.to_string(), self.azure_roles.get(role).map(|role| role.name.clone()), "Role"),
                plain(scope.as_str().to_owned(), Some(scope.name().to_owned()), "Other"),
            ),
        };
        let mut objects = vec![role, place];
        objects.extend(principal.map(|id| self.audit_principal(id)));
        objects
    }
}

fn category(target: &Target) -> &'static str {
    match target.surface() {
        Surface::Directory => "RoleManagement",
        Surface::Groups => "GroupManagement",
        Surface::Azure => "ResourceManagement",
    }
}

/// The first words. Those of adding and removing are known from public detection rules; those of updates follow them.
fn activity(kind: Kind, action: Action, target: &Target) -> String {
    let member = match (kind, action) {
        (_, Action::SelfActivate | Action::SelfDeactivate) | (Kind::Active, _) => "member",
        (Kind::Eligible, _) => "eligible member",
    };
    let (verb, preposition) = match action {
        Action::AdminRemove | Action::SelfDeactivate => ("Remove", "from"),
        Action::AdminUpdate => ("Update", "of"),
        Action::AdminExtend | Action::SelfExtend => ("Extend", "of"),
        Action::AdminRenew | Action::SelfRenew => ("Renew", "of"),
        Action::AdminAssign | Action::SelfActivate => ("Add", "to"),
    };
    let place = if target.surface() == Surface::Groups { "group" } else { "role" };
    format!("{verb} {member} {preposition} {place}")
}
