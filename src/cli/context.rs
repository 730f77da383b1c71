//! What every command starts from: the policy files, the backend, the time. The only place that reads the clock.
#![expect(clippy::disallowed_methods, reason = "this is the shell: it reads the clock")]

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt as _;

use super::args::Common;
use super::error::CliError;
use super::exit::Exit;
use super::live;
use super::progress::Progress;
use super::terminal::{self, Terminal};
use crate::backend::local::{LocalExecutor, LocalReader};
use crate::backend::microsoft::{MicrosoftExecutor, MicrosoftReader, MicrosoftValidator, Options, Stats, Trace};
use crate::backend::{Execute, ReadState};
use crate::compare::{Comparison, compare};
use crate::diag::SourceMap;
use crate::model::{Directory, Known, Time};
use crate::plan::GuardId;
use crate::policy::{Documents, LoadError, Loaded};
use crate::render::{self, Traffic};
use crate::runs::{Declared, Location, RunRecord, Store};

/// What every command starts from.
pub(super) struct Context<'a> {
    pub(super) common: &'a Common,
    pub(super) terminal: Terminal,
    pub(super) runtime: tokio::runtime::Runtime,
    /// Where exchanges are written down, once there are any.
    trace: OnceCell<Trace>,
}

/// Policy files and where their tenant is.
pub(super) struct Policies {
    pub(super) documents: Documents,
    pub(super) sources: SourceMap,
}

/// Where a tenant is.
pub(super) enum Backend {
    /// In a file.
    Local(PathBuf),
    /// Behind Microsoft Graph and Azure Resource Manager.
    Microsoft,
}

/// Counts what is sent and received, where anything is.
pub(super) type Meter = Arc<dyn Fn() -> Stats + Send + Sync>;

/// A backend to look at.
pub(super) struct Reader {
    state: Box<dyn ReadState>,
    meter: Option<Meter>,
}

/// A backend to change things with.
pub(super) struct Executor {
    pub(super) state: Arc<dyn Execute>,
    pub(super) meter: Option<Meter>,
    /// Asks it before it is made to do anything.
    pub(super) asker: Option<Asker>,
}

/// Makes what asks a service whether it would carry something out, where there is a service. It is given the objects, for
/// their names.
pub(super) type Asker = Box<dyn Fn(Arc<Directory>) -> MicrosoftValidator>;

/// What is read from, and its meter.
#[derive(Clone, Copy)]
pub(super) struct Source<'s> {
    pub(super) state: &'s dyn ReadState,
    pub(super) meter: Option<&'s Meter>,
}

impl Reader {
    pub(super) fn source(&self) -> Source<'_> {
        Source { state: &*self.state, meter: self.meter.as_ref() }
    }
}

impl Executor {
    pub(super) fn source(&self) -> Source<'_> {
        Source { state: &*self.state, meter: self.meter.as_ref() }
    }
}

/// From when, and from which numbers on, is counted.
pub(super) struct Metered<'s> {
    meter: Option<&'s Meter>,
    before: Stats,
    start: Instant,
}

impl<'s> Metered<'s> {
    /// Counts from now on.
    pub(super) fn start(meter: Option<&'s Meter>) -> Self {
        Self { meter, before: meter.map(|meter| meter()).unwrap_or_default(), start: Instant::now() }
    }

    /// Says what it took, where anything was sent.
    pub(super) fn say(self, what: &str) {
        if let Some(meter) = self.meter {
            let (before, now) = (self.before, meter());
            let traffic = Traffic {
                calls: now.calls.saturating_sub(before.calls),
                bytes: now.bytes.saturating_sub(before.bytes),
                throttled: now.throttled.saturating_sub(before.throttled),
                took: self.start.elapsed(),
            };
            // Whoever could not even sign in has read nothing.
            if traffic.calls > 0 {
                terminal::say(&render::traffic(what, traffic));
            }
        }
    }
}

impl<'a> Context<'a> {
    pub(super) fn new(common: &'a Common) -> std::io::Result<Self> {
        // One thread is enough: what takes long waits for a disk or a network.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let terminal = Terminal::detect(common.color);
        Ok(Self { common, terminal, runtime, trace: OnceCell::new() })
    }

    /// The time of `--now`, or of the clock.
    pub(super) fn now(&self) -> Time {
        now(self.common.now)
    }

