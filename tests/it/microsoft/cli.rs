//! The program itself against a live tenant: what is sent, what is said, and how it ends.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use pimform::emulator::{Emulator, Fault, Options, Running, Tls};
use serde_json::Value;

use crate::harness::{NOW, Run, Workspace, folders, project};

/// An emulator, and a folder to run the program in.
pub(super) struct Live {
    runtime: tokio::runtime::Runtime,
    emulator: Running,
    pub(super) workspace: Workspace,
}

impl Live {
    pub(super) fn start(example: &str, options: impl FnOnce(&mut Options)) -> Self {
        Self::at(&project().join("examples").join(example), options)
    }

    /// With the tenant file and the policies of a folder.
    pub(super) fn at(folder: &Path, options: impl FnOnce(&mut Options)) -> Self {
        let workspace = Workspace::copy_of(folder);
        // The program runs beside it, so it must answer while the test waits.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let mut settings = Options::new(workspace.read("tenant.json"));
        settings.now = Some(NOW.to_owned());
        settings.log = true;
        settings.active_minimum = 0;
        options(&mut settings);
        let emulator = runtime.block_on(Emulator::start(settings)).unwrap();
        Self { runtime, emulator, workspace }
    }

    pub(super) fn of(example: &str) -> Self {
        Self::start(example, |_| {})
    }

    fn command(&self, args: &[&str]) -> Command {
        let url = self.emulator.url();
        let mut command = self.workspace.command(args);
        command.env("PIMFORM_BACKEND", "microsoft").env("PIMFORM_GRAPH_ENDPOINT", &url).stdin(Stdio::null());
        command.env("PIMFORM_ARM_ENDPOINT", &url);
        command
    }

    pub(super) fn run(&self, args: &[&str]) -> Run {
        Run::of(&self.command(args).output().unwrap())
    }

    /// What the emulator was asked so far: method, path, and the body as JSON.
    pub(super) fn asked(&self) -> Vec<(String, String, Value)> {
        let log = self.emulator.log();
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
        lines
            .map(|line| {
                (text(&line, "m"), text(&line, "p"), serde_json::from_str(&text(&line, "b")).unwrap_or_default())
            })
            .collect()
    }
}

fn steps(run: &Run) -> Value {
    let plan: Value = serde_json::from_str(&run.stdout).unwrap();
    plan["steps"].clone()
}

#[test]
fn every_example_is_planned_as_from_its_file_and_a_second_plan_is_empty() {
    let examples = folders(&project().join("examples"));
    let examples: Vec<_> = examples.iter().filter(|folder| folder.join("tenant.json").exists()).collect();
    assert!(examples.len() >= 5, "{examples:?}");
    for folder in examples {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let live = Live::of(name);
        let planned = live.run(&["plan", "--format", "json", "--detailed-exitcode"]).expect(2);
        let from_file = live.workspace.run(&["plan", "--format", "json"]).expect(0);
        assert_eq!(steps(&planned), steps(&from_file), "{name}");
        let applied = live.run(&["apply", "--auto-approve"]).expect(0);
        assert!(applied.stdout.contains("A second plan finds nothing to do"), "{name}: {}", applied.stdout);
        let second = live.run(&["plan", "--detailed-exitcode"]).expect(0);
        assert!(second.stdout.contains("No change"), "{name}: {}", second.stdout);
    }
}

#[test]
fn the_first_plan_after_an_import_of_a_live_tenant_is_empty() {
    let examples = folders(&project().join("examples"));
    for folder in examples.iter().filter(|folder| folder.join("tenant.json").exists()) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let live = Live::of(name);
        for (out, full) in [("imported", None), ("imported-full", Some("--full"))] {
            let args: Vec<&str> = ["import", "--out", out].into_iter().chain(full).collect();
            let imported = live.run(&args);
            assert!(imported.code == 0 || imported.code == 6, "{name}: {}", imported.stderr);
            assert!(live.asked().iter().any(|(_, path, _)| path.contains("/organization?")), "{name}");
            let written = std::fs::read_dir(live.workspace.path().join(out)).unwrap();
            let named = |file: std::io::Result<std::fs::DirEntry>| {
                std::fs::read_to_string(file.unwrap().path()).unwrap_or_default().contains("name: Contoso")
            };
            assert!(written.into_iter().any(named), "{name}: the name of the tenant");
            let args = ["plan", "--policies", out, "--detailed-exitcode"];
            let first = live.run(&args);
            assert!(first.stdout.contains("No change"), "{name}: {}{}", first.stdout, first.stderr);
            assert_ne!(first.code, 2, "{name}");
        }
        // Nothing was written to the service.
        assert!(live.asked().iter().all(|(method, _, _)| method == "GET" || method == "POST"), "{name}");
    }
}

