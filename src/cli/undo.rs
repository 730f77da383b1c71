//! `undo`: restores what was before a run.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::FutureExt as _;

use super::apply::Session;
use super::args::{PlanFormat, TextOrJson, UndoArgs};
use super::context::{Context, Policies, Source};
use super::error::CliError;
use super::exit::Exit;
use super::terminal;
use super::turn::Turn;
use crate::compare::Comparison;
use crate::diag::{SourceMap, Span};
use crate::model::{Directory, PrincipalId, Ticket};
use crate::plan::{ObservationKind, Verdict, guard};
use crate::policy;
use crate::render;
use crate::runs::{Purpose, RunRecord};
use crate::undo::{self, Why};

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
    let result = context.executor(&policies).and_then(|executor| {
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
    /// Reads the tenant and plans the way back.
    async fn back(&self, source: Source<'_>) -> Result<Comparison, CliError> {
        let backend = source.state;
        let answers = backend.tenant().await?;
        let tenant = self.record.plan.tenant.id;
        if answers.id != tenant {
            let message = format!("the run was for tenant `{tenant}`, but the tenant that answers is `{}`", answers.id);
            return Err(CliError::failed(message).exit(Exit::Refused).help("name the right backend with `--backend`"));
        }
        let documents = &self.policies.documents;
        let mut names = policy::names(documents);
        undo::mention(self.record, &mut names);
        let directory = backend.directory(&names).await?;
        let protected = self.protected(&directory)?;
        let snapshot = backend.snapshot(&undo::query(self.record, &protected)).await?;
        // Guards count those who still hold a role, and the record does not name them.
        let directory = Directory::joined(&directory, &snapshot.directory);
        let why = Why {
            justification: match &self.args.justification {
                Some(text) => text.as_str().into(),
                None => format!("Restores what was before run {}", self.record.id).into(),
            },
            ticket: self.args.ticket.as_deref().map(|number| Arc::new(Ticket { number: number.into(), system: None })),
        };
        let restored = undo::restore(self.record, &snapshot, directory, protected, &why, self.context.now());
        for (address, reason) in restored.left {
            let line = format!("left: {}: {reason}", render::visible(&address));
            if self.told.borrow_mut().insert(line.clone()) {
                terminal::say(&line);
            }
        }
        let desired = restored.desired;
        let mut planned = crate::plan::build(&desired, &snapshot, &SourceMap::default(), self.context.now());
        // What the files do not look after is no news here; what could not be read is.
        let matters = |kind| matches!(kind, ObservationKind::Blocked | ObservationKind::Note);
        planned.plan.observations.retain(|observation| matters(observation.kind));
        if planned.findings.has_errors() {
            return Err(CliError::Invalid { findings: planned.findings, sources: SourceMap::default() });
        }
        Ok(Comparison { desired, snapshot, planned })
    }

    /// Whom the files protect. Files that are wrong must not leave anybody unprotected by accident.
    fn protected(&self, directory: &Arc<Directory>) -> Result<BTreeMap<PrincipalId, Span>, CliError> {
        match policy::resolve(&self.policies.documents, directory) {
            (Some(desired), _) => Ok(desired.protected),
            (None, _) if self.args.allow.allow_protected => Ok(BTreeMap::new()),
            (None, findings) => {
                let sources = self.policies.sources.clone();
                Err(CliError::Invalid { findings, sources })
            }
        }
    }
}
