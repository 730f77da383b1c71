//! Runs, for people and for programs.

use std::fmt::Write as _;

use super::line::one_line;
use super::{Style, harmless_json, visible};
use crate::model::Time;
use crate::plan::Plan;
use crate::runs::{Applier, Holder, OutcomeState, Purpose, RunId, RunRecord, RunState};

/// A line for each run, the latest first.
pub fn runs_text(records: &[RunRecord], alive: Option<&RunId>, style: Style) -> String {
    let mut out = String::new();
    for record in records {
        let commit = record.runner.commit.as_deref().map(|commit| format!(" at {}", short(commit))).unwrap_or_default();
        let line =
            format!("{}  {}  {}{}: {}", record.id, word(record, alive, style), purpose(record), commit, steps(record));
        let _ = writeln!(out, "{line} by {}", visible(&record.runner.who));
    }
    out
}

/// One run with what became of each step.
pub fn run_text(record: &RunRecord, alive: Option<&RunId>, style: Style) -> String {
    let mut out = format!("Run {}: {}\n", record.id, word(record, alive, style).trim_end());
    let mut fact = |name: &str, value: &str| {
        let _ = writeln!(out, "  {name:<8} {}", visible(value));
    };
    fact("what", &format!("{}: {}", purpose(record), steps(record)));
    fact("who", &record.runner.who);
    if let Some(Applier { object, application, name }) = &record.signed_in {
        let application = application.map(|id| format!(", application {id}")).unwrap_or_default();
        let name = name.as_deref().unwrap_or("an object without a name");
        fact("as", &format!("{name} ({object}{application})"));
    }
    if let Some(job) = &record.runner.job {
        fact("job", job);
    }
    if let Some(commit) = &record.runner.commit {
        let changed = if record.runner.uncommitted { ", with changes that were not committed" } else { "" };
        fact("commit", &format!("{commit}{changed}"));
    }
    let tenant = &record.plan.tenant;
    fact("tenant", &tenant.name.as_deref().map_or(tenant.id.to_string(), |name| format!("{name} ({})", tenant.id)));
    fact("began", &record.began.to_string());
    match record.ended {
        Some(ended) => fact("ended", &ended.to_string()),
        None => fact("ended", "it has not, or without saying so"),
    }
    fact("plan", &record.plan.digest.to_string());
    out.push('\n');
    let plan = plan_of(record);
    for step in &plan.steps {
        let outcome = record.outcomes.get(&step.id);
        let state = outcome.map_or("-      ", |outcome| state(outcome.state));
        let _ = writeln!(out, "{state} {}", one_line(&plan, step));
        if let Some(outcome) = outcome {
            if let Some(message) = &outcome.message {
                let _ = writeln!(out, "        {}", visible(message));
            }
            if !outcome.request_ids.is_empty() {
                let ids: Vec<&str> = outcome.request_ids.iter().map(|id| &**id).collect();
                let _ = writeln!(out, "        request {}", visible(&ids.join(", ")));
            }
        }
    }
    if !record.remaining.is_empty() {
        out += "\nA plan made afterwards still named:\n";
        for address in &record.remaining {
            let _ = writeln!(out, "  {}", visible(address));
        }
    }
    if record.count(OutcomeState::Done) > 0 {
        let _ = writeln!(out, "\n`pimform undo {}` shows what it takes to go back.", record.id);
    }
    out
}

/// Who holds the lock, since when, and how far that run has come by its record.
pub fn lock_text(holder: &Holder, record: Option<&RunRecord>, now: Time) -> String {
    let mut text =
        format!("{} has been applying since {} ({})", holder.runner.who, holder.since, age(holder.since, now));
    if let Some(job) = &holder.runner.job {
        let _ = write!(text, ", job {job}");
    }
    let Some(record) = record else {
        let _ = write!(text, "; it has recorded nothing yet");
        return text;
    };
    let last = record.outcomes.values().map(|outcome| outcome.at).max().unwrap_or(record.began);
    let _ = write!(text, "; run {}: {}, last heard of {}", record.id, steps(record), age(last, now));
    if record.ended.is_some() {
        text += "; the run has ended without giving the lock back";
    }
    text
}

/// One run as JSON: its record.
pub fn run_json(record: &RunRecord) -> serde_json::Result<String> {
    serde_json::to_string_pretty(record).map(harmless_json)
}

/// Runs as JSON: their records in a list.
pub fn runs_json(records: &[RunRecord]) -> serde_json::Result<String> {
    serde_json::to_string_pretty(records).map(harmless_json)
}

fn plan_of(record: &RunRecord) -> Plan {
    let file = &record.plan;
    Plan {
        tenant: file.tenant.id,
        tenant_name: file.tenant.name.clone(),
        made_at: file.made_at,
        only: file.only.clone(),
        steps: file.steps.to_vec(),
        observations: Vec::new(),
        principals: file.principals.clone().into_owned(),
    }
}

fn purpose(record: &RunRecord) -> String {
    match &record.purpose {
        Purpose::Apply => "apply".to_owned(),
        Purpose::Undo(run) => format!("undo of {run}"),
    }
}

fn steps(record: &RunRecord) -> String {
    let done = record.count(OutcomeState::Done) + record.count(OutcomeState::AlreadySo);
    let all = record.plan.steps.len();
    match all {
        0 => "nothing to do".to_owned(),
        _ if done == all => super::count(all, "step", "steps"),
        _ => format!("{done} of {}", super::count(all, "step", "steps")),
    }
}

/// How a run came out. One that has not ended and does not hold the lock has died.
fn word(record: &RunRecord, alive: Option<&RunId>, style: Style) -> String {
    let (word, color) = match record.state {
        RunState::Running if alive != Some(&record.id) => ("broken ", anstyle::AnsiColor::Red),
        RunState::Running => ("running", anstyle::AnsiColor::Yellow),
        RunState::Done => ("done   ", anstyle::AnsiColor::Green),
        RunState::Partial => ("partial", anstyle::AnsiColor::Yellow),
        RunState::Failed => ("failed ", anstyle::AnsiColor::Red),
    };
    let painted = color.on_default();
    if style.color { format!("{painted}{word}{painted:#}") } else { word.to_owned() }
}

fn state(state: OutcomeState) -> &'static str {
    match state {
        OutcomeState::Begun => "begun  ",
        OutcomeState::Done => "done   ",
        OutcomeState::AlreadySo => "already",
        OutcomeState::Failed => "failed ",
        OutcomeState::Skipped => "skipped",
        OutcomeState::NotStarted => "stopped",
    }
}

/// `3 h ago`
fn age(since: Time, now: Time) -> String {
    match since.until(now).as_secs() {
        seconds @ 0..120 => format!("{seconds} s ago"),
        seconds @ 120..7_200 => format!("{} min ago", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h ago", seconds / 3_600),
        seconds => format!("{} days ago", seconds / 86_400),
    }
}

fn short(commit: &str) -> String {
    commit.chars().take(12).collect()
}
