//! What can be typed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::backend::microsoft::Cloud;
use crate::emulator::Fault;
use crate::model::{Duration, Time};
use crate::permissions::Purpose;
use crate::plan::GuardId;
use crate::runs::RunId;

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
        value_parser = path(), value_hint = clap::ValueHint::DirPath
    )]
    policies: PathBuf,

    /// Where the tenant is: `microsoft`, or `local:FILE`. Default: `backend:` in the policy files
    #[arg(long, global = true, value_name = "BACKEND", env = "PIMFORM_BACKEND")]
    backend: Option<String>,

    /// Where the lock and the records of applies are: a folder, az://, s3:// or gs://. Default: `store:` in the policy
    /// files, else `.pimform` beside the policy directory
    #[arg(long, global = true, value_name = "STORE", env = "PIMFORM_STORE")]
    store: Option<String>,

    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorWhen,

    /// Plan as if it were this time, such as 2027-01-31 or 2027-01-31T18:00:00Z, for reproducible output
    #[arg(long, global = true, value_name = "TIME")]
    pub now: Option<Time>,

    /// For the backend `microsoft`.
    #[command(flatten)]
    pub microsoft: MicrosoftArgs,
}

/// For the backend `microsoft`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Microsoft backend")]
pub struct MicrosoftArgs {
    /// How to sign in: auto, emulator, client-secret, client-certificate, workload-identity, github, azure-devops,
    /// managed-identity or azure-cli. Default: the first that is set up
    #[arg(long, global = true, value_name = "METHOD", env = "PIMFORM_AUTH")]
    auth: Option<String>,

    /// The cloud: `public`, `usgov` or `china`. Default: `tenant.cloud` of the policy files, else `public`
    #[arg(long, global = true, value_name = "CLOUD")]
    pub cloud: Option<Cloud>,

    /// Ask this address instead of Microsoft Graph, such as that of `pimform emulator`
    #[arg(long, global = true, value_name = "URL", env = "PIMFORM_GRAPH_ENDPOINT")]
    graph_endpoint: Option<String>,

    /// Ask this address instead of Azure Resource Manager
    #[arg(long, global = true, value_name = "URL", env = "PIMFORM_ARM_ENDPOINT")]
    arm_endpoint: Option<String>,

    /// Trust the certificates in this file, too, such as that of `pimform emulator --tls`
    #[arg(long, global = true, value_name = "FILE", env = "PIMFORM_CA_CERTIFICATE", value_parser = path())]
    ca_certificate: Option<PathBuf>,

    /// Write each request and its answer into this file, one JSON object a line, without tokens
    #[arg(long, global = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub trace_http: Option<PathBuf>,

    /// End a reading of the tenant that receives more than this, such as 500MB [default: 4GB]
    #[arg(long, global = true, value_name = "SIZE", env = "PIMFORM_MAX_READ_BYTES")]
    max_read_bytes: Option<String>,

    /// End a reading of the tenant that takes longer than this, such as 2h [default: 1h]
    #[arg(long, global = true, value_name = "TIME", env = "PIMFORM_MAX_READ_TIME")]
    max_read_time: Option<String>,
}

/// A path that may be empty, as an empty variable of a job is.
fn path() -> impl clap::builder::TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

impl MicrosoftArgs {
    /// How to sign in, if it is said.
    pub fn auth(&self) -> Option<&str> {
        stated(self.auth.as_ref())
    }

    /// What to ask instead of Microsoft Graph.
    pub fn graph_endpoint(&self) -> Option<&str> {
        stated(self.graph_endpoint.as_ref())
    }

    /// What to ask instead of Azure Resource Manager.
    pub fn arm_endpoint(&self) -> Option<&str> {
        stated(self.arm_endpoint.as_ref())
    }

    /// The most bytes that a reading may receive, if it is said.
    pub fn max_read_bytes(&self) -> Option<&str> {
        stated(self.max_read_bytes.as_ref())
    }

    /// The longest that a reading may take, if it is said.
    pub fn max_read_time(&self) -> Option<&str> {
        stated(self.max_read_time.as_ref())
    }

    /// The file of more certificates to trust.
    pub fn ca_certificate(&self) -> Option<&Path> {
        self.ca_certificate.as_deref().filter(|path| !path.as_os_str().is_empty())
    }
}

/// An empty value is none, as an empty variable of a job is.
fn stated(value: Option<&String>) -> Option<&str> {
    value.map(String::as_str).filter(|value| !value.is_empty())
}

