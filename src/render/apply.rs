//! What came of an apply.

use std::fmt::Write as _;

use serde::Serialize;

use super::escape::visible;
use super::json::harmless_json;
use super::text::Style;
use super::{one_line, words};
use crate::apply::{ApplyReport, Outcome};
use crate::diag::chain;
use crate::plan::{ObservationKind, Plan, PlanFile, Step, StepId, Verdict};

/// How many of the steps that are left are named.
const REMAINING: usize = 20;

/// For people. `remaining` is what a fresh plan still finds, if it could be made.
pub fn applied_text(plan: &Plan, report: &ApplyReport, remaining: Option<&Plan>, style: Style) -> String {
    let paint = |color: anstyle::AnsiColor, text: &str| {
        let painted = color.on_default();
        if style.color { format!("{painted}{text}{painted:#}") } else { text.to_owned() }
    };
    let mut out = String::new();
    for step in &plan.steps {
        let Some(outcome) = report.outcomes.get(&step.id) else { continue };
        let word = match outcome {
            Outcome::Done(_) if outcome.was_so_already() => paint(anstyle::AnsiColor::Green, "already"),
            Outcome::Done(_) => paint(anstyle::AnsiColor::Green, "done   "),
            Outcome::Failed(_) => paint(anstyle::AnsiColor::Red, "failed "),
            Outcome::Skipped { .. } => paint(anstyle::AnsiColor::Yellow, "skipped"),
            Outcome::NotStarted => paint(anstyle::AnsiColor::Yellow, "stopped"),
        };
        let _ = writeln!(out, "{word} {}", one_line(plan, step));
        if let Some(detail) = detail(outcome) {
            let _ = writeln!(out, "        {}", visible(&detail));
        }
        if let Some(help) = help(outcome) {
            let _ = writeln!(out, "        help: {}", visible(&help));
        }
    }
    out += &closing(plan, report, remaining);
    out
}

fn detail(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Failed(error) => Some(chain(error)),
        Outcome::Skipped { needs } => Some(format!("it needs step {needs}, which was not done")),
        Outcome::Done(_) | Outcome::NotStarted => None,
    }
}

/// A way out of a failure.
fn help(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Failed(error) => error.help(),
        Outcome::Done(_) | Outcome::Skipped { .. } | Outcome::NotStarted => None,
    }
}

fn closing(plan: &Plan, report: &ApplyReport, remaining: Option<&Plan>) -> String {
    if plan.steps.is_empty() {
        return String::new();
    }
    let mut out = String::from("\n");
    let left = remaining.map_or(&[][..], |remaining| &remaining.steps);
    if let Some(remaining) = remaining.filter(|_| !left.is_empty()) {
        let _ = writeln!(out, "Still to do:");
        for step in left.iter().take(REMAINING) {
            let _ = writeln!(out, "  {}", one_line(remaining, step));
        }
        if left.len() > REMAINING {
            let _ = writeln!(out, "  … and {} more", words::thousands(left.len() - REMAINING));
        }
        out.push('\n');
    }
    let (done, all) = (report.count(Outcome::is_done), words::count(plan.steps.len(), "step", "steps"));
    let _ = write!(out, "Applied {} of {all}.", words::thousands(done));
    match remaining {
        None => out += " The tenant could not be read again to verify it.\n",
        Some(remaining) if left.is_empty() => {
            let blocked = remaining.observations.iter().any(|seen| seen.kind == ObservationKind::Blocked);
            out += match (blocked, remaining.only.is_empty()) {
                (true, _) => " A second plan finds nothing to do but what is blocked.\n",
                (false, false) => " A second plan of this part finds nothing to do.\n",
                (false, true) => " A second plan finds nothing to do.\n",
            };
        }
        Some(_) => {
            let _ = writeln!(out, " A second plan still finds {}.", words::count(left.len(), "step", "steps"));
        }
    }
    out
}

/// The JSON form of what came of an apply.
#[derive(Serialize)]
struct AppliedFile<'a> {
    version: u32,
    complete: bool,
    converged: Option<bool>,
    outcomes: Vec<StepOutcome>,
    remaining: Vec<Step>,
    plan: PlanFile<'a>,
}

#[derive(Serialize)]
struct StepOutcome {
    id: StepId,
    address: String,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

/// For programs. `converged` is null when the tenant could not be read again.
pub fn applied_json(
    plan: &Plan,
    verdict: &Verdict,
    report: &ApplyReport,
    remaining: Option<&Plan>,
) -> serde_json::Result<String> {
    let outcomes = plan.steps.iter().filter_map(|step| {
        let outcome = report.outcomes.get(&step.id)?;
        let word = match outcome {
            Outcome::Done(_) if outcome.was_so_already() => "already_so",
            Outcome::Done(_) => "done",
            Outcome::Failed(_) => "failed",
            Outcome::Skipped { .. } => "skipped",
            Outcome::NotStarted => "not_started",
        };
        Some(StepOutcome {
            id: step.id,
            address: step.address.clone(),
            outcome: word,
            detail: detail(outcome),
            help: help(outcome),
        })
    });
    let text = serde_json::to_string_pretty(&AppliedFile {
        version: 1,
        complete: report.is_complete(),
        converged: remaining.map(|remaining| remaining.steps.is_empty()),
        outcomes: outcomes.collect(),
        remaining: remaining.map(|remaining| remaining.steps.clone()).unwrap_or_default(),
        plan: PlanFile::new(plan, verdict),
    })?;
    Ok(harmless_json(text))
}
