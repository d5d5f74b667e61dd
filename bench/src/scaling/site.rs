//! One server process that is as many servers as there are addresses: it listens on all of 127.0.0.0/8, and Envoy takes
//! each address of a DNS answer for a server of its own, with connections, health checks and counters of its own.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;
use testbed::envoy::{CLUSTER, ConfigFile, Envoy, Host};
use testbed::{BedError, DnsServer, Endpoints, Port, Stop, until_true};

use crate::peers::{Peer, Running};

/// Apart from what beds use.
const FIRST_ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 1, 0, 1);
/// Two connections between Envoy and each address, with two ends, and some to spare while they are made.
const FILES_FOR_EACH: u64 = 4;
const OTHER_FILES: u64 = 1_000;

/// Envoy, DNS and the servers. All of it ends when this is dropped.
pub(super) struct Site {
    // First, so that it ends before what it watches.
    pub(super) envoy: Envoy,
    pub(super) dns: DnsServer,
    pub(super) servers: Running,
    endpoints: Endpoints,
    port: u16,
    count: u32,
    /// From Envoy's start until all addresses were healthy.
    pub(super) healthy_after: Duration,
    _folder: TempDir,
}

impl Site {
    /// Starts all of it; returns when Envoy takes every address for healthy.
    pub(super) fn start(count: u32) -> Result<Self, BedError> {
        allow_files(u64::from(count) * FILES_FOR_EACH + OTHER_FILES)?;
        let folder = tempfile::Builder::new().prefix("ticketing-scaling-").tempdir();
        let folder = folder.map_err(BedError::io("make a temporary folder"))?;
        let port = Port::free_everywhere()?;
        let servers = Running::start_on(Peer::Ours, (Ipv4Addr::UNSPECIFIED, port).into())?;
        let endpoints = Endpoints::default();
        let dns = DnsServer::start(vec![(CLUSTER, endpoints.clone())]);
        let dns = dns.map_err(BedError::io("start the DNS server"))?;
        addresses(0..count, port).for_each(|address| endpoints.add(address));
        let begun = Instant::now();
        let envoy = Envoy::start(&ConfigFile::of_repository()?, folder.path(), None, port, dns.address())?;
        let mut site =
            Self { envoy, dns, servers, endpoints, port, count, healthy_after: Duration::ZERO, _folder: folder };
        site.until_healthy(u64::from(count))?;
        site.healthy_after = begun.elapsed();
        Ok(site)
    }

    /// Where callers connect.
    pub(super) fn address(&self) -> SocketAddr {
        self.envoy.address().into()
    }

    /// Lists more addresses.
    pub(super) fn grow(&mut self, more: u32) -> Vec<SocketAddr> {
        let new: Vec<_> = addresses(self.count..self.count + more, self.port).collect();
        self.count += more;
        for address in &new {
            self.endpoints.add(*address);
        }
        new.into_iter().map(SocketAddr::V4).collect()
    }

    /// The addresses as Envoy sees them; an error where it does not answer.
    pub(super) fn hosts(&self) -> Result<Vec<Host>, BedError> {
        let hosts = self.envoy.hosts();
        if hosts.is_empty() {
            return Err(BedError::Unexpected(format!(
                "Envoy does not tell its hosts: {}",
                self.envoy.process().log_tail()
            )));
        }
        Ok(hosts)
    }

    /// The counter or gauge of the cluster that is called so.
    pub(super) fn stat(&self, name: &str) -> Option<u64> {
        let name = format!("cluster.{CLUSTER}.{name}");
        self.envoy.stats(&name).into_iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    fn until_healthy(&self, count: u64) -> Result<(), BedError> {
        let what = format!("Envoy takes {count} addresses for healthy");
        until_true(&what, || self.stat("membership_healthy") == Some(count))
    }

    /// Gives up what waits when the end is asked for.
    pub(super) fn check(&self, stop: &Stop) -> Result<(), BedError> {
        stop.check()?;
        self.envoy.process().check_running()
    }
}

fn addresses(range: std::ops::Range<u32>, port: u16) -> impl Iterator<Item = SocketAddrV4> {
    range.map(move |index| SocketAddrV4::new(Ipv4Addr::from_bits(FIRST_ADDRESS.to_bits() + index), port))
}

/// Raises the limit of open files for this process and its children.
fn allow_files(wanted: u64) -> Result<(), BedError> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    if maximum.is_some_and(|maximum| maximum < wanted) {
        return Err(BedError::Unexpected(format!("{wanted} open files are needed: raise the hard limit (ulimit -Hn)")));
    }
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    raised.map_err(|error| BedError::io("raise the limit of open files (ulimit -n)")(error.into()))
}