impl Common {
    /// The directory of the policy files. An empty name is none, as an empty variable of a job is.
    pub fn policies(&self) -> &Path {
        if self.policies.as_os_str().is_empty() { Path::new("policies") } else { &self.policies }
    }

    /// The store, if one is named.
    pub fn store(&self) -> Option<&str> {
        self.store.as_deref().filter(|store| !store.is_empty())
    }

    /// The backend, if one is named.
    pub fn backend(&self) -> Option<&str> {
        stated(self.backend.as_ref())
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
    /// Find what somebody changed in the tenant
    ///
    /// Compares the tenant with the policy files, and tells what somebody changed since the last apply from what the files
    /// say now and is not applied yet. Names who did it where the tenant's audit log can be read; that is best effort.
    #[command(after_help = "Example: pimform drift --expiring 30d --format markdown")]
    Drift(DriftArgs),
    /// Show a saved plan
    ///
    /// In any form, without the tenant and without the policy files.
    #[command(after_help = "Example: pimform show plan.json --format markdown")]
    Show(ShowArgs),
    /// List what was applied, or show one run
    ///
    /// Every apply is recorded: who, when, from which commit, each step with its outcome and the service's request ids.
    #[command(after_help = "Example: pimform history 20261121T101500Z-1f3c9a2b")]
    History(HistoryArgs),
    /// Restore what was before a run
    ///
    /// Plans the way back, shows it, asks and applies it, under the same guards as any other plan. What the policy files
    /// say stays: change them too, or the next apply does it all again.
    #[command(after_help = "Example: pimform undo 20261121T101500Z-1f3c9a2b --plan")]
    Undo(UndoArgs),
    /// Take the lock away from a run that has ended without giving it back
    #[command(after_help = "Example: pimform unlock 20261121T101500Z-1f3c9a2b")]
    Unlock(UnlockArgs),
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
    /// The file is a local backend: `--backend local:FILE` plans against it offline. Of a live tenant it holds all that can
    /// be seen of PIM, and what the policy files name.
    #[command(after_help = "Example: pimform snapshot --out tenant.json")]
    Snapshot(SnapshotArgs),
    /// Show the permissions that the policy files need
    ///
    /// The least permissions of Microsoft Graph and actions of Azure to plan and to apply exactly these files, with the
    /// part of the files that needs each, and commands that grant them. Reads the files only.
    #[command(after_help = "Example: pimform permissions --for plan --format az > grant.sh")]
    Permissions(PermissionsArgs),
    /// Look at a live tenant, and say what will not work
    ///
    /// Signs in, asks every collection that pimform reads for a page or two, and says in a line for each what it answered
    /// and what that means for these policy files: permissions, licence, spellings, rules, clock and limits. Changes nothing.
    #[command(after_help = "Example: pimform doctor --backend microsoft --format json")]
    Doctor(DoctorArgs),
    /// Play the services for a tenant file
    ///
    /// Answers as Microsoft Graph and Azure Resource Manager do, on this machine only, until it is interrupted. Prints how
    /// to point pimform and other clients at it.
    #[command(after_help = super::emulator::faults())]
    Emulator(EmulatorArgs),
    /// Print completions for a shell
    #[command(after_help = "Example: pimform completions bash > /etc/bash_completion.d/pimform")]
    Completions(CompletionsArgs),
    /// Print the manual page, or write all of them
    #[command(after_help = "Example: pimform man --out /usr/local/share/man/man1")]
    Man(ManArgs),
    /// Write policy files from what is there
    ///
    /// Reads the whole tenant and writes files that declare it as it is: a plan right after it is empty. What cannot be
    /// declared is left out and listed with the reason. With `--from` the files come from another tool's configuration.
    #[command(after_help = "Examples: pimform import --backend local:tenant.json --out policies
          pimform import --from easypim pim-config.jsonc --out policies")]
    Import(ImportArgs),
    /// Begin a policy directory
    ///
    /// Writes files with comments to start from, the schema that an editor completes and checks them with, and a README.
    /// The tenant's id comes from the backend, if one is named. With `--ci` the jobs that plan, apply and look for drift, too.
    #[command(after_help = "Examples: pimform init policies --backend local:tenant.json
          pimform init --ci github")]
    Init(InitArgs),
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
    /// Ask the service whether it would take each assignment, without making it. Needs the permissions of `apply`
    #[arg(long)]
    pub validate: bool,
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
    pub validate: ValidateArgs,
    #[command(flatten)]
    pub settle: SettleArgs,
    #[command(flatten)]
    pub target: TargetArgs,
    #[command(flatten)]
    pub allow: AllowArgs,
}

/// Whether the service is asked first.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// Do not ask the service first whether it would take the assignments
    #[arg(long)]
    no_validate: bool,
}

