//! Real Envoy on the repository's own `envoy.yaml`.

mod admin;
mod beside;
mod config_file;
mod leave;
mod place;
mod service;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::Path;
use std::process::Command;

pub use admin::Host;
pub use beside::FOLDER_OF_SECRETS;
pub use config_file::{ConfigFile, article_file, file};
pub use place::{Places, place};
pub(crate) use service::{EnvoyService, Setup};

use crate::{BedError, Port, Process, binaries};

/// Envoy's threads that carry calls. One: each worker keeps connections and a round robin of its own, so that with
/// several the servers get more and smaller batches (+10 to +60 % CPU for each call) and the spread is only as even as
/// `WORKERS`. More Envoys, not more workers, carry more load.
pub const WORKERS: usize = 1;

/// Envoy's command line, the same on loopback, in compose and in the manifests.
///
/// The drain time is longer than the pause between two calls of the default client (3 s): each caller makes a call
/// while Envoy drains, and learns from its answer to connect elsewhere. Immediate: from the first moment on every
/// answer says so; by default the share grows over ten minutes. Hot restart is for two generations of Envoy in one
/// place; here a new one comes in a container of its own, and two on one machine would take each other for generations.
pub const FLAGS: [&str; 7] =
    ["--concurrency", "1", "--drain-time-s", "5", "--drain-strategy", "immediate", "--disable-hot-restart"];

/// The command line of those who follow the articles: no flag but the file. Two generations of Envoy on one machine would
/// find each other.
pub const ARTICLE_FLAGS: [&str; 1] = ["--disable-hot-restart"];

/// The cluster of the servers in `envoy.yaml`.
pub const CLUSTER: &str = "app-server-headless";

/// A running Envoy. It ends when it is dropped.
#[derive(Debug)]
pub struct Envoy {
    process: Process,
    listener: Port,
    telemetry: Port,
    admin: Port,
}

impl Envoy {
    /// Starts Envoy on `file` in front of servers on `server_port` whose addresses the DNS server at `dns` knows. The
    /// listener is on `port` if that is given. Files go into `folder`.
    pub fn start(
        file: &ConfigFile,
        folder: &Path,
        port: Option<u16>,
        server_port: u16,
        dns: SocketAddr,
    ) -> Result<Self, BedError> {
        Self::start_with(&FLAGS, file, folder, port, server_port, dns)
    }

    /// As [`Envoy::start`], with other flags than [`FLAGS`].
    pub fn start_with(
        flags: &[&str],
        file: &ConfigFile,
        folder: &Path,
        port: Option<u16>,
        server_port: u16,
        dns: SocketAddr,
    ) -> Result<Self, BedError> {
        let program = binaries::envoy()?;
        let free = || Port::free_on(&[Ipv4Addr::LOCALHOST]);
        let listener = port.map_or_else(free, |number| Port::exactly(number, Ipv4Addr::LOCALHOST))?;
        let (telemetry, admin) = (free()?, free()?);

        let places = Places {
            listener: listener.number(),
            telemetry: telemetry.number(),
            admin: admin.number(),
            servers: server_port,
            dns,
        };
        let config = folder.join("envoy.json");
        fs::write(&config, file.placed(&places, folder)?)
            .map_err(BedError::io(format!("write {}", config.display())))?;
        file.write_beside(folder)?;
        let mut command = Command::new(program);
        command.arg("--config-path").arg(&config).args(flags).args(["--log-level", "warn"]);
        let process = Process::start("envoy", &mut command, &folder.join("envoy.log"))?;
        Ok(Self { process, listener, telemetry, admin })
    }

    /// Where callers connect.
    pub fn address(&self) -> SocketAddrV4 {
        on_loopback(&self.listener)
    }

    /// The admin interface.
    pub fn admin(&self) -> SocketAddrV4 {
        on_loopback(&self.admin)
    }

    /// The listener that serves only `/ready` and `/stats/prometheus`.
    pub fn telemetry(&self) -> SocketAddrV4 {
        on_loopback(&self.telemetry)
    }

    /// The process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Whether Envoy says that it is ready. That tells nothing about the servers.
    pub fn is_ready(&self) -> bool {
        admin::is_ready(self.telemetry())
    }

    /// The servers as Envoy sees them; empty while it does not answer.
    pub fn hosts(&self) -> Vec<Host> {
        self.hosts_of(CLUSTER)
    }

    /// The servers of a cluster as Envoy sees them; empty while it does not answer.
    pub fn hosts_of(&self, cluster: &str) -> Vec<Host> {
        admin::hosts(self.admin(), cluster)
    }

    /// Counters and gauges whose names contain `filter`, by name; empty while Envoy does not answer.
    pub fn stats(&self, filter: &str) -> Vec<(String, u64)> {
        admin::stats(self.admin(), filter)
    }
}

fn on_loopback(port: &Port) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::LOCALHOST, port.number())
}
