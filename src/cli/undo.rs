//! `undo`: restores what was before a run.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use futures::FutureExt as _;

use super::apply::Session;
use super::args::{PlanFormat, TextOrJson, UndoArgs};
use super::context::{Context, Policies, Source};
use super::error::CliError;
use super::exit::Exit;
use super::terminal;
use super::turn::Turn;
use crate::compare::{Comparison, way_back};
use crate::model::Ticket;
use crate::plan::{Verdict, guard};
use crate::render;
use crate::runs::{Purpose, RunRecord};
use crate::undo::Why;

const AS_BEFORE: &str = "Nothing to restore: what the run changed is as it was before.";

pub(super) fn run(context: &Context, args: &UndoArgs) -> Result<Exit, CliError> {
    // The files say who is protected, so without any nobody is, and that must be meant.
    let allowed = args.allow.guards();
    let policies = context.policies(&allowed)?;
    let Some(store) = context.store_to_read(Some(&policies))? else {
        return Err(CliError::failed(format!("there is no run `{}`: nothing was applied from here", args.run))
            .help("name the store with `--store`, or the policy directory with `--policies`"));
    };
    let record = context.runtime.block_on(RunRecord::read(&store, &args.run))?;
    if record.touched().next().is_none() {
        terminal::say("this run changed nothing");
        return Ok(Exit::Done);
    }
    let way = Way { context, args, policies: &policies, record: &record, told: RefCell::default() };
    context.required_backend(&policies)?;
    if args.plan {
        let reader = context.reader(&policies)?;
        let Comparison { desired, snapshot, planned } = context.read(reader.source(), way.back(reader.source()))?;
        if planned.plan.steps.is_empty() && args.format == TextOrJson::Text {
            terminal::data(AS_BEFORE)?;
            return Ok(super::plan::exit(&planned.plan, &Verdict::default(), false));
        }
        let verdict = guard(&planned.plan, &desired, &snapshot, &allowed);
        let form = match args.format {
            TextOrJson::Text => PlanFormat::Text,
            TextOrJson::Json => PlanFormat::Json,
        };
        terminal::data(&super::plan::show(context.terminal, &planned.plan, &verdict, form)?)?;
        return Ok(super::plan::exit(&planned.plan, &verdict, false));
    }
    let turn = Turn::take(context, &policies)?;
    let result = context.executor(&policies, &turn.id().sign(&way.reason())).and_then(|executor| {
        // The run itself may have been under way until a moment ago.
        if context.runtime.block_on(RunRecord::read(&store, &args.run))? != record {
            return Err(CliError::failed("the run went on meanwhile").help("run the command again"));
        }
        let read = || way.back(executor.source()).boxed_local();
        let comparison = context.read(executor.source(), read())?;
        if comparison.planned.plan.steps.is_empty() && args.format == TextOrJson::Text {
            terminal::data(AS_BEFORE)?;
            return Ok(super::plan::exit(&comparison.planned.plan, &Verdict::default(), false));
        }
        let session = Session {
            turn: &turn,
            executor: &executor,
            allowed: &allowed,
            auto_approve: args.auto_approve,
            format: args.format,
            validate: args.validate.asks(),
            settle: args.settle.longest(),
            purpose: Purpose::Undo(args.run.clone()),
            read: &read,
        };
        session.go(context, comparison)
    });
    turn.give_back(context);
    if matches!(result, Ok(Exit::Done)) {
        terminal::say("the policy files still say what they said: change them too, or the next apply does it again");
    }
    result
}

struct Way<'a> {
    context: &'a Context<'a>,
    args: &'a UndoArgs,
    policies: &'a Policies,
    record: &'a RunRecord,
    /// What was said already: the tenant is read more than once.
    told: RefCell<BTreeSet<String>>,
}

impl Way<'_> {
    /// What its requests give as their reason.
    fn reason(&self) -> String {
        let given = self.args.justification.clone();
        given.unwrap_or_else(|| Purpose::Undo(self.record.id.clone()).reason())
    }

    /// Reads the tenant and plans the way back.
    async fn back(&self, source: Source<'_>) -> Result<Comparison, CliError> {
        let Policies { documents, sources } = self.policies;
        let why = Why {
            justification: self.reason().into(),
            ticket: self.args.ticket.as_deref().map(|number| Arc::new(Ticket { number: number.into(), system: None })),
        };
        let allowed = self.args.allow.guards();
        let known = || self.context.known(self.policies).boxed_local();
        let way = way_back(documents, self.record, source.state, &known, &allowed, &why, self.context.now());
        let (comparison, left) = way.await.map_err(|error| CliError::from_compare(error, sources))?;
        for (address, reason) in left {
            let line = format!("left: {}: {reason}", render::visible(&address));
            if self.told.borrow_mut().insert(line.clone()) {
                terminal::say(&line);
            }
        }
        Ok(comparison)
    }
}
