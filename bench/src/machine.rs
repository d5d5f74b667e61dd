//! What was measured on: a figure of another machine or another day is another figure.

use std::fs;
use std::process::Command;

use testbed::page::today;
use testbed::{BedError, binaries};

/// When, of which sources, and on what: `2026-11-30, sources 0123456789ab, 2 CPUs (…), Linux 6.1`.
pub(crate) fn told() -> Result<String, BedError> {
    let cpus = read("/proc/cpuinfo")?;
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("of an unnamed model", |(_, model)| model);
    let (count, kernel) = (cpus.matches("processor\t").count(), read("/proc/sys/kernel/osrelease")?);
    Ok(format!("{}, sources {}, {count} CPUs ({model}), Linux {}", today(), commit()?, kernel.trim()))
}

fn read(path: &str) -> Result<String, BedError> {
    fs::read_to_string(path).map_err(BedError::io(format!("read {path}")))
}

/// The commit, and whether anything but its documents was changed since.
fn commit() -> Result<String, BedError> {
    let commit = git(&["describe", "--always", "--abbrev=12"])?;
    let changed = git(&["status", "--porcelain", "--", ".", ":!docs", ":!*.md"])?;
    Ok(if changed.is_empty() { commit } else { commit + "-dirty" })
}

fn git(arguments: &[&str]) -> Result<String, BedError> {
    let output = Command::new("git").args(arguments).current_dir(binaries::repository()).output();
    let output = output.map_err(BedError::io("ask git for the commit"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(BedError::Unexpected(format!("git tells no commit: {}", said.trim())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
