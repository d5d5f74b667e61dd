//! A process of callers, seen from outside.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::record::Line;
use super::{Policy, Report};
use crate::{BedError, Process, Stop, binaries, wait};

const FIRST_LIMIT: Duration = Duration::from_secs(10);
/// A call under way may take its whole deadline, three seconds.
const END_LIMIT: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Gives the process a resolv.conf of its own: the native resolver knows no other way to ask a server of ours.
const WITH_RESOLV_CONF: &str = r#"mount --bind "$0" /etc/resolv.conf && exec "$@""#;

/// What callers call.
pub(crate) struct Address {
    host: String,
    port: u16,
    resolv_conf: Option<PathBuf>,
}

impl Address {
    pub(crate) fn of(address: std::net::SocketAddr) -> Self {
        Self { host: address.ip().to_string(), port: address.port(), resolv_conf: None }
    }

    /// A name, resolved as the file at `resolv_conf` says.
    pub(crate) fn named(name: &str, port: u16, resolv_conf: &Path) -> Self {
        Self { host: name.to_owned(), port, resolv_conf: Some(resolv_conf.to_owned()) }
    }
}

/// Callers that call. They end when this is dropped.
pub(crate) struct Running {
    process: Process,
    output: PathBuf,
}

impl Running {
    /// Starts them; files go into `folder`.
    pub(crate) fn start(policy: Policy, address: &Address, folder: &Path) -> Result<Self, BedError> {
        Self::start_with(&[], policy, address, folder)
    }

    /// The same with more arguments of [`Callers`](super::Callers).
    pub(crate) fn start_with(
        more: &[&str],
        policy: Policy,
        address: &Address,
        folder: &Path,
    ) -> Result<Self, BedError> {
        let mut command = match &address.resolv_conf {
            None => Command::new(binaries::testbed()?),
            Some(resolv_conf) => {
                let mut command = Command::new("unshare");
                command
                    .args(["--mount", "--", "sh", "-c", WITH_RESOLV_CONF])
                    .arg(resolv_conf)
                    .arg(binaries::testbed()?);
                command
            }
        };
        command.args(["callers", "--policy", policy.name(), "--host", &address.host]);
        command.args(["--port", &address.port.to_string()]).args(more);
        let output = folder.join("callers.jsonl");
        let file = File::create(&output).map_err(BedError::io(format!("make {}", output.display())))?;
        let log = folder.join("callers.log");
        let process = Process::start_printing_to(file.into(), "callers", &mut command, &log)?;
        Ok(Self { process, output })
    }

    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    pub(crate) fn cpu_time(&self) -> Result<Duration, BedError> {
        self.process.cpu_time()
    }

    /// Returns once the first call was answered.
    pub(crate) fn wait_for_first(&self, stop: &Stop) -> Result<(), BedError> {
        wait::until("an answered call", FIRST_LIMIT, LOOK_EVERY, stop, || {
            self.process.check_running()?;
            Ok(self.lines()?.first().map(|_| ()))
        })
    }

    /// When `pod` first answered, in milliseconds since 1970, if it has.
    pub(crate) fn first_of(&self, pod: &str) -> Result<Option<u64>, BedError> {
        self.process.check_running()?;
        Ok(self.lines()?.into_iter().find_map(|line| match line {
            Line::First { pod: first, unix_ms } if first == pod => Some(unix_ms),
            _ => None,
        }))
    }

    /// Lets each caller finish its call.
    pub(crate) fn finish(self) -> Result<Report, BedError> {
        self.process.check_running()?;
        self.process.ask_to_end();
        let ended = self.process.wait(END_LIMIT);
        let report = self.lines()?.into_iter().find_map(|line| match line {
            Line::End(report) => Some(report),
            Line::First { .. } => None,
        });
        report.ok_or_else(|| {
            BedError::Unexpected(format!("callers that told nothing ({ended:?}): {}", self.process.log_tail()))
        })
    }

    /// A line that is not whole yet is left for the next look.
    fn lines(&self) -> Result<Vec<Line>, BedError> {
        let text = fs::read_to_string(&self.output).map_err(BedError::io("read what the callers saw"))?;
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let parsed = whole.map(serde_json::from_str).collect::<Result<_, _>>();
        parsed.map_err(|error| BedError::Unexpected(format!("{}: {error}", self.output.display())))
    }
}
