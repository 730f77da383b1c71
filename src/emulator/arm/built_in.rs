//! Roles that come with the service. Their GUIDs are the same in every tenant. docs/service.md: azure-10
//!
//! What they allow is known here of those that are used most.

use serde_json::json;
use uuid::{Uuid, uuid};

use crate::emulator::world::{AzureRole, World};

/// What a role is for, and what it allows: actions, what is taken out of these again, and actions on data.
struct Content {
    description: &'static str,
    actions: &'static [&'static str],
    not_actions: &'static [&'static str],
    data_actions: &'static [&'static str],
}

impl Content {
    fn tell(&self, role: &mut AzureRole) {
        role.description = Some(self.description.to_owned());
        role.permissions = Some(json!([{
            "actions": self.actions, "notActions": self.not_actions,
            "dataActions": self.data_actions, "notDataActions": [],
        }]));
    }
}

/// A role whose content is not known here.
const UNKNOWN: Option<&Content> = None;

const OWNER: Content = Content {
    description: "Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.",
    actions: &["*"],
    not_actions: &[],
    data_actions: &[],
};
const CONTRIBUTOR: Content = Content {
    description: "Grants full access to manage all resources, but does not allow you to assign roles in Azure RBAC, manage assignments in Azure Blueprints, or share image galleries.",
    actions: &["*"],
    not_actions: &[
        "Microsoft.Authorization/*/Delete",
        "Microsoft.Authorization/*/Write",
        "Microsoft.Authorization/elevateAccess/Action",
        "Microsoft.Blueprint/blueprintAssignments/write",
        "Microsoft.Blueprint/blueprintAssignments/delete",
        "Microsoft.Compute/galleries/share/action",
        "Microsoft.Purview/consents/write",
        "Microsoft.Purview/consents/delete",
        "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
        "Microsoft.Subscription/cancel/action",
        "Microsoft.Subscription/enable/action",
    ],
    data_actions: &[],
};
const READER: Content = Content {
    description: "View all resources, but does not allow you to make any changes.",
    actions: &["*/read"],
    not_actions: &[],
    data_actions: &[],
};
const USER_ACCESS_ADMINISTRATOR: Content = Content {
    description: "Lets you manage user access to Azure resources.",
    actions: &["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"],
    not_actions: &[],
    data_actions: &[],
};
const ROLE_BASED_ACCESS_CONTROL_ADMINISTRATOR: Content = Content {
    description: "Manage access to Azure resources by assigning roles using Azure RBAC. This role does not allow you to manage access using other ways, such as Azure Policy.",
    actions: &[
        "Microsoft.Authorization/roleAssignments/write",
        "Microsoft.Authorization/roleAssignments/delete",
        "*/read",
        "Microsoft.Support/*",
    ],
    not_actions: &[],
    data_actions: &[],
};
const KEY_VAULT_SECRETS_USER: Content = Content {
    description: "Read secret contents. Only works for key vaults that use the 'Azure role-based access control' permission model.",
    actions: &[],
    not_actions: &[],
    data_actions: &[
        "Microsoft.KeyVault/vaults/secrets/getSecret/action",
        "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
    ],
};
const NETWORK_CONTRIBUTOR: Content = Content {
    description: "Lets you manage networks, but not access to them.",
    actions: &[
        "Microsoft.Authorization/*/read",
        "Microsoft.Insights/alertRules/*",
        "Microsoft.Network/*",
        "Microsoft.ResourceHealth/availabilityStatuses/read",
        "Microsoft.Resources/deployments/*",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        "Microsoft.Support/*",
    ],
    not_actions: &[],
    data_actions: &[],
};
const STORAGE_BLOB_DATA_READER: Content = Content {
    description: "Allows for read access to Azure Storage blob containers and data",
    actions: &[
        "Microsoft.Storage/storageAccounts/blobServices/containers/read",
        "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
    ],
    not_actions: &[],
    data_actions: &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"],
};

