//! An attacker, seen from outside.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{Attack, Got};
use crate::{BedError, Process, Stop, binaries, wait};

/// Past the end of the attack: a busy machine, and 10,000 sockets to close.
const MORE: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// An attack under way. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    process: Process,
    output: PathBuf,
    lasting: Duration,
}

impl Running {
    /// Starts it; files go into `folder`.
    pub(crate) fn start(
        attack: &Attack,
        address: SocketAddr,
        lasting: Duration,
        folder: &Path,
    ) -> Result<Self, BedError> {
        let mut command = Command::new(binaries::testbed()?);
        command.args(["attack", attack.name, "--address", &address.to_string()]);
        command.args(["--lasting", &format!("{}ms", lasting.as_millis())]);
        let output = folder.join(format!("{}.json", attack.name));
        let file = File::create(&output).map_err(BedError::io(format!("make {}", output.display())))?;
        let log = folder.join("attacks.log");
        let process = Process::start_printing_to(file.into(), attack.name, &mut command, &log)?;
        Ok(Self { process, output, lasting })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Waits for its end: what the attacker got.
    pub(crate) fn finish(self, stop: &Stop) -> Result<Got, BedError> {
        let what = format!("the end of {}", self.process.name());
        let status = wait::until(&what, self.lasting + MORE, LOOK_EVERY, stop, || Ok(self.process.ended()))?;
        let text = fs::read(&self.output).map_err(BedError::io(format!("read {}", self.output.display())))?;
        serde_json::from_slice(&text).map_err(|_| BedError::Ended {
            name: self.process.name().to_owned(),
            status,
            log: self.process.log_tail(),
        })
    }
}
