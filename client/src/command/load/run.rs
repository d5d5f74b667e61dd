//! What one run measured, as it is saved.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::latencies::Latencies;

/// Of a run, between its warm-up and its last answer: what a clock tells apart, and a day and a deadline of a day.
const SHORTEST_SECONDS: f64 = 1e-6;
const LONGEST: Duration = Duration::from_hours(48);

/// What was offered: runs can be compared where this is equal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shape {
    /// Calls at the same time, in a closed loop.
    pub(crate) concurrency: Option<u32>,
    /// Calls that start in each second, in an open loop.
    pub(crate) rate: Option<f64>,
    /// Calls without an answer, from which on the next ones wait, in an open loop.
    #[serde(default)]
    pub(crate) most_in_flight: Option<u32>,
    pub(crate) connections: u16,
    /// After so long a call has failed.
    #[serde(default)]
    pub(crate) deadline_seconds: Option<f64>,
    /// Kinds of calls with their weights, in the order of [`Mix`](super::mix::Mix).
    pub(crate) mix: String,
    /// The digest of the ids to get, where they come from a file.
    #[serde(default)]
    pub(crate) ids_digest: Option<String>,
}

/// Whether so many seconds are no slice of their own, but belong to the one before them.
pub(crate) fn is_short_rest(seconds: f64) -> bool {
    seconds < 0.5
}

/// One second of a run, or what was left of it at the end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Slice {
    /// Its end, in seconds since the warm-up.
    pub(crate) end: f64,
    /// Its length in seconds.
    pub(crate) seconds: f64,
    /// Calls that ended in it.
    pub(crate) calls: u64,
    /// Failed calls among them, by code.
    pub(crate) failures: BTreeMap<String, u64>,
    /// Answered calls, by pod.
    pub(crate) pods: BTreeMap<String, u64>,
    /// Latencies of answered calls in milliseconds.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Slice {
    /// This and a later one as one; of their latencies, which cannot be added, the worse. A short rest changes a percentile only
    /// where it has so many answers that it could.
    pub(crate) fn and(self, later: &Self) -> Self {
        let is_rest = is_short_rest(later.seconds);
        let worse = |before: f64, after: f64, outweighs: u64| {
            let is_outweighed = later.answered().saturating_mul(outweighs) <= self.answered();
            if is_rest && is_outweighed { before } else { before.max(after) }
        };
        let (p50_ms, p99_ms) = (worse(self.p50_ms, later.p50_ms, 1), worse(self.p99_ms, later.p99_ms, 100));
        let mut sum = Self {
            end: later.end,
            seconds: self.seconds + later.seconds,
            calls: self.calls.saturating_add(later.calls),
            p50_ms,
            p99_ms,
            ..self
        };
        add_counts(&mut sum.failures, &later.failures);
        add_counts(&mut sum.pods, &later.pods);
        sum
    }

    pub(crate) fn failed(&self) -> u64 {
        sum(self.failures.values().copied())
    }

    pub(crate) fn answered(&self) -> u64 {
        self.calls.saturating_sub(self.failed())
    }
}

/// One run without its warm-up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// When it began, in UTC.
    pub(crate) started: String,
    pub(crate) target: String,
    /// Whether connections were encrypted. Files of earlier programs do not tell.
    #[serde(default)]
    pub(crate) tls: Option<bool>,
    pub(crate) shape: Shape,
    /// From the end of the warm-up to the last answer.
    pub(crate) seconds: f64,
    /// The time by which calls are divided for their rate. In a closed loop it ends where the last call began and a usual one was
    /// over, since one that hangs at the end would halve the rate of all others, and not before calls ceased to be due: all of
    /// them may hang. In an open loop it ends with the last answer, and not before its schedule.
    /// Files of earlier programs do not tell: there it is all of `seconds`.
    #[serde(default)]
    pub(crate) rate_seconds: Option<f64>,
    /// For how long calls should have started since then, in an open loop; the last answers may come later. Files of earlier
    /// programs do not tell.
    #[serde(default)]
    pub(crate) scheduled_seconds: Option<f64>,
    /// How long the warm-up took: less than was asked for where it was interrupted.
    pub(crate) warmup_seconds: f64,
    /// Calls of the warm-up; they are counted nowhere else.
    pub(crate) warmup_calls: u64,
    /// Failed calls among them. Files of earlier programs do not tell.
    #[serde(default)]
    pub(crate) warmup_failed: u64,
    /// Latencies of answered calls by kind: in an open loop from the intended start.
    pub(crate) answered: BTreeMap<String, Latencies>,
    /// Latencies of failed calls.
    pub(crate) failed: Latencies,
    /// Failed calls by code.
    pub(crate) failures: BTreeMap<String, u64>,
    /// Of each code the first error, in its own words. Files of earlier programs have none.
    #[serde(default)]
    pub(crate) first_errors: BTreeMap<String, String>,
    /// Answered calls by pod.
    pub(crate) pods: BTreeMap<String, u64>,
    /// How much later than intended calls were started, in an open loop.
    pub(crate) lateness: Option<Latencies>,
    /// The same without what calls were held back. Files of earlier programs do not tell.
    #[serde(default)]
    pub(crate) own_lateness: Option<Latencies>,
    /// Calls of an open loop that started late since too many others, or too many for those before them, were without an
    /// answer.
    pub(crate) held_back: u64,
    /// Customers that were made first, since there were none to get.
    pub(crate) prepared: u64,
    /// Whether a signal came before the end that was asked for.
    pub(crate) interrupted: bool,
    pub(crate) slices: Vec<Slice>,
}

