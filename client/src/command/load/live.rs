//! How a load is going, on standard error: drawn anew each second on a terminal, a line now and then elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ticketing_logging::Plain;

use super::run::{Slice, sum};
use crate::command::counted;

/// Between plain lines, in seconds.
const LINE_INTERVAL: f64 = 5.0;
/// A second with the rest of a run.
const LONG_SECOND: f64 = 1.6;
/// Of a pod that answers all calls, in characters: as long as there is room for on a usual terminal, but from here to there.
const SHORTEST_BAR: usize = 10;
const LONGEST_BAR: usize = 40;
/// Columns of a usual terminal, and of a line with a bar without the pod's name and the bar.
const COLUMNS: usize = 80;
const BESIDE_BAR: usize = 24;
/// More would scroll the terminal.
const MOST_PODS: usize = 16;

pub(crate) struct Live {
    /// Where there is a terminal.
    view: Option<ProgressBar>,
    /// Since the last line: for where there is none.
    pending: Option<Slice>,
    failed: u64,
    /// The last line about the warm-up.
    warned: Option<Instant>,
    /// Since the warm-up, in an open loop: when calls cease to start, in seconds.
    scheduled: Option<f64>,
}

impl Live {
    /// `scheduled` is for how long calls should start, in an open loop.
    pub(crate) fn new(scheduled: Option<Duration>) -> Self {
        let view = io::stderr().is_terminal().then(|| {
            let view = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            view.set_style(ProgressStyle::with_template("{msg}").expect("the template is sound"));
            view
        });
        let scheduled = scheduled.map(|time| time.as_secs_f64());
        Self { view, pending: None, failed: 0, warned: None, scheduled }
    }

    /// So many calls were made in the warm-up so far.
    pub(crate) fn warming_up(&mut self, calls: u64, failed: u64) {
        let line = || {
            format!("warming up, nothing is counted yet: {} so far, {failed} failed", counted(calls, "call", "calls"))
        };
        match (&self.view, self.warned) {
            (Some(view), _) => view.set_message(line()),
            (None, Some(last)) if last.elapsed().as_secs_f64() < LINE_INTERVAL - 0.5 => {}
            (None, _) => {
                tell(&line());
                self.warned = Some(Instant::now());
            }
        }
    }

    pub(crate) fn show(&mut self, slice: &Slice) {
        self.failed += slice.failed();
        if let Some(view) = &self.view {
            // This draws it: more would flicker.
            view.set_message(drawn(slice, self.scheduled, self.failed));
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
        tell(&headline(&pending, self.scheduled));
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

fn headline(slice: &Slice, scheduled: Option<f64>) -> String {
    let rate = slice.calls as f64 / slice.seconds;
    let pods = counted(slice.pods.len() as u64, "pod", "pods");
    let latencies = match slice.answered() {
        0 => "no answer".to_owned(),
        // Percentiles of several seconds cannot be added.
        _ if slice.seconds > LONG_SECOND => {
            format!("p50 {:.2} ms, p99 {:.2} ms in the worst second", slice.p50_ms, slice.p99_ms)
        }
        _ => format!("p50 {:.2} ms, p99 {:.2} ms", slice.p50_ms, slice.p99_ms),
    };
    let after = scheduled.map_or(0.0, |scheduled| (slice.end - scheduled).round());
    let behind = if after > 0.0 { format!(", {after:.0} s after its schedule") } else { String::new() };
    let (end, failed) = (slice.end, slice.failed());
    let mut line = format!("{end:.0} s{behind}: {rate:.0} calls/s, {latencies}, {pods}, {failed} failed");
    for (code, count) in &slice.failures {
        write!(line, ", {code} {count}").expect("a string takes text");
    }
    line
}

/// Several lines: the headline, then a bar a pod.
fn drawn(slice: &Slice, scheduled: Option<f64>, failed_so_far: u64) -> String {
    let mut text = headline(slice, scheduled);
    if failed_so_far > 0 {
        write!(text, " ({failed_so_far} so far)").expect("a string takes text");
    }
    text + &bars(&slice.pods, MOST_PODS)
}

/// The share of each pod as a bar, each on a line of its own, of no more pods than `most`.
pub(crate) fn bars(pods: &BTreeMap<String, u64>, most: usize) -> String {
    let all = sum(pods.values().copied()).max(1) as f64;
    let shown: Vec<_> = pods.iter().take(most).map(|(pod, calls)| (Plain(pod).to_string(), calls)).collect();
    let width = shown.iter().map(|(pod, _)| pod.chars().count()).max().unwrap_or_default();
    let longest = COLUMNS.saturating_sub(BESIDE_BAR + width).clamp(SHORTEST_BAR, LONGEST_BAR);
    let mut text = String::new();
    for (pod, calls) in shown {
        let share = *calls as f64 / all;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the width of a bar")]
        let bar = "#".repeat((share * longest as f64).round() as usize);
        write!(text, "\npod {pod:width$} {calls:>10} {:>5.1} % {bar}", share * 100.0).expect("a string takes text");
    }
    if let Some(more @ 1..) = pods.len().checked_sub(most) {
        write!(text, "\nand {}", counted(more as u64, "more pod", "more pods")).expect("a string takes text");
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
        let text = drawn(&slice(), Some(3.0), 7);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "3 s: 105 calls/s, p50 1.50 ms, p99 9.00 ms, 2 pods, 5 failed, UNAVAILABLE 5 (7 so far)");
        let bar = |line: &str| line.matches('#').count();
        assert_eq!((bar(lines[1]), bar(lines[2])), (30, 10), "{text}");
    }

    #[test]
    fn a_bar_beside_a_pod_of_kubernetes_fits_a_usual_terminal() {
        let text = bars(&[("app-server-7d9f8b6c5d-x2x9z".to_owned(), 1_000_000)].into(), MOST_PODS);
        let length = text.trim_start().chars().count();
        assert!(text.ends_with("##########") && length <= COLUMNS, "{length}: {text}");
    }

    #[test]
    fn a_line_of_several_seconds_counts_all_their_calls() {
        let both = slice().and(&slice());
        assert_eq!((both.calls, both.failed(), both.pods["a"]), (210, 10, 150));
        assert!(headline(&both, None).contains("105 calls/s"));
    }

    #[test]
    fn a_short_rest_with_a_slow_call_or_two_does_not_speak_for_its_second() {
        let rest = |calls| Slice { seconds: 0.1, calls, failures: [].into(), p50_ms: 90.0, p99_ms: 90.0, ..slice() };
        let with_rest = |calls| {
            let both = slice().and(&rest(calls));
            (both.calls, both.p50_ms, both.p99_ms)
        };
        assert_eq!(with_rest(1), (106, 1.5, 9.0));
        // More than the slowest hundredth.
        assert_eq!(with_rest(50), (155, 1.5, 90.0));
        assert_eq!(with_rest(101), (206, 90.0, 90.0));
    }

    #[test]
    fn while_a_backlog_is_worked_off_it_is_said_how_long_ago_the_schedule_ended() {
        assert!(headline(&slice(), Some(1.0)).starts_with("3 s, 2 s after its schedule: 105 calls/s"));
        assert!(headline(&slice(), Some(2.9)).starts_with("3 s: "));
    }

    #[test]
    fn a_hundred_pods_do_not_scroll_the_terminal() {
        let pods = (0..100).map(|pod| (format!("pod-{pod:02}"), 1)).collect();
        assert!(bars(&pods, MOST_PODS).ends_with("\nand 84 more pods"));
        assert!(bars(&pods, 99).ends_with("\nand 1 more pod"));
    }
}
