//! Memory of the server with a thousand connections, over ten minutes of load.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use async_std::task::block_on;
use serde::{Deserialize, Serialize};
use testbed::figures::{Bound, Measured, Plan, Run, Unit, Wanted};
use testbed::{BedError, Stop};

use crate::generator::{Arrivals, Operation, Shape};
use crate::latency::capacity;
use crate::peers::{Peer, Running};
use crate::record;

const CONNECTIONS: usize = 1_000;
const LOAD: f64 = 0.8;
const DURATION: Duration = Duration::from_mins(10);
/// Its last part, in which nothing should grow any more.
const LAST: Duration = Duration::from_mins(5);
const LOOK_EVERY: Duration = Duration::from_secs(1);
const TOLD_EVERY: usize = 60;
/// Samples at each end of that part, of which the highest counts: what is freed a moment later is no growth.
const AT_EACH_END: usize = 10;

/// The figures, in the order of [`figures_of`].
pub(crate) const PLAN: Plan = Plan {
    wanted: &[
        Wanted { name: "rss_1000", unit: Unit::Megabytes, bound: Bound::AtMost(60.0) },
        Wanted { name: "rss_growth", unit: Unit::Megabytes, bound: Bound::AtMost(2.0) },
    ],
    run: Run::All(run),
};

/// What was seen.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Calls a second.
    pub(crate) rate: f64,
    /// Peak resident memory, in bytes.
    pub(crate) peak: u64,
    /// Resident memory each second, in bytes.
    pub(crate) samples: Vec<u64>,
}

/// The name of the record.
pub(crate) const RECORD: &str = "memory";

fn run(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    record::forget(RECORD)?;
    let ours = Running::start_on_its_core(Peer::Ours)?;
    ours.check()?;
    let rate = capacity(&ours, Shape::new(CONNECTIONS, 1))? * LOAD;
    eprintln!("{CONNECTIONS} connections, {rate:.0} calls/s, for {} minutes", DURATION.as_secs() / 60);
    let arrivals = Arrivals { connections: CONNECTIONS, rate, warm_up: Duration::ZERO, duration: DURATION };
    let (ended, samples) = (Mutex::new(false), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        scope.spawn(|| sample(&ours, &ended, &samples));
        let called = arrivals.run(ours.address, ours.request(Operation::Get), stop);
        *ended.lock().expect("no panic") = true;
        called
    })?;
    ours.check()?;
    let samples = samples.into_inner().expect("no panic");
    let seen = Seen { rate, peak: ours.process.peak_memory()?, samples };
    record::write(RECORD, &seen)?;
    Ok(figures_of(&seen))
}

fn sample(ours: &Running, ended: &Mutex<bool>, samples: &Mutex<Vec<u64>>) {
    let begun = Instant::now();
    while !*ended.lock().expect("no panic") {
        let mut samples = samples.lock().expect("no panic");
        // It answers calls at this moment, so it can be looked at; where not, the calls tell.
        samples.extend(ours.process.memory().ok());
        if samples.len().is_multiple_of(TOLD_EVERY) {
            let megabytes = samples.last().map_or(0.0, |bytes| *bytes as f64 / 1e6);
            eprintln!("after {} s: {megabytes:.1} MB", begun.elapsed().as_secs());
        }
        drop(samples);
        block_on(async_std::task::sleep(LOOK_EVERY));
    }
}

fn figures_of(seen: &Seen) -> Vec<Measured> {
    let last = seen.samples.len().saturating_sub(usize::try_from(LAST.as_secs()).expect("minutes"));
    let last = &seen.samples[last..];
    let highest = |samples: &[u64]| samples.iter().copied().max().unwrap_or_default() as f64 / 1e6;
    let (begin, end) = (&last[..AT_EACH_END.min(last.len())], &last[last.len().saturating_sub(AT_EACH_END)..]);
    let how = format!("{CONNECTIONS} connections, {:.0} calls/s (80 % of what it can)", seen.rate);
    vec![
        Measured::once(seen.peak as f64 / 1e6, format!("peak resident memory over {} s, {how}", seen.samples.len())),
        Measured::once(
            highest(end) - highest(begin),
            format!(
                "{:.1} MB at the begin of the last 5 minutes, {:.1} MB at their end, {how}",
                highest(begin),
                highest(end)
            ),
        ),
    ]
}
