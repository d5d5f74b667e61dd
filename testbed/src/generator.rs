//! Loads by the real client program, in a process of its own.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use crate::{BedError, Latency, Process, Stop, binaries, wait};

/// Longer than any load here.
const LIMIT: Duration = Duration::from_mins(20);
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// What the program ends with when all calls went well, all failed, or some.
const REPORTED: [i32; 3] = [0, 1, 3];

/// A running `ticketing-client load`. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Generator {
    process: Process,
    report: PathBuf,
}

/// What it says at the end.
#[derive(Debug, Deserialize)]
pub(crate) struct LoadReport {
    pub(crate) calls: u64,
    pub(crate) ok: u64,
    /// Calls that failed, by code.
    pub(crate) failures: BTreeMap<String, u64>,
    /// From the first call that counts to the last answer.
    pub(crate) seconds: f64,
    pub(crate) calls_per_second: f64,
    /// Of each kind of call, of `all` that were answered, and of those that `failed`; in milliseconds.
    latency_ms: BTreeMap<String, Percentiles>,
    /// The seconds of the load.
    pub(crate) over_time: Vec<Second>,
}

/// A [`Latency`] as the program tells it; nothing where there was no such call.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Percentiles {
    p50: Option<f64>,
    p99: Option<f64>,
    max: Option<f64>,
}

/// One second of a load.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Second {
    /// Its end, in seconds from the beginning.
    pub(crate) end: f64,
    pub(crate) calls: u64,
    /// Those of them that failed, by code.
    pub(crate) failures: BTreeMap<String, u64>,
}

impl Generator {
    /// Starts a load of the server or proxy at `address`; `arguments` as `ticketing-client --help` and `load --help` tell.
    /// What the program says goes into `folder` under `name`.
    pub(crate) fn start(address: SocketAddr, arguments: &[&str], folder: &Path, name: &str) -> Result<Self, BedError> {
        let mut command = Command::new(binaries::client()?);
        command.env_clear().envs(binaries::corking());
        command.args(["--server-domain", &address.ip().to_string(), "--server-port", &address.port().to_string()]);
        command.args(["--output", "json", "load"]).args(arguments);
        let report = folder.join(format!("{name}.json"));
        let out = File::create(&report).map_err(BedError::io(format!("write {}", report.display())))?;
        let process = Process::start_printing_to(out.into(), name, &mut command, &folder.join(format!("{name}.log")))?;
        Ok(Self { process, report })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Waits for its end.
    pub(crate) fn finish(self, stop: &Stop) -> Result<LoadReport, BedError> {
        let what = format!("the end of {}", self.process.name());
        let status = wait::until(&what, LIMIT, LOOK_EVERY, stop, || Ok(self.process.ended()))?;
        if !status.code().is_some_and(|code| REPORTED.contains(&code)) {
            let said = self.process.log_tail();
            return Err(BedError::Unexpected(format!("ticketing-client load ended with {status}: {said}")));
        }
        let text = fs::read(&self.report).map_err(BedError::io(format!("read {}", self.report.display())))?;
        serde_json::from_slice(&text).map_err(|error| {
            BedError::Unexpected(format!("the report of ticketing-client load: {error}: {}", self.process.log_tail()))
        })
    }
}

impl LoadReport {
    /// The latencies of one kind of call, of `all` or of those that `failed`.
    pub(crate) fn latency(&self, of: &str) -> Result<Latency, BedError> {
        let found = self.latency_ms.get(of).map(|told| {
            let [p50_ms, p99_ms, max_ms] = [told.p50, told.p99, told.max].map(Option::unwrap_or_default);
            Latency { p50_ms, p99_ms, max_ms }
        });
        found.ok_or_else(|| BedError::Unexpected(format!("the report of ticketing-client load has no latency of {of}")))
    }

    /// Answered calls in the whole seconds between two moments, each in seconds from the beginning, and how many seconds
    /// those are.
    pub(crate) fn answered_between(&self, from: f64, to: f64) -> (u64, usize) {
        let inside = |second: &&Second| second.end - 1.0 >= from && second.end <= to;
        let answered = |second: &Second| second.calls - second.failures.values().sum::<u64>();
        let all: Vec<_> = self.over_time.iter().filter(inside).map(answered).collect();
        (all.iter().sum(), all.len())
    }
}
