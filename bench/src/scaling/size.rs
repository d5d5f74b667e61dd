//! One number of addresses, measured: at rest, under calls, and while new ones come.

use std::time::{Duration, Instant};

use testbed::envoy::Host;
use testbed::{BedError, DnsAnswer, Load, Stop, until_true};

use super::findings::{Arrival, CallCost, Memory, Moment, Rest, Size, Spread};
use super::resting::rest;
use super::site::Site;
use crate::generator::{Operation, Shape, load};

/// Of rest with DNS and without, one after the other, so that the machine's drift meets both alike.
const RESTS: u32 = 3;
const REST: Duration = Duration::from_secs(6);
const SETTLE: Duration = Duration::from_secs(2);
/// Enough that Envoy has asked DNS since.
const REFRESH: Duration = Duration::from_secs(3);
const EQUAL: Shape = Shape::new(1, 100);
const SHAPES: [Shape; 2] = [Shape::new(4, 25), Shape::new(8, 1)];
/// Of each measurement.
const CALLS: usize = 30_000;
const NEW: u32 = 100;
const CALLERS: usize = 12;
const ARRIVAL_LIMIT: Duration = Duration::from_mins(1);
/// Envoy's list of a thousand hosts is more than a megabyte: asked for more often, it would be what is measured.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Measures Envoy before so many addresses.
pub(super) fn measure(addresses: u32, stop: &Stop) -> Result<Size, BedError> {
    eprintln!("{addresses} addresses: start");
    let mut site = Site::start(addresses)?;
    let answer = site.dns.first_answer_of(addresses as usize);
    let answer = answer.ok_or_else(|| BedError::Unexpected("Envoy is healthy without a whole answer".to_owned()))?;
    rest(SETTLE, stop)?;
    eprintln!("{addresses} addresses: at rest for {:?}", (REST + REFRESH) * 2 * RESTS);
    let (envoy_rest, servers_rest) = memory(&site)?;
    let at_rest = at_rest(&site, stop)?;
    eprintln!("{addresses} addresses: {CALLS} calls");
    let spread = spread(&site)?;
    let (envoy_used, servers_used) = memory(&site)?;
    let calls = SHAPES.iter().map(|shape| call_cost(&site, *shape, &at_rest, stop)).collect::<Result<_, BedError>>()?;
    eprintln!("{addresses} addresses: {NEW} more");
    let arrival = arrival(&mut site, stop)?;
    Ok(Size {
        addresses,
        healthy_after_seconds: site.healthy_after.as_secs_f64(),
        dns_answer_bytes: answer.bytes,
        memory: Memory { envoy_rest, envoy_used, servers_rest, servers_used },
        rest: at_rest,
        spread,
        calls,
        arrival,
    })
}

/// Of Envoy and the servers, in MB.
fn memory(site: &Site) -> Result<(f64, f64), BedError> {
    Ok((site.envoy.process().memory()? as f64 / 1e6, site.servers.process.memory()? as f64 / 1e6))
}

/// CPU that Envoy and the servers have used.
fn cpu(site: &Site) -> Result<(Duration, Duration), BedError> {
    Ok((site.envoy.process().cpu_time()?, site.servers.process.cpu_time()?))
}

/// The same for what is done meanwhile.
fn cpu_of(site: &Site, work: impl FnOnce() -> Result<(), BedError>) -> Result<(Duration, Duration), BedError> {
    let (envoy, servers) = cpu(site)?;
    work()?;
    let (envoy_then, servers_then) = cpu(site)?;
    Ok((envoy_then.saturating_sub(envoy), servers_then.saturating_sub(servers)))
}

