//! Where calls go while nothing happens, and what they cost: the ways take turns, on the same pods.

use std::time::Duration;

use super::Way;
use super::callers::now;
use super::findings::{Outcome, Round};
use super::site::{Front, PODS};
use crate::{Bed, BedError, Server, Stop, Testbed, wait};

const ROUNDS: usize = 5;
/// Connections are made and caches filled.
const WARM_UP: Duration = Duration::from_secs(1);
const COUNTED: Duration = Duration::from_secs(4);

/// What each of `ways` did in its rounds.
pub(super) fn measure(ways: &[Way], stop: &Stop) -> Result<Vec<(Way, Outcome)>, BedError> {
    let bed = Testbed::new().servers(PODS).stop_on(stop).start()?;
    let fronts = ways.iter().map(|way| Ok((*way, Front::start(*way, &bed, stop)?)));
    let fronts = fronts.collect::<Result<Vec<_>, BedError>>()?;
    let mut rounds: Vec<Vec<Round>> = vec![Vec::new(); ways.len()];
    for number in 1..=ROUNDS {
        for ((way, front), rounds) in fronts.iter().zip(&mut rounds) {
            eprintln!("balance: steady, round {number} of {ROUNDS}, {}", way.name());
            rounds.push(round(front, &bed, stop)?);
        }
    }
    Ok(ways.iter().copied().zip(rounds.into_iter().map(|rounds| Outcome::Steady { rounds })).collect())
}

/// CPU that everybody has used so far.
struct Used {
    client: Duration,
    proxy: Duration,
    servers: Duration,
}

fn round(front: &Front, bed: &Bed, stop: &Stop) -> Result<Round, BedError> {
    let callers = front.callers(bed.folder())?;
    let used = || -> Result<Used, BedError> {
        Ok(Used {
            client: callers.cpu_time()?,
            proxy: front.cpu_time()?,
            servers: bed.servers().iter().map(Server::cpu_time).sum::<Result<_, _>>()?,
        })
    };
    callers.wait_for_first(stop)?;
    wait::rest(WARM_UP);
    let (begun, before) = (now(), used()?);
    wait::rest(COUNTED);
    let (ended, after) = (now(), used()?);
    stop.check()?;
    let report = callers.finish()?;
    let mut pods = report.between(begun, ended);
    for pod in bed.pods() {
        pods.entry(pod.to_owned()).or_default();
    }
    let totals = report.totals();
    if totals.failed > 0 {
        let first = totals.first_failure.unwrap_or_default();
        return Err(BedError::Unexpected(format!("{} calls failed while nothing happened: {first}", totals.failed)));
    }
    let us = |before: Duration, after: Duration| after.saturating_sub(before).as_secs_f64() * 1e6;
    Ok(Round {
        pods,
        client_us: us(before.client, after.client),
        proxy_us: us(before.proxy, after.proxy),
        servers_us: us(before.servers, after.servers),
    })
}
