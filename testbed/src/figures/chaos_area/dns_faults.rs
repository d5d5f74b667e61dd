//! All that DNS can do wrong, while the servers go on.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use super::Measured;
use crate::chaos::{Callers, Crew};
use crate::{Bed, BedError, DnsAnswer, Stop, Testbed, wait};

const SERVERS: usize = 3;
/// Envoy asks every second.
const LASTS: Duration = Duration::from_secs(4);
const QUIET: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// With the three servers' 200 addresses: more than a datagram holds.
const MANY: u32 = 197;
/// Nobody is there.
const DEAD: Ipv4Addr = Ipv4Addr::new(127, 3, 0, 1);

/// `dns_failed`.
pub(super) fn failed(stop: &Stop) -> Result<Measured, BedError> {
    let bed = Testbed::new().servers(SERVERS).envoy().stop_on(stop).start()?;
    // Tried once each: what does not fail is not the client library's merit.
    let callers = Callers::start(bed.envoy_address(), Crew::default())?;
    for fault in FAULTS {
        last(QUIET, stop)?;
        callers.during(|| fault.last(&bed, stop))?;
    }
    let seen = callers.finish();
    let faults: Vec<_> = FAULTS.iter().map(|fault| fault.name).collect();
    let note = format!("one run with {LASTS:?} of each: {}; {seen}", faults.join(", "));
    Ok(Measured::once(seen.failed() as f64, note).of_calls(seen.made()).seen((&seen).into()))
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
        begin: |bed| (0..MANY).for_each(|number| bed.endpoints().add(dead(bed, number))),
    },
];

impl Fault {
    fn last(&self, bed: &Bed, stop: &Stop) -> Result<(), BedError> {
        (self.begin)(bed);
        let before = queries(bed)?;
        last(LASTS, stop)?;
        if queries(bed)? == before {
            return Err(BedError::Unexpected(format!("Envoy did not ask DNS while there was {}", self.name)));
        }
        end(bed);
        bed.settle()
    }
}

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

fn last(time: Duration, stop: &Stop) -> Result<(), BedError> {
    for _ in 0..time.as_millis() / LOOK_EVERY.as_millis() {
        stop.check()?;
        wait::rest(LOOK_EVERY);
    }
    Ok(())
}
