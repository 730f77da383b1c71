//! What the terminal can show, and the two streams: data on standard output, talk on standard error.

use std::io::{self, IsTerminal as _, Write as _};

use super::args::ColorWhen;

/// Width where there is no terminal to ask.
const DEFAULT_WIDTH: usize = 100;
/// Below this nothing can be laid out.
const LEAST_WIDTH: usize = 40;

/// How to write to people.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal {
    /// Colour on standard output.
    pub(super) color: bool,
    /// Colour on standard error.
    pub(super) color_errors: bool,
    /// Columns.
    pub(super) width: usize,
}

impl Terminal {
    /// Looks at the two streams and the environment.
    pub(super) fn detect(when: ColorWhen) -> Self {
        let colored = |automatic: anstream::ColorChoice| match when {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto => automatic != anstream::ColorChoice::Never,
        };
        let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        Self {
            color: colored(anstream::AutoStream::choice(&io::stdout())),
            color_errors: colored(anstream::AutoStream::choice(&io::stderr())),
            width: width.unwrap_or(DEFAULT_WIDTH).max(LEAST_WIDTH),
        }
    }
}

/// Writes data.
pub(super) fn data(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.is_empty() && !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Says something to whoever watches. A closed standard error is no reason to fail.
pub(super) fn say(text: &str) {
    let mut out = io::stderr().lock();
    let _ = out.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

/// Asks for `yes`. Nothing when there is nobody to ask.
pub(super) fn confirm(question: &str) -> io::Result<Option<bool>> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    let mut out = io::stderr().lock();
    write!(out, "{question} ")?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if !answer.ends_with('\n') {
        say("");
    }
    Ok(Some(answer.trim() == "yes"))
}
