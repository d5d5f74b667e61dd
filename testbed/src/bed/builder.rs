//! What a bed shall consist of.

use std::path::Path;

use super::{Bed, address};
use crate::binaries::scratch;
use crate::secured::{Overlay, Secured};
use crate::{BedError, DnsServer, Endpoints, L4Balancer, Port, Postgres, Stop, envoy};

/// Servers for which the ports are known to be free; more may be added, and say so if they are not.
const ADDRESSES_CHECKED: u32 = 16;

/// What a bed shall consist of. Nothing runs before [`Testbed::start`].
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until `start`"]
pub struct Testbed {
    servers: usize,
    envoy: bool,
    envoy_file: Option<envoy::ConfigFile>,
    envoy_port: Option<u16>,
    l4_seed: Option<u64>,
    database_url: Option<String>,
    postgres: bool,
    overlay: Option<Overlay>,
    stop: Stop,
}

impl Testbed {
    /// A bed of nothing but a DNS server.
    pub fn new() -> Self {
        Self::default()
    }

    /// So many servers, `app-server-1` on 127.0.0.2, `app-server-2` on 127.0.0.3 and so on.
    pub fn servers(mut self, count: usize) -> Self {
        self.servers = count;
        self
    }

    /// Envoy before the servers.
    pub fn envoy(mut self) -> Self {
        self.envoy = true;
        self
    }

    /// Envoy on this configuration instead of the repository's, or the overlay's.
    pub fn envoy_file(mut self, file: envoy::ConfigFile) -> Self {
        self.envoy_file = Some(file);
        self
    }

    /// Envoy's listener on this port instead of a free one.
    pub fn envoy_port(mut self, port: u16) -> Self {
        self.envoy_port = Some(port);
        self
    }

    /// An L4 balancer beside Envoy; the same seed makes the same choices.
    pub fn l4(mut self, seed: u64) -> Self {
        self.l4_seed = Some(seed);
        self
    }

    /// The store that the servers share, instead of a fresh `SQLite` file that goes with the bed.
    pub fn database_url(mut self, url: impl Into<String>) -> Self {
        self.database_url = Some(url.into());
        self
    }

    /// A PostgreSQL that the servers share, instead of the `SQLite` file.
    pub fn postgres(mut self) -> Self {
        self.postgres = true;
        self
    }

    /// Servers and Envoy as this overlay sets them up, with certificates of the bed's own.
    pub fn overlay(mut self, overlay: Overlay) -> Self {
        self.overlay = Some(overlay);
        self
    }

    /// Gives up, and ends what runs already, as soon as `stop` is asked for.
    pub fn stop_on(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// Starts everything; returns when every server takes calls and, if there is an Envoy, when it sends calls to all.
    pub fn start(self) -> Result<Bed, BedError> {
        let folder = scratch("ticketing-testbed-")?;
        let postgres = self.postgres.then(|| Postgres::builder().stop_on(&self.stop).start()).transpose()?;
        let database_url = match (self.database_url, &postgres) {
            (Some(url), _) => url,
            (None, Some(postgres)) => postgres.new_database()?,
            (None, None) => sqlite_in(folder.path()),
        };
        let addresses: Vec<_> = (0..ADDRESSES_CHECKED).map(address).collect();
        let endpoints = Endpoints::default();
        let grpc = Port::free_on(&addresses)?;
        let dns = DnsServer::start(vec![(envoy::CLUSTER, endpoints.clone())])
            .map_err(BedError::io("start the DNS server"))?;
        let secured = self.overlay.map(|overlay| Secured::prepare(overlay, folder.path())).transpose()?;
        let envoy = self
            .envoy
            .then(|| {
                let file = self
                    .envoy_file
                    .map_or_else(|| self.overlay.map_or_else(envoy::ConfigFile::of_repository, Overlay::config), Ok)?;
                envoy::Envoy::start(&file, folder.path(), self.envoy_port, grpc.number(), dns.address())
            })
            .transpose()?;
        let l4 = self.l4_seed.map(|seed| L4Balancer::start(endpoints.clone(), seed)).transpose();
        let mut bed = Bed {
            envoy,
            l4: l4.map_err(BedError::io("start the L4 balancer"))?,
            servers: Vec::new(),
            dns,
            endpoints,
            grpc,
            admin: Port::free_on(&addresses)?,
            health: Port::free_on(&addresses)?,
            secured,
            started: 0,
            database_url,
            postgres,
            stop: self.stop,
            folder,
        };
        bed.add_servers(self.servers)?;
        bed.settle()?;
        Ok(bed)
    }
}

fn sqlite_in(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("customers.db").display())
}
