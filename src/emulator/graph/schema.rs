//! The types of Graph: which properties they have, and which of them a filter may name.

mod directory;

use crate::emulator::odata::Kind::{Complex, Exact, Flag, List, Opaque, Structures, Text, Time};
use crate::emulator::odata::{Entity, Link, Property, filterable, plain};

pub(super) use directory::{
    ADMINISTRATIVE_UNIT, APPLICATION, CONTEXT, DIRECTORY_OBJECT, DIRECTORY_ROLE, DOMAIN, ELSEWHERE, GROUP,
    ORGANIZATION, ROLE_TEMPLATE, SERVICE_PRINCIPAL, USER,
};

const fn beta(property: Property) -> Property {
    Property { beta: true, ..property }
}

const fn on_demand(property: Property) -> Property {
    Property { on_demand: true, ..property }
}

/// A definition of a directory role.
pub(super) static ROLE_DEFINITION: Entity = Entity {
    name: "unifiedRoleDefinition",
    properties: &[
        filterable("id", Text),
        plain("description", Text),
        filterable("displayName", Exact),
        filterable("isBuiltIn", Flag),
        filterable("isEnabled", Flag),
        plain("resourceScopes", List),
        plain("rolePermissions", Structures),
        filterable("templateId", Text),
        plain("version", Text),
    ],
    links: &[Link { name: "inheritsPermissionsFrom", to: &ROLE_DEFINITION }],
    derived: &[],
};

/// An assignment of a directory role, without PIM.
pub(super) static ROLE_ASSIGNMENT: Entity = Entity {
    name: "unifiedRoleAssignment",
    properties: &[
        filterable("id", Exact),
        plain("appScopeId", Text),
        plain("condition", Text),
        filterable("directoryScopeId", Text),
        filterable("principalId", Text),
        plain("principalOrganizationId", Text),
        filterable("roleDefinitionId", Text),
    ],
    links: &[
        Link { name: "principal", to: &DIRECTORY_OBJECT },
        Link { name: "roleDefinition", to: &ROLE_DEFINITION },
        Link { name: "directoryScope", to: &DIRECTORY_OBJECT },
        Link { name: "appScope", to: &ELSEWHERE },
    ],
    derived: &[],
};

