//! An issuer of tokens (JSON Web Tokens, RFC 7519), as `tools/tokens` is one.

use std::path::PathBuf;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::certificates::tool;
use crate::BedError;

const VALID_SECONDS: u64 = 600;

/// An issuer with a key of its own.
#[derive(Debug)]
pub struct TokenIssuer {
    folder: PathBuf,
}

impl TokenIssuer {
    /// Makes its key, and `jwks.json` with the public part, in `folder`.
    pub fn make(folder: PathBuf) -> Result<Self, BedError> {
        tool("tools/tokens", &["keys".as_ref(), folder.as_os_str()])?;
        Ok(Self { folder })
    }

    /// Claims that `overlays/authorization-jwt` takes, for ten minutes.
    pub fn claims(role: &str) -> Value {
        let now = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
        json!({ "iss": "https://issuer.example", "aud": "ticketing", "exp": now + VALID_SECONDS, "role": role })
    }

    /// A token that says this, whatever it is.
    pub fn sign(&self, claims: &Value) -> Result<String, BedError> {
        tool("tools/tokens", &["sign".as_ref(), self.folder.as_os_str(), claims.to_string().as_ref()])
    }
}
