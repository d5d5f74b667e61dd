//! What callers saw of an event, beside the figures that come of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::chaos::{Calls, Witnessed};

/// Calls during an event, and in the quiet before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// All calls.
    pub calls: u64,
    /// Those that failed, by code.
    pub failures: BTreeMap<String, u64>,
    /// How long calls took while nothing happened.
    pub quiet: Latency,
    /// How long they took while it did.
    pub event: Latency,
}

/// How long calls took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// What half of the calls did not exceed.
    pub p50_ms: f64,
    /// What 99 of 100 calls did not exceed.
    pub p99_ms: f64,
    /// The slowest call.
    pub max_ms: f64,
}

impl Latency {
    /// Of single calls, in milliseconds; nothing but zeros where there was none.
    pub fn of(mut calls: Vec<f64>) -> Self {
        calls.sort_unstable_by(f64::total_cmp);
        let at = |hundredths: usize| calls.get((calls.len() * hundredths / 100).min(calls.len().saturating_sub(1)));
        let [p50_ms, p99_ms, max_ms] = [50, 99, 100].map(|hundredths| at(hundredths).copied().unwrap_or_default());
        Self { p50_ms, p99_ms, max_ms }
    }
}

impl From<&Witnessed> for Seen {
    fn from(witnessed: &Witnessed) -> Self {
        let latency = |calls: &Calls| {
            let [p50_ms, p99_ms, max_ms] =
                [calls.latency(50), calls.latency(99), calls.slowest()].map(|time| time.as_secs_f64() * 1e3);
            Latency { p50_ms, p99_ms, max_ms }
        };
        let mut failures = BTreeMap::new();
        for ((_, code), calls) in witnessed.quiet.failures().iter().chain(witnessed.event.failures()) {
            *failures.entry(code.name().to_owned()).or_default() += calls;
        }
        let Witnessed { quiet, event, .. } = witnessed;
        Self { calls: witnessed.made(), failures, quiet: latency(quiet), event: latency(event) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_calls() {
        let latency = Latency::of((1..=1_000).rev().map(f64::from).collect());
        assert_eq!(latency, Latency { p50_ms: 501.0, p99_ms: 991.0, max_ms: 1_000.0 });
        assert_eq!(Latency::of(Vec::new()), Latency { p50_ms: 0.0, p99_ms: 0.0, max_ms: 0.0 });
    }
}
