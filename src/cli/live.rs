//! The backend `microsoft`: how to reach the tenant, from flags, the environment and the policy files. The only place
//! that reads the environment.
#![expect(clippy::disallowed_methods, reason = "this is the shell: it reads the environment and opens files")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::args::MicrosoftArgs;
use super::error::CliError;
use super::exit::Exit;
use crate::backend::BackendError;
use crate::backend::microsoft::auth::{AuthError, AuthMethod, Environment, SignIn};
use crate::backend::microsoft::cloud::EndpointError;
use crate::backend::microsoft::{Cloud, Endpoints, Notice, Options, Pause, RealTime, Trace};
use crate::diag::visible;
use crate::model::Time;
use crate::policy::Documents;
use crate::policy::document;

/// How to reach the tenant. Nothing is asked yet. `now` is the time of `--now`.
pub(super) fn options(args: &MicrosoftArgs, documents: &Documents, now: Option<Time>) -> Result<Options, CliError> {
    let method = args.auth().map(str::parse).transpose().map_err(|error| refused(error).exit(Exit::Usage))?;
    let cloud = cloud(args.cloud, documents)?;
    let endpoints =
        Endpoints::new(cloud, args.graph_endpoint(), args.arm_endpoint()).map_err(|error| bad_endpoint(&error))?;
    let trusted = args.ca_certificate().map(certificate).transpose()?;
    let environment = Environment::read(|name| std::env::var(name).ok());
    let sign_in = SignIn {
        method: method.unwrap_or(AuthMethod::Auto),
        environment: &environment,
        cloud,
        endpoints: &endpoints,
        tenant: documents.tenant.as_ref().map(|tenant| tenant.value.id.value),
        trusted: trusted.as_deref(),
    };
    let (credential, _) = sign_in.credential().map_err(refused)?;
    let trace = args.trace_http.as_deref().map(trace).transpose()?;
    let notice: Option<Notice> = Some(Arc::new(|text: &str| super::terminal::say(&visible(text))));
    let options = Options { trusted, trace, notice, ..Options::new(cloud, endpoints, credential) };
    let stopped = now.filter(|_| options.endpoints.are_loopback()).and_then(StoppedClock::at);
    Ok(match stopped {
        Some(clock) => Options { pause: Arc::new(clock), ..options },
        None => options,
    })
}

/// A clock that stands at the time of `--now`, as an emulator does that was started with it.
struct StoppedClock {
    at: jiff::Timestamp,
    real: RealTime,
}

impl StoppedClock {
    fn at(time: Time) -> Option<Self> {
        Some(Self { at: jiff::Timestamp::from_second(time.as_unix()).ok()?, real: RealTime::default() })
    }
}

#[async_trait]
impl Pause for StoppedClock {
    fn now(&self) -> jiff::Timestamp {
        self.at
    }

    fn elapsed(&self) -> Duration {
        self.real.elapsed()
    }

    async fn pause(&self, length: Duration) {
        self.real.pause(length).await;
    }
}

/// The cloud that the command line or the files name; they may not contradict each other.
fn cloud(flag: Option<Cloud>, documents: &Documents) -> Result<Cloud, CliError> {
    let declared = documents.tenant.as_ref().and_then(|tenant| tenant.value.cloud.as_ref());
    let declared = declared.map(|cloud| match cloud.value {
        document::Cloud::Public => Cloud::Public,
        document::Cloud::UsGov => Cloud::UsGov,
        document::Cloud::China => Cloud::China,
    });
    match (flag, declared) {
        (Some(flag), Some(declared)) if flag != declared => {
            let message = format!("the files are for the cloud `{declared}`, but `--cloud` says `{flag}`");
            Err(CliError::failed(message).exit(Exit::Usage).help("leave `--cloud` out, or name other policy files"))
        }
        (flag, declared) => Ok(flag.or(declared).unwrap_or_default()),
    }
}

fn bad_endpoint(error: &EndpointError) -> CliError {
    let help = match error {
        EndpointError::NotAnAddress(_) => "write the whole address, `https://` included",
        EndpointError::TooMuch(_) => "write the address of the server only",
        EndpointError::Plain(_) => "write `https://`",
    };
    CliError::failed(error.to_string()).exit(Exit::Usage).help(help)
}

fn refused(error: AuthError) -> CliError {
    let AuthError { what, help } = error;
    let error = CliError::failed(what);
    match help {
        Some(help) => error.help(help),
        None => error,
    }
}

fn certificate(path: &Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(path).map_err(|source| io("cannot read", path, source))
}

fn trace(path: &Path) -> Result<Trace, CliError> {
    let file = std::fs::File::create(path).map_err(|source| io("cannot write", path, source))?;
    Ok(Trace::new(Box::new(file)))
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> CliError {
    BackendError::Io { action, path: path.display().to_string(), source }.into()
}