impl Run {
    pub(crate) fn ok(&self) -> u64 {
        sum(self.answered.values().map(Latencies::count))
    }

    pub(crate) fn failed(&self) -> u64 {
        sum(self.failures.values().copied())
    }

    pub(crate) fn calls(&self) -> u64 {
        self.ok().saturating_add(self.failed())
    }

    /// Whether there was a time in which to measure.
    pub(crate) fn has_lasted(&self) -> bool {
        self.seconds >= SHORTEST_SECONDS
    }

    /// The same of one in a file, which may hold any number.
    pub(crate) fn may_have_lasted(&self) -> bool {
        let all = [Some(self.seconds), self.rate_seconds];
        all.into_iter().flatten().all(|seconds| (SHORTEST_SECONDS..=LONGEST.as_secs_f64()).contains(&seconds))
    }

    pub(crate) fn calls_per_second(&self) -> f64 {
        self.in_a_second(self.calls())
    }

    pub(crate) fn answers_per_second(&self) -> f64 {
        self.in_a_second(self.ok())
    }

    fn in_a_second(&self, calls: u64) -> f64 {
        let seconds = self.rate_seconds.unwrap_or(self.seconds);
        if seconds > 0.0 { calls as f64 / seconds } else { 0.0 }
    }

    /// How long a call usually took, answered or not.
    pub(super) fn usual_seconds(&self) -> f64 {
        let mut all = self.latencies();
        all.add(&self.failed);
        all.at(0.5).as_secs_f64()
    }

    /// How long after the end of an open loop's schedule the last answer came.
    pub(crate) fn seconds_after_schedule(&self) -> Option<f64> {
        let last = self.rate_seconds.unwrap_or(self.seconds);
        self.scheduled_seconds.map(|scheduled| (last - scheduled).max(0.0))
    }

    /// Failed calls of all, in percent.
    pub(crate) fn failed_percent(&self) -> f64 {
        if self.calls() == 0 { 0.0 } else { 100.0 * self.failed() as f64 / self.calls() as f64 }
    }

    /// Latencies as a report lists them: by kind, of all answered calls, and of failed ones.
    pub(crate) fn listed(&self) -> impl Iterator<Item = (String, Latencies)> {
        let kinds = self.answered.iter().map(|(kind, latencies)| (kind.clone(), latencies.clone()));
        kinds.chain([("all".to_owned(), self.latencies()), ("failed".to_owned(), self.failed.clone())])
    }

    /// Latencies of all answered calls, whatever their kind.
    pub(crate) fn latencies(&self) -> Latencies {
        let mut all = Latencies::default();
        self.answered.values().for_each(|each| all.add(each));
        all
    }
}

/// A file may hold any numbers: they are added up to the largest.
pub(super) fn sum(counts: impl Iterator<Item = u64>) -> u64 {
    counts.fold(0, u64::saturating_add)
}

/// Adds counts by name to others.
pub(super) fn add_counts(counts: &mut BTreeMap<String, u64>, more: &BTreeMap<String, u64>) {
    for (name, count) in more {
        let sum = counts.entry(name.clone()).or_default();
        *sum = sum.saturating_add(*count);
    }
}

/// Whether all of them were offered the same: also with TLS, and on connections and servers that had been warmed up, or all
/// without.
pub(crate) fn one_load<'a>(runs: impl IntoIterator<Item = &'a Run> + Clone) -> bool {
    // Where a file does not tell, nothing speaks against it.
    let encrypted = runs.clone().into_iter().filter_map(|run| run.tls);
    let offered = runs.into_iter().map(|run| (&run.shape, run.warmup_seconds > 0.0));
    all_alike(offered) && all_alike(encrypted)
}

fn all_alike<T: PartialEq>(mut all: impl Iterator<Item = T>) -> bool {
    all.next().is_none_or(|first| all.all(|each| each == first))
}

/// Several runs taken as one; none if there are none.
pub(crate) fn merged(runs: &[Run]) -> Option<Run> {
    let (first, rest) = runs.split_first()?;
    let mut sum = first.clone();
    for run in rest {
        for (kind, latencies) in &run.answered {
            sum.answered.entry(kind.clone()).or_default().add(latencies);
        }
        add_counts(&mut sum.failures, &run.failures);
        for (code, error) in &run.first_errors {
            sum.first_errors.entry(code.clone()).or_insert_with(|| error.clone());
        }
        add_counts(&mut sum.pods, &run.pods);
        // One after the other on the same axis.
        let before = sum.seconds;
        sum.slices.extend(run.slices.iter().map(|slice| Slice { end: before + slice.end, ..slice.clone() }));
        sum.failed.add(&run.failed);
        if let Some(lateness) = &run.lateness {
            sum.lateness.get_or_insert_default().add(lateness);
        }
        sum.own_lateness = sum.own_lateness.zip(run.own_lateness.as_ref()).map(|(mut all, more)| {
            all.add(more);
            all
        });
        sum.seconds += run.seconds;
        sum.rate_seconds = sum.rate_seconds.zip(run.rate_seconds).map(|(all, more)| all + more);
        sum.scheduled_seconds = sum.scheduled_seconds.zip(run.scheduled_seconds).map(|(all, more)| all + more);
        sum.warmup_seconds += run.warmup_seconds;
        sum.warmup_calls = sum.warmup_calls.saturating_add(run.warmup_calls);
        sum.warmup_failed = sum.warmup_failed.saturating_add(run.warmup_failed);
        sum.held_back = sum.held_back.saturating_add(run.held_back);
        sum.prepared = sum.prepared.saturating_add(run.prepared);
        sum.interrupted |= run.interrupted;
    }
    Some(sum)
}
