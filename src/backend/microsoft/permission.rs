//! Which permission each thing needs: one table, for the messages about what was denied and for `pimform permissions`.
//!
//! Names and ids of application permissions are those that Microsoft publishes for Graph (docs/service.md: permissions-1);
//! actions are those of the operations list of `Microsoft.Authorization` (docs/service.md: permissions-2). An area is what a request reads or changes.

use percent_encoding::percent_decode_str;

/// The application id of Microsoft Graph, the same in every tenant.
pub const GRAPH_APPLICATION: &str = "00000003-0000-0000-c000-000000000000";

/// Looking, or changing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// For `plan`, and everything else that only looks.
    Read,
    /// For `apply`.
    Write,
}

/// What is needed for one kind of access to an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// An application permission of Microsoft Graph.
    Graph(GraphPermission),
    /// Actions of Azure Resource Manager, by a role at the scope or above.
    Azure(&'static [&'static str]),
}

/// An application permission of Microsoft Graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GraphPermission {
    /// Its name, such as `RoleManagement.Read.Directory`.
    pub name: &'static str,
    /// The id of the app role, the same in every tenant.
    pub id: &'static str,
}

macro_rules! graph {
    ($($constant:ident = $name:literal $id:literal;)*) => {
        impl GraphPermission {
            $(
                #[doc = concat!("`", $name, "`")]
                pub const $constant: Self = Self { name: $name, id: $id };
            )*

            /// Every one that this program asks for.
            pub const ALL: &'static [Self] = &[$(Self::$constant),*];
        }
    };
}

graph! {
    DIRECTORY_POLICY_READ = "RoleManagementPolicy.Read.Directory" "fdc4c997-9942-4479-bfcb-75a36d1138df";
    DIRECTORY_POLICY_WRITE = "RoleManagementPolicy.ReadWrite.Directory" "31e08e0a-d3f7-4ca2-ac39-7343fb83e8ad";
    DIRECTORY_ELIGIBLE_READ = "RoleEligibilitySchedule.Read.Directory" "ff278e11-4a33-4d0c-83d2-d01dc58929a5";
    DIRECTORY_ELIGIBLE_WRITE = "RoleEligibilitySchedule.ReadWrite.Directory" "fee28b28-e1f3-4841-818e-2704dc62245f";
    DIRECTORY_ACTIVE_READ = "RoleAssignmentSchedule.Read.Directory" "d5fe8ce8-684c-4c83-a52c-46e882ce4be1";
    DIRECTORY_ACTIVE_WRITE = "RoleAssignmentSchedule.ReadWrite.Directory" "dd199f4a-f148-40a4-a2ec-f0069cc799ec";
    DIRECTORY_ROLES_READ = "RoleManagement.Read.Directory" "483bed4a-2ad3-4361-a73b-c83ccdbdc53c";
    DIRECTORY_ROLES_WRITE = "RoleManagement.ReadWrite.Directory" "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8";
    GROUP_POLICY_READ = "RoleManagementPolicy.Read.AzureADGroup" "69e67828-780e-47fd-b28c-7b27d14864e6";
    GROUP_POLICY_WRITE = "RoleManagementPolicy.ReadWrite.AzureADGroup" "b38dcc4d-a239-4ed6-aa84-6c65b284f97c";
    GROUP_ELIGIBLE_READ = "PrivilegedEligibilitySchedule.Read.AzureADGroup" "edb419d6-7edc-42a3-9345-509bfdf5d87c";
    GROUP_ELIGIBLE_WRITE = "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup" "618b6020-bca8-4de6-99f6-ef445fa4d857";
    GROUP_ACTIVE_READ = "PrivilegedAssignmentSchedule.Read.AzureADGroup" "cd4161cb-f098-48f8-a884-1eda9a42434c";
    GROUP_ACTIVE_WRITE = "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup" "41202f2c-f7ab-45be-b001-85c9728b9d69";
    GROUP_ONBOARDED_READ = "PrivilegedAccess.Read.AzureADGroup" "01e37dc9-c035-40bd-b438-b2879c4870a6";
    USERS_READ = "User.ReadBasic.All" "97235f07-e226-4f63-ace3-39588e11d3a1";
    GROUPS_READ = "GroupMember.Read.All" "98830695-27a2-44f7-8c18-0c3ebc9698f6";
    GROUP_MEMBERS_WRITE = "GroupMember.ReadWrite.All" "dbaae8cf-10b5-4b86-a4a1-f871c94c6695";
    GROUPS_WRITE = "Group.ReadWrite.All" "62a82d76-70ea-41e2-9197-370581804d09";
    GROUP_CREATE = "Group.Create" "bf7b1a76-6e77-406b-b258-bf5c7720e98f";
    APPLICATIONS_READ = "Application.Read.All" "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30";
    DIRECTORY_READ = "Directory.Read.All" "7ab1d382-f21e-4acd-a863-ba3e13f7da61";
    ADMINISTRATIVE_UNITS_READ = "AdministrativeUnit.Read.All" "134fd756-38ce-4afd-ba33-e9623dbe66c2";
    AUDIT_READ = "AuditLog.Read.All" "b0afded3-3588-46d8-8b3d-9842eff778da";
    CONTEXTS_READ = "AuthenticationContext.Read.All" "381f742f-e1f8-4309-b4ab-e3d91ae4c5c1";
}

