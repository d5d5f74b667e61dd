//! What callers saw of an event, beside the figures that come of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Latency;
use crate::chaos::Witnessed;

/// Calls during an event, and in the quiet before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// All calls.
    pub calls: u64,
    /// Those that failed, by code.
    pub failures: BTreeMap<String, u64>,
    /// How long calls took while nothing happened.
    pub quiet: Latency,
    /// How long they took while it did.
    pub event: Latency,
}

impl From<&Witnessed> for Seen {
    fn from(witnessed: &Witnessed) -> Self {
        let mut failures = BTreeMap::new();
        for ((_, code), calls) in witnessed.quiet.failures().iter().chain(witnessed.event.failures()) {
            *failures.entry(code.name().to_owned()).or_default() += calls;
        }
        let Witnessed { quiet, event, .. } = witnessed;
        Self { calls: witnessed.made(), failures, quiet: quiet.latency(), event: event.latency() }
    }
}
