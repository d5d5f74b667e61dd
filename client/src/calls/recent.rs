//! How long recent reads took.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const KEPT: usize = 256;
/// The figure is made anew after so many reads, and is there after as many.
const EVERY: usize = 32;

/// The last 256 times of reads, and their 95th percentile.
#[derive(Default)]
pub(crate) struct Recent {
    times: Mutex<Times>,
    /// Microseconds; 0: not known yet.
    p95: AtomicU64,
}

#[derive(Default)]
struct Times {
    micros: Vec<u64>,
    seen: usize,
}

impl Recent {
    /// A read that was answered took so long, or longer.
    pub(crate) fn learn<T, E>(&self, outcome: Result<T, E>, took: Duration) -> Result<T, E> {
        if outcome.is_ok() {
            self.took(took);
        }
        outcome
    }

    fn took(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if times.micros.len() < KEPT {
            times.micros.push(micros);
        } else {
            let oldest = times.seen % KEPT;
            times.micros[oldest] = micros;
        }
        times.seen += 1;
        if times.seen.is_multiple_of(EVERY) {
            let mut sorted = times.micros.clone();
            let place = sorted.len() * 95 / 100;
            let (_, p95, _) = sorted.select_nth_unstable(place);
            self.p95.store(*p95, Ordering::Relaxed);
        }
    }

    pub(crate) fn p95(&self) -> Option<Duration> {
        match self.p95.load(Ordering::Relaxed) {
            0 => None,
            micros => Some(Duration::from_micros(micros)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_95th_percentile_is_that_of_the_last_reads() {
        let recent = Recent::default();
        (1..=31).for_each(|_| recent.took(Duration::from_millis(1)));
        assert_eq!(recent.p95(), None);
        (1..=1024).for_each(|time| recent.took(Duration::from_millis(time % 100)));
        assert!((90..=99).contains(&recent.p95().unwrap().as_millis()));
    }
}
