//! How long a new pod waits for its first call.

use std::time::{Duration, Instant};

use super::Way;
use super::callers::now;
use super::findings::Outcome;
use super::site::{PODS, Site};
use crate::{BedError, Stop, wait};

const NEW: usize = 3;
/// Between two of them, so that they meet the callers at different moments of what these do by the clock.
const APART: Duration = Duration::from_millis(3_300);
const BEFORE: Duration = Duration::from_secs(1);
/// For each: three times the age at which a connection is replaced.
const LIMIT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Seconds from when each of three new pods is listed until its first call. One that has none in time is an error.
pub(crate) fn arrivals(way: Way, stop: &Stop) -> Result<Vec<f64>, BedError> {
    let Outcome::Arrival { seconds, .. } = measure(way, stop)? else { return Ok(Vec::new()) };
    let all = seconds.into_iter().collect::<Option<Vec<_>>>();
    all.ok_or_else(|| BedError::Unexpected(format!("a new pod had no call within {LIMIT:?}")))
}

/// Adds pods one after the other; each counts from the moment at which it takes calls and is listed.
pub(super) fn measure(way: Way, stop: &Stop) -> Result<Outcome, BedError> {
    let mut site = Site::start(way, stop)?;
    let callers = site.callers()?;
    callers.wait_for_first(stop)?;
    wait::rest(BEFORE);
    let mut listed = Vec::new();
    for count in 1..=NEW {
        site.bed.scale(PODS + count)?;
        let pod = site.bed.server(PODS + count - 1).pod().to_owned();
        listed.push((pod, now(), Instant::now()));
        if count < NEW {
            wait::rest(APART);
        }
    }
    let mut seconds = Vec::new();
    for (pod, at, since) in listed {
        let first = loop {
            let first = callers.first_of(&pod)?;
            if first.is_some() || since.elapsed() > LIMIT {
                break first;
            }
            stop.check()?;
            wait::rest(LOOK_EVERY);
        };
        seconds.push(first.map(|first| first.saturating_sub(at) as f64 / 1e3));
    }
    let calls = callers.finish()?.totals();
    Ok(Outcome::Arrival { limit_seconds: LIMIT.as_secs_f64(), seconds, calls })
}