#[test]
fn a_reading_that_is_too_large_is_an_error_and_nothing_is_done() {
    let live = Live::of("landing-zone");
    for command in [&["plan"][..], &["apply", "--auto-approve"], &["snapshot"], &["import", "--out", "imported"]] {
        let run = live.run(&[command, &["--max-read-bytes", "20kB"]].concat()).expect(1);
        assert!(run.stderr.contains("reading the tenant takes more than 20000 bytes; until here it took "), "{run:?}");
        assert!(run.stderr.contains("`--max-read-bytes` (`PIMFORM_MAX_READ_BYTES`)"), "{run:?}");
        assert!(!run.stdout.contains("No change"), "{run:?}");
    }
    assert!(live.asked().iter().all(|(method, _, _)| method == "GET" || method == "POST"));
    let usage = live.run(&["plan", "--max-read-time", "never"]).expect(64);
    assert!(usage.stderr.contains("`never` of `--max-read-time`"), "{usage:?}");
    live.run(&["plan", "--max-read-bytes", "64MB", "--max-read-time", "2h"]).expect(0);
}

/// Somebody signs in and makes a role easier to use, and somebody eligible for it.
async fn change_by_hand(url: &str) {
    pimform::backend::microsoft::tls::install();
    let client = reqwest::Client::new();
    let form = [
        ("grant_type", "password"),
        ("client_id", "00000000-0000-4000-8000-00000000abcd"),
        ("username", "ada@contoso.example"),
        ("password", "x"),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let sign_in = client.post(format!("{url}/common/oauth2/v2.0/token")).form(&form).send().await.unwrap();
    let token: Value = sign_in.json().await.unwrap();
    let token = token["access_token"].as_str().unwrap();
    let role = "62e90394-69f5-4237-9190-012177145e10";
    let filter = format!("scopeId eq '/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq '{role}'");
    let policies = client.get(format!("{url}/v1.0/policies/roleManagementPolicyAssignments")).bearer_auth(token);
    let policies: Value = policies.query(&[("$filter", filter)]).send().await.unwrap().json().await.unwrap();
    let policy = policies["value"][0]["policyId"].as_str().unwrap();
    let rule = "Expiration_EndUser_Assignment";
    let path = format!("{url}/v1.0/policies/roleManagementPolicies/{policy}/rules/{rule}");
    let body = serde_json::json!({
        "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyExpirationRule", "id": rule,
        "isExpirationRequired": true, "maximumDuration": "PT10H",
        "target": { "caller": "EndUser", "operations": ["All"], "level": "Assignment",
            "inheritableSettings": [], "enforcedSettings": [] },
    });
    assert_eq!(client.patch(path).bearer_auth(token).json(&body).send().await.unwrap().status(), 204);
    let path = format!("{url}/v1.0/roleManagement/directory/roleEligibilityScheduleRequests");
    let body = serde_json::json!({
        "action": "adminAssign", "principalId": "483e8ef5-71fc-4c39-bb20-872a873c7488", "roleDefinitionId": role,
        "directoryScopeId": "/", "justification": "on call",
        "scheduleInfo": { "startDateTime": "2026-11-21T00:00:00Z",
            "expiration": { "type": "afterDuration", "duration": "P10D" } },
    });
    assert_eq!(client.post(path).bearer_auth(token).json(&body).send().await.unwrap().status(), 201);
}

#[test]
fn drift_names_who_changed_what_and_why() {
    let live = Live::of("landing-zone");
    live.run(&["apply", "--auto-approve"]).expect(0);
    live.run(&["drift"]).expect(0);
    live.emulator.advance(3600);
    live.runtime.block_on(change_by_hand(&live.emulator.url()));
    let later = "--now=2026-11-21T14:00:00Z";
    let drift = live.run(&["drift", later]).expect(2);
    for words in [
        "By ada@contoso.example, 2026-11-21T13:00:00Z: Add eligible member to role in PIM",
        "because \"on call\"",
        "added outside    directory/Global Administrator/eligible/user:paul@contoso.example",
        "activation.max_duration: declared 1h, found 10h, looser",
        "2 differences",
    ] {
        assert!(drift.stdout.contains(words), "{words}\n{}", drift.stdout);
    }
    let json: Value = serde_json::from_str(&live.run(&["drift", later, "--format", "json"]).expect(2).stdout).unwrap();
    assert_eq!(json["counts"], serde_json::json!({ "added_outside": 1, "changed": 1 }));
    assert!(
        json["items"].as_array().unwrap().iter().all(|item| item["by"]["who"] == "ada@contoso.example"),
        "{json:#}"
    );
    // Without a record of an apply the same differences are told, and looking makes no store.
    let folder = live.workspace.path().join("elsewhere");
    assert!(!folder.exists());
    let without = live.run(&["drift", later, "--store", "elsewhere"]).expect(2);
    assert!(without.stdout.contains("no apply is recorded"), "{}", without.stdout);
    assert!(!folder.exists(), "looking made a store");
}

#[test]
fn a_plan_only_looks() {
    let live = Live::of("landing-zone");
    live.run(&["plan", "--detailed-exitcode"]).expect(2);
    let asked = live.asked();
    let mut posts = BTreeSet::new();
    for (method, path, body) in &asked {
        match method.as_str() {
            "GET" => {}
            "POST" => {
                let last = path.split('?').next().unwrap().rsplit('/').next().unwrap();
                posts.insert(last.to_owned());
                for single in body["requests"].as_array().into_iter().flatten() {
                    assert_eq!(single["method"], "GET", "{single}");
                }
            }
            other => panic!("{other} {path}"),
        }
    }
    // Each of them was seen, so each of them is known to look only.
    assert_eq!(posts, ["$batch", "getByIds", "getMemberGroups"].map(str::to_owned).into(), "{asked:#?}");
}

#[test]
fn what_is_denied_is_blocked_and_the_rest_is_planned_and_applied() {
    let scope = "/subscriptions/c50263ce-5259-4a3c-a74c-860b1f88e997";
    let denied = vec![format!("denied={scope}").parse::<Fault>().unwrap()];
    let live = Live::start("landing-zone", |options| options.faults = denied);
    let run = live.run(&["plan"]).expect(6);
    let blocked = run.stdout.split("Blocked: nothing is planned here (1)").nth(1).unwrap();
    assert!(blocked.trim_start().starts_with("azure/subscriptions/Production/Owner"), "{blocked}");
    assert!(blocked.contains("403 AuthorizationFailed") && blocked.contains("roleDefinitions/read"), "{blocked}");
    assert!(run.stdout.contains("directory/Global Administrator"), "{}", run.stdout);
    let applied = live.run(&["apply", "--auto-approve"]).expect(6);
    assert!(applied.stdout.contains("finds nothing to do but what is blocked"), "{}", applied.stdout);
    live.emulator.set_faults(Vec::new());
    let rest = live.run(&["plan", "--format", "json", "--detailed-exitcode"]).expect(2);
    for step in steps(&rest).as_array().unwrap() {
        assert!(step["address"].as_str().unwrap().starts_with("azure/subscriptions/Production/Owner"), "{step}");
    }
}

/// Where neither place says which groups are under PIM, there may be more than is seen: whoever asks for all there is, or
/// for a group that nobody holds anything through, is told, and nobody takes it for none.
#[test]
fn which_groups_are_under_pim_is_asked_for_or_missing() {
    let (group, ada) = ("c0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000001");
    let tenant = serde_json::json!({
        "format": "pimform-tenant", "version": 1, "tenant": { "id": "0f4a2a3e-0000-4000-8000-000000000001" },
        "users": [{ "id": ada, "name": "Ada Lovelace", "upn": "ada@contoso.example" }],
        "groups": [{ "id": group, "name": "Operators", "pim": true }],
        "directory_roles": [{ "id": "62e90394-69f5-4237-9190-012177145e10", "name": "Global Administrator" }],
        "targets": [{ "directory_role": "62e90394-69f5-4237-9190-012177145e10", "eligible": [{ "principal": ada }] }],
    });
    let live = Live::start("landing-zone", |options| options.tenant = tenant.to_string());
    let declared = |what: &str| format!("version: 1\n{what}");
    let of_group = "groups: { Operators: { member: { settings: { activation: { max_duration: 2h } } } } }\n";
    live.workspace.write("group/pim.yaml", declared(of_group));
    let of_role = "directory_roles: { Global Administrator: { settings: { activation: { max_duration: 2h } } } }\n";
    live.workspace.write("role/pim.yaml", declared(of_role));
    let asks: [&[&str]; 4] = [
        &["snapshot", "--out", "seen.json", "--force", "--policies", "role"],
        &["import", "--out", "imported", "--force", "--policies", "role"],
        &["plan", "--allow-onboarding", "--policies", "group"],
        &["plan", "--policies", "role"],
    ];
    for ask in asks {
        live.run(ask).expect(0);
    }
    live.emulator.set_faults(vec!["denied=group/resources".parse::<Fault>().unwrap()]);
    let [snapshot, import, group, role] = asks.map(|ask| live.run(ask));
    let asked = live.asked().into_iter().map(|(_, path, _)| path).filter(|path| path.contains("group/resources"));
    let places: BTreeSet<String> = asked.filter_map(|path| Some(path.split('/').nth(1)?.to_owned())).collect();
    assert_eq!(places, ["beta", "v1.0"].map(str::to_owned).into());
    for run in [snapshot, import, group] {
        let run = run.expect(6);
        let said = run.stdout + &run.stderr;
        assert!(said.contains("list the groups under PIM") && said.contains("403"), "{said}");
    }
    // A role does not depend on it.
    role.expect(0);
}

#[test]
fn an_apply_that_is_denied_says_which_permission_is_missing_and_can_be_repeated() {
    let live = Live::of("landing-zone");
    live.run(&["plan", "--out", "plan.json"]).expect(0);
    let core = "denied=/providers/Microsoft.Management/managementGroups/core".parse::<Fault>().unwrap();
    live.emulator.set_faults(vec![core]);
    let refused = live.run(&["apply", "plan.json", "--auto-approve"]).expect(4);
    assert!(refused.stderr.contains("stale"), "{}", refused.stderr);
    live.emulator.set_faults(Vec::new());
    live.run(&["apply", "plan.json", "--auto-approve"]).expect(0);
}

#[test]
fn the_summary_is_one_line_beside_the_data() {
    let live = Live::of("landing-zone");
    let run = live.run(&["plan", "--format", "json"]).expect(0);
    serde_json::from_str::<Value>(&run.stdout).unwrap();
    let lines: Vec<&str> = run.stderr.lines().collect();
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    let words: Vec<&str> = line.split(' ').collect();
    let [read, the, tenant, calls, _, _, _, "0", "throttled,", _, "s"] = words.as_slice() else { panic!("{line}") };
    assert_eq!([*read, *the, *tenant], ["read", "the", "tenant:"]);
    assert_eq!(calls.parse(), Ok(live.asked().len()));
    let applied = live.run(&["apply", "--auto-approve"]).expect(0);
    assert!(applied.stderr.contains("\napplied, and read the tenant again: "), "{}", applied.stderr);
}

#[test]
fn the_trace_has_every_exchange_and_no_token() {
    let live = Live::of("landing-zone");
    live.run(&["apply", "--auto-approve", "--trace-http", "trace.jsonl"]).expect(0);
    let trace = live.workspace.read("trace.jsonl");
    let mut writes = 0;
    for line in trace.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let keys: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(BTreeSet::from_iter(keys), BTreeSet::from(["m", "p", "b", "status", "rb"]));
        writes += usize::from(line["m"] == "PATCH" || line["m"] == "PUT");
    }
    assert!(writes > 5, "{trace}");
    assert_eq!(trace.lines().count(), live.asked().len());
    for secret in ["Bearer", "eyJ", "access_token", "client_secret", "not-a-secret"] {
        assert!(!trace.contains(secret), "{secret}");
    }
}

