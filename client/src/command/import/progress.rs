//! How far an import is, on standard error: a bar on a terminal, a line now and then elsewhere.

use std::cell::Cell;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use ticketing_client::CallError;

/// Between plain lines.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

const BAR: &str = "{bar:30} {human_pos} of {human_len} rows, {rate} rows/s, {eta} left {wide_msg}";

pub(crate) struct Progress {
    bar: ProgressBar,
    /// Where there is no terminal.
    lines: Option<Lines>,
}

struct Lines {
    begun: Instant,
    last: Cell<Instant>,
}

impl Progress {
    /// Nothing of `rows` is done yet.
    pub(crate) fn of(rows: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(rows), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template(BAR).expect("the template is sound");
        bar.set_style(style.with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
            // Nobody is told if a terminal cannot be written to.
            let _ = write!(out, "{:.0}", state.per_sec());
        }));
        let now = Instant::now();
        let lines = (!io::stderr().is_terminal()).then(|| Lines { begun: now, last: Cell::new(now) });
        Self { bar, lines }
    }

    /// So many rows have their outcome.
    pub(crate) fn advance_to(&self, done: u64) {
        if done > self.bar.position() {
            self.bar.set_position(done);
            if !self.bar.message().is_empty() {
                self.bar.set_message("");
            }
        }
        self.line(String::new);
    }

    /// A call failed and will be tried again.
    pub(crate) fn trouble(&self, error: &CallError) {
        if self.lines.is_none() {
            self.bar.set_message(format!("(trying again: {})", error.code));
        }
        self.line(|| format!("; trying again: {error}"));
    }

    /// Leaves the terminal as it was.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn line(&self, more: impl FnOnce() -> String) {
        let Some(lines) = &self.lines else { return };
        if lines.last.get().elapsed() < LINE_INTERVAL {
            return;
        }
        lines.last.set(Instant::now());
        let (done, rows) = (self.bar.position(), self.bar.length().unwrap_or_default());
        let rate = done as f64 / lines.begun.elapsed().as_secs_f64();
        let left =
            if rate > 0.0 { format!("{:.0} s left", (rows - done) as f64 / rate) } else { "no end known".into() };
        // Where stderr is closed there is nobody to tell.
        let _ = writeln!(io::stderr(), "{done} of {rows} rows, {rate:.0} rows/s, {left}{}", more());
    }
}
