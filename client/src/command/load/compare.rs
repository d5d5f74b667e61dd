//! Whether two sets of runs differ by more than runs differ among themselves.

use serde::Serialize;

use super::figure::FIGURES;
use super::judgement::Judgement;
use super::run::{Run, one_load};
use super::welch::mean;

/// One figure of old and new runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Compared {
    pub(crate) figure: &'static str,
    pub(crate) unit: &'static str,
    /// Means of the runs; none where a run has no such value, for want of any answer.
    pub(crate) old: Option<f64>,
    pub(crate) new: Option<f64>,
    /// New over old; none where the old is 0.
    pub(crate) ratio: Option<f64>,
    /// How far runs of one side lie apart, as a share of their mean: the wider side's. None where no side has two runs.
    pub(crate) spread: Option<f64>,
    pub(crate) judgement: Judgement,
}

/// All figures of old and new runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Comparison {
    /// When the first of the old runs began, in UTC, and what it called.
    pub(crate) old_started: String,
    pub(crate) old_target: String,
    pub(crate) old_runs: usize,
    pub(crate) new_runs: usize,
    /// Whether all runs were offered the same; where not, no figure is judged.
    pub(crate) same_load: bool,
    pub(crate) figures: Vec<Compared>,
}

/// Of each side: with two, all but the greatest differences are lost in what nobody knows.
const LEAST_RUNS: usize = 3;
/// Compares runs; each side has at least one.
pub(crate) fn compare(old: &[Run], new: &[Run]) -> Comparison {
    let same_load = one_load(old.iter().chain(new));
    // Rates of all by the same time, where a file of an earlier program knows but one.
    let is_told = old.iter().chain(new).all(|run| run.rate_seconds.is_some());
    let rated = |runs: &[Run]| -> Vec<Run> {
        runs.iter().map(|run| Run { rate_seconds: run.rate_seconds.filter(|_| is_told), ..run.clone() }).collect()
    };
    let (old, new) = (&rated(old)[..], &rated(new)[..]);
    let figures = FIGURES.iter().map(|figure| {
        let values = |runs: &[Run]| -> Vec<f64> { runs.iter().map(figure.of).collect() };
        let (before, now) = (values(old), values(new));
        let judgement = if !same_load {
            Judgement::NotComparable
        } else if old.iter().chain(new).any(|run| run.interrupted) {
            Judgement::Interrupted
        } else if old.len().min(new.len()) < LEAST_RUNS {
            Judgement::Untold
        } else if old.iter().chain(new).any(|run| run.ok() < figure.least_answers) {
            Judgement::TooFewAnswers
        } else if old.iter().chain(new).any(|run| figure.needs_longer_than(run)) {
            Judgement::TooShort
        } else if old.iter().chain(new).any(|run| figure.hides_the_slowest_of(run)) {
            Judgement::TooManyFailed
        } else {
            figure.judge(&before, &now)
        };
        let of_all =
            |runs: &[Run], values: &[f64]| runs.iter().all(|run| figure.is_known_of(run)).then(|| mean(values));
        let (old_mean, new_mean) = (of_all(old, &before), of_all(new, &now));
        let known = old_mean.zip(new_mean);
        Compared {
            figure: figure.name,
            unit: figure.unit,
            old: old_mean,
            new: new_mean,
            ratio: known.filter(|(old, _)| *old != 0.0).map(|(old, new)| new / old),
            spread: known.and([before, now].iter().filter_map(|side| spread(side)).reduce(f64::max)),
            judgement,
        }
    });
    let (old_started, old_target) =
        old.first().map(|run| (run.started.clone(), run.target.clone())).unwrap_or_default();
    Comparison {
        old_started,
        old_target,
        old_runs: old.len(),
        new_runs: new.len(),
        same_load,
        figures: figures.collect(),
    }
}