const ROLES: &[(Uuid, &str, Option<&Content>)] = &[
    (uuid!("8e3af657-a8ff-443c-a75c-2fe8c4bcb635"), "Owner", Some(&OWNER)),
    (uuid!("b24988ac-6180-42a0-ab88-20f7382dd24c"), "Contributor", Some(&CONTRIBUTOR)),
    (uuid!("acdd72a7-3385-48ef-bd42-f606fba81ae7"), "Reader", Some(&READER)),
    (uuid!("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"), "User Access Administrator", Some(&USER_ACCESS_ADMINISTRATOR)),
    (
        uuid!("f58310d9-a9f6-439a-9e8d-f62e7b41a168"),
        "Role Based Access Control Administrator",
        Some(&ROLE_BASED_ACCESS_CONTROL_ADMINISTRATOR),
    ),
    (uuid!("7f951dda-4ed3-4680-a7ca-43fe172d538d"), "AcrPull", UNKNOWN),
    (uuid!("8311e382-0749-4cb8-b61a-304f252e45ec"), "AcrPush", UNKNOWN),
    (uuid!("ad2dd5fb-cd4b-4fd4-a9b6-4fed3630980b"), "ContainerApp Reader", UNKNOWN),
    (uuid!("3e5e47e6-65f7-47ef-90b5-e5dd4d455f24"), "Disk Backup Reader", UNKNOWN),
    (uuid!("00482a5a-887f-4fb3-b363-3b7fe8e74483"), "Key Vault Administrator", UNKNOWN),
    (uuid!("f25e0fa2-a7c8-4377-a976-54943a77a395"), "Key Vault Contributor", UNKNOWN),
    (uuid!("21090545-7ca7-4776-b22c-e363652d74d2"), "Key Vault Reader", UNKNOWN),
    (uuid!("b86a8fe4-44ce-4948-aee5-eccb2c155cd7"), "Key Vault Secrets Officer", UNKNOWN),
    (uuid!("4633458b-17de-408a-b874-0445c86b69e6"), "Key Vault Secrets User", Some(&KEY_VAULT_SECRETS_USER)),
    (uuid!("92aaf0da-9dab-42b6-94a3-d43ce8d16293"), "Log Analytics Contributor", UNKNOWN),
    (uuid!("73c42c96-874c-492b-b04d-ab87d138a893"), "Log Analytics Reader", UNKNOWN),
    (uuid!("749f88d5-cbae-40b8-bcfc-e573ddc772fa"), "Monitoring Contributor", UNKNOWN),
    (uuid!("b0d8363b-8ddd-447d-831f-62ca05bff136"), "Monitoring Data Reader", UNKNOWN),
    (uuid!("43d0d8ad-25c7-4714-9337-8ba259a9fe05"), "Monitoring Reader", UNKNOWN),
    (uuid!("4d97b98b-1d4f-4787-a291-c67834d212e7"), "Network Contributor", Some(&NETWORK_CONTRIBUTOR)),
    (uuid!("fb1c8493-542b-48eb-b624-b4c8fea62acd"), "Security Admin", UNKNOWN),
    (uuid!("39bc4728-0917-49c7-9d2c-d95423bc2eb4"), "Security Reader", UNKNOWN),
    (uuid!("17d1049b-9a84-46fb-8f53-869881c3d3ab"), "Storage Account Contributor", UNKNOWN),
    (uuid!("ba92f5b4-2d11-453d-a403-e96b0029c9fe"), "Storage Blob Data Contributor", UNKNOWN),
    (uuid!("b7e6dc6d-f1e8-4753-8033-0f276bb0955b"), "Storage Blob Data Owner", UNKNOWN),
    (uuid!("2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"), "Storage Blob Data Reader", Some(&STORAGE_BLOB_DATA_READER)),
    (uuid!("9980e02c-c2be-4d73-94e8-173b1dc7cf3c"), "Virtual Machine Contributor", UNKNOWN),
    (uuid!("e8ddcd69-c73f-4f9f-9844-4100522f16ad"), "Workbook Contributor", UNKNOWN),
    (uuid!("b279062a-9be3-42a0-92ae-8b3cf002ec4d"), "Workbook Reader", UNKNOWN),
    (uuid!("29fe4964-1e60-436b-bd3a-77fd4c178b3c"), "Azure Batch Account Contributor", UNKNOWN),
    (uuid!("11076f67-66f6-4be0-8f6b-f0609fd05cc9"), "Azure Batch Account Reader", UNKNOWN),
    (uuid!("6aaa78f1-f7de-44ca-8722-c64a23943cae"), "Azure Batch Data Contributor", UNKNOWN),
    (uuid!("48e5e92e-a480-4e71-aa9c-2778f4c13781"), "Azure Batch Job Submitter", UNKNOWN),
    (uuid!("d73bb868-a0df-4d4d-bd69-98a00b01fccb"), "Classic Virtual Machine Contributor", UNKNOWN),
    (uuid!("2bed379c-9fba-455b-99e4-6b911073bcf2"), "Compute Fleet Contributor", UNKNOWN),
    (uuid!("85a2d0d9-2eba-4c9c-b355-11c2cc0788ab"), "Compute Gallery Artifacts Publisher", UNKNOWN),
    (uuid!("cf7c76d2-98a3-4358-a134-615aa78bf44d"), "Compute Gallery Image Reader", UNKNOWN),
    (uuid!("1ef6a3be-d0ac-425d-8c01-acb62866290b"), "Compute Gallery Sharing Admin", UNKNOWN),
    (uuid!("959f8984-c045-4866-89c7-12bf9737be2e"), "Data Operator for Managed Disks", UNKNOWN),
    (uuid!("86240b0e-9422-4c43-887b-b61143f32ba8"), "Desktop Virtualization Application Group Contributor", UNKNOWN),
    (uuid!("aebf23d0-b568-4e86-b8f9-fe83a2c6ab55"), "Desktop Virtualization Application Group Reader", UNKNOWN),
    (uuid!("082f0a83-3be5-4ba1-904c-961cca79b387"), "Desktop Virtualization Contributor", UNKNOWN),
    (uuid!("e307426c-f9b6-4e81-87de-d99efb3c32bc"), "Desktop Virtualization Host Pool Contributor", UNKNOWN),
    (uuid!("ceadfde2-b300-400a-ab7b-6143895aa822"), "Desktop Virtualization Host Pool Reader", UNKNOWN),
    (uuid!("489581de-a3bd-480d-9518-53dea7416b33"), "Desktop Virtualization Power On Contributor", UNKNOWN),
    (uuid!("40c5ff49-9181-41f8-ae61-143b0e78555e"), "Desktop Virtualization Power On Off Contributor", UNKNOWN),
    (uuid!("49a72310-ab8d-41df-bbb0-79b649203868"), "Desktop Virtualization Reader", UNKNOWN),
    (uuid!("2ad6aaab-ead9-4eaa-8ac5-da422f562408"), "Desktop Virtualization Session Host Operator", UNKNOWN),
    (uuid!("1d18fff3-a72a-46b5-b4a9-0b38a3cd7e63"), "Desktop Virtualization User", UNKNOWN),
    (uuid!("ea4bfff8-7fb4-485a-aadd-d4129a0ffaa6"), "Desktop Virtualization User Session Operator", UNKNOWN),
    (uuid!("21efdde3-836f-432b-bf3d-3e8e734d4b2b"), "Desktop Virtualization Workspace Contributor", UNKNOWN),
    (uuid!("0fa44ee9-7a7d-466b-9bb2-2bf446b1204d"), "Desktop Virtualization Workspace Reader", UNKNOWN),
    (uuid!("60fc6e62-5479-42d4-8bf4-67625fcc2840"), "Disk Pool Operator", UNKNOWN),
    (uuid!("b50d9833-a0cb-478e-945f-707fcc997c13"), "Disk Restore Operator", UNKNOWN),
    (uuid!("7efff54f-a5b4-42b5-a1c5-5411624893ce"), "Disk Snapshot Contributor", UNKNOWN),
    (uuid!("1c0163c0-47e6-4577-8991-ea5c82e286e4"), "Virtual Machine Administrator Login", UNKNOWN),
    (uuid!("66f75aeb-eabe-4b70-9f1e-c350c4c9ad04"), "Virtual Machine Data Access Administrator (preview)", UNKNOWN),
    (uuid!("602da2ba-a5c2-41da-b01d-5360126ab525"), "Virtual Machine Local User Login", UNKNOWN),
    (uuid!("fb879df8-f326-4884-b1cf-06f3ad86be52"), "Virtual Machine User Login", UNKNOWN),
    (uuid!("dfce8971-25e3-42e3-ba33-6055438e3080"), "VM Restore Operator", UNKNOWN),
    (uuid!("1f135831-5bbe-4924-9016-264044c00788"), "Windows 365 Network Interface Contributor", UNKNOWN),
    (uuid!("7eabc9a4-85f7-4f71-b8ab-75daaccc1033"), "Windows 365 Network User", UNKNOWN),
    (uuid!("a6333a3e-0164-44c3-b281-7a577aff287f"), "Windows Admin Center Administrator Login", UNKNOWN),
    (uuid!("b748a06d-6150-4f8a-aaa9-ce3940cd96cb"), "Azure Arc VMware VM Contributor", UNKNOWN),
];

/// Adds the well-known roles that the tenant file does not list, and says of those that it lists what they allow.
pub(crate) fn add(world: &mut World) {
    for (id, name, content) in ROLES {
        let role = world.azure_roles.entry(*id).or_insert_with(|| AzureRole::new(*id, *name, Vec::new()));
        if let Some(content) = content {
            content.tell(role);
        }
    }
}

/// Says of the well-known roles that the tenant file lists what they allow.
pub(crate) fn describe(world: &mut World) {
    for (id, _, content) in ROLES {
        if let (Some(role), Some(content)) = (world.azure_roles.get_mut(id), content) {
            content.tell(role);
        }
    }
}
