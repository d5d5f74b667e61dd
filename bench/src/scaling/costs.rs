//! What the calculator counts with, made of what was measured.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use testbed::{BedError, Stop};

use super::MANY;
use super::findings::{CallCost, Size};
use super::resting::rest;
use super::site::Site;
use super::store::StoreCosts;

const CONNECTIONS: usize = 1_000;
const ADDRESSES: u32 = 10;
const SETTLE: Duration = Duration::from_secs(2);
/// What a caller sends first: the preface of HTTP/2 (RFC 9113 section 3.4) and an empty SETTINGS frame.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// As `envoy.yaml` says.
const CHECKS_PER_SECOND: f64 = 2.0;

/// A caller's connection to Envoy.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConnectionCost {
    /// CPU-microseconds of Envoy to accept it and to see it go.
    us: f64,
    /// Resident while it is open without a call.
    bytes: f64,
}

/// Measures with connections that are opened and left alone.
pub(super) fn connection(stop: &Stop) -> Result<ConnectionCost, BedError> {
    eprintln!("{CONNECTIONS} connections without a call");
    let site = Site::start(ADDRESSES)?;
    rest(SETTLE, stop)?;
    let envoy = site.envoy.process();
    let (memory, cpu) = (envoy.memory()?, envoy.cpu_time()?);
    let connect = || {
        let mut stream = TcpStream::connect(site.address())?;
        stream.write_all(PREFACE)?;
        Ok(stream)
    };
    let open: Vec<_> =
        (0..CONNECTIONS).map(|_| connect()).collect::<Result<_, _>>().map_err(BedError::io("connect"))?;
    rest(SETTLE, stop)?;
    let bytes = envoy.memory()?.saturating_sub(memory) as f64 / CONNECTIONS as f64;
    drop(open);
    rest(SETTLE, stop)?;
    let spent = envoy.cpu_time()?.saturating_sub(cpu);
    Ok(ConnectionCost { us: spent.as_secs_f64() * 1e6 / CONNECTIONS as f64, bytes })
}

/// The costs by the calculator's names, from 10 and 1,000 addresses; the other sizes show whether they hold between and
/// beyond.
pub(super) fn all(
    sizes: &[Size],
    connection: ConnectionCost,
    store: StoreCosts,
) -> Result<BTreeMap<String, f64>, BedError> {
    let find = |addresses: u32| {
        let found = sizes.iter().find(|size| size.addresses == addresses);
        found.ok_or_else(|| BedError::Unexpected(format!("{addresses} addresses were not measured")))
    };
    let (few, many) = (find(ADDRESSES)?, find(MANY)?);
    let more = f64::from(many.addresses - few.addresses);
    let check_us = |percent: f64| percent / 100.0 * 1e6 / (CHECKS_PER_SECOND * f64::from(many.addresses));
    let envoy_address_mb = (many.memory.envoy_used - few.memory.envoy_used) / more;
    let server_address_mb = (many.memory.servers_used - few.memory.servers_used) / more;
    let base = |mb: f64, address_mb: f64| mb - address_mb * f64::from(few.addresses);
    let answer_slope = (many.dns_answer_bytes - few.dns_answer_bytes) as f64 / more;
    // Calls to the store were measured 64 at a time, which makes each cheaper than one alone: only what they take more
    // than a cached call in the same shape is told of them.
    let hit = dearest(few, |call| call.server_us);
    let costs = [
        ("envoy_call_us", dearest(few, |call| call.envoy_us)),
        ("envoy_call_many_us", dearest(many, |call| call.envoy_us)),
        ("server_hit_us", hit),
        ("server_miss_us", hit + store.miss.server_us - store.hit.server_us),
        ("server_create_us", hit + store.create.server_us - store.hit.server_us),
        ("database_miss_us", store.miss.database_us),
        ("database_create_us", store.create.database_us),
        ("database_creates_per_second", store.creates_per_second),
        ("database_customer_bytes", store.customer_bytes),
        ("envoy_check_us", check_us(many.rest.envoy_percent)),
        ("server_check_us", check_us(many.rest.servers_percent)),
        ("envoy_dns_address_us", many.rest.dns_percent / 100.0 * 1e6 / f64::from(many.addresses)),
        ("envoy_connection_us", connection.us),
        ("envoy_connection_bytes", connection.bytes),
        ("envoy_address_bytes", envoy_address_mb * 1e6),
        ("envoy_base_mb", base(few.memory.envoy_used, envoy_address_mb)),
        // A server has two connections with each Envoy: one for calls and one for health checks.
        ("server_envoy_bytes", server_address_mb * 1e6),
        ("server_base_mb", base(few.memory.servers_used, server_address_mb)),
        ("dns_address_bytes", answer_slope),
        ("dns_base_bytes", few.dns_answer_bytes as f64 - answer_slope * f64::from(few.addresses)),
    ];
    Ok(costs.into_iter().map(|(name, value)| (name.to_owned(), rounded(value))).collect())
}

/// Calls that share no write with others: what callers with one call at a time cost.
fn dearest(size: &Size, cost: impl Fn(&CallCost) -> f64) -> f64 {
    size.calls.iter().map(cost).fold(0.0, f64::max)
}

/// To three digits: no measurement here is better than that.
fn rounded(value: f64) -> f64 {
    format!("{value:.2e}").parse().expect("a number")
}