impl GraphPermission {
    /// Whether whoever has this one does not need `other` as well. Only what Microsoft's permission pages say.
    pub fn covers(self, other: Self) -> bool {
        let less: &[Self] = match self {
            Self::DIRECTORY_ROLES_READ => {
                &[Self::DIRECTORY_POLICY_READ, Self::DIRECTORY_ELIGIBLE_READ, Self::DIRECTORY_ACTIVE_READ]
            }
            Self::DIRECTORY_ROLES_WRITE => &[
                Self::DIRECTORY_ROLES_READ,
                Self::DIRECTORY_POLICY_READ,
                Self::DIRECTORY_ELIGIBLE_READ,
                Self::DIRECTORY_ELIGIBLE_WRITE,
                Self::DIRECTORY_ACTIVE_READ,
                Self::DIRECTORY_ACTIVE_WRITE,
            ],
            Self::DIRECTORY_POLICY_WRITE => &[Self::DIRECTORY_POLICY_READ],
            Self::DIRECTORY_ELIGIBLE_WRITE => &[Self::DIRECTORY_ELIGIBLE_READ],
            Self::DIRECTORY_ACTIVE_WRITE => &[Self::DIRECTORY_ACTIVE_READ],
            Self::GROUP_POLICY_WRITE => &[Self::GROUP_POLICY_READ],
            Self::GROUP_ELIGIBLE_WRITE => &[Self::GROUP_ELIGIBLE_READ],
            Self::GROUP_ACTIVE_WRITE => &[Self::GROUP_ACTIVE_READ],
            Self::GROUP_MEMBERS_WRITE => &[Self::GROUPS_READ],
            Self::GROUPS_WRITE => &[Self::GROUPS_READ, Self::GROUP_MEMBERS_WRITE, Self::GROUP_CREATE],
            Self::DIRECTORY_READ => {
                &[Self::USERS_READ, Self::GROUPS_READ, Self::APPLICATIONS_READ, Self::ADMINISTRATIVE_UNITS_READ]
            }
            _ => &[],
        };
        self == other || less.contains(&other)
    }
}

/// Whether one application permission of Microsoft Graph covers another, both by name. One that this program never asks
/// for covers nothing that is known.
pub fn covers(held: &str, other: &str) -> bool {
    let known = |name: &str| GraphPermission::ALL.iter().find(|one| one.name.eq_ignore_ascii_case(name)).copied();
    known(held).zip(known(other)).is_some_and(|(held, other)| held.covers(other))
}