macro_rules! role_entity {
    ($(#[$doc:meta])* $name:ident, $type:literal, [$($property:expr),* $(,)?], [$($link:expr),* $(,)?]) => {
        $(#[$doc])*
        pub(super) static $name: Entity = Entity {
            name: $type,
            properties: &[
                filterable("id", Text),
                filterable("appScopeId", Text),
                filterable("directoryScopeId", Text),
                filterable("principalId", Text),
                filterable("roleDefinitionId", Text),
                $($property),*
            ],
            links: &[
                Link { name: "principal", to: &DIRECTORY_OBJECT },
                Link { name: "roleDefinition", to: &ROLE_DEFINITION },
                Link { name: "directoryScope", to: &DIRECTORY_OBJECT },
                Link { name: "appScope", to: &ELSEWHERE },
                $($link),*
            ],
            derived: &[],
        };
    };
}

role_entity!(
    /// An eligible schedule of a directory role.
    ROLE_ELIGIBILITY_SCHEDULE, "unifiedRoleEligibilitySchedule",
    [filterable("createdDateTime", Time), filterable("createdUsing", Text), filterable("modifiedDateTime", Time),
     filterable("status", Text), filterable("memberType", Text), plain("scheduleInfo", Opaque)],
    []
);
role_entity!(
    /// An active schedule of a directory role.
    ROLE_ASSIGNMENT_SCHEDULE, "unifiedRoleAssignmentSchedule",
    [filterable("createdDateTime", Time), filterable("createdUsing", Text), filterable("modifiedDateTime", Time),
     filterable("status", Text), filterable("assignmentType", Text), filterable("memberType", Text),
     plain("scheduleInfo", Opaque)],
    [Link { name: "activatedUsing", to: &ROLE_ELIGIBILITY_SCHEDULE }]
);
role_entity!(
    /// An eligible schedule that is in effect.
    ROLE_ELIGIBILITY_INSTANCE, "unifiedRoleEligibilityScheduleInstance",
    [filterable("startDateTime", Time), filterable("endDateTime", Time), filterable("memberType", Text),
     filterable("roleEligibilityScheduleId", Text)],
    []
);
role_entity!(
    /// An active schedule that is in effect.
    ROLE_ASSIGNMENT_INSTANCE, "unifiedRoleAssignmentScheduleInstance",
    [filterable("startDateTime", Time), filterable("endDateTime", Time), filterable("assignmentType", Text),
     filterable("memberType", Text), filterable("roleAssignmentOriginId", Exact),
     filterable("roleAssignmentScheduleId", Text)],
    [Link { name: "activatedUsing", to: &ROLE_ELIGIBILITY_INSTANCE }]
);
role_entity!(
    /// A request for an eligible assignment of a directory role.
    ROLE_ELIGIBILITY_REQUEST, "unifiedRoleEligibilityScheduleRequest",
    [plain("approvalId", Text), filterable("completedDateTime", Time), plain("createdBy", Opaque),
     filterable("createdDateTime", Time), plain("customData", Text), filterable("status", Text),
     filterable("action", Text), plain("isValidationOnly", Flag), plain("justification", Text),
     plain("scheduleInfo", Opaque), filterable("targetScheduleId", Text), plain("ticketInfo", Opaque)],
    [Link { name: "targetSchedule", to: &ROLE_ELIGIBILITY_SCHEDULE }]
);
role_entity!(
    /// A request for an active assignment of a directory role.
    ROLE_ASSIGNMENT_REQUEST, "unifiedRoleAssignmentScheduleRequest",
    [plain("approvalId", Text), filterable("completedDateTime", Time), plain("createdBy", Opaque),
     filterable("createdDateTime", Time), plain("customData", Text), filterable("status", Text),
     filterable("action", Text), plain("isValidationOnly", Flag), plain("justification", Text),
     plain("scheduleInfo", Opaque), filterable("targetScheduleId", Text), plain("ticketInfo", Opaque)],
    [Link { name: "targetSchedule", to: &ROLE_ASSIGNMENT_SCHEDULE },
     Link { name: "activatedUsing", to: &ROLE_ELIGIBILITY_SCHEDULE }]
);

macro_rules! group_entity {
    ($(#[$doc:meta])* $name:ident, $type:literal, [$($property:expr),* $(,)?], [$($link:expr),* $(,)?]) => {
        $(#[$doc])*
        pub(super) static $name: Entity = Entity {
            name: $type,
            properties: &[
                filterable("id", Text),
                filterable("accessId", Text),
                filterable("groupId", Text),
                filterable("principalId", Text),
                $($property),*
            ],
            links: &[
                Link { name: "principal", to: &DIRECTORY_OBJECT },
                Link { name: "group", to: &GROUP },
                $($link),*
            ],
            derived: &[],
        };
    };
}

group_entity!(
    /// An eligible schedule of a group.
    GROUP_ELIGIBILITY_SCHEDULE, "privilegedAccessGroupEligibilitySchedule",
    [filterable("createdDateTime", Time), filterable("createdUsing", Text), filterable("modifiedDateTime", Time),
     filterable("status", Text), filterable("memberType", Text), plain("scheduleInfo", Opaque)],
    []
);
group_entity!(
    /// An active schedule of a group.
    GROUP_ASSIGNMENT_SCHEDULE, "privilegedAccessGroupAssignmentSchedule",
    [filterable("createdDateTime", Time), filterable("createdUsing", Text), filterable("modifiedDateTime", Time),
     filterable("status", Text), filterable("assignmentType", Text), filterable("memberType", Text),
     plain("scheduleInfo", Opaque)],
    [Link { name: "activatedUsing", to: &GROUP_ELIGIBILITY_SCHEDULE }]
);
group_entity!(
    /// An eligible schedule of a group that is in effect.
    GROUP_ELIGIBILITY_INSTANCE, "privilegedAccessGroupEligibilityScheduleInstance",
    [filterable("startDateTime", Time), filterable("endDateTime", Time), filterable("memberType", Text),
     filterable("eligibilityScheduleId", Text)],
    []
);
group_entity!(
    /// An active schedule of a group that is in effect.
    GROUP_ASSIGNMENT_INSTANCE, "privilegedAccessGroupAssignmentScheduleInstance",
    [filterable("startDateTime", Time), filterable("endDateTime", Time), filterable("assignmentType", Text),
     filterable("memberType", Text), filterable("assignmentScheduleId", Text)],
    [Link { name: "activatedUsing", to: &GROUP_ELIGIBILITY_INSTANCE }]
);
group_entity!(
    /// A request for an eligible assignment of a group.
    GROUP_ELIGIBILITY_REQUEST, "privilegedAccessGroupEligibilityScheduleRequest",
    [plain("approvalId", Text), filterable("completedDateTime", Time), plain("createdBy", Opaque),
     filterable("createdDateTime", Time), plain("customData", Text), filterable("status", Text),
     filterable("action", Text), plain("isValidationOnly", Flag), plain("justification", Text),
     plain("scheduleInfo", Opaque), filterable("targetScheduleId", Text), plain("ticketInfo", Opaque)],
    [Link { name: "targetSchedule", to: &GROUP_ELIGIBILITY_SCHEDULE }]
);
group_entity!(
    /// A request for an active assignment of a group.
    GROUP_ASSIGNMENT_REQUEST, "privilegedAccessGroupAssignmentScheduleRequest",
    [plain("approvalId", Text), filterable("completedDateTime", Time), plain("createdBy", Opaque),
     filterable("createdDateTime", Time), plain("customData", Text), filterable("status", Text),
     filterable("action", Text), plain("isValidationOnly", Flag), plain("justification", Text),
     plain("scheduleInfo", Opaque), filterable("targetScheduleId", Text), plain("ticketInfo", Opaque)],
    [Link { name: "targetSchedule", to: &GROUP_ASSIGNMENT_SCHEDULE },
     Link { name: "activatedUsing", to: &GROUP_ELIGIBILITY_SCHEDULE }]
);

/// A group that has been brought under PIM.
pub(super) static GROUP_RESOURCE: Entity = Entity {
    name: "groupResource",
    properties: &[plain("id", Text), plain("deletedDateTime", Time)],
    links: &[],
    derived: &[],
};

/// A rule of a policy.
pub(super) static RULE: Entity = Entity {
    name: "unifiedRoleManagementPolicyRule",
    properties: &[
        plain("id", Exact),
        plain("target", Opaque),
        plain("isExpirationRequired", Flag),
        plain("maximumDuration", Text),
        plain("enabledRules", List),
        plain("setting", Opaque),
        plain("isEnabled", Flag),
        plain("claimValue", Text),
        plain("customExtensionId", Text),
        plain("displayName", Text),
        plain("customAttributes", List),
        plain("notificationType", Text),
        plain("recipientType", Text),
        plain("notificationLevel", Text),
        plain("isDefaultRecipientsEnabled", Flag),
        plain("notificationRecipients", List),
    ],
    links: &[],
    derived: &[],
};

/// A policy.
pub(super) static POLICY: Entity = Entity {
    name: "unifiedRoleManagementPolicy",
    properties: &[
        plain("id", Text),
        plain("displayName", Text),
        plain("description", Text),
        plain("isOrganizationDefault", Flag),
        filterable("scopeId", Text),
        filterable("scopeType", Text),
        plain("lastModifiedDateTime", Time),
        plain("lastModifiedBy", Opaque),
    ],
    links: &[Link { name: "rules", to: &RULE }, Link { name: "effectiveRules", to: &RULE }],
    derived: &[],
};

/// What a policy governs.
pub(super) static POLICY_ASSIGNMENT: Entity = Entity {
    name: "unifiedRoleManagementPolicyAssignment",
    properties: &[
        plain("id", Text),
        filterable("policyId", Text),
        filterable("scopeId", Text),
        filterable("scopeType", Text),
        filterable("roleDefinitionId", Text),
    ],
    links: &[Link { name: "policy", to: &POLICY }],
    derived: &[],
};

static AUDIT_USER: Entity = Entity {
    name: "userIdentity",
    properties: &[
        filterable("id", Text),
        filterable("displayName", Text),
        filterable("userPrincipalName", Text),
        plain("ipAddress", Text),
    ],
    links: &[],
    derived: &[],
};

static AUDIT_APP: Entity = Entity {
    name: "appIdentity",
    properties: &[
        filterable("appId", Text),
        filterable("displayName", Text),
        plain("servicePrincipalId", Text),
        plain("servicePrincipalName", Text),
    ],
    links: &[],
    derived: &[],
};

static AUDIT_INITIATOR: Entity = Entity {
    name: "auditActivityInitiator",
    properties: &[plain("user", Complex(&AUDIT_USER)), plain("app", Complex(&AUDIT_APP))],
    links: &[],
    derived: &[],
};

/// An entry of the audit log.
pub(super) static AUDIT: Entity = Entity {
    name: "directoryAudit",
    properties: &[
        filterable("id", Text),
        filterable("activityDateTime", Time),
        filterable("activityDisplayName", Text),
        plain("additionalDetails", Opaque),
        filterable("category", Text),
        filterable("correlationId", Text),
        plain("initiatedBy", Complex(&AUDIT_INITIATOR)),
        filterable("loggedByService", Text),
        filterable("operationType", Text),
        filterable("result", Text),
        plain("resultReason", Text),
        plain("targetResources", Opaque),
    ],
    links: &[],
    derived: &[],
};
