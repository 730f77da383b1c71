//! How many calls a plan of a live tenant takes, how many bytes, and how long: over the emulator, which answers on
//! loopback after as long as it is told.
//!
//! `cargo bench --bench live` prints the tables of `docs/performance.md`. The emulator runs in a process of its own, so that
//! its work is not counted as the client's; what the table calls seconds is from the first request to the plan.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::panic,
    reason = "a benchmark uses files and the clock, prints, and may fail loudly"
)]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use pimform::backend::local::write_tenant;
use pimform::backend::microsoft::auth::{AuthMethod, Environment, SignIn};
use pimform::backend::microsoft::{Cloud, Endpoints, MicrosoftReader, Options, Stats};
use pimform::compare::{compare, nothing_known};
use pimform::emulator::{Emulator, Options as EmulatorOptions};
use pimform::generate::{Mix, NOW, generate_mix};
use pimform::policy;

/// Entries on a page. The service documents no number for PIM; this is what its other collections begin with.
const PAGE: usize = 100;

/// A tenant to measure.
struct Size {
    name: &'static str,
    assignments: usize,
    mix: Mix,
    /// Milliseconds.
    latencies: &'static [u32],
}

const fn azure(name: &'static str, scopes: usize) -> Size {
    // Two roles at each scope, which are read one by one.
    let mix = Mix { directory: 0, groups: 0, azure: 2 * scopes, scopes };
    Size { name, assignments: 4 * scopes, mix, latencies: &[0, 100] }
}

const fn groups(name: &'static str, groups: usize) -> Size {
    let mix = Mix { directory: 0, groups, azure: 0, scopes: 0 };
    Size { name, assignments: 3 * groups, mix, latencies: &[0, 100] }
}

const SIZES: [Size; 8] = [
    Size { name: "the budget's", assignments: 500, mix: Mix::BUDGET, latencies: &[0, 100] },
    Size { name: "10 times the assignments", assignments: 5_000, mix: Mix::BUDGET, latencies: &[0, 100] },
    azure("10 Azure scopes", 10),
    azure("100 Azure scopes", 100),
    azure("1 000 Azure scopes", 1_000),
    groups("100 groups", 100),
    groups("1 000 groups", 1_000),
    groups("10 000 groups", 10_000),
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    if let [serve, tenant, latency] = args.as_slice()
        && serve == "serve"
    {
        emulate(Path::new(tenant), latency.parse().unwrap());
        return;
    }
    println!("| tenant | latency | calls | bytes | seconds |");
    println!("|---|---|---|---|---|");
    for size in SIZES.iter().filter(|size| args.is_empty() || args.iter().any(|arg| size.name.contains(arg.as_str()))) {
        let folder = tempfile::tempdir().unwrap();
        let tenant = prepare(folder.path(), size);
        for latency in size.latencies {
            let emulator = Running::start(&tenant, *latency);
            // The best of some: the machine may be busy with something else.
            let rounds = if size.mix.groups.max(size.mix.scopes) < 1_000 { 3 } else { 1 };
            let best =
                (0..rounds).map(|_| plan(folder.path(), &emulator.url)).min_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
            let (Stats { calls, bytes, .. }, seconds) = best;
            println!("| {} | {latency} ms | {calls} | {} kB | {seconds:.2} s |", size.name, bytes.div_ceil(1000));
        }
    }
}

fn prepare(folder: &Path, size: &Size) -> PathBuf {
    let generated = generate_mix(3, size.assignments, &size.mix);
    for (name, text) in &generated.policies {
        // A surface without an entry is not written.
        if text.lines().count() > 1 {
            let path = folder.join("policies").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }
    let tenant = folder.join("tenant.json");
    write_tenant(&tenant, &generated.tenant).unwrap();
    tenant
}

/// Answers until standard input ends.
fn emulate(tenant: &Path, latency: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut options = EmulatorOptions::new(std::fs::read_to_string(tenant).unwrap());
    options.now = Some(NOW.to_string());
    options.page_size = PAGE;
    if latency > 0 {
        options.faults = vec![format!("latency={latency}").parse().unwrap()];
    }
    let running = runtime.block_on(Emulator::start(options)).unwrap();
    println!("{}", running.url());
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

/// The emulator in a process of its own.
struct Running {
    process: Child,
    url: String,
}

impl Running {
    fn start(tenant: &Path, latency: u32) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut command = Command::new(program);
        command.arg("serve").arg(tenant).arg(latency.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { process, url: url.trim().to_owned() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// The way of `pimform plan`, without the policy files, which `stages` measures.
fn plan(folder: &Path, url: &str) -> (Stats, f64) {
    let policy::Loaded { documents, sources } = policy::load(&folder.join("policies")).ok().unwrap();
    let endpoints = Endpoints::same(url).unwrap();
    let sign_in = SignIn {
        method: AuthMethod::Emulator,
        environment: &Environment::default(),
        cloud: Cloud::Public,
        endpoints: &endpoints,
        tenant: None,
        trusted: None,
    };
    let (credential, _) = sign_in.credential().unwrap();
    let start = Instant::now();
    let reader = MicrosoftReader::new(Options::new(Cloud::Public, endpoints, credential)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let comparison = runtime.block_on(compare(&documents, &sources, &reader, &nothing_known, &BTreeSet::new(), NOW));
    let comparison = comparison.unwrap_or_else(|error| panic!("{error:?}"));
    let seconds = start.elapsed().as_secs_f64();
    assert!(!comparison.planned.plan.steps.is_empty(), "something always differs");
    assert!(comparison.planned.plan.observations.len() < comparison.snapshot.targets.len(), "something was read");
    (reader.stats(), seconds)
}
