//! What can be typed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::model::Time;
use crate::plan::GuardId;

/// Policy as code for Privileged Identity Management of Microsoft Entra and Azure.
///
/// Declare in YAML who may become what: role settings, approvers, eligible and active assignments of directory roles,
/// groups and Azure roles. `plan` shows what would change, `apply` makes it so.
#[derive(Debug, Parser)]
#[command(name = "pimform", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// For every command.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failed, 2 changes pending, 3 invalid policy, 4 refused, 5 partly applied,
6 something could not be read, 64 wrong command line.

Example: pimform plan --policies examples/landing-zone/policies";

/// For every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Common options")]
pub struct Common {
    /// Directory of the policy files; every *.yaml and *.yml below it is read
    #[arg(
        long, global = true, value_name = "DIR", env = "PIMFORM_POLICIES", default_value = "policies",
        value_parser = OsStringValueParser::new().map(PathBuf::from), value_hint = clap::ValueHint::DirPath
    )]
    policies: PathBuf,

    /// Where the tenant is: `local:FILE`. Default: `backend:` in the policy files
    #[arg(long, global = true, value_name = "BACKEND", env = "PIMFORM_BACKEND")]
    backend: Option<String>,

    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorWhen,

    /// Plan as if it were this time, such as 2027-01-31 or 2027-01-31T18:00:00Z, for reproducible output
    #[arg(long, global = true, value_name = "TIME")]
    pub now: Option<Time>,
}

impl Common {
    /// The directory of the policy files. An empty name is none, as an empty variable of a job is.
    pub fn policies(&self) -> &Path {
        if self.policies.as_os_str().is_empty() { Path::new("policies") } else { &self.policies }
    }

    /// The backend, if one is named.
    pub fn backend(&self) -> Option<&str> {
        self.backend.as_deref().filter(|backend| !backend.is_empty())
    }
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the policy files
    ///
    /// Reports every problem of all files at once. With a local backend names and schedules are checked against the
    /// tenant, too.
    #[command(after_help = "Example: pimform check --format json")]
    Check(CheckArgs),
    /// Show what would change
    ///
    /// Reads the tenant, compares it with the policy files and shows the steps that would make it so. Changes nothing.
    #[command(after_help = "Example: pimform plan --target 'directory/*' --out plan.json --detailed-exitcode")]
    Plan(PlanArgs),
    /// Make it so
    ///
    /// Plans, asks, carries out the steps, then reads and plans again: nothing may be left to do. A saved plan is done as
    /// it was reviewed, with the overrides of guards that it was made with, or not at all.
    #[command(after_help = "Example: pimform apply plan.json --auto-approve")]
    Apply(ApplyArgs),
    /// Explain an address, a guard or a finding
    ///
    /// For an address: each settings field or assignment with the place in the files that it comes from.
    #[command(after_help = "Example: pimform explain 'directory/Global Administrator/settings'")]
    Explain(ExplainArgs),
    /// Print a JSON Schema
    #[command(after_help = "Example: pimform schema policy > schemas/policy.schema.json")]
    Schema(SchemaArgs),
    /// Write the tenant to a file
    ///
    /// The file is a local backend: `--backend local:FILE` plans against it offline.
    #[command(after_help = "Example: pimform snapshot --out tenant.json")]
    Snapshot(SnapshotArgs),
    /// Print completions for a shell
    #[command(after_help = "Example: pimform completions bash > /etc/bash_completion.d/pimform")]
    Completions(CompletionsArgs),
    /// Print the manual page, or write all of them
    #[command(after_help = "Example: pimform man --out /usr/local/share/man/man1")]
    Man(ManArgs),
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Form of the output
    #[arg(long, default_value = "text")]
    pub format: TextOrJson,
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Form of the output
    #[arg(long, default_value = "text")]
    pub format: PlanFormat,
    /// Save the plan, in its JSON form, for `apply`
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Exit with 2 when there are changes
    #[arg(long)]
    pub detailed_exitcode: bool,
    #[command(flatten)]
    pub target: TargetArgs,
    #[command(flatten)]
    pub allow: AllowArgs,
}

