//! The server program: settings → ports → store → serving → drained.

use std::pin::pin;
use std::process::ExitCode;

use async_std::task::block_on;
use clap::Parser as _;
use futures::future::{Either, select};
use mimalloc::MiMalloc;
use ticketing_logging::Plain;
use ticketing_proto::health::health_check_response::ServingStatus;
use ticketing_server::{Args, BuildError, Command, Config, Drained, StopSignals, logging, probe};

/// C-core's memory comes from it too: a tenth of the CPU of a small call less than with glibc's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    run(Args::parse()).unwrap_or_else(|failure| {
        // What a database or another server said may be in there.
        eprintln!("ticketing-server: {}", Plain(&failure.text));
        ExitCode::from(failure.code)
    })
}

fn run(args: Args) -> Result<ExitCode, Failure> {
    logging::start(args.log_format().map_err(|error| Failure::new(2, error))?);
    match &args.command {
        Some(Command::Health { address }) => health(&args, address.as_deref()),
        None => serve(args),
    }
}

/// One line for people and an exit code of `--help`.
struct Failure {
    code: u8,
    text: String,
}

impl Failure {
    fn new(code: u8, error: impl ToString) -> Self {
        Self { code, text: error.to_string() }
    }
}

fn serve(args: Args) -> Result<ExitCode, Failure> {
    let stop = StopSignals::catch().map_err(|error| Failure::new(6, format!("cannot catch signals: {error}")))?;
    let config = Config::try_from(args).map_err(|error| Failure::new(2, error))?;
    log::info!("Value of podID is {}", config.pod_name);
    config.try_threads().map_err(not_built)?;
    let tried = block_on(config.try_store()).map_err(|error| Failure::new(3, error))?;
    let built = config.build();
    if let (Err(_), Some(store)) = (&built, &tried) {
        block_on(store.close());
    }
    let app = built.map_err(not_built)?;
    let (grpc, admin) = (app.grpc, app.admin);
    log::info!("writes: {}", app.writes);
    log::info!("encryption: {}", app.encryption);
    if let Some(address) = app.health_port {
        log::info!("serving health without encryption on {address}");
    }
    let running = app.start();
    match admin {
        Some(admin) => log::info!("serving admin HTTP on {admin}"),
        None => log::info!("admin HTTP is off"),
    }
    block_on(async {
        let mut stop = pin!(stop.requested());
        let signal = match select(pin!(running.open(tried)), stop.as_mut()).await {
            Either::Left((opened, _)) => {
                opened.map_err(|error| Failure::new(3, error))?;
                log::info!("serving gRPC on {grpc}");
                stop.await
            }
            Either::Right((signal, _)) => signal,
        };
        log::info!("{signal}: draining");
        match running.drain().await {
            Drained::Clean => log::info!("drained"),
            Drained::Cut => return Err(Failure::new(5, "calls still ran after DRAIN_TIMEOUT and were cancelled")),
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn not_built(error: BuildError) -> Failure {
    let code = if matches!(error, BuildError::Bind { .. }) { 4 } else { 6 };
    Failure::new(code, error)
}

fn health(args: &Args, named: Option<&str>) -> Result<ExitCode, Failure> {
    let address = probe::target(args, named).map_err(|error| Failure::new(2, error))?;
    match block_on(probe::ask(&address)) {
        Ok(ServingStatus::SERVING) => {
            println!("SERVING");
            Ok(ExitCode::SUCCESS)
        }
        Ok(status) => Err(Failure::new(1, format!("{address} says {status:?}"))),
        Err(reason) => Err(Failure::new(1, reason)),
    }
}
