//! A server that is killed and comes back, again and again, under callers on one channel.

use std::fs;
use std::time::Duration;

use super::Measured;
use crate::balance::{Address, Policy, Running, now};
use crate::{BedError, Stop, Testbed, binaries, wait};

const RESTARTS: usize = 100;
/// Before the first restart, so that what callers always have is there, and after the last.
const SETTLED: Duration = Duration::from_secs(3);
/// It stays away for up to this long, so that callers are met in every state of their backoff.
const AWAY_MS: u64 = 500;
/// And every so many restarts for this long: by then a backoff without a bound would be at several seconds.
const LONG_EVERY: usize = 25;
const LONG_AWAY: Duration = Duration::from_secs(15);
/// It is there for this long, which is what callers have to find it.
const THERE: Duration = Duration::from_secs(1);
const FIRST_LIMIT: Duration = Duration::from_secs(10);
const SEED: u64 = 3;

/// `reconnects_hung`, `reconnects_fd`, `reconnects_rss`, `reconnect_first`.
pub(super) fn measure(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    let bed = Testbed::new().servers(1).stop_on(stop).start()?;
    let folder = binaries::scratch("ticketing-reconnects-")?;
    let callers = Running::start(Policy::Single, &Address::of(bed.server(0).address().into()), folder.path())?;
    callers.wait_for_first(stop)?;
    wait::rest(SETTLED);
    let before = held(&callers)?;
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut back = Vec::new();
    for number in 1..=RESTARTS {
        stop.check()?;
        if number % 20 == 0 {
            eprintln!("reconnects: restart {number} of {RESTARTS}");
        }
        bed.server(0).kill()?;
        let short = Duration::from_millis(random.u64(..=AWAY_MS));
        wait::rest(if number % LONG_EVERY == 0 { LONG_AWAY } else { short });
        bed.server(0).start_again()?;
        back.push(now());
        wait::rest(THERE);
    }
    wait::rest(SETTLED);
    let after = held(&callers)?;
    let report = callers.finish()?;
    let first = |at: u64| {
        let limit = u64::try_from(FIRST_LIMIT.as_millis()).expect("a short time");
        let call = report.first_after(at).map_or(limit, |call| call.saturating_sub(at));
        Duration::from_millis(call).as_secs_f64()
    };
    let samples: Vec<f64> = back.into_iter().map(first).collect();
    let slowest = samples.iter().copied().fold(0.0, f64::max);
    let totals = report.totals();
    let counted = format!(
        "one run: {RESTARTS} restarts under 16 callers, every {LONG_EVERY}th after {LONG_AWAY:?}, {} calls, {} failed, {} attempts more; slowest call {} ms; late is \
         one that ends more than a second after its deadline",
        totals.calls, totals.failed, totals.again, totals.slowest_ms
    );
    let grown = |before: f64, after: f64, what: &str| {
        Measured::once(after - before, format!("one run: {before:.1} {what} before the restarts, {after:.1} after"))
    };
    Ok(vec![
        Measured::once(totals.late as f64, counted),
        grown(before.0, after.0, "files"),
        grown(before.1, after.1, "MB, with what the callers remember of their calls,"),
        Measured::of(slowest, samples, "slowest of all restarts, to 10 ms; with callers that back off"),
    ])
}

/// Open files, and resident megabytes.
fn held(callers: &Running) -> Result<(f64, f64), BedError> {
    let files = fs::read_dir(format!("/proc/{}/fd", callers.process().pid()));
    let files = files.map_err(BedError::io("count the callers' open files"))?.count();
    Ok((files as f64, callers.process().memory()? as f64 / 1e6))
}