/// How far the values lie apart, as a share of their mean; no figure is below 0, so where that is 0 all are.
fn spread(values: &[f64]) -> Option<f64> {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    (values.len() > 1).then(|| if most == 0.0 { 0.0 } else { (most - least) / mean(values) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::load::tests::run;

    fn judgement(old: &[Run], new: &[Run], figure: &str) -> Judgement {
        compare(old, new).figures.into_iter().find(|each| each.figure == figure).expect("the figure").judgement
    }

    /// A run of 1,000 calls for each of so many seconds, in which answers took so many milliseconds.
    fn runs(seconds: [f64; 3], millis: u64) -> [Run; 3] {
        seconds.map(|seconds| run(seconds, millis))
    }

    #[test]
    fn a_difference_counts_where_it_is_beyond_the_noise_of_the_runs_and_to_be_noticed() {
        let old = runs([9.9, 10.0, 10.1], 5);
        assert_eq!(judgement(&old, &runs([19.8, 20.0, 20.2], 5), "answers"), Judgement::Worse);
        assert_eq!(judgement(&old, &runs([4.9, 5.0, 5.1], 5), "answers"), Judgement::Better);
        assert_eq!(judgement(&old, &runs([10.0; 3], 9), "p50"), Judgement::Worse);
        assert_eq!(judgement(&old, &runs([10.0; 3], 2), "p99"), Judgement::Better);
        let (noisy, no_worse) = (runs([9.0, 10.0, 11.0], 5), runs([9.5, 10.5, 11.5], 5));
        assert_eq!(judgement(&noisy, &no_worse, "answers"), Judgement::WithinNoise);
        // Runs at a fixed rate are alike to a hair.
        assert_eq!(judgement(&runs([10.0; 3], 5), &runs([10.01; 3], 5), "answers"), Judgement::WithinNoise);
        let p50 = &compare(&old, &runs([10.0; 3], 10)).figures[1];
        assert!((p50.ratio.unwrap() - 2.0).abs() < 0.01, "{p50:?}");
    }

    #[test]
    fn with_fewer_than_three_runs_on_a_side_nothing_is_judged() {
        let (old, new) = (runs([10.0; 3], 5), runs([20.0; 3], 9));
        for (old, new) in [(&old[..1], &new[..1]), (&old[..], &new[..2]), (&old[..1], &new[..]), (&old[..1], &old[..1])]
        {
            let told = compare(old, new);
            assert!(told.same_load && told.figures.iter().all(|each| each.judgement == Judgement::Untold), "{told:?}");
        }
    }

    #[test]
    fn a_percentile_of_too_few_answers_is_not_judged() {
        let (old, new) = (runs([10.0; 3], 5), runs([10.0; 3], 9));
        assert_eq!(judgement(&old, &new, "p99.9"), Judgement::TooFewAnswers);
        let mut failed = new;
        failed[2].answered.clear();
        failed[2].failures.insert("UNAVAILABLE".to_owned(), 1000);
        for figure in ["p50", "p99"] {
            assert_eq!(judgement(&old, &failed, figure), Judgement::TooFewAnswers, "{figure}");
        }
        assert_eq!(judgement(&old, &failed, "failed"), Judgement::WithinNoise);
    }

    #[test]
    fn a_run_without_an_answer_has_no_percentile_that_would_make_the_others_look_fast() {
        let (old, mut new) = (runs([10.0; 3], 5), runs([10.0; 3], 5));
        new[2].answered.clear();
        new[2].failures.insert("UNAVAILABLE".to_owned(), 1000);
        let p50 = &compare(&old, &new).figures[1];
        assert_eq!((p50.new, p50.ratio, p50.spread), (None, None, None));
        assert!(p50.old.is_some());
    }

    #[test]
    fn a_percentile_is_not_judged_where_failed_calls_may_have_been_the_slowest() {
        let (old, mut new) = (runs([10.0; 3], 5), runs([10.0; 3], 2));
        new[1].failures.insert("DEADLINE_EXCEEDED".to_owned(), 2);
        assert_eq!(judgement(&old, &new, "p99"), Judgement::TooManyFailed);
        assert_eq!(judgement(&old, &new, "p50"), Judgement::Better);
    }

    #[test]
    fn a_rate_of_a_run_that_only_made_its_connections_is_not_judged() {
        let (old, new) = (runs([10.0; 3], 5), runs([0.1; 3], 5));
        for figure in ["answers", "failed"] {
            assert_eq!(judgement(&old, &new, figure), Judgement::TooShort, "{figure}");
        }
    }

    #[test]
    fn a_server_that_hangs_is_worse_however_few_its_answers() {
        let (old, mut new) = (runs([9.9, 10.0, 10.1], 5), runs([10.0; 3], 5));
        for hung in &mut new {
            hung.answered.clear();
            hung.failures.insert("DEADLINE_EXCEEDED".to_owned(), 24);
        }
        for figure in ["answers", "failed"] {
            assert_eq!(judgement(&old, &new, figure), Judgement::Worse, "{figure}");
        }
    }

    #[test]
    fn where_a_run_was_interrupted_nothing_is_judged() {
        let (old, mut new) = (runs([10.0; 3], 5), runs([20.0; 3], 9));
        new[2].interrupted = true;
        assert!(compare(&old, &new).figures.iter().all(|each| each.judgement == Judgement::Interrupted));
    }

    #[test]
    fn to_refuse_faster_than_to_answer_is_worse() {
        let (old, mut new) = (runs([9.9, 10.0, 10.1], 5), runs([0.9, 1.0, 1.1], 5));
        for refused in &mut new {
            refused.answered.clear();
            refused.failures.insert("UNAVAILABLE".to_owned(), 1000);
        }
        assert_eq!(judgement(&old, &new, "answers"), Judgement::Worse);
    }

    #[test]
    fn where_another_load_was_offered_nothing_is_better_or_worse() {
        let (old, mut new) = (runs([10.0; 3], 5), runs([20.0; 3], 9));
        let differing: [fn(&mut Run); 3] =
            [|run| run.shape.mix = "list=1".to_owned(), |run| run.warmup_seconds = 2.0, |run| run.tls = Some(true)];
        for differ in differing {
            let mut new = new.clone();
            differ(&mut new[1]);
            let told = compare(&old, &new);
            assert!(!told.same_load && told.figures.iter().all(|each| each.judgement == Judgement::NotComparable));
        }
        // A file of an earlier program does not tell.
        new[1].tls = None;
        assert!(compare(&old, &new).same_load);
    }

    /// So many runs with rates of about `rate`, of which `noise` is the standard deviation as a share.
    fn noisy(random: &mut fastrand::Rng, count: usize, rate: f64, noise: f64) -> Vec<Run> {
        let quiet = run(10.0, 5);
        // The sum of twelve numbers from 0 to 1 is about normal, with a variance of 1.
        let mut by_chance = || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
        let mut seconds = || 1000.0 / (rate * (1.0 + noise * by_chance()));
        let of = |seconds| Run { seconds, rate_seconds: Some(seconds), ..quiet.clone() };
        (0..count).map(|_| of(seconds())).collect()
    }

    #[test]
    fn runs_of_the_same_are_rarely_told_apart() {
        let mut random = fastrand::Rng::with_seed(1947);
        for count in [3, 5] {
            let mut wrong = 0;
            for _ in 0..500 {
                let sides = [(); 2].map(|()| noisy(&mut random, count, 100.0, 0.05));
                wrong += u32::from(judgement(&sides[0], &sides[1], "answers") != Judgement::WithinNoise);
            }
            assert!(wrong <= 10, "{wrong} of 500 with {count} runs on each side");
        }
    }

    #[test]
    fn a_tenth_more_is_found_in_noise_of_a_hundredth() {
        let mut random = fastrand::Rng::with_seed(1947);
        for (count, least) in [(3, 160), (5, 200)] {
            let mut found = 0;
            for _ in 0..200 {
                let (old, new) = (noisy(&mut random, count, 100.0, 0.01), noisy(&mut random, count, 110.0, 0.01));
                found += u32::from(judgement(&old, &new, "answers") == Judgement::Better);
            }
            assert!(found >= least, "{found} of 200 with {count} runs on each side");
        }
    }
}
