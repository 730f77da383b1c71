//! What the files name and a live tenant does not have, by that name or at all.

use serde_json::json;

use super::cli::Live;
use crate::harness::project;

const TENANT: &str = "0f4a2a3e-0000-4000-8000-000000000001";
const ADA: &str = "a0000000-0000-4000-8000-000000000001";
const LINUS: &str = "a0000000-0000-4000-8000-000000000002";
const ROLE: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";

/// Somebody left, and a resource group was deleted: what is declared of them waits, and the rest goes on.
#[test]
fn what_is_gone_stops_nothing_else() {
    let live = Live::start("three-settings", |settings| {
        let tenant = json!({
            "format": "pimform-tenant", "version": 1, "tenant": { "id": TENANT, "name": "Contoso" },
            "users": [
                { "id": ADA, "name": "Ada Lovelace", "upn": "ada@contoso.example" },
                { "id": LINUS, "name": "Linus Falk", "upn": "linus@contoso.example" },
            ],
            "directory_roles": [{ "id": ROLE, "name": "User Administrator" }],
            "subscriptions": [{ "id": "7a3c0d7e-0000-4000-8000-000000000001", "name": "Production" }],
            "azure_roles": [{ "id": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "name": "Owner" }],
            "targets": [{ "directory_role": ROLE, "settings": { "eligible_assignment": { "expire_after": "never" } },
                "eligible": [
                    { "principal": ADA, "start": "2026-01-01T00:00:00Z" },
                    { "principal": LINUS, "start": "2026-01-01T00:00:00Z" },
                ] }],
        });
        settings.tenant = tenant.to_string();
    });
    let policy = "version: 1\n\
        directory_roles:\n  User Administrator:\n    eligible:\n\
        \x20     - { user: ada@contoso.example, permanent: true }\n\
        \x20     - { user: leaver@contoso.example, permanent: true }\n\
        azure:\n  - { subscription: Production, resource_group: rg-gone, roles: { Owner: { eligible: [] } } }\n";
    live.workspace.write("gone/pim.yaml", policy);
    let run = |args: &[&str], exit: i32| live.run(&[args, &["--policies", "gone"]].concat()).expect(exit);
    for args in [&["plan"], &["drift"]] {
        let run = run(args, 6);
        for at in ["leaver@contoso.example", "rg-gone"] {
            assert!(run.stderr.contains(at), "{args:?} {at}: {}", run.stderr);
        }
        assert!(run.stdout.contains("linus@contoso.example"), "{args:?}: {}", run.stdout);
    }
    let applied = run(&["apply", "--auto-approve"], 6);
    assert!(applied.stdout.contains("linus@contoso.example"), "{}", applied.stdout);
    let again = run(&["plan", "--format", "json"], 6);
    let plan: serde_json::Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(plan["steps"], json!([]), "{plan:#}");
}

/// The same names in other forms are there.
#[test]
fn a_name_in_another_form_is_not_gone() {
    let live = Live::at(&project().join("tests/scenarios/letters-composed-and-taken-apart"), |_| {});
    let plan = live.run(&["plan", "--detailed-exitcode"]).expect(0);
    assert!(plan.stdout.contains("No changes"), "{}", plan.stdout);
}
