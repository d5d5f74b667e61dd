//! The program as a process, and its log.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_ticketing-server");

pub(crate) fn program(folder: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["--listen-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"]).env("DRAIN_DELAY", "0s");
    command.args(flags).current_dir(folder).env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// A program that has ended by itself.
pub(crate) fn ended(flags: &[&str]) -> (Output, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    (program(folder.path(), flags).output().expect("it runs"), folder)
}

pub(crate) fn one_line(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let complaints: Vec<_> = text.lines().filter(|line| line.starts_with("ticketing-server: ")).collect();
    assert_eq!(complaints.len(), 1, "one clear line: {text}");
    complaints[0].to_owned()
}

pub(crate) struct Started {
    pub(crate) child: Child,
    pub(crate) log: BufReader<ChildStderr>,
    pub(crate) _folder: TempDir,
}

impl Started {
    pub(crate) fn new(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = program(folder.path(), flags).stderr(Stdio::piped()).spawn().expect("it runs");
        let log = BufReader::new(child.stderr.take().expect("a pipe"));
        Self { child, log, _folder: folder }
    }

    /// Reads the log up to a line with this text, and returns what follows it in that line.
    pub(crate) fn log_line(&mut self, text: &str) -> String {
        let mut seen = String::new();
        loop {
            let begin = seen.len();
            assert_ne!(self.log.read_line(&mut seen).expect("the log is text"), 0, "no {text:?} in the log:\n{seen}");
            if let Some((_, rest)) = seen[begin..].split_once(text) {
                return rest.trim().to_owned();
            }
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("it lives");
    }

    pub(crate) fn wait(mut self) -> ExitStatus {
        self.child.wait().expect("it ends")
    }
}

/// A test that fails leaves no process behind.
impl Drop for Started {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
