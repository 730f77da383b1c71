//! Runs the program in a folder of its own, with nothing of the surroundings leaking in.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The time that tests plan at.
pub(crate) const NOW: &str = "2026-11-21T12:00:00Z";

/// A folder to run the program in.
pub(crate) struct Workspace {
    dir: TempDir,
}

impl Workspace {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// A copy of a folder of the project.
    pub(crate) fn copy_of(folder: &Path) -> Self {
        let workspace = Self::new();
        copy(folder, workspace.path());
        workspace
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file, folders included.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Reads a file.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// The program, ready to run here.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pimform"));
        command.current_dir(self.path()).env_clear().envs([("USER", "ada"), ("HOSTNAME", "laptop")]).args(args);
        if !args.iter().any(|arg| arg.starts_with("--now")) {
            command.args(["--now", NOW]);
        }
        command
    }

    /// Runs the program.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        Run::of(&self.command(args).stdin(std::process::Stdio::null()).output().unwrap())
    }
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

impl Run {
    /// From the output of a process.
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
            code: output.status.code().unwrap_or(-1),
        }
    }

    /// Fails unless the run ended with this code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    /// What a person would see.
    pub(crate) fn transcript(&self, args: &str) -> String {
        let mut text = format!("$ pimform {args}\n{}", self.stdout);
        for line in self.stderr.lines() {
            let _ = writeln!(text, "{}", format!("! {line}").trim_end());
        }
        let _ = writeln!(text, "exit {}\n", self.code);
        text
    }
}

/// The project's own folder.
pub(crate) fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares with a file of the project, or rewrites it where `UPDATE` is set.
#[track_caller]
pub(crate) fn assert_file(path: &Path, actual: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, actual).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    if expected != actual {
        let diff = similar::TextDiff::from_lines(&expected, actual);
        panic!(
            "{} is not current (UPDATE=1 cargo test rewrites it)\n{}",
            path.display(),
            diff.unified_diff().context_radius(3)
        );
    }
}

/// The folders below a folder, in order.
pub(crate) fn folders(below: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(below).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
