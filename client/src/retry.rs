//! When a call that may be repeated is tried again.

use std::time::Duration;

/// Nobody waits longer, and a `Duration` much longer cannot be reckoned with.
const LONGEST: Duration = Duration::from_hours(24);

/// Pauses that double from the first to the longest, each shortened at random by up to a half so that callers that
/// failed together do not come back together.
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// Pauses from about `first` to about `longest`, which is cut to a day.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { next: first, longest: longest.min(LONGEST) }
    }

    /// How long to wait now. At least as long as the server `asked` for, and up to a fifth longer: those whom it asked
    /// together do not come back together either.
    pub fn pause(&mut self, asked: Option<Duration>) -> Duration {
        let full = self.next.min(self.longest);
        self.next = full.saturating_mul(2);
        let jittered = full.mul_f64(1.0 - fastrand::f64() / 2.0);
        let asked = asked.unwrap_or_default();
        jittered.max(asked.saturating_add((asked / 5).mul_f64(fastrand::f64())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(350));
        for full in [100, 200, 350, 350] {
            let full = Duration::from_millis(full);
            let pause = backoff.pause(None);
            assert!(full / 2 <= pause && pause <= full, "{pause:?} of {full:?}");
        }
    }

    #[test]
    fn pauses_without_an_end_are_a_day() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::MAX);
        assert!((0..100).all(|_| backoff.pause(None) <= LONGEST));
        assert!(Backoff::new(Duration::MAX, Duration::MAX).pause(None) >= LONGEST / 2);
    }

    #[test]
    fn callers_that_failed_together_do_not_come_back_together() {
        let second = Duration::from_secs(1);
        let pauses: Vec<_> = (0..1_000).map(|_| Backoff::new(second, second).pause(None)).collect();
        let (first, last) = (pauses.iter().min().unwrap(), pauses.iter().max().unwrap());
        assert!(*last > *first + second / 4, "all between {first:?} and {last:?}");
    }

    #[test]
    fn a_server_that_asks_for_time_gets_it_and_callers_come_back_one_after_the_other() {
        let asked = Duration::from_mins(1);
        let pause = || Backoff::new(Duration::from_millis(1), Duration::from_millis(1)).pause(Some(asked));
        let pauses: Vec<_> = (0..1_000).map(|_| pause()).collect();
        assert!(pauses.iter().all(|pause| asked <= *pause && *pause <= asked.mul_f64(1.2)));
        let (first, last) = (pauses.iter().min().unwrap(), pauses.iter().max().unwrap());
        assert!(*last > *first + asked / 10, "all between {first:?} and {last:?}");
    }
}
