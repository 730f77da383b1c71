//! The types of Graph: which properties they have, and which of them a filter may name.

use crate::emulator::odata::Kind::{Complex, Exact, Flag, List, Opaque, Text, Time};
use crate::emulator::odata::{Entity, Link, Property, filterable, plain};

const fn beta(property: Property) -> Property {
    Property { beta: true, ..property }
}

const fn on_demand(property: Property) -> Property {
    Property { on_demand: true, ..property }
}

/// Anything with an object id.
pub(super) static DIRECTORY_OBJECT: Entity = Entity {
    name: "directoryObject",
    properties: &[filterable("id", Text), filterable("displayName", Text), plain("deletedDateTime", Time)],
    links: &[],
    derived: &[&USER, &GROUP, &SERVICE_PRINCIPAL, &ADMINISTRATIVE_UNIT],
};

/// A user.
pub(super) static USER: Entity = Entity {
    name: "user",
    properties: &[
        filterable("id", Text),
        plain("businessPhones", List),
        filterable("displayName", Text),
        filterable("givenName", Text),
        filterable("jobTitle", Text),
        filterable("mail", Text),
        plain("mobilePhone", Text),
        filterable("officeLocation", Text),
        plain("preferredLanguage", Text),
        filterable("surname", Text),
        filterable("userPrincipalName", Text),
        on_demand(filterable("accountEnabled", Flag)),
        on_demand(filterable("mailNickname", Text)),
        on_demand(filterable("userType", Text)),
        on_demand(filterable("department", Text)),
        on_demand(filterable("companyName", Text)),
        on_demand(filterable("employeeId", Text)),
        on_demand(filterable("createdDateTime", Time)),
        on_demand(plain("deletedDateTime", Time)),
        on_demand(filterable("onPremisesSyncEnabled", Flag)),
        on_demand(filterable("onPremisesImmutableId", Exact)),
        on_demand(plain("onPremisesSamAccountName", Text)),
        on_demand(plain("onPremisesUserPrincipalName", Text)),
        on_demand(plain("otherMails", List)),
        on_demand(plain("proxyAddresses", List)),
        on_demand(plain("externalUserState", Text)),
        on_demand(plain("usageLocation", Text)),
        on_demand(plain("city", Text)),
        on_demand(plain("country", Text)),
        on_demand(plain("state", Text)),
        on_demand(plain("postalCode", Text)),
        on_demand(plain("streetAddress", Text)),
        on_demand(plain("passwordPolicies", Text)),
        on_demand(plain("showInAddressList", Flag)),
        on_demand(plain("ageGroup", Text)),
        on_demand(plain("consentProvidedForMinor", Text)),
        on_demand(plain("creationType", Text)),
        on_demand(plain("faxNumber", Text)),
        on_demand(plain("employeeType", Text)),
        on_demand(plain("employeeHireDate", Time)),
        on_demand(plain("employeeOrgData", Opaque)),
        on_demand(plain("onPremisesDistinguishedName", Text)),
        on_demand(plain("onPremisesDomainName", Text)),
        on_demand(plain("onPremisesSecurityIdentifier", Text)),
        on_demand(plain("imAddresses", List)),
        on_demand(plain("aboutMe", Text)),
    ],
    links: &[],
    derived: &[],
};

/// A group.
pub(super) static GROUP: Entity = Entity {
    name: "group",
    properties: &[
        filterable("id", Text),
        plain("deletedDateTime", Time),
        plain("classification", Text),
        filterable("createdDateTime", Time),
        plain("description", Text),
        filterable("displayName", Text),
        plain("expirationDateTime", Time),
        filterable("groupTypes", List),
        filterable("isAssignableToRole", Flag),
        filterable("mail", Text),
        filterable("mailEnabled", Flag),
        filterable("mailNickname", Text),
        plain("membershipRule", Text),
        plain("membershipRuleProcessingState", Text),
        filterable("onPremisesSyncEnabled", Flag),
        plain("onPremisesLastSyncDateTime", Time),
        plain("onPremisesSamAccountName", Text),
        plain("onPremisesDomainName", Text),
        plain("onPremisesNetBiosName", Text),
        plain("onPremisesSecurityIdentifier", Text),
        plain("onPremisesProvisioningErrors", List),
        plain("preferredDataLocation", Text),
        plain("preferredLanguage", Text),
        plain("proxyAddresses", List),
        plain("renewedDateTime", Time),
        plain("creationOptions", List),
        plain("resourceBehaviorOptions", List),
        plain("resourceProvisioningOptions", List),
        filterable("securityEnabled", Flag),
        plain("securityIdentifier", Text),
        plain("theme", Text),
        plain("visibility", Text),
    ],
    links: &[Link { name: "members", to: &DIRECTORY_OBJECT }, Link { name: "owners", to: &DIRECTORY_OBJECT }],
    derived: &[],
};