impl ValidateArgs {
    /// Whether to ask.
    pub fn asks(&self) -> bool {
        !self.no_validate
    }
}

/// How long to wait for what was done to be seen.
#[derive(Debug, Args)]
pub struct SettleArgs {
    /// How long to wait at most for the tenant to show what was done, such as 20m [default: 10m]
    #[arg(long = "settle", value_name = "TIME", env = "PIMFORM_SETTLE")]
    longest: Option<Duration>,
}

impl SettleArgs {
    /// As long as that, if anything was said.
    pub fn longest(&self) -> Option<std::time::Duration> {
        self.longest.map(|longest| std::time::Duration::from_secs(longest.as_secs()))
    }
}

/// Arguments of `drift`.
#[derive(Debug, Args)]
pub struct DriftArgs {
    /// Form of the output
    #[arg(long, default_value = "text")]
    pub format: DriftFormat,
    /// List the assignments that end within this time, such as 30d
    #[arg(long, value_name = "TIME")]
    pub expiring: Option<Duration>,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Forms of drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DriftFormat {
    /// For people
    Text,
    /// For programs
    Json,
    /// For an issue
    Markdown,
    /// For the test view of a CI system
    Junit,
    /// For the code scanning of a code host
    Sarif,
}

/// Arguments of `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// A plan saved with `plan --out`
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Form of the output
    #[arg(long, default_value = "text")]
    pub format: PlanFormat,
}

/// Arguments of `history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// Show this run
    #[arg(value_name = "RUN")]
    pub run: Option<RunId>,
    /// List at most so many runs, the latest first
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub last: usize,
    /// Form of the output
    #[arg(long, default_value = "text")]
    pub format: TextOrJson,
}

/// Arguments of `undo`.
#[derive(Debug, Args)]
pub struct UndoArgs {
    /// The run to undo; `pimform history` lists them
    #[arg(value_name = "RUN")]
    pub run: RunId,
    /// Only show the plan
    #[arg(long)]
    pub plan: bool,
    /// Do not ask
    #[arg(long, conflicts_with = "plan")]
    pub auto_approve: bool,
    /// Sent with the requests. Default: says which run is undone
    #[arg(long, value_name = "TEXT")]
    pub justification: Option<String>,
    /// Number of a ticket, sent where settings ask for one
    #[arg(long, value_name = "NUMBER")]
    pub ticket: Option<String>,
    /// Form of the output
    #[arg(long, default_value = "text")]
    pub format: TextOrJson,
    #[command(flatten)]
    pub validate: ValidateArgs,
    #[command(flatten)]
    pub settle: SettleArgs,
    #[command(flatten)]
    pub allow: AllowArgs,
}

/// Arguments of `unlock`.
#[derive(Debug, Args)]
pub struct UnlockArgs {
    /// The run that holds the lock. Asks if it is left out
    #[arg(value_name = "RUN")]
    pub run: Option<RunId>,
    /// Form of the output
    #[arg(long, default_value = "text")]
    pub format: TextOnly,
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

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Form of the output
    #[arg(long, default_value = "text")]
    pub format: TextOrJson,
    /// Play an assignment, its change and its removal on groups made for it, and delete them. Takes up to ten minutes
    #[arg(long, requires = "group")]
    pub write_probe: bool,
    /// The name of the group to make for it; a second one is made with ` (holder)` behind
    #[arg(long, value_name = "NAME", requires = "write_probe")]
    pub group: Option<String>,
    /// Where to write the exchanges of the play, without names, for a bug report
    #[arg(long, value_name = "FILE", requires = "write_probe", default_value = "write-probe.jsonl")]
    pub exchanges: PathBuf,
}

/// Arguments of `permissions`.
#[derive(Debug, Args)]
pub struct PermissionsArgs {
    /// What they are for
    #[arg(long = "for", value_name = "PURPOSE", default_value = "both")]
    pub purpose: PurposeArg,
    /// Form of the output
    #[arg(long, default_value = "text")]
    pub format: PermissionsFormat,
}

/// What permissions are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PurposeArg {
    /// Reading only
    Plan,
    /// Reading and changing
    Apply,
    /// Both, each by itself
    Both,
}

