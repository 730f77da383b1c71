//! `apply`: plans, asks, carries out, and plans again.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;

use super::args::{ApplyArgs, PlanFormat, TextOrJson};
use super::context::{Context, Executor, Metered};
use super::error::CliError;
use super::exit::Exit;
use super::progress::Progress;
use super::terminal;
use super::turn::Turn;
use crate::apply::{self, ApplyReport, Outcome, Stop};
use crate::backend::Execute;
use crate::compare::Comparison;
use crate::model::{Desired, Names, Snapshot};
use crate::plan::{
    ApprovedPlan, GuardId, Plan, PlanFile, Step, approve, not_approved, not_done, taken_over, with_real_groups,
    without_new_renewals,
};
use crate::render;
use crate::runs::{Applier, Journal, Purpose};

/// Interrupts that are no further apart are one.
const AT_ONCE: Duration = Duration::from_secs(1);

/// How many addresses are named while they are waited for.
const NAMED: usize = 5;

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
    context.required_backend(&policies)?;
    // The locks are taken before the tenant is read, and held until the end.
    let turn = Turn::take(context, &policies)?;
    let result = context.executor(&policies, &turn.id().sign(&Purpose::Apply.reason())).and_then(|executor| {
        let read = || {
            let comparison = context.comparison(&policies, executor.source(), &allowed);
            let narrow = |mut comparison: Comparison| {
                let plan = filter.narrow(comparison.planned.plan);
                comparison.planned.plan = match &saved {
                    Some(saved) => without_new_renewals(plan, &saved.plan),
                    None => plan,
                };
                comparison
            };
            comparison.map(move |read| read.map(narrow)).boxed_local()
        };
        let comparison = context.read(executor.source(), read())?;
        context.say_findings(&comparison.planned.findings, &policies.sources);
        super::plan::say_idle(&filter, &comparison);
        if let Some(saved) = &saved {
            saved.require_same(&comparison.planned.plan, &comparison.desired, &comparison.snapshot)?;
        }
        let session = Session {
            turn: &turn,
            executor: &executor,
            allowed: &allowed,
            auto_approve: args.auto_approve,
            format: args.format,
            validate: args.validate.asks(),
            settle: args.settle.longest(),
            purpose: Purpose::Apply,
            read: &read,
        };
        session.go(context, comparison)
    });
    turn.give_back(context);
    result
}

/// Reads the tenant and plans.
type Read<'a> = dyn Fn() -> LocalBoxFuture<'a, Result<Comparison, CliError>> + 'a;

/// What it takes to approve a plan and to carry it out.
pub(super) struct Session<'s, 'r> {
    pub(super) turn: &'s Turn,
    pub(super) executor: &'s Executor,
    pub(super) allowed: &'s BTreeSet<GuardId>,
    pub(super) auto_approve: bool,
    pub(super) format: TextOrJson,
    /// Whether to ask the service before anything is changed.
    pub(super) validate: bool,
    /// How long to wait for what was done to be seen, where somebody has said so.
    pub(super) settle: Option<Duration>,
    pub(super) purpose: Purpose,
    pub(super) read: &'s Read<'r>,
}

impl Session<'_, '_> {
    /// Shows the plan, asks, carries it out, and plans again.
    pub(super) fn go(self, context: &Context, comparison: Comparison) -> Result<Exit, CliError> {
        let Comparison { desired, snapshot, planned } = comparison;
        let approved = match approve(planned.plan, &desired, &snapshot, self.allowed) {
            Ok(approved) => approved,
            Err(refused) => {
                let (plan, verdict) = *refused;
                let form = plan_form(self.format);
                terminal::data(&super::plan::show(context.terminal, &plan, &verdict, form)?)?;
                return Ok(Exit::Refused);
            }
        };
        let approved = match self.executor.asker.as_ref().filter(|_| self.validate) {
            Some(asker) => {
                let meter = self.executor.meter.as_ref();
                let results = super::validate::ask(context, approved.plan(), asker, &desired.directory, meter)?;
                approved.validated(results)
            }
            None => approved,
        };
        let refused = approved.plan().refused_by_service().count();
        if refused > 0 {
            let (plan, verdict) = (approved.plan(), approved.verdict());
            terminal::data(&super::plan::show(context.terminal, plan, verdict, plan_form(self.format))?)?;
            let steps = render::count(refused, "step", "steps");
            return Err(CliError::failed(format!("the service would refuse {steps}: nothing was changed"))
                .exit(Exit::Refused)
                .help("mend the files, or apply with `--no-validate` if the service is wrong about it"));
        }
        let asks = !approved.plan().steps.is_empty() && !self.auto_approve;
        let text = super::plan::show(context.terminal, approved.plan(), approved.verdict(), PlanFormat::Text)?;
        match self.format {
            TextOrJson::Text => terminal::data(&text)?,
            // Standard output is for the result; nobody should say yes to what they have not seen.
            TextOrJson::Json if asks => terminal::say(&text),
            TextOrJson::Json => {}
        }
        if asks {
            ask(approved.plan())?;
        }
        let signed_in = Applier::of(&snapshot, &desired.directory);
        let applied = self.carry_out(context, &approved, signed_in.as_ref())?;
        report(context, self.format, &approved, &applied)?;
        Ok(exit(approved.plan(), &applied))
    }

