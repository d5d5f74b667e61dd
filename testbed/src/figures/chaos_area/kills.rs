//! Servers that die without a word, one after the other.

use std::time::Duration;

use super::Measured;
use crate::chaos::{Callers, Crew, Kind};
use crate::{BedError, Stop, Testbed, wait};

const SERVERS: usize = 3;
const KILLS: usize = 10;
const QUIET: Duration = Duration::from_secs(1);
/// Until the kubelet starts a container again.
const AWAY: Duration = Duration::from_secs(1);

/// `kill_read_failed`, `kill_create_id_failed`, `kill_doubled`, `kill_lost`.
pub(super) fn measure(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    let bed = Testbed::new().servers(SERVERS).envoy().stop_on(stop).start()?;
    let callers = Callers::start(bed.envoy_address(), Crew::default())?;
    for kill in 0..KILLS {
        stop.check()?;
        wait::rest(QUIET);
        let victim = bed.server(kill % SERVERS);
        callers.during(|| {
            victim.kill()?;
            wait::rest(AWAY);
            victim.start_again()?;
            bed.settle()
        })?;
    }
    wait::rest(QUIET);
    let seen = callers.finish();
    let [reads, creates] = [&[Kind::Get, Kind::List][..], &[Kind::Create]].map(|kinds| seen.failed_of(kinds) as f64);
    let (calls, told) = (seen.made(), (&seen).into());
    let note =
        format!("{KILLS} times, one of {SERVERS} servers got SIGKILL; each call sent once by its caller; {seen}");
    let verdict = seen.judge(bed.envoy_address())?;
    let promises = format!("all creates against all that is there afterwards: {verdict}");
    Ok(vec![
        Measured::once(reads, note.clone()).of_calls(calls).seen(told),
        Measured::once(creates, note).of_calls(calls),
        Measured::once(verdict.surplus() as f64, promises.clone()),
        Measured::once(verdict.missing() as f64, promises),
    ])
}