/// A failing DNS tells Envoy nothing new and costs it next to nothing, so the difference is what the answers cost.
fn at_rest(site: &Site, stop: &Stop) -> Result<Rest, BedError> {
    let (mut with_dns, mut envoy, mut servers) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for _ in 0..RESTS {
        with_dns += cpu_of(site, || rest(REST, stop))?.0;
        site.dns.answer_with(DnsAnswer::ServerFailure);
        rest(REFRESH, stop)?;
        let without = cpu_of(site, || rest(REST, stop))?;
        (envoy, servers) = (envoy + without.0, servers + without.1);
        site.dns.answer_with(DnsAnswer::Addresses);
        rest(REFRESH, stop)?;
    }
    let seconds = (REST * RESTS).as_secs_f64();
    let percent = |spent: Duration| spent.as_secs_f64() / seconds * 100.0;
    Ok(Rest {
        seconds,
        envoy_percent: percent(envoy),
        servers_percent: percent(servers),
        // It is below what the clock shows where addresses are few.
        dns_percent: percent(with_dns.saturating_sub(envoy)),
    })
}

fn spread(site: &Site) -> Result<Spread, BedError> {
    load(site.address(), site.servers.request(Operation::Get), EQUAL, CALLS)?;
    let hosts = site.hosts()?;
    let failed = hosts.iter().map(|host| host.failed).sum::<u64>();
    if failed > 0 {
        return Err(BedError::Unexpected(format!("{failed} of {CALLS} calls failed")));
    }
    let calls = || hosts.iter().map(|host| host.calls);
    Ok(Spread {
        calls: calls().sum(),
        fewest: calls().min().unwrap_or_default(),
        most: calls().max().unwrap_or_default(),
    })
}

/// Without what health checks and DNS cost in the same time.
fn call_cost(site: &Site, shape: Shape, at_rest: &Rest, stop: &Stop) -> Result<CallCost, BedError> {
    site.check(stop)?;
    let call = |calls| load(site.address(), site.servers.request(Operation::Get), shape, calls).map(drop);
    // What is cold the first time does not count.
    call(CALLS / 4)?;
    let begun = Instant::now();
    let (envoy, servers) = cpu_of(site, || call(CALLS))?;
    let took = begun.elapsed().as_secs_f64();
    let Shape { connections, streams } = shape;
    let each = |spent: Duration, percent: f64| (spent.as_secs_f64() - took * percent / 100.0) * 1e6 / CALLS as f64;
    Ok(CallCost {
        connections,
        streams,
        envoy_us: each(envoy, at_rest.envoy_percent + at_rest.dns_percent),
        server_us: each(servers, at_rest.servers_percent),
    })
}

/// Callers call on while addresses come, until each of these has had a call.
fn arrival(site: &mut Site, stop: &Stop) -> Result<Arrival, BedError> {
    let load = Load::start(site.address(), CALLERS);
    rest(SETTLE, stop)?;
    let before = site.hosts()?.len();
    let new = site.grow(NEW);
    let mut answered = None;
    until_true("DNS tells the new addresses", || {
        answered = site.dns.first_answer_of(before + new.len());
        answered.is_some()
    })?;
    let begun = answered.expect("waited for").at;
    let is_new = |host: &&Host| new.contains(&host.address);
    let mut course = Vec::new();
    loop {
        site.check(stop)?;
        let hosts = site.hosts()?;
        let new_hosts = || hosts.iter().filter(is_new);
        let moment = Moment {
            seconds: begun.elapsed().as_secs_f64(),
            healthy: new_hosts().filter(|host| host.healthy).count(),
            served: new_hosts().filter(|host| host.calls > 0).count(),
        };
        let (seconds, served) = (moment.seconds, moment.served);
        course.push(moment);
        if served == new.len() {
            let tally = load.stop();
            let (calls, failed) = (tally.succeeded() + tally.failed(), tally.failed());
            return Ok(Arrival { addresses: NEW, seconds, calls, failed, course });
        }
        if begun.elapsed() > ARRIVAL_LIMIT {
            let text = format!("of {NEW} new addresses {served} have had a call after {ARRIVAL_LIMIT:?}");
            return Err(BedError::Unexpected(text));
        }
        rest(LOOK_EVERY, stop)?;
    }
}
