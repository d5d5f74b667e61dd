//! Envoys behind a Service of their own, as the manifests have them.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use super::{ConfigFile, Envoy, FLAGS};
use crate::{Bed, BedError, Endpoints, L4Balancer, Stop, wait};

const READY_LIMIT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// The same choices of connections in each run.
const SEED: u64 = 14;

/// Which Envoys.
pub(crate) struct Setup {
    pub(crate) file: ConfigFile,
    pub(crate) flags: &'static [&'static str],
}

/// Some Envoys before the servers of a bed, and the L4 balancer before them.
pub(crate) struct EnvoyService {
    service: L4Balancer,
    listed: Endpoints,
    /// Oldest first.
    envoys: Vec<Envoy>,
    setup: Setup,
    started: usize,
}

impl Setup {
    /// As the repository's files have them.
    pub(crate) fn of_repository() -> Result<Self, BedError> {
        Ok(Self { file: ConfigFile::of_repository()?, flags: &FLAGS })
    }
}

impl EnvoyService {
    /// Returns when each of `count` Envoys sends calls to all servers.
    pub(crate) fn start(setup: Setup, count: usize, bed: &Bed, stop: &Stop) -> Result<Self, BedError> {
        let listed = Endpoints::default();
        let service = L4Balancer::start(listed.clone(), SEED).map_err(BedError::io("start the L4 balancer"))?;
        let mut envoys = Self { service, listed, envoys: Vec::new(), setup, started: 0 };
        (0..count).try_for_each(|_| envoys.add(bed, stop))?;
        Ok(envoys)
    }

    /// Where callers connect.
    pub(crate) fn address(&self) -> SocketAddr {
        self.service.address()
    }

    /// CPU time that the Envoys that run have used.
    pub(crate) fn cpu_time(&self) -> Result<Duration, BedError> {
        self.envoys.iter().map(|envoy| envoy.process().cpu_time()).sum()
    }

    /// Puts a new Envoy in the place of the oldest, which gets no new connection from now on. How it leaves is the
    /// caller's affair: [`Envoy::drain`], or its end at once.
    pub(crate) fn replace_oldest(&mut self, bed: &Bed, stop: &Stop) -> Result<Envoy, BedError> {
        self.add(bed, stop)?;
        let old = self.envoys.remove(0);
        self.listed.remove(old.address());
        Ok(old)
    }

    fn add(&mut self, bed: &Bed, stop: &Stop) -> Result<(), BedError> {
        let folder = bed.folder().join(format!("envoy-{}", self.started));
        self.started += 1;
        fs::create_dir_all(&folder).map_err(BedError::io(format!("make {}", folder.display())))?;
        let Setup { file, flags } = &self.setup;
        let envoy = Envoy::start_with(flags, file, &folder, None, bed.server_port(), bed.dns().address())?;
        wait::until("Envoy gives calls to all pods", READY_LIMIT, LOOK_EVERY, stop, || {
            envoy.process().check_running()?;
            Ok((envoy.hosts().iter().filter(|host| host.healthy).count() == bed.servers().len()).then_some(()))
        })?;
        self.listed.add(envoy.address());
        self.envoys.push(envoy);
        Ok(())
    }
}
