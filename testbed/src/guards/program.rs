//! Programs of tests: built by cargo, and run for one test.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::Test;
use crate::{BedError, Process, Stop, binaries, wait};

/// Far more than any test needs: one that waits for what never comes without its guard ends by itself before.
const TEST_LIMIT: Duration = Duration::from_mins(3);
const BUILD_LIMIT: Duration = Duration::from_hours(1);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The programs of tests of one checkout, by the file that each is made from.
pub(super) struct Programs {
    root: PathBuf,
    by_file: BTreeMap<PathBuf, PathBuf>,
}

/// How a test ended.
pub(super) enum Ended {
    /// It holds.
    Passed,
    /// It does not, and this is the first line of what it said.
    Failed(String),
    /// Neither: it did not get as far, or took too long.
    Odd(String),
}

impl Programs {
    /// Has cargo build them in this checkout, with `more` for its command line. What cargo says goes to `log`.
    pub(super) fn build(root: &Path, more: &[&str], log: &Path, stop: &Stop) -> Result<Self, BedError> {
        let mut command = Command::new("cargo");
        command.args(["test", "--release", "--workspace", "--no-run", "--message-format=json"]).args(more);
        // As the Makefile has both: our tools first, and binaries where they are promised.
        let ours = binaries::repository();
        let tools = ours.join(".tools/bin");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(tools).chain(std::env::split_paths(&path)));
        command.current_dir(root).env("CARGO_TARGET_DIR", root.join("target"));
        // A copy has one too; by its name C-core would be compiled once more.
        command.env("CMAKE_TOOLCHAIN_FILE", ours.join("cmake/grpc-unity.cmake"));
        command.env("PATH", path.map_err(|error| BedError::Unexpected(error.to_string()))?);
        let told = log.with_extension("json");
        let messages = File::create(&told).map_err(BedError::io(format!("write {}", told.display())))?;
        let cargo = Process::start_printing_to(messages.into(), "cargo", &mut command, log)?;
        let status = wait::until("the end of a build", BUILD_LIMIT, LOOK_EVERY, stop, || Ok(cargo.ended()))?;
        if !status.success() {
            return Err(BedError::Ended { name: "cargo".to_owned(), status, log: cargo.log_tail() });
        }
        let messages = fs::read_to_string(&told).map_err(BedError::io(format!("read {}", told.display())))?;
        Ok(Self { root: root.to_owned(), by_file: messages.lines().filter_map(artifact).collect() })
    }

    /// The program of a test.
    pub(super) fn of(&self, test: &Test) -> Result<&Path, BedError> {
        let file = self.root.join(test.root());
        let file = file.canonicalize().map_err(BedError::io(format!("find {}", file.display())))?;
        let found = self.by_file.get(&file).map(PathBuf::as_path);
        found.ok_or_else(|| BedError::Unexpected(format!("cargo built no tests of {}", file.display())))
    }
}

fn artifact(line: &str) -> Option<(PathBuf, PathBuf)> {
    let message: Value = serde_json::from_str(line).ok()?;
    let is_test = message["profile"]["test"] == true;
    let source = Path::new(message["target"]["src_path"].as_str()?).canonicalize().ok()?;
    is_test.then_some(())?;
    Some((source, message["executable"].as_str()?.into()))
}

/// Runs one test of a program.
pub(super) fn run(program: &Path, test: &Test, log: &Path, stop: &Stop) -> Result<Ended, BedError> {
    // One file a run: what is in it is looked at.
    let _ = fs::remove_file(log);
    let folder = program.parent().unwrap_or(program);
    let mut command = Command::new(program);
    command.args(["--exact", &test.path()]).current_dir(folder).env("RUST_BACKTRACE", "0");
    let process = Process::start("a test", &mut command, log)?;
    match wait::until("the end of a test", TEST_LIMIT, LOOK_EVERY, stop, || Ok(process.ended())) {
        Ok(_) => Ok(ended(&process.log(), test)),
        Err(BedError::TooLate { .. }) => Ok(Ended::Odd(format!("it did not end within {TEST_LIMIT:?}"))),
        Err(other) => Err(other),
    }
}

fn ended(log: &str, test: &Test) -> Ended {
    let path = test.path();
    if log.contains(&format!("test {path} ... ok")) {
        return Ended::Passed;
    }
    // The line behind that of the panic.
    let said = log.lines().skip_while(|line| !line.contains("panicked at ")).nth(1).unwrap_or_default().to_owned();
    // A process that does not take what it was given says nothing of what it protects.
    let started = !log.contains("`Err` value: Ended {") && !log.contains("`Err` value: EnvoyFile {");
    let failed = log.contains(&format!("test {path} ... FAILED")) && !said.is_empty();
    if failed && started { Ended::Failed(said) } else { Ended::Odd(tail(log)) }
}

fn tail(log: &str) -> String {
    let mut last: Vec<_> = log.lines().rev().take(12).collect();
    last.reverse();
    last.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_was_not_there_or_did_not_get_as_far_proves_nothing() {
        let test = Test::of("testbed/tests/e2e/tls.rs", "it_holds");
        let of = |log: &str| match ended(log, &test) {
            Ended::Passed => "passed".to_owned(),
            Ended::Failed(said) => said,
            Ended::Odd(_) => "odd".to_owned(),
        };
        assert_eq!(of("running 0 tests\n"), "odd");
        assert_eq!(of("test tls::it_holds ... ok\n"), "passed");
        let failed = "test tls::it_holds ... FAILED\n---\nthread 't' panicked at a.rs:1:\n";
        assert_eq!(of(&format!("{failed}no call fails\n")), "no call fails");
        let refused = "called `Result::unwrap()` on an `Err` value: Ended { name: \"envoy\" }";
        assert_eq!(of(&format!("{failed}{refused}\n")), "odd");
    }
}