/// What a request reads or changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// The directory roles themselves: their names.
    DirectoryRoles,
    /// The settings of directory roles.
    DirectoryPolicies,
    /// Eligible assignments of directory roles.
    DirectoryEligible,
    /// Active assignments of directory roles.
    DirectoryActive,
    /// The settings of groups.
    GroupPolicies,
    /// Who is eligible for groups.
    GroupEligible,
    /// Who is active in groups through PIM.
    GroupActive,
    /// Which groups are under PIM.
    GroupsUnderPim,
    /// Users, by name.
    Users,
    /// Groups, by name, and their creation.
    Groups,
    /// Static members of groups.
    GroupMembers,
    /// Static owners of groups.
    GroupOwners,
    /// Service principals, by name.
    ServicePrincipals,
    /// Objects of any kind, by id, and the groups they are in.
    Objects,
    /// Administrative units, by name.
    AdministrativeUnits,
    /// Authentication contexts.
    AuthenticationContexts,
    /// The audit log, which says who changed what.
    Audit,
    /// The roles of Azure themselves: their names.
    AzureRoles,
    /// The settings of roles at Azure scopes.
    AzurePolicies,
    /// Eligible assignments at Azure scopes.
    AzureEligible,
    /// Active assignments at Azure scopes.
    AzureActive,
    /// Subscriptions, by name.
    Subscriptions,
    /// Management groups, by name.
    ManagementGroups,
}

impl Area {
    /// Every area.
    pub const ALL: [Self; 23] = [
        Self::DirectoryRoles,
        Self::DirectoryPolicies,
        Self::DirectoryEligible,
        Self::DirectoryActive,
        Self::GroupPolicies,
        Self::GroupEligible,
        Self::GroupActive,
        Self::GroupsUnderPim,
        Self::Users,
        Self::Groups,
        Self::GroupMembers,
        Self::GroupOwners,
        Self::ServicePrincipals,
        Self::Objects,
        Self::AdministrativeUnits,
        Self::AuthenticationContexts,
        Self::Audit,
        Self::AzureRoles,
        Self::AzurePolicies,
        Self::AzureEligible,
        Self::AzureActive,
        Self::Subscriptions,
        Self::ManagementGroups,
    ];

