//! Where the programs are that a bed runs: what `make build` leaves behind.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::BedError;

/// The root of the repository.
pub fn repository() -> PathBuf {
    // A program that was moved to another checkout, or a checkout that was moved, still finds its own surroundings.
    let beside_us = std::env::current_exe().ok().and_then(|exe| {
        let root = exe.ancestors().find(|folder| folder.join("envoy.yaml").is_file())?;
        Some(root.to_owned())
    });
    beside_us.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
}

/// A folder that goes with its guard, on the disk of `target/`: one for temporary files may be memory, where a sync costs
/// nothing and a crash takes all.
pub fn scratch(prefix: &str) -> Result<TempDir, BedError> {
    let target = repository().join("target");
    std::fs::create_dir_all(&target).map_err(BedError::io("make target/"))?;
    tempfile::Builder::new().prefix(prefix).tempdir_in(target).map_err(BedError::io("make a temporary folder"))
}

/// `ticketing-server`.
pub fn server() -> Result<PathBuf, BedError> {
    built("target/release/ticketing-server")
}

/// `ticketing-client`.
pub fn client() -> Result<PathBuf, BedError> {
    built("target/release/ticketing-client")
}

/// All of our own environment that reaches servers and clients: whether they cork. So a whole run can be had either way.
pub fn corking() -> Option<(&'static str, OsString)> {
    std::env::var_os("CORKING").map(|switch| ("CORKING", switch))
}

/// This crate's own program.
pub fn testbed() -> Result<PathBuf, BedError> {
    built("target/release/testbed")
}

/// Envoy.
pub fn envoy() -> Result<PathBuf, BedError> {
    built(".tools/bin/envoy")
}

/// The Python that has gRPC's packages, for callers in another language.
pub fn python() -> Result<PathBuf, BedError> {
    built(".tools/python/bin/python")
}

fn built(path: &str) -> Result<PathBuf, BedError> {
    let path = repository().join(path);
    if path.is_file() { Ok(path) } else { Err(BedError::Missing { path }) }
}
