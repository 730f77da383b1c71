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
use crate::backend::microsoft::{Bounds, Cloud, Endpoints, Notice, Options, Pause, RealTime, Trace};
use crate::diag::visible;
use crate::model::{Duration as Length, Time};
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
    let bounds = bounds(args)?;
    let options = Options { trusted, bounds, trace, notice, ..Options::new(cloud, endpoints, credential) };
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

/// What a reading may take.
fn bounds(args: &MicrosoftArgs) -> Result<Bounds, CliError> {
    let refused = |flag: &str, text: &str, help: &str| {
        CliError::failed(format!("`{}` of `{flag}` is too little or no {help}", visible(text))).exit(Exit::Usage)
    };
    let mut bounds = Bounds::default();
    if let Some(text) = args.max_read_bytes() {
        let refused = || refused("--max-read-bytes", text, "size").help("write it as `500MB` or `8GB`");
        bounds.bytes = size(text).ok_or_else(refused)?;
    }
    if let Some(text) = args.max_read_time() {
        let refused = || refused("--max-read-time", text, "time").help("write it as `30m` or `2h`");
        let length = text.parse::<Length>().ok().filter(|length| length.as_secs() > 0);
        bounds.time = Duration::from_secs(length.ok_or_else(refused)?.as_secs());
    }
    Ok(bounds)
}

/// A number of bytes: `8GB`, `500 MB`, `1048576`. More than none.
fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|mark: char| !mark.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor).filter(|bytes| *bytes > 0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        microsoft: MicrosoftArgs,
    }

    fn parsed(args: &[&str]) -> Result<Bounds, String> {
        let line = <Line as clap::Parser>::parse_from(["pimform"].iter().chain(args));
        bounds(&line.microsoft).map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn the_flags_say_what_a_reading_may_take() {
        assert_eq!(parsed(&[]), Ok(Bounds::default()));
        assert_eq!(Bounds::default(), Bounds { bytes: 4_000_000_000, time: Duration::from_secs(3600) });
        let both = parsed(&["--max-read-bytes", "8GB", "--max-read-time", "30m"]);
        assert_eq!(both, Ok(Bounds { bytes: 8_000_000_000, time: Duration::from_secs(1800) }));
        for (flag, text) in [
            ("--max-read-bytes", "0"),
            ("--max-read-bytes", "much"),
            ("--max-read-time", "0s"),
            ("--max-read-time", "8"),
        ] {
            let error = parsed(&[flag, text]).unwrap_err();
            assert!(error.contains(flag) && error.contains(&format!("`{text}`")), "{error}");
        }
    }

    #[test]
    fn sizes_are_written_with_and_without_a_unit() {
        let sizes = ["1048576", "500MB", "8 GB", "2gib", " 3kB "].map(size);
        assert_eq!(sizes, [Some(1_048_576), Some(500_000_000), Some(8_000_000_000), Some(2 << 30), Some(3000)]);
        for text in ["", "GB", "0", "0MB", "-1", "1.5GB", "4 parsecs", "99999999999TB", "1e9"] {
            assert_eq!(size(text), None, "{text}");
        }
    }
}
