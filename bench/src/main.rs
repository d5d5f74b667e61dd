//! The server against peers that answer the same calls: what one call costs each of them.

mod callers;
mod client;
mod cores;
mod costs;
mod generator;
mod instructions;
mod latency;
mod machine;
mod memory;
mod one_core;
mod path;
mod peers;
mod quick;
mod ratchet;
mod record;
mod report;
mod scaling;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use testbed::figures::{self, Area, Plan};
use testbed::{BedError, Stop};

/// In the order in which they are measured: the longest comes last.
const PLANS: &[Plan] = &[
    costs::PLAN,
    one_core::PLAN,
    client::PLAN,
    path::PLAN,
    instructions::PLAN,
    latency::PLAN,
    scaling::PLAN,
    memory::PLAN,
];

/// Compares the server with peers. `make bench-build` builds what it needs.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure the figures of the area bench, a line each, and write target/figures/bench.json
    Figures {
        /// Only these, and what is measured with them; no JSON is written then [default: all]
        #[arg(value_name = "FIGURE")]
        only: Vec<String>,
    },
    /// Write the measured parts of docs/performance.md from what the last `figures` saw, and that as docs/performance.json
    Report {
        /// Write them from docs/performance.json
        #[arg(long)]
        kept: bool,
    },
    /// What docs/scaling.md is made of
    #[command(subcommand)]
    Scaling(scaling::Page),
    /// Tell the key ratios and instruction counts beside bench/baseline.json, in two minutes
    Quick,
    /// Measure as `quick` does, and keep it as bench/baseline.json
    Baseline,
}

fn main() -> ExitCode {
    let args = Args::parse();
    run(&args.command).unwrap_or_else(|error| {
        eprintln!("bench: {error}");
        ExitCode::FAILURE
    })
}

fn run(command: &Command) -> Result<ExitCode, BedError> {
    let stop = Stop::on_signals().map_err(BedError::io("listen for signals"))?;
    match command {
        Command::Figures { only } => return figures::run(Area::Bench, PLANS, only, &stop),
        Command::Report { kept: true } => report::write_again()?,
        Command::Report { kept: false } => report::write()?,
        Command::Scaling(page) => return page.run(&stop),
        Command::Quick => quick::compare(&stop)?,
        Command::Baseline => quick::keep(&stop)?,
    }
    Ok(ExitCode::SUCCESS)
}
