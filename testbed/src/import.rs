//! Imports by the real client program.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use crate::{BedError, Process, Stop, binaries, wait};

const LIMIT: Duration = Duration::from_mins(30);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A running `ticketing-client import`. It ends when it is dropped.
#[derive(Debug)]
pub struct Import {
    process: Process,
    summary: PathBuf,
    rejected: PathBuf,
}

/// What the client says at the end of an import.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct ImportSummary {
    /// Rows in the file.
    pub rows: u64,
    /// Customers that this import made.
    pub created: u64,
    /// Rows that were customers already.
    pub already_there: u64,
    /// Rows that cannot be customers.
    pub rejected: u64,
    /// How long it took.
    pub seconds: f64,
}

impl Import {
    /// Has the client look at `list` as it does before an import; sends nothing. A list that cannot be imported is the
    /// error.
    pub fn check(list: &Path) -> Result<(), BedError> {
        let mut command = Command::new(binaries::client()?);
        command.env_clear().args(["import", "--check"]).arg(list);
        let output = command.output().map_err(BedError::io("start ticketing-client"))?;
        // Unfit rows are no reason to refuse the others.
        if matches!(output.status.code(), Some(0 | 3)) {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(BedError::Unexpected(said.trim().trim_start_matches("error: ").to_owned()))
    }

    /// Starts importing `list` through the server or proxy at `address`. What the client writes goes into `folder`.
    pub fn start(address: SocketAddr, list: &Path, folder: &Path) -> Result<Self, BedError> {
        let summary = folder.join("import.json");
        let rejected = folder.join("rejected.csv");
        let out = File::create(&summary).map_err(BedError::io(format!("write {}", summary.display())))?;
        let mut command = Command::new(binaries::client()?);
        command
            .env_clear()
            .envs(binaries::corking())
            .args(["--server-domain", &address.ip().to_string()])
            .args(["--server-port", &address.port().to_string()])
            .args(["--output", "json", "import"])
            .arg("--rejected")
            .arg(&rejected)
            .arg(list);
        let process =
            Process::start_printing_to(out.into(), "ticketing-client", &mut command, &folder.join("client.log"))?;
        Ok(Self { process, summary, rejected })
    }

    /// The process, to be killed for example.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Where rejected rows are written, if there are any.
    pub fn rejected(&self) -> &Path {
        &self.rejected
    }

    /// Waits for the end and returns the summary. Rejected rows are no failure here, everything else is.
    pub fn finish(&self, stop: &Stop) -> Result<ImportSummary, BedError> {
        wait::until("the end of the import", LIMIT, LOOK_EVERY, stop, || Ok(self.process.ended()))?;
        let text = fs::read_to_string(&self.summary).unwrap_or_default();
        // Without a summary the client failed, and its log says why.
        serde_json::from_str(&text).map_err(|_| self.process.check_running().expect_err("it has ended"))
    }
}
