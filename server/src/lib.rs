//! The customer service over gRPC: config → build → start → drain, each step a value that the next one consumes.
//!
//! ```no_run
//! use clap::Parser as _;
//! use ticketing_server::{Args, Config};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let args = Args::try_parse_from(["ticketing-server", "--database-url", "memory:", "--listen-addr", "127.0.0.1:0"])?;
//! let config = Config::try_from(args)?;
//! let tried = config.try_store().await?; // an unusable store is an error before anything listens
//! let app = config.build()?; // ports bound, nobody accepted yet
//! println!("gRPC on {}", app.grpc);
//! let running = app.start(); // accepting, but NOT_SERVING
//! running.open(tried).await?; // the store is open: SERVING
//! running.drain().await;
//! # Ok(())
//! # }
//! ```

mod admin;
mod cancellation;
mod config;
pub mod customer;
mod drain;
mod encryption;
mod health;
mod health_port;
mod heartbeat;
mod limits;
pub mod logging;
mod metrics;
pub mod probe;
mod reflection;
mod rpc;
mod serve;
mod stop;
pub mod store;
mod threads;

pub use config::{
    Args, BadSetting, Command, Config, DatabaseUrl, DrainConfig, Encryption, EncryptionArgs, PostgresUrl, Withheld,
};
pub use drain::Drained;
pub use serve::{App, BuildError, Running};
pub use stop::StopSignals;
