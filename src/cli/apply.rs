//! `apply`: plans, asks, carries out, and plans again.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::args::{ApplyArgs, PlanFormat, TextOrJson};
use super::context::{Context, Policies};
use super::error::CliError;
use super::exit::Exit;
use super::progress::Progress;
use super::terminal;
use crate::apply::{self, ApplyReport, Outcome, Stop};
use crate::backend::local::LocalExecutor;
use crate::model::{Desired, Names, Snapshot};
use crate::plan::{
    ApprovedPlan, GuardId, Plan, PlanFile, Step, approve, not_approved, not_done, taken_over, with_real_groups,
    without_new_renewals,
};
use crate::render;

pub(super) fn run(context: &Context, args: &ApplyArgs) -> Result<Exit, CliError> {
    if args.plan.is_some() && !args.target.targets.is_empty() {
        return Err(CliError::failed("a saved plan cannot be narrowed with `--target`")
            .exit(Exit::Usage)
            .help("narrow the plan when it is made: `pimform plan --target GLOB --out FILE`"));
    }
    let saved = args.plan.as_deref().map(Saved::read).transpose()?;
    let globs = saved.as_ref().map_or(&args.target.targets, |saved| &saved.plan.only);
    let filter = super::plan::filter(globs)?;
    let mut allowed = args.allow.guards();
    allowed.extend(saved.iter().flat_map(|saved| &saved.allowed));

    let policies = context.policies(&allowed)?;
    let backend = context.required_backend(&policies)?;
    // The lock is taken before the tenant is read, and held until the end.
    let executor = backend.executor(context.now())?;
    let comparison = context.compare(&policies, &executor, &allowed)?;
    context.say_findings(&comparison.planned.findings, &policies.sources);
    super::plan::say_idle(&filter, &comparison);
    let settle = |plan: Plan| {
        let plan = filter.narrow(plan);
        match &saved {
            Some(saved) => without_new_renewals(plan, &saved.plan),
            None => plan,
        }
    };
    let plan = settle(comparison.planned.plan);
    if let Some(saved) = &saved {
        saved.require_same(&plan, &comparison.desired, &comparison.snapshot)?;
    }
    let approved = match approve(plan, &comparison.desired, &comparison.snapshot, &allowed) {
        Ok(approved) => approved,
        Err(refused) => {
            let (plan, verdict) = *refused;
            let form = plan_form(args.format);
            terminal::data(&super::plan::show(context.terminal, &plan, &verdict, form)?)?;
            return Ok(Exit::Refused);
        }
    };
    let asks = !approved.plan().steps.is_empty() && !args.auto_approve;
    let text = super::plan::show(context.terminal, approved.plan(), approved.verdict(), PlanFormat::Text)?;
    match args.format {
        TextOrJson::Text => terminal::data(&text)?,
        // Standard output is for the result; nobody should say yes to what they have not seen.
        TextOrJson::Json if asks => terminal::say(&text),
        TextOrJson::Json => {}
    }
    if asks {
        ask(approved.plan())?;
    }
    let result = carry_out(context, &policies, &executor, &approved, &settle, &allowed);
    report(context, args.format, &approved, &result)?;
    Ok(exit(approved.plan(), &result))
}

fn plan_form(format: TextOrJson) -> PlanFormat {
    match format {
        TextOrJson::Text => PlanFormat::Text,
        TextOrJson::Json => PlanFormat::Json,
    }
}

/// A plan that somebody has reviewed.
struct Saved {
    plan: Plan,
    allowed: BTreeSet<GuardId>,
}

impl Saved {
    fn read(path: &Path) -> Result<Self, CliError> {
        let text = super::documents::read(path)?;
        let parsed = PlanFile::parse(&text).and_then(PlanFile::into_plan);
        let (plan, verdict) = parsed.map_err(|error| {
            CliError::failed(format!("`{}`: {error}", path.display())).exit(Exit::Refused).help(error.help())
        })?;
        Ok(Self { plan, allowed: verdict.allowed })
    }

