//! `explain`: where something comes from, or what a guard or finding means.

use std::collections::BTreeSet;

use serde_json::json;

use super::args::{ExplainArgs, TextOrJson};
use super::context::Context;
use super::error::CliError;
use super::exit::Exit;
use super::terminal;
use crate::diag::catalog;
use crate::explain::explain;
use crate::model::Names;
use crate::plan::GuardId;
use crate::render;

pub(super) fn run(context: &Context, args: &ExplainArgs) -> Result<Exit, CliError> {
    if !args.what.contains('/') {
        return word(args);
    }
    let policies = context.policies(&BTreeSet::new())?;
    let reader = context.reader(&policies)?;
    let comparison = context.compare(&policies, reader.source(), &BTreeSet::new())?;
    let names = Names::new(&comparison.desired.directory);
    let found = explain(&args.what, &comparison.desired, &comparison.snapshot, &policies.sources, context.now());
    let explanations = found.map_err(|nearest| {
        let error = CliError::failed(format!("nothing is declared at `{}`", args.what));
        match nearest {
            Some(nearest) => error.help(format!("did you mean `{nearest}`?")),
            None => error.help("`pimform plan` shows addresses; the files declare nothing at this one"),
        }
    })?;
    let text = match args.format {
        TextOrJson::Text => {
            let texts = explanations.iter().map(|it| render::explained_text(it, &names, context.now()));
            texts.collect::<Vec<String>>().join("\n")
        }
        TextOrJson::Json => {
            let list = explanations.iter().map(|it| render::explained_json(it, &names, context.now()));
            let list = list.collect::<Vec<serde_json::Value>>();
            render::harmless_json(format!("{:#}", json!({ "version": 1, "explanations": list })))
        }
    };
    terminal::data(&text)?;
    Ok(Exit::Done)
}

/// The id of a guard or of a finding.
fn word(args: &ExplainArgs) -> Result<Exit, CliError> {
    let guard = GuardId::ALL.into_iter().find(|guard| guard.id() == args.what);
    let (meaning, advice) = match (guard, catalog::find(&args.what)) {
        (Some(guard), _) => (guard.meaning().to_owned(), format!("to go on all the same, add `{}`", guard.flag())),
        (None, Some(entry)) => (entry.meaning.to_owned(), entry.advice.to_owned()),
        (None, None) => return Err(unknown(&args.what)),
    };
    let text = match args.format {
        TextOrJson::Text => format!("{}: {meaning}\nhelp: {advice}", args.what),
        TextOrJson::Json => {
            format!("{:#}", json!({ "version": 1, "id": args.what, "meaning": meaning, "help": advice }))
        }
    };
    terminal::data(&text)?;
    Ok(Exit::Done)
}

fn unknown(what: &str) -> CliError {
    let known = GuardId::ALL.into_iter().map(GuardId::id).chain(catalog::ENTRIES.iter().map(|entry| entry.id));
    let error = CliError::failed(format!("`{what}` is neither an address, a guard nor a finding"));
    match crate::diag::nearest(what, known) {
        Some(nearest) => error.help(format!("did you mean `{nearest}`?")),
        None => error.help("addresses look like `directory/Global Administrator/settings`"),
    }
}