/// Arguments of `apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// A plan saved with `plan --out`: only its steps are carried out
    #[arg(value_name = "PLAN")]
    pub plan: Option<PathBuf>,
    /// Do not ask
    #[arg(long)]
    pub auto_approve: bool,
    /// Form of the output
    #[arg(long, default_value = "text")]
    pub format: TextOrJson,
    #[command(flatten)]
    pub target: TargetArgs,
    #[command(flatten)]
    pub allow: AllowArgs,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// An address such as `group/SEC-GA/member/settings`, a guard or the id of a finding
    pub what: String,
    /// Form of the output
    #[arg(long, default_value = "text")]
    pub format: TextOrJson,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Of what
    #[arg(default_value = "policy")]
    pub of: SchemaOf,
    /// Form of the output
    #[arg(long, default_value = "json")]
    pub format: JsonOnly,
}

/// Arguments of `snapshot`.
#[derive(Debug, Args)]
pub struct SnapshotArgs {
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace the file if it exists
    #[arg(long, requires = "out")]
    pub force: bool,
    /// Form of the output
    #[arg(long, default_value = "json")]
    pub format: JsonOnly,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// For which shell
    pub shell: clap_complete::Shell,
    /// Form of the output
    #[arg(long, default_value = "shell")]
    pub format: ShellOnly,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write a page for each command into this directory
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Form of the output
    #[arg(long, default_value = "roff")]
    pub format: RoffOnly,
}

/// Forms of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For people
    Text,
    /// For programs, and for `apply`
    Json,
    /// For a comment on a pull request
    Markdown,
}

/// Forms of other results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    /// For people
    Text,
    /// For programs
    Json,
}

/// The one form of schemas and snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum JsonOnly {
    /// JSON
    Json,
}

/// The one form of completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShellOnly {
    /// The shell's own language
    Shell,
}

/// The one form of manual pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoffOnly {
    /// roff, as man reads it
    Roff,
}

/// What there is a schema of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// Policy files
    Policy,
    /// Tenant files of the local backend
    Tenant,
    /// The JSON form of a plan
    Plan,
}

/// Narrows a plan.
#[derive(Debug, Args)]
pub struct TargetArgs {
    /// Only what has this address; `*` stands for any part, `**` for any parts. May be given more than once
    #[arg(long = "target", value_name = "GLOB")]
    pub targets: Vec<String>,
}

/// Overrides of guards, one flag each.
#[derive(Debug, Args)]
#[command(next_help_heading = "Overrides of guards")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one flag each, so that overriding one guard cannot override another"
)]
pub struct AllowArgs {
    /// Let the plan remove more than 30 % (and more than 10) of the assignments of a surface
    #[arg(long)]
    pub allow_removals: bool,
    /// Let the plan take the last administrator from a role
    #[arg(long)]
    pub allow_last_administrator: bool,
    /// Let the plan remove or shorten access of a protected principal
    #[arg(long)]
    pub allow_protected: bool,
    /// Let the plan take access from whoever applies it
    #[arg(long)]
    pub allow_own_access: bool,
    /// Go on with no policy file
    #[arg(long)]
    pub allow_empty_policy: bool,
    /// Go on with files that are for another tenant
    #[arg(long)]
    pub allow_tenant_mismatch: bool,
    /// Let the plan bring a group under PIM for the first time, which cannot be undone
    #[arg(long)]
    pub allow_onboarding: bool,
}

impl AllowArgs {
    /// The guards that the flags override.
    pub fn guards(&self) -> BTreeSet<GuardId> {
        GuardId::ALL
            .into_iter()
            .filter(|guard| match guard {
                GuardId::Removals => self.allow_removals,
                GuardId::LastAdministrator => self.allow_last_administrator,
                GuardId::Protected => self.allow_protected,
                GuardId::OwnAccess => self.allow_own_access,
                GuardId::EmptyPolicy => self.allow_empty_policy,
                GuardId::TenantMismatch => self.allow_tenant_mismatch,
                GuardId::Onboarding => self.allow_onboarding,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_guard_has_its_own_flag() {
        for guard in GuardId::ALL {
            let cli = Cli::try_parse_from(["pimform", "plan", guard.flag()]).unwrap();
            let Command::Plan(args) = cli.command else { panic!("not plan") };
            assert_eq!(args.allow.guards(), BTreeSet::from([guard]));
        }
    }
}
