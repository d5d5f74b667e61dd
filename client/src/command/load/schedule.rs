//! When a load begins to count, and when it ends.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The times of a run. Calls that should start before `measured_from` are its warm-up.
pub(crate) struct Schedule {
    pub(crate) begun: Instant,
    pub(crate) measured_from: Instant,
    /// No call starts from then on; none where the number of calls ends the run.
    pub(crate) until: Option<Instant>,
    requests: Option<u64>,
    /// Measured calls that may still start.
    left: AtomicU64,
}

impl Schedule {
    /// Starts now.
    pub(crate) fn new(warmup: Duration, duration: Option<Duration>, requests: Option<u64>) -> Self {
        let begun = Instant::now();
        let measured_from = begun + warmup;
        let until = duration.map(|duration| measured_from + duration);
        Self { begun, measured_from, until, requests, left: AtomicU64::new(requests.unwrap_or(u64::MAX)) }
    }

    /// For how long measured calls should start where so many do each second; none where no clock can tell.
    pub(crate) fn lasts(&self, rate: f64) -> Option<Duration> {
        match self.until {
            Some(until) => Some(until.saturating_duration_since(self.measured_from)),
            None => Duration::try_from_secs_f64(self.requests? as f64 / rate).ok(),
        }
    }

    /// Whether a call that should start then is one of the warm-up; none where it should not start at all.
    pub(crate) fn admit(&self, intended: Instant) -> Option<bool> {
        if intended < self.measured_from {
            return Some(true);
        }
        if self.until.is_some_and(|until| intended >= until) {
            return None;
        }
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        taken.is_ok().then_some(false)
    }
}
