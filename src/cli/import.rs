//! `import`: policy files from what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::args::{ImportArgs, ImportFrom, ImportLayout, TextOrJson};
use super::context::{Context, Policies, Source};
use super::error::CliError;
use super::exit::Exit;
use super::{terminal, tree};
use crate::backend::ReadQuery;
use crate::diag::{FileId, Finding, Findings, SourceFile, SourceMap, chain};
use crate::import::easypim::Destination;
use crate::import::{self, Fields, Imported, Layout, Options, SCHEMA_FILE};
use crate::model::{Directory, Snapshot, Time};
use crate::plan::{Filter, GuardId, build, guard};
use crate::policy::{Documents, load, merge, policy_schema, resolve};

pub(super) fn run(context: &Context, args: &ImportArgs) -> Result<Exit, CliError> {
    let out = args.out.as_deref().unwrap_or_else(|| context.common.policies());
    tree::refuse_occupied(out, args.force)?;
    if let Some(ImportFrom::Easypim) = args.from {
        return easypim(context, args, out);
    }
    let filter = super::plan::filter(&args.target.targets)?;
    let policies = sources_of_backend(context)?;
    // One moment for all: what has ended by then is left out.
    let now = context.now();
    let reader = context.reader(&policies)?;
    let (snapshot, directory) = read(context, reader.source())?;
    let line = backend_line(context, &policies, out);
    let fields = if args.minimal { Fields::Changed } else { Fields::All };
    let (full, layout) = (args.full, layout(args.layout));
    let options = Options { filter: &filter, full, fields, layout, backend: line.as_deref(), now };
    let imported = import::tenant(&snapshot, &directory, &options);
    if imported.is_empty() && !args.target.targets.is_empty() {
        return Err(CliError::failed("nothing in the tenant has such an address, so nothing was written")
            .help("`pimform import` without `--target` shows which there are"));
    }
    say_idle(&snapshot, &directory, &options, &args.target.targets)?;
    let differing = first_plan(&imported, &snapshot, &directory, now);
    let exit = finish(out, imported, args.force, args.format)?;
    match differing {
        Some(what) => Err(CliError::failed(format!("the first plan would not be empty: {what}"))
            .help("the files are written; look at `pimform plan`, and report this as a mistake of pimform")),
        None => Ok(exit),
    }
}

/// The configuration of another tool. A backend is asked only if the command line names one.
fn easypim(context: &Context, args: &ImportArgs, out: &Path) -> Result<Exit, CliError> {
    let texts: Result<Vec<(String, String)>, CliError> =
        args.files.iter().map(|path| Ok((path.display().to_string(), super::documents::read_any(path)?))).collect();
    let texts = texts?;
    let policies = Policies { documents: Documents::default(), sources: SourceMap::default() };
    let line = backend_line(context, &policies, out);
    let (layout, now) = (layout(args.layout), context.now());
    let refused = BTreeMap::new();
    let offline =
        Destination { layout, backend: line.as_deref(), tenant: None, snapshot: None, refused: &refused, now };
    let (imported, others) = if context.backend(&policies)?.is_none() {
        import::easypim::proven(&texts, &offline, None).map_err(no_json)?
    } else {
        let reader = context.reader(&policies)?;
        let source = reader.source();
        let ids = import::easypim::easypim_ids(&texts);
        let reading = async { Ok((source.state.tenant().await?, source.state.directory(&ids).await?)) };
        let (tenant, directory) = context.read(source, reading)?;
        let into = Destination { tenant: Some((tenant.id, tenant.name.as_deref(), &*directory)), ..offline };
        let first = import::easypim::easypim(&texts, &into).map_err(no_json)?;
        let desired = import::easypim::objections(&first.files, Some(&directory), None, now).desired;
        let snapshot = match &desired {
            Some(desired) => {
                let query = ReadQuery::of(desired);
                Some(context.read(reader.source(), async { Ok(source.state.snapshot(&query).await?) })?)
            }
            None => None,
        };
        let into = Destination { snapshot: snapshot.as_ref(), ..into };
        import::easypim::proven(&texts, &into, Some(&directory)).map_err(no_json)?
    };
    let exit = finish(out, imported, args.force, args.format)?;
    match others.first() {
        None => Ok(exit),
        Some(message) => Err(CliError::failed(format!("a check would refuse the files: {message}"))
            .help("the files are written; look at `pimform check`, and report this as a mistake of pimform")),
    }
}

fn no_json(problem: String) -> CliError {
    CliError::failed(problem).help("it must be JSON; comments and trailing commas may be in it")
}

