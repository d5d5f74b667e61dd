//! What the container engine is asked, and what it answers.

mod moment;

use std::process::{Command, Output};
use std::time::SystemTime;

pub(crate) use moment::moment;

use crate::{BedError, binaries};

/// Fails, with what to do, where no engine answers.
pub(crate) fn check() -> Result<(), BedError> {
    let script = binaries::repository().join("tools/engine");
    let output = Command::new(&script).output().map_err(BedError::io(format!("run {}", script.display())))?;
    // Its one line says all.
    if output.status.success() { Ok(()) } else { Err(BedError::Unexpected(said(&output))) }
}

/// The answer of `docker` with these arguments.
pub(crate) fn docker<const N: usize>(args: [&str; N]) -> Result<String, BedError> {
    ask(Command::new("docker").args(args))
}

/// When a container wrote the first line of its log that contains `text`, as the engine noted it.
pub(crate) fn logged_at(container: &str, text: &str) -> Result<Option<SystemTime>, BedError> {
    let Output { stdout, stderr, .. } = run(Command::new("docker").args(["logs", "--timestamps", container]))?;
    // What a container says on stderr, as servers do, is repeated there.
    let log = [stdout, stderr].concat();
    let log = String::from_utf8_lossy(&log);
    let line = log.lines().find(|line| line.contains(text));
    Ok(line.and_then(|line| moment(line.split(' ').next()?)))
}

/// What a command prints, without the line's end.
pub(crate) fn ask(command: &mut Command) -> Result<String, BedError> {
    run(command).map(|output| String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// Its failure is told in its own words.
fn run(command: &mut Command) -> Result<Output, BedError> {
    let output = command.output().map_err(BedError::io(format!("run {}", command.get_program().display())))?;
    if output.status.success() {
        return Ok(output);
    }
    let args: Vec<_> = command.get_args().map(|arg| arg.to_string_lossy()).collect();
    Err(BedError::Unexpected(format!("{} {}: {}", command.get_program().display(), args.join(" "), said(&output))))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}
