//! What a run saw, kept for the report: `target/figures/bench-NAME.json`, with what it was seen of.

use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use testbed::{BedError, binaries};

#[derive(Debug, Serialize, Deserialize)]
struct Record<T> {
    /// What was measured, told by its content.
    measured: String,
    seen: T,
}

/// Keeps it.
pub(crate) fn write<T: Serialize>(name: &str, seen: &T) -> Result<(), BedError> {
    let path = path(name);
    let text = serde_json::to_vec_pretty(&Record { measured: measured()?, seen }).expect("plain data");
    fs::write(&path, text).map_err(BedError::io(format!("write {}", path.display())))
}

/// What was kept, of what is here now.
pub(crate) fn read<T: DeserializeOwned>(name: &str) -> Result<T, BedError> {
    let path = path(name);
    let text = fs::read(&path)
        .map_err(BedError::io(format!("read {} (run `make figures-bench` before the report)", path.display())))?;
    let another = |what: &str| {
        BedError::Unexpected(format!("{} is of another {what}; run `make figures-bench` again", path.display()))
    };
    let record: Record<T> = serde_json::from_slice(&text).map_err(|error| another(&format!("version: {error}")))?;
    let what = "server, client, peer or Envoy than is here now";
    if record.measured == measured()? { Ok(record.seen) } else { Err(another(what)) }
}

/// Both sides of the comparisons: programs that were built here, both Envoys' files, and which crates the peers are made of.
const MEASURED: [&str; 8] = [
    "target/release/ticketing-server",
    "target/release/peer-load-ours",
    "target/release/peer-load-stock",
    "target/peers/peer-cpp",
    "target/peers/peer-go",
    "bench/Cargo.lock",
    "envoy.yaml",
    "testbed/article-envoy.yaml",
];

fn measured() -> Result<String, BedError> {
    let mut hasher = DefaultHasher::new();
    for path in MEASURED {
        let path = binaries::repository().join(path);
        hasher.write(&fs::read(&path).map_err(BedError::io(format!("read {}", path.display())))?);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn path(name: &str) -> PathBuf {
    binaries::repository().join(format!("target/figures/bench-{name}.json"))
}
