//! What came of one attack: what the attacker got, what bystanders saw, and what memory it took.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::bystander::Called;
use crate::Latency;

/// What came of one attack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Tried {
    pub(crate) name: String,
    pub(crate) does: String,
    pub(crate) got: String,
    /// The bystander's latency in the quiet time before.
    pub(crate) quiet: Latency,
    /// Beside the attack, those who have their connections, and those who come new.
    pub(crate) bystander: Called,
    pub(crate) newcomers: Called,
    /// What the memory of the server that took most grew by, from what it was before the attack, at its peak; and Envoy's.
    pub(crate) server_mb: f64,
    pub(crate) envoy_mb: f64,
    /// The same of the server from what it was before any attack.
    pub(crate) server_mb_in_all: f64,
}

impl Tried {
    /// How many calls of bystanders there were, and how many of them failed.
    pub(crate) fn calls(&self) -> u64 {
        self.bystander.calls + self.newcomers.calls
    }

    /// How many of those failed.
    pub(crate) fn failed(&self) -> u64 {
        self.bystander.failed() + self.newcomers.failed()
    }

    /// The bystander's p99, against that of the quiet time.
    pub(crate) fn times(&self) -> f64 {
        self.bystander.latency.p99_ms / self.quiet.p99_ms
    }

    /// In a line, for people.
    pub(crate) fn line(&self) -> String {
        let mut line = format!(
            "{}: bystander {} of {} failed, p99 {:.1} ms against {:.1} ms ({:.1}x); newcomers {} of {} failed, p99 {:.1} ms; \
             server +{:.1} MB, Envoy +{:.1} MB; attacker: {}",
            self.name,
            self.bystander.failed(),
            self.bystander.calls,
            self.bystander.latency.p99_ms,
            self.quiet.p99_ms,
            self.times(),
            self.newcomers.failed(),
            self.newcomers.calls,
            self.newcomers.latency.p99_ms,
            self.server_mb,
            self.envoy_mb,
            self.got,
        );
        for called in [&self.bystander, &self.newcomers].into_iter().filter(|called| called.failed() > 0) {
            let _ = write!(line, "; failures: {:?}", called.failures);
        }
        line
    }
}
