//! Commands that print what is built in, and writing of files.
#![expect(clippy::disallowed_methods, reason = "this is the shell: it writes the files that a user asks for")]

use std::io::Write as _;
use std::path::Path;

use clap::CommandFactory as _;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::args::{Cli, CompletionsArgs, ManArgs, SchemaArgs, SchemaOf};
use super::error::CliError;
use super::exit::Exit;
use super::terminal;
use crate::backend::BackendError;
use crate::backend::local::write_file;

pub(super) fn schema(args: &SchemaArgs) -> Result<Exit, CliError> {
    let schema = match args.of {
        SchemaOf::Policy => crate::policy::policy_schema(),
        SchemaOf::Tenant => crate::backend::local::tenant_schema(),
        SchemaOf::Plan => crate::plan::plan_schema(),
        SchemaOf::Drift => crate::render::drift_schema(),
        SchemaOf::Run => crate::runs::run_schema(),
        SchemaOf::Doctor => crate::render::doctor_schema(),
        SchemaOf::Permissions => crate::permissions::permissions_schema(),
    };
    terminal::data(&format!("{schema:#}"))?;
    Ok(Exit::Done)
}

pub(super) fn completions(args: &CompletionsArgs) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "pimform", &mut script);
    terminal::data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

pub(super) fn man(args: &ManArgs) -> Result<Exit, CliError> {
    if let Some(directory) = &args.out {
        std::fs::create_dir_all(directory)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), directory))
            .map_err(|error| cannot_write(directory, error))?;
    } else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page)?;
        terminal::data(&String::from_utf8_lossy(&page))?;
    }
    Ok(Exit::Done)
}

/// Writes a text to a file that is made or replaced.
pub(super) fn write_text(path: &Path, text: &str) -> Result<(), CliError> {
    write_file(path, |writer| writer.write_all(text.as_bytes())).map_err(|error| cannot_write(path, error))
}

/// Writes a plan file whole or not at all. Only an older plan is replaced: a slip of the hand must not cost a tenant file
/// or a policy.
pub(super) fn write_plan(path: &Path, text: &str) -> Result<(), CliError> {
    if !may_become_a_plan(path) {
        return Err(CliError::failed(format!("`{}` exists and is not a plan file", path.display()))
            .help("name another file, or remove this one first"));
    }
    write_file(path, |writer| writer.write_all(text.as_bytes())).map_err(|error| cannot_write(path, error))
}

/// True for a plan file, and for what holds nothing: no file at all, an empty one, a pipe.
fn may_become_a_plan(path: &Path) -> bool {
    /// What every version of the format has.
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only whether the keys are there matters")]
    struct Plan {
        version: IgnoredAny,
        digest: IgnoredAny,
        steps: IgnoredAny,
    }
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() && found.len() > 0 => {
            std::fs::read(path).is_ok_and(|text| serde_json::from_slice::<Plan>(&text).is_ok())
        }
        _ => true,
    }
}

fn cannot_write(path: &Path, source: std::io::Error) -> CliError {
    BackendError::Io { action: "cannot write", path: path.display().to_string(), source }.into()
}

/// Reads a file whole.
pub(super) fn read(path: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(path)
        .map_err(|error| CliError::failed(format!("cannot read `{}`: {error}", path.display())))
}

/// Reads a text file in UTF-8, or in UTF-16 with its mark, as some shells write it.
pub(super) fn read_any(path: &Path) -> Result<String, CliError> {
    let bytes =
        std::fs::read(path).map_err(|error| CliError::failed(format!("cannot read `{}`: {error}", path.display())))?;
    let units = |read: fn([u8; 2]) -> u16| {
        let pairs = bytes.chunks_exact(2).skip(1).filter_map(|pair| Some(read(pair.try_into().ok()?)));
        char::decode_utf16(pairs).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>()
    };
    match bytes.as_slice() {
        [0xFF, 0xFE, ..] => Ok(units(u16::from_le_bytes)),
        [0xFE, 0xFF, ..] => Ok(units(u16::from_be_bytes)),
        _ => String::from_utf8(bytes)
            .map_err(|_| CliError::failed(format!("`{}` is not UTF-8", path.display())).help("save the file as UTF-8")),
    }
}
