//! The two set-ups, each with callers, Envoy and servers on their own defaults.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::process::Command;
use std::time::Duration;

use async_std::task::block_on;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use testbed::envoy::{self, ConfigFile, Envoy};
use testbed::{Bed, BedError, DnsServer, Endpoints, Port, Process, Stop, Testbed, until_true};
use ticketing_client::Channel;

use crate::callers::{Callers, Library};
use crate::peers::{Peer, first_customer, target};

/// As many as the manifests have replicas.
const SERVERS: [Ipv4Addr; 2] = [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)];

/// CPU of everybody on the path, in user and kernel, in microseconds for each call.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Cost {
    pub(crate) client: f64,
    pub(crate) envoy: f64,
    pub(crate) servers: f64,
}

impl Cost {
    pub(crate) fn total(&self) -> f64 {
        self.client + self.envoy + self.servers
    }
}

/// Envoy before servers that know one customer, and the library of those who call.
pub(super) struct SetUp {
    library: Library,
    behind: Behind,
    id: String,
}

enum Behind {
    Ours(Box<Bed>),
    Article(Box<Article>),
}

struct Article {
    envoy: Envoy,
    servers: Vec<Process>,
    // Envoy asks it as long as it runs; the files of all go with the folder.
    _dns: DnsServer,
    _folder: TempDir,
}

impl SetUp {
    /// The product: its servers, its `envoy.yaml`, its client library.
    pub(super) fn ours(stop: &Stop) -> Result<Self, BedError> {
        let bed = Testbed::new().servers(SERVERS.len()).envoy().stop_on(stop).start()?;
        let customers = Channel::builder(target(bed.envoy_address())).build().customers();
        let id = first_customer(bed.envoy().process(), &customers)?;
        Ok(Self { library: Library::Ours, behind: Behind::Ours(Box::new(bed)), id })
    }

    /// What a reader of the articles builds today: grpcio as it comes on both sides, and `article-envoy.yaml`.
    pub(super) fn article(stop: &Stop) -> Result<Self, BedError> {
        let folder = tempfile::Builder::new().prefix("ticketing-bench-").tempdir();
        let folder = folder.map_err(BedError::io("make a temporary folder"))?;
        let port = Port::free_on(&SERVERS)?;
        let (mut servers, mut ids, endpoints) = (Vec::new(), Vec::new(), Endpoints::default());
        for ip in SERVERS {
            stop.check()?;
            let address = SocketAddrV4::new(ip, port.number());
            let mut command = Command::new(Peer::Stock.program()?);
            command.env_clear().args([&address.to_string(), "1"]);
            let log = folder.path().join(format!("stock-{ip}.log"));
            let server = Process::start(&format!("stock on {ip}"), &mut command, &log)?;
            // They share no store: each gets the same customer.
            ids.push(first_customer(&server, &Channel::builder(target(address.into())).build().customers())?);
            endpoints.add(address);
            servers.push(server);
        }
        let id = ids.swap_remove(0);
        if ids.iter().any(|other| *other != id) {
            return Err(BedError::Unexpected(format!("servers without a common customer: {id}, {ids:?}")));
        }
        let dns = DnsServer::start(vec![(envoy::CLUSTER, endpoints)]).map_err(BedError::io("start the DNS server"))?;
        let file = ConfigFile::of_articles()?;
        let envoy = Envoy::start_with(&envoy::ARTICLE_FLAGS, &file, folder.path(), None, port.number(), dns.address())?;
        let customers = Channel::builder(target(envoy.address().into())).build().customers();
        until_true("the articles' Envoy sends calls to all servers", || {
            envoy.hosts().len() == SERVERS.len() && block_on(customers.get(&id)).is_ok()
        })?;
        let article = Article { envoy, servers, _dns: dns, _folder: folder };
        Ok(Self { library: Library::Stock, behind: Behind::Article(Box::new(article)), id })
    }

    /// What a call costs, when `callers` make all of theirs.
    pub(super) fn cost(&self, callers: Callers) -> Result<Cost, BedError> {
        let (envoy, servers) = (self.envoy().process().cpu_time()?, self.servers_cpu_time()?);
        let client = self.library.call(self.address(), &self.id, callers)?.microseconds;
        let since =
            |before: Duration, now: Duration| now.saturating_sub(before).as_secs_f64() * 1e6 / callers.calls as f64;
        Ok(Cost {
            client,
            envoy: since(envoy, self.envoy().process().cpu_time()?),
            servers: since(servers, self.servers_cpu_time()?),
        })
    }

    fn address(&self) -> SocketAddr {
        self.envoy().address().into()
    }

    fn envoy(&self) -> &Envoy {
        match &self.behind {
            Behind::Ours(bed) => bed.envoy(),
            Behind::Article(article) => &article.envoy,
        }
    }

    fn servers_cpu_time(&self) -> Result<Duration, BedError> {
        match &self.behind {
            Behind::Ours(bed) => bed.servers().iter().map(testbed::Server::cpu_time).sum(),
            Behind::Article(article) => article.servers.iter().map(Process::cpu_time).sum(),
        }
    }
}
