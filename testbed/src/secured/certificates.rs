//! Certificates for development, made by the repository's own tools.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{BedError, binaries};

/// Who vouches for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// For callers, and for Envoy before them.
    Callers,
    /// For servers, and for Envoy as their caller.
    Servers,
}

impl Authority {
    fn name(self) -> &'static str {
        match self {
            Self::Callers => "callers-ca",
            Self::Servers => "servers-ca",
        }
    }
}

/// What a certificate is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Who is called.
    Server,
    /// Who calls.
    Client,
}

impl Use {
    fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

/// The authorities and certificates that `tools/certs` makes; each certificate is a folder with `tls.crt`, `tls.key` and
/// the `ca.crt` of the other side.
#[derive(Debug)]
pub struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Makes them in `folder`.
    pub fn make(folder: PathBuf) -> Result<Self, BedError> {
        let made = Self { folder };
        made.certs(&[made.folder.as_os_str()])?;
        Ok(made)
    }

    /// Where one of them is, be it there or not.
    pub fn of(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A new key and certificate for the same name.
    pub fn renew(&self, name: &str) -> Result<(), BedError> {
        self.certs(&["--renew".as_ref(), self.folder.as_os_str(), name.as_ref()])
    }

    /// One more, for the names `sans` (as in `DNS:a,IP:127.0.0.1,URI:spiffe://b`).
    pub fn issue(&self, authority: Authority, name: &str, good_for: Use, sans: &str) -> Result<PathBuf, BedError> {
        self.issue_as(&["--issue"], authority, name, good_for, sans)
    }

    /// The same, but its time is over.
    pub fn issue_expired(
        &self,
        authority: Authority,
        name: &str,
        good_for: Use,
        sans: &str,
    ) -> Result<PathBuf, BedError> {
        self.issue_as(&["--issue", "--expired"], authority, name, good_for, sans)
    }

    fn issue_as(
        &self,
        how: &[&str],
        authority: Authority,
        name: &str,
        good_for: Use,
        sans: &str,
    ) -> Result<PathBuf, BedError> {
        let mut arguments: Vec<&OsStr> = how.iter().map(OsStr::new).collect();
        arguments.push(self.folder.as_os_str());
        arguments.extend([authority.name(), name, good_for.name(), sans].map(OsStr::new));
        self.certs(&arguments)?;
        Ok(self.of(name))
    }

    fn certs(&self, arguments: &[&OsStr]) -> Result<(), BedError> {
        tool("tools/certs", arguments).map(|_| ())
    }
}

/// Runs a tool of the repository to its end and returns what it printed.
pub(super) fn tool(path: &str, arguments: &[&OsStr]) -> Result<String, BedError> {
    let program: PathBuf = binaries::repository().join(Path::new(path));
    let output = Command::new(&program).args(arguments).output().map_err(BedError::io(format!("run {path}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(BedError::Unexpected(format!("{path} failed: {said}")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
