//! The program, where the service does something else than it was asked for.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use pimform::emulator::{Emulator, Options, Running};
use serde_json::{Value, json};

use crate::harness::{NOW, Run, Workspace};

pub(super) const TENANT: &str = "5c1c4a36-9a0e-4d0c-9c55-0c8f3f0f7c11";
const RUNNER: &str = "0b7f8a52-6a3e-4a64-8a39-5d6f0d3a8d01";
pub(super) const ADA: &str = "0b7f8a52-6a3e-4a64-8a39-5d6f0d3a8e01";
const SALES: &str = "0b7f8a52-6a3e-4a64-8a39-5d6f0d3a8c01";
pub(super) const LEADS: &str = "0b7f8a52-6a3e-4a64-8a39-5d6f0d3a8a01";
pub(super) const ROLE: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";
pub(super) const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
pub(super) const SUBSCRIPTION: &str = "c50263ce-5259-4a3c-a74c-860b1f88e997";

pub(super) struct Stage {
    pub(super) emulator: Running,
    _runtime: tokio::runtime::Runtime,
    pub(super) workspace: Workspace,
}

impl Stage {
    pub(super) fn new(faults: &[&str], targets: &Value, policy: &str) -> Self {
        Self::with(faults, targets, policy, |options| options.active_minimum = 0)
    }