/// A service principal.
pub(super) static SERVICE_PRINCIPAL: Entity = Entity {
    name: "servicePrincipal",
    properties: &[
        filterable("id", Text),
        plain("deletedDateTime", Time),
        filterable("accountEnabled", Flag),
        plain("alternativeNames", List),
        plain("appDescription", Text),
        filterable("appDisplayName", Text),
        filterable("appId", Text),
        plain("appOwnerOrganizationId", Text),
        plain("appRoleAssignmentRequired", Flag),
        plain("appRoles", Opaque),
        plain("description", Text),
        filterable("displayName", Text),
        plain("homepage", Text),
        plain("loginUrl", Text),
        plain("logoutUrl", Text),
        plain("notes", Text),
        plain("notificationEmailAddresses", List),
        plain("oauth2PermissionScopes", Opaque),
        plain("preferredSingleSignOnMode", Text),
        filterable("servicePrincipalNames", List),
        filterable("servicePrincipalType", Text),
        plain("signInAudience", Text),
        plain("tags", List),
        beta(on_demand(plain("samlMetadataUrl", Text))),
    ],
    links: &[Link { name: "owners", to: &DIRECTORY_OBJECT }],
    derived: &[],
};

/// An application.
pub(super) static APPLICATION: Entity = Entity {
    name: "application",
    properties: &[
        filterable("id", Text),
        plain("deletedDateTime", Time),
        plain("addIns", Opaque),
        plain("api", Opaque),
        filterable("appId", Text),
        plain("appRoles", Opaque),
        filterable("createdDateTime", Time),
        plain("description", Text),
        plain("disabledByMicrosoftStatus", Text),
        filterable("displayName", Text),
        plain("groupMembershipClaims", Text),
        filterable("identifierUris", List),
        plain("info", Opaque),
        plain("isDeviceOnlyAuthSupported", Flag),
        plain("isFallbackPublicClient", Flag),
        plain("keyCredentials", Opaque),
        plain("notes", Text),
        plain("optionalClaims", Opaque),
        plain("parentalControlSettings", Opaque),
        plain("passwordCredentials", Opaque),
        plain("publicClient", Opaque),
        plain("publisherDomain", Text),
        plain("requiredResourceAccess", Opaque),
        plain("samlMetadataUrl", Text),
        plain("serviceManagementReference", Text),
        filterable("signInAudience", Text),
        plain("spa", Opaque),
        filterable("tags", List),
        plain("tokenEncryptionKeyId", Text),
        plain("web", Opaque),
    ],
    links: &[Link { name: "owners", to: &DIRECTORY_OBJECT }],
    derived: &[],
};

/// An administrative unit.
pub(super) static ADMINISTRATIVE_UNIT: Entity = Entity {
    name: "administrativeUnit",
    properties: &[
        filterable("id", Text),
        plain("deletedDateTime", Time),
        plain("description", Text),
        filterable("displayName", Text),
        plain("visibility", Text),
        plain("isMemberManagementRestricted", Flag),
    ],
    links: &[],
    derived: &[],
};

/// An authentication context.
pub(super) static CONTEXT: Entity = Entity {
    name: "authenticationContextClassReference",
    properties: &[
        filterable("id", Text),
        filterable("displayName", Text),
        plain("description", Text),
        filterable("isAvailable", Flag),
    ],
    links: &[],
    derived: &[],
};

/// The tenant.
pub(super) static ORGANIZATION: Entity = Entity {
    name: "organization",
    properties: &[
        plain("id", Text),
        plain("displayName", Text),
        plain("tenantType", Text),
        plain("countryLetterCode", Text),
        plain("createdDateTime", Time),
        plain("verifiedDomains", Opaque),
    ],
    links: &[],
    derived: &[],
};

/// A domain.
pub(super) static DOMAIN: Entity = Entity {
    name: "domain",
    properties: &[
        plain("id", Text),
        plain("authenticationType", Text),
        plain("isAdminManaged", Flag),
        plain("isDefault", Flag),
        plain("isInitial", Flag),
        plain("isRoot", Flag),
        plain("isVerified", Flag),
        plain("supportedServices", List),
    ],
    links: &[],
    derived: &[],
};

/// A directory role that has been activated, the older view.
pub(super) static DIRECTORY_ROLE: Entity = Entity {
    name: "directoryRole",
    properties: &[
        filterable("id", Text),
        plain("deletedDateTime", Time),
        plain("description", Text),
        filterable("displayName", Text),
        filterable("roleTemplateId", Text),
    ],
    links: &[],
    derived: &[],
};

/// A template of a directory role, the older view.
pub(super) static ROLE_TEMPLATE: Entity = Entity {
    name: "directoryRoleTemplate",
    properties: &[
        plain("id", Text),
        plain("deletedDateTime", Time),
        plain("description", Text),
        plain("displayName", Text),
    ],
    links: &[],
    derived: &[],
};

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
        plain("rolePermissions", Opaque),
        filterable("templateId", Text),
        plain("version", Text),
    ],
    links: &[],
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
    [Link { name: "targetSchedule", to: &ROLE_ASSIGNMENT_SCHEDULE }]
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
    [Link { name: "targetSchedule", to: &GROUP_ASSIGNMENT_SCHEDULE }]
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
