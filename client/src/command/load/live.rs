//! How a load is going, on standard error: drawn anew each second on a terminal, a line now and then elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ticketing_logging::Plain;

use super::run::Slice;

/// Between plain lines, in seconds.
const LINE_INTERVAL: f64 = 5.0;
/// A second with the rest of a run.
const LONG_SECOND: f64 = 1.6;
/// Of a pod that answers all calls, in characters.
const BAR_WIDTH: f64 = 40.0;
/// More would scroll the terminal.
const MOST_PODS: usize = 16;

pub(crate) struct Live {
    /// Where there is a terminal.
    view: Option<ProgressBar>,
    /// Since the last line: for where there is none.
    pending: Option<Slice>,
    failed: u64,
    warned: bool,
}

impl Live {
    pub(crate) fn new() -> Self {
        let view = io::stderr().is_terminal().then(|| {
            let view = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            view.set_style(ProgressStyle::with_template("{msg}").expect("the template is sound"));
            view
        });
        Self { view, pending: None, failed: 0, warned: false }
    }

    pub(crate) fn warming_up(&mut self) {
        match &self.view {
            Some(view) => view.set_message("warming up; nothing is counted yet"),
            None if !self.warned => tell("warming up; nothing is counted yet"),
            None => {}
        }
        self.warned = true;
    }

    pub(crate) fn show(&mut self, slice: &Slice) {
        self.failed += slice.failed();
        if let Some(view) = &self.view {
            view.set_message(drawn(slice, self.failed));
            view.tick();
            return;
        }
        let pending = match self.pending.take() {
            Some(before) => before.and(slice),
            None => slice.clone(),
        };
        if pending.seconds < LINE_INTERVAL - 0.5 {
            self.pending = Some(pending);
            return;
        }
        tell(&headline(&pending));
    }

    /// Leaves the terminal as it was.
    pub(crate) fn clear(&self) {
        if let Some(view) = &self.view {
            view.finish_and_clear();
        }
    }
}

pub(super) fn tell(line: &str) {
    // Where stderr is closed there is nobody to tell.
    let _ = writeln!(io::stderr(), "{line}");
}

fn headline(slice: &Slice) -> String {
    let rate = slice.calls as f64 / slice.seconds;
    let pods = match slice.pods.len() {
        1 => "1 pod".to_owned(),
        pods => format!("{pods} pods"),
    };
    let latencies = match slice.answered() {
        0 => "no answer".to_owned(),
        // Percentiles of several seconds cannot be added.
        _ if slice.seconds > LONG_SECOND => {
            format!("p50 {:.2} ms, p99 {:.2} ms in the worst second", slice.p50_ms, slice.p99_ms)
        }
        _ => format!("p50 {:.2} ms, p99 {:.2} ms", slice.p50_ms, slice.p99_ms),
    };
    let mut line = format!("{:.0} s: {rate:.0} calls/s, {latencies}, {pods}, {} failed", slice.end, slice.failed());
    for (code, count) in &slice.failures {
        write!(line, ", {code} {count}").expect("a string takes text");
    }
    line
}

/// Several lines: the headline, then a bar a pod.
fn drawn(slice: &Slice, failed_so_far: u64) -> String {
    let mut text = headline(slice);
    if failed_so_far > 0 {
        write!(text, " ({failed_so_far} so far)").expect("a string takes text");
    }
    text + &bars(&slice.pods)
}

/// The share of each pod as a bar, each on a line of its own.
pub(crate) fn bars(pods: &BTreeMap<String, u64>) -> String {
    let all = pods.values().sum::<u64>().max(1) as f64;
    let shown: Vec<_> = pods.iter().take(MOST_PODS).map(|(pod, calls)| (Plain(pod).to_string(), calls)).collect();
    let width = shown.iter().map(|(pod, _)| pod.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for (pod, calls) in shown {
        let share = *calls as f64 / all;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the width of a bar")]
        let bar = "#".repeat((share * BAR_WIDTH).round() as usize);
        write!(text, "\npod {pod:width$} {calls:>10} {:>5.1} % {bar}", share * 100.0).expect("a string takes text");
    }
    if pods.len() > MOST_PODS {
        write!(text, "\nand {} more pods", pods.len() - MOST_PODS).expect("a string takes text");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice() -> Slice {
        Slice {
            end: 3.0,
            seconds: 1.0,
            calls: 105,
            failures: [("UNAVAILABLE".to_owned(), 5)].into(),
            pods: [("a".to_owned(), 75), ("b".to_owned(), 25)].into(),
            p50_ms: 1.5,
            p99_ms: 9.0,
        }
    }

    #[test]
    fn a_second_is_shown_with_rate_latencies_failures_and_a_bar_a_pod() {
        let text = drawn(&slice(), 7);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "3 s: 105 calls/s, p50 1.50 ms, p99 9.00 ms, 2 pods, 5 failed, UNAVAILABLE 5 (7 so far)");
        let bar = |line: &str| line.matches('#').count();
        assert_eq!((bar(lines[1]), bar(lines[2])), (30, 10), "{text}");
    }

    #[test]
    fn a_line_of_several_seconds_counts_all_their_calls() {
        let both = slice().and(&slice());
        assert_eq!((both.calls, both.failed(), both.pods["a"]), (210, 10, 150));
        assert!(headline(&both).contains("105 calls/s"));
    }

    #[test]
    fn a_hundred_pods_do_not_scroll_the_terminal() {
        let pods = (0..100).map(|pod| (format!("pod-{pod:02}"), 1)).collect();
        assert!(bars(&pods).ends_with("\nand 84 more pods"));
    }
}
