//! Who calls, and what for.

use std::net::SocketAddr;
use std::time::Duration;

use ticketing_client::{Channels, Customers, Policy};

use crate::connect::{channel_to, target_at};

/// How many callers there are, and how they call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crew {
    /// Callers, each of whom makes one call after another.
    pub callers: usize,
    /// Connections that they share.
    pub connections: usize,
    /// From a call's answer to the caller's next call. Without a rest the callers take every CPU of a small machine, and
    /// then it is the machine that fails.
    pub rest: Duration,
    /// Whether the client library sends again what failed.
    pub attempts: Attempts,
}

/// Who may send a call again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempts {
    /// Only Envoy: the caller sends each call once.
    Once,
    /// The client library too, as its policy of retries says.
    Library,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A customer whose create was acknowledged.
    Get,
    /// The first page.
    List,
    /// A new customer, with a `request_id`.
    Create,
    /// A new customer, without one: nobody may send it twice.
    PlainCreate,
}

impl Default for Crew {
    fn default() -> Self {
        Self { callers: 16, connections: 4, rest: Duration::from_millis(5), attempts: Attempts::Once }
    }
}

impl Kind {
    /// What a caller does, again and again.
    pub(super) const ROUND: [Self; 8] =
        [Self::Create, Self::Get, Self::Get, Self::List, Self::PlainCreate, Self::Get, Self::Get, Self::Get];
}

impl Crew {
    /// Connections to `address`, of which each caller uses one.
    pub(super) fn connect(&self, address: SocketAddr) -> Vec<Customers> {
        match self.attempts {
            Attempts::Once => (0..self.connections.max(1)).map(|_| channel_to(address).customers()).collect(),
            Attempts::Library => {
                let policy = Policy::Pool { connections: self.connections };
                vec![Channels::builder(target_at(address)).policy(policy).build().customers()]
            }
        }
    }
}
