//! Servers that are there and do not do their work: they hang, are slow, or fail.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::{Duration, Instant};

use super::Measured;
use crate::chaos::{Callers, Crew};
use crate::{Bed, BedError, Load, Manner, Service, Stop, Testbed, Trouble, wait};

const SERVERS: usize = 3;
const CALLERS: usize = 16;
const QUIET: Duration = Duration::from_secs(3);
/// Longer than the per-try timeout of the route.
const SLOW: Duration = Duration::from_millis(500);
/// A server that gets no call for so long, among thousands, has been left.
const CALM: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Where the server stands that is not itself.
const TROUBLED: Ipv4Addr = Ipv4Addr::new(127, 4, 0, 1);

/// `hung_ejected`, `hung_p99_outside`.
pub(super) fn hung(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    // As replicas have it in manifests and compose: a process that is stopped while it writes to SQLite keeps the file
    // locked, and no other one can write to it before it goes on.
    let bed = Testbed::new().servers(SERVERS).postgres().envoy().stop_on(stop).start()?;
    let victim = bed.server(0);
    let quiet = || {
        let callers = Callers::start(bed.envoy_address(), Crew::default())?;
        wait::rest(QUIET);
        Ok::<_, BedError>(callers.finish())
    };
    // What is cold the first time does not count.
    quiet()?;
    let before = quiet()?;
    let callers = Callers::start(bed.envoy_address(), Crew::default())?;
    let begun = Instant::now();
    victim.stop();
    let last = callers.during(|| until_left(&bed, victim.address().into(), begun, stop))?;
    // It hangs on, and nobody notices any more.
    wait::rest(QUIET);
    victim.cont();
    bed.settle()?;
    wait::rest(QUIET);
    let seen = callers.finish();
    let note = format!(
        "one of {SERVERS} servers got SIGSTOP, later SIGCONT, and was taken back; each call sent once by its caller; {seen}"
    );
    let [usual, outside] = [&before, &seen].map(|witnessed| witnessed.quiet.latency().p99_ms);
    let p99_note =
        format!("one run: p99 {outside:.1} ms while the server hung out of sight and after, {usual:.1} ms before");
    Ok(vec![
        Measured::once(last.as_secs_f64(), note).of_calls(seen.made()).seen((&seen).into()),
        Measured::once(outside / usual, p99_note).of_calls(before.quiet.made() + seen.quiet.made()),
    ])
}

/// `slow_ejected`.
pub(super) fn slow(stop: &Stop) -> Result<Measured, BedError> {
    ejected(Trouble::Slow(SLOW), &format!("answered GetCustomer after {SLOW:?}"), stop)
}

/// `failing_ejected`.
pub(super) fn failing(stop: &Stop) -> Result<Measured, BedError> {
    ejected(Trouble::FailsHalf, "failed half of its calls (UNKNOWN)", stop)
}

fn ejected(trouble: Trouble, what: &str, stop: &Stop) -> Result<Measured, BedError> {
    let bed = Testbed::new().servers(SERVERS - 1).envoy().stop_on(stop).start()?;
    let address = SocketAddrV4::new(TROUBLED, bed.server_port());
    let service = Service::start_at(address.into(), Manner::default())?;
    bed.endpoints().add(address);
    bed.settle()?;
    let load = Load::start(bed.envoy_address(), CALLERS);
    wait::rest(QUIET);
    let begun = Instant::now();
    service.suffer(trouble);
    let last = until_left(&bed, address.into(), begun, stop)?;
    service.suffer(Trouble::Nothing);
    bed.settle()?;
    let tally = load.stop();
    let note = format!(
        "from when one of {SERVERS} servers {what} until its last call, under {CALLERS} callers of GetCustomer, who saw {} \
         failures of {} calls; taken back when it was well again",
        tally.failed(),
        tally.failed() + tally.succeeded()
    );
    Ok(Measured::once(last.as_secs_f64(), note).of_calls(tally.failed() + tally.succeeded()))
}

/// The time from a moment until the last call that Envoy sent to a server; returns when Envoy has left it.
fn until_left(bed: &Bed, address: SocketAddr, begun: Instant, stop: &Stop) -> Result<Duration, BedError> {
    let (mut calls, mut last) = (0, begun);
    wait::until("Envoy leaves a server that does not do its work", LIMIT, LOOK_EVERY, stop, || {
        let now = Instant::now();
        let hosts = bed.envoy().hosts();
        let Some(host) = hosts.iter().find(|host| host.address == address) else { return Ok(None) };
        if host.calls != calls {
            (calls, last) = (host.calls, now);
        }
        Ok((!host.healthy && now.duration_since(last) > CALM).then_some(()))
    })?;
    Ok(last.duration_since(begun))
}