/// Writes the files and tells about them.
pub(super) fn finish(out: &Path, mut imported: Imported, force: bool, format: TextOrJson) -> Result<Exit, CliError> {
    imported.files.insert(SCHEMA_FILE.to_owned(), format!("{:#}\n", policy_schema()));
    tree::write(out, &imported.files)?;
    let shown = out.display().to_string();
    match format {
        TextOrJson::Text => terminal::data(&imported.summary(&shown))?,
        TextOrJson::Json => {
            let json = serde_json::to_string_pretty(&imported.report(&shown));
            let json = json.map_err(|error| CliError::failed(error.to_string()))?;
            terminal::data(&crate::render::harmless_json(json))?;
        }
    }
    if force {
        for name in tree::others(out, &imported.files) {
            // A file of comments declares nothing.
            if super::documents::read(&out.join(&name)).is_ok_and(|text| says_nothing(&text)) {
                continue;
            }
            let name = crate::render::visible(&name).into_owned();
            terminal::say(&format!("warning: `{name}` was there before and stays; it may declare the same"));
        }
    }
    if format == TextOrJson::Text && !imported.left_out.is_empty() {
        terminal::say(&imported.left_out_text());
    }
    Ok(if imported.unreadable == 0 { Exit::Done } else { Exit::Incomplete })
}

fn says_nothing(text: &str) -> bool {
    let (document, problems) = load::decode(FileId(0), text);
    document.is_none() && problems.is_empty()
}

/// With the backend on the command line no policy is needed.
fn sources_of_backend(context: &Context) -> Result<Policies, CliError> {
    if context.common.backend().is_some() {
        return Ok(Policies { documents: Documents::default(), sources: SourceMap::default() });
    }
    context.policies(&BTreeSet::from([GuardId::EmptyPolicy]))
}

/// All that the tenant has, and all that its names could be taken for.
pub(super) fn read(context: &Context, source: Source<'_>) -> Result<(Snapshot, std::sync::Arc<Directory>), CliError> {
    context.read(source, async {
        let mut snapshot = source.state.snapshot(&ReadQuery::Everything).await?;
        if snapshot.tenant_name.is_none() {
            match source.state.tenant_name().await {
                Ok(name) => snapshot.tenant_name = name,
                Err(error) => {
                    snapshot.notes.insert(chain(&error));
                }
            }
        }
        let directory = source.state.directory(&import::names(&snapshot)).await?;
        Ok((snapshot, directory))
    })
}

pub(super) fn layout(layout: ImportLayout) -> Layout {
    match layout {
        ImportLayout::Scope => Layout::Scope,
        ImportLayout::Surface => Layout::Surface,
        ImportLayout::Flat => Layout::Flat,
    }
}

/// What the files say of their backend: a tenant file is named from where the files are.
pub(super) fn backend_line(context: &Context, policies: &Policies, out: &Path) -> Option<String> {
    let (text, directory) = match (context.common.backend(), &policies.documents.backend) {
        (Some(text), _) => (text, PathBuf::new()),
        (None, Some(text)) => {
            (&*text.value, policies.documents.backend_directory(&policies.sources).unwrap_or_default())
        }
        (None, None) => return None,
    };
    match text.split_once(':') {
        Some(("local", file)) => tree::relative(&directory.join(file), out).map(|path| format!("local:{path}")),
        _ => Some(text.to_owned()),
    }
}

/// Warns of globs that cover nothing.
fn say_idle(
    snapshot: &Snapshot,
    directory: &Directory,
    options: &Options<'_>,
    globs: &[String],
) -> Result<(), CliError> {
    for glob in globs.iter().filter(|_| globs.len() > 1) {
        let filter: Filter = super::plan::filter(std::slice::from_ref(glob))?;
        if import::tenant(snapshot, directory, &Options { filter: &filter, ..options.clone() }).is_empty() {
            let glob = crate::render::visible(glob).into_owned();
            terminal::say(&format!("warning: `--target {glob}` covers nothing that can be imported"));
        }
    }
    Ok(())
}

/// Plans against what was just read. Nothing if there is nothing to do, as it should be; else what there is.
fn first_plan(
    imported: &Imported,
    snapshot: &Snapshot,
    directory: &std::sync::Arc<Directory>,
    now: Time,
) -> Option<String> {
    let (mut sources, mut findings, mut documents) = (SourceMap::default(), Findings::default(), Vec::new());
    for (name, text) in &imported.files {
        let id: FileId = sources.add(SourceFile::new(name, text.clone()));
        let (document, problems) = load::decode(id, text);
        documents.extend(document);
        findings.extend(problems);
    }
    let (documents, problems) = merge::merge(documents, imported.files.len());
    findings.extend(problems);
    let (desired, problems) = resolve(&documents, directory, &crate::model::Known::default());
    findings.extend(problems);
    if let Some(desired) = desired {
        let planned = build(&desired, snapshot, &sources, now);
        findings.extend(planned.findings);
        let verdict = guard(&planned.plan, &desired, snapshot, &BTreeSet::new());
        if let Some(step) = planned.plan.steps.first() {
            return Some(format!("`{}` and {} more steps", step.address, planned.plan.steps.len() - 1));
        }
        if verdict.is_refused() {
            return Some("a guard would refuse it".to_owned());
        }
    }
    let error = |finding: &&Finding| finding.severity == crate::diag::Severity::Error;
    findings.sorted().iter().copied().find(error).map(|finding| finding.message.clone())
}
