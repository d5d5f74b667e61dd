//! The customer service as it runs in a cluster, on loopback: real servers, a DNS server that answers
//! `app-server-headless` as Kubernetes answers for a headless Service, real Envoy on the repository's own `envoy.yaml`,
//! and an L4 balancer as a normal Service is one. Everything that a [`Bed`] started ends with it.
//!
//! ```no_run
//! use testbed::Testbed;
//!
//! # fn main() -> Result<(), testbed::BedError> {
//! let bed = Testbed::new().servers(3).envoy().start()?;
//! let load = bed.load(12);
//! bed.server(0).terminate()?;
//! assert_eq!(load.stop().failed(), 0, "{}", bed.logs());
//! # Ok(())
//! # }
//! ```

pub mod attacks;
pub mod balance;
mod bed;
pub mod binaries;
mod canary;
mod certificates;
pub mod chaos;
pub mod compose;
mod connect;
pub mod customers;
pub mod demo;
mod description;
mod dns;
mod endpoints;
mod engine;
pub mod envoy;
mod error;
pub mod figures;
mod generator;
pub mod guards;
pub mod history;
mod http;
mod import;
mod l4;
mod latency;
mod load;
mod metrics;
pub mod page;
mod people;
mod ports;
pub mod postgres;
mod process;
mod quota;
pub mod reliability;
pub mod secured;
mod server;
mod service;
mod spread;
mod stop;
mod tally;
mod usage;
mod wait;
mod watchdog;

pub use bed::{Bed, Testbed};
pub use canary::Canary;
pub use certificates::{Certificates, Use};
pub use description::{Description, ServerDescription};
pub use dns::{DnsAnswer, DnsAnswered, DnsServer};
pub use endpoints::Endpoints;
pub use error::BedError;
pub use import::{Import, ImportSummary};
pub use l4::L4Balancer;
pub use latency::Latency;
pub use load::Load;
pub use people::{people, write_list};
pub use ports::Port;
pub use postgres::{Postgres, PostgresBuilder, SilentProxy};
pub use process::Process;
pub use server::Server;
pub use service::{Manner, Service, Trouble};
pub use spread::equal_calls;
pub use stop::Stop;
pub use tally::Tally;
pub use wait::until_true;
