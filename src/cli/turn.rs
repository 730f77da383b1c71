//! The turn of one apply: the lock, and the record of what it does.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use uuid::Uuid;

use super::context::{Context, Policies};
use super::error::CliError;
use super::exit::Exit;
use super::{runner, terminal};
use crate::diag::chain;
use crate::model::Desired;
use crate::plan::{ApprovedPlan, Plan};
use crate::runs::{Applier, Clock, Declared, Holder, Journal, Lock, Locked, Purpose, RunId, Runner, Store};

/// How often the record is written while steps are carried out.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// The right to apply, until it is given back.
pub(super) struct Turn {
    store: Store,
    lock: Lock,
    id: RunId,
    runner: Runner,
    interrupts: Arc<Interrupts>,
}

impl Turn {
    /// Takes the lock, or says who has it.
    pub(super) fn take(context: &Context, policies: &Policies) -> Result<Self, CliError> {
        let store = context.store(Some(policies))?;
        let runner = runner::detect(context.common.policies());
        let since = context.now();
        let id = context.runtime.block_on(RunId::free(&store, since, &runner))?;
        let tenant = policies.documents.tenant.as_ref().map(|tenant| tenant.value.id.value);
        let holder = Holder { run: id.clone(), token: Uuid::new_v4(), runner: runner.clone(), tenant, since };
        // From here on an interrupt must give the lock back, so it is watched for before the lock is taken.
        let interrupts = Interrupts::watch(store.clone(), holder.token);
        match context.runtime.block_on(Lock::take(&store, &holder))? {
            Locked::Ours(lock) => {
                if let Some(crashed) = lock.crashed() {
                    let run = super::history::explain(context, &store, crashed);
                    terminal::say(&format!("taking over the lock of a run that ended without giving it back: {run}"));
                }
                Ok(Self { store, lock, id, runner, interrupts })
            }
            Locked::Theirs(None) => {
                interrupts.ignore();
                Err(CliError::failed("somebody else is about to apply").help("run the command again in a moment"))
            }
            Locked::Theirs(Some(other)) => {
                interrupts.ignore();
                let message = super::history::explain(context, &store, &other);
                let help = format!("wait until it has ended; if it has crashed, `pimform unlock {}`", other.run);
                Err(CliError::failed(message).help(help))
            }
        }
    }

    /// The id of the run.
    pub(super) fn id(&self) -> &RunId {
        &self.id
    }

    /// Interrupts are somebody else's business from now on.
    pub(super) fn hand_over_interrupts(&self) {
        self.interrupts.ignore();
    }

    /// Begins the record. Nothing may be changed before.
    pub(super) fn begin(
        &self,
        context: &Context,
        approved: &ApprovedPlan,
        purpose: Purpose,
        signed_in: Option<Applier>,
    ) -> Result<Journal, CliError> {
        let fixed = context.common.now;
        let clock: Clock = Box::new(move || super::context::now(fixed));
        let begin =
            Journal::begin(&self.store, approved, self.id.clone(), purpose, (self.runner.clone(), signed_in), clock);
        Ok(context.runtime.block_on(begin)?)
    }

    /// Writes the record again and again, for as long as it is awaited.
    pub(super) async fn keep(journal: &Journal) -> Infallible {
        loop {
            tokio::time::sleep(SAVE_EVERY).await;
            // The next turn tries again, and the end of the run says what is wrong.
            drop(journal.save().await);
        }
    }

    /// Ends the record, and remembers what was declared if the tenant is as declared. `left` is what was asked
    /// for and a fresh plan of that. What an undo asks for is not what the files declare, so it is not remembered: every
    /// later difference would look as if the files had brought it.
    pub(super) fn end(
        &self,
        context: &Context,
        journal: Option<&Journal>,
        purpose: &Purpose,
        left: Option<(&Desired, &Plan)>,
        signed_in: Option<&Applier>,
    ) {
        let remaining = left.map(|(_, plan)| plan.steps.iter().map(|step| step.address.clone()).collect());
        let result = context.runtime.block_on(async {
            if let Some(journal) = journal {
                journal.end(remaining).await?;
            }
            if let Some((desired, plan)) = left
                && *purpose == Purpose::Apply
                && plan.steps.is_empty()
                && plan.only.is_empty()
                && !super::plan::is_incomplete(plan)
            {
                let run = journal.map(|_| self.id.clone());
                let commit = self.runner.commit.clone().filter(|_| !self.runner.uncommitted);
                let before = Declared::read(&self.store).await.ok().flatten();
                let declared = Declared::of(desired, plan, run, context.now(), commit);
                let ids = signed_in.into_iter().flat_map(Applier::ids);
                declared.applied_by(ids, before.as_ref()).save(&self.store).await?;
            }
            Ok::<_, crate::runs::StoreError>(())
        });
        if let Err(error) = result {
            terminal::say(&format!("warning: the record of this run is incomplete: {}", chain(&error)));
        }
    }

    /// Gives the lock back.
    pub(super) fn give_back(self, context: &Context) {
        match context.runtime.block_on(self.lock.release()) {
            Ok(true) => {}
            Ok(false) => terminal::say("warning: somebody took the lock away while this run was under way"),
            Err(error) => {
                let help = format!("`pimform unlock {}` does", self.id);
                terminal::say(&format!("warning: the lock could not be given back: {}; {help}", chain(&error)));
            }
        }
        self.interrupts.ignore();
    }
}

/// Gives the lock back when the program is interrupted while nothing else watches for it, such as at a prompt.
struct Interrupts(AtomicBool);

impl Interrupts {
    fn watch(store: Store, token: Uuid) -> Arc<Self> {
        let watching = Arc::new(Self(AtomicBool::new(true)));
        let shared = Arc::clone(&watching);
        std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(async {
                super::interrupt().await;
                if shared.0.load(Ordering::SeqCst) {
                    drop(Lock::give_back(&store, token).await);
                    std::process::exit(i32::from(Exit::Failed as u8));
                }
            });
        });
        watching
    }

    fn ignore(&self) {
        self.0.store(false, Ordering::SeqCst);
    }
}
