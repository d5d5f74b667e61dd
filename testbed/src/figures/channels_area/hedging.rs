//! One of three pods is slow now and then.

use std::fs;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::Measured;
use crate::balance::{Address, Policy, Running};
use crate::service::{Manner, Service};
use crate::{BedError, DnsServer, Endpoints, Port, Stop, binaries, envoy, wait};

const PODS: [Ipv4Addr; 3] = [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3), Ipv4Addr::new(127, 0, 0, 4)];
/// Of its reads, one in so many takes so long.
const SLOW: (u64, Duration) = (20, Duration::from_millis(200));
const PAIRS: usize = 9;
const LASTS: Duration = Duration::from_secs(2);

/// The 99th percentile with hedging against that without.
pub(super) fn p99(stop: &Stop) -> Result<Measured, BedError> {
    let port = Port::free_on(&PODS)?;
    let endpoints = Endpoints::default();
    let mut services = Vec::new();
    for (number, ip) in PODS.into_iter().enumerate() {
        let manner = Manner { slow: (number == 0).then_some(SLOW), ..Manner::default() };
        services.push(Service::start_at((ip, port.number()).into(), manner)?);
        endpoints.add(std::net::SocketAddrV4::new(ip, port.number()));
    }
    let dns = DnsServer::start_on_port_53(vec![(envoy::CLUSTER, endpoints)])
        .map_err(BedError::io("serve DNS on port 53 of a loopback address (run it as root)"))?;
    let folder = binaries::scratch("ticketing-hedging-")?;
    let resolv_conf = folder.path().join("resolv.conf");
    let nameserver = format!("nameserver {}\n", dns.address().ip());
    fs::write(&resolv_conf, nameserver).map_err(BedError::io("write resolv.conf"))?;
    let address = Address::named(envoy::CLUSTER, port.number(), &resolv_conf);
    let measure = |more: &[&str]| -> Result<f64, BedError> {
        let callers = Running::start_with(more, Policy::RoundRobin, &address, folder.path())?;
        callers.wait_for_first(stop)?;
        wait::rest(LASTS);
        stop.check()?;
        Ok(callers.finish()?.p99_ms())
    };
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for pair in 1..=PAIRS {
        eprintln!("hedging: pair {pair} of {PAIRS}");
        without.push(measure(&[])?);
        with.push(measure(&["--hedged"])?);
    }
    let ratios = with.iter().zip(&without).map(|(with, without)| with / without.max(1.0)).collect();
    let note = format!("median of {PAIRS} interleaved pairs of {LASTS:?}, in ms: with {with:?}, without {without:?}");
    Ok(Measured::median_of(ratios, note))
}
