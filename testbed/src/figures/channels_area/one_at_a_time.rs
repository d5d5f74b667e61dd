//! A server whose latencies can be computed: one call at a time, 10 ms each.

use std::time::Duration;

use crate::BedError;
use crate::service::{Manner, Service};

/// For each call.
pub(super) const TAKES: Duration = Duration::from_millis(10);

pub(super) fn server() -> Result<Service, BedError> {
    Service::start(Manner { one_at_a_time: Some(TAKES), ..Manner::default() })
}

/// The median latency, in milliseconds, of calls that are offered evenly and faster than they are taken: the k-th call
/// waits for all before it.
pub(super) fn median_ms(per_second: u32, seconds: u32) -> f64 {
    let apart = 1e3 / f64::from(per_second);
    let takes = TAKES.as_secs_f64() * 1e3;
    let middle = f64::from(per_second * seconds - 1) / 2.0;
    (middle + 1.0) * takes - middle * apart
}

#[cfg(test)]
mod tests {
    use super::median_ms;

    #[test]
    fn calls_that_come_as_fast_as_they_are_taken_wait_for_nobody() {
        assert!((median_ms(100, 5) - 10.0).abs() < 1e-9);
    }

    #[test]
    fn at_twice_what_is_taken_the_middle_call_waits_half_as_long_as_all_calls_are_offered() {
        assert!((median_ms(200, 5) - 2_507.5).abs() < 1e-9);
    }
}