#[test]
fn nobody_there_is_said_once_and_clearly() {
    let live = Live::of("landing-zone");
    let (workspace, url) = (&live.workspace, live.emulator.url());
    live.runtime.block_on(live.emulator.stop());
    let args = ["plan", "--backend", "microsoft", "--graph-endpoint", &url, "--arm-endpoint", &url];
    let run = workspace.run(&args).expect(1);
    assert!(run.stderr.contains(&url) && run.stderr.contains("help: "), "{}", run.stderr);
    assert_eq!(run.stderr.matches("error:").count(), 1, "{}", run.stderr);
}

#[test]
fn a_certificate_must_be_trusted() {
    let ca = tempfile::NamedTempFile::new().unwrap();
    let file = ca.path().to_owned();
    let live = Live::start("three-settings", |options| options.tls = Tls::ThrowAway { ca_file: Some(file) });
    assert!(live.emulator.url().starts_with("https://"), "{}", live.emulator.url());
    let run = live.run(&["plan"]).expect(1);
    assert!(run.stderr.contains("certificate"), "{}", run.stderr);
    let path = ca.path().to_str().unwrap();
    live.run(&["plan", "--detailed-exitcode", "--ca-certificate", path]).expect(2);
}

#[test]
fn check_asks_nobody() {
    let live = Live::of("landing-zone");
    let run = live.run(&["check"]).expect(0);
    assert!(run.stdout.contains("`check` asks no service"), "{}", run.stdout);
    assert_eq!(live.asked(), []);
}

