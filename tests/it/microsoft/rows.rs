//! Rows that the service lists in ways of its own: under another id, without settings beside them, more than one for the same
//! person, made by somebody else. What the program does about them, over the emulator.

use std::process::Stdio;

use pimform::emulator::{Emulator, Fault, Options, Running};
use serde_json::{Value, json};

use crate::harness::{NOW, Run, Workspace};

const TENANT: &str = "3bb427c1-a1da-459d-aad1-245c92010b38";
const ADA: &str = "7a9d9691-46fc-4893-973c-43fad1272a25";
const LINUS: &str = "885d6f33-e40c-4fc4-a158-fb57a6e04b64";
const GOVERNANCE: &str = "5cbe62e0-0000-4000-8000-00000000000c";
const GOVERNANCE_APPLICATION: &str = "5cbe62e0-0000-4000-8000-00000000000d";
const SUBSCRIPTION: &str = "5cbe62e0-0000-4000-8000-00000000000e";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const KEY_READER: &str = "9cbe62e0-0000-4000-8000-00000000000a";
const OTHER: &str = "9cbe62e0-0000-4000-8000-00000000000b";

/// A tenant of two people and two directory roles on an emulator, and policies for it.
struct Case {
    _runtime: tokio::runtime::Runtime,
    emulator: Running,
    workspace: Workspace,
}

impl Case {
    fn new(targets: &Value, faults: &[&str], policy: &str) -> Self {
        let tenant = json!({
            "format": "pimform-tenant", "version": 1, "tenant": { "id": TENANT, "name": "Contoso" },
            "users": [
                { "id": ADA, "name": "Ada Lovelace", "upn": "ada@contoso.example" },
                { "id": LINUS, "name": "Linus Falk", "upn": "linus@contoso.example" },
            ],
            "service_principals": [{ "id": GOVERNANCE, "name": "Identity Governance", "app_id": GOVERNANCE_APPLICATION }],
            "subscriptions": [{ "id": SUBSCRIPTION, "name": "Production" }],
            "azure_roles": [{ "id": READER, "name": "Reader" }],
            "directory_roles": [{ "id": KEY_READER, "name": "Key Reader" }, { "id": OTHER, "name": "Other" }],
            "targets": targets,
        });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let mut options = Options::new(tenant.to_string());
        options.now = Some(NOW.to_owned());
        options.active_minimum = 0;
        let emulator = runtime.block_on(Emulator::start(options)).unwrap();
        emulator.set_faults(faults.iter().map(|fault| fault.parse::<Fault>().unwrap()).collect());
        let workspace = Workspace::new();
        workspace.write("policies/pim.yaml", format!("version: 1\n{policy}"));
        Self { _runtime: runtime, emulator, workspace }
    }

    fn run(&self, args: &[&str]) -> Run {
        let url = self.emulator.url();
        let mut command = self.workspace.command(args);
        command.env("PIMFORM_BACKEND", "microsoft").env("PIMFORM_GRAPH_ENDPOINT", &url).stdin(Stdio::null());
        Run::of(&command.env("PIMFORM_ARM_ENDPOINT", &url).output().unwrap())
    }

    /// What a plan would do: the operation and the address of each step.
    fn steps(&self) -> Vec<String> {
        let run = self.run(&["plan", "--format", "json"]).expect(0);
        let plan: Value = serde_json::from_str(&run.stdout).unwrap();
        let step =
            |step: &Value| format!("{} {}", step["operation"].as_str().unwrap(), step["address"].as_str().unwrap());
        plan["steps"].as_array().unwrap().iter().map(step).collect()
    }
}

fn eligible(people: &[&str]) -> Value {
    json!([{ "directory_role": KEY_READER, "eligible":
        people.iter().map(|person| json!({ "principal": person, "start": "2026-01-01T00:00:00Z" })).collect::<Vec<_>>() }])
}

const ONLY_ADA: &str =
    "directory_roles: { Key Reader: { eligible: [{ user: ada@contoso.example, permanent: true }] } }";

