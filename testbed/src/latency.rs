//! How long calls took.

use std::time::Duration;

use serde::{Deserialize, Serialize};

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
    /// Of single calls; nothing but zeros where there was none.
    pub fn of(mut calls: Vec<Duration>) -> Self {
        calls.sort_unstable();
        let at = |hundredths: usize| calls.get((calls.len() * hundredths / 100).min(calls.len().saturating_sub(1)));
        let [p50_ms, p99_ms, max_ms] =
            [50, 99, 100].map(|hundredths| at(hundredths).map_or(0.0, |call| call.as_secs_f64() * 1e3));
        Self { p50_ms, p99_ms, max_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_calls() {
        let latency = Latency::of((1..=1_000).rev().map(Duration::from_millis).collect());
        assert_eq!(latency, Latency { p50_ms: 501.0, p99_ms: 991.0, max_ms: 1_000.0 });
        assert_eq!(Latency::of(Vec::new()), Latency { p50_ms: 0.0, p99_ms: 0.0, max_ms: 0.0 });
    }
}