    /// Reads the policy files. No file at all is a matter for the guard `empty-policy`.
    pub(super) fn policies(&self, allowed: &BTreeSet<GuardId>) -> Result<Policies, CliError> {
        let _progress = Progress::spinner("reading the policy files");
        match crate::policy::load(self.common.policies()) {
            Ok(Loaded { documents, sources }) => Ok(Policies { documents, sources }),
            Err(LoadError::NoPolicyFiles(_)) if allowed.contains(&GuardId::EmptyPolicy) => {
                Ok(Policies { documents: Documents::default(), sources: SourceMap::default() })
            }
            Err(LoadError::NoPolicyFiles(finding)) => Err(CliError::refused(finding)),
            Err(LoadError::Invalid { findings, sources }) => Err(CliError::Invalid { findings, sources }),
        }
    }

    /// The backend that the command line or the policy files name.
    pub(super) fn backend(&self, policies: &Policies) -> Result<Option<Backend>, CliError> {
        let named = match (self.common.backend(), &policies.documents.backend) {
            (Some(text), _) => Some((text, PathBuf::new())),
            (None, Some(text)) => {
                let directory = policies.documents.backend_directory(&policies.sources).unwrap_or_default();
                Some((&*text.value, directory))
            }
            (None, None) => None,
        };
        let Some((text, directory)) = named else { return Ok(None) };
        match text.split_once(':') {
            Some(("local", file)) if !file.is_empty() => Ok(Some(Backend::Local(directory.join(file)))),
            _ if text == "microsoft" => Ok(Some(Backend::Microsoft)),
            _ => Err(CliError::failed(format!("`{}` is not a backend", text.escape_debug()))
                .help("write `microsoft`, or `local:` and the path of a tenant file")),
        }
    }

    /// The backend; it is an error if none is named.
    pub(super) fn required_backend(&self, policies: &Policies) -> Result<Backend, CliError> {
        self.backend(policies)?.ok_or_else(|| {
            CliError::failed("no backend is named")
                .help("add `--backend microsoft` or `--backend local:FILE`, or `backend:` to a policy file")
        })
    }

    /// The store of locks and records that the command line or the policy files name, or the folder beside the policy
    /// directory. Files that cannot be read name none.
    pub(super) fn store(&self, policies: Option<&Policies>) -> Result<Store, CliError> {
        let environment = std::env::vars()
            .filter(|(name, _)| ["AZURE_", "AWS_", "GOOGLE_"].iter().any(|cloud| name.starts_with(cloud)));
        Ok(Store::open(&self.store_location(policies)?, environment)?)
    }

    /// The same to look into. Nothing if it is a folder that is not there: looking makes none.
    pub(super) fn store_to_read(&self, policies: Option<&Policies>) -> Result<Option<Store>, CliError> {
        match self.store_location(policies)? {
            Location::Folder(folder) if !folder.exists() => Ok(None),
            Location::Folder(_) | Location::Cloud(_) => self.store(policies).map(Some),
        }
    }

    fn store_location(&self, policies: Option<&Policies>) -> Result<Location, CliError> {
        if let Some(text) = self.common.store() {
            return Ok(Location::parse(text, Path::new(""))?);
        }
        let read = if policies.is_none() { crate::policy::load(self.common.policies()).ok() } else { None };
        let named = match (policies, &read) {
            (Some(policies), _) => Some((&policies.documents, &policies.sources)),
            (None, Some(Loaded { documents, sources })) => Some((documents, sources)),
            (None, None) => None,
        };
        if let Some((documents, sources)) = named
            && let Some(store) = &documents.store
        {
            let directory = documents.store_directory(sources).unwrap_or_default();
            return Ok(Location::parse(&store.value, &directory)?);
        }
        let beside = self.common.policies().parent().unwrap_or_else(|| Path::new(""));
        Ok(Location::Folder(beside.join(".pimform")))
    }

    /// How to lay out and paint text on standard output.
    pub(super) fn style(&self) -> render::Style {
        render::Style { color: self.terminal.color, width: self.terminal.width }
    }

    /// The backend, to look only.
    pub(super) fn reader(&self, policies: &Policies) -> Result<Reader, CliError> {
        match self.required_backend(policies)? {
            Backend::Local(path) => self.local_reader(&path),
            Backend::Microsoft => Ok(microsoft_reader(MicrosoftReader::new(self.live(policies)?)?)),
        }
    }

    /// The backend, to look and to ask what the service would make of a plan. `because` is the reason that removals would
    /// give.
    pub(super) fn reader_and_asker(
        &self,
        policies: &Policies,
        because: &str,
    ) -> Result<(Reader, Option<Asker>), CliError> {
        match self.required_backend(policies)? {
            Backend::Local(path) => Ok((self.local_reader(&path)?, None)),
            Backend::Microsoft => {
                let reader = MicrosoftReader::new(self.live(policies)?)?;
                let (asking, because) = (reader.clone(), Arc::<str>::from(because));
                let asker = move |directory| MicrosoftValidator::new(asking.clone(), directory, Arc::clone(&because));
                Ok((microsoft_reader(reader), Some(Box::new(asker))))
            }
        }
    }

