//! Runs the program as a user does.

use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// The program, to be pointed at a server on this port.
pub(crate) fn program(port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ticketing-client"));
    for variable in ["DEADLINE", "LOG_FORMAT", "RUST_LOG"] {
        command.env_remove(variable);
    }
    command.env("SERVER_DOMAIN", "127.0.0.1").env("SERVER_PORT", port.to_string());
    command
}

/// What a run left.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON: {:?} {:?}", self.out, self.err))
    }

    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect()
    }

    /// Asserts that it failed with `code` and says why on a single line.
    pub(crate) fn failed_with_one_line(&self, code: i32) -> &str {
        assert_eq!((self.code, self.err.lines().count()), (Some(code), 1), "{:?} {:?}", self.out, self.err);
        &self.err
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

/// Runs it to its end.
pub(crate) fn run(port: u16, args: &[&str]) -> Ended {
    program(port).args(args).output().expect("the program starts").into()
}

/// Runs it to its end, with a pipe as standard input that stays open and silent.
pub(crate) fn run_piped(command: &mut Command) -> Ended {
    let (reader, _writer) = io::pipe().expect("a pipe");
    command.stdin(reader).output().expect("the program starts").into()
}

/// Imports a file with more arguments.
pub(crate) fn import(port: u16, file: &Path, args: &[&str]) -> Ended {
    program(port).arg("import").arg(file).args(args).output().expect("the program starts").into()
}

/// A program that runs while the test goes on; killed if the test fails.
pub(crate) struct Background {
    child: Option<Child>,
    log: BufReader<ChildStderr>,
}

impl Background {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let log = BufReader::new(child.stderr.take().expect("stderr is piped"));
        Self { child: Some(child), log }
    }

    /// Reads the log up to a line that contains `text`.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            assert_ne!(self.log.read_line(&mut line).expect("the log is text"), 0, "the log ended without {text:?}");
        }
        line
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("it is running");
        kill_process(Pid::from_child(child), signal).expect("it is running");
    }

    /// Waits for the end; the rest of the log is read meanwhile, so that it cannot block.
    pub(crate) fn end(mut self) -> Ended {
        let mut err = String::new();
        std::io::Read::read_to_string(&mut self.log, &mut err).expect("the log is text");
        let child = self.child.take().expect("it is running");
        Ended { err, ..child.wait_with_output().expect("it ends").into() }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
