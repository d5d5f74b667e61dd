//! The server against peers that answer the same calls: what one call costs each of them.

mod generator;
mod get;
mod peers;

use std::process::ExitCode;

use clap::Parser;
use testbed::figures::{self, Area};
use testbed::{BedError, Stop};

/// Measures the figures of the area bench, a line each, and writes target/figures/bench.json.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Only these, and what is measured with them; no JSON is written then [default: all]
    #[arg(value_name = "FIGURE")]
    only: Vec<String>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    run(&args).unwrap_or_else(|error| {
        eprintln!("bench: {error}");
        ExitCode::FAILURE
    })
}

fn run(args: &Args) -> Result<ExitCode, BedError> {
    let stop = Stop::on_signals().map_err(BedError::io("listen for signals"))?;
    figures::run(Area::Bench, get::PLANS, &args.only, &stop)
}
