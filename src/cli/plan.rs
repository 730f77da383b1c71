//! `plan`: shows what would change.

use std::path::Path;

use super::args::{PlanArgs, PlanFormat};
use super::context::Context;
use super::error::CliError;
use super::exit::Exit;
use super::terminal::{self, Terminal};
use crate::compare::Comparison;
use crate::plan::{Filter, ObservationKind, Plan, Verdict, guard};
use crate::render;

pub(super) fn run(context: &Context, args: &PlanArgs) -> Result<Exit, CliError> {
    let allowed = args.allow.guards();
    let filter = filter(&args.target.targets)?;
    let policies = context.policies(&allowed)?;
    let reader = context.reader(&policies)?;
    let comparison = context.compare(&policies, reader.source(), &allowed)?;
    context.say_findings(&comparison.planned.findings, &policies.sources);
    say_idle(&filter, &comparison);
    let plan = filter.narrow(comparison.planned.plan);
    let verdict = guard(&plan, &comparison.desired, &comparison.snapshot, &allowed);
    if let Some(path) = &args.out {
        save(path, &plan, &verdict)?;
    }
    terminal::data(&show(context.terminal, &plan, &verdict, args.format)?)?;
    if let Some(path) = &args.out {
        let path = path.display().to_string();
        terminal::say(&format!("saved to {0}; `pimform apply {0}` does this and nothing else", render::visible(&path)));
    }
    Ok(exit(&plan, &verdict, args.detailed_exitcode))
}

/// Reads the globs of `--target`.
pub(super) fn filter(globs: &[String]) -> Result<Filter, CliError> {
    Filter::new(globs.to_vec()).map_err(|error| {
        let glob = error.glob().unwrap_or("--target");
        CliError::failed(format!("`{glob}` is not a glob: {}", error.kind()))
            .exit(Exit::Usage)
            .help("write an address with `*` for any part of it, such as `directory/*/settings`")
    })
}

/// Warns of globs that cover nothing, since a plan without them would pass for one without changes.
pub(super) fn say_idle(filter: &Filter, comparison: &Comparison) {
    for glob in filter.idle(&comparison.desired, &comparison.planned.plan) {
        let glob = render::visible(glob);
        terminal::say(&format!("warning: `--target {glob}` covers nothing that the files declare"));
    }
}

/// The plan in one of its forms.
pub(super) fn show(terminal: Terminal, plan: &Plan, verdict: &Verdict, form: PlanFormat) -> Result<String, CliError> {
    Ok(match form {
        PlanFormat::Text => render::text(plan, verdict, render::Style { color: terminal.color, width: terminal.width }),
        PlanFormat::Json => render::json(plan, verdict).map_err(|error| CliError::failed(error.to_string()))?,
        PlanFormat::Markdown => render::markdown(plan, verdict, render::COMMENT_LIMIT),
    })
}

/// True when something could not be read or cannot be changed.
pub(super) fn is_incomplete(plan: &Plan) -> bool {
    plan.observations.iter().any(|observation| observation.kind == ObservationKind::Blocked)
}

pub(super) fn exit(plan: &Plan, verdict: &Verdict, detailed: bool) -> Exit {
    if verdict.is_refused() {
        Exit::Refused
    } else if is_incomplete(plan) {
        Exit::Incomplete
    } else if detailed && !plan.steps.is_empty() {
        Exit::Changes
    } else {
        Exit::Done
    }
}

fn save(path: &Path, plan: &Plan, verdict: &Verdict) -> Result<(), CliError> {
    let json = render::json(plan, verdict).map_err(|error| CliError::failed(error.to_string()))?;
    super::documents::write_plan(path, &json)
}
