//! Two versions behind one Envoy, as the overlay `canary` runs them.

use std::net::SocketAddr;
use std::time::Duration;

use crate::envoy::{CLUSTER, ConfigFile, Envoy};
use crate::{Bed, BedError, DnsServer, Endpoints, Server, Stop, Testbed, wait};

const CONFIG_MAP: &str = "overlays/canary/envoy-conf.yaml";
const CANARY_CLUSTER: &str = "app-server-canary-headless";
const SETTLE_LIMIT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Servers of the stable version, the last server as the canary, and Envoy with the overlay's own configuration.
#[derive(Debug)]
pub struct Canary {
    envoy: Envoy,
    // Envoy asks it as long as it runs.
    _dns: DnsServer,
    bed: Bed,
}

impl Canary {
    /// Starts `stable` servers and one canary; returns when Envoy sends calls to all of them.
    pub fn start(stable: usize, stop: &Stop) -> Result<Self, BedError> {
        let bed = Testbed::new().servers(stable + 1).stop_on(stop).start()?;
        let (olds, new) = (Endpoints::default(), Endpoints::default());
        bed.servers()[..stable].iter().for_each(|server| olds.add(server.address()));
        new.add(bed.server(stable).address());
        let dns = DnsServer::start(vec![(CLUSTER, olds), (CANARY_CLUSTER, new)]);
        let dns = dns.map_err(BedError::io("start the DNS server"))?;
        let file = ConfigFile::of_config_map(CONFIG_MAP)?;
        let port = bed.server(stable).address().port();
        let envoy = Envoy::start(&file, bed.folder(), None, port, dns.address())?;
        wait::until("Envoy sends calls to both versions", SETTLE_LIMIT, LOOK_EVERY, stop, || {
            envoy.process().check_running()?;
            let healthy = |cluster| envoy.hosts_of(cluster).iter().filter(|host| host.healthy).count();
            Ok((healthy(CLUSTER) == stable && healthy(CANARY_CLUSTER) == 1 && envoy.is_ready()).then_some(()))
        })?;
        Ok(Self { envoy, _dns: dns, bed })
    }

    /// Where callers reach Envoy.
    pub fn address(&self) -> SocketAddr {
        self.envoy.address().into()
    }

    /// The canary.
    pub fn server(&self) -> &Server {
        self.bed.servers().last().expect("a bed with a canary")
    }

    /// The share of calls that the overlay's weights give to the canary, from 0 to 1.
    pub fn weight(&self) -> Result<f64, BedError> {
        ConfigFile::of_config_map(CONFIG_MAP)?.canary_weight()
    }
}
