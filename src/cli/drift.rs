//! `drift`: what somebody changed in the tenant.

use std::collections::BTreeSet;

use super::args::{DriftArgs, DriftFormat};
use super::context::Context;
use super::error::CliError;
use super::exit::Exit;
use super::terminal;
use crate::compare::Comparison;
use crate::diag::chain;
use crate::drift::{Drift, Found};
use crate::model::audit::AuditEvent;
use crate::model::{Duration, Names, Time};
use crate::plan::GuardId;
use crate::render;
use crate::runs::Declared;

/// How far back the audit log is searched where no apply is recorded. The service keeps it for 30 days.
const LOOK_BACK: Duration = Duration::from_days(30);

pub(super) fn run(context: &Context, args: &DriftArgs) -> Result<Exit, CliError> {
    let filter = super::plan::filter(&args.target.targets)?;
    let allowed: BTreeSet<GuardId> = BTreeSet::new();
    let policies = context.policies(&allowed)?;
    let reader = context.reader(&policies)?;
    let declared = match context.store_to_read(Some(&policies))? {
        Some(store) => context.runtime.block_on(Declared::read(&store))?,
        None => None,
    };
    let source = reader.source();
    let reading = async {
        let comparison = context.comparison(&policies, source, &allowed).await?;
        let now = context.now();
        let since = declared.as_ref().map_or(back(now), |declared| declared.at.max(back(now)));
        // Only what was changed is worth asking the log for.
        let log = if comparison.planned.plan.steps.is_empty() { Ok(None) } else { source.state.audit(since).await };
        Ok((comparison, log))
    };
    let (mut comparison, log) = context.read(source, reading)?;
    context.say_findings(&comparison.planned.findings, &policies.sources);
    super::plan::say_idle(&filter, &comparison);
    comparison.planned.plan = filter.narrow(comparison.planned.plan);
    let declared = declared.filter(|declared| declared.tenant == comparison.snapshot.tenant);
    let (events, unlogged) = match log {
        Ok(Some(events)) => (events, None),
        Ok(None) => (Vec::new(), None),
        Err(error) => {
            (Vec::new(), Some(format!("the audit log could not be read, so nobody is named: {}", chain(&error))))
        }
    };
    let mut drift = find(&comparison, declared.as_ref(), &events, args, context.now());
    drift.notes.extend(unlogged);
    let text = show(context, args.format, &drift, &comparison)?;
    terminal::data(&text)?;
    Ok(exit(&drift, comparison.desired.names_what_is_gone()))
}

fn back(now: Time) -> Time {
    Time::from_unix(now.as_unix().saturating_sub_unsigned(LOOK_BACK.as_secs()))
}

fn find(
    comparison: &Comparison,
    declared: Option<&Declared>,
    events: &[AuditEvent],
    args: &DriftArgs,
    now: Time,
) -> Drift {
    let Comparison { desired, snapshot, planned } = comparison;
    let found = Found { desired, snapshot, plan: &planned.plan };
    Drift::find(found, declared, events, args.expiring, now)
}

fn show(context: &Context, form: DriftFormat, drift: &Drift, comparison: &Comparison) -> Result<String, CliError> {
    let names = Names::new(&comparison.desired.directory);
    Ok(match form {
        DriftFormat::Text => render::drift_text(drift, &names, context.style()),
        DriftFormat::Json => render::drift_json(drift, &names)?,
        DriftFormat::Markdown => render::drift_markdown(drift, &names),
        DriftFormat::Junit => render::drift_junit(drift, &comparison.desired, &names)
            .map_err(|error| CliError::failed(error.to_string()))?,
        DriftFormat::Sarif => render::drift_sarif(drift, &names)?,
    })
}

/// Drift is told even where something else could not be read. Where the files name what is gone, they are to be mended
/// first: what they say is not known as a whole.
fn exit(drift: &Drift, names_what_is_gone: bool) -> Exit {
    if names_what_is_gone && !drift.unread.is_empty() {
        Exit::Incomplete
    } else if drift.drifted().next().is_some() {
        Exit::Changes
    } else if drift.unread.is_empty() {
        Exit::Done
    } else {
        Exit::Incomplete
    }
}
