//! One connection behind an L4 balancer.

use std::time::{Duration, Instant};

use super::Measured;
use crate::{BedError, Load, Stop, Testbed, wait};

const PODS: usize = 4;
const SEEDS: u64 = 5;
const CALLERS: usize = 4;
/// As long as a pool has to reach all pods.
const LASTS: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Pods that the original client's single channel reaches in a minute, the most of all seeds.
pub(super) fn single_pods(stop: &Stop) -> Result<Measured, BedError> {
    let beds = (1..=SEEDS).map(|seed| Testbed::new().servers(PODS).l4(seed).stop_on(stop).start());
    let beds = beds.collect::<Result<Vec<_>, _>>()?;
    // At the same time: each has a balancer and pods of its own.
    let loads: Vec<_> = beds.iter().map(|bed| Load::start(bed.l4_address(), CALLERS)).collect();
    let begun = Instant::now();
    while begun.elapsed() < LASTS {
        stop.check()?;
        wait::rest(LOOK_EVERY);
    }
    let tallies: Vec<_> = loads.into_iter().map(Load::stop).collect();
    if let Some(failure) = tallies.iter().find_map(|tally| tally.first_failure.as_deref()) {
        return Err(BedError::Unexpected(format!("a call failed while nothing happened: {failure}")));
    }
    let samples: Vec<f64> = tallies.iter().map(|tally| tally.pods.len() as f64).collect();
    let note = format!("the most of {SEEDS} seeds, each {LASTS:?} on one channel over {PODS} pods");
    Ok(Measured { value: samples.iter().copied().fold(0.0, f64::max), samples, note })
}
