//! Servers and Envoys are replaced, added and taken away in order, while callers go on.

use std::time::Duration;

use super::Measured;
use crate::chaos::{Callers, Crew, Witnessed};
use crate::envoy::{EnvoyService, Setup};
use crate::{BedError, Stop, Testbed, wait};

const SERVERS: usize = 3;
const ENVOYS: usize = 2;
/// Every server, or every Envoy, is replaced so often, and oftener until there were enough calls.
const ROUNDS: usize = 3;
const CALLS: u64 = 50_000;
const FEW: usize = 2;
const MANY: usize = 5;
const NEW_SERVERS: usize = 5;
/// From one round to the next.
const QUIET: Duration = Duration::from_secs(1);
const FIRST_LIMIT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// `rollout_server_failed`.
pub(super) fn servers(stop: &Stop) -> Result<Measured, BedError> {
    let mut bed = Testbed::new().servers(SERVERS).envoy().stop_on(stop).start()?;
    let callers = Callers::start(bed.envoy_address(), Crew::default())?;
    let rounds = again_and_again(&callers, stop, || bed.roll())?;
    Ok(failed(&callers.finish(), &format!("{rounds} times, each of {SERVERS} servers was replaced with a new one")))
}

/// `rollout_envoy_failed`.
pub(super) fn envoys(stop: &Stop) -> Result<Measured, BedError> {
    let bed = Testbed::new().servers(SERVERS).stop_on(stop).start()?;
    let mut envoys = EnvoyService::start(Setup::of_repository()?, ENVOYS, &bed, stop)?;
    let callers = Callers::start(envoys.address(), Crew::default())?;
    let rounds =
        again_and_again(&callers, stop, || (0..ENVOYS).try_for_each(|_| envoys.replace_oldest(&bed, stop)?.drain()))?;
    let note = format!("{rounds} times, each of {ENVOYS} Envoys behind an L4 balancer was replaced with a new one");
    Ok(failed(&callers.finish(), &note))
}

/// `scale_failed`.
pub(super) fn scale(stop: &Stop) -> Result<Measured, BedError> {
    let mut bed = Testbed::new().servers(FEW).envoy().stop_on(stop).start()?;
    let callers = Callers::start(bed.envoy_address(), Crew::default())?;
    let rounds = again_and_again(&callers, stop, || {
        bed.scale(MANY)?;
        bed.scale(FEW)
    })?;
    Ok(failed(&callers.finish(), &format!("{rounds} times, from {FEW} servers to {MANY} and back")))
}

/// `new_server_first_call`.
pub(super) fn new_server(stop: &Stop) -> Result<Measured, BedError> {
    let mut bed = Testbed::new().servers(FEW).envoy().stop_on(stop).start()?;
    let callers = Callers::start(bed.envoy_address(), Crew::default())?;
    let mut waits = Vec::new();
    for _ in 0..NEW_SERVERS {
        wait::rest(QUIET);
        bed.scale(FEW + 1)?;
        let new = bed.server(FEW);
        let serving = new.serving_since().expect("it takes calls");
        let first = wait::until("the first call of a new server", FIRST_LIMIT, LOOK_EVERY, stop, || {
            Ok(callers.first_answer_of(new.pod()))
        })?;
        waits.push(first.saturating_duration_since(serving).as_secs_f64());
        bed.scale(FEW)?;
    }
    let slowest = waits.iter().copied().fold(0.0, f64::max);
    let note = format!("the slowest of {NEW_SERVERS} servers that came beside {FEW}, from SERVING to its first answer");
    Ok(Measured::of(slowest, waits, note))
}

/// As many rounds as it takes until there were enough calls; says how many.
fn again_and_again(
    callers: &Callers,
    stop: &Stop,
    mut round: impl FnMut() -> Result<(), BedError>,
) -> Result<usize, BedError> {
    let mut rounds = 0;
    while rounds < ROUNDS || callers.made() < CALLS {
        stop.check()?;
        wait::rest(QUIET);
        callers.during(&mut round)?;
        rounds += 1;
    }
    wait::rest(QUIET);
    Ok(rounds)
}

fn failed(seen: &Witnessed, what: &str) -> Measured {
    Measured::once(seen.failed() as f64, format!("{what}; each call sent once by its caller; {seen}"))
        .of_calls(seen.made())
        .seen(seen.into())
}
