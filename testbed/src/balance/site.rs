//! Pods, and one way to them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Way;
use super::callers::{Address, Running};
use crate::envoy::{self, ConfigFile, EnvoyService, Setup};
use crate::{Bed, BedError, DnsServer, Endpoints, L4Balancer, Stop, Testbed};

/// Pods at the start.
pub(super) const PODS: usize = 4;
/// Of every balancer: the same choices in each run (docs/balancing.md names it).
const SEED: u64 = 14;

/// A bed, and what stands before it.
pub(super) struct Site {
    // Envoy and balancer end before the pods.
    pub(super) front: Front,
    pub(super) bed: Bed,
}

/// What callers are given to call.
pub(super) struct Front {
    way: Way,
    kind: Kind,
}

enum Kind {
    L4(L4Balancer),
    Dns {
        // Callers ask it as long as they run.
        _server: DnsServer,
        port: u16,
        resolv_conf: PathBuf,
    },
    Envoy(Box<EnvoyService>),
}

impl Site {
    pub(super) fn start(way: Way, stop: &Stop) -> Result<Self, BedError> {
        let bed = Testbed::new().servers(PODS).stop_on(stop).start()?;
        let front = Front::start(way, &bed, stop)?;
        Ok(Self { front, bed })
    }

    /// Starts callers; they call until they are told to end.
    pub(super) fn callers(&self) -> Result<Running, BedError> {
        self.front.callers(self.bed.folder())
    }
}

impl Front {
    /// Returns when it gives calls to all pods of `bed`.
    pub(super) fn start(way: Way, bed: &Bed, stop: &Stop) -> Result<Self, BedError> {
        let kind = match way {
            Way::L4 | Way::Pool => Kind::L4(balancer(bed.endpoints().clone())?),
            Way::RoundRobin => dns(bed)?,
            Way::Article | Way::Envoy => envoys(way, bed, stop)?,
        };
        Ok(Self { way, kind })
    }

    /// As [`Site::callers`]; files go into `folder`.
    pub(super) fn callers(&self, folder: &Path) -> Result<Running, BedError> {
        let address = match &self.kind {
            Kind::L4(balancer) => Address::of(balancer.address()),
            Kind::Envoy(service) => Address::of(service.address()),
            Kind::Dns { port, resolv_conf, .. } => Address::named(envoy::CLUSTER, *port, resolv_conf),
        };
        Running::start(self.way.policy(), &address, folder)
    }

    /// CPU of the proxy. kube-proxy's rules run in the kernel: what ours takes to do the same is not counted.
    pub(super) fn cpu_time(&self) -> Result<Duration, BedError> {
        match &self.kind {
            Kind::L4(_) | Kind::Dns { .. } => Ok(Duration::ZERO),
            Kind::Envoy(service) => service.cpu_time(),
        }
    }

    /// Replaces the Envoy with a new one, or takes the balancer's state away. Where there is neither nothing happens.
    pub(super) fn replace(&mut self, bed: &Bed, stop: &Stop) -> Result<(), BedError> {
        match &mut self.kind {
            Kind::L4(balancer) => {
                balancer.forget();
                Ok(())
            }
            Kind::Dns { .. } => Ok(()),
            // How an Envoy leaves is part of each way: ours has a preStop hook, the articles' gets its SIGTERM at once.
            Kind::Envoy(service) => {
                let old = service.replace_oldest(bed, stop)?;
                if self.way == Way::Envoy { old.drain() } else { Ok(()) }
            }
        }
    }
}

fn envoys(way: Way, bed: &Bed, stop: &Stop) -> Result<Kind, BedError> {
    let setup = match way {
        Way::Article => Setup { file: ConfigFile::of_articles()?, flags: &envoy::ARTICLE_FLAGS },
        _ => Setup::of_repository()?,
    };
    Ok(Kind::Envoy(Box::new(EnvoyService::start(setup, 1, bed, stop)?)))
}

fn balancer(endpoints: Endpoints) -> Result<L4Balancer, BedError> {
    L4Balancer::start(endpoints, SEED).map_err(BedError::io("start the L4 balancer"))
}

fn dns(bed: &Bed) -> Result<Kind, BedError> {
    let services = vec![(envoy::CLUSTER, bed.endpoints().clone())];
    let server = DnsServer::start_on_port_53(services).map_err(BedError::io(
        "serve DNS on port 53 of a loopback address (run it as root: callers know no other port)",
    ))?;
    let resolv_conf = bed.folder().join("resolv.conf");
    fs::write(&resolv_conf, format!("nameserver {}\n", server.address().ip()))
        .map_err(BedError::io("write resolv.conf"))?;
    Ok(Kind::Dns { _server: server, port: bed.server_port(), resolv_conf })
}
