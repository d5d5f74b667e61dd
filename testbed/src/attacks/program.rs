//! The attacker's process.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::builder::PossibleValuesParser;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::kinds::{ATTACKS, Scene};
use crate::BedError;

/// One attack, for some seconds. What it got is printed as a line of JSON.
#[derive(Debug, clap::Args)]
pub struct Attacker {
    /// Which
    #[arg(value_name = "NAME", value_parser = PossibleValuesParser::new(super::names()))]
    name: String,
    /// Envoy's address, or a server's
    #[arg(long)]
    address: SocketAddr,
    /// How long it lasts, for example 4s
    #[arg(long, value_parser = humantime::parse_duration, default_value = "4s")]
    lasting: Duration,
}

impl Attacker {
    /// Attacks, and prints what came of it.
    pub fn run(&self) -> Result<ExitCode, BedError> {
        let attack = ATTACKS.iter().find(|attack| attack.name == self.name).expect("clap knows the names");
        // Each connection takes a file.
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
            .map_err(|error| BedError::io("raise the limit of open files")(error.into()))?;
        let scene = Scene { address: self.address, until: Instant::now() + self.lasting };
        let got = (attack.run)(&scene).map_err(BedError::io(format!("attack {}", self.address)))?;
        println!("{}", serde_json::to_string(&got).expect("counts are plain data"));
        Ok(ExitCode::SUCCESS)
    }
}
