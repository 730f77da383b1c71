//! `permissions`: what an identity needs for these policy files.

use std::collections::BTreeSet;

use super::args::{PermissionsArgs, PermissionsFormat};
use super::context::Context;
use super::error::CliError;
use super::exit::Exit;
use super::terminal;
use crate::permissions::Permissions;
use crate::render;

pub(super) fn run(context: &Context, args: &PermissionsArgs) -> Result<Exit, CliError> {
    let policies = context.policies(&BTreeSet::new())?;
    let findings = crate::policy::check_offline(&policies.documents);
    if findings.has_errors() {
        return Err(CliError::Invalid { findings, sources: policies.sources });
    }
    let permissions = Permissions::of(&policies.documents, &policies.sources, args.purpose.purposes());
    let text = match args.format {
        PermissionsFormat::Text => render::permissions_text(&permissions),
        PermissionsFormat::Json => {
            render::permissions_json(&permissions).map_err(|error| CliError::failed(error.to_string()))?
        }
        PermissionsFormat::Az => render::permissions_az(&permissions),
    };
    terminal::data(&text)?;
    Ok(Exit::Done)
}
