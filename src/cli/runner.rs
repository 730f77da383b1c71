//! Who runs pimform, and from which commit, for the record of an apply.
#![expect(clippy::disallowed_methods, reason = "this is the shell: it reads the environment")]

use std::path::Path;
use std::process::{Command, Stdio};

use crate::runs::Runner;

/// Variables that name whoever started a job, the page of the job, and the commit.
struct Job {
    /// Set where the job runs.
    here: &'static str,
    who: &'static str,
    commit: &'static str,
    page: fn() -> Option<String>,
}

const JOBS: [Job; 3] = [
    Job {
        here: "GITHUB_ACTIONS",
        who: "GITHUB_ACTOR",
        commit: "GITHUB_SHA",
        page: || {
            let (server, repository) = (variable("GITHUB_SERVER_URL")?, variable("GITHUB_REPOSITORY")?);
            Some(format!("{server}/{repository}/actions/runs/{}", variable("GITHUB_RUN_ID")?))
        },
    },
    Job {
        here: "TF_BUILD",
        who: "BUILD_REQUESTEDFOR",
        commit: "BUILD_SOURCEVERSION",
        page: || {
            let (server, project) = (variable("SYSTEM_COLLECTIONURI")?, variable("SYSTEM_TEAMPROJECT")?);
            Some(format!("{server}{project}/_build/results?buildId={}", variable("BUILD_BUILDID")?))
        },
    },
    Job { here: "GITLAB_CI", who: "GITLAB_USER_LOGIN", commit: "CI_COMMIT_SHA", page: || variable("CI_JOB_URL") },
];

/// Who runs this, as far as the environment tells, and the commit of the policy files.
pub(super) fn detect(policies: &Path) -> Runner {
    let job = JOBS.iter().find(|job| variable(job.here).is_some());
    let who = job.and_then(|job| variable(job.who)).unwrap_or_else(person);
    let commit = job.and_then(|job| variable(job.commit)).or_else(|| git(policies, &["rev-parse", "HEAD"]));
    let changes = git(policies, &["status", "--porcelain", "--", "."]);
    Runner {
        who,
        job: job.and_then(|job| (job.page)()),
        uncommitted: commit.is_some() && changes.is_some_and(|changes| !changes.is_empty()),
        commit,
    }
}

/// `ada on build-7`
fn person() -> String {
    let user = variable("USER").or_else(|| variable("USERNAME")).unwrap_or_else(|| "somebody".to_owned());
    match variable("HOSTNAME").or_else(|| variable("COMPUTERNAME")).or_else(host) {
        Some(host) => format!("{user} on {host}"),
        None => user,
    }
}

fn host() -> Option<String> {
    let name = std::fs::read_to_string("/etc/hostname").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What git says of a directory; nothing if there is no git or the directory is in none.
fn git(directory: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(directory).args(args).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
