//! The lock and the records, in a folder, and in Azure Blob Storage where `PIMFORM_TEST_STORE` names a container
//! (`.ci/store` does, on a real server): the same tests for both.

use std::io::Read as _;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use pimform::runs::{Holder, Location, Lock, Locked, Runner, Store};
use serde_json::Value;

use crate::harness::{Run, Workspace, project};

/// A place for a store, of its own for each test.
struct Place {
    text: String,
    environment: Vec<(String, String)>,
    /// A folder tells when a process has ended; a cloud's storage does not.
    is_folder: bool,
    _folder: tempfile::TempDir,
}

impl Place {
    fn open(&self) -> Store {
        let location = Location::parse(&self.text, std::path::Path::new("")).unwrap();
        Store::open(&location, self.environment.clone()).unwrap()
    }

    /// The program in a folder, with this store.
    fn command(&self, workspace: &Workspace, args: &[&str]) -> Command {
        let mut command = workspace.command(args);
        command.env("PIMFORM_STORE", &self.text).envs(self.environment.clone()).stdin(Stdio::null());
        command
    }

    fn run(&self, workspace: &Workspace, args: &[&str]) -> Run {
        Run::of(&self.command(workspace, args).output().unwrap())
    }
}

/// The places to test, told apart by the name of the test.
fn places(test: &str) -> Vec<Place> {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("store").display().to_string();
    let mut places = vec![Place { text, environment: Vec::new(), is_folder: true, _folder: folder }];
    if let Ok(container) = std::env::var("PIMFORM_TEST_STORE") {
        let environment: Vec<(String, String)> =
            std::env::vars().filter(|(name, _)| name.starts_with("AZURE_")).collect();
        let folder = tempfile::tempdir().unwrap();
        // Two runs against one server do not meet.
        let text = format!("{container}/{test}-{}", std::process::id());
        places.push(Place { text, environment, is_folder: false, _folder: folder });
    }
    places
}

