//! `show`: a saved plan in any of its forms.

use super::args::ShowArgs;
use super::context::Context;
use super::error::CliError;
use super::exit::Exit;
use super::terminal;
use crate::plan::PlanFile;

pub(super) fn run(context: &Context, args: &ShowArgs) -> Result<Exit, CliError> {
    let text = super::documents::read(&args.plan)?;
    let (plan, verdict) = PlanFile::parse(&text)
        .and_then(PlanFile::into_plan)
        .map_err(|error| CliError::failed(format!("`{}`: {error}", args.plan.display())).help(error.help()))?;
    terminal::data(&super::plan::show(context.terminal, &plan, &verdict, args.format)?)?;
    Ok(Exit::Done)
}
