//! `history` and `unlock`: what was applied, and who is applying.

use super::args::{HistoryArgs, TextOrJson, UnlockArgs};
use super::context::Context;
use super::error::CliError;
use super::exit::Exit;
use super::terminal;
use crate::diag::chain;
use crate::render;
use crate::runs::{Holder, Lock, RunId, RunRecord, Store};

pub(super) fn run(context: &Context, args: &HistoryArgs) -> Result<Exit, CliError> {
    let text = match (context.store_to_read(None)?, &args.run) {
        (Some(store), Some(run)) => one(context, args, &store, run)?,
        (Some(store), None) => list(context, args, &store)?,
        (None, Some(run)) => {
            return Err(CliError::failed(format!("there is no run `{run}`: nothing was applied from here"))
                .help("name the store with `--store`, or the policy directory with `--policies`"));
        }
        (None, None) => nothing(args, "here")?,
    };
    terminal::data(&text)?;
    Ok(Exit::Done)
}

fn one(context: &Context, args: &HistoryArgs, store: &Store, run: &RunId) -> Result<String, CliError> {
    let record = context.runtime.block_on(RunRecord::read(store, run))?;
    let alive = context.runtime.block_on(Lock::holder(store)).ok().flatten().map(|holder| holder.run);
    match args.format {
        TextOrJson::Text => Ok(render::run_text(&record, alive.as_ref(), context.style())),
        TextOrJson::Json => Ok(render::run_json(&record)?),
    }
}

fn list(context: &Context, args: &HistoryArgs, store: &Store) -> Result<String, CliError> {
    let records = context.runtime.block_on(async {
        let mut records = Vec::new();
        for id in RunRecord::all(store).await?.iter().take(args.last) {
            match RunRecord::read(store, id).await {
                Ok(record) => records.push(record),
                // One that is broken must not hide the others.
                Err(error) => terminal::say(&format!("warning: {}", render::visible(&chain(&error)))),
            }
        }
        Ok::<_, CliError>(records)
    })?;
    let alive = context.runtime.block_on(Lock::holder(store)).ok().flatten().map(|holder| holder.run);
    match args.format {
        TextOrJson::Text if records.is_empty() => nothing(args, &format!("in `{}`", store.shown())),
        TextOrJson::Text => Ok(render::runs_text(&records, alive.as_ref(), context.style())),
        TextOrJson::Json => Ok(render::runs_json(&records)?),
    }
}

fn nothing(args: &HistoryArgs, place: &str) -> Result<String, CliError> {
    match args.format {
        TextOrJson::Text => {
            terminal::say(&format!("no run is recorded {}", render::visible(place)));
            Ok(String::new())
        }
        TextOrJson::Json => Ok(render::runs_json(&[])?),
    }
}

pub(super) fn unlock(context: &Context, args: &UnlockArgs) -> Result<Exit, CliError> {
    let held = match context.store_to_read(None)? {
        Some(store) => context.runtime.block_on(Lock::holder(&store))?.map(|holder| (store, holder)),
        None => None,
    };
    let Some((store, holder)) = held else {
        terminal::say("nobody holds the lock");
        return Ok(Exit::Done);
    };
    terminal::say(&explain(context, &store, &holder));
    if let Some(run) = args.run.as_ref().filter(|run| **run != holder.run) {
        let message = format!("the lock is held by run `{}`, not by `{run}`", holder.run);
        return Err(CliError::failed(message).help("look again; somebody else has begun meanwhile"));
    }
    if args.run.is_none() && terminal::confirm("take the lock away? only `yes` does:")? != Some(true) {
        let help = format!("when you are sure that it has ended: `pimform unlock {}`", holder.run);
        return Err(CliError::failed("the lock stays").help(help));
    }
    if !context.runtime.block_on(Lock::take_away(&store, &holder.run))? {
        return Err(CliError::failed("somebody else has changed the lock meanwhile").help("run the command again"));
    }
    terminal::say("the lock is free; `pimform plan` shows what is left to do");
    Ok(Exit::Done)
}

/// Who holds the lock, for how long, and how far the run has come.
pub(super) fn explain(context: &Context, store: &Store, holder: &Holder) -> String {
    let record = context.runtime.block_on(RunRecord::read(store, &holder.run)).ok();
    render::visible(&render::lock_text(holder, record.as_ref(), context.now())).into_owned()
}
