//! The jobs of `examples/ci/github`, played: the scripts of their steps run as they stand in the files, in clones of a git
//! repository, against an emulator, with a stand-in for the GitHub CLI.

mod player;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use pimform::emulator::{Emulator, Fault, Options, Running};
use serde_json::{Value, json};

use self::player::{Job, Step, Surroundings, Workflow};
use crate::emulator::client;
use crate::harness::{NOW, Run, Workspace, assert_file, project};

const REPOSITORY: &str = "contoso/pim";
const MARK: &str = "<!-- pimform plan -->";
/// The role whose settings people meddle with.
const USER_ADMINISTRATOR: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";

/// A repository, a tenant, and all that GitHub keeps.
struct Team {
    runtime: tokio::runtime::Runtime,
    emulator: Running,
    folder: Workspace,
    hours: u32,
    runs: u64,
}

/// A pull request.
struct Pull {
    number: u64,
    head: String,
    labels: Value,
}

impl Team {
    /// A team whose tenant is as its files say.
    fn start() -> Self {
        let folder = Workspace::new();
        for name in ["bin", "gh", "store", "clones"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let example = project().join("examples/landing-zone");
        let at_first = Workspace::copy_of(&example);
        at_first.run(&["apply", "--auto-approve"]).expect(0);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let mut options = Options::new(at_first.read("tenant.json"));
        options.now = Some(NOW.to_owned());
        options.log = true;
        options.active_minimum = 0;
        let emulator = runtime.block_on(Emulator::start(options)).unwrap();
        let team = Self { runtime, emulator, folder, hours: 0, runs: 0 };
        team.programs();
        let origin = team.path("origin");
        std::fs::create_dir_all(origin.join("policies")).unwrap();
        for file in std::fs::read_dir(example.join("policies")).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), origin.join("policies").join(file.file_name())).unwrap();
        }
        team.git(&["init", "--quiet", "--initial-branch=main", "--object-format=sha1"]);
        team.commit("all there is");
        team
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `gh`, and pimform with the time of the emulator.
    fn programs(&self) {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::copy(project().join("tests/it/workflow/gh"), self.path("bin/gh")).unwrap();
        let pimform = format!("#!/bin/sh\nexec '{}' \"$@\" --now \"$TEST_NOW\"\n", env!("CARGO_BIN_EXE_pimform"));
        self.folder.write("bin/pimform", pimform);
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.path("bin/pimform"), mode).unwrap();
    }

    fn git(&self, args: &[&str]) -> String {
        let mut command = Command::new("git");
        command.current_dir(self.path("origin")).args(args).env("HOME", self.folder.path());
        command.env("GIT_CONFIG_NOSYSTEM", "1");
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "Ada").env(format!("GIT_{who}_EMAIL"), "ada@contoso.example");
            // The same commits each time, since the documentation shows them.
            command.env(format!("GIT_{who}_DATE"), NOW);
        }
        Run::of(&command.stdin(Stdio::null()).output().unwrap()).expect(0).stdout.trim().to_owned()
    }

    /// Commits everything, and says which commit it is.
    fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Replaces a text in a policy file of the branch that is checked out.
    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.path("origin/policies").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} says nothing of `{from}`");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    /// A pull request with one change.
    fn pull(&self, number: u64, file: &str, from: &str, to: &str) -> Pull {
        self.git(&["checkout", "--quiet", "-b", &format!("change-{number}"), "main"]);
        self.edit(file, from, to);
        Pull { number, head: self.commit("a change"), labels: json!([]) }
    }

    /// Merges a pull request. The answer is the commit on main.
    fn merge(&self, pull: &Pull, repository: &str) -> String {
        self.git(&["checkout", "--quiet", "main"]);
        self.git(&["merge", "--quiet", "--no-ff", "--message", "Merge", &format!("change-{}", pull.number)]);
        let commit = self.git(&["rev-parse", "HEAD"]);
        let pulls = json!([{
            "number": pull.number, "merged_at": NOW, "merge_commit_sha": commit,
            "head": { "sha": pull.head, "repo": { "full_name": repository } },
        }]);
        self.keep("pulls", &pulls);
        commit
    }

    /// Time goes by.
    fn wait(&mut self, hours: u32) {
        self.hours += hours;
        self.emulator.advance(u64::from(hours) * 3600);
    }

    fn now(&self) -> String {
        let now: pimform::model::Time = NOW.parse().unwrap();
        pimform::model::Time::from_unix(now.as_unix() + i64::from(self.hours) * 3600).to_string()
    }

    /// What GitHub keeps.
    fn kept(&self, name: &str) -> Value {
        let text = std::fs::read_to_string(self.path(&format!("gh/{name}.json"))).unwrap_or_else(|_| "[]".to_owned());
        serde_json::from_str(&text).unwrap()
    }

    fn keep(&self, name: &str, value: &Value) {
        self.folder.write(&format!("gh/{name}.json"), value.to_string());
    }

    /// The calls of the GitHub CLI since the last time that somebody asked.
    fn calls(&self) -> String {
        let path = self.path("gh/calls");
        let calls = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(path, "").unwrap();
        calls
    }

    /// A run of a workflow at a commit: its number, and what its jobs find.
    fn run(&mut self, commit: &str, pull: Option<&Pull>) -> (u64, Surroundings, PathBuf) {
        self.runs += 1;
        let commit = &self.git(&["rev-parse", commit]);
        let checkout = self.path(&format!("clones/{}", self.runs));
        self.git(&["clone", "--quiet", "--no-checkout", ".", &checkout.display().to_string()]);
        self.git(&["-C", &checkout.display().to_string(), "checkout", "--quiet", commit]);
        let (url, text) = (self.emulator.url(), |path: PathBuf| path.display().to_string());
        let variables = BTreeMap::from(
            [
                ("GH_STATE", text(self.path("gh"))),
                ("GITHUB_ACTIONS", "true".to_owned()),
                ("GITHUB_ACTOR", "ada-of-contoso".to_owned()),
                ("GITHUB_REF", "refs/heads/main".to_owned()),
                ("GITHUB_REPOSITORY", REPOSITORY.to_owned()),
                ("GITHUB_RUN_ID", self.runs.to_string()),
                ("GITHUB_SERVER_URL", "https://github.com".to_owned()),
                ("GITHUB_SHA", commit.to_owned()),
                ("HOME", text(self.folder.path().to_owned())),
                // What the files of a team do not know: where the emulator is.
                ("PIMFORM_ARM_ENDPOINT", url.clone()),
                ("PIMFORM_AUTH", "emulator".to_owned()),
                ("PIMFORM_GRAPH_ENDPOINT", url),
                ("TEST_NOW", self.now()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let mut values = BTreeMap::from(
            [
                ("github.event.repository.default_branch", "main".to_owned()),
                ("github.repository", REPOSITORY.to_owned()),
                ("github.run_id", self.runs.to_string()),
                ("github.server_url", "https://github.com".to_owned()),
                ("github.token", "a-token-of-the-job".to_owned()),
                ("vars.AZURE_TENANT_ID", client::TENANT.to_owned()),
                ("vars.PIMFORM_APPLY_CLIENT_ID", client::RUNNER_APP.to_owned()),
                ("vars.PIMFORM_PLAN_CLIENT_ID", client::RUNNER_APP.to_owned()),
                ("vars.PIMFORM_STORAGE_ACCOUNT", String::new()),
                ("vars.PIMFORM_STORE", text(self.path("store"))),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        if let Some(Pull { number, head, labels }) = pull {
            values.insert("github.event.pull_request.number".to_owned(), number.to_string());
            values.insert("github.event.pull_request.head.sha".to_owned(), head.clone());
            values.insert("toJSON(github.event.pull_request.labels.*.name)".to_owned(), labels.to_string());
        }
        (self.runs, Surroundings { bin: self.path("bin"), variables, values }, checkout)
    }

    /// The job of a pull request. The answer is how it ended, and the comment.
    fn plan(&mut self, pull: &Pull) -> (i32, String) {
        let (run, surroundings, checkout) = self.run(&pull.head, Some(pull));
        let mut job = Workflow::read("pimform.yml").job("plan", &surroundings, &checkout);
        job.step("plan").expect(0);
        if job.output("plan", "code") == "0" || job.output("plan", "code") == "2" {
            self.upload(run, "pimform-plan", &job.temp().join("plan.json"));
        }
        let comment = job.step("comment").expect(0);
        let code = job.step("result").run.code;
        let mut runs = self.kept("runs");
        runs.as_array_mut().unwrap().push(json!({
            "id": run, "run_number": run, "head_sha": pull.head, "head_repository": { "full_name": REPOSITORY },
            "conclusion": if code == 0 { "success" } else { "failure" },
        }));
        self.keep("runs", &runs);
        let body = self.kept("comments").as_array().unwrap().last().unwrap()["body"].as_str().unwrap().to_owned();
        assert_eq!(comment.summary, body);
        (code, body)
    }

    fn upload(&self, run: u64, name: &str, file: &Path) {
        let folder = self.path(&format!("gh/artifacts/{run}/{name}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(file, folder.join(file.file_name().unwrap())).unwrap();
    }

    /// The job that looks for the reviewed plan.
    fn reviewed(&mut self, commit: &str) -> (Job, Step) {
        let (_, surroundings, checkout) = self.run(commit, None);
        let mut job = Workflow::read("pimform.yml").job("reviewed", &surroundings, &checkout);
        let step = job.step("find");
        (job, step)
    }

    /// The job that applies what another one has found or made.
    fn apply(&mut self, commit: &str, from: &Job) -> Step {
        let (_, surroundings, checkout) = self.run(commit, None);
        let mut job = Workflow::read("pimform.yml").job("apply", &surroundings, &checkout);
        std::fs::create_dir(job.temp().join("reviewed")).unwrap();
        std::fs::copy(from.temp().join("reviewed/plan.json"), job.temp().join("reviewed/plan.json")).unwrap();
        job.step("apply")
    }

    /// The job that plans main, run by hand.
    fn plan_again(&mut self) -> (Job, String) {
        let (_, surroundings, checkout) = self.run("main", None);
        let mut job = Workflow::read("pimform.yml").job("plan-again", &surroundings, &checkout);
        let step = job.step("plan").expect(0);
        (job, step.summary)
    }

    /// The job of the night. The answer is how it ended, and the snapshot.
    fn night(&mut self) -> (i32, Job) {
        let (_, surroundings, checkout) = self.run("main", None);
        let mut job = Workflow::read("pimform-drift.yml").job("drift", &surroundings, &checkout);
        job.step("drift").expect(0);
        let code = job.step("issue").run.code;
        (code, job)
    }

    /// Somebody sets the longest activation of User Administrator in the portal.
    fn somebody_sets(&self, length: &str) {
        let http = client::http(&self.emulator);
        let base = self.emulator.url();
        let form = [
            ("grant_type", "password"),
            ("client_id", client::RUNNER_APP),
            ("username", "grace@contoso.example"),
            ("password", "anything"),
            ("scope", &format!("{base}/.default")),
        ];
        let policies = format!("{base}/v1.0/policies");
        self.runtime.block_on(async {
            let token = http.post(format!("{base}/{}/oauth2/v2.0/token", client::TENANT)).form(&form);
            let token: Value = token.send().await.unwrap().json().await.unwrap();
            let token = token["access_token"].as_str().unwrap();
            let filter = format!(
                "scopeId%20eq%20'/'%20and%20scopeType%20eq%20'DirectoryRole'%20and%20roleDefinitionId%20eq%20'{USER_ADMINISTRATOR}'"
            );
            let list = http.get(format!("{policies}/roleManagementPolicyAssignments?$filter={filter}"));
            let list: Value = list.bearer_auth(token).send().await.unwrap().json().await.unwrap();
            let policy = list["value"][0]["policyId"].as_str().unwrap().to_owned();
            let rule = "Expiration_EndUser_Assignment";
            let body = json!({
                "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyExpirationRule", "id": rule,
                "isExpirationRequired": true, "maximumDuration": length,
                "target": { "caller": "EndUser", "operations": ["All"], "level": "Assignment",
                            "inheritableSettings": [], "enforcedSettings": [] },
            });
            let patch = http.patch(format!("{policies}/roleManagementPolicies/{policy}/rules/{rule}"));
            let answer = patch.bearer_auth(token).json(&body).send().await.unwrap();
            assert!(answer.status().is_success(), "{}", answer.status());
        });
    }

    /// The runs that are recorded, the latest first.
    fn history(&self) -> Value {
        let store = self.path("store").display().to_string();
        let list = self.folder.run(&["history", "--store", &store, "--format", "json"]).expect(0);
        serde_json::from_str(&list.stdout).unwrap()
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        crate::traffic::keep(&self.emulator);
    }
}

/// Keeps `docs/ci.md` true: the text between its marks of this name is what was shown.
fn documented(mark: &str, text: &str) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let path = project().join("docs/ci.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(&format!("<!-- {mark} -->\n")).unwrap();
    let (_, after) = rest.split_once(&format!("<!-- /{mark} -->")).unwrap();
    // How long it took is another matter each time.
    let lasting = |line: &&str| !line.contains("read the tenant: ") && !line.contains("read the tenant again: ");
    let text = text.trim_end().lines().filter(lasting).collect::<Vec<_>>().join("\n");
    assert_file(&path, &format!("{before}<!-- {mark} -->\n````markdown\n{text}\n````\n<!-- /{mark} -->{after}"));
}

/// The scripts need what every runner of GitHub has. `.ci/run` insists on it.
fn can_play() -> bool {
    let there = ["bash", "git", "jq"].iter().all(|program| {
        Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    });
    assert!(there || std::env::var_os("PIMFORM_TEST_WORKFLOW").is_none(), "bash, git and jq are needed");
    there
}

#[test]
fn a_change_is_planned_reviewed_merged_and_applied() {
    if !can_play() {
        return;
    }
    let mut team = Team::start();
    let mut pull = team.pull(
        7,
        "directory.yaml",
        "settings: baseline",
        "settings: { extends: baseline, activation: { max_duration: 4h } }",
    );
    let (code, comment) = team.plan(&pull);
    assert_eq!(code, 0, "{comment}");
    assert!(comment.starts_with(MARK) && comment.contains("8h -&gt; 4h"), "{comment}");
    assert!(team.calls().contains("--method POST"));

    // A second push: the same comment, with another plan.
    team.edit("directory.yaml", "max_duration: 4h", "max_duration: 2h");
    pull.head = team.commit("on second thoughts");
    let (code, comment) = team.plan(&pull);
    assert_eq!(code, 0, "{comment}");
    assert!(comment.contains("8h -&gt; 2h") && comment.contains(&pull.head) && !comment.contains("4h"), "{comment}");
    documented("comment", &comment);
    assert!(team.calls().contains("--method PATCH"));
    assert_eq!(team.kept("comments").as_array().unwrap().len(), 1);

    let commit = team.merge(&pull, REPOSITORY);
    let (found, step) = team.reviewed(&commit);
    step.expect(0);
    let applied = team.apply(&commit, &found).expect(0);
    assert!(
        applied.summary.contains("**Applied.**") && applied.summary.contains("    Applied 1 of 1 step"),
        "{}",
        applied.summary
    );
    documented("applied", &applied.summary);
    let (_, summary) = team.plan_again();
    assert!(summary.contains("no changes"), "{summary}");
    let runs = team.history();
    assert_eq!(runs.as_array().unwrap().len(), 1, "{runs:#?}");
    let runner = &runs[0]["runner"];
    assert_eq!((&runner["who"], &runner["commit"]), (&json!("ada-of-contoso"), &json!(commit)));
    assert!(runner["job"].as_str().unwrap().starts_with("https://github.com/contoso/pim/actions/runs/"), "{runner}");
    assert_eq!(runner.get("uncommitted"), None);
}

#[test]
fn a_stale_plan_is_refused_and_planned_again() {
    if !can_play() {
        return;
    }
    let mut team = Team::start();
    let pull = team.pull(8, "directory.yaml", "for: 180d", "for: 90d");
    let (code, comment) = team.plan(&pull);
    assert_eq!(code, 0, "{comment}");
    team.somebody_sets("PT10H");
    let commit = team.merge(&pull, REPOSITORY);
    let (found, step) = team.reviewed(&commit);
    step.expect(0);
    let before = team.emulator.tenant_file();
    let refused = team.apply(&commit, &found).expect(4);
    assert!(refused.summary.starts_with("**Refused.**") && refused.summary.contains("stale"), "{}", refused.summary);
    assert!(refused.summary.contains("directory/User Administrator/settings"), "{}", refused.summary);
    assert_eq!(team.emulator.tenant_file(), before);
    documented("stale", &refused.summary);

    let (again, summary) = team.plan_again();
    assert!(summary.contains("10h -&gt; 8h"), "{summary}");
    team.apply(&commit, &again).expect(0);
    let (_, summary) = team.plan_again();
    assert!(summary.contains("no changes"), "{summary}");
}

#[test]
fn what_cannot_be_planned_is_said_in_the_comment_and_fails_the_job() {
    if !can_play() {
        return;
    }
    let mut team = Team::start();
    let mut pull = team.pull(9, "directory.yaml", "settings: baseline", "settings: baselin");
    let (code, comment) = team.plan(&pull);
    assert_eq!(code, 1);
    assert!(
        comment.contains("**The policy files are invalid.**") && comment.contains("error[unknown-profile]"),
        "{comment}"
    );

    // A guard refuses, and its flag lets the plan pass when somebody puts the label there.
    team.edit("directory.yaml", "settings: baselin", "settings: baseline");
    team.edit("directory.yaml", "      - { user: ada@contoso.example, permanent: true }\n", "");
    team.edit("directory.yaml", "    eligible:\n    active:", "    eligible: []\n    active:");
    let active =
        "      - { user: break-glass-1@contoso.example, permanent: true, justification: Emergency access account }\n";
    team.edit("directory.yaml", active, "");
    pull.head = team.commit("nobody is left");
    let (code, comment) = team.plan(&pull);
    assert_eq!(code, 1, "{comment}");
    assert!(comment.contains("**Refused.**") && comment.contains("--allow-protected"), "{comment}");
    let commit = team.merge(&pull, REPOSITORY);
    let (_, step) = team.reviewed(&commit);
    assert!(step.expect(1).run.stdout.contains("no plan that went well"));
    pull.labels = json!(["urgent", "allow-protected"]);
    let (code, comment) = team.plan(&pull);
    assert_eq!(code, 0, "{comment}");

    team.emulator
        .set_faults(vec!["denied=/subscriptions/c50263ce-5259-4a3c-a74c-860b1f88e997".parse::<Fault>().unwrap()]);
    let (code, comment) = team.plan(&pull);
    assert_eq!(code, 1);
    assert!(
        comment.contains("**Incomplete.**") && comment.contains("azure/subscriptions/Production/Owner"),
        "{comment}"
    );
    assert_eq!(team.kept("comments").as_array().unwrap().len(), 1);
}

#[test]
fn a_plan_that_was_not_made_here_is_not_the_reviewed_one() {
    if !can_play() {
        return;
    }
    let mut team = Team::start();
    let pull = team.pull(10, "directory.yaml", "for: 180d", "for: 90d");
    team.plan(&pull);
    // A fork whose own workflow uploads what it likes.
    let commit = team.merge(&pull, "mallory/pim");
    let (_, step) = team.reviewed(&commit);
    assert!(step.expect(1).run.stdout.contains("no pull request was merged here"));
    let commit = team.git(&["rev-parse", "HEAD~1"]);
    let (_, step) = team.reviewed(&commit);
    assert!(step.expect(1).run.stdout.contains("no pull request was merged here"));
}

#[test]
fn drift_is_one_issue_that_is_opened_brought_up_to_date_and_closed() {
    if !can_play() {
        return;
    }
    let mut team = Team::start();
    let (again, _) = team.plan_again();
    team.apply("main", &again).expect(0);
    let (code, _) = team.night();
    assert_eq!((code, team.kept("issues")), (0, json!([])));

    team.wait(1);
    team.somebody_sets("PT10H");
    team.wait(1);
    assert_eq!(team.night().0, 0);
    let issues = team.kept("issues");
    let [issue] = issues.as_array().unwrap().as_slice() else { panic!("{issues}") };
    let body = issue["body"].as_str().unwrap();
    assert!(body.contains("User Administrator") && body.contains("grace@"), "{body}");
    assert!(body.contains("https://github.com/contoso/pim/actions/runs/"), "{body}");
    documented("issue", body);

    team.wait(1);
    team.somebody_sets("PT12H");
    assert_eq!(team.night().0, 0);
    let issues = team.kept("issues");
    let [issue] = issues.as_array().unwrap().as_slice() else { panic!("{issues}") };
    assert!(issue["body"].as_str().unwrap().contains("12h"), "{issue}");

    // What could not be read says nothing, so the issue stays.
    team.emulator.set_faults(vec!["denied=directory".parse::<Fault>().unwrap()]);
    assert_eq!(team.night().0, 1);
    team.emulator.set_faults(Vec::new());
    assert_eq!(team.kept("issues")[0]["state"], "open");

    let (again, _) = team.plan_again();
    team.apply("main", &again).expect(0);
    assert_eq!(team.night().0, 0);
    assert_eq!(team.kept("issues")[0]["state"], "closed");
    assert_eq!(team.kept("issues").as_array().unwrap().len(), 1);
}

#[test]
fn drift_goes_to_code_scanning_where_that_is_wanted() {
    if !can_play() {
        return;
    }
    let mut team = Team::start();
    let (again, _) = team.plan_again();
    team.apply("main", &again).expect(0);
    team.wait(1);
    team.somebody_sets("PT10H");
    let (_, mut job) = team.night();
    job.step("sarif").expect(0);
    let (_, surroundings, checkout) = team.run("main", None);
    let mut scanning = Workflow::read("pimform-drift.yml").job("code-scanning", &surroundings, &checkout);
    std::fs::copy(job.temp().join("drift.sarif"), scanning.temp().join("drift.sarif")).unwrap();
    scanning.step("upload").expect(0);
    let mut unpack = Command::new("sh");
    unpack.args(["-c", "base64 --decode gh/sarif | gzip --decompress"]).current_dir(team.folder.path());
    let sarif: Value = serde_json::from_str(&Run::of(&unpack.output().unwrap()).expect(0).stdout).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 1, "{sarif:#}");
}

#[test]
fn a_fork_is_planned_against_the_snapshot_of_last_night_without_any_credential() {
    if !can_play() {
        return;
    }
    let mut team = Team::start();
    let (_, mut night) = team.night();
    night.step("snapshot").expect(0);
    team.upload(1, "pimform-snapshot", &night.temp().join("tenant.json"));
    // A fork has uploaded one, too, and later.
    std::fs::create_dir_all(team.path("gh/artifacts/2/pimform-snapshot")).unwrap();
    team.folder.write("gh/artifacts/2/pimform-snapshot/tenant.json", "{}");
    let artifact = |run: u64, branch: &str, from: u64, day: u32| {
        json!({ "expired": false, "created_at": format!("2026-11-2{day}T03:17:00Z"),
                "workflow_run": { "id": run, "repository_id": 1, "head_repository_id": from, "head_branch": branch } })
    };
    team.keep("artifacts", &json!([artifact(1, "main", 1, 1), artifact(2, "main", 2, 2), artifact(3, "x", 1, 2)]));

    let pull = team.pull(11, "directory.yaml", "for: 180d", "for: 90d");
    let (_, mut surroundings, checkout) = team.run(&pull.head, Some(&pull));
    // No tenant can be reached.
    surroundings.variables.retain(|name, _| !name.starts_with("PIMFORM_") && !name.starts_with("ACTIONS_"));
    let mut job = Workflow::read("pimform.yml").job("plan-fork", &surroundings, &checkout);
    job.step("snapshot").expect(0);
    let asked = team.emulator.log().lines().count();
    let plan = job.step("plan").expect(0);
    assert!(plan.summary.contains("mary@contoso.example") && plan.summary.contains("for 90d"), "{}", plan.summary);
    assert_eq!(team.emulator.log().lines().count(), asked);
}

/// Jobs get no permission that the whole file has, check out without leaving a token behind, and run nothing of others that
/// is not pinned by commit.
#[test]
fn the_workflows_are_frugal_with_trust() {
    for name in ["pimform.yml", "pimform-drift.yml"] {
        let path = project().join("examples/ci/github").join(name);
        let text = std::fs::read_to_string(path).unwrap();
        let workflow: Value = serde_yaml::from_str(&text).unwrap();
        assert_eq!(workflow["permissions"], json!({}), "{name}");
        assert_eq!(workflow["env"]["PIMFORM_VERSION"], env!("CARGO_PKG_VERSION"), "{name}");
        for (id, job) in workflow["jobs"].as_object().unwrap() {
            let permissions = job["permissions"].as_object().unwrap();
            assert!(!permissions.is_empty(), "{name}: {id}");
            assert!(!(id == "plan-fork" && permissions.values().any(|right| right != "read")), "{name}: {id}");
            for step in job["steps"].as_array().unwrap() {
                let Some(action) = step["uses"].as_str() else { continue };
                let (who, commit) = action.split_once('@').unwrap();
                assert!(who.starts_with("actions/") && commit.len() == 40, "{action}");
                if who == "actions/checkout" {
                    assert_eq!(step["with"]["persist-credentials"], false, "{name}: {id}");
                }
            }
        }
    }
}
