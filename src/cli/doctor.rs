//! `doctor`: what a live tenant answers, and what that means for these policy files.

use std::sync::{Arc, Mutex, PoisonError};

use super::args::{DoctorArgs, TextOrJson};
use super::context::{Backend, Context, Policies};
use super::error::CliError;
use super::exit::Exit;
use super::terminal;
use crate::backend::microsoft::probe::Prober;
use crate::backend::microsoft::probe::write::{Act, WriteProbe};
use crate::backend::microsoft::{Options, Trace};
use crate::diag::SourceMap;
use crate::doctor::{Diagnosis, Level, Wanted};
use crate::model::NameQuery;
use crate::permissions::{Permissions, Purpose, read_by_plan};
use crate::policy::Documents;
use crate::render;

pub(super) fn run(context: &Context, args: &DoctorArgs) -> Result<Exit, CliError> {
    // A tenant can be looked at before there are files for it.
    let found = context.policies(&std::collections::BTreeSet::new());
    let (policies, wanted, names) = match found {
        Ok(policies) => {
            let (wanted, names) = wanted(&policies);
            (policies, wanted, names)
        }
        Err(error) if context.common.backend().is_some() => {
            super::tell(context, &error);
            let none = Policies { documents: Documents::default(), sources: SourceMap::default() };
            (none, Wanted::default(), NameQuery::default())
        }
        Err(error) => return Err(error),
    };
    match context.required_backend(&policies)? {
        Backend::Microsoft => {}
        Backend::Local(_) => {
            return Err(CliError::failed("a tenant file needs no doctor: it answers as it is written")
                .exit(Exit::Usage)
                .help("name a live tenant with `--backend microsoft`"));
        }
    }
    if args.write_probe {
        return write_probe(context, &policies, args);
    }
    let prober = Prober::new(context.live(&policies)?)?;
    let facts = context.runtime.block_on(prober.look(&names));
    let diagnosis = Diagnosis::of(facts, &wanted);
    let text = match args.format {
        TextOrJson::Text => render::doctor_text(&diagnosis),
        TextOrJson::Json => render::doctor_json(&diagnosis)?,
    };
    terminal::data(&text)?;
    Ok(match diagnosis.worst() {
        Level::Problem if diagnosis.is_shut_out() => Exit::Failed,
        Level::Problem => Exit::Incomplete,
        Level::Good | Level::Note | Level::Warning => Exit::Done,
    })
}

/// Plays an assignment on groups made for it, and writes down what was exchanged.
fn write_probe(context: &Context, policies: &Policies, args: &DoctorArgs) -> Result<Exit, CliError> {
    // Clap asks for it.
    let group = args.group.as_deref().unwrap_or_default();
    if context.common.microsoft.trace_http.is_some() {
        return Err(CliError::failed("`--write-probe` writes the exchanges itself, without names")
            .exit(Exit::Usage)
            .help("leave `--trace-http` out, and name the file with `--exchanges`"));
    }
    let exchanges = Exchanges::default();
    let options = Options { trace: Some(Trace::new(Box::new(exchanges.clone()))), ..context.live(policies)? };
    terminal::say("plays an assignment on groups made for it; the service lets it be removed after five minutes only");
    let played = context.runtime.block_on(async {
        let mut probe = WriteProbe::new(options)?;
        tokio::select! {
            () = probe.play(group) => {}
            () = super::interrupt() => terminal::say("interrupted: deleting what was made"),
        }
        Ok::<_, CliError>(probe.clean().await)
    })?;
    super::documents::write_text(&args.exchanges, &crate::doctor::anonymous(&exchanges.text()))?;
    let text = match args.format {
        TextOrJson::Text => render::write_probe_text(&played),
        TextOrJson::Json => render::write_probe_json(&played)?,
    };
    terminal::data(&text)?;
    terminal::say(&format!("the exchanges are in `{}`, without names", args.exchanges.display()));
    let whole = played.len() == Act::ALL.len() && played.iter().all(|one| one.outcome.is_ok());
    Ok(if whole { Exit::Done } else { Exit::Failed })
}

/// What is written down, in memory.
#[derive(Clone, Default)]
struct Exchanges(Arc<Mutex<Vec<u8>>>);

impl Exchanges {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl std::io::Write for Exchanges {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What the files ask for, and the names in them.
fn wanted(policies: &Policies) -> (Wanted, NameQuery) {
    let Policies { documents, sources } = policies;
    let wanted = Wanted {
        tenant: documents.tenant.as_ref().map(|tenant| tenant.value.id.value),
        read: read_by_plan(documents),
        permissions: Some(Permissions::of(documents, sources, &[Purpose::Plan, Purpose::Apply])),
    };
    (wanted, crate::policy::names(documents))
}
