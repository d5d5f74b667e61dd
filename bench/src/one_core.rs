//! The same calls with each server confined to one core: what is left of a comparison where only one thread can run.

use testbed::figures::{Bound, Measured, Plan, Run, Unit, Wanted};
use testbed::{BedError, Stop};

use crate::costs::{Cell, GET_ROUNDS, SHAPES, Table, cells};
use crate::generator::Operation;
use crate::peers::{Peer, Running};
use crate::record;

/// Ours, and whose figures have bounds where servers see the whole machine.
pub(crate) const PEERS: [Peer; 5] = [Peer::Ours, Peer::Tonic, Peer::TonicOneThread, Peer::CppAsync, Peer::Go];

const fn told(name: &'static str) -> Wanted {
    Wanted { name, unit: Unit::Times, bound: Bound::Information }
}

/// The figures, in the order of [`figures_of`].
pub(crate) const PLAN: Plan = Plan {
    wanted: &[
        told("one_core_4x25_tonic"),
        told("one_core_1x100_tonic"),
        told("one_core_8x1_tonic"),
        told("one_core_4x25_tonic_ct"),
        told("one_core_1x100_tonic_ct"),
        told("one_core_8x1_tonic_ct"),
        told("one_core_4x25_cpp"),
        told("one_core_1x100_cpp"),
        told("one_core_8x1_cpp"),
        told("one_core_4x25_go"),
        told("one_core_1x100_go"),
        told("one_core_8x1_go"),
    ],
    run: Run::All(run),
};

/// The name of its record.
pub(crate) const RECORD: &str = "one-core";

fn run(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    let sides = PEERS.into_iter().map(Running::start_on_its_core).collect::<Result<Vec<_>, _>>()?;
    sides.iter().try_for_each(Running::check)?;
    let table = Table::measure(&cells(&PEERS, Operation::Get, &SHAPES), GET_ROUNDS, &sides, stop)?;
    sides.iter().try_for_each(Running::check)?;
    record::write(RECORD, &table)?;
    Ok(figures_of(&table))
}

fn figures_of(table: &Table) -> Vec<Measured> {
    let against = |theirs: &Peer| {
        SHAPES.map(|shape| {
            let cell = Cell { peer: Peer::Ours, operation: Operation::Get, shape };
            table.ratio(cell, Peer::Ours, *theirs)
        })
    };
    PEERS[1..].iter().flat_map(against).collect()
}
