//! What a call costs its caller: CPU of the calling process, 100 calls in flight on one connection, against each library
//! on the same server in the same run.

use testbed::figures::{Bound, Measured, Plan, Run, Unit, Wanted, median};
use testbed::{BedError, Stop};

use crate::callers::{Called, Callers, Library};
use crate::peers::{Peer, Running};
use crate::record;

/// Of each library, one after the other.
const ROUNDS: usize = 11;

const IN_FLIGHT: Callers = Callers { processes: 1, connections: 1, at_once: 100, calls: 80_000 };
const LIBRARIES: [Library; 3] = [Library::Ours, Library::Tonic, Library::Stock];

/// The figures, in the order of [`measured`].
pub(crate) const PLAN: Plan = Plan {
    wanted: &[
        Wanted { name: "client_100", unit: Unit::Microseconds, bound: Bound::Information },
        Wanted { name: "client_100_tonic", unit: Unit::Times, bound: Bound::AtMost(0.80) },
        Wanted { name: "stretch_client_100_tonic", unit: Unit::Times, bound: Bound::AtMost(0.62) },
        Wanted { name: "client_100_stock", unit: Unit::Times, bound: Bound::Information },
    ],
    run: Run::All(run),
};

/// The name of the record.
pub(crate) const RECORD: &str = "client";

/// What calls were like, a round after the other, for each library.
pub(crate) type Seen = Vec<(Library, Vec<Called>)>;

fn run(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    let server = Running::start(Peer::Ours)?;
    // What is cold the first time does not count.
    round(&server, Callers { calls: IN_FLIGHT.calls / 4, ..IN_FLIGHT })?;
    let mut seen: Seen = LIBRARIES.map(|library| (library, Vec::new())).into();
    for number in 1..=ROUNDS {
        stop.check()?;
        eprintln!("callers: round {number} of {ROUNDS}");
        seen.iter_mut().zip(round(&server, IN_FLIGHT)?).for_each(|((_, rounds), called)| rounds.push(called));
    }
    record::write(RECORD, &seen)?;
    Ok(measured(&seen))
}

/// The calls of each library once.
fn round(server: &Running, callers: Callers) -> Result<Vec<Called>, BedError> {
    LIBRARIES.into_iter().map(|library| library.call(server.address, &server.id, callers)).collect()
}

fn measured(seen: &Seen) -> Vec<Measured> {
    let costs = |rounds: &[Called]| rounds.iter().map(|called| called.microseconds).collect::<Vec<_>>();
    let of = |wanted| costs(&seen.iter().find(|(library, _)| *library == wanted).expect("measured").1);
    let (ours, tonic, stock) = (of(Library::Ours), of(Library::Tonic), of(Library::Stock));
    let against = |theirs: &[f64], library: Library| {
        let note = format!(
            "median of {ROUNDS} interleaved pairs of {} calls, {} in flight on one connection to the same server: {:.2} us \
             of the caller's CPU for each call, {:.2} us of {}",
            IN_FLIGHT.calls,
            IN_FLIGHT.at_once,
            median(&ours),
            median(theirs),
            library.name()
        );
        Measured::median_of(ours.iter().zip(theirs).map(|(our, their)| our / their).collect(), note)
    };
    let note = format!("median of {ROUNDS} rounds; CPU of the calling process, user and kernel");
    let alone = Measured::median_of(ours.clone(), note);
    vec![alone, against(&tonic, Library::Tonic), against(&tonic, Library::Tonic), against(&stock, Library::Stock)]
}
