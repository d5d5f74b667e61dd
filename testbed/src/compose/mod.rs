//! The repository's own `compose.yaml` on a real engine, as a project of its own beside whatever else runs there.

mod exercise;

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

pub use exercise::{Findings, exercise};

use crate::engine::{self, ask, docker};
use crate::{BedError, Port, Process, Stop, binaries, wait};

/// Enough for images that have to be pulled first.
const LIMIT: Duration = Duration::from_mins(8);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A running project. Dropping it takes everything down, its volumes too.
#[derive(Debug)]
pub struct Compose {
    program: Vec<OsString>,
    project: String,
    port: Port,
    folder: TempDir,
    stop: Stop,
}

/// A running container of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// As the engine names it.
    pub id: String,
}

impl Container {
    /// Its host's name, by which a server tells callers who answered.
    pub fn pod(&self) -> &str {
        &self.id[..12]
    }
}

impl Compose {
    /// Brings all services up, from nothing; returns when each is healthy on which another one waits.
    pub fn start(stop: &Stop) -> Result<Self, BedError> {
        engine::check()?;
        let folder = tempfile::Builder::new().prefix("ticketing-compose-").tempdir();
        let compose = Self {
            program: program()?,
            project: format!("ticketing-test-{}", std::process::id()),
            port: Port::free_on(&[Ipv4Addr::LOCALHOST])?,
            folder: folder.map_err(BedError::io("make a temporary folder"))?,
            stop: stop.clone(),
        };
        compose.up()?;
        Ok(compose)
    }

    /// Where callers reach Envoy.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port.number()).into()
    }

    /// The containers of a service that run.
    pub fn containers(&self, service: &str) -> Result<Vec<Container>, BedError> {
        let project = format!("label=com.docker.compose.project={}", self.project);
        let service = format!("label=com.docker.compose.service={service}");
        let ids = docker(["ps", "--quiet", "--no-trunc", "--filter", &project, "--filter", &service])?;
        Ok(ids.lines().map(|id| Container { id: id.to_owned() }).collect())
    }

    /// Brings all services up again, with the volumes that are there.
    pub fn up(&self) -> Result<(), BedError> {
        self.run(&["up", "--detach"])
    }

    /// Starts or ends servers until there are `count`.
    pub fn scale(&self, count: usize) -> Result<(), BedError> {
        self.run(&["up", "--detach", "--no-recreate", "--scale", &format!("server={count}"), "server"])
    }

    /// Ends a service in order and starts it again.
    pub fn restart(&self, service: &str) -> Result<(), BedError> {
        self.run(&["restart", service])
    }

    /// Ends a service in order.
    pub fn stop(&self, service: &str) -> Result<(), BedError> {
        self.run(&["stop", service])
    }

    /// SIGKILL.
    pub fn kill(&self, container: &Container) -> Result<(), BedError> {
        docker(["kill", &container.id]).map(drop)
    }

    /// Takes everything down but the volumes.
    pub fn down(&self) -> Result<(), BedError> {
        self.run(&["down"])
    }

    fn run(&self, args: &[&str]) -> Result<(), BedError> {
        let process = Process::start("compose", &mut self.command(args), &self.log())?;
        let what = format!("compose {}", args.join(" "));
        let status = wait::until(&what, LIMIT, LOOK_EVERY, &self.stop, || Ok(process.ended()))?;
        if status.success() { Ok(()) } else { Err(process.check_running().expect_err("it has ended")) }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program[0]);
        command
            .args(&self.program[1..])
            .args(["--project-name", &self.project, "--file"])
            .arg(binaries::repository().join("compose.yaml"))
            .args(args)
            .env("ENVOY_PORT", self.port.number().to_string());
        command
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("compose.log")
    }
}

impl Drop for Compose {
    fn drop(&mut self) {
        // Nobody is left to tell if even that fails.
        let _ = self.command(&["down", "--volumes", "--timeout", "5"]).output();
    }
}

/// Compose as a plugin of docker, or docker-compose where there is no plugin.
fn program() -> Result<Vec<OsString>, BedError> {
    if docker(["compose", "version"]).is_ok() {
        return Ok(vec!["docker".into(), "compose".into()]);
    }
    ask(Command::new("docker-compose").arg("version"))
        .map(|_| vec!["docker-compose".into()])
        .map_err(|_| BedError::Unexpected("neither docker compose nor docker-compose is here: install one".to_owned()))
}
