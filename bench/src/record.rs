//! What a run saw, kept for the report: `target/figures/bench-NAME.json`.

use std::fs;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;
use testbed::{BedError, binaries};

/// Keeps it.
pub(crate) fn write<T: Serialize>(name: &str, seen: &T) -> Result<(), BedError> {
    let path = path(name);
    let text = serde_json::to_vec_pretty(seen).expect("plain data");
    fs::write(&path, text).map_err(BedError::io(format!("write {}", path.display())))
}

/// What was kept.
pub(crate) fn read<T: DeserializeOwned>(name: &str) -> Result<T, BedError> {
    let path = path(name);
    let text = fs::read(&path)
        .map_err(BedError::io(format!("read {} (run `make figures-bench` before the report)", path.display())))?;
    serde_json::from_slice(&text)
        .map_err(|error| BedError::Unexpected(format!("{} is of another version: {error}", path.display())))
}

fn path(name: &str) -> PathBuf {
    binaries::repository().join(format!("target/figures/bench-{name}.json"))
}
