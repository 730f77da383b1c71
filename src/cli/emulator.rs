//! `emulator`: plays the services for a tenant file until it is interrupted.

use std::fmt::Write as _;
use std::path::Path;

use super::args::EmulatorArgs;
use super::context::Context;
use super::error::CliError;
use super::exit::Exit;
use super::terminal;
use crate::backend::BackendError;
use crate::backend::local::write_file;
use crate::diag::chain;
use crate::emulator::{Emulator, Fault, Options, Running, Tls};
use crate::render;

pub(super) fn run(context: &Context, args: &EmulatorArgs) -> Result<Exit, CliError> {
    let mut options = Options::new(super::documents::read(&args.tenant)?);
    options.port = args.port;
    options.tls = tls(args);
    options.faults.clone_from(&args.faults);
    options.built_in_roles = args.built_in_roles;
    options.now = context.common.now.map(|now| now.to_string());
    options.log = args.log.is_some();
    context.runtime.block_on(async {
        let running = Emulator::start(options).await.map_err(|error| CliError::failed(chain(&error)))?;
        terminal::data(&greeting(&running, args))?;
        super::interrupt().await;
        finish(running, args).await
    })
}

fn tls(args: &EmulatorArgs) -> Tls {
    match (&args.tls_certificate, &args.tls_key) {
        (Some(certificate), Some(key)) => Tls::Given { certificate: certificate.clone(), key: key.clone() },
        _ if args.tls => Tls::ThrowAway { ca_file: args.ca_out.clone() },
        _ => Tls::Off,
    }
}

/// Where it is, and how to use it.
fn greeting(running: &Running, args: &EmulatorArgs) -> String {
    let url = running.url();
    let shown = |path: &Path| render::visible(&path.display().to_string()).into_owned();
    let mut text = format!("Microsoft Graph and Azure Resource Manager for `{}` at {url}\n", shown(&args.tenant));
    text += "\nTo point pimform at it, in another terminal:\n\n";
    let mut export = |name: &str, value: &str| {
        let _ = writeln!(text, "  export {name}={}", render::shell_word(value));
    };
    export("PIMFORM_BACKEND", "microsoft");
    export("PIMFORM_AUTH", "emulator");
    export("PIMFORM_GRAPH_ENDPOINT", &url);
    export("PIMFORM_ARM_ENDPOINT", &url);
    if let Some(path) = args.ca_out.as_ref().or(args.tls_certificate.as_ref()) {
        export("PIMFORM_CA_CERTIFICATE", &path.display().to_string());
    }
    text += "  pimform plan\n";
    if args.tls && args.ca_out.is_none() && args.tls_certificate.is_none() {
        text += "\nNobody trusts its certificate yet: start it with `--ca-out FILE` to have what to trust.\n";
    }
    text += "\nInterrupt it to end it.\n";
    text
}

/// Keeps what was asked to be kept.
async fn finish(running: Running, args: &EmulatorArgs) -> Result<Exit, CliError> {
    let (tenant, log) = (running.tenant_file(), running.log());
    running.stop().await;
    if let Some(path) = &args.log {
        write(path, &log)?;
    }
    if let Some(path) = &args.save {
        write(path, &tenant)?;
        terminal::say(&format!("saved to `{}`", render::visible(&path.display().to_string())));
    }
    Ok(Exit::Done)
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    use std::io::Write as _;
    write_file(path, |writer| writer.write_all(text.as_bytes()))
        .map_err(|source| BackendError::Io { action: "cannot write", path: path.display().to_string(), source }.into())
}

/// The list of faults, for the help.
pub(super) fn faults() -> String {
    let mut text = String::from("Faults:\n");
    for (name, what) in Fault::all() {
        let _ = writeln!(text, "  {name}\n          {what}");
    }
    text += "\nExample: pimform emulator --tenant tenant.json --fault throttling=5 --save after.json";
    text
}
