//! A service that answers every call at once with UNAVAILABLE, for half a minute.

use std::time::{Duration, Instant};

use super::Measured;
use crate::balance::{Address, Policy, Running, now};
use crate::service::{Manner, Service, Trouble};
use crate::{BedError, Stop, binaries, wait};

/// Together 1,000 calls a second and more, since a call that is sent again and refused takes 10 to 25 ms.
const CALLERS: [&str; 4] = ["--callers", "60", "--rest-ms", "35"];
/// Calls a second.
const OFFERED: f64 = 1_000.0;
const BEFORE: Duration = Duration::from_secs(3);
const OUTAGE: Duration = Duration::from_secs(30);
const AFTER: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// `outage_attempts`, `outage_recovery`.
pub(super) fn measure(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    let service = Service::start(Manner::default())?;
    let folder = binaries::scratch("ticketing-outage-")?;
    let callers = Running::start_with(&CALLERS, Policy::Single, &Address::of(service.address()), folder.path())?;
    callers.wait_for_first(stop)?;
    wait::rest(BEFORE);
    let before = service.attempts();
    service.suffer(Trouble::Refuses);
    let begun = Instant::now();
    while begun.elapsed() < OUTAGE {
        stop.check()?;
        wait::rest(LOOK_EVERY);
    }
    service.suffer(Trouble::Nothing);
    let (back, attempts) = (now(), service.attempts() - before);
    wait::rest(AFTER);
    let report = callers.finish()?;
    let failed = report.totals().failed;
    if failed == 0 {
        return Err(BedError::Unexpected("no call failed while every call was refused".to_owned()));
    }
    let recovery = report.last_failure().map_or(0, |at| at.saturating_sub(back));
    let rate = failed as f64 / OUTAGE.as_secs_f64();
    if rate < OFFERED {
        return Err(BedError::Unexpected(format!("only {rate:.0} calls a second were offered, {OFFERED} are meant")));
    }
    Ok(vec![
        Measured::once(
            attempts as f64 / failed as f64,
            format!(
                "one run of {OUTAGE:?}: {attempts} attempts that the server counted, {failed} calls failed, {rate:.0} a second"
            ),
        ),
        Measured::once(
            Duration::from_millis(recovery).as_secs_f64(),
            format!("one run: from the service's return to the last call that failed, watched for {AFTER:?}"),
        ),
    ])
}
