//! The program: arguments in, a command run, its result reported, an exit code out.

mod args;
mod command;
mod exit;
#[cfg(test)]
mod readme;
mod report;
#[cfg(test)]
mod scaling_page;
mod stop;
mod usage;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser;
use log::LevelFilter;
use mimalloc::MiMalloc;

use crate::args::Args;
use crate::exit::Failure;

/// C-core's memory comes from it too: a tenth of the CPU of a small call less than with glibc's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What C-core logs of a connection, the program says better. Its own words come where `RUST_LOG` asks for them.
fn start_logging(format: ticketing_logging::Format) {
    let silenced: &[&str] = if std::env::var_os("RUST_LOG").is_some() { &[] } else { &["grpcio"] };
    ticketing_logging::start(format, silenced);
    let level = log::max_level();
    // C-core's information is about its own workings.
    log::set_max_level(if level == LevelFilter::Info { LevelFilter::Error } else { level });
    grpcio::redirect_log();
    log::set_max_level(level);
}

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage::tell(&error, std::env::args_os()),
    };
    start_logging(args.settings.log_format.into());
    let report = args.settings.output.report();
    let mut out = BufWriter::new(io::stdout().lock());
    let ended = async_std::task::block_on(command::run(args, report, &mut out));
    // Also what a failed command has to say comes before its error.
    let flushed = out.flush().map_err(Failure::Output);
    ended
        .and_then(|exit| flushed.map(|()| exit))
        .unwrap_or_else(|failure| {
            // Where stderr is closed too, there is nobody left to tell.
            let _ = report.failure(&failure, &mut io::stderr());
            failure.exit()
        })
        .into()
}
