//! What was measured, as `docs/scaling.json` keeps it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// All of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Findings {
    /// The day of the run.
    pub(super) date: String,
    /// CPUs of the machine that was everything at once.
    pub(super) cpus: usize,
    /// One entry for each number of addresses.
    pub(super) sizes: Vec<Size>,
    /// What the calculator counts with (`ticketing-client capacity`), by its names and in its units.
    pub(super) costs: BTreeMap<String, f64>,
}

/// Envoy before so many addresses.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Size {
    pub(super) addresses: u32,
    /// From Envoy's start until all of them are healthy.
    pub(super) healthy_after_seconds: f64,
    pub(super) dns_answer_bytes: usize,
    pub(super) memory: Memory,
    pub(super) rest: Rest,
    pub(super) spread: Spread,
    pub(super) calls: Vec<CallCost>,
    pub(super) arrival: Arrival,
}

/// Resident memory in megabytes; that of the servers is one process's, which has the connections of all of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Memory {
    /// With health checks only.
    pub(super) envoy_rest: f64,
    /// After calls to all addresses.
    pub(super) envoy_used: f64,
    pub(super) servers_rest: f64,
    pub(super) servers_used: f64,
}

/// CPU without calls, in hundredths of a core.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Rest {
    pub(super) seconds: f64,
    /// Envoy without what DNS costs it.
    pub(super) envoy_percent: f64,
    pub(super) servers_percent: f64,
    /// What it costs Envoy to ask once a second and to compare the answer.
    pub(super) dns_percent: f64,
}

/// Calls by address.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Spread {
    pub(super) calls: u64,
    pub(super) fewest: u64,
    pub(super) most: u64,
}

impl Spread {
    pub(super) fn difference(&self) -> u64 {
        self.most - self.fewest
    }
}

/// CPU of one cached GetCustomer through Envoy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct CallCost {
    pub(super) connections: usize,
    pub(super) streams: usize,
    pub(super) envoy_us: f64,
    pub(super) server_us: f64,
}

/// New addresses beside those that were there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Arrival {
    pub(super) addresses: u32,
    /// From the first DNS answer with them until a call had gone to each.
    pub(super) seconds: f64,
    /// Calls while it was watched.
    pub(super) calls: u64,
    pub(super) failed: u64,
    pub(super) course: Vec<Moment>,
}

/// How far an arrival was.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Moment {
    /// Since the first DNS answer with the new addresses.
    pub(super) seconds: f64,
    /// New addresses that Envoy takes for healthy.
    pub(super) healthy: usize,
    /// New addresses that have had a call.
    pub(super) served: usize,
}
