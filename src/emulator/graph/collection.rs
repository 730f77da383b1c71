//! The collections of schedules, instances and requests, of directory roles and of groups.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::schema;
use crate::emulator::odata::Entity;
use crate::emulator::world::{DirectoryScope, Kind, Schedule, Surface, Target};

/// What a collection holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Schedules, those of the future too.
    Schedule,
    /// What is in effect.
    Instance,
    /// The log of requests.
    Request,
}

/// One of twelve collections.
#[derive(Clone, Copy, Debug)]
pub(super) struct Collection {
    /// Directory roles or groups.
    pub(super) surface: Surface,
    /// Eligible or active.
    pub(super) kind: Kind,
    /// What it holds.
    pub(super) form: Form,
    /// Its path without the version.
    pub(super) path: &'static str,
    /// The type in it.
    pub(super) entity: &'static Entity,
}

macro_rules! collection {
    ($surface:ident, $kind:ident, $form:ident, $path:literal, $entity:ident) => {
        Collection {
            surface: Surface::$surface,
            kind: Kind::$kind,
            form: Form::$form,
            path: $path,
            entity: &schema::$entity,
        }
    };
}

static ALL: [Collection; 12] = [
    collection!(
        Directory,
        Eligible,
        Schedule,
        "roleManagement/directory/roleEligibilitySchedules",
        ROLE_ELIGIBILITY_SCHEDULE
    ),
    collection!(
        Directory,
        Eligible,
        Instance,
        "roleManagement/directory/roleEligibilityScheduleInstances",
        ROLE_ELIGIBILITY_INSTANCE
    ),
    collection!(
        Directory,
        Eligible,
        Request,
        "roleManagement/directory/roleEligibilityScheduleRequests",
        ROLE_ELIGIBILITY_REQUEST
    ),
    collection!(
        Directory,
        Active,
        Schedule,
        "roleManagement/directory/roleAssignmentSchedules",
        ROLE_ASSIGNMENT_SCHEDULE
    ),
    collection!(
        Directory,
        Active,
        Instance,
        "roleManagement/directory/roleAssignmentScheduleInstances",
        ROLE_ASSIGNMENT_INSTANCE
    ),
    collection!(
        Directory,
        Active,
        Request,
        "roleManagement/directory/roleAssignmentScheduleRequests",
        ROLE_ASSIGNMENT_REQUEST
    ),
    collection!(
        Groups,
        Eligible,
        Schedule,
        "identityGovernance/privilegedAccess/group/eligibilitySchedules",
        GROUP_ELIGIBILITY_SCHEDULE
    ),
    collection!(
        Groups,
        Eligible,
        Instance,
        "identityGovernance/privilegedAccess/group/eligibilityScheduleInstances",
        GROUP_ELIGIBILITY_INSTANCE
    ),
    collection!(
        Groups,
        Eligible,
        Request,
        "identityGovernance/privilegedAccess/group/eligibilityScheduleRequests",
        GROUP_ELIGIBILITY_REQUEST
    ),
    collection!(
        Groups,
        Active,
        Schedule,
        "identityGovernance/privilegedAccess/group/assignmentSchedules",
        GROUP_ASSIGNMENT_SCHEDULE
    ),
    collection!(
        Groups,
        Active,
        Instance,
        "identityGovernance/privilegedAccess/group/assignmentScheduleInstances",
        GROUP_ASSIGNMENT_INSTANCE
    ),
    collection!(
        Groups,
        Active,
        Request,
        "identityGovernance/privilegedAccess/group/assignmentScheduleRequests",
        GROUP_ASSIGNMENT_REQUEST
    ),
];

impl Collection {
    /// The collection of a surface with this name, in lower case.
    pub(super) fn named(surface: Surface, name: &str) -> Option<&'static Self> {
        ALL.iter().find(|it| {
            let own = it.path.rsplit('/').next().unwrap_or_default();
            it.surface == surface && own.eq_ignore_ascii_case(name)
        })
    }

    /// The id that an entry of it has for a schedule.
    pub(super) fn id(&self, target: &Target, schedule: &Schedule) -> String {
        match self.form {
            Form::Instance => instance_id(target, schedule),
            Form::Schedule | Form::Request => schedule_id(target, schedule),
        }
    }
}

/// The id of a schedule. One that PIM did not make has the id of the plain assignment.
pub(super) fn schedule_id(target: &Target, schedule: &Schedule) -> String {
    match target {
        _ if schedule.request.is_none() => instance_id(target, schedule),
        Target::Group { group, access } => format!("{group}_{}_{}", access.as_str(), schedule.id),
        _ => schedule.id.to_string(),
    }
}

/// `<plain assignment>`, or `<plain assignment>-e` for what is eligible.
fn instance_id(target: &Target, schedule: &Schedule) -> String {
    let ending = if schedule.kind == Kind::Eligible { "-e" } else { "" };
    match target {
        Target::Group { group, access } => {
            format!("{group}_{}_{}{ending}", access.as_str(), plain_id(target, schedule))
        }
        _ => format!("{}{ending}", plain_id(target, schedule)),
    }
}

/// The id of a plain assignment: role and principal, packed, and a number for the part of the directory.
pub(super) fn plain_id(target: &Target, schedule: &Schedule) -> String {
    let role = match target {
        Target::Directory { role } | Target::Azure { role, .. } => *role,
        Target::Group { group, .. } => *group,
    };
    let mut bytes = Vec::with_capacity(48);
    bytes.extend(role.to_bytes_le());
    bytes.extend(schedule.principal.to_bytes_le());
    let part: Option<Uuid> = match schedule.scope {
        DirectoryScope::Whole => None,
        DirectoryScope::AdministrativeUnit(id) | DirectoryScope::Object(id) => Some(id),
    };
    bytes.extend(part.into_iter().flat_map(|id| id.to_bytes_le()));
    let number = if part.is_none() { 1 } else { 2 };
    format!("{}-{number}", URL_SAFE_NO_PAD.encode(bytes))
}