    /// What it is, for people.
    pub const fn what(self) -> &'static str {
        match self {
            Self::DirectoryRoles => "directory roles",
            Self::DirectoryPolicies => "settings of directory roles",
            Self::DirectoryEligible => "eligible assignments of directory roles",
            Self::DirectoryActive => "active assignments of directory roles",
            Self::GroupPolicies => "settings of groups",
            Self::GroupEligible => "eligible assignments of groups",
            Self::GroupActive => "active assignments of groups",
            Self::GroupsUnderPim => "which groups are under PIM",
            Self::Users => "users by name",
            Self::Groups => "groups",
            Self::GroupMembers => "static members of groups",
            Self::GroupOwners => "static owners of groups",
            Self::ServicePrincipals => "service principals by name",
            Self::Objects => "objects by id, and the groups they are in",
            Self::AdministrativeUnits => "administrative units by name",
            Self::AuthenticationContexts => "authentication contexts",
            Self::Audit => "the audit log",
            Self::AzureRoles => "roles of Azure by name",
            Self::AzurePolicies => "settings of Azure roles",
            Self::AzureEligible => "eligible assignments at Azure scopes",
            Self::AzureActive => "active assignments at Azure scopes",
            Self::Subscriptions => "subscriptions by name",
            Self::ManagementGroups => "management groups by name",
        }
    }

    /// The least permission for it; nothing where this program never does that.
    ///
    /// A group that may be given directory roles needs [`GraphPermission::DIRECTORY_ROLES_WRITE`] besides, to be created
    /// or to have its members changed (docs/service.md: permissions-3).
    pub const fn needs(self, access: Access) -> Option<Permission> {
        use Access::{Read, Write};
        use GraphPermission as G;
        Some(match (self, access) {
            (Self::DirectoryRoles, Read) => Permission::Graph(G::DIRECTORY_ROLES_READ),
            (Self::DirectoryPolicies, Read) => Permission::Graph(G::DIRECTORY_POLICY_READ),
            (Self::DirectoryPolicies, Write) => Permission::Graph(G::DIRECTORY_POLICY_WRITE),
            (Self::DirectoryEligible, Read) => Permission::Graph(G::DIRECTORY_ELIGIBLE_READ),
            (Self::DirectoryEligible, Write) => Permission::Graph(G::DIRECTORY_ELIGIBLE_WRITE),
            (Self::DirectoryActive, Read) => Permission::Graph(G::DIRECTORY_ACTIVE_READ),
            (Self::DirectoryActive, Write) => Permission::Graph(G::DIRECTORY_ACTIVE_WRITE),
            (Self::GroupPolicies, Read) => Permission::Graph(G::GROUP_POLICY_READ),
            (Self::GroupPolicies, Write) => Permission::Graph(G::GROUP_POLICY_WRITE),
            (Self::GroupEligible, Read) => Permission::Graph(G::GROUP_ELIGIBLE_READ),
            (Self::GroupEligible, Write) => Permission::Graph(G::GROUP_ELIGIBLE_WRITE),
            (Self::GroupActive, Read) => Permission::Graph(G::GROUP_ACTIVE_READ),
            (Self::GroupActive, Write) => Permission::Graph(G::GROUP_ACTIVE_WRITE),
            (Self::GroupsUnderPim, Read) => Permission::Graph(G::GROUP_ONBOARDED_READ),
            (Self::Users, Read) => Permission::Graph(G::USERS_READ),
            (Self::Groups | Self::GroupMembers | Self::GroupOwners, Read) => Permission::Graph(G::GROUPS_READ),
            (Self::Groups, Write) => Permission::Graph(G::GROUP_CREATE),
            (Self::GroupMembers, Write) => Permission::Graph(G::GROUP_MEMBERS_WRITE),
            (Self::GroupOwners, Write) => Permission::Graph(G::GROUPS_WRITE),
            (Self::ServicePrincipals, Read) => Permission::Graph(G::APPLICATIONS_READ),
            (Self::Objects, Read) => Permission::Graph(G::DIRECTORY_READ),
            (Self::AdministrativeUnits, Read) => Permission::Graph(G::ADMINISTRATIVE_UNITS_READ),
            (Self::AuthenticationContexts, Read) => Permission::Graph(G::CONTEXTS_READ),
            (Self::Audit, Read) => Permission::Graph(G::AUDIT_READ),
            (Self::AzureRoles, Read) => Permission::Azure(&["Microsoft.Authorization/roleDefinitions/read"]),
            (Self::AzurePolicies, Read) => Permission::Azure(&[
                "Microsoft.Authorization/roleManagementPolicies/read",
                "Microsoft.Authorization/roleManagementPolicyAssignments/read",
            ]),
            (Self::AzurePolicies, Write) => {
                Permission::Azure(&["Microsoft.Authorization/roleManagementPolicies/write"])
            }
            (Self::AzureEligible, Read) => {
                // The requests say who made an assignment.
                Permission::Azure(&[
                    "Microsoft.Authorization/roleEligibilitySchedules/read",
                    "Microsoft.Authorization/roleEligibilityScheduleRequests/read",
                ])
            }
            (Self::AzureEligible, Write) => Permission::Azure(&[
                "Microsoft.Authorization/roleEligibilityScheduleRequests/read",
                "Microsoft.Authorization/roleEligibilityScheduleRequests/write",
                "Microsoft.Authorization/roleEligibilityScheduleRequests/cancel/action",
            ]),
            (Self::AzureActive, Read) => Permission::Azure(&[
                "Microsoft.Authorization/roleAssignmentSchedules/read",
                "Microsoft.Authorization/roleAssignmentScheduleRequests/read",
            ]),
            (Self::AzureActive, Write) => Permission::Azure(&[
                "Microsoft.Authorization/roleAssignmentScheduleRequests/read",
                "Microsoft.Authorization/roleAssignmentScheduleRequests/write",
                "Microsoft.Authorization/roleAssignmentScheduleRequests/cancel/action",
            ]),
            (Self::Subscriptions, Read) => Permission::Azure(&["Microsoft.Resources/subscriptions/read"]),
            (Self::ManagementGroups, Read) => Permission::Azure(&["Microsoft.Management/managementGroups/read"]),
            (
                Self::DirectoryRoles
                | Self::GroupsUnderPim
                | Self::Users
                | Self::ServicePrincipals
                | Self::Objects
                | Self::AdministrativeUnits
                | Self::AuthenticationContexts
                | Self::Audit
                | Self::AzureRoles
                | Self::Subscriptions
                | Self::ManagementGroups,
                Write,
            ) => return None,
        })
    }

    /// What a request of this program is about, by its path. The query counts only where both surfaces share a path.
    pub fn of(path: &str) -> Option<Self> {
        let path = percent_decode_str(path).decode_utf8_lossy().to_ascii_lowercase();
        let bare = path.split('?').next().unwrap_or_default();
        match bare.strip_prefix("/v1.0/").or_else(|| bare.strip_prefix("/beta/")) {
            Some(graph) => Self::of_graph(graph, &path),
            None => Self::of_azure(bare),
        }
    }

    fn of_graph(path: &str, whole: &str) -> Option<Self> {
        let within = |folder: &str| path.strip_prefix(folder);
        if let Some(rest) = within("rolemanagement/directory/") {
            return Some(if rest.starts_with("roledefinitions") {
                Self::DirectoryRoles
            } else if rest.starts_with("roleeligibility") {
                Self::DirectoryEligible
            } else {
                Self::DirectoryActive
            });
        }
        if let Some(rest) = within("identitygovernance/privilegedaccess/group/") {
            return Some(if rest.starts_with("resources") {
                Self::GroupsUnderPim
            } else if rest.starts_with("eligibility") {
                Self::GroupEligible
            } else {
                Self::GroupActive
            });
        }
        if path.starts_with("policies/rolemanagementpolic") {
            let of_group = whole.contains("'group'") || whole.contains("/group_");
            return Some(if of_group { Self::GroupPolicies } else { Self::DirectoryPolicies });
        }
        if let Some(rest) = within("groups") {
            return Some(if rest.contains("/members") {
                Self::GroupMembers
            } else if rest.contains("/owners") {
                Self::GroupOwners
            } else {
                Self::Groups
            });
        }
        let prefixes = [
            ("users", Self::Users),
            ("serviceprincipals", Self::ServicePrincipals),
            ("directoryobjects", Self::Objects),
            ("directory/administrativeunits", Self::AdministrativeUnits),
            ("auditlogs/", Self::Audit),
            ("identity/conditionalaccess/authenticationcontext", Self::AuthenticationContexts),
        ];
        prefixes.into_iter().find(|(prefix, _)| path.starts_with(prefix)).map(|(_, area)| area)
    }

    fn of_azure(path: &str) -> Option<Self> {
        let Some((_, rest)) = path.rsplit_once("/providers/microsoft.authorization/") else {
            return if path.starts_with("/providers/microsoft.management/managementgroups") {
                Some(Self::ManagementGroups)
            } else {
                path.starts_with("/subscriptions").then_some(Self::Subscriptions)
            };
        };
        let prefixes = [
            ("roledefinitions", Self::AzureRoles),
            ("rolemanagementpolic", Self::AzurePolicies),
            ("roleeligibility", Self::AzureEligible),
            ("roleassignment", Self::AzureActive),
        ];
        prefixes.into_iter().find(|(prefix, _)| rest.starts_with(prefix)).map(|(_, area)| area)
    }
}