fn holder(run: &str) -> Holder {
    Holder {
        run: run.parse().unwrap(),
        token: uuid::Uuid::new_v4(),
        runner: Runner { who: "grace".to_owned(), ..Runner::default() },
        tenant: None,
        since: "2026-11-21T11:00:00Z".parse().unwrap(),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// A tenant and its policies, with something to do.
fn workspace() -> Workspace {
    Workspace::copy_of(&project().join("tests/scenarios/history-and-undo"))
}

#[test]
fn of_two_who_take_the_lock_at_once_one_gets_it_and_the_other_is_told_who() {
    for place in places("at-once") {
        runtime().block_on(async {
            for round in 0..5 {
                let takers = ["a", "b"].map(|who| {
                    let store = place.open();
                    tokio::spawn(async move { Lock::take(&store, &holder(&format!("{who}-{round}"))).await.unwrap() })
                });
                let mut ours = Vec::new();
                let mut theirs = Vec::new();
                for taker in takers {
                    match taker.await.unwrap() {
                        Locked::Ours(lock) => ours.push(lock),
                        Locked::Theirs(other) => theirs.push(other),
                    }
                }
                assert_eq!((ours.len(), theirs.len()), (1, 1), "{}", place.text);
                let has_it = Lock::holder(&place.open()).await.unwrap().unwrap();
                if let Some(Some(told)) = theirs.pop() {
                    assert_eq!(*told, has_it, "{}", place.text);
                }
                assert!(ours.pop().unwrap().release().await.unwrap());
                assert_eq!(Lock::holder(&place.open()).await.unwrap(), None);
            }
        });
    }
}

#[test]
fn a_lock_that_somebody_took_away_is_not_given_back() {
    for place in places("taken-away") {
        runtime().block_on(async {
            let store = place.open();
            let Locked::Ours(lock) = Lock::take(&store, &holder("a")).await.unwrap() else { panic!("{}", place.text) };
            assert!(!Lock::take_away(&store, &"b".parse().unwrap()).await.unwrap());
            assert!(Lock::take_away(&store, &"a".parse().unwrap()).await.unwrap());
            assert!(!lock.release().await.unwrap(), "{}", place.text);
            let Locked::Ours(lock) = Lock::take(&store, &holder("b")).await.unwrap() else { panic!("{}", place.text) };
            assert!(lock.release().await.unwrap());
        });
    }
}

/// A run that is killed while it reads the tenant: the lock stays. In a folder the next run takes it over, since the process
/// is known to be gone; elsewhere somebody has to say so.
#[test]
fn the_lock_of_a_killed_run_is_explained_and_can_be_taken_away() {
    for place in places("killed") {
        let workspace = workspace();
        // A service that never answers. Whoever connects has the lock by then.
        let silence = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", silence.local_addr().unwrap());
        let args =
            ["apply", "--auto-approve", "--backend", "microsoft", "--graph-endpoint", &url, "--arm-endpoint", &url];
        let mut killed = place.command(&workspace, &args).stderr(Stdio::piped()).spawn().unwrap();
        let connection = silence.accept().unwrap();
        killed.kill().unwrap();
        killed.wait().unwrap();
        drop(connection);
        let mut said = String::new();
        killed.stderr.take().unwrap().read_to_string(&mut said).unwrap();

        let held = runtime().block_on(Lock::holder(&place.open())).unwrap();
        let id = held.unwrap_or_else(|| panic!("{}: {said}", place.text)).run.to_string();
        if !place.is_folder {
            let refused = place.run(&workspace, &["apply", "--auto-approve"]).expect(1);
            assert!(refused.stderr.contains("ada on laptop") && refused.stderr.contains(&id), "{}", refused.stderr);
            assert!(refused.stderr.contains(&format!("`pimform unlock {id}`")), "{}", refused.stderr);
            let other = place.run(&workspace, &["unlock", "20260101T000000Z-00000000"]).expect(1);
            assert!(other.stderr.contains(&format!("the lock is held by run `{id}`")), "{}", other.stderr);
            place.run(&workspace, &["unlock", &id]).expect(0);
        }
        let applied = place.run(&workspace, &["apply", "--auto-approve"]).expect(0);
        assert_eq!(applied.stderr.contains("taking over the lock"), place.is_folder, "{}", applied.stderr);
        let nobody = place.run(&workspace, &["unlock"]).expect(0);
        assert!(nobody.stderr.contains("nobody holds the lock"), "{}", nobody.stderr);
    }
}

#[test]
fn a_run_is_recorded_shown_and_undone() {
    for place in places("record") {
        let workspace = workspace();
        let before = workspace.read("tenant.json");
        assert_eq!(place.run(&workspace, &["history"]).expect(0).stdout, "");
        place.run(&workspace, &["apply", "--auto-approve"]).expect(0);
        let list: Value =
            serde_json::from_str(&place.run(&workspace, &["history", "--format", "json"]).expect(0).stdout).unwrap();
        let [run] = list.as_array().unwrap().as_slice() else { panic!("{}: {list:#}", place.text) };
        let id = run["id"].as_str().unwrap();
        let shown = place.run(&workspace, &["history", id]).expect(0);
        assert!(shown.stdout.starts_with(&format!("Run {id}: done\n")), "{}", shown.stdout);
        assert!(shown.stdout.contains("who      ada on laptop"), "{}", shown.stdout);
        let drift = place.run(&workspace, &["drift"]).expect(0);
        assert!(drift.stdout.contains(&format!("run {id}")), "{}", drift.stdout);

        place.run(&workspace, &["undo", id, "--auto-approve"]).expect(0);
        let list = place.run(&workspace, &["history"]).expect(0).stdout;
        assert_eq!(list.lines().count(), 2, "{list}");
        let undone = place.run(&workspace, &["undo", id, "--plan"]).expect(0);
        assert!(undone.stdout.contains("Nothing to restore"), "{}", undone.stdout);
        let settings = |text: &str| serde_json::from_str::<Value>(text).unwrap()["targets"][0]["settings"].clone();
        assert_eq!(settings(&workspace.read("tenant.json")), settings(&before), "{}", place.text);
    }
}

#[test]
fn two_applies_at_once_are_never_under_way_together() {
    for place in places("applies") {
        let workspace = workspace();
        let applies: Vec<_> = (0..3)
            .map(|_| {
                let mut command = place.command(&workspace, &["apply", "--auto-approve"]);
                command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        let mut done = 0;
        for apply in applies {
            let run = Run::of(&apply.wait_with_output().unwrap());
            match run.code {
                0 => done += 1,
                1 => assert!(
                    run.stderr.contains("has been applying since") || run.stderr.contains("about to apply"),
                    "{}",
                    run.stderr
                ),
                code => panic!("{}: {code}\n{}", place.text, run.stderr),
            }
        }
        assert!(done > 0, "{}", place.text);
        // Those who came later found nothing to do.
        let list = place.run(&workspace, &["history"]).expect(0).stdout;
        assert_eq!(list.lines().count(), 1, "{}: {list}", place.text);
    }
}

/// Of a cloud's storage: what is wrong is said, and the key is not.
#[test]
fn a_store_that_cannot_be_used_stops_an_apply_before_it_begins_and_tells_no_key() {
    let workspace = workspace();
    let before = workspace.read("tenant.json");
    // Base64 of nothing in particular.
    let key = "bm90IHRoZSBrZXkgb2YgYW55IGFjY291bnQ=";
    let signature = "c2lnbmVkIGJ5IG5vYm9keQ";
    let sas = format!("sv=2021-12-02&ss=b&srt=co&sp=rwl&se=2099-01-01T00:00:00Z&sig={signature}");
    for secrets in [[("AZURE_STORAGE_ACCOUNT_KEY", key)], [("AZURE_STORAGE_SAS_KEY", sas.as_str())]] {
        for mut place in places("no-key").into_iter().filter(|place| !place.is_folder) {
            place.environment.retain(|(name, _)| name != "AZURE_STORAGE_ACCOUNT_KEY");
            place.environment.extend(secrets.map(|(name, value)| (name.to_owned(), value.to_owned())));
            let run = place.run(&workspace, &["apply", "--auto-approve"]).expect(1);
            assert!(run.stderr.starts_with("error: cannot list `runs` in the store `az://"), "{}", run.stderr);
            assert!(run.stderr.contains("help: "), "{}", run.stderr);
            for secret in [key, signature, "SharedKey"] {
                assert!(!run.stderr.contains(secret), "{}", run.stderr);
            }
            assert_eq!(run.stderr.matches("Error performing").count(), 2, "{}", run.stderr);
        }
    }
    // Nobody to ask: no account is named.
    let mut command = workspace.command(&["apply", "--auto-approve", "--store", "az://pimform/x"]);
    command.env("AZURE_STORAGE_ACCOUNT_KEY", key);
    let run = Run::of(&command.output().unwrap()).expect(1);
    assert!(run.stderr.contains("the store `az://pimform/x` cannot be opened"), "{}", run.stderr);
    assert!(!run.stderr.contains(key), "{}", run.stderr);
    assert_eq!(workspace.read("tenant.json"), before);
}