impl PurposeArg {
    /// One or both.
    pub fn purposes(self) -> &'static [Purpose] {
        match self {
            Self::Plan => &[Purpose::Plan],
            Self::Apply => &[Purpose::Apply],
            Self::Both => &[Purpose::Plan, Purpose::Apply],
        }
    }
}

/// Forms of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PermissionsFormat {
    /// For people, with commands
    Text,
    /// For programs
    Json,
    /// Commands of the Azure CLI
    Az,
}

/// Arguments of `emulator`.
#[derive(Debug, Args)]
pub struct EmulatorArgs {
    /// The tenant to play; the file itself is not changed
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub tenant: PathBuf,
    /// Listen on this port; 0 for any that is free
    #[arg(long, value_name = "N", default_value = "0")]
    pub port: u16,
    /// Listen with TLS, with a throw-away certificate unless one is given
    #[arg(long)]
    pub tls: bool,
    /// Write the certificate to trust into this file
    #[arg(long, value_name = "FILE", requires = "tls", conflicts_with = "tls_certificate")]
    pub ca_out: Option<PathBuf>,
    /// Use this certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,
    /// The private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
    /// Add well-known roles of Azure that come with the service, under their real ids
    #[arg(long)]
    pub built_in_roles: bool,
    /// Write the tenant, as it is by then, into this file at the end
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Misbehave in this way; see the list below. May be given more than once
    #[arg(long = "fault", value_name = "NAME[=VALUE]")]
    pub faults: Vec<Fault>,
    /// Write each request and its answer into this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
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

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Files of the tool that `--from` names
    #[arg(value_name = "FILE", requires = "from")]
    pub files: Vec<PathBuf>,
    /// Import the configuration of another tool instead of a tenant
    #[arg(long, value_name = "TOOL", requires = "files", conflicts_with_all = ["full", "targets"])]
    pub from: Option<ImportFrom>,
    /// Directory to write to. Default: that of `--policies`
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How to cut up the files
    #[arg(long, default_value = "scope")]
    pub layout: ImportLayout,
    /// Also take what nobody has changed, and who is in every group that occurs
    #[arg(long)]
    pub full: bool,
    /// Leave out the fields of settings that are as the service has them where nobody changed them
    #[arg(long, conflicts_with = "full")]
    pub minimal: bool,
    /// Write to a directory that is not empty, and replace the files of the same names
    #[arg(long)]
    pub force: bool,
    /// Form of the output
    #[arg(long, default_value = "text")]
    pub format: TextOrJson,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// What an import reads instead of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImportFrom {
    /// The configuration of the `EasyPIM` orchestrator, in JSON
    Easypim,
}

/// How an import cuts up the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImportLayout {
    /// One for each surface, and one for each management group and subscription
    Scope,
    /// One for each surface
    Surface,
    /// One for everything
    Flat,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Directory to begin. Default: that of `--policies`
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// Also write the files of this CI service; a policy directory that is begun already stays as it is. May be given more
    /// than once
    #[arg(long, value_name = "SERVICE")]
    pub ci: Vec<CiService>,
    /// Write to a directory that is not empty, and replace the files of the same names
    #[arg(long)]
    pub force: bool,
    /// Form of the output
    #[arg(long, default_value = "text")]
    pub format: TextOrJson,
}

/// A CI service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum CiService {
    /// GitHub Actions
    #[value(name = "github")]
    GitHub,
    /// Azure DevOps
    AzureDevops,
    /// GitLab
    #[value(name = "gitlab")]
    GitLab,
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

/// The one form of what is said to people only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TextOnly {
    /// For people
    Text,
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
    /// The JSON form of drift
    Drift,
    /// The record of an apply
    Run,
    /// The JSON form of permissions
    Permissions,
    /// The JSON form of what the doctor found
    Doctor,
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
    /// Let the plan remove assignments that another application made, such as an access package
    #[arg(long)]
    pub allow_access_packages: bool,
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
                GuardId::AccessPackages => self.allow_access_packages,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::backend::microsoft::auth::AuthMethod;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_way_to_sign_in_is_named_in_the_help() {
        let help = Cli::command().render_long_help().to_string();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let names = AuthMethod::ALL.map(AuthMethod::name);
        let (last, others) = names.split_last().unwrap();
        assert!(help.contains(&format!("{} or {last}", others.join(", "))), "{help}");
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