    fn carry_out(
        &self,
        context: &Context,
        approved: &ApprovedPlan,
        signed_in: Option<&Applier>,
    ) -> Result<Applied, CliError> {
        let steps = approved.plan().steps.len();
        let journal = if steps > 0 {
            Some(self.turn.begin(context, approved, self.purpose.clone(), signed_in.cloned())?)
        } else {
            None
        };
        self.turn.hand_over_interrupts();
        let stop = Arc::new(Stop::default());
        let metered = Metered::start(self.executor.meter.as_ref());
        // What the last look found declared, for the record.
        let declared = RefCell::new(None);
        let look = || {
            let read = (self.read)();
            let keep = |Comparison { desired, planned, .. }: Comparison| {
                declared.replace(Some(desired));
                planned.plan
            };
            read.map(move |read| read.map(keep)).boxed_local()
        };
        let applied = context.runtime.block_on(async {
            let watch = tokio::spawn(watch_for_interrupt(Arc::clone(&stop), Arc::clone(&self.executor.state)));
            let report = self.run(approved, journal.as_ref(), &stop).await;
            let progress = Progress::reading("reading the tenant again", self.executor.meter.as_ref());
            let say = |left: &[&str], wait: Duration| progress.say(&waiting(left, wait));
            let state = &*self.executor.state;
            let settled = apply::settle(approved.plan(), &report, state, &stop, &look, &say, self.settle).await;
            watch.abort();
            Applied { report, remaining: settled.remaining }
        });
        metered.say("applied, and read the tenant again");
        let declared = declared.borrow();
        let left = declared.as_ref().zip(applied.remaining.as_ref().ok());
        self.turn.end(context, journal.as_ref(), &self.purpose, left, signed_in);
        if let (Some(journal), TextOrJson::Text) = (&journal, self.format) {
            terminal::say(&format!("recorded as run {0}: `pimform history {0}`", journal.id()));
        }
        Ok(applied)
    }

    async fn run(&self, approved: &ApprovedPlan, journal: Option<&Journal>, stop: &Stop) -> ApplyReport {
        let progress = Progress::steps(approved.plan().steps.len());
        let state = &*self.executor.state;
        let Some(journal) = journal else { return apply::run(approved, state, &progress, stop).await };
        let observer = (&progress, journal);
        tokio::select! {
            report = apply::run(approved, state, &observer, stop) => report,
            never = Turn::keep(journal) => match never {},
        }
    }
}

/// What is waited for, by its addresses.
fn waiting(left: &[&str], wait: Duration) -> String {
    let steps = render::count(left.len(), "step is", "steps are");
    let named: Vec<String> = left.iter().take(NAMED).map(|address| format!("`{}`", render::visible(address))).collect();
    let more = match left.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (named, seconds) = (named.join(", "), wait.as_secs());
    format!("{steps} not to be seen in the tenant yet: {named}{more}; looking again in {seconds} s")
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

/// The first interrupt finishes the steps under way, the second ends the program.
async fn watch_for_interrupt(stop: Arc<Stop>, state: Arc<dyn Execute>) {
    super::interrupt().await;
    stop.request();
    state.hurry();
    anstream::eprintln!("stopping after what is under way; interrupt again to stop at once");
    // Whoever stops a group of processes sends the same twice, and that is not somebody who insists.
    tokio::time::sleep(AT_ONCE).await;
    super::interrupt().await;
    #[expect(clippy::exit, reason = "the user insists; every write is whole by construction")]
    std::process::exit(i32::from(Exit::Partial as u8));
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
