//! Plays jobs of GitHub Actions: runs the scripts of their steps as they stand in the workflow files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::{Run, project};

/// Values of expressions such as `github.token`.
pub(crate) type Values = BTreeMap<String, String>;

/// A workflow file.
pub(crate) struct Workflow(Value);

impl Workflow {
    /// Reads one of `examples/ci/github`.
    pub(crate) fn read(name: &str) -> Self {
        let path = project().join("examples/ci/github").join(name);
        Self(serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    }

    /// A job of it, to be played in a checkout.
    pub(crate) fn job(&self, name: &str, surroundings: &Surroundings, checkout: &Path) -> Job {
        let job = self.0["jobs"][name].clone();
        assert!(job.is_object(), "there is no job `{name}`");
        let mut environment = Vec::new();
        environment.extend(variables(&self.0["env"]));
        environment.extend(variables(&job["env"]));
        let temp = tempfile::tempdir().unwrap();
        Job {
            job,
            environment,
            surroundings: surroundings.clone(),
            checkout: checkout.to_owned(),
            temp,
            done: Vec::new(),
        }
    }
}

/// What a job finds on its machine.
#[derive(Clone)]
pub(crate) struct Surroundings {
    /// Programs that come before those of the system.
    pub(crate) bin: PathBuf,
    /// Variables of the machine, and those that a test sets instead of the ones of the file.
    pub(crate) variables: BTreeMap<String, String>,
    /// What expressions stand for.
    pub(crate) values: Values,
}

/// A job that is being played.
pub(crate) struct Job {
    job: Value,
    environment: Vec<(String, String)>,
    surroundings: Surroundings,
    checkout: PathBuf,
    temp: tempfile::TempDir,
    done: Vec<String>,
}

impl Job {
    /// `RUNNER_TEMP`.
    pub(crate) fn temp(&self) -> &Path {
        self.temp.path()
    }

    /// What a step has said for the next ones.
    pub(crate) fn output(&self, step: &str, name: &str) -> &str {
        &self.surroundings.values[&format!("steps.{step}.outputs.{name}")]
    }

    /// Runs the step with this id. Its outputs are there for the next ones.
    pub(crate) fn step(&mut self, id: &str) -> Step {
        let steps = self.job["steps"].as_array().unwrap();
        let at = steps.iter().position(|step| step["id"] == id).unwrap_or_else(|| panic!("there is no step `{id}`"));
        let step = steps[at].clone();
        let script = step["run"].as_str().unwrap_or_else(|| panic!("step `{id}` runs nothing"));
        assert!(!script.contains("${{"), "step `{id}`: an expression in a script is an injection");
        let file = |name: &str| {
            let path = self.temp().join(format!("_{name}"));
            std::fs::write(&path, "").unwrap();
            path
        };
        let (outputs, summary) = (file("output"), file("summary"));
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]).stdin(Stdio::null());
        command.current_dir(&self.checkout).env_clear();
        let system = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{system}", self.surroundings.bin.display()));
        for (name, text) in self.environment.iter().cloned().chain(variables(&step["env"])) {
            command.env(name, self.evaluate(&text));
        }
        command.envs(&self.surroundings.variables);
        command.env("RUNNER_TEMP", self.temp()).env("GITHUB_OUTPUT", &outputs).env("GITHUB_STEP_SUMMARY", &summary);
        let run = Run::of(&command.output().unwrap());
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        for line in read(&outputs).lines() {
            let (name, value) = line.split_once('=').unwrap();
            self.surroundings.values.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
        }
        self.done.push(id.to_owned());
        Step { run, summary: read(&summary) }
    }

    /// An expression's value. Only such as are simply the name of something.
    fn evaluate(&self, text: &str) -> String {
        let mut rest = text;
        let mut whole = String::new();
        while let Some((before, after)) = rest.split_once("${{") {
            let (expression, after) = after.split_once("}}").unwrap();
            let value = self.surroundings.values.get(expression.trim());
            whole.push_str(before);
            whole.push_str(value.unwrap_or_else(|| panic!("what is `{}`?", expression.trim())));
            rest = after;
        }
        whole + rest
    }
}

impl Drop for Job {
    /// Every script with an id was run, unless it is one that only some need.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let steps = self.job["steps"].as_array().unwrap();
        for step in steps.iter().filter(|step| step["run"].is_string() && !step["if"].is_string()) {
            let id = step["id"].as_str().unwrap_or_else(|| panic!("a script without an id is never tested: {step}"));
            assert!(self.done.iter().any(|done| done == id), "step `{id}` was left out");
        }
    }
}

/// What came of a step.
pub(crate) struct Step {
    /// Its process.
    pub(crate) run: Run,
    /// What it wrote for the page of the job.
    pub(crate) summary: String,
}

impl Step {
    /// Fails unless it ended with this code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        Self { run: self.run.expect(code), ..self }
    }
}

fn variables(of: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    of.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect()
}
