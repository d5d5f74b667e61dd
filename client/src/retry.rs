//! When a call that may be repeated is tried again.

use std::time::Duration;

/// Pauses that double from the first to the longest, each shortened at random by up to a half so that callers that
/// failed together do not come back together.
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// Pauses from about `first` to about `longest`.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { next: first, longest }
    }

    /// How long to wait now; at least as long as the server `asked` for, but never longer than thirty seconds.
    pub fn pause(&mut self, asked: Option<Duration>) -> Duration {
        let full = self.next.min(self.longest);
        self.next = full * 2;
        let jittered = full.mul_f64(1.0 - fastrand::f64() / 2.0);
        jittered.max(asked.unwrap_or_default()).min(LONGEST_ASKED)
    }
}

/// A server that asks for more than this is not obeyed to the letter: the caller has a deadline too.
const LONGEST_ASKED: Duration = Duration::from_secs(30);

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
    fn callers_that_failed_together_do_not_come_back_together() {
        let second = Duration::from_secs(1);
        let pauses: Vec<_> = (0..1_000).map(|_| Backoff::new(second, second).pause(None)).collect();
        let (first, last) = (pauses.iter().min().unwrap(), pauses.iter().max().unwrap());
        assert!(*last > *first + second / 4, "all between {first:?} and {last:?}");
    }

    #[test]
    fn a_server_that_asks_for_time_gets_it_within_reason() {
        let mut backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(1));
        assert_eq!(backoff.pause(Some(Duration::from_secs(2))), Duration::from_secs(2));
        assert_eq!(backoff.pause(Some(Duration::from_hours(1))), LONGEST_ASKED);
    }
}
