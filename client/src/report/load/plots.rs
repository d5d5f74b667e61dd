//! The plots of a run.

use super::ms;
use super::svg::{COLOURS, Plot};
use crate::command::{LoadReport, Run, Slice};

/// As many points as a plot is wide enough for; seconds of a longer run are taken together.
const MOST_POINTS: usize = 300;
/// Nines on the lower axis of the percentiles, and what stands there.
const NINES: [(f64, &str); 6] =
    [(0.0, "0"), (1.0, "90 %"), (2.0, "99 %"), (3.0, "99.9 %"), (4.0, "99.99 %"), (5.0, "99.999 %")];
const PLACES_BETWEEN_NINES: u32 = 20;

/// A plot with what its colours mean, by class.
pub(super) struct Figure {
    pub(super) title: &'static str,
    pub(super) legend: Vec<(String, String)>,
    pub(super) svg: String,
}

pub(super) fn percentiles(run: &Run) -> Figure {
    let title = "Latency by percentile (ms)";
    let all = run.latencies();
    // Beyond the nines that so many calls can tell apart there is only the longest.
    let most = (all.count().max(10) as f64).log10().min(5.0);
    let kinds: Vec<_> = run.answered.iter().filter(|(_, latencies)| latencies.count() > 0).collect();
    let mut plot = Plot::new(most, ms(all.max()), "percentile");
    NINES.iter().filter(|(nines, _)| *nines <= most).for_each(|(nines, label)| plot.tick(*nines, label));
    let places = f64::from(PLACES_BETWEEN_NINES) * 5.0;
    let mut legend = Vec::new();
    for (number, (kind, latencies)) in kinds.into_iter().enumerate() {
        let class = format!("c{}", number % COLOURS);
        let nines = (0..=PLACES_BETWEEN_NINES * 5).map(|place| most * f64::from(place) / places);
        plot.line(&class, nines.map(|nines| (nines, ms(latencies.at(1.0 - 10_f64.powf(-nines))))));
        legend.push((class, kind.clone()));
    }
    Figure { title, legend, svg: plot.finish(title) }
}

pub(super) fn calls(report: &LoadReport) -> Figure {
    let title = "Calls and errors over time (per second)";
    let slices = condensed(&report.run.slices);
    let rate = |slice: &Slice, count: u64| count as f64 / slice.seconds.max(f64::MIN_POSITIVE);
    let most = slices.iter().map(|slice| rate(slice, slice.calls)).fold(0.0, f64::max);
    let mut plot = over_time(report, &slices, most);
    plot.line("c0", steps(&slices, |slice| rate(slice, slice.calls)));
    plot.line("bad", steps(&slices, |slice| rate(slice, slice.failed())));
    let legend = vec![("c0".to_owned(), "calls".to_owned()), ("bad".to_owned(), "failed".to_owned())];
    Figure { title, legend, svg: plot.finish(title) }
}

pub(super) fn latencies(report: &LoadReport) -> Figure {
    let title = "Latency over time (ms)";
    let slices = condensed(&report.run.slices);
    let most = slices.iter().map(|slice| slice.p99_ms).fold(0.0, f64::max);
    let mut plot = over_time(report, &slices, most);
    for stretch in stretches(&slices) {
        plot.line("c0", steps(stretch, |slice| slice.p50_ms));
        plot.line("c1", steps(stretch, |slice| slice.p99_ms));
    }
    let worst = if slices.len() < report.run.slices.len() { " of the worst second" } else { "" };
    let legend = vec![("c0".to_owned(), format!("p50{worst}")), ("c1".to_owned(), format!("p99{worst}"))];
    Figure { title, legend, svg: plot.finish(title) }
}

pub(super) fn pods(report: &LoadReport) -> Figure {
    let title = "Share of each pod over time (%)";
    let slices = condensed(&report.run.slices);
    let mut plot = over_time(report, &slices, 100.0);
    let class = |number: usize| format!("c{}", number % COLOURS);
    let pods = || report.run.pods.keys().enumerate();
    for stretch in stretches(&slices) {
        let mut below = vec![0.0; stretch.len()];
        for (number, pod) in pods() {
            let mut area = Vec::with_capacity(2 * stretch.len());
            for (slice, below) in stretch.iter().zip(&mut below) {
                let all = answered_by_pods(slice) as f64;
                let share = 100.0 * slice.pods.get(pod).copied().unwrap_or_default() as f64 / all;
                area.extend(extent(slice).map(|at| (at, *below, *below + share)));
                *below += share;
            }
            plot.area(&class(number), &area);
        }
    }
    let legend = pods().map(|(number, pod)| (class(number), pod.clone())).collect();
    Figure { title, legend, svg: plot.finish(title) }
}

fn answered_by_pods(slice: &Slice) -> u64 {
    slice.pods.values().copied().fold(0, u64::saturating_add)
}

/// Slices that follow each other and have answers: where nobody answered there is no latency, and nothing to share.
fn stretches(slices: &[Slice]) -> impl Iterator<Item = &[Slice]> {
    slices.split(|slice| answered_by_pods(slice) == 0).filter(|stretch| !stretch.is_empty())
}

/// From when to when a slice is.
fn extent(slice: &Slice) -> [f64; 2] {
    [slice.end - slice.seconds, slice.end]
}

/// A slice has one value from its beginning to its end.
fn steps(slices: &[Slice], value: impl Fn(&Slice) -> f64) -> impl Iterator<Item = (f64, f64)> {
    slices.iter().flat_map(move |slice| extent(slice).map(|at| (at, value(slice))))
}

/// All of the time, also what nothing is drawn for.
fn over_time(report: &LoadReport, slices: &[Slice], y_max: f64) -> Plot {
    let label = if report.runs > 1 { "seconds, runs one after the other" } else { "seconds since the warm-up" };
    let mut plot = Plot::new(slices.last().map_or(1.0, |slice| slice.end), y_max, label);
    plot.ticks();
    if report.runs > 1 {
        plot.parts("run", &report.ends);
    }
    plot
}

/// The same time in fewer slices. Latencies cannot be added: the worst stands for all.
fn condensed(slices: &[Slice]) -> Vec<Slice> {
    let each = slices.len().div_ceil(MOST_POINTS).max(1);
    let together = |chunk: &[Slice]| chunk.iter().fold(Slice::default(), Slice::and);
    slices.chunks(each).map(together).collect()
}
