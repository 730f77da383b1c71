//! Asks the service what it would make of a plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::context::{Asker, Context, Meter, Metered};
use super::error::CliError;
use super::progress::Progress;
use crate::apply;
use crate::model::Directory;
use crate::plan::{Plan, StepId, Validation};

/// What the service says of the steps of a plan, one by one.
pub(super) fn ask(
    context: &Context,
    plan: &Plan,
    asker: &Asker,
    directory: &Arc<Directory>,
    meter: Option<&Meter>,
) -> Result<BTreeMap<StepId, Validation>, CliError> {
    if plan.steps.is_empty() {
        return Ok(BTreeMap::new());
    }
    let metered = Metered::start(meter);
    let results = {
        let _progress = Progress::reading("asking the service about the plan", meter);
        context.runtime.block_on(apply::validate(plan, &asker(Arc::clone(directory))))?
    };
    metered.say("asked the service about the plan");
    Ok(results)
}