    /// Refuses a plan that is not what is left of the reviewed one.
    fn require_same(&self, fresh: &Plan, desired: &Desired, snapshot: &Snapshot) -> Result<(), CliError> {
        if self.plan.tenant != fresh.tenant {
            let message = format!("the saved plan is for tenant `{}`, not for `{}`", self.plan.tenant, fresh.tenant);
            return Err(CliError::failed(message).exit(Exit::Refused).help("name the right backend with `--backend`"));
        }
        let lines = |plan: &Plan, steps: &[&Step]| steps.iter().map(|step| render::one_line(plan, step)).collect();
        let reviewed = with_real_groups(&self.plan, desired, snapshot);
        let new = not_approved(fresh, &reviewed);
        if !new.is_empty() {
            let count = render::count(new.len(), "step", "steps");
            let message = format!("the saved plan is stale: {count} would be done that it does not contain");
            return Err(stale(message, lines(fresh, &new)));
        }
        let dropped = not_done(fresh, &reviewed, desired, snapshot);
        if !dropped.is_empty() {
            let count = render::count(dropped.len(), "step", "steps");
            let message = format!("the saved plan is stale: {count} of it would not be done, and were not done before");
            return Err(stale(message, lines(&reviewed, &dropped)));
        }
        let taken = taken_over(&reviewed, desired, snapshot);
        if !taken.is_empty() {
            let names = Names::new(&desired.directory);
            let groups = taken.iter().map(|group| format!("group/{}", names.group(*group))).collect();
            let message = "the saved plan is stale: it creates a group that exists by now, with others in it";
            return Err(stale(message.to_owned(), groups));
        }
        Ok(())
    }
}

fn stale(message: String, lines: Vec<String>) -> CliError {
    CliError::failed(message).details(lines).exit(Exit::Refused).help("plan again, and have the new plan reviewed")
}

fn ask(plan: &Plan) -> Result<(), CliError> {
    let name = plan.tenant_name.as_deref().unwrap_or("tenant");
    let steps = render::count(plan.steps.len(), "step", "steps");
    let question = format!("apply {steps} to {} ({})? only `yes` goes on:", render::visible(name), plan.tenant);
    match terminal::confirm(&question)? {
        Some(true) => Ok(()),
        Some(false) => Err(CliError::failed("nothing was applied")),
        None => Err(CliError::failed("nothing was applied, since nobody is there to ask")
            .help("review the plan, then apply it with `--auto-approve`")),
    }
}

/// What came of an apply.
struct Applied {
    report: ApplyReport,
    /// What a fresh plan still finds; nothing if it could not be made.
    remaining: Result<Plan, CliError>,
}

fn carry_out(
    context: &Context,
    policies: &Policies,
    executor: &LocalExecutor,
    approved: &ApprovedPlan,
    settle: &dyn Fn(Plan) -> Plan,
    allowed: &BTreeSet<GuardId>,
) -> Applied {
    let stop = Arc::new(Stop::default());
    let report = {
        let progress = Progress::steps(approved.plan().steps.len());
        context.runtime.block_on(async {
            let watch = tokio::spawn(watch_for_interrupt(Arc::clone(&stop)));
            let report = apply::run(approved, executor, &progress, &stop).await;
            watch.abort();
            report
        })
    };
    let remaining = context.compare(policies, executor, allowed).map(|comparison| settle(comparison.planned.plan));
    Applied { report, remaining }
}

/// The first interrupt finishes the steps under way, the second ends the program.
async fn watch_for_interrupt(stop: Arc<Stop>) {
    interrupt().await;
    stop.request();
    anstream::eprintln!("stopping after the steps under way; interrupt again to stop at once");
    interrupt().await;
    #[expect(clippy::exit, reason = "the user insists; every write is whole by construction")]
    std::process::exit(i32::from(Exit::Partial as u8));
}

/// Ctrl-C at a terminal, or the signal by which a job is told to end.
#[cfg(unix)]
async fn interrupt() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

#[cfg(not(unix))]
async fn interrupt() {
    drop(tokio::signal::ctrl_c().await);
}

fn report(context: &Context, format: TextOrJson, approved: &ApprovedPlan, applied: &Applied) -> Result<(), CliError> {
    let remaining = applied.remaining.as_ref().ok();
    let text = match format {
        TextOrJson::Text => {
            let style = render::Style { color: context.terminal.color, width: context.terminal.width };
            render::applied_text(approved.plan(), &applied.report, remaining, style)
        }
        TextOrJson::Json => render::applied_json(approved.plan(), approved.verdict(), &applied.report, remaining)
            .map_err(|error| CliError::failed(error.to_string()))?,
    };
    terminal::data(&text)?;
    if let Err(error) = &applied.remaining {
        super::tell(context, error);
    }
    Ok(())
}

fn exit(plan: &Plan, applied: &Applied) -> Exit {
    let report = &applied.report;
    let converged = applied.remaining.as_ref().is_ok_and(|remaining| remaining.steps.is_empty());
    if report.is_complete() && converged {
        return if super::plan::is_incomplete(plan) { Exit::Incomplete } else { Exit::Done };
    }
    if !plan.steps.is_empty() && report.count(Outcome::is_done) == 0 { Exit::Failed } else { Exit::Partial }
}
