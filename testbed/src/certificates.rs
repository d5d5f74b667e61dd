//! Certificates of `tools/certs`, in a folder that goes with its guard.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::{BedError, binaries};

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// A server shows it.
    Server,
    /// A caller shows it.
    Client,
}

/// The certificates that `tools/certs` makes, and more where a test needs odd ones.
#[derive(Debug)]
pub struct Certificates {
    folder: TempDir,
}

impl Certificates {
    /// Both authorities and all that they vouch for: `server`, `envoy-client`, `envoy`, `reader`, `writer`.
    pub fn make() -> Result<Self, BedError> {
        let made = Self { folder: binaries::scratch("ticketing-certs-")? };
        made.tool(&[], &[])?;
        Ok(made)
    }

    /// New keys and certificates for these names, in the same files. The two files change one after the other.
    pub fn renew(&self, names: &[&str]) -> Result<(), BedError> {
        self.tool(&["--renew"], names)
    }

    /// One more, under a name of its own; `authority` is `callers-ca` or `servers-ca`, `sans` are as openssl has them.
    pub fn issue(&self, authority: &str, name: &str, purpose: Use, sans: &str) -> Result<(), BedError> {
        self.tool(&["--issue"], &[authority, name, purpose.name(), sans])
    }

    /// The same, which expired a day ago.
    pub fn issue_expired(&self, authority: &str, name: &str, purpose: Use, sans: &str) -> Result<(), BedError> {
        self.tool(&["--issue", "--expired"], &[authority, name, purpose.name(), sans])
    }

    /// Where all of them are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of a name, with its certificate, its key, and the authority of the other side.
    pub fn of(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// The certificate of a name, with those between it and its authority.
    pub fn certificate(&self, name: &str) -> PathBuf {
        self.of(name).join("tls.crt")
    }

    /// The key of a name.
    pub fn key(&self, name: &str) -> PathBuf {
        self.of(name).join("tls.key")
    }

    /// The authority on the other side of a name.
    pub fn authority(&self, name: &str) -> PathBuf {
        self.of(name).join("ca.crt")
    }

    fn tool(&self, before: &[&str], after: &[&str]) -> Result<(), BedError> {
        let mut command = Command::new(binaries::repository().join("tools/certs"));
        let output = command.args(before).arg(self.folder()).args(after).output();
        let output = output.map_err(BedError::io("run tools/certs"))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(BedError::Unexpected(format!("tools/certs ended with {}: {}", output.status, said.trim())))
    }
}

impl Use {
    const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}
