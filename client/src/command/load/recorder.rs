//! Counts calls as they end.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ticketing_client::CallError;

use super::latencies::Latencies;
use super::mix::Kind;
use super::run::{Slice, add_counts};

/// A pod that does not say its name.
pub(super) const UNNAMED: &str = "unnamed";

/// A call that has ended.
pub(crate) struct Ended {
    pub(crate) kind: Kind,
    /// When it should have started; in a closed loop that is when it did.
    pub(crate) intended: Instant,
    pub(crate) started: Instant,
    /// How much later than without a limit of calls in flight.
    pub(crate) held: Duration,
    pub(crate) warmup: bool,
    /// The pod that answered, or why there was no answer.
    pub(crate) outcome: Result<Option<String>, CallError>,
}

pub(crate) struct Recorder {
    /// One place to count for each few connections: nobody waits long for another's thread.
    shards: Vec<Mutex<Shard>>,
    /// By code, of all connections.
    first_errors: Mutex<BTreeMap<String, String>>,
}

/// More would cost memory and save nothing.
const MOST_SHARDS: usize = 8;

#[derive(Default)]
struct Shard {
    total: Tally,
    /// What came since it was looked at last.
    recent: Recent,
}

/// All that was counted.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) warmup_calls: u64,
    pub(crate) warmup_failed: u64,
    pub(crate) answered: BTreeMap<String, Latencies>,
    pub(crate) failed: Latencies,
    pub(crate) failures: BTreeMap<String, u64>,
    pub(crate) first_errors: BTreeMap<String, String>,
    pub(crate) pods: BTreeMap<String, u64>,
    pub(crate) lateness: Latencies,
    pub(crate) own_lateness: Latencies,
    pub(crate) held_back: u64,
    /// When the last of them started, and when the last answer came.
    last_start: Option<Instant>,
    last_answer: Option<Instant>,
}

#[derive(Default)]
struct Recent {
    calls: u64,
    failures: BTreeMap<String, u64>,
    pods: BTreeMap<String, u64>,
    latencies: Latencies,
}

impl Recorder {
    pub(crate) fn new(connections: usize) -> Self {
        let shards = (0..connections.min(MOST_SHARDS)).map(|_| Mutex::default()).collect();
        Self { shards, first_errors: Mutex::default() }
    }

    /// Counts a call that has just ended on the connection of this number.
    pub(crate) fn record(&self, connection: usize, ended: Ended) {
        let now = Instant::now();
        let latency = now.saturating_duration_since(ended.intended);
        let mut shard = lock(&self.shards[connection % self.shards.len()]);
        let Shard { total, recent } = &mut *shard;
        if ended.warmup {
            total.warmup_calls += 1;
            total.warmup_failed += u64::from(ended.outcome.is_err());
            return;
        }
        recent.calls += 1;
        total.last_start = total.last_start.max(Some(ended.started));
        let late = ended.started.saturating_duration_since(ended.intended);
        let own = late.saturating_sub(ended.held);
        total.lateness.record(late);
        total.own_lateness.record(own);
        // Where more of it is our own, a hold is not why it was late.
        total.held_back += u64::from(!ended.held.is_zero() && ended.held >= own);
        match ended.outcome {
            Ok(pod) => {
                total.last_answer = total.last_answer.max(Some(now));
                let pod = pod.as_deref().unwrap_or(UNNAMED);
                count(&mut total.pods, pod);
                count(&mut recent.pods, pod);
                match total.answered.get_mut(ended.kind.name()) {
                    Some(latencies) => latencies.record(latency),
                    None => total.answered.entry(ended.kind.name().to_owned()).or_default().record(latency),
                }
                recent.latencies.record(latency);
            }
            Err(error) => {
                let code = error.code.name();
                // A text for each of many failed calls would cost more than the calls.
                if !total.failures.contains_key(code) {
                    lock(&self.first_errors).entry(code.to_owned()).or_insert_with(|| error.to_string());
                }
                count(&mut total.failures, code);
                count(&mut recent.failures, code);
                total.failed.record(latency);
            }
        }
    }

    /// What came since the last call of this, which was so long ago.
    pub(crate) fn slice(&self, end: Duration, seconds: Duration) -> Slice {
        let mut slice = Slice { end: end.as_secs_f64(), seconds: seconds.as_secs_f64(), ..Slice::default() };
        let mut latencies = Latencies::default();
        for shard in &self.shards {
            let recent = &mut lock(shard).recent;
            slice.calls += std::mem::take(&mut recent.calls);
            add_counts(&mut slice.failures, &std::mem::take(&mut recent.failures));
            add_counts(&mut slice.pods, &std::mem::take(&mut recent.pods));
            latencies.add(&recent.latencies);
            recent.latencies.clear();
        }
        let milliseconds = |quantile| latencies.at(quantile).as_secs_f64() * 1e3;
        (slice.p50_ms, slice.p99_ms) = (milliseconds(0.5), milliseconds(0.99));
        slice
    }

    /// Calls of the warm-up so far, and how many of them failed.
    pub(crate) fn warmed_up(&self) -> (u64, u64) {
        self.shards.iter().fold((0, 0), |(calls, failed), shard| {
            let total = &lock(shard).total;
            (calls + total.warmup_calls, failed + total.warmup_failed)
        })
    }

    /// When the last call started, and when the last answer came, as `since` has it; 0 where there was none.
    pub(crate) fn lasts(&self, since: impl Fn(Instant) -> f64) -> (f64, f64) {
        let last = |of: fn(&Tally) -> Option<Instant>| {
            let all = self.shards.iter().filter_map(|shard| of(&lock(shard).total));
            all.max().map_or(0.0, &since)
        };
        (last(|total| total.last_start), last(|total| total.last_answer))
    }

    /// All that was counted so far.
    pub(crate) fn total(&self) -> Tally {
        let mut sum = Tally { first_errors: lock(&self.first_errors).clone(), ..Tally::default() };
        for shard in &self.shards {
            let total = &lock(shard).total;
            sum.warmup_calls += total.warmup_calls;
            sum.warmup_failed += total.warmup_failed;
            for (kind, latencies) in &total.answered {
                sum.answered.entry(kind.clone()).or_default().add(latencies);
            }
            sum.failed.add(&total.failed);
            add_counts(&mut sum.failures, &total.failures);
            add_counts(&mut sum.pods, &total.pods);
            sum.lateness.add(&total.lateness);
            sum.own_lateness.add(&total.own_lateness);
            sum.held_back += total.held_back;
        }
        sum
    }
}

/// Whoever panicked while counting has left at most one call uncounted.
fn lock<T>(counted: &Mutex<T>) -> MutexGuard<'_, T> {
    counted.lock().unwrap_or_else(PoisonError::into_inner)
}

fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => drop(counts.insert(name.to_owned(), 1)),
    }
}
