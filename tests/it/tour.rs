//! The README's tour, as it stands there: each line runs in one bash, with the program on its path. Only the port is another
//! one, so that tests do not meet on it.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::harness::{Run, Workspace, project};

#[test]
fn the_tour_of_the_readme_goes_as_it_says() {
    let readme = std::fs::read_to_string(project().join("README.md")).unwrap();
    let (_, rest) = readme.split_once("<!-- tour -->\n```console\n").unwrap();
    let (block, _) = rest.split_once("```\n<!-- /tour -->").unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert!(block.contains("8480"), "{block}");
    let block = block.replace("8480", &port.to_string());
    let mut script = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n".to_owned();
    for line in block.lines() {
        let _ = writeln!(script, "echo '=== {}'\n{line}", line.replace('\'', ""));
    }

    let workspace = Workspace::new();
    let tenant = "examples/landing-zone/tenant.json";
    workspace.write(tenant, std::fs::read(project().join(tenant)).unwrap());
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_pimform"));
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap_or_default());
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", &script]).current_dir(workspace.path());
    bash.env_clear().env("PATH", path).env("USER", "ada").env("HOSTNAME", "laptop").stdin(Stdio::null());
    let run = Run::of(&bash.output().unwrap()).expect(0);
    let parts: Vec<&str> = run.stdout.split("=== ").skip(1).collect();
    assert_eq!(parts.len(), block.lines().count());
    let said = |command: &str, what: &str| {
        let at = parts.iter().position(|part| part.starts_with(command) && part.contains(what));
        at.unwrap_or_else(|| panic!("`{command}` does not say `{what}`:\n{}", run.stdout))
    };
    let order = [
        said("pimform import", "targets"),
        said("pimform plan", "No changes"),
        said("pimform plan --out", "- eligible  user:linus@contoso.example (Linus Falk)"),
        said("pimform apply", "Applied 2 of 2 steps. A second plan finds nothing to do."),
        said("pimform drift", "No drift since"),
        said("pimform history", "done     apply: 2 steps by ada on laptop"),
    ];
    assert!(order.is_sorted(), "{order:?}");
    assert!(parts[order[2]].contains("activation.max_duration  4h -> 1h  tightens"), "{}", parts[order[2]]);
    assert!(parts.last().unwrap().starts_with("kill %1"), "{block}");
}
