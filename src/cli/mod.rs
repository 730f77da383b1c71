//! The command line: arguments and wiring, no decisions about PIM.

mod apply;
mod args;
mod check;
mod context;
mod doctor;
mod documents;
mod drift;
mod emulator;
mod error;
mod exit;
mod explain;
mod history;
mod live;
mod permissions;
mod plan;
mod progress;
mod runner;
mod show;
mod snapshot;
mod terminal;
mod turn;
mod undo;
mod validate;

mod import;
mod init;
mod tree;

use std::ffi::OsString;

use clap::Parser as _;
use clap::error::{ContextKind, ErrorKind};

pub use self::args::Cli;
pub use self::exit::Exit;

use self::args::Command;
use self::context::Context;
use self::error::CliError;
use crate::diag::{Findings, SourceMap, report};

/// Runs the program.
pub fn run(args: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(mut error) => {
            // A slip of the keyboard must never be answered with the name of an override.
            if error.get(ContextKind::SuggestedArg).is_some_and(|arg| arg.to_string().starts_with("--allow-")) {
                error.remove(ContextKind::SuggestedArg);
                error.remove(ContextKind::Usage);
            }
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
                _ => Exit::Usage,
            };
        }
    };
    let context = match Context::new(&cli.common) {
        Ok(context) => context,
        Err(error) => {
            anstream::eprintln!("error: cannot start: {error}");
            return Exit::Failed;
        }
    };
    let result = match &cli.command {
        Command::Check(args) => check::run(&context, args),
        Command::Plan(args) => plan::run(&context, args),
        Command::Apply(args) => apply::run(&context, args),
        Command::Drift(args) => drift::run(&context, args),
        Command::Show(args) => show::run(&context, args),
        Command::History(args) => history::run(&context, args),
        Command::Undo(args) => undo::run(&context, args),
        Command::Unlock(args) => history::unlock(&context, args),
        Command::Explain(args) => explain::run(&context, args),
        Command::Schema(args) => documents::schema(args),
        Command::Snapshot(args) => snapshot::run(&context, args),
        Command::Permissions(args) => permissions::run(&context, args),
        Command::Doctor(args) => doctor::run(&context, args),
        Command::Emulator(args) => emulator::run(&context, args),
        Command::Completions(args) => documents::completions(args),
        Command::Man(args) => documents::man(args),
        Command::Import(args) => import::run(&context, args),
        Command::Init(args) => init::run(&context, args),
    };
    if let Some(problem) = context.trace_problem() {
        terminal::say(&crate::render::visible(&format!("warning: the trace is not whole: {problem}")));
    }
    result.unwrap_or_else(|error| {
        tell(&context, &error);
        error.code()
    })
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

fn tell(context: &Context, error: &CliError) {
    match error {
        CliError::Invalid { findings, sources } | CliError::Refused { findings, sources } => {
            context.say_findings(findings, sources);
        }
        CliError::Other { message, details, help, .. } => {
            let details = details.iter().map(|line| format!("  {line}"));
            let help = help.iter().map(|help| format!("help: {help}"));
            let lines = std::iter::once(format!("error: {message}")).chain(details).chain(help);
            let lines: Vec<String> = lines.map(|line| crate::render::visible(&line).into_owned()).collect();
            terminal::say(&lines.join("\n"));
        }
        CliError::OutputClosed => {}
    }
}

impl Context<'_> {
    fn say_findings(&self, findings: &Findings, sources: &SourceMap) {
        if !findings.is_empty() {
            let style = report::Options { color: self.terminal.color_errors, width: self.terminal.width };
            terminal::say(&report::render(findings, sources, style));
        }
    }
}
