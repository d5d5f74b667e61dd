//! How far a command is, on standard error: a bar on a terminal, a line now and then elsewhere.

use std::cell::Cell;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use ticketing_client::CallError;
use ticketing_logging::Plain;

/// Between plain lines.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

pub(crate) struct Progress {
    bar: ProgressBar,
    /// What is counted, for example `rows`.
    things: &'static str,
    /// Where there is no terminal.
    lines: Option<Lines>,
}

struct Lines {
    begun: Instant,
    last: Cell<Instant>,
    /// Done before.
    before: u64,
}

impl Progress {
    /// Nothing of `total` things is done yet.
    pub(crate) fn of(total: u64, things: &'static str) -> Self {
        let bar = format!(
            "{{bar:30}} {{human_pos}} of {{human_len}} {things}, {{rate}} {things}/s, {{eta}} left {{wide_msg}}"
        );
        Self::new(Some(total), 0, things, &bar)
    }

    /// So many things were done `before`; nobody knows how many there are.
    pub(crate) fn open_ended(before: u64, things: &'static str) -> Self {
        Self::new(
            None,
            before,
            things,
            &format!("{{spinner}} {{human_pos}} {things}, {{rate}} {things}/s {{wide_msg}}"),
        )
    }

    fn new(total: Option<u64>, before: u64, things: &'static str, template: &str) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template(template).expect("the template is sound");
        bar.set_style(style.with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
            // Nobody is told if a terminal cannot be written to.
            let _ = write!(out, "{:.0}", state.per_sec());
        }));
        bar.set_position(before);
        // What was done before says nothing about the rate.
        bar.reset_eta();
        let now = Instant::now();
        let lines = (!io::stderr().is_terminal()).then(|| Lines { begun: now, last: Cell::new(now), before });
        Self { bar, things, lines }
    }

    /// So many things are done.
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
        self.line(|| format!("; trying again: {}", Plain(&error.to_string())));
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
        let (done, things) = (self.bar.position(), self.things);
        let rate = done.saturating_sub(lines.before) as f64 / lines.begun.elapsed().as_secs_f64();
        let far = match self.bar.length() {
            Some(total) if rate > 0.0 => {
                format!("{done} of {total} {things}, {rate:.0} {things}/s, {:.0} s left", (total - done) as f64 / rate)
            }
            Some(total) => format!("{done} of {total} {things}, no end known"),
            None => format!("{done} {things}, {rate:.0} {things}/s"),
        };
        // Where stderr is closed there is nobody to tell.
        let _ = writeln!(io::stderr(), "{far}{}", more());
    }
}
