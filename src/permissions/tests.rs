use super::*;
use crate::policy::{Loaded, load};

/// What the files need, as `purpose: permissions | actions @ scopes`.
fn required(policy: &str, purpose: Purpose) -> Required {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.yaml"), format!("version: 1\n{policy}")).unwrap();
    let Loaded { documents, sources } = load(folder.path()).unwrap();
    Permissions::of(&documents, &sources, &[purpose]).required.pop().unwrap()
}

fn graph(policy: &str, purpose: Purpose) -> Vec<&'static str> {
    let mut names: Vec<&str> = required(policy, purpose).graph.iter().map(|it| it.permission).collect();
    names.sort_unstable();
    names
}

fn azure(policy: &str, purpose: Purpose) -> Vec<(Vec<&'static str>, Vec<String>)> {
    let roles = required(policy, purpose).azure;
    let short = |action: &'static str| action.strip_prefix("Microsoft.Authorization/").unwrap_or(action);
    let roles = roles.iter().map(|role| {
        let writes = role.actions.iter().map(|it| short(it.action)).filter(|action| !action.ends_with("/read"));
        (writes.collect(), role.scopes.iter().map(|scope| format!("{scope:?}")).collect())
    });
    roles.collect()
}

#[test]
fn nothing_declared_needs_nothing() {
    for purpose in [Purpose::Plan, Purpose::Apply] {
        let required = required("", purpose);
        assert!(required.graph.is_empty() && required.azure.is_empty());
    }
}

#[test]
fn a_plan_never_needs_to_write() {
    let policy = "
groups:
  SEC-A: { create: { role_assignable: true }, members: [{ user: ada@contoso.example }] }
  SEC-B: { owner: { settings: { activation: { authentication: { context: c1 } } }, active: [] } }
directory_roles: { Reader: { settings: {}, eligible: [{ user: ada@contoso.example, administrative_unit: X }] } }
azure: [{ subscription: Production, roles: { Owner: { settings: {}, eligible: [], active: [] } } }]
";
    let names = graph(policy, Purpose::Plan);
    assert!(names.iter().all(|name| !name.contains("Write") && !name.contains("Create")), "{names:?}");
    assert_eq!(azure(policy, Purpose::Plan).len(), 1);
    assert!(azure(policy, Purpose::Plan).iter().all(|(writes, _)| writes.is_empty()));
}

#[test]
fn only_groups_declared_needs_nothing_of_directory_roles() {
    let policy = "groups: { SEC-A: { member: { settings: { activation: { ticket: true } } } } }";
    let apply = graph(policy, Purpose::Apply);
    assert_eq!(
        apply,
        [
            "Directory.Read.All",
            "PrivilegedAccess.Read.AzureADGroup",
            "PrivilegedAssignmentSchedule.Read.AzureADGroup",
            "PrivilegedEligibilitySchedule.Read.AzureADGroup",
            "RoleManagementPolicy.ReadWrite.AzureADGroup",
        ]
    );
}

#[test]
fn what_is_not_declared_is_not_written() {
    let role = |entry: &str| graph(&format!("directory_roles: {{ Reader: {entry} }}"), Purpose::Apply);
    let writes = |entry: &str| -> Vec<&str> { role(entry).into_iter().filter(|it| it.contains("Write")).collect() };
    assert_eq!(writes("{ settings: {} }"), ["RoleManagementPolicy.ReadWrite.Directory"]);
    assert_eq!(writes("{ eligible: [] }"), ["RoleEligibilitySchedule.ReadWrite.Directory"]);
    assert_eq!(writes("{ active: [] }"), ["RoleAssignmentSchedule.ReadWrite.Directory"]);
    assert_eq!(writes("{ ownership: additive }"), Vec::<&str>::new());
}

