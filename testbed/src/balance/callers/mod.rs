//! Callers in a process of their own, so that their CPU can be told from ours, and so that names are resolved for them
//! alone.

mod connections;
mod program;
mod record;
mod running;

pub use program::Callers;
pub(super) use record::Report;
pub(crate) use record::now;
pub(crate) use running::{Address, Running};

use serde::{Deserialize, Serialize};

/// Connections of a pool.
const POOL: usize = 4;

/// How callers use connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// One long-lived connection, as the original client has it.
    Single,
    /// Four connections to one address, each replaced by age.
    Pool,
    /// One connection to each address of a name; the whole is replaced by age, which asks for the addresses anew.
    RoundRobin,
}

impl Policy {
    const fn of_library(self) -> ticketing_client::Policy {
        match self {
            Self::Single => ticketing_client::Policy::Single,
            Self::Pool => ticketing_client::Policy::Pool { connections: POOL },
            Self::RoundRobin => ticketing_client::Policy::RoundRobin,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Pool => "pool",
            Self::RoundRobin => "round-robin",
        }
    }
}
