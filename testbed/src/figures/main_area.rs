//! The figures of the main job: spread, import, start.

use std::path::PathBuf;
use std::time::Duration;

use super::plan::{Measured, Plan, Run, Wanted};
use super::{Bound, Unit};
use crate::customers::Names;
use crate::metrics::creates_handled;
use crate::{Bed, BedError, Import, Server, Stop, Testbed, equal_calls, wait, write_list};

const SERVERS: usize = 3;
const CALLS: usize = 3_000;
const ROWS: usize = 100_000;
const SEED: u64 = 2;
const STARTS: usize = 9;
const LOOK_EVERY: Duration = Duration::from_millis(20);
const KILL_LIMIT: Duration = Duration::from_mins(2);

pub(super) const PLANS: &[Plan] = &[
    Plan {
        wanted: &[Wanted { name: "spread_envoy", unit: Unit::Calls, bound: Bound::AtMost(2.0) }],
        run: Run::One(spread_envoy),
    },
    Plan {
        wanted: &[Wanted { name: "spread_l4", unit: Unit::Pods, bound: Bound::Exactly(1.0) }],
        run: Run::One(spread_l4),
    },
    Plan {
        wanted: &[Wanted { name: "import_after_kills", unit: Unit::Customers, bound: Bound::Exactly(ROWS as f64) }],
        run: Run::One(import_after_kills),
    },
    Plan {
        wanted: &[Wanted { name: "import_rate", unit: Unit::RowsPerSecond, bound: Bound::Information }],
        run: Run::One(import_rate),
    },
    Plan {
        wanted: &[Wanted { name: "server_ready", unit: Unit::Milliseconds, bound: Bound::AtMost(300.0) }],
        run: Run::One(server_ready),
    },
];

fn spread_envoy(stop: &Stop) -> Result<Measured, BedError> {
    let bed = Testbed::new().servers(SERVERS).envoy().stop_on(stop).start()?;
    let tally = equal_calls(bed.envoy_address(), CALLS, stop)?;
    let calls = bed.pods().map(|pod| tally.of(pod) as f64).collect();
    all_succeeded(tally.failed())?;
    let note = format!("one run; samples are the calls of each of {SERVERS} pods");
    Ok(Measured::of(tally.spread(bed.pods()) as f64, calls, note))
}

fn spread_l4(stop: &Stop) -> Result<Measured, BedError> {
    let bed = Testbed::new().servers(SERVERS).l4(SEED).stop_on(stop).start()?;
    let tally = equal_calls(bed.l4_address(), CALLS, stop)?;
    all_succeeded(tally.failed())?;
    let calls = bed.pods().map(|pod| tally.of(pod) as f64).collect();
    let note = format!("one run; samples are the calls of each of {SERVERS} pods");
    Ok(Measured::of(tally.pods.len() as f64, calls, note))
}

/// The client is killed; then a server, under the client's second run, which goes on and is killed too; the third run
/// finishes. Progress is counted on the two servers that live through all of it.
fn import_after_kills(stop: &Stop) -> Result<Measured, BedError> {
    const PART: u64 = ROWS as u64 / 6;
    let bed = Testbed::new().servers(SERVERS).envoy().stop_on(stop).start()?;
    let list = list_in(&bed)?;
    let start = || Import::start(bed.envoy_address(), &list, bed.folder());
    let go_on = |import: &Import| after_creates(&bed.servers()[1..], PART, import, stop);

    let first = start()?;
    go_on(&first)?;
    kill(&first)?;

    let second = start()?;
    go_on(&second)?;
    bed.server(0).kill()?;
    go_on(&second)?;
    bed.server(0).start_again()?;
    kill(&second)?;

    let third = start()?.finish(stop)?;
    let (wanted, found) = (Names::of_file(&list)?, Names::of_service(bed.envoy_address())?);
    let strangers = found.clone().without(&wanted).len();
    if strangers > 0 {
        return Err(BedError::Unexpected(format!("{strangers} customers are not in the file")));
    }
    let note = format!(
        "one run: client killed twice, one of {SERVERS} servers once; the third import created {} and found {}",
        third.created, third.already_there
    );
    Ok(Measured::of(found.len() as f64, Vec::new(), note))
}

fn import_rate(stop: &Stop) -> Result<Measured, BedError> {
    let bed = Testbed::new().servers(SERVERS).envoy().stop_on(stop).start()?;
    let import = Import::start(bed.envoy_address(), &list_in(&bed)?, bed.folder())?;
    let summary = import.finish(stop)?;
    if summary.created != ROWS as u64 {
        return Err(BedError::Unexpected(format!("{} of {ROWS} rows were created", summary.created)));
    }
    let note = format!("one run of {ROWS} rows in {:.1} s", summary.seconds);
    Ok(Measured::of(ROWS as f64 / summary.seconds, Vec::new(), note))
}

fn server_ready(stop: &Stop) -> Result<Measured, BedError> {
    let mut samples = Vec::new();
    for _ in 0..STARTS {
        // A bed of its own each time: the store is new, as at the first start.
        let bed = Testbed::new().servers(1).stop_on(stop).start()?;
        samples.extend(bed.server(0).ready_after().map(|time| time.as_secs_f64() * 1_000.0));
    }
    let note = format!("median of {STARTS} starts, from exec until a health check says SERVING");
    Ok(Measured::median_of(samples, note))
}

fn kill(import: &Import) -> Result<(), BedError> {
    import.process().kill().map(|_| ()).map_err(BedError::io("kill the client"))
}

/// Waits until these servers have handled `rows` more creates than now.
fn after_creates(servers: &[Server], rows: u64, import: &Import, stop: &Stop) -> Result<(), BedError> {
    let handled = || servers.iter().map(creates_handled).sum::<Result<u64, _>>();
    let before = handled()?;
    wait::until(&format!("{rows} rows are handled"), KILL_LIMIT, LOOK_EVERY, stop, || {
        import.process().check_running()?;
        Ok((handled()? >= before + rows).then_some(()))
    })
}

fn list_in(bed: &Bed) -> Result<PathBuf, BedError> {
    let list = bed.folder().join("people.csv");
    write_list(&list, ROWS, SEED)?;
    Ok(list)
}

fn all_succeeded(failed: u64) -> Result<(), BedError> {
    if failed == 0 { Ok(()) } else { Err(BedError::Unexpected(format!("{failed} calls failed"))) }
}
