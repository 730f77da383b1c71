//! How long each stage of a plan takes, and how much memory, for tenants of 10 000 to 1 000 000 assignments.
//!
//! `cargo bench --bench stages` prints a table; `cargo bench --bench stages -- 10000` measures one size.
//! `docs/performance.md` keeps what was measured. Each size runs in a process of its own, so that its peak is its own.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark uses files and the clock, prints, and may fail loudly"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use pimform::backend::local::{LocalReader, write_tenant};
use pimform::backend::{ReadQuery, ReadState as _};
use pimform::generate::{NOW, Shape, generate};
use pimform::{plan, policy, render};

const SIZES: [(usize, usize); 3] = [(10_000, 2_000), (100_000, 2_000), (1_000_000, 20_000)];
const STAGES: [&str; 7] = ["load", "read", "resolve", "snapshot", "plan", "guard", "render"];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    match args.as_slice() {
        [child, dir] if child == "child" => measure(Path::new(dir)),
        [] => table(&SIZES),
        sizes => {
            let of = |size: &String| size.parse::<usize>().ok().map(|size| (size, (size / 50).clamp(100, 20_000)));
            table(&sizes.iter().filter_map(of).collect::<Vec<_>>());
        }
    }
}

fn table(sizes: &[(usize, usize)]) {
    println!("| assignments | targets | YAML | tenant file | {} | all | peak |", STAGES.join(" | "));
    println!("|{}", "---|".repeat(STAGES.len() + 6));
    for &(assignments, targets) in sizes {
        let dir = tempfile::tempdir().unwrap();
        let (yaml, json) = prepare(dir.path(), assignments, targets);
        // The best of three: the machine may be busy with something else.
        let best = (0..3).map(|_| run(dir.path())).min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        println!("| {assignments} | {targets} | {yaml} MB | {json} MB | {} |", best.1);
    }
}

fn prepare(dir: &Path, assignments: usize, targets: usize) -> (u64, u64) {
    let generated = generate(&Shape { seed: 7, assignments, targets });
    let mut yaml = 0;
    for (name, text) in &generated.policies {
        let path = dir.join("policies").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        yaml += text.len() as u64;
    }
    let tenant = dir.join("tenant.json");
    write_tenant(&tenant, &generated.tenant).unwrap();
    (yaml >> 20, std::fs::metadata(tenant).unwrap().len() >> 20)
}

fn run(dir: &Path) -> (f64, String) {
    let program = std::env::current_exe().unwrap();
    let output = Command::new(program).arg("child").arg(dir).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let (all, row) = text.trim().split_once(' ').unwrap();
    (all.parse().unwrap(), row.to_owned())
}

/// The way of `pimform plan`, stage by stage.
fn measure(dir: &Path) {
    let mut marks = vec![Instant::now()];
    let policy::Loaded { documents, sources } = policy::load(&dir.join("policies")).ok().unwrap();
    marks.push(Instant::now());
    let reader = LocalReader::open(&dir.join("tenant.json"), NOW).unwrap();
    marks.push(Instant::now());
    let directory = block_on(reader.directory(&policy::names(&documents))).unwrap();
    let (desired, findings) = policy::resolve(&documents, &directory, &pimform::model::Known::default());
    let desired = desired.unwrap_or_else(|| panic!("{:?}", findings.sorted().first()));
    marks.push(Instant::now());
    let snapshot = block_on(reader.snapshot(&ReadQuery::of(&desired))).unwrap();
    marks.push(Instant::now());
    let planned = plan::build(&desired, &snapshot, &sources, NOW);
    marks.push(Instant::now());
    let verdict = plan::guard(&planned.plan, &desired, &snapshot, &BTreeSet::new());
    marks.push(Instant::now());
    let text = render::text(&planned.plan, &verdict, render::Style { color: false, width: 100 });
    marks.push(Instant::now());
    assert!(text.len() > 100 && !planned.plan.steps.is_empty());

    let seconds: Vec<String> =
        marks.windows(2).map(|pair| format!("{:.3} s", (pair[1] - pair[0]).as_secs_f64())).collect();
    let all = (marks[STAGES.len()] - marks[0]).as_secs_f64();
    println!("{all} {} | {all:.2} s | {} MB", seconds.join(" | "), peak_megabytes());
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// The most memory that the process has held, as Linux counts it; 0 elsewhere.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
}