#[test]
fn a_group_that_may_hold_roles_needs_the_broad_permission_and_others_do_not() {
    let broad = "RoleManagement.ReadWrite.Directory";
    let needs = |policy: &str| graph(policy, Purpose::Apply).contains(&broad);
    assert!(needs("groups: { SEC-A: { create: { role_assignable: true } } }"));
    assert!(!needs("groups: { SEC-A: { create: { role_assignable: false }, members: [] } }"));
    // It holds a directory role, so it is role-assignable, whoever created it. Its name is compared without case.
    let held = "directory_roles: { Reader: { active: [{ group: sec-a }] } }\n";
    assert!(needs(&format!("{held}groups: {{ SEC-A: {{ members: [] }} }}")));
    assert!(!needs(&format!("{held}groups: {{ SEC-B: {{ members: [] }} }}")));
    assert!(!needs(held));
}

#[test]
fn members_take_less_than_owners() {
    let members = graph("groups: { SEC-A: { members: [] } }", Purpose::Apply);
    assert!(members.contains(&"GroupMember.ReadWrite.All") && !members.contains(&"Group.ReadWrite.All"));
    let both = graph("groups: { SEC-A: { create: {}, members: [], owners: [] } }", Purpose::Apply);
    // The one for owners covers members and creation.
    assert!(both.contains(&"Group.ReadWrite.All"));
    assert!(!both.contains(&"GroupMember.ReadWrite.All") && !both.contains(&"Group.Create"), "{both:?}");
}

#[test]
fn scopes_that_need_the_same_share_a_role_and_management_groups_do_not() {
    let sub = "/subscriptions/7a3c0d7e-0000-4000-8000-000000000001";
    let policy = format!(
        "
azure:
  - {{ subscription: 7a3c0d7e-0000-4000-8000-000000000001, roles: {{ Owner: {{ settings: {{}} }} }} }}
  - {{ resource_group: {sub}/resourceGroups/app, roles: {{ Owner: {{ settings: {{}} }} }} }}
  - {{ resource_group: {sub}/resourceGroups/db, roles: {{ Owner: {{ eligible: [] }} }} }}
  - {{ subscription: Staging, roles: {{ Owner: {{ settings: {{}} }} }} }}
  - {{ management_group: a, roles: {{ Owner: {{ active: [] }} }} }}
  - {{ management_group: b, roles: {{ Owner: {{ active: [] }} }} }}
"
    );
    let roles = azure(&policy, Purpose::Apply);
    let settings = vec!["roleManagementPolicies/write"];
    // The resource group `app` gets from its subscription what it needs; `db` needs something else.
    let of_settings: Vec<_> = roles.iter().filter(|(writes, _)| *writes == settings).collect();
    assert_eq!(of_settings.len(), 1);
    assert_eq!(of_settings[0].1.len(), 2, "{of_settings:?}");
    assert!(roles.iter().any(|(writes, scopes)| writes.len() > 1 && scopes[0].contains("db")), "{roles:?}");
    // A custom role may name one management group only.
    assert_eq!(roles.iter().filter(|(_, scopes)| scopes[0].contains("ManagementGroup")).count(), 2);
}

#[test]
fn a_role_for_a_resource_is_defined_at_its_resource_group() {
    let group = "/subscriptions/7a3c0d7e-0000-4000-8000-000000000001/resourceGroups/app";
    let vault = Scope::Id(format!("{group}/providers/Microsoft.KeyVault/vaults/kv").parse().unwrap());
    assert_eq!(vault.assignable(), Scope::Id(group.parse().unwrap()));
}

#[test]
fn each_permission_says_what_for_and_where() {
    let required =
        required("directory_roles:\n  Reader: { settings: {} }\n  Writer: { settings: {} }\n", Purpose::Plan);
    let roles = required.graph.iter().find(|it| it.permission == "RoleManagement.Read.Directory").unwrap();
    let reason = &roles.reasons[0];
    assert_eq!((reason.to.as_str(), reason.more), ("read directory roles", 1));
    assert_eq!(reason.place.as_ref().unwrap().line, 3);
}
