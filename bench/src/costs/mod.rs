//! What calls cost: CPU of the server's process for each, against each peer in the same run.

mod table;

use serde::{Deserialize, Serialize};
use testbed::figures::{Bound, Measured, Plan, Run, Unit, Wanted};
use testbed::{BedError, Stop};

use crate::generator::{Operation, Shape};
use crate::peers::{Peer, Running};
use crate::record;

pub(crate) use table::{Cell, Table};

/// Of the figures with bounds, and of what they are held against.
pub(crate) const GET_ROUNDS: usize = 9;
/// Of what is only told.
const OTHER_ROUNDS: usize = 3;
/// Of the quick run.
const QUICK_ROUNDS: usize = 3;

pub(crate) const FEW_BATCHED: Shape = Shape::new(4, 25);
pub(crate) const ONE_BATCHED: Shape = Shape::new(1, 100);
pub(crate) const UNBATCHED: Shape = Shape::new(8, 1);
const MANY: Shape = Shape::new(50, 20);
/// Those of the figures.
pub(crate) const SHAPES: [Shape; 3] = [FEW_BATCHED, ONE_BATCHED, UNBATCHED];
/// In the order in which the report shows them.
pub(crate) const ALL_SHAPES: [Shape; 4] = [FEW_BATCHED, ONE_BATCHED, UNBATCHED, MANY];

pub(crate) const fn times(name: &'static str, most: f64) -> Wanted {
    Wanted { name, unit: Unit::Times, bound: Bound::AtMost(most) }
}

pub(crate) const fn told(name: &'static str, unit: Unit) -> Wanted {
    Wanted { name, unit, bound: Bound::Information }
}

/// The figures, in the order of [`figures_of`].
pub(crate) const PLAN: Plan = Plan {
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
        times("get_4x25_go", 0.80),
        times("get_1x100_go", 0.80),
        times("get_8x1_go", 0.70),
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
        told("get_4x25_cpp_callback", Unit::Times),
        told("get_4x25_python", Unit::Times),
        times("two_queues", 1.10),
        told("two_queues_1x100", Unit::Times),
        told("two_queues_8x1", Unit::Times),
        Wanted { name: "two_queues_rss", unit: Unit::Megabytes, bound: Bound::AtMost(60.0) },
    ],
    run: Run::All(run),
};

/// What the report needs of the run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// What calls cost.
    pub(crate) table: Table,
    /// Peak resident memory of each side over all of it, in bytes.
    pub(crate) peak_memory: Vec<(Peer, u64)>,
}

/// The name of its record.
pub(crate) const RECORD: &str = "costs";

fn get(shape: Shape) -> Cell {
    Cell { peer: Peer::Ours, operation: Operation::Get, shape }
}

fn start(peers: &[Peer]) -> Result<Vec<Running>, BedError> {
    let sides = peers.iter().map(|peer| Running::start(*peer)).collect::<Result<Vec<_>, _>>()?;
    sides.iter().try_for_each(Running::check)?;
    Ok(sides)
}

pub(crate) fn cells(peers: &[Peer], operation: Operation, shapes: &[Shape]) -> Vec<Cell> {
    let of =
        |shape: &Shape| peers.iter().map(|peer| Cell { peer: *peer, operation, shape: *shape }).collect::<Vec<_>>();
    shapes.iter().flat_map(of).collect()
}

fn run(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    record::forget(RECORD)?;
    let sides = start(&Peer::ALL)?;
    let mut table = Table::measure(&cells(&Peer::ALL, Operation::Get, &ALL_SHAPES), GET_ROUNDS, &sides, stop)?;
    let memory = |side: &Running| Ok((side.peer, side.process.peak_memory()?));
    let peak_memory: Vec<_> = sides.iter().map(memory).collect::<Result<_, BedError>>()?;
    let others = [Operation::Miss, Operation::List, Operation::Create];
    let others: Vec<_> = others.into_iter().flat_map(|of| cells(&Peer::ALL, of, &[FEW_BATCHED])).collect();
    table.0.extend(Table::measure(&others, OTHER_ROUNDS, &sides, stop)?.0);
    sides.iter().try_for_each(Running::check)?;
    let seen = Seen { table, peak_memory };
    record::write(RECORD, &seen)?;
    Ok(figures_of(&seen))
}

fn figures_of(Seen { table, peak_memory }: &Seen) -> Vec<Measured> {
    let against = |peer| SHAPES.map(|shape| table.ratio(get(shape), Peer::Ours, peer));
    let mut all: Vec<_> = SHAPES.map(|shape| table.alone(get(shape))).into();
    for peer in [Peer::Tonic, Peer::CppAsync, Peer::Go, Peer::Tonic] {
        all.extend(against(peer));
    }
    let few = |ours, theirs| table.ratio(get(FEW_BATCHED), ours, theirs);
    all.push(few(Peer::Ours, Peer::TonicOneThread));
    for peer in [Peer::Stock, Peer::OursUncorked] {
        all.extend(against(peer));
    }
    all.push(few(Peer::Ours, Peer::CppCallback));
    all.push(few(Peer::Ours, Peer::Python));
    all.push(few(Peer::OursTwoQueues, Peer::Ours));
    all.extend([ONE_BATCHED, UNBATCHED].map(|shape| table.ratio(get(shape), Peer::OursTwoQueues, Peer::Ours)));
    let two_queues = peak_memory.iter().find(|(peer, _)| *peer == Peer::OursTwoQueues).expect("measured");
    all.push(Measured::once(two_queues.1 as f64 / 1e6, "peak resident memory over all shapes of GetCustomer"));
    all
}

/// The ratios that matter most, by name, from few rounds.
pub(crate) fn quick(stop: &Stop) -> Result<Vec<(String, Measured)>, BedError> {
    let peers = [Peer::Ours, Peer::Tonic, Peer::CppAsync, Peer::Go, Peer::OursUncorked];
    let sides = start(&peers)?;
    let table = Table::measure(&cells(&peers, Operation::Get, &SHAPES), QUICK_ROUNDS, &sides, stop)?;
    sides.iter().try_for_each(Running::check)?;
    let against = |(peer, name)| {
        SHAPES.map(|shape| {
            let name = format!("get_{}x{}_{name}", shape.connections, shape.streams);
            (name, table.ratio(get(shape), Peer::Ours, peer))
        })
    };
    let theirs = [(Peer::Tonic, "tonic"), (Peer::CppAsync, "cpp"), (Peer::Go, "go"), (Peer::OursUncorked, "uncorked")];
    Ok(theirs.into_iter().flat_map(against).collect())
}
