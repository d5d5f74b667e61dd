//! The programs that call: each a process that looks at every answer and tells its own CPU.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use serde::{Deserialize, Serialize};
use testbed::{BedError, binaries};

use crate::peers::{FIRST_NAME, LAST_NAME};

/// A client library, on its own defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Library {
    /// The product's: deadlines, transparent retries, keepalive; corked.
    Ours,
    /// grpcio as it comes, one queue.
    Stock,
    /// tonic on tokio with 2 workers.
    Tonic,
}

/// Who calls, and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Callers {
    /// Processes.
    pub(crate) processes: usize,
    /// Connections of each of them.
    pub(crate) connections: usize,
    /// Calls at once on each connection.
    pub(crate) at_once: usize,
    /// Calls of all together.
    pub(crate) calls: usize,
}

/// What a process of callers says in the end.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Report {
    calls: usize,
    seconds: f64,
    cpu_seconds: f64,
    p50_us: f64,
    p99_us: f64,
    p999_us: f64,
    peak_bytes: f64,
}

/// What calls cost their callers, and what those had of it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Called {
    /// CPU of the calling processes for a call, in user and kernel, in microseconds.
    pub(crate) microseconds: f64,
    /// Calls of a second, of all processes.
    pub(crate) rate: f64,
    /// What half of the calls took at most, in microseconds. Of several processes the slowest.
    pub(crate) p50: f64,
    /// What 99 of 100 took at most.
    pub(crate) p99: f64,
    /// What 999 of 1,000 took at most.
    pub(crate) p999: f64,
    /// The most memory that a process had resident, in bytes.
    pub(crate) peak: f64,
}

impl Library {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Stock => "grpcio as it comes",
            Self::Tonic => "tonic, 2 workers",
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Ours => "target/release/peer-load-ours",
            Self::Stock => "target/release/peer-load-stock",
            Self::Tonic => "target/release/peer-load-tonic",
        }
    }

    /// Asks for the customer `id` as often as `callers` says.
    pub(crate) fn call(self, address: SocketAddr, id: &str, callers: Callers) -> Result<Called, BedError> {
        let each = callers.calls / callers.processes;
        let children = (0..callers.processes).map(|_| self.start(address, id, Callers { calls: each, ..callers }));
        // All at once, before the first is waited for.
        let children: Vec<_> = children.collect::<Result<_, _>>()?;
        let reports = children.into_iter().map(|child| self.report(child, each)).collect::<Result<Vec<_>, _>>()?;
        let sum = |of: fn(&Report) -> f64| reports.iter().map(of).sum::<f64>();
        let most = |of: fn(&Report) -> f64| reports.iter().map(of).fold(0.0, f64::max);
        Ok(Called {
            microseconds: sum(|report| report.cpu_seconds) * 1e6 / callers.calls as f64,
            rate: sum(|report| report.calls as f64 / report.seconds),
            p50: most(|report| report.p50_us),
            p99: most(|report| report.p99_us),
            p999: most(|report| report.p999_us),
            peak: most(|report| report.peak_bytes),
        })
    }

    fn start(self, address: SocketAddr, id: &str, callers: Callers) -> Result<Child, BedError> {
        let path = binaries::repository().join(self.program());
        if !path.is_file() {
            return Err(BedError::Missing { path });
        }
        Command::new(&path)
            .env_clear()
            .args([address.ip().to_string().as_str(), &address.port().to_string(), id, FIRST_NAME, LAST_NAME])
            .args([callers.calls, callers.connections, callers.at_once].map(|number| number.to_string()))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(BedError::io(format!("start {}", path.display())))
    }

    fn report(self, child: Child, calls: usize) -> Result<Report, BedError> {
        let output = child.wait_with_output().map_err(BedError::io(format!("wait for {}", self.program())))?;
        let said = |reason: &str| BedError::Unexpected(format!("{}: {}", self.program(), reason.trim()));
        if !output.status.success() {
            return Err(said(&String::from_utf8_lossy(&output.stderr)));
        }
        let report: Report = serde_json::from_slice(&output.stdout).map_err(|error| said(&error.to_string()))?;
        if report.calls == calls {
            Ok(report)
        } else {
            Err(said(&format!("{} calls instead of {calls}", report.calls)))
        }
    }
}