#[test]
fn clouds_must_not_contradict_each_other() {
    let live = Live::of("landing-zone");
    let pim = live.workspace.read("policies/tenant.yaml");
    live.workspace.write("policies/tenant.yaml", pim.replace("tenant:\n", "tenant:\n  cloud: usgov\n"));
    let run = live.run(&["plan", "--cloud", "china"]).expect(64);
    assert!(run.stderr.contains("`usgov`") && run.stderr.contains("`china`"), "{}", run.stderr);
    live.run(&["plan", "--cloud", "usgov"]).expect(0);
}

/// What `pimform emulator` prints is what works.
#[test]
fn the_emulator_says_how_to_use_it_and_saves_the_tenant() {
    let workspace = Workspace::copy_of(&project().join("examples/landing-zone"));
    let args = ["emulator", "--tenant", "tenant.json", "--save", "after.json", "--log", "log.jsonl"];
    let before = workspace.read("tenant.json");
    let mut emulator = workspace.command(&args).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(emulator.stdout.take().unwrap()).lines();
    let exports: Vec<(String, String)> = said
        .by_ref()
        .map(|line| line.unwrap())
        .take_while(|line| !line.contains("pimform plan"))
        .filter_map(|line| {
            let (name, value) = line.trim().strip_prefix("export ")?.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        })
        .collect();
    let run = |args: &[&str]| Run::of(&workspace.command(args).envs(exports.clone()).output().unwrap());
    let applied = run(&["apply", "--auto-approve"]);
    let ended = Command::new("kill").arg(emulator.id().to_string()).status().unwrap();
    assert!(ended.success() && emulator.wait().unwrap().success());
    applied.expect(0);
    assert_eq!(workspace.read("tenant.json"), before);
    assert!(workspace.read("log.jsonl").lines().count() > 20);
    // The tenant as it was left is a tenant file like any other, and as declared.
    let second = workspace.run(&["plan", "--backend", "local:after.json", "--detailed-exitcode"]).expect(0);
    assert!(second.stdout.contains("No change"), "{}", second.stdout);
}

