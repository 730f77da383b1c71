//! Where the lists of Azure Resource Manager are.

use super::super::http::query_value;
use super::{AUTHORIZATION, MANAGEMENT_GROUPS, PIM, SUBSCRIPTIONS, collection};
use crate::model::{ArmScope, Kind};

/// Every subscription that can be seen.
pub(in super::super) fn subscriptions() -> String {
    format!("/subscriptions?api-version={SUBSCRIPTIONS}")
}

/// Every management group that can be seen.
pub(in super::super) fn management_groups() -> String {
    format!("/providers/Microsoft.Management/managementGroups?api-version={MANAGEMENT_GROUPS}")
}

/// The roles that can be assigned at a scope.
pub(in super::super) fn definitions(scope: &ArmScope) -> String {
    collection(scope, "roleDefinitions", AUTHORIZATION)
}

/// The policies of all roles at a scope: each scope has its own (docs/service.md: arm-4).
pub(in super::super) fn policies(scope: &ArmScope) -> String {
    collection(scope, "roleManagementPolicyAssignments", PIM)
}

/// The assignments of a kind at, above and below a scope (docs/service.md: arm-3).
pub(in super::super) fn schedules(scope: &ArmScope, kind: Kind) -> String {
    let name = match kind {
        Kind::Eligible => "roleEligibilitySchedules",
        Kind::Active => "roleAssignmentSchedules",
    };
    collection(scope, name, PIM)
}

/// The same, without what is below the scope.
pub(in super::super) fn schedules_at(scope: &ArmScope, kind: Kind) -> String {
    format!("{}&$filter={}", schedules(scope, kind), query_value("atScope()"))
}