#[test]
fn a_custom_role_with_two_ids_is_one_role() {
    for strict in ["", "strict:"] {
        let case = Case::new(&eligible(&[ADA, LINUS]), &[&format!("two-ids={strict}{KEY_READER}")], ONLY_ADA);
        let removal = "remove directory/Key Reader/eligible/user:linus@contoso.example";
        assert_eq!(case.steps(), [removal], "{strict}");
        case.run(&["import", "--out", "imported"]).expect(0);
        let imported = case.workspace.read("imported/directory.yaml");
        assert!(imported.contains("ada@") && imported.contains("linus@"), "{imported}");
        case.run(&["snapshot", "--out", "snapshot.json"]).expect(0);
        let snapshot = case.workspace.read("snapshot.json");
        assert!(snapshot.contains(&format!("\"principal\": \"{LINUS}\"")) && snapshot.contains(ADA), "{snapshot}");
        let drift = case.run(&["drift"]);
        assert!(drift.stdout.contains("linus@") && !drift.stdout.contains("ada@"), "{}", drift.stdout);
        let applied = case.run(&["apply", "--auto-approve"]).expect(0);
        assert!(applied.stdout.contains("A second plan finds nothing to do"), "{}", applied.stdout);
        assert_eq!(case.steps(), [""; 0], "{strict}");
    }
}

#[test]
fn a_custom_role_that_nobody_has_yet_is_granted_by_the_id_that_the_service_takes() {
    let case = Case::new(&json!([]), &[&format!("two-ids={KEY_READER}")], ONLY_ADA);
    let applied = case.run(&["apply", "--auto-approve"]).expect(0);
    assert!(applied.stdout.contains("A second plan finds nothing to do"), "{}", applied.stdout);
    // Once the service has shown its own id, that one is taken, also where the other is refused.
    case.emulator.set_faults(vec![format!("two-ids=strict:{KEY_READER}").parse().unwrap()]);
    let both =
        format!("version: 1\n{}", ONLY_ADA.replace("[{", "[{ user: linus@contoso.example, permanent: true }, {"));
    case.workspace.write("policies/pim.yaml", both);
    let applied = case.run(&["apply", "--auto-approve"]).expect(0);
    assert!(applied.stdout.contains("A second plan finds nothing to do"), "{}", applied.stdout);
}

#[test]
fn a_role_without_settings_is_passed_over_by_all_others_and_blocked_by_name() {
    let targets = json!([{ "directory_role": OTHER, "without_settings": true }]);
    let shorter = "{ settings: { activation: { max_duration: 4h } } }";
    let case = Case::new(&targets, &[], &format!("directory_roles: {{ \"*\": {shorter} }}"));
    let applied = case.run(&["apply", "--auto-approve"]).expect(0);
    assert!(applied.stdout.contains("Applied 1 of 1 step"), "{}", applied.stdout);
    assert!(applied.stdout.contains("it has no settings of PIM yet, so `\"*\"` passes it over"), "{}", applied.stdout);
    case.run(&["plan", "--detailed-exitcode"]).expect(0);
    case.workspace.write("policies/pim.yaml", format!("version: 1\ndirectory_roles: {{ Other: {shorter} }}"));
    let plan = case.run(&["plan"]).expect(6);
    assert!(
        plan.stdout.contains("Blocked") && plan.stdout.contains("it has no settings of PIM yet"),
        "{}",
        plan.stdout
    );
}

#[test]
fn all_windows_of_one_person_are_there_and_go_together() {
    let windows = json!([{ "directory_role": KEY_READER, "eligible": [
        { "principal": ADA, "start": "2026-01-01T00:00:00Z" },
        { "principal": LINUS, "start": "2026-01-01T00:00:00Z", "end": "2026-12-31T23:59:59Z" },
        { "principal": LINUS, "start": "2027-02-01T00:00:00Z" },
    ] }]);
    let case = Case::new(&windows, &[], ONLY_ADA);
    let plan = case.run(&["plan"]).expect(0);
    assert!(plan.stdout.contains("was until 2026-12-31; permanent, from 2027-02-01 (all 2)"), "{}", plan.stdout);
    case.run(&["snapshot", "--out", "snapshot.json"]).expect(0);
    let snapshot: Value = serde_json::from_str(&case.workspace.read("snapshot.json")).unwrap();
    assert_eq!(snapshot["targets"][0]["eligible"].as_array().unwrap().len(), 3, "{snapshot:#}");
    let applied = case.run(&["apply", "--auto-approve"]).expect(0);
    assert!(applied.stdout.contains("A second plan finds nothing to do"), "{}", applied.stdout);
}

#[test]
fn what_another_application_made_is_named_and_goes_only_where_that_is_meant() {
    let made = json!([{ "directory_role": KEY_READER, "eligible": [
        { "principal": ADA, "start": "2026-01-01T00:00:00Z" },
        { "principal": LINUS, "start": "2026-01-01T00:00:00Z", "made_by": "Identity Governance" },
    ] }]);
    for faults in [vec![], vec![format!("two-ids={KEY_READER}")]] {
        let faults: Vec<&str> = faults.iter().map(String::as_str).collect();
        let case = Case::new(&made, &faults, ONLY_ADA);
        let plan = case.run(&["plan"]).expect(4);
        assert!(plan.stdout.contains("made by the application `Identity Governance`"), "{}", plan.stdout);
        assert!(plan.stdout.contains("--allow-access-packages"), "{}", plan.stdout);
        case.run(&["apply", "--auto-approve"]).expect(4);
        case.run(&["apply", "--auto-approve", "--allow-access-packages"]).expect(0);
        case.run(&["plan", "--detailed-exitcode"]).expect(0);
    }
}

