//! `plan`: shows what would change.

use std::path::Path;

use super::args::{PlanArgs, PlanFormat};
use super::context::Context;
use super::error::CliError;
use super::exit::Exit;
use super::terminal::{self, Terminal};
use crate::compare::Comparison;
use crate::plan::{Filter, ObservationKind, Plan, Validation, Verdict, guard};
use crate::render;
use crate::runs::Purpose;

pub(super) fn run(context: &Context, args: &PlanArgs) -> Result<Exit, CliError> {
    let allowed = args.allow.guards();
    let filter = filter(&args.target.targets)?;
    let policies = context.policies(&allowed)?;
    let (reader, asker) = if args.validate {
        context.reader_and_asker(&policies, &Purpose::Apply.reason())?
    } else {
        (context.reader(&policies)?, None)
    };
    let comparison = context.compare(&policies, reader.source(), &allowed)?;
    context.say_findings(&comparison.planned.findings, &policies.sources);
    say_idle(&filter, &comparison);
    let plan = filter.narrow(comparison.planned.plan);
    let verdict = guard(&plan, &comparison.desired, &comparison.snapshot, &allowed);
    let plan = match asker {
        // What a guard stands against is not asked about either: a service that takes a question for an order would do it.
        Some(_) if verdict.is_refused() => plan,
        Some(asker) => {
            let directory = &comparison.desired.directory;
            let results = super::validate::ask(context, &plan, &asker, directory, reader.source().meter)?;
            if !plan.steps.is_empty() && plan.steps.iter().all(|step| Validation::foreseen(step).is_some()) {
                terminal::say("nothing of this plan can be validated before it is applied");
            }
            plan.validated(results)
        }
        None if args.validate => {
            terminal::say("nothing was validated: a tenant file has no dry run");
            plan
        }
        None => plan,
    };
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
    if verdict.is_refused() || plan.refused_by_service().next().is_some() {
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
