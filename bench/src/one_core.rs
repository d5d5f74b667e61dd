//! The same calls with each server confined to one core: what is left of a comparison where only one thread can run.

use testbed::figures::{Measured, Plan, Run, Unit};
use testbed::{BedError, Stop};

use crate::costs::{Cell, GET_ROUNDS, SHAPES, Table, cells, told};
use crate::generator::Operation;
use crate::peers::{Peer, Running};
use crate::record;

/// Ours, and whose figures have bounds where servers see the whole machine.
pub(crate) const PEERS: [Peer; 5] = [Peer::Ours, Peer::Tonic, Peer::TonicOneThread, Peer::CppAsync, Peer::Go];

/// The figures, in the order of [`figures_of`].
pub(crate) const PLAN: Plan = Plan {
    wanted: &[
        told("one_core_4x25_tonic", Unit::Times),
        told("one_core_1x100_tonic", Unit::Times),
        told("one_core_8x1_tonic", Unit::Times),
        told("one_core_4x25_tonic_ct", Unit::Times),
        told("one_core_1x100_tonic_ct", Unit::Times),
        told("one_core_8x1_tonic_ct", Unit::Times),
        told("one_core_4x25_cpp", Unit::Times),
        told("one_core_1x100_cpp", Unit::Times),
        told("one_core_8x1_cpp", Unit::Times),
        told("one_core_4x25_go", Unit::Times),
        told("one_core_1x100_go", Unit::Times),
        told("one_core_8x1_go", Unit::Times),
    ],
    run: Run::All(run),
};

/// The name of its record.
pub(crate) const RECORD: &str = "one-core";

fn run(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    record::forget(RECORD)?;
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
