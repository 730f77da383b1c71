//! `snapshot`: the tenant as a file of the local backend.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::FutureExt as _;

use super::args::SnapshotArgs;
use super::context::{Backend, Context, Policies};
use super::error::CliError;
use super::exit::Exit;
use super::terminal;
use crate::backend::local::{LocalReader, TenantFile, write_tenant};
use crate::compare::everything;
use crate::diag::SourceMap;
use crate::model::Makers;
use crate::plan::GuardId;
use crate::policy::Documents;
use crate::render;

pub(super) fn run(context: &Context, args: &SnapshotArgs) -> Result<Exit, CliError> {
    if let Some(path) = args.out.as_ref().filter(|path| path.exists() && !args.force) {
        return Err(CliError::failed(format!("`{}` exists", path.display())).help("replace it with `--force`"));
    }
    // With the backend on the command line no policy is needed; what the files name is in the snapshot all the same.
    let policies = match context.policies(&BTreeSet::from([GuardId::EmptyPolicy])) {
        Ok(policies) => policies,
        Err(_) if context.common.backend().is_some() => {
            Policies { documents: Documents::default(), sources: SourceMap::default() }
        }
        Err(error) => return Err(error),
    };
    let file = match context.required_backend(&policies)? {
        // A tenant file holds all there is already, and more than a snapshot of it would.
        Backend::Local(path) => LocalReader::open(&path, context.now())?.capture(),
        Backend::Microsoft => {
            let reader = context.reader(&policies)?;
            let source = reader.source();
            let known = || context.known(&policies).boxed_local();
            let snapshot =
                context.read(source, async { Ok(everything(&policies.documents, source.state, &known).await?) })?;
            for note in &snapshot.notes {
                terminal::say(&format!("note: {}", render::visible(note)));
            }
            TenantFile::of(&snapshot)
        }
    };
    match &args.out {
        Some(path) => write_tenant(path, &file)?,
        None => terminal::data(&file.to_text()?)?,
    }
    for what in &file.incomplete {
        terminal::say(&format!("incomplete: {}", render::visible(what)));
    }
    if let Some(why) = unread_makers(&file) {
        terminal::say(&format!("incomplete: {}", render::visible(&why)));
    }
    let unreadable = unreadable(&file);
    if unreadable > 0 {
        terminal::say(&format!("{unreadable} targets or groups could not be read; the snapshot says which"));
    }
    Ok(if unreadable == 0 && file.incomplete.is_empty() && file.unread_makers.is_empty() {
        Exit::Done
    } else {
        Exit::Incomplete
    })
}

/// A plan against the snapshot says this too, where it would remove some of them.
fn unread_makers(file: &TenantFile) -> Option<String> {
    let unread = file.unread_makers.iter().map(|entry| (entry.list(), Arc::clone(&entry.why))).collect();
    let why = Makers { unread, ..Makers::default() }.unknown()?;
    Some(format!("who made assignments is not in this snapshot, so no guard can tell those of access packages: {why}"))
}

fn unreadable(file: &TenantFile) -> usize {
    let targets = file.targets.iter().filter(|target| target.unreadable.is_some());
    let groups = file.groups.iter().filter(|group| group.unreadable.is_some());
    targets.count() + groups.count()
}
