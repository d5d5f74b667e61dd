//! Certificates and keys in files, as cert-manager and `kubectl create secret tls` write them (PEM): read, checked before
//! anything is done with them, and seen when they change.
//!
//! C-core takes what it is given and only says, in its log, that a handshake failed. So what can be known beforehand is
//! found out here, by rustls, which PostgreSQL's TLS brings along anyway: whether a key belongs to its certificate, and
//! until when that is valid.

mod files;
mod pair;
mod validity;
mod watched;

use std::fmt;
use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

pub use files::Fingerprint;
pub use pair::Pair;
pub use validity::{Validity, told};
pub use watched::Watched;

/// Which of the files is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A certificate, with those between it and its authority.
    Certificate,
    /// The key of that certificate.
    Key,
    /// Certificates of the authorities that vouch for the other side.
    Authorities,
}

/// A file that cannot be used: which, and what would do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path:?}: {advice}")]
pub struct Unfit {
    /// What it was meant to hold.
    pub role: Role,
    /// Where it is.
    pub path: PathBuf,
    /// What is wrong, and what to do.
    pub advice: String,
}

impl Unfit {
    fn new(role: Role, path: &Path, advice: impl Into<String>) -> Self {
        Self { role, path: path.to_owned(), advice: advice.into() }
    }
}

/// Certificates of authorities, as PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorities(Vec<u8>);

impl Authorities {
    /// Reads them; there is at least one, and one of them has not expired. Others may have: an authority that is replaced
    /// stays in the file beside its successor for a while.
    pub fn read(path: &Path) -> Result<Self, Unfit> {
        let pem = files::read(Role::Authorities, path)?;
        let unfit = |advice: String| Unfit::new(Role::Authorities, path, advice);
        let all = certificates(&pem).map_err(unfit)?;
        let valid = all.iter().map(Validity::of).collect::<Result<Vec<_>, _>>().map_err(unfit)?;
        match valid.iter().map(|validity| validity.end).max() {
            Some(last) if last < std::time::SystemTime::now() => {
                Err(unfit(format!("it expired at {}; take the authority's present certificate", told(last))))
            }
            _ => Ok(Self(pem)),
        }
    }

    /// The file's content.
    pub fn pem(&self) -> &[u8] {
        &self.0
    }

    /// The certificates.
    pub fn all(&self) -> Vec<CertificateDer<'static>> {
        certificates(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} authorities", self.all().len())
    }
}

/// All certificates of a PEM file, of which there is at least one.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    match CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>() {
        Ok(all) if all.is_empty() => {
            Err("there is no certificate in it; use a PEM file, which has -----BEGIN CERTIFICATE-----".to_owned())
        }
        Ok(all) => Ok(all),
        Err(error) => Err(format!("it is no whole PEM file ({error}); write it again")),
    }
}
