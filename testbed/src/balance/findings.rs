//! What was measured, as `docs/balancing.json` keeps it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Event, Way};
use crate::{BedError, binaries, envoy};

/// All of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Findings {
    /// The day of the run.
    pub(super) date: String,
    /// CPUs of the machine that was everything at once.
    pub(super) cpus: usize,
    pub(super) cells: Vec<Cell>,
}

/// What one way did under one event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Cell {
    pub(super) way: Way,
    pub(super) event: Event,
    /// What measures it again.
    pub(super) command: String,
    /// Of what was measured: [`version`].
    pub(super) version: String,
    pub(super) outcome: Outcome,
}

/// What was seen.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Steady {
        rounds: Vec<Round>,
    },
    Arrival {
        /// How long was waited for each pod.
        limit_seconds: f64,
        /// For each new pod, from when it was listed to its first call; none if none came.
        seconds: Vec<Option<f64>>,
        calls: Totals,
    },
    Calls(Totals),
    NotApplicable {
        reason: String,
    },
    Unmeasured {
        reason: String,
    },
}

/// A stretch of time in which nothing happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Round {
    /// Calls by pod, those without a call too.
    pub(super) pods: BTreeMap<String, u64>,
    /// CPU in user and kernel, in microseconds.
    pub(super) client_us: f64,
    pub(super) proxy_us: f64,
    pub(super) servers_us: f64,
}

/// Calls by what came of them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Totals {
    /// All of them.
    pub(crate) calls: u64,
    /// Those that failed in the end.
    pub(crate) failed: u64,
    /// Attempts beyond the first of a call, those of calls that succeeded then too.
    pub(crate) again: u64,
    /// The longest, in milliseconds, all of its attempts together.
    #[serde(default)]
    pub(crate) slowest_ms: u64,
    /// Those that went on after their deadline.
    #[serde(default)]
    pub(crate) late: u64,
    /// Failures by code.
    pub(crate) causes: BTreeMap<String, u64>,
    pub(crate) first_failure: Option<String>,
}

impl Findings {
    /// The cell of the table.
    pub(super) fn of(&self, way: Way, event: Event) -> Option<&Cell> {
        self.cells.iter().find(|cell| (cell.way, cell.event) == (way, event))
    }
}

impl Cell {
    pub(super) fn new(way: Way, event: Event, outcome: Result<Outcome, BedError>) -> Result<Self, BedError> {
        let outcome = match outcome {
            Err(BedError::Stopped) => return Err(BedError::Stopped),
            Err(error) => Outcome::Unmeasured { reason: error.to_string() },
            Ok(outcome) => outcome,
        };
        let command = format!("target/release/testbed balance --way {} --event {}", way.name(), event.name());
        Ok(Self { way, event, command, version: version()?, outcome })
    }
}

impl Round {
    pub(super) fn calls(&self) -> u64 {
        self.pods.values().sum()
    }

    pub(super) fn most(&self) -> u64 {
        self.pods.values().copied().max().unwrap_or_default()
    }

    pub(super) fn fewest(&self) -> u64 {
        self.pods.values().copied().min().unwrap_or_default()
    }
}

/// Sources that decide how calls are spread and what they cost, and how that is measured.
const SOURCES: [&str; 34] = [
    "Cargo.lock",
    "Cargo.toml",
    "client/src/calls",
    "client/src/channel.rs",
    "client/src/channels",
    "client/src/code.rs",
    "client/src/core_words.rs",
    "client/src/customers.rs",
    "client/src/details.rs",
    "client/src/error.rs",
    "client/src/line.rs",
    "client/src/place.rs",
    "client/src/retry.rs",
    "client/src/target.rs",
    "corking/src",
    "proto/ticketing.proto",
    "server/src",
    "testbed/src/balance/arrival.rs",
    "testbed/src/balance/callers",
    "testbed/src/balance/event.rs",
    "testbed/src/balance/site.rs",
    "testbed/src/balance/steady.rs",
    "testbed/src/balance/verdict.rs",
    "testbed/src/balance/way.rs",
    "testbed/src/bed",
    "testbed/src/dns",
    "testbed/src/endpoints.rs",
    "testbed/src/envoy",
    "testbed/src/l4.rs",
    "testbed/src/metrics.rs",
    "testbed/src/process.rs",
    "testbed/src/server.rs",
    "testbed/src/usage.rs",
    // Which Envoy.
    "tools/requirements.txt",
];

/// The release, and a digest of both Envoys' configurations and of what client, server and their libraries do with a call: with
/// others the figures are those of something else. Comments are not in it.
pub(super) fn version() -> Result<String, BedError> {
    let mut files = vec![envoy::file(), envoy::article_file()];
    SOURCES.iter().try_for_each(|path| add_files(binaries::repository().join(path), &mut files))?;
    files.sort();
    let mut all = String::new();
    for path in files {
        let text = fs::read_to_string(&path).map_err(BedError::io(format!("read {}", path.display())))?;
        let comment = match path.extension().and_then(OsStr::to_str) {
            Some("yaml" | "lock" | "toml" | "txt") => "#",
            Some("sql") => "--",
            _ => "//",
        };
        all.extend(text.lines().filter(|line| !line.trim_start().starts_with(comment)).flat_map(|line| [line, "\n"]));
    }
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, all.as_bytes()).simple().to_string();
    Ok(format!("{}+{}", env!("CARGO_PKG_VERSION"), &digest[..12]))
}

/// A file, or all files of a folder.
fn add_files(path: PathBuf, files: &mut Vec<PathBuf>) -> Result<(), BedError> {
    if !path.is_dir() {
        files.push(path);
        return Ok(());
    }
    let unread = || BedError::io(format!("read {}", path.display()));
    for entry in fs::read_dir(&path).map_err(unread())? {
        add_files(entry.map_err(unread())?.path(), files)?;
    }
    Ok(())
}
