//! What came of many calls.

use std::collections::BTreeMap;
use std::time::SystemTime;

use ticketing_client::{CallError, Code};

/// Calls counted by what came of them.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Calls that succeeded, by the pod that answered.
    pub pods: BTreeMap<String, u64>,
    /// When each of them answered first.
    pub since: BTreeMap<String, SystemTime>,
    /// Calls that failed, by their code.
    pub failures: BTreeMap<Code, u64>,
    /// The first failure, in words.
    pub first_failure: Option<String>,
}

impl Tally {
    /// Counts one call: the pod that answered, or the failure.
    pub fn count(&mut self, outcome: Result<String, CallError>) {
        match outcome {
            Ok(pod) => {
                if !self.since.contains_key(&pod) {
                    self.since.insert(pod.clone(), SystemTime::now());
                }
                *self.pods.entry(pod).or_default() += 1;
            }
            Err(error) => {
                *self.failures.entry(error.code).or_default() += 1;
                self.first_failure.get_or_insert_with(|| error.to_string());
            }
        }
    }

    /// Adds what someone else counted.
    pub fn add(&mut self, other: Self) {
        for (pod, calls) in other.pods {
            *self.pods.entry(pod).or_default() += calls;
        }
        for (pod, first) in other.since {
            self.since.entry(pod).and_modify(|known| *known = first.min(*known)).or_insert(first);
        }
        for (code, calls) in other.failures {
            *self.failures.entry(code).or_default() += calls;
        }
        self.first_failure = self.first_failure.take().or(other.first_failure);
    }

    /// Calls that succeeded.
    pub fn succeeded(&self) -> u64 {
        self.pods.values().sum()
    }

    /// Calls that failed.
    pub fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    /// Calls that this pod answered.
    pub fn of(&self, pod: &str) -> u64 {
        self.pods.get(pod).copied().unwrap_or_default()
    }

    /// The most calls of one pod minus the fewest; a pod of `all` that answered none counts.
    pub fn spread<'a>(&self, all: impl IntoIterator<Item = &'a str>) -> u64 {
        let calls: Vec<u64> = all.into_iter().map(|pod| self.of(pod)).collect();
        let (most, fewest) = (calls.iter().max(), calls.iter().min());
        most.zip(fewest).map_or(0, |(most, fewest)| most - fewest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_that_answered_nothing_counts_in_the_spread() {
        let mut tally = Tally::default();
        (0..5).for_each(|_| tally.count(Ok("a".to_owned())));
        (0..3).for_each(|_| tally.count(Ok("b".to_owned())));
        assert_eq!(tally.spread(["a", "b"]), 2);
        assert_eq!(tally.spread(["a", "b", "c"]), 5);
    }
}
