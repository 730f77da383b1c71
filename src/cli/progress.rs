//! Progress on standard error, for whatever takes longer than a second.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::context::Meter;
use crate::apply::{Observer, Outcome};
use crate::plan::Step;

const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);

/// Shows what is going on until it is dropped. Says nothing in the first second.
pub(super) struct Progress {
    done: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    bar: ProgressBar,
}

impl Progress {
    /// For work of unknown length.
    pub(super) fn spinner(what: &'static str) -> Self {
        let bar = ProgressBar::hidden();
        bar.set_message(what);
        Self::start(bar, what, "{spinner} {msg} {elapsed}", None)
    }

    /// For reading a tenant: with the calls so far, where calls are made.
    pub(super) fn reading(what: &'static str, meter: Option<&Meter>) -> Self {
        let bar = ProgressBar::hidden();
        bar.set_message(what);
        Self::start(bar, what, "{spinner} {msg} {elapsed}", meter.map(Arc::clone))
    }

    /// Says something while it goes on.
    pub(super) fn say(&self, text: &str) {
        self.bar.suspend(|| super::terminal::say(text));
    }

    /// For so many steps.
    pub(super) fn steps(count: usize) -> Self {
        let bar = ProgressBar::hidden();
        bar.set_length(count as u64);
        Self::start(bar, "applying", "{bar:20} {pos}/{len} {wide_msg} {elapsed}", None)
    }

    fn start(bar: ProgressBar, what: &'static str, style: &str, meter: Option<Meter>) -> Self {
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        let (done, wait) = channel::<()>();
        let shown = bar.clone();
        let thread = std::thread::spawn(move || {
            if wait.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            if std::io::stderr().is_terminal() {
                shown.set_draw_target(ProgressDrawTarget::stderr());
                shown.enable_steady_tick(TICK);
            } else {
                anstream::eprintln!("{what} ...");
                return;
            }
            let Some(meter) = meter else { return };
            while wait.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                let calls = usize::try_from(meter().calls).unwrap_or(usize::MAX);
                shown.set_message(format!("{what}: {}", crate::render::count(calls, "call", "calls")));
            }
        });
        Self { done: Some(done), thread: Some(thread), bar }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.done.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
    }
}

impl Observer for Progress {
    fn started(&self, step: &Step) {
        self.bar.set_message(step.address.clone());
    }

    fn finished(&self, _: &Step, _: &Outcome) {
        self.bar.inc(1);
    }
}
