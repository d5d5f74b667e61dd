//! Calls by what came of them and how long they took.

use std::collections::BTreeMap;
use std::time::Duration;

use ticketing_client::Code;

use super::Kind;
use crate::Latency;

/// Calls of one time.
#[derive(Debug, Clone, Default)]
pub struct Calls {
    lasted: Vec<Duration>,
    failures: BTreeMap<(Kind, Code), u64>,
}

impl Calls {
    pub(super) fn count(&mut self, kind: Kind, failure: Option<Code>, lasted: Duration) {
        self.lasted.push(lasted);
        if let Some(code) = failure {
            *self.failures.entry((kind, code)).or_default() += 1;
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.lasted.extend(other.lasted);
        for (what, calls) in other.failures {
            *self.failures.entry(what).or_default() += calls;
        }
    }

    /// How many were made.
    pub fn made(&self) -> u64 {
        self.lasted.len() as u64
    }

    /// Those that failed, by kind and code.
    pub fn failures(&self) -> &BTreeMap<(Kind, Code), u64> {
        &self.failures
    }

    /// How many of these kinds failed.
    pub fn failed_of(&self, kinds: &[Kind]) -> u64 {
        self.failures.iter().filter(|((kind, _), _)| kinds.contains(kind)).map(|(_, calls)| calls).sum()
    }

    /// How long they took.
    pub fn latency(&self) -> Latency {
        Latency::of(self.lasted.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_by_kind_and_latencies() {
        let (mut calls, mut others) = (Calls::default(), Calls::default());
        (1..=99).rev().for_each(|ms| calls.count(Kind::Get, None, Duration::from_millis(ms)));
        others.count(Kind::PlainCreate, Some(Code::Unavailable), Duration::from_millis(100));
        calls.add(others);
        assert_eq!(calls.made(), 100);
        assert_eq!([&[Kind::Get][..], &[Kind::Get, Kind::PlainCreate]].map(|kinds| calls.failed_of(kinds)), [0, 1]);
        assert_eq!(calls.latency(), Latency { p50_ms: 51.0, p99_ms: 100.0, max_ms: 100.0 });
    }
}
