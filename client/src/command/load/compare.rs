//! Whether two sets of runs differ by more than runs differ among themselves.

use serde::Serialize;

use super::run::Run;

/// One figure of old and new runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Compared {
    pub(crate) figure: &'static str,
    pub(crate) unit: &'static str,
    /// Medians of the runs.
    pub(crate) old: f64,
    pub(crate) new: f64,
    /// New over old; none where the old is 0.
    pub(crate) ratio: Option<f64>,
    /// How far runs of one side lie apart, as a share of their median: the wider side's. None where no side has two runs.
    pub(crate) spread: Option<f64>,
    pub(crate) judgement: Judgement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Judgement {
    /// The difference is not larger than the spread of the runs, or too small to notice.
    WithinNoise,
    Better,
    Worse,
    /// One run on each side: nobody knows how much runs differ by themselves.
    Untold,
}

/// All figures of old and new runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Comparison {
    pub(crate) old_runs: usize,
    pub(crate) new_runs: usize,
    /// Whether all runs were offered the same; where not, a difference may come from that.
    pub(crate) same_load: bool,
    pub(crate) figures: Vec<Compared>,
}

/// Of the old value: what differs by less is the same to anybody, however alike the runs were.
const NOTICEABLE: f64 = 0.01;

struct Figure {
    name: &'static str,
    unit: &'static str,
    of: fn(&Run) -> f64,
    more_is_better: bool,
}

const FIGURES: [Figure; 5] = [
    Figure { name: "rate", unit: "calls/s", of: Run::calls_per_second, more_is_better: true },
    Figure { name: "p50", unit: "ms", of: |run| at(run, 0.5), more_is_better: false },
    Figure { name: "p99", unit: "ms", of: |run| at(run, 0.99), more_is_better: false },
    Figure { name: "p99.9", unit: "ms", of: |run| at(run, 0.999), more_is_better: false },
    Figure { name: "failed", unit: "%", of: Run::failed_percent, more_is_better: false },
];

fn at(run: &Run, quantile: f64) -> f64 {
    run.latencies().at(quantile).as_secs_f64() * 1e3
}

/// Compares runs; each side has at least one.
pub(crate) fn compare(old: &[Run], new: &[Run]) -> Comparison {
    let same_load = old.iter().chain(new).all(|run| run.shape == old[0].shape);
    let figures = FIGURES.iter().map(|figure| {
        let side = |runs: &[Run]| Side::of(runs.iter().map(figure.of).collect());
        let (old, new) = (side(old), side(new));
        let spread = [&old, &new].into_iter().filter_map(Side::spread).reduce(f64::max);
        let difference = new.median - old.median;
        let judgement = match spread {
            _ if difference == 0.0 => Judgement::WithinNoise,
            None => Judgement::Untold,
            Some(spread) if difference.abs() <= spread.max(NOTICEABLE) * old.median.abs() => Judgement::WithinNoise,
            Some(_) if (difference > 0.0) == figure.more_is_better => Judgement::Better,
            Some(_) => Judgement::Worse,
        };
        Compared {
            figure: figure.name,
            unit: figure.unit,
            old: old.median,
            new: new.median,
            ratio: (old.median != 0.0).then(|| new.median / old.median),
            spread,
            judgement,
        }
    });
    Comparison { old_runs: old.len(), new_runs: new.len(), same_load, figures: figures.collect() }
}

/// A figure's values in the runs of one side, the smallest first.
struct Side {
    values: Vec<f64>,
    median: f64,
}

impl Side {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median =
            if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) };
        Self { values, median }
    }

    fn spread(&self) -> Option<f64> {
        let (least, most) = (self.values.first()?, self.values.last()?);
        let apart = if self.median == 0.0 { most - least } else { (most - least) / self.median };
        (self.values.len() > 1).then_some(apart)
    }
}
