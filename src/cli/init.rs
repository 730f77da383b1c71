//! `init`: a policy directory to start from.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use serde_json::json;

mod ci;

use super::args::{InitArgs, TextOrJson};
use super::context::{Context, Policies};
use super::error::CliError;
use super::exit::Exit;
use super::import::backend_line;
use super::{terminal, tree};
use crate::backend::Tenant;
use crate::diag::SourceMap;
use crate::import::{SCHEMA_FILE, scalar};
use crate::policy::{Documents, policy_schema};
use crate::render::visible;

/// Names below the directory, and texts.
const FILES: [(&str, &str); 5] = [
    ("README.md", include_str!("init/README.md")),
    ("azure.yaml", include_str!("init/azure.yaml")),
    ("directory.yaml", include_str!("init/directory.yaml")),
    ("groups.yaml", include_str!("init/groups.yaml")),
    ("profiles.yaml", include_str!("init/profiles.yaml")),
];

/// What stands in the place of a tenant's id: `check` points at it.
const PLACEHOLDER: &str = "<id of your tenant>";

/// Where the editor looks.
const EDITOR_FILE: &str = ".vscode/settings.json";

pub(super) fn run(context: &Context, args: &InitArgs) -> Result<Exit, CliError> {
    let directory = args.directory.as_deref().unwrap_or_else(|| context.common.policies());
    let ci = ci::files(directory, &args.ci);
    if !args.ci.is_empty() && tree::refuse_occupied(directory, false).is_err() {
        ci.write(args.force)?;
        let told = Told { editor: None, ci: &ci.paths(), tenant: None };
        tell(args.format, directory, &BTreeMap::new(), &told)?;
        return Ok(Exit::Done);
    }
    tree::refuse_occupied(directory, args.force)?;
    ci.refuse_occupied(args.force)?;
    let policies = Policies { documents: Documents::default(), sources: SourceMap::default() };
    let tenant = ask(context, &policies)?;
    let line = backend_line(context, &policies, directory);
    let mut files: BTreeMap<String, String> =
        FILES.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    files.insert("tenant.yaml".to_owned(), tenant_file(tenant.as_ref(), line.as_deref()));
    files.insert(SCHEMA_FILE.to_owned(), format!("{:#}\n", policy_schema()));
    tree::write(directory, &files)?;
    let editor = editor(directory)?;
    ci.write(args.force)?;
    let told = Told { editor: editor.as_deref(), ci: &ci.paths(), tenant: tenant.as_ref() };
    tell(args.format, directory, &files, &told)?;
    Ok(Exit::Done)
}

/// The tenant that answers, if a backend is named.
fn ask(context: &Context, policies: &Policies) -> Result<Option<Tenant>, CliError> {
    if context.backend(policies)?.is_none() {
        return Ok(None);
    }
    let reader = context.reader(policies)?;
    let source = reader.source();
    context.read(source, async { Ok(Some(source.state.tenant().await?)) })
}

fn tenant_file(tenant: Option<&Tenant>, backend: Option<&str>) -> String {
    let mut text = format!("# yaml-language-server: $schema={SCHEMA_FILE}\n\n");
    text.push_str(
        "# What holds for all files of this directory. Each key may stand in any of them, but only once.\n\n",
    );
    text.push_str("version: 1\n");
    if let Some(backend) = backend {
        let _ = writeln!(text, "backend: {}", scalar(backend));
    } else {
        text.push_str("# backend: microsoft                   # what plans read, if the command line does not say\n");
    }
    let id = tenant.map_or_else(|| PLACEHOLDER.to_owned(), |tenant| tenant.id.to_string());
    let _ = writeln!(text, "tenant:\n  id: {}   # a plan against any other tenant is refused", scalar(&id));
    if let Some(name) = tenant.and_then(|tenant| tenant.name.as_ref()).filter(|name| !name.trim().is_empty()) {
        let _ = writeln!(text, "  name: {}", scalar(name));
    }
    text + include_str!("init/tenant.yaml")
}

/// Settings of the editor beside the directory. Those that are there already are left as they are: nothing is told then.
fn editor(directory: &Path) -> Result<Option<PathBuf>, CliError> {
    let inside = matches!(directory.components().next_back(), Some(Component::Normal(_)));
    let name = directory.file_name().filter(|_| inside).map(|name| name.to_string_lossy().into_owned());
    let root = match (&name, directory.parent()) {
        (Some(_), Some(parent)) if !parent.as_os_str().is_empty() => parent,
        (Some(_), _) => Path::new("."),
        (None, _) => directory,
    };
    let path = root.join(EDITOR_FILE);
    if path.exists() {
        return Ok(None);
    }
    let below = name.map(|name| format!("{name}/")).unwrap_or_default();
    let settings = json!({
        "yaml.schemas": { (format!("./{below}{SCHEMA_FILE}")): [format!("{below}**/*.yaml"), format!("{below}**/*.yml")] }
    });
    tree::write(root, &BTreeMap::from([(EDITOR_FILE.to_owned(), format!("{settings:#}\n"))]))?;
    Ok(Some(path))
}

/// What was written beside the policy files, and for whom.
struct Told<'t> {
    editor: Option<&'t Path>,
    ci: &'t [PathBuf],
    tenant: Option<&'t Tenant>,
}

fn tell(
    format: TextOrJson,
    directory: &Path,
    files: &BTreeMap<String, String>,
    told: &Told<'_>,
) -> Result<(), CliError> {
    let shown = directory.display().to_string();
    let plain = |path: &Path| path.display().to_string().trim_start_matches("./").to_owned();
    let (editor, tenant) = (told.editor.map(plain), told.tenant);
    let ci: Vec<String> = told.ci.iter().map(|path| plain(path)).collect();
    if format == TextOrJson::Json {
        let report = json!({
            "version": 1,
            "directory": shown,
            "files": files.keys().collect::<Vec<_>>(),
            "editor": editor,
            "ci": ci,
            "tenant": tenant.map(|tenant| tenant.id),
        });
        terminal::data(&crate::render::harmless_json(format!("{report:#}")))?;
        return Ok(());
    }
    let paths = files.keys().map(|name| format!("{}/{name}", shown.trim_end_matches('/'))).chain(editor).chain(ci);
    let lines: Vec<String> = paths.map(|path| format!("  {}", visible(&path))).collect();
    let title = if files.is_empty() { "written:".to_owned() } else { format!("begun in {}:", visible(&shown)) };
    terminal::data(&format!("{title}\n{}", lines.join("\n")))?;
    let next = match tenant {
        _ if files.is_empty() => "next: read the top of each file; it says what to set up",
        Some(_) => {
            "next: `pimform import --force` takes in what the tenant has, or write your own and run `pimform plan`"
        }
        None => "next: put the id of your tenant into tenant.yaml; `pimform check` shows the line",
    };
    terminal::say(next);
    Ok(())
}