    fn with(faults: &[&str], targets: &Value, policy: &str, set: impl FnOnce(&mut Options)) -> Self {
        let tenant = json!({
            "format": "pimform-tenant", "version": 1, "runner": RUNNER, "tenant": { "id": TENANT, "name": "Contoso" },
            "users": [{ "id": ADA, "name": "Ada Lovelace", "upn": "ada@contoso.example" }],
            "groups": [{ "id": LEADS, "name": "Leads", "pim": true }],
            "service_principals": [{ "id": RUNNER, "name": "sp-deploy" }],
            "administrative_units": [{ "id": SALES, "name": "Sales" }],
            "directory_roles": [{ "id": ROLE, "name": "User Administrator" }],
            "azure_roles": [{ "id": OWNER, "name": "Owner" }],
            "subscriptions": [{ "id": SUBSCRIPTION, "name": "Production" }],
            "resource_groups": [format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/app")],
            "targets": targets,
        });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let mut options = Options::new(tenant.to_string());
        options.now = Some(NOW.to_owned());
        options.log = true;
        set(&mut options);
        options.faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        let emulator = runtime.block_on(Emulator::start(options)).unwrap();
        let workspace = Workspace::new();
        workspace.write("policies/pim.yaml", format!("version: 1\ntenant: {{ id: {TENANT} }}\n{policy}"));
        Self { emulator, _runtime: runtime, workspace }
    }

    fn command(&self, args: &[&str]) -> Command {
        let url = self.emulator.url();
        let mut command = self.workspace.command(args);
        command.env("PIMFORM_BACKEND", "microsoft").env("PIMFORM_AUTH", "emulator").stdin(Stdio::null());
        command.env("PIMFORM_GRAPH_ENDPOINT", &url).env("PIMFORM_ARM_ENDPOINT", &url);
        command
    }

    pub(super) fn run(&self, args: &[&str]) -> Run {
        Run::of(&self.command(args).output().unwrap())
    }

    pub(super) fn apply(&self) -> Run {
        self.run(&["apply", "--auto-approve"])
    }

    /// The bodies that were sent to requests of PIM, those included that only asked, and whether they did.
    fn requests(&self) -> Vec<(Value, bool)> {
        let log = self.emulator.log();
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let of_pim =
            lines.filter(|line| line["m"] != "GET" && line["p"].as_str().unwrap().contains("ScheduleRequests"));
        let body = |line: Value| {
            let body: Value = serde_json::from_str(line["b"].as_str().unwrap()).unwrap();
            let asks = body["isValidationOnly"] == true || line["p"].as_str().unwrap().contains("/validate?");
            (body, asks)
        };
        of_pim.map(body).collect()
    }

    /// The bodies of what was asked for.
    pub(super) fn sent(&self) -> Vec<Value> {
        self.requests().into_iter().filter(|(_, asks)| !asks).map(|(body, _)| body).collect()
    }

    /// The bodies of what was asked about.
    pub(super) fn questions(&self) -> Vec<Value> {
        self.requests().into_iter().filter(|(_, asks)| *asks).map(|(body, _)| body).collect()
    }
}

pub(super) const UNIT: &str = "directory_roles:\n  User Administrator:\n    eligible:\n      - { user: ada@contoso.example, for: 30d, \
                    administrative_unit: Sales }\n";

#[test]
fn a_grant_for_the_whole_directory_instead_of_a_unit_is_taken_back() {
    let additive = UNIT.replace("    eligible:", "    ownership: additive\n    eligible:");
    for policy in [UNIT, &additive] {
        let stage = Stage::new(&["widened"], &json!([]), policy);
        let applied = stage.apply().expect(1);
        let said = "the service granted this for the whole directory instead of Sales; it was taken back";
        assert!(applied.stdout.contains(said), "{}{}", applied.stdout, applied.stderr);
        assert!(applied.stderr.contains("taking it back"), "{}", applied.stderr);
        let sent = stage.sent();
        let words: Vec<_> = sent.iter().map(|body| (&body["action"], &body["directoryScopeId"])).collect();
        let unit = Value::from(format!("/administrativeUnits/{SALES}"));
        assert_eq!(words, [(&"adminAssign".into(), &unit), (&"adminRemove".into(), &"/".into())]);
        // Whoever reads the log of the tenant finds the run.
        let run = stage.run(&["history", "--format", "json"]).expect(0);
        let reason = sent[1]["justification"].as_str().unwrap();
        let id = reason.trim_end_matches(')').rsplit(' ').next().unwrap();
        assert!(run.stdout.contains(id), "{reason}\n{}", run.stdout);
        // Nothing is left of it; on a better day it is done.
        stage.emulator.set_faults(Vec::new());
        let plan = stage.run(&["plan"]).expect(0);
        assert!(!plan.stdout.contains("Not declared"), "{}", plan.stdout);
        stage.apply().expect(0);
    }
}

/// The service lets nothing go in its first five minutes, and nobody has to wait for that.
#[test]
fn an_interrupt_ends_the_wait_and_leaves_the_command() {
    let stage = Stage::with(&["widened"], &json!([]), UNIT, |_| {});
    let mut command = stage.command(&["apply", "--auto-approve"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let notice = lines.find(|line| line.contains("taking it back")).unwrap();
    assert!(notice.contains("az rest --method post"), "{notice}");
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    lines.for_each(drop);
    let ended = Run::of(&child.wait_with_output().unwrap()).expect(1);
    assert!(
        ended.stdout.contains("it could not be taken back: somebody stopped the run meanwhile"),
        "{}",
        ended.stdout
    );
    assert!(ended.stdout.contains("az rest --method post"), "{}", ended.stdout);
}

#[test]
fn what_is_wider_on_the_other_surfaces_is_taken_back_too() {
    let group = "groups:\n  Leads:\n    member:\n      eligible: [{ user: ada@contoso.example, for: 30d }]\n";
    let azure = "azure:\n  - subscription: Production\n    resource_group: app\n    roles:\n      Owner:\n        eligible:\n          - \
                 { user: ada@contoso.example, for: 30d }\n";
    let condition = "azure:\n  - subscription: Production\n    roles:\n      Owner:\n        eligible:\n          - { user: \
                     ada@contoso.example, for: 30d, condition: \"@Resource[a] StringEquals 'b'\" }\n";
    for (fault, policy, said) in [
        ("widened=scope", group, "as owner instead of member"),
        ("widened=scope", azure, "at subscriptions/Production instead of subscriptions/Production/resourceGroups/app"),
        ("widened=end", UNIT, "without end instead of until 2026-12-21"),
        ("widened=end", group, "without end instead of until 2026-12-21"),
        ("widened=end", azure, "without end instead of until 2026-12-21"),
        ("widened=condition", condition, "without its condition"),
    ] {
        // Where nothing may be permanent, the service would not grant it.
        let open = json!({ "eligible_assignment": { "expire_after": "never" } });
        let scope = format!("/subscriptions/{SUBSCRIPTION}");
        let targets = json!([
            { "group": LEADS, "access": "member", "settings": open }, { "group": LEADS, "access": "owner", "settings": open },
            { "scope": scope, "role": OWNER, "settings": open },
            { "scope": format!("{scope}/resourceGroups/app"), "role": OWNER, "settings": open },
        ]);
        let stage = Stage::new(&[fault], &targets, policy);
        let applied = stage.apply().expect(1);
        let sentence = format!("the service granted this {said}");
        let told = applied.stdout.contains(&sentence) && applied.stdout.contains("; it was taken back");
        assert!(told, "{fault}\n{}{}", applied.stdout, applied.stderr);
        stage.emulator.set_faults(Vec::new());
        let plan = stage.run(&["plan", "--format", "json"]).expect(0);
        let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
        assert_eq!(plan["steps"].as_array().unwrap().len(), 1, "{fault}: {plan:#}");
    }
}

#[test]
fn a_refusal_says_which_setting_it_is() {
    let targets = json!([{ "directory_role": ROLE, "settings": { "eligible_assignment": { "mfa": true } } }]);
    let policy = UNIT.replace(", administrative_unit: Sales", "");
    let stage = Stage::new(&["mfa-of-applications"], &targets, &policy);
    let applied = stage.run(&["apply", "--auto-approve", "--no-validate"]).expect(1);
    assert!(applied.stdout.contains("eligible_assignment: { mfa: false }"), "{}", applied.stdout);
    assert!(applied.stdout.contains("the portal cannot"), "{}", applied.stdout);
    let applied = stage.run(&["apply", "--auto-approve", "--no-validate", "--format", "json"]).expect(1);
    let json: Value = serde_json::from_str(&applied.stdout).unwrap();
    assert!(json["outcomes"][0]["help"].as_str().unwrap().contains("mfa: false"), "{json:#}");
}
