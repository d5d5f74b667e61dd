//! How many attempts there may be beyond the first ones.

use std::sync::atomic::{AtomicI64, Ordering};

/// Hundredths of an attempt.
const ATTEMPT: i64 = 100;
const PER_CALL: i64 = 20;
const AT_FIRST: i64 = 10 * ATTEMPT;
const MOST: i64 = 100 * ATTEMPT;

/// A token bucket: each call puts in a fifth of an attempt, each retry or hedge takes a whole one out. It starts with
/// 10, so that a first failure may be retried, and holds at most 100: in an outage servers get 1.2 attempts a call.
pub(crate) struct Budget(AtomicI64);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicI64::new(AT_FIRST))
    }
}

impl Budget {
    pub(crate) fn called(&self) {
        // Full most of the time: then nothing is written.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
            (held < MOST).then(|| (held + PER_CALL).min(MOST))
        });
    }

    pub(crate) fn take(&self) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| (held >= ATTEMPT).then_some(held - ATTEMPT))
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_of_the_calls_may_be_retried_and_ten_more() {
        let budget = Budget::default();
        let retried = (0..1_000)
            .filter(|_| {
                budget.called();
                budget.take()
            })
            .count();
        assert_eq!(retried, 209 + 1);
    }

    #[test]
    fn what_good_times_save_up_is_bounded() {
        let budget = Budget::default();
        (0..10_000).for_each(|_| budget.called());
        assert_eq!((0..1_000).filter(|_| budget.take()).count(), 100);
    }
}
