//! The program: a bed that stays up, the demo, or figures.

mod command;

use std::process::ExitCode;

use clap::Parser;
use testbed::Stop;

use crate::command::Args;

fn main() -> ExitCode {
    let args = Args::parse();
    let stop = match Stop::on_signals() {
        Ok(stop) => stop,
        Err(error) => return command::failed(&format!("cannot listen for signals: {error}")),
    };
    args.run(&stop).unwrap_or_else(|error| command::failed(&error.to_string()))
}
