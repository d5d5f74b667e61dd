//! An issuer of tokens (JSON Web Tokens, RFC 7519), as `tools/tokens` is one.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::{BedError, binaries};

const VALID_SECONDS: u64 = 600;

/// An issuer with a key of its own.
#[derive(Debug)]
pub struct TokenIssuer {
    folder: PathBuf,
}

impl TokenIssuer {
    /// Makes its key, and `jwks.json` with the public part, in `folder`.
    pub fn make(folder: PathBuf) -> Result<Self, BedError> {
        tool(&["keys".as_ref(), folder.as_os_str()])?;
        Ok(Self { folder })
    }

    /// Where its key is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Claims that `overlays/authorization-jwt` takes, for ten minutes.
    pub fn claims(role: &str) -> Value {
        let now = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
        json!({ "iss": "https://issuer.example", "aud": "ticketing", "exp": now + VALID_SECONDS, "role": role })
    }

    /// A token that says this, whatever it is.
    pub fn sign(&self, claims: &Value) -> Result<String, BedError> {
        tool(&["sign".as_ref(), self.folder.as_os_str(), claims.to_string().as_ref()])
    }
}

/// What `tools/tokens` prints.
fn tool(arguments: &[&OsStr]) -> Result<String, BedError> {
    let output = Command::new(binaries::repository().join("tools/tokens")).args(arguments).output();
    let output = output.map_err(BedError::io("run tools/tokens"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(BedError::Unexpected(format!("tools/tokens ended with {}: {}", output.status, said.trim())))
}
