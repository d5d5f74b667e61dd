//! What a call costs its caller: CPU of the calling process, in the shapes of the servers' costs, against each library on
//! the same server in the same run.

use serde::{Deserialize, Serialize};
use testbed::figures::{Measured, Plan, Run, Unit, median};
use testbed::{BedError, Stop};

use crate::callers::{Called, Callers, Library};
use crate::costs::{FEW_BATCHED, ONE_BATCHED, UNBATCHED, times, told};
use crate::generator::Shape;
use crate::peers::{Peer, Running};
use crate::record;

/// Of each library and shape, one after the other.
const ROUNDS: usize = 11;
/// Those of the bound first.
pub(crate) const SHAPES: [Shape; 3] = [ONE_BATCHED, FEW_BATCHED, UNBATCHED];
const LIBRARIES: [Library; 3] = [Library::Ours, Library::Tonic, Library::Stock];

/// The figures, in the order of [`measured`].
pub(crate) const PLAN: Plan = Plan {
    wanted: &[
        told("client_100", Unit::Microseconds),
        times("client_100_tonic", 0.80),
        times("stretch_client_100_tonic", 0.62),
        told("client_100_stock", Unit::Times),
        told("client_4x25_tonic", Unit::Times),
        told("client_8x1_tonic", Unit::Times),
    ],
    run: Run::All(run),
};

/// The name of the record.
pub(crate) const RECORD: &str = "client";

/// What calls of a library in a shape were like, a round after the other.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) shape: Shape,
    pub(crate) library: Library,
    pub(crate) rounds: Vec<Called>,
}

fn run(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    record::forget(RECORD)?;
    let server = Running::start(Peer::Ours)?;
    let sides = SHAPES.into_iter().flat_map(|shape| LIBRARIES.map(|library| (shape, library)));
    let mut seen: Vec<_> = sides.map(|(shape, library)| Seen { shape, library, rounds: Vec::new() }).collect();
    for number in 0..=ROUNDS {
        eprintln!("callers: round {number} of {ROUNDS}");
        for Seen { shape, library, rounds } in &mut seen {
            stop.check()?;
            let called = library.call(server.address, &server.id, callers(*shape))?;
            // What is cold the first time does not count.
            if number > 0 {
                rounds.push(called);
            }
        }
    }
    record::write(RECORD, &seen)?;
    Ok(measured(&seen))
}

fn callers(shape: Shape) -> Callers {
    let calls = if shape.streams > 1 { 80_000 } else { 40_000 };
    Callers { processes: 1, connections: shape.connections, at_once: shape.streams, calls }
}

fn measured(seen: &[Seen]) -> Vec<Measured> {
    let costs = |shape, library| -> Vec<f64> {
        let side = seen.iter().find(|side| (side.shape, side.library) == (shape, library)).expect("measured");
        side.rounds.iter().map(|called| called.microseconds).collect()
    };
    let against = |shape: Shape, library: Library| {
        let (ours, theirs) = (costs(shape, Library::Ours), costs(shape, library));
        let note = format!(
            "median of {ROUNDS} interleaved pairs of {} calls, {shape} (connections×calls at once) to the same server: {:.2} \
             us of the caller's CPU for each call, {:.2} us of {}",
            callers(shape).calls,
            median(&ours),
            median(&theirs),
            library.name()
        );
        Measured::median_of(ours.iter().zip(theirs).map(|(our, their)| our / their).collect(), note)
    };
    let note = format!("median of {ROUNDS} rounds; CPU of the calling process, user and kernel");
    vec![
        Measured::median_of(costs(ONE_BATCHED, Library::Ours), note),
        against(ONE_BATCHED, Library::Tonic),
        against(ONE_BATCHED, Library::Tonic),
        against(ONE_BATCHED, Library::Stock),
        against(FEW_BATCHED, Library::Tonic),
        against(UNBATCHED, Library::Tonic),
    ]
}