    /// A tenant file, to look only.
    pub(super) fn local_reader(&self, path: &Path) -> Result<Reader, CliError> {
        let _progress = Progress::spinner("reading the tenant file");
        Ok(Reader { state: Box::new(LocalReader::open(path, self.now())?), meter: None })
    }

    /// The backend, to change things. `because` is the reason that its removals give.
    pub(super) fn executor(&self, policies: &Policies, because: &str) -> Result<Executor, CliError> {
        match self.required_backend(policies)? {
            Backend::Local(path) => {
                let _progress = Progress::spinner("reading the tenant file");
                Ok(Executor { state: Arc::new(LocalExecutor::open(&path, self.now())?), meter: None, asker: None })
            }
            Backend::Microsoft => {
                let options = self.live(policies)?;
                if self.common.now.is_some() && !options.endpoints.are_loopback() {
                    return Err(CliError::failed(
                        "a service has a clock of its own, so `--now` cannot be applied to it",
                    )
                    .exit(Exit::Usage)
                    .help("leave `--now` out; `plan` takes it"));
                }
                let executor = Arc::new(MicrosoftExecutor::new(options, because)?);
                let (counted, asking) = (Arc::clone(&executor), Arc::clone(&executor));
                let asker: Asker = Box::new(move |directory| asking.validator(directory));
                let meter: Meter = Arc::new(move || counted.stats());
                Ok(Executor { state: executor, meter: Some(meter), asker: Some(asker) })
            }
        }
    }

    pub(super) fn live(&self, policies: &Policies) -> Result<Options, CliError> {
        let options = live::options(&self.common.microsoft, &policies.documents, self.common.now)?;
        if let Some(trace) = &options.trace {
            let _ = self.trace.set(trace.clone());
        }
        Ok(options)
    }

    /// Why the trace of the exchanges is not whole, if it is not.
    pub(super) fn trace_problem(&self) -> Option<String> {
        self.trace.get()?.problem()
    }

    /// Reads the tenant and plans.
    pub(super) fn compare(
        &self,
        policies: &Policies,
        source: Source<'_>,
        allowed: &BTreeSet<GuardId>,
    ) -> Result<Comparison, CliError> {
        self.read(source, self.comparison(policies, source, allowed))
    }

    /// Waits for what reads a tenant, and says what that took.
    pub(super) fn read<T>(
        &self,
        source: Source<'_>,
        reading: impl Future<Output = Result<T, CliError>>,
    ) -> Result<T, CliError> {
        let metered = Metered::start(source.meter);
        let read = {
            let _progress = Progress::reading("reading the tenant", source.meter);
            self.runtime.block_on(reading)
        };
        metered.say("read the tenant");
        read
    }

    /// The same, while something else goes on.
    pub(super) async fn comparison(
        &self,
        policies: &Policies,
        source: Source<'_>,
        allowed: &BTreeSet<GuardId>,
    ) -> Result<Comparison, CliError> {
        let known = || self.known(policies).boxed_local();
        let Policies { documents, sources } = policies;
        let comparison = compare(documents, sources, source.state, &known, allowed, self.now());
        comparison.await.map_err(|error| CliError::from_compare(error, &policies.sources))
    }
}

impl Context<'_> {
    /// Who had which name at the last apply. A store that cannot be read knows nothing: no plan depends on it.
    pub(super) async fn known(&self, policies: &Policies) -> Known {
        let Ok(Some(store)) = self.store_to_read(Some(policies)) else { return Known::default() };
        let declared = Declared::read(&store).await.ok().flatten();
        let tenant = policies.documents.tenant.as_ref().map(|tenant| tenant.value.id.value);
        let ours = declared.filter(|declared| tenant.is_none_or(|tenant| tenant == declared.tenant));
        let known = ours.map(|declared| declared.known()).unwrap_or_default();
        // A run that did not come to its end may have made groups, and knows them.
        let last = RunRecord::all(&store).await.unwrap_or_default().into_iter().next();
        let Some(last) = last else { return known };
        match RunRecord::read(&store, &last).await {
            Ok(record) if tenant.is_none_or(|tenant| tenant == record.plan.tenant.id) => known.or(record.known()),
            Ok(_) | Err(_) => known,
        }
    }
}

fn microsoft_reader(reader: MicrosoftReader) -> Reader {
    let counted = reader.clone();
    Reader { state: Box::new(reader), meter: Some(Arc::new(move || counted.stats())) }
}

/// A fixed time, or that of the clock.
pub(super) fn now(fixed: Option<Time>) -> Time {
    fixed.unwrap_or_else(|| Time::from_unix(jiff::Timestamp::now().as_second()))
}
