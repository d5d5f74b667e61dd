//! What the program can do. Results go to stdout, everything else to stderr.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use testbed::attacks::{Attacker, Attacks};
use testbed::balance::{Balance, Callers};
use testbed::figures::{self, Area};
use testbed::reliability::Chaos;
use testbed::secured::Overlay;
use testbed::{BedError, Stop, Testbed, compose, demo};

/// Servers behind real Envoy on this machine's loopback. Everything that is started ends with this program.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start servers and Envoy, print one line of JSON when all of it is healthy, and stay up until SIGINT or SIGTERM
    Up(Up),
    /// Import a customer list twice, read it back, and show where the calls of one connection go
    Demo {
        /// A CSV file of first and last names [default: a made-up list]
        #[arg(long, value_name = "FILE.csv")]
        customers: Option<PathBuf>,
    },
    /// Run compose.yaml on this machine's engine: scale, kill and restart it while callers go on, look for every customer
    Compose,
    /// Compare ways to balance calls over pods, and write docs/balancing.md (as root, eight minutes)
    Balance(Balance),
    /// Try rollouts, faults, attacks and renewals of certificates, and write docs/reliability.md (as root)
    Chaos(Chaos),
    /// Attack Envoy, and a server, beside a bystander, and write docs/attacks.md (as root, seven minutes)
    Attacks(Attacks),
    /// The callers of `balance`
    #[command(hide = true)]
    Callers(Callers),
    /// One of the attacks of `attacks`
    #[command(hide = true)]
    Attack(Attacker),
    /// Measure the figures of an area, print a line each and write target/figures/AREA.json
    Figures {
        #[arg(value_enum)]
        area: Area,
        /// Only these, and what is measured with them; no JSON is written then [default: all]
        #[arg(value_name = "FIGURE")]
        only: Vec<String>,
    },
}

#[derive(Debug, clap::Args)]
struct Up {
    /// How many servers
    #[arg(long, default_value_t = 3, value_name = "N")]
    servers: usize,
    /// The port of Envoy's listener on 127.0.0.1 [default: a free one]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    envoy_port: Option<u16>,
    /// TLS, as this overlay has it; the line of JSON then has the folder of the certificates too [default: without TLS]
    #[arg(long, value_enum, value_name = "OVERLAY")]
    overlay: Option<Overlay>,
    /// The store that the servers share [default: a fresh file that goes with the program]
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

impl Args {
    pub(crate) fn run(self, stop: &Stop) -> Result<ExitCode, BedError> {
        match self.command {
            Command::Up(up) => up.run(stop),
            Command::Demo { customers } => {
                demo::run(customers.as_deref(), stop, &mut io::stdout())?;
                Ok(ExitCode::SUCCESS)
            }
            Command::Compose => compose(stop),
            Command::Balance(balance) => balance.run(stop),
            Command::Chaos(chaos) => chaos.run(stop),
            Command::Callers(callers) => callers.run(stop),
            Command::Attacks(attacks) => attacks.run(stop),
            Command::Attack(attacker) => attacker.run(),
            Command::Figures { area, only } => figures::run(area, area.plans(), &only, stop),
        }
    }
}

impl Up {
    fn run(self, stop: &Stop) -> Result<ExitCode, BedError> {
        let mut testbed = Testbed::new().servers(self.servers).envoy().stop_on(stop);
        if let Some(port) = self.envoy_port {
            testbed = testbed.envoy_port(port);
        }
        if let Some(overlay) = self.overlay {
            testbed = testbed.overlay(overlay);
        }
        if let Some(url) = self.database_url {
            testbed = testbed.database_url(url);
        }
        let bed = match testbed.start() {
            // Who asked for the end before the start was over got what was asked for.
            Err(BedError::Stopped) => return Ok(ExitCode::SUCCESS),
            started => started?,
        };
        eprintln!("logs are in {} until the end", bed.folder().display());
        let line = serde_json::to_string(&bed.describe()).expect("a description is plain data");
        let mut out = io::stdout();
        writeln!(out, "{line}").and_then(|()| out.flush()).map_err(printing)?;
        stop.wait();
        Ok(ExitCode::SUCCESS)
    }
}

fn compose(stop: &Stop) -> Result<ExitCode, BedError> {
    let findings = compose::exercise(stop, &mut |line| {
        // Where stdout is closed the exit code still tells.
        let _ = writeln!(io::stdout(), "{line}");
    })?;
    let faults = findings.faults();
    if faults.is_empty() { Ok(ExitCode::SUCCESS) } else { Err(BedError::Unexpected(faults.join("; "))) }
}

fn printing(source: io::Error) -> BedError {
    BedError::Io { doing: "print".to_owned(), source }
}

pub(crate) fn failed(message: &str) -> ExitCode {
    eprintln!("testbed: {message}");
    ExitCode::FAILURE
}
