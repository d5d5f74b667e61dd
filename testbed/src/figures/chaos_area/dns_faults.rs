//! All that DNS can do wrong, while the servers go on.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use super::Measured;
use crate::balance::{Address, Policy, Running};
use crate::{Bed, BedError, DnsAnswer, Stop, Testbed, wait};

const SERVERS: usize = 3;
/// Envoy asks every second.
const LASTS: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Addresses of an answer that is far too long; three of them are servers.
const MANY: u32 = 200;
/// Nobody is there.
const DEAD: Ipv4Addr = Ipv4Addr::new(127, 3, 0, 1);

/// `dns_failed`.
pub(super) fn failed(stop: &Stop) -> Result<Measured, BedError> {
    let bed = Testbed::new().servers(SERVERS).envoy().stop_on(stop).start()?;
    let callers =
        Running::start_with(&["--rest-ms", "4"], Policy::Single, &Address::of(bed.envoy_address()), bed.folder())?;
    callers.wait_for_first(stop)?;
    let mut told = Vec::new();
    for fault in FAULTS {
        told.push(fault.name);
        (fault.begin)(&bed);
        let answers = queries(&bed)?;
        last(stop)?;
        if queries(&bed)? == answers {
            return Err(BedError::Unexpected(format!("Envoy did not ask DNS while there was {}", fault.name)));
        }
        end(&bed);
        bed.settle()?;
    }
    let report = callers.finish()?;
    let totals = report.totals();
    let note = format!(
        "one run of {LASTS:?} each with {}: {} calls of 16 callers, nine reads and then a create, {} attempts beside them; p99 \
         {} ms, the slowest {} ms; {}",
        told.join(", "),
        totals.calls,
        totals.again,
        report.p99_ms(),
        totals.slowest_ms,
        if totals.causes.is_empty() { "none failed".to_owned() } else { format!("failed: {:?}", totals.causes) },
    );
    Ok(Measured::once(totals.failed as f64, note).of_calls(totals.calls))
}

struct Fault {
    name: &'static str,
    begin: fn(&Bed),
}

const FAULTS: [Fault; 7] = [
    Fault { name: "a DNS server that is silent", begin: |bed| bed.dns().answer_with(DnsAnswer::Silence) },
    Fault { name: "SERVFAIL", begin: |bed| bed.dns().answer_with(DnsAnswer::ServerFailure) },
    Fault { name: "NXDOMAIN", begin: |bed| bed.dns().answer_with(DnsAnswer::NoSuchName) },
    Fault { name: "an empty answer", begin: |bed| bed.dns().answer_with(DnsAnswer::Empty) },
    Fault { name: "a dead address beside the servers'", begin: |bed| bed.endpoints().add(dead(bed, 0)) },
    Fault {
        name: "a stale answer, of a dead address alone",
        begin: |bed| {
            bed.endpoints().add(dead(bed, 0));
            bed.servers().iter().for_each(|server| bed.endpoints().remove(server.address()));
        },
    },
    Fault {
        name: "200 addresses, of which three are servers",
        begin: |bed| (0..MANY - SERVERS as u32).for_each(|number| bed.endpoints().add(dead(bed, number))),
    },
];

/// All is as it should be again.
fn end(bed: &Bed) {
    bed.dns().answer_with(DnsAnswer::Addresses);
    (0..MANY).for_each(|number| bed.endpoints().remove(dead(bed, number)));
    bed.servers().iter().for_each(|server| bed.endpoints().add(server.address()));
}

fn dead(bed: &Bed, number: u32) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::from_bits(DEAD.to_bits() + number), bed.server_port())
}

/// How often Envoy has asked for the servers' addresses.
fn queries(bed: &Bed) -> Result<u64, BedError> {
    const ATTEMPTS: &str = "cluster.app-server-headless.update_attempt";
    let stats = bed.envoy().stats(ATTEMPTS);
    let found = stats.into_iter().find(|(name, _)| name == ATTEMPTS).map(|(_, value)| value);
    found.ok_or_else(|| BedError::Unexpected("Envoy does not say how often it has asked DNS".to_owned()))
}

fn last(stop: &Stop) -> Result<(), BedError> {
    for _ in 0..LASTS.as_millis() / LOOK_EVERY.as_millis() {
        stop.check()?;
        wait::rest(LOOK_EVERY);
    }
    Ok(())
}