/// What the request needed that has this method and path.
pub fn needed(method: &str, path: &str) -> Option<Permission> {
    let area = Area::of(path)?;
    let looks = method == "GET" || area == Area::Objects;
    area.needs(if looks { Access::Read } else { Access::Write })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_path_has_its_area() {
        let azure = "/subscriptions/x/resourceGroups/y/providers/Microsoft.Authorization";
        for (path, area) in [
            ("/v1.0/roleManagement/directory/roleDefinitions", Area::DirectoryRoles),
            ("/v1.0/roleManagement/directory/roleEligibilityScheduleRequests", Area::DirectoryEligible),
            ("/v1.0/roleManagement/directory/roleAssignmentSchedules?$top=1", Area::DirectoryActive),
            (
                "/v1.0/policies/roleManagementPolicyAssignments?$filter=scopeId%20eq%20%27%2F%27%20and%20scopeType%20eq%20%27DirectoryRole%27",
                Area::DirectoryPolicies,
            ),
            (
                "/v1.0/policies/roleManagementPolicyAssignments?$filter=scopeId%20eq%20%27g%27%20and%20scopeType%20eq%20%27Group%27",
                Area::GroupPolicies,
            ),
            ("/v1.0/policies/roleManagementPolicies/DirectoryRole_t_p/rules/x", Area::DirectoryPolicies),
            ("/v1.0/policies/roleManagementPolicies/Group_g_p/rules/x", Area::GroupPolicies),
            ("/v1.0/identityGovernance/privilegedAccess/group/eligibilitySchedules", Area::GroupEligible),
            ("/v1.0/identityGovernance/privilegedAccess/group/assignmentScheduleRequests", Area::GroupActive),
            ("/beta/identityGovernance/privilegedAccess/group/resources", Area::GroupsUnderPim),
            ("/v1.0/users/a%40b", Area::Users),
            ("/v1.0/groups", Area::Groups),
            ("/v1.0/groups/g/members/$ref", Area::GroupMembers),
            ("/v1.0/groups/g/owners", Area::GroupOwners),
            ("/v1.0/servicePrincipals", Area::ServicePrincipals),
            ("/v1.0/directoryObjects/getByIds", Area::Objects),
            ("/v1.0/directory/administrativeUnits", Area::AdministrativeUnits),
            ("/v1.0/identity/conditionalAccess/authenticationContextClassReferences", Area::AuthenticationContexts),
            ("/v1.0/auditLogs/directoryAudits", Area::Audit),
            (&format!("{azure}/roleDefinitions?api-version=1"), Area::AzureRoles),
            (&format!("{azure}/roleManagementPolicyAssignments"), Area::AzurePolicies),
            (&format!("{azure}/roleEligibilitySchedules"), Area::AzureEligible),
            (&format!("{azure}/roleAssignmentScheduleRequests/g"), Area::AzureActive),
            ("/subscriptions?api-version=1", Area::Subscriptions),
            ("/providers/Microsoft.Management/managementGroups", Area::ManagementGroups),
        ] {
            assert_eq!(Area::of(path), Some(area), "{path}");
        }
        assert_eq!(Area::of("/v1.0/organization"), None);
        assert_eq!(Area::of("/v1.0/$batch"), None);
    }

    #[test]
    fn looking_never_needs_a_permission_to_change() {
        for area in Area::ALL {
            match area.needs(Access::Read).unwrap() {
                Permission::Graph(permission) => assert!(!permission.name.contains("Write"), "{permission:?}"),
                Permission::Azure(actions) => assert!(actions.iter().all(|action| action.ends_with("/read"))),
            }
        }
        assert_eq!(needed("POST", "/v1.0/directoryObjects/getByIds"), Area::Objects.needs(Access::Read));
        assert_eq!(needed("POST", "/v1.0/groups"), Area::Groups.needs(Access::Write));
    }

    #[test]
    fn ids_are_guids_and_all_different() {
        let mut names = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for area in Area::ALL {
            for access in [Access::Read, Access::Write] {
                if let Some(Permission::Graph(permission)) = area.needs(access) {
                    assert!(uuid::Uuid::try_parse(permission.id).is_ok());
                    assert_eq!(names.insert(permission.name), ids.insert(permission.id));
                    assert!(permission.covers(permission));
                }
            }
        }
        assert_eq!(names.len(), ids.len());
    }

    #[test]
    fn to_change_is_to_look_as_well() {
        for area in Area::ALL {
            if let (Some(Permission::Graph(read)), Some(Permission::Graph(write))) =
                (area.needs(Access::Read), area.needs(Access::Write))
            {
                // Creating groups is the one permission that lets one see nothing.
                assert_eq!(write.covers(read), area != Area::Groups, "{area:?}");
                assert!(!read.covers(write));
            }
        }
    }
}
