//! What a run saw, kept for the report: `target/figures/bench-NAME.json`, with the server that it was seen of.

use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use testbed::{BedError, binaries};

#[derive(Debug, Serialize, Deserialize)]
struct Record<T> {
    /// The program that was measured, told by its content.
    server: String,
    seen: T,
}

/// Keeps it.
pub(crate) fn write<T: Serialize>(name: &str, seen: &T) -> Result<(), BedError> {
    let path = path(name);
    let text = serde_json::to_vec_pretty(&Record { server: server()?, seen }).expect("plain data");
    fs::write(&path, text).map_err(BedError::io(format!("write {}", path.display())))
}

/// What was kept, of the server as it is built now.
pub(crate) fn read<T: DeserializeOwned>(name: &str) -> Result<T, BedError> {
    let path = path(name);
    let text = fs::read(&path)
        .map_err(BedError::io(format!("read {} (run `make figures-bench` before the report)", path.display())))?;
    let another = |what: &str| {
        BedError::Unexpected(format!("{} is of another {what}; run `make figures-bench` again", path.display()))
    };
    let record: Record<T> = serde_json::from_slice(&text).map_err(|error| another(&format!("version: {error}")))?;
    if record.server == server()? { Ok(record.seen) } else { Err(another("server than is built now")) }
}

fn server() -> Result<String, BedError> {
    let path = binaries::repository().join("target/release/ticketing-server");
    let program = fs::read(&path).map_err(BedError::io(format!("read {}", path.display())))?;
    let mut hasher = DefaultHasher::new();
    hasher.write(&program);
    Ok(format!("{:016x}", hasher.finish()))
}

fn path(name: &str) -> PathBuf {
    binaries::repository().join(format!("target/figures/bench-{name}.json"))
}
