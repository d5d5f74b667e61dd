//! Ten minutes in which one fault follows the other at random, while callers go on.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::chaos::{Attempts, Callers, Crew, Kind};
use crate::figures::{Bound, Measured, Plan, Run, Unit, Wanted};
use crate::{Bed, BedError, DnsAnswer, Stop, Testbed, wait};

const LASTS: Duration = Duration::from_mins(10);
const SERVERS: usize = 3;
/// The same faults in the same order in each run.
const SEED: u64 = 15;
const QUIET: std::ops::Range<u64> = 1_000..4_000;
/// Longer than health checks take to find it, shorter than its creates without a request_id wait.
const HUNG: Duration = Duration::from_secs(4);
const DNS_AWAY: Duration = Duration::from_secs(3);
/// Until caches and connections have grown to what they need.
const WARM: Duration = Duration::from_mins(1);
/// A create without a request_id is sent once, and may fail with the server that had it.
const SURE: [Kind; 3] = [Kind::Get, Kind::List, Kind::Create];

const fn wanted(name: &'static str, unit: Unit, bound: Bound) -> Wanted {
    Wanted { name, unit, bound }
}

pub(super) const PLANS: &[Plan] = &[Plan {
    wanted: &[
        wanted("soak_failed", Unit::Calls, Bound::Exactly(0.0)),
        wanted("soak_lost", Unit::Customers, Bound::Exactly(0.0)),
        wanted("soak_doubled", Unit::Customers, Bound::Exactly(0.0)),
        wanted("soak_envoy_rss", Unit::Megabytes, Bound::Information),
    ],
    run: Run::All(soak),
}];

/// What may happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Killed,
    Hung,
    Rolled,
    Scaled,
    NoDns,
}

const FAULTS: [Fault; 5] = [Fault::Killed, Fault::Hung, Fault::Rolled, Fault::Scaled, Fault::NoDns];

fn soak(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    // As pods have it. A process that is stopped while it writes to a file of SQLite keeps all others from writing, too.
    let mut bed = Testbed::new().servers(SERVERS).postgres().envoy().stop_on(stop).start()?;
    let mut random = fastrand::Rng::with_seed(SEED);
    let callers = Callers::start(bed.envoy_address(), Crew { attempts: Attempts::Library, ..Crew::default() })?;
    let (begun, mut faults, mut warm) = (Instant::now(), BTreeMap::<Fault, u64>::new(), None);
    while begun.elapsed() < LASTS {
        stop.check()?;
        let fault = FAULTS[random.usize(..FAULTS.len())];
        callers.during(|| fault.happen(&mut bed, &mut random))?;
        *faults.entry(fault).or_default() += 1;
        wait::rest(Duration::from_millis(random.u64(QUIET)));
        if begun.elapsed() >= WARM {
            warm.get_or_insert(bed.envoy().process().memory()?);
        }
        let (left, failed) = (LASTS.saturating_sub(begun.elapsed()), callers.failed());
        eprintln!("chaos: {fault:?}; {} calls, {failed} failed; {} s to go", callers.made(), left.as_secs());
    }
    let grown = bed.envoy().process().memory()?.saturating_sub(warm.unwrap_or_default());
    let seen = callers.finish();
    bed.settle()?;
    let (failed, calls) = (seen.failed_of(&SURE), seen.made());
    let note = format!(
        "{faults:?} in {LASTS:?} under 16 callers of the library, which sends again what may be; {seen}; plain creates may fail"
    );
    let told = (&seen).into();
    let verdict = seen.judge(bed.envoy_address())?;
    let promises = verdict.to_string();
    Ok(vec![
        Measured::once(failed as f64, note).of_calls(calls).seen(told),
        Measured::once(verdict.missing() as f64, promises.clone()),
        Measured::once(verdict.surplus() as f64, promises),
        Measured::once(grown as f64 / 1e6, format!("what Envoy's memory grew by after the first {WARM:?}")),
    ])
}

impl Fault {
    /// Returns when all is well again.
    fn happen(self, bed: &mut Bed, random: &mut fastrand::Rng) -> Result<(), BedError> {
        let any = random.usize(..bed.servers().len());
        match self {
            Self::Killed => {
                bed.server(any).kill()?;
                bed.server(any).start_again()?;
            }
            Self::Hung => {
                bed.server(any).stop();
                wait::rest(HUNG);
                bed.server(any).cont();
            }
            Self::Rolled => bed.roll()?,
            Self::Scaled => {
                bed.scale(SERVERS + 1 + random.usize(..2))?;
                bed.scale(SERVERS)?;
            }
            Self::NoDns => {
                let answers = [DnsAnswer::Silence, DnsAnswer::ServerFailure, DnsAnswer::NoSuchName, DnsAnswer::Empty];
                bed.dns().answer_with(answers[random.usize(..answers.len())]);
                wait::rest(DNS_AWAY);
                bed.dns().answer_with(DnsAnswer::Addresses);
            }
        }
        bed.settle()
    }
}
