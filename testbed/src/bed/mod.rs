//! The bed: everything that runs, in one value.

mod builder;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub use builder::Testbed;

use crate::process::END_LIMIT;
use crate::secured::Secured;
use crate::server::Launch;
use crate::{BedError, DnsServer, Endpoints, L4Balancer, Load, Port, Postgres, Server, Stop, description, envoy, wait};

const SETTLE_LIMIT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// The first server's address; the others follow.
const FIRST_ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A running bed. All that it started ends when it is dropped, also when a panic unwinds.
#[derive(Debug)]
pub struct Bed {
    envoy: Option<envoy::Envoy>,
    l4: Option<L4Balancer>,
    servers: Vec<Server>,
    dns: DnsServer,
    endpoints: Endpoints,
    grpc: Port,
    admin: Port,
    health: Port,
    secured: Option<Secured>,
    /// Servers started so far: as in Kubernetes, no name and no address comes twice.
    started: u32,
    database_url: String,
    /// Behind the servers, so that it ends after them.
    postgres: Option<Postgres>,
    stop: Stop,
    folder: TempDir,
}

impl Bed {
    /// Envoy.
    ///
    /// # Panics
    /// When the bed was built without.
    pub fn envoy(&self) -> &envoy::Envoy {
        self.envoy.as_ref().expect("this bed was built without envoy()")
    }

    /// Where callers reach Envoy. Panics as [`Bed::envoy`].
    pub fn envoy_address(&self) -> SocketAddr {
        self.envoy().address().into()
    }

    /// Where callers reach the L4 balancer.
    ///
    /// # Panics
    /// When the bed was built without.
    pub fn l4_address(&self) -> SocketAddr {
        self.l4.as_ref().expect("this bed was built without l4()").address()
    }

    /// The DNS server that Envoy asks.
    pub fn dns(&self) -> &DnsServer {
        &self.dns
    }

    /// The addresses that DNS tells, and the L4 balancer knows: those of the servers that take calls, unless they are changed.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The port on which each server takes calls, and that Envoy takes with each address.
    pub fn server_port(&self) -> u16 {
        self.grpc.number()
    }

    /// All servers that are meant to run, oldest first.
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// One of them.
    ///
    /// # Panics
    /// When there are not that many.
    pub fn server(&self, index: usize) -> &Server {
        &self.servers[index]
    }

    /// The names of all pods that are meant to run.
    pub fn pods(&self) -> impl Iterator<Item = &str> {
        self.servers.iter().map(Server::pod)
    }

    /// The URL of the store that the servers share.
    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    /// The PostgreSQL that the servers share.
    ///
    /// # Panics
    /// When the bed was built without.
    pub fn postgres(&self) -> &Postgres {
        self.postgres.as_ref().expect("this bed was built without postgres()")
    }

    /// Certificates and tokens.
    ///
    /// # Panics
    /// When the bed was built without an overlay.
    pub fn secured(&self) -> &Secured {
        self.secured_by().expect("this bed was built without overlay()")
    }

    /// The same; none where the bed was built without an overlay.
    pub(crate) fn secured_by(&self) -> Option<&Secured> {
        self.secured.as_ref()
    }

    /// The folder that goes with the bed, for files that shall go too.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts or ends servers, the youngest first, until there are `count`; returns when Envoy has seen it.
    pub fn scale(&mut self, count: usize) -> Result<(), BedError> {
        if count > self.servers.len() {
            self.add_servers(count - self.servers.len())?;
        } else {
            let leaving = self.servers.split_off(count);
            leaving.iter().for_each(Server::ask_to_end);
            leaving.iter().try_for_each(|server| server.await_exit().map(|_| ()))?;
        }
        self.settle()
    }

    /// Replaces each server with a new one, one at a time, as a rolling update does: the new one takes calls before the
    /// old one is asked to end.
    pub fn roll(&mut self) -> Result<(), BedError> {
        for _ in 0..self.servers.len() {
            self.add_servers(1)?;
            self.settle()?;
            self.servers.remove(0).terminate()?;
        }
        self.settle()
    }

    /// Callers in the background, all through Envoy on one connection.
    pub fn load(&self, callers: usize) -> Load {
        Load::start(self.envoy_address(), callers)
    }

    /// Waits until Envoy sends calls to exactly the servers whose addresses are listed.
    pub fn settle(&self) -> Result<(), BedError> {
        let Some(envoy) = &self.envoy else { return Ok(()) };
        wait::until("Envoy sends calls to all servers", SETTLE_LIMIT, LOOK_EVERY, &self.stop, || {
            envoy.process().check_running()?;
            let mut healthy: Vec<_> =
                envoy.hosts().into_iter().filter(|host| host.healthy).map(|host| host.address).collect();
            let mut listed: Vec<_> = self.endpoints.addresses().into_iter().map(SocketAddr::V4).collect();
            healthy.sort_unstable();
            listed.sort_unstable();
            Ok((healthy == listed && envoy.is_ready()).then_some(()))
        })
        .map_err(|error| self.with_logs(error))
    }

    /// What runs where.
    pub fn describe(&self) -> description::Description {
        description::Description::of(self)
    }

    /// The ends of all logs, for the message of a failed assertion.
    pub fn logs(&self) -> String {
        let servers = self.servers.iter().map(|server| (server.pod(), server.log_tail()));
        let envoy = self.envoy.iter().map(|envoy| (envoy.process().name(), envoy.process().log_tail()));
        servers.chain(envoy).fold(String::new(), |all, (name, log)| all + "--- " + name + "\n" + &log + "\n")
    }

    fn add_servers(&mut self, count: usize) -> Result<(), BedError> {
        let known = self.servers.len();
        for _ in 0..count {
            let ip = address(self.started);
            self.started += 1;
            let pod = format!("app-server-{}", self.started);
            let health = self.secured.is_some().then(|| SocketAddrV4::new(ip, self.health.number()));
            let secret = self.secured.as_ref().zip(health).map(|(secured, health)| {
                let volume = secured.mount_for(&pod)?;
                let settings = Secured::settings(&volume, health)?;
                Ok::<_, BedError>((volume, settings))
            });
            let launch = Launch {
                health,
                secret: secret.transpose()?,
                address: SocketAddrV4::new(ip, self.grpc.number()),
                admin: SocketAddrV4::new(ip, self.admin.number()),
                database_url: self.database_url.clone(),
                log: self.folder.path().join(format!("{pod}.log")),
                pod,
            };
            self.servers.push(Server::start(launch, self.endpoints.clone(), self.stop.clone())?);
        }
        self.servers[known..].iter().try_for_each(Server::wait_until_serving)
    }

    fn with_logs(&self, error: BedError) -> BedError {
        match error {
            BedError::TooLate { what, limit, .. } => BedError::TooLate { what, limit, log: self.logs() },
            other => other,
        }
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        // All at once, so that the bed ends as soon as the slowest of them.
        let deadline = Instant::now() + END_LIMIT;
        if let Some(envoy) = &self.envoy {
            envoy.process().ask_to_end();
        }
        self.servers.iter().for_each(Server::ask_to_end);
        self.servers.iter().for_each(|server| server.end_by(deadline));
    }
}

fn address(index: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(FIRST_ADDRESS.to_bits() + index)
}
