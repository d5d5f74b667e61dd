//! What a cached GetCustomer costs: CPU of the server's process for each call, against each peer in the same run.

use testbed::figures::{Bound, Measured, Plan, Run, Unit, Wanted, median};
use testbed::{BedError, Stop};

use crate::generator::{Shape, load};
use crate::peers::{Peer, Running};

/// Of each side and shape, one after the other, so that the machine's drift meets all of them alike.
const ROUNDS: usize = 9;

const FEW_BATCHED: Shape = Shape { connections: 4, streams: 25, calls: 80_000 };
const ONE_BATCHED: Shape = Shape { connections: 1, streams: 100, calls: 80_000 };
const UNBATCHED: Shape = Shape { connections: 8, streams: 1, calls: 40_000 };
const SHAPES: [Shape; 3] = [FEW_BATCHED, ONE_BATCHED, UNBATCHED];

const OURS: Peer = Peer::Ours { queues: 1 };
const TWO_QUEUES: Peer = Peer::Ours { queues: 2 };
const TONIC: Peer = Peer::Tonic { workers: 2 };
const TONIC_CT: Peer = Peer::Tonic { workers: 0 };
const SIDES: [Peer; 7] = [OURS, TWO_QUEUES, Peer::OursUncorked, Peer::Stock, TONIC, TONIC_CT, Peer::Cpp];

const fn times(name: &'static str, most: f64) -> Wanted {
    Wanted { name, unit: Unit::Times, bound: Bound::AtMost(most) }
}

const fn told(name: &'static str, unit: Unit) -> Wanted {
    Wanted { name, unit, bound: Bound::Information }
}

/// The figures, in the order of [`measured`].
pub(crate) const PLANS: &[Plan] = &[Plan {
    wanted: &[
        told("get_4x25", Unit::Microseconds),
        told("get_1x100", Unit::Microseconds),
        told("get_8x1", Unit::Microseconds),
        times("get_4x25_tonic", 0.90),
        times("get_1x100_tonic", 0.80),
        times("get_8x1_tonic", 1.25),
        times("get_4x25_cpp", 0.80),
        times("get_1x100_cpp", 0.80),
        times("get_8x1_cpp", 1.05),
        times("stretch_get_4x25_tonic", 0.65),
        times("stretch_get_1x100_tonic", 0.65),
        times("stretch_get_8x1_tonic", 1.0),
        times("stretch_get_4x25_tonic_ct", 1.3),
        told("get_4x25_stock", Unit::Times),
        told("get_1x100_stock", Unit::Times),
        told("get_8x1_stock", Unit::Times),
        told("get_4x25_uncorked", Unit::Times),
        told("get_1x100_uncorked", Unit::Times),
        told("get_8x1_uncorked", Unit::Times),
        times("two_queues", 1.10),
        Wanted { name: "two_queues_rss", unit: Unit::Megabytes, bound: Bound::AtMost(60.0) },
    ],
    run: Run::All(run),
}];

/// CPU-microseconds of each round, by side and shape.
struct Costs(Vec<(Peer, Shape, Vec<f64>)>);

impl Costs {
    fn of(&self, peer: Peer, shape: Shape) -> &[f64] {
        let (_, _, samples) = self.0.iter().find(|(side, of, _)| (*side, *of) == (peer, shape)).expect("measured");
        samples
    }

    fn alone(&self, shape: Shape) -> Measured {
        let Shape { connections, streams, calls } = shape;
        let note = format!(
            "median of {ROUNDS} rounds of {calls} calls on {connections} connections with {streams} streams; CPU of the \
             server's process, user and kernel"
        );
        Measured::median_of(self.of(OURS, shape).to_vec(), note)
    }

    fn ratio(&self, ours: Peer, theirs: Peer, shape: Shape) -> Measured {
        let (our, their) = (self.of(ours, shape), self.of(theirs, shape));
        let note = format!(
            "median of {ROUNDS} interleaved pairs: {:.2} us for each call of {}, {:.2} us of {}",
            median(our),
            ours.name(),
            median(their),
            theirs.name()
        );
        Measured::median_of(our.iter().zip(their).map(|(our, their)| our / their).collect(), note)
    }
}

fn run(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    let folder = tempfile::Builder::new().prefix("ticketing-bench-").tempdir();
    let folder = folder.map_err(BedError::io("make a temporary folder"))?;
    let sides: Vec<_> =
        SIDES.iter().map(|peer| Ok((*peer, peer.start(folder.path())?))).collect::<Result<_, BedError>>()?;
    let mut costs = Costs(Vec::new());
    for (peer, running) in &sides {
        running.check()?;
        for shape in SHAPES {
            // What is cold the first time does not count.
            cost(running, Shape { calls: shape.calls / 4, ..shape })?;
            costs.0.push((*peer, shape, Vec::new()));
        }
    }
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        for (peer, shape, samples) in &mut costs.0 {
            stop.check()?;
            let (_, running) = sides.iter().find(|(side, _)| side == peer).expect("it runs");
            samples.push(cost(running, *shape)?);
        }
    }
    sides.iter().try_for_each(|(_, running)| running.check())?;
    let (_, two_queues) = sides.iter().find(|(side, _)| *side == TWO_QUEUES).expect("it runs");
    Ok(measured(&costs, two_queues.peak_memory()?))
}

fn measured(costs: &Costs, two_queues_memory: u64) -> Vec<Measured> {
    let against = |peer| SHAPES.map(|shape| costs.ratio(OURS, peer, shape));
    let mut all: Vec<_> = SHAPES.map(|shape| costs.alone(shape)).into();
    for peer in [TONIC, Peer::Cpp, TONIC] {
        all.extend(against(peer));
    }
    all.push(costs.ratio(OURS, TONIC_CT, FEW_BATCHED));
    for peer in [Peer::Stock, Peer::OursUncorked] {
        all.extend(against(peer));
    }
    all.push(costs.ratio(TWO_QUEUES, OURS, FEW_BATCHED));
    all.push(Measured::once(two_queues_memory as f64 / 1e6, "peak resident memory, one run of all shapes"));
    all
}

/// CPU-microseconds of the server for one call.
fn cost(running: &Running, shape: Shape) -> Result<f64, BedError> {
    let before = running.cpu_time()?;
    load(running.address, &running.request, shape)?;
    let spent = running.cpu_time()?.saturating_sub(before);
    Ok(spent.as_secs_f64() * 1e6 / shape.calls as f64)
}
