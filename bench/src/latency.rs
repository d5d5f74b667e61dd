//! How long calls take at a load below capacity, offered on a schedule: ours against each peer, at the same load.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use testbed::figures::{Bound, Measured, Plan, Run, Unit, Wanted, median};
use testbed::{BedError, Stop};

use crate::costs::FEW_BATCHED;
use crate::generator::{Arrivals, Operation, Shape, load};
use crate::peers::{Peer, Running};
use crate::record;

/// Of each pair and load, one side after the other.
const ROUNDS: usize = 9;
/// Calls whose rate tells what a server can.
const CAPACITY_CALLS: usize = 60_000;
const CAPACITY_ROUNDS: usize = 3;
const WARM_UP: Duration = Duration::from_millis(500);
const DURATION: Duration = Duration::from_secs(3);

/// Shares of the peer's capacity, in percent.
pub(crate) const LOADS: [u8; 2] = [50, 80];
/// Who is compared with ours; the capacity is theirs.
pub(crate) const PEERS: [Peer; 4] = [Peer::Tonic, Peer::TonicOneThread, Peer::CppAsync, Peer::Go];

/// The figures, in the order of [`figures_of`].
pub(crate) const PLAN: Plan = Plan {
    wanted: &[
        Wanted { name: "p99_80", unit: Unit::Times, bound: Bound::AtMost(1.10) },
        Wanted { name: "p999_equal", unit: Unit::Times, bound: Bound::AtMost(1.10) },
        Wanted { name: "p50_80", unit: Unit::Times, bound: Bound::Information },
        Wanted { name: "p99_50", unit: Unit::Times, bound: Bound::Information },
    ],
    run: Run::All(run),
};

/// Of one round, in microseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Percentiles {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
}

/// Two sides at one load.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Duel {
    /// Who is compared with ours.
    pub(crate) peer: Peer,
    /// Of its capacity, in percent.
    pub(crate) load: u8,
    /// Calls a second of that.
    pub(crate) rate: f64,
    /// A round after the other.
    pub(crate) ours: Vec<Percentiles>,
    /// Likewise.
    pub(crate) theirs: Vec<Percentiles>,
}

/// Longer than any call takes where answers keep up with arrivals, in microseconds: calls pile up, and how long they take
/// says only for how long that went on.
const PILED_UP: f64 = 100_000.0;

/// Whether a side answered more slowly than calls came.
pub(crate) fn fell_behind(rounds: &[Percentiles]) -> bool {
    median_of(rounds, |seen| seen.p50) > PILED_UP
}

/// Of one part of what each round saw.
pub(crate) fn median_of<T>(rounds: &[T], part: impl Fn(&T) -> f64) -> f64 {
    median(&rounds.iter().map(part).collect::<Vec<_>>())
}

/// The name of the record.
pub(crate) const RECORD: &str = "latency";

impl Duel {
    fn fight(&mut self, ours: &Running, theirs: &Running, stop: &Stop) -> Result<(), BedError> {
        let once = |side: &Running| {
            let arrivals = Arrivals {
                connections: FEW_BATCHED.connections,
                rate: self.rate,
                warm_up: WARM_UP,
                duration: DURATION,
            };
            let seen = arrivals.run(side.address, side.request(Operation::Get), stop)?;
            Ok::<_, BedError>(Percentiles {
                p50: seen.percentile(50.0),
                p99: seen.percentile(99.0),
                p999: seen.percentile(99.9),
            })
        };
        self.ours.push(once(ours)?);
        self.theirs.push(once(theirs)?);
        Ok(())
    }

    fn ratio(&self, what: &str, percentile: impl Fn(&Percentiles) -> f64) -> Measured {
        let (ours, theirs): (Vec<_>, Vec<_>) =
            (self.ours.iter().map(&percentile).collect(), self.theirs.iter().map(&percentile).collect());
        let note = format!(
            "{what} at {:.0} calls/s ({} % of the capacity of {}), median of {ROUNDS} interleaved pairs: {:.0} us of ours, \
             {:.0} us of theirs",
            self.rate,
            self.load,
            self.peer.name(),
            median(&ours),
            median(&theirs)
        );
        Measured::median_of(ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect(), note)
    }
}

/// Calls a second as fast as they are answered, by a server and a generator with a core each.
pub(crate) fn capacity(side: &Running, shape: Shape) -> Result<f64, BedError> {
    let once = |_| load(side.address, side.request(Operation::Get), shape, CAPACITY_CALLS);
    Ok(median(&(0..CAPACITY_ROUNDS).map(once).collect::<Result<Vec<_>, _>>()?))
}

fn run(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    record::forget(RECORD)?;
    let ours = Running::start_on_its_core(Peer::Ours)?;
    let mut duels = Vec::new();
    for peer in PEERS {
        let theirs = Running::start_on_its_core(peer)?;
        [&ours, &theirs].into_iter().try_for_each(Running::check)?;
        let capacity = capacity(&theirs, FEW_BATCHED)?;
        for load in LOADS {
            let rate = capacity * f64::from(load) / 100.0;
            eprintln!("{load} % of what {} can, {rate:.0} calls/s: {ROUNDS} rounds", peer.name());
            let mut duel = Duel { peer, load, rate, ours: Vec::new(), theirs: Vec::new() };
            for _ in 0..ROUNDS {
                duel.fight(&ours, &theirs, stop)?;
            }
            duels.push(duel);
        }
        [&ours, &theirs].into_iter().try_for_each(Running::check)?;
    }
    record::write(RECORD, &duels)?;
    Ok(figures_of(&duels))
}

fn figures_of(duels: &[Duel]) -> Vec<Measured> {
    let duel = |peer, load| duels.iter().find(|duel| (duel.peer, duel.load) == (peer, load)).expect("fought");
    vec![
        duel(Peer::Tonic, 80).ratio("p99", |seen| seen.p99),
        duel(Peer::CppAsync, 80).ratio("p99.9", |seen| seen.p999),
        duel(Peer::Tonic, 80).ratio("p50", |seen| seen.p50),
        duel(Peer::Tonic, 50).ratio("p99", |seen| seen.p99),
    ]
}