#[test]
fn in_azure_too_what_another_application_may_have_made_goes_only_where_that_is_meant() {
    let policy = "azure: [{ subscription: Production, roles: { Reader: { eligible: \
                  [{ user: ada@contoso.example, permanent: true }] } } }]";
    for (maker, said) in [
        ("Identity Governance", "that the application `Identity Governance` made would be removed"),
        ("Nobody Knows", "nobody in the directory has the id of its maker"),
    ] {
        let made = json!([{ "scope": format!("/subscriptions/{SUBSCRIPTION}"), "role": READER, "eligible": [
            { "principal": ADA, "start": "2026-01-01T00:00:00Z" },
            { "principal": LINUS, "start": "2026-01-01T00:00:00Z", "made_by": maker },
        ] }]);
        let case = Case::new(&made, &[], policy);
        let plan = case.run(&["plan"]).expect(4);
        assert!(plan.stdout.contains(said), "{}", plan.stdout);
        case.run(&["apply", "--auto-approve", "--allow-access-packages"]).expect(0);
        case.run(&["plan", "--detailed-exitcode"]).expect(0);
    }
}

#[test]
fn where_nobody_may_ask_who_made_what_goes_it_goes_only_where_that_is_meant() {
    let denied = "denied=roleManagement/directory/roleEligibilityScheduleRequests";
    let case = Case::new(&eligible(&[ADA, LINUS]), &[denied], ONLY_ADA);
    let plan = case.run(&["plan"]).expect(4);
    let words: Vec<&str> = plan.stdout.split_whitespace().collect();
    let why = "it could not be found out whether another application made it: \
               cannot list the requests for eligible assignments of directory roles";
    assert!(words.join(" ").contains(why), "{}", plan.stdout);
    assert!(plan.stdout.contains("RoleEligibilitySchedule.Read.Directory"), "{}", plan.stdout);
    case.run(&["plan", "--allow-access-packages"]).expect(0);
}

#[test]
fn what_pimform_made_itself_is_no_other_applications() {
    let both = "directory_roles: { Key Reader: { eligible: [{ user: ada@contoso.example, permanent: true }, \
                { user: linus@contoso.example, permanent: true }] } }";
    let case = Case::new(&json!([]), &[], both);
    case.run(&["apply", "--auto-approve"]).expect(0);
    case.workspace.write("policies/pim.yaml", format!("version: 1\n{ONLY_ADA}"));
    let plan = case.run(&["plan", "--detailed-exitcode"]).expect(2);
    assert!(!plan.stdout.contains("application"), "{}", plan.stdout);
}

#[test]
fn a_snapshot_says_who_made_what_or_that_nobody_knows() {
    let made = json!([{ "directory_role": KEY_READER, "eligible": [
        { "principal": ADA, "start": "2026-01-01T00:00:00Z" },
        { "principal": LINUS, "start": "2026-01-01T00:00:00Z", "made_by": "Identity Governance" },
    ] }]);
    let offline = ["plan", "--backend", "local:snapshot.json"];
    let case = Case::new(&made, &[], ONLY_ADA);
    case.run(&["snapshot", "--out", "snapshot.json"]).expect(0);
    let plan = case.run(&offline).expect(4);
    assert!(plan.stdout.contains("made by the application `Identity Governance`"), "{}", plan.stdout);
    // Where nobody may read it, the snapshot says so, and so does a plan against it, as one against the tenant does.
    let case = Case::new(&made, &["denied=directory/roleEligibilityScheduleRequests"], ONLY_ADA);
    let snapshot = case.run(&["snapshot", "--out", "snapshot.json"]).expect(6);
    assert!(
        snapshot.stderr.contains("incomplete: who made assignments is not in this snapshot"),
        "{}",
        snapshot.stderr
    );
    for args in [&offline[..], &["plan"]] {
        let plan = case.run(args).expect(4);
        let words: Vec<&str> = plan.stdout.split_whitespace().collect();
        let why = "it could not be found out whether another application made it";
        assert!(words.join(" ").contains(why), "{}", plan.stdout);
    }
}
