//! What a run saw, kept for the report: `target/figures/bench-NAME.json`, with what it was seen of.

use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::ErrorKind;
use std::path::PathBuf;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use testbed::{BedError, binaries};

use crate::machine;

/// What `figures` writes when it has measured all of them.
pub(crate) const FIGURES: &str = "target/figures/bench.json";

#[derive(Debug, Serialize, Deserialize)]
struct Record<T> {
    /// What was measured, told by its content.
    measured: String,
    /// When, of which sources, and on what.
    on: String,
    seen: T,
}

/// Drops what was kept before a new run, which may not come to its end, and all figures, of which it was a part: a page must
/// not mix two runs.
pub(crate) fn forget(name: &str) -> Result<(), BedError> {
    [path(name), binaries::repository().join(FIGURES)].iter().try_for_each(|path| match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(BedError::io(format!("remove {}", path.display()))(error))
        }
        _ => Ok(()),
    })
}

/// Keeps it.
pub(crate) fn write<T: Serialize>(name: &str, seen: &T) -> Result<(), BedError> {
    let path = path(name);
    let text =
        serde_json::to_vec_pretty(&Record { measured: measured()?, on: machine::told()?, seen }).expect("plain data");
    fs::write(&path, text).map_err(BedError::io(format!("write {}", path.display())))
}

/// What was kept, of what is here now.
pub(crate) fn read<T: DeserializeOwned>(name: &str) -> Result<T, BedError> {
    whole(name).map(|record| record.seen)
}

/// When that was measured, of which sources, and on what.
pub(crate) fn told_of(name: &str) -> Result<String, BedError> {
    whole::<IgnoredAny>(name).map(|record| record.on)
}

fn whole<T: DeserializeOwned>(name: &str) -> Result<Record<T>, BedError> {
    let path = path(name);
    let text = fs::read(&path)
        .map_err(BedError::io(format!("read {} (run `make figures-bench` before the report)", path.display())))?;
    let another = |what: &str| {
        BedError::Unexpected(format!("{} is of another {what}; run `make figures-bench` again", path.display()))
    };
    let record: Record<T> = serde_json::from_slice(&text).map_err(|error| another(&format!("version: {error}")))?;
    let what = "server, client, peer or Envoy than is here now";
    if record.measured == measured()? { Ok(record) } else { Err(another(what)) }
}

/// All sides of the comparisons, and both Envoys' files.
const MEASURED: [&str; 12] = [
    "target/release/ticketing-server",
    "target/release/peer-load-ours",
    "target/release/peer-load-stock",
    "target/release/peer-load-tonic",
    "target/release/peer-stock",
    "target/release/peer-tonic",
    "target/peers/peer-cpp",
    "target/peers/peer-go",
    "bench/peers/python/peer.py",
    ".tools/bin/envoy",
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
