//! `check`: everything that can be known without changing or asking anything.

use std::collections::BTreeSet;

use super::args::{CheckArgs, TextOrJson};
use super::context::{Backend, Context, Policies};
use super::error::CliError;
use super::exit::Exit;
use super::terminal;
use crate::diag::{Findings, Severity, SourceMap, report};

pub(super) fn run(context: &Context, args: &CheckArgs) -> Result<Exit, CliError> {
    let (findings, sources, checked) = match context.policies(&BTreeSet::new()) {
        Ok(policies) => {
            let (findings, checked) = findings(context, &policies)?;
            (findings, policies.sources, checked)
        }
        Err(CliError::Invalid { findings, sources }) => (findings, sources, Against::Nothing("they could not be read")),
        Err(other) => return Err(other),
    };
    let exit = if findings.has_errors() { Exit::Invalid } else { Exit::Done };
    match args.format {
        TextOrJson::Json => {
            let json = report::to_json(&findings, &sources);
            terminal::data(&crate::render::harmless_json(format!("{json:#}")))?;
        }
        TextOrJson::Text => text(context, &findings, &sources, &checked)?,
    }
    Ok(exit)
}

/// What the files were checked against.
enum Against {
    /// Only themselves, and why.
    Nothing(&'static str),
    /// A tenant file.
    Tenant,
}

fn findings(context: &Context, policies: &Policies) -> Result<(Findings, Against), CliError> {
    let offline = |why| {
        let mut findings = crate::policy::check_offline(&policies.documents);
        findings.extend(crate::policy::check_ends(&policies.documents, context.now()));
        Ok((findings, Against::Nothing(why)))
    };
    let reader = match context.backend(policies)? {
        None => return offline("no backend is named"),
        Some(Backend::Microsoft) => return offline("`check` asks no service; `plan` does"),
        Some(Backend::Local(path)) => context.local_reader(&path)?,
    };
    let mut findings = match context.compare(policies, reader.source(), &BTreeSet::new()) {
        Ok(comparison) => comparison.planned.findings,
        Err(CliError::Invalid { findings, .. }) => findings,
        Err(other) => return Err(other),
    };
    findings.promote_left_behind();
    Ok((findings, Against::Tenant))
}

fn text(context: &Context, findings: &Findings, sources: &SourceMap, checked: &Against) -> Result<(), CliError> {
    context.say_findings(findings, sources);
    if findings.has_errors() {
        return Ok(());
    }
    let files = sources.files().len();
    let noun = if files == 1 { "file" } else { "files" };
    let warnings = findings.count(Severity::Warning);
    let rest = match (checked, warnings) {
        (Against::Tenant, 0) => "no problem".to_owned(),
        (Against::Tenant, _) => "no error".to_owned(),
        (Against::Nothing(why), _) => format!("no error; names were not checked, since {why}"),
    };
    terminal::data(&format!("{files} {noun} checked: {rest}"))?;
    Ok(())
}
