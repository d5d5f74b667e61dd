//! What was measured, kept as JSON beside the page that shows it.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{BedError, binaries};

/// What a file of findings holds, by its path in the repository.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T, BedError> {
    let full = binaries::repository().join(path);
    let text = fs::read(full).map_err(BedError::io(format!("read {}", path.display())))?;
    serde_json::from_slice(&text).map_err(|error| BedError::Unexpected(format!("{}: {error}", path.display())))
}

/// Findings as their file holds them.
pub fn json(findings: &impl Serialize) -> String {
    serde_json::to_string_pretty(findings).expect("findings are plain data") + "\n"
}

/// The day of a run (UTC), as pages say it: 2026-11-29.
pub fn today() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string().chars().take(10).collect()
}
