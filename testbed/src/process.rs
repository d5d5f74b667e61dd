//! A child process that ends with its guard.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::watchdog::Watchdog;
use crate::{BedError, usage, wait};

/// How long a process may take to end once it was asked to, before it is killed.
pub(crate) const END_LIMIT: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// As much of a log's end as an error shows.
const TAIL_BYTES: usize = 2_000;

/// A running child in a process group of its own, so that a Ctrl-C in the terminal reaches only us and the end stays
/// orderly. Dropping it asks it to end, and kills it if it does not; it is killed too if this program is.
#[derive(Debug)]
pub struct Process {
    name: Box<str>,
    pid: u32,
    child: Mutex<Child>,
    log: PathBuf,
    /// None only until the child has one.
    watchdog: Option<Watchdog>,
}

impl Process {
    /// Starts `command`; what it writes is appended to the file `log`.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self, BedError> {
        let out = append_to(log)?;
        Self::start_printing_to(out.into(), name, command, log)
    }

    /// As [`Process::start`], with stdout to a place of its own.
    pub fn start_printing_to(stdout: Stdio, name: &str, command: &mut Command, log: &Path) -> Result<Self, BedError> {
        let child = command
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(append_to(log)?)
            .process_group(0)
            .spawn()
            .map_err(BedError::io(format!("start {name} ({})", command.get_program().display())))?;
        let pid = child.id();
        let mut process =
            Self { name: name.into(), pid, child: Mutex::new(child), log: log.to_owned(), watchdog: None };
        process.watchdog = Some(Watchdog::over(pid).map_err(BedError::io(format!("watch over {name} (sh)")))?);
        Ok(process)
    }

    /// What it was called at its start.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The process id; also that of its group.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended, if it did.
    pub fn ended(&self) -> Option<ExitStatus> {
        self.child().try_wait().ok().flatten()
    }

    /// An error with the end of its log, if it ended.
    pub fn check_running(&self) -> Result<(), BedError> {
        match self.ended() {
            None => Ok(()),
            Some(status) => Err(BedError::Ended { name: self.name.to_string(), status, log: self.log_tail() }),
        }
    }

    /// Sends a signal; nothing happens if it has ended.
    pub fn signal(&self, signal: Signal) {
        // Under the lock, so that nobody reaps the child meanwhile: its id cannot belong to a stranger.
        let mut child = self.child();
        let running = matches!(child.try_wait(), Ok(None));
        if let Some(group) = i32::try_from(self.pid).ok().and_then(Pid::from_raw).filter(|_| running) {
            // It can only fail because the process ended by itself a moment ago.
            let _ = kill_process_group(group, signal);
        }
    }

    /// Asks it to end, also if it is stopped (a stopped process does not see any other signal).
    pub fn ask_to_end(&self) {
        self.signal(Signal::TERM);
        self.signal(Signal::CONT);
    }

    /// Waits for its end; `None` if it has not come after `limit`.
    pub fn wait(&self, limit: Duration) -> Option<ExitStatus> {
        let begun = Instant::now();
        loop {
            let ended = self.ended();
            if ended.is_some() || begun.elapsed() >= limit {
                return ended;
            }
            wait::rest(LOOK_EVERY);
        }
    }

    /// Kills it (SIGKILL) and waits until it is gone.
    pub fn kill(&self) -> io::Result<ExitStatus> {
        self.signal(Signal::KILL);
        self.child().wait()
    }

    /// Waits for its end until `deadline`, then kills it.
    pub(crate) fn end_by(&self, deadline: Instant) {
        if self.wait(deadline.saturating_duration_since(Instant::now())).is_none() {
            // Nobody is left to tell if even that fails.
            let _ = self.kill();
        }
    }

    /// The most memory that it ever had resident, in bytes.
    pub fn peak_memory(&self) -> Result<u64, BedError> {
        usage::peak_memory(self.pid)
    }

    /// The memory that it has resident now, in bytes.
    pub fn memory(&self) -> Result<u64, BedError> {
        usage::memory(self.pid)
    }

    /// CPU time that it has used, in user and kernel. It counts in hundredths of a second.
    pub fn cpu_time(&self) -> Result<Duration, BedError> {
        usage::cpu_time(self.pid)
    }

    /// The end of its log, for people.
    pub fn log_tail(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&text[text.len().saturating_sub(TAIL_BYTES)..]).trim().to_owned()
    }

    /// The whole log.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        // A panic elsewhere must not keep the guard from ending its process.
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.ask_to_end();
        self.end_by(Instant::now() + END_LIMIT);
        // Only now: whoever kills this program while it waits leaves nothing either.
        self.watchdog = None;
    }
}

fn append_to(log: &Path) -> Result<File, BedError> {
    File::options().create(true).append(true).open(log).map_err(BedError::io(format!("open the log {}", log.display())))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn shell(script: &str) -> (tempfile::TempDir, Process) {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let process = Process::start("shell", Command::new("sh").args(["-c", script]), &log).unwrap();
        (folder, process)
    }

    fn exists(pid: u32) -> bool {
        Path::new("/proc").join(pid.to_string()).exists()
    }

    #[test]
    fn a_process_ends_with_its_guard() {
        let (_folder, process) = shell("sleep 60");
        let pid = process.pid();
        drop(process);
        assert!(!exists(pid));
    }

    #[test]
    fn a_process_ends_with_its_guard_when_a_panic_unwinds() {
        let (_folder, process) = shell("sleep 60");
        let pid = process.pid();
        let panicked = thread::spawn(move || {
            let _process = process;
            panic!("on purpose");
        });
        assert!(panicked.join().is_err());
        assert!(!exists(pid));
    }

    #[test]
    fn a_stopped_process_ends_with_its_guard_too() {
        let (_folder, process) = shell("sleep 60");
        let pid = process.pid();
        process.signal(Signal::STOP);
        drop(process);
        assert!(!exists(pid));
    }

    #[test]
    fn an_early_end_is_reported_with_the_end_of_the_log() {
        let (_folder, process) = shell("echo out of luck >&2; exit 3");
        process.wait(END_LIMIT).expect("the shell ends by itself");
        let text = process.check_running().unwrap_err().to_string();
        assert!(text.contains("exit status: 3") && text.contains("out of luck"), "{text}");
    }
}