/// A snapshot is all that a plan needs, and a plan of it is the plan of the tenant.
#[test]
fn a_snapshot_plans_offline_as_the_tenant_does_live_and_holds_no_secret() {
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string(project().join("schemas/tenant.schema.json")).unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let examples = folders(&project().join("examples"));
    for folder in examples.iter().filter(|folder| folder.join("tenant.json").exists()) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let live = Live::of(name);
        let secret = "a-secret-that-nobody-guesses";
        let mut command = live.command(&["snapshot", "--out", "snapshot.json"]);
        command.env("AZURE_CLIENT_SECRET", secret).env("AZURE_CLIENT_ID", "c3c75de0-8e3c-42ed-91c8-3cc9ed906531");
        let taken = Run::of(&command.output().unwrap()).expect(0);
        assert!(!taken.stderr.contains("note:"), "{name}: {}", taken.stderr);
        let text = live.workspace.read("snapshot.json");
        // The schema allows no other keys, so there is no place for anything but the tenant's objects and PIM.
        assert!(schema.is_valid(&serde_json::from_str(&text).unwrap()), "{name}: {text}");
        for hidden in [secret, "eyJ", "Bearer", "token", "secret", "password", "127.0.0.1"] {
            assert!(!text.contains(hidden), "{name}: `{hidden}` in {text}");
        }

        let offline = |args: &[&str]| {
            let args = [args, &["--backend", "local:snapshot.json"]].concat();
            live.workspace.run(&args)
        };
        for form in ["json", "text"] {
            let planned = offline(&["plan", "--format", form, "--detailed-exitcode"]).expect(2);
            let lively = live.run(&["plan", "--format", form, "--detailed-exitcode"]).expect(2);
            assert_eq!(planned.stdout, lively.stdout, "{name}");
        }
        // It can even be applied: what the plan needs to know is all there.
        offline(&["apply", "--auto-approve"]).expect(0);
        offline(&["plan", "--detailed-exitcode"]).expect(0);
    }
}
