//! Which pods callers reach: behind an L4 balancer, and when one is added.

use std::fs;
use std::time::{Duration, Instant};

use super::Measured;
use crate::balance::{self, Address, Policy, Running, Way};
use crate::{Bed, BedError, Stop, Testbed, wait};

const PODS: usize = 4;
const SEEDS: u64 = 5;
/// Of each seed and policy; few, since all of them call at the same time.
const CALLERS: &str = "4";
const LASTS: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// `pool_pods`, `pool_failed`, `single_pods`: a pool of 4 and a single channel beside it.
pub(super) fn behind_l4(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    let beds = (1..=SEEDS).map(|seed| Testbed::new().servers(PODS).l4(seed).stop_on(stop).start());
    let beds = beds.collect::<Result<Vec<_>, _>>()?;
    let start = |policy| beds.iter().map(|bed| callers(bed, policy)).collect::<Result<Vec<_>, _>>();
    let (pools, singles) = (start(Policy::Pool)?, start(Policy::Single)?);
    let begun = Instant::now();
    while begun.elapsed() < LASTS {
        stop.check()?;
        wait::rest(LOOK_EVERY);
    }
    let ended = |all: Vec<Running>| all.into_iter().map(Running::finish).collect::<Result<Vec<_>, _>>();
    let (pools, singles) = (ended(pools)?, ended(singles)?);
    let failed: u64 = pools.iter().map(|report| report.totals().failed).sum();
    let again: u64 = pools.iter().map(|report| report.totals().again).sum();
    let calls: u64 = pools.iter().map(|report| report.totals().calls).sum();
    let pods_of_pools: Vec<f64> = pools.iter().map(|report| report.pods() as f64).collect();
    let pods_of_singles: Vec<f64> = singles.iter().map(|report| report.pods() as f64).collect();
    let (fewest, most) = (
        pods_of_pools.iter().copied().fold(f64::INFINITY, f64::min),
        pods_of_singles.iter().copied().fold(0.0, f64::max),
    );
    Ok(vec![
        Measured::of(fewest, pods_of_pools, format!("the fewest of {SEEDS} seeds")),
        Measured::once(failed as f64, format!("of {calls} calls of all seeds; {again} attempts more than calls")),
        Measured::of(most, pods_of_singles, format!("the most of {SEEDS} seeds")),
    ])
}

fn callers(bed: &Bed, policy: Policy) -> Result<Running, BedError> {
    let folder = bed.folder().join(format!("{policy:?}"));
    fs::create_dir(&folder).map_err(BedError::io(format!("make {}", folder.display())))?;
    Running::start_with(&["--callers", CALLERS], policy, &Address::of(bed.l4_address()), &folder)
}

/// Seconds until the slowest of three new pods under the headless name has its first call.
pub(super) fn new_under_round_robin(stop: &Stop) -> Result<Measured, BedError> {
    let samples = balance::arrivals(Way::RoundRobin, stop)?;
    let note = format!("the slowest of {} pods that come one after the other", samples.len());
    Ok(Measured::of(samples.iter().copied().fold(0.0, f64::max), samples, note))
}
