//! The figures by which runs are compared, and when one of them may be judged.

use super::doubt::{ENOUGH, most_failed};
use super::judgement::Judgement;
use super::run::Run;
use super::welch::{differ, mean};

/// Of the old value: what differs by less is the same to anybody, however alike the runs were.
const NOTICEABLE: f64 = 0.01;
/// Of each run, for a rate and a share of calls: in less than that, making connections is much of it.
const LEAST_SECONDS: f64 = 0.5;

/// One figure of a run.
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) of: fn(&Run) -> f64,
    /// Of each run, for the figure to be judged.
    pub(super) least_answers: u64,
    /// Where it is a percentile.
    quantile: Option<f64>,
    more_is_better: bool,
}

/// In the order in which they are told.
pub(super) const FIGURES: [Figure; 5] = [
    // Not calls: whoever refuses at once gets more of them.
    Figure {
        name: "answers",
        unit: "per s",
        of: Run::answers_per_second,
        least_answers: 0,
        quantile: None,
        more_is_better: true,
    },
    percentile("p50", |run| at(run, 0.5), ENOUGH / 50, 0.5),
    percentile("p99", |run| at(run, 0.99), ENOUGH, 0.99),
    percentile("p99.9", |run| at(run, 0.999), 10 * ENOUGH, 0.999),
    Figure {
        name: "failed",
        unit: "%",
        of: Run::failed_percent,
        least_answers: 0,
        quantile: None,
        more_is_better: false,
    },
];

const fn percentile(name: &'static str, of: fn(&Run) -> f64, least_answers: u64, quantile: f64) -> Figure {
    Figure { name, unit: "ms", of, least_answers, quantile: Some(quantile), more_is_better: false }
}

fn at(run: &Run, quantile: f64) -> f64 {
    run.latencies().at(quantile).as_secs_f64() * 1e3
}

impl Figure {
    /// Whether the run has such a value at all.
    pub(super) fn is_known_of(&self, run: &Run) -> bool {
        self.quantile.is_none() || run.ok() > 0
    }

    pub(super) fn hides_the_slowest_of(&self, run: &Run) -> bool {
        self.quantile.is_some_and(|quantile| run.failed_percent() > most_failed(quantile))
    }

    pub(super) fn needs_longer_than(&self, run: &Run) -> bool {
        self.quantile.is_none() && run.seconds < LEAST_SECONDS
    }

    pub(super) fn judge(&self, old: &[f64], new: &[f64]) -> Judgement {
        let difference = mean(new) - mean(old);
        let is_noticeable = difference.abs() > NOTICEABLE * mean(old).abs();
        if !is_noticeable || !differ(old, new) {
            Judgement::WithinNoise
        } else if (difference > 0.0) == self.more_is_better {
            Judgement::Better
        } else {
            Judgement::Worse
        }
    }
}
