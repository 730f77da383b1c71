//! Roles that come with the service. Their GUIDs are the same in every tenant. Source: the service's own list of built-in
//! roles.

use uuid::{Uuid, uuid};

use crate::emulator::world::{AzureRole, World};

const ROLES: &[(Uuid, &str)] = &[
    (uuid!("8e3af657-a8ff-443c-a75c-2fe8c4bcb635"), "Owner"),
    (uuid!("b24988ac-6180-42a0-ab88-20f7382dd24c"), "Contributor"),
    (uuid!("acdd72a7-3385-48ef-bd42-f606fba81ae7"), "Reader"),
    (uuid!("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"), "User Access Administrator"),
    (uuid!("f58310d9-a9f6-439a-9e8d-f62e7b41a168"), "Role Based Access Control Administrator"),
    (uuid!("7f951dda-4ed3-4680-a7ca-43fe172d538d"), "AcrPull"),
    (uuid!("8311e382-0749-4cb8-b61a-304f252e45ec"), "AcrPush"),
    (uuid!("ad2dd5fb-cd4b-4fd4-a9b6-4fed3630980b"), "ContainerApp Reader"),
    (uuid!("3e5e47e6-65f7-47ef-90b5-e5dd4d455f24"), "Disk Backup Reader"),
    (uuid!("00482a5a-887f-4fb3-b363-3b7fe8e74483"), "Key Vault Administrator"),
    (uuid!("f25e0fa2-a7c8-4377-a976-54943a77a395"), "Key Vault Contributor"),
    (uuid!("21090545-7ca7-4776-b22c-e363652d74d2"), "Key Vault Reader"),
    (uuid!("b86a8fe4-44ce-4948-aee5-eccb2c155cd7"), "Key Vault Secrets Officer"),
    (uuid!("4633458b-17de-408a-b874-0445c86b69e6"), "Key Vault Secrets User"),
    (uuid!("92aaf0da-9dab-42b6-94a3-d43ce8d16293"), "Log Analytics Contributor"),
    (uuid!("73c42c96-874c-492b-b04d-ab87d138a893"), "Log Analytics Reader"),
    (uuid!("749f88d5-cbae-40b8-bcfc-e573ddc772fa"), "Monitoring Contributor"),
    (uuid!("b0d8363b-8ddd-447d-831f-62ca05bff136"), "Monitoring Data Reader"),
    (uuid!("43d0d8ad-25c7-4714-9337-8ba259a9fe05"), "Monitoring Reader"),
    (uuid!("4d97b98b-1d4f-4787-a291-c67834d212e7"), "Network Contributor"),
    (uuid!("fb1c8493-542b-48eb-b624-b4c8fea62acd"), "Security Admin"),
    (uuid!("39bc4728-0917-49c7-9d2c-d95423bc2eb4"), "Security Reader"),
    (uuid!("17d1049b-9a84-46fb-8f53-869881c3d3ab"), "Storage Account Contributor"),
    (uuid!("ba92f5b4-2d11-453d-a403-e96b0029c9fe"), "Storage Blob Data Contributor"),
    (uuid!("b7e6dc6d-f1e8-4753-8033-0f276bb0955b"), "Storage Blob Data Owner"),
    (uuid!("2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"), "Storage Blob Data Reader"),
    (uuid!("9980e02c-c2be-4d73-94e8-173b1dc7cf3c"), "Virtual Machine Contributor"),
    (uuid!("e8ddcd69-c73f-4f9f-9844-4100522f16ad"), "Workbook Contributor"),
    (uuid!("b279062a-9be3-42a0-92ae-8b3cf002ec4d"), "Workbook Reader"),
];

/// Adds the well-known roles that the tenant file does not list.
pub(crate) fn add(world: &mut World) {
    for (id, name) in ROLES {
        world.azure_roles.entry(*id).or_insert_with(|| AzureRole::new(*id, *name, Vec::new()));
    }
}
