//! TLS: the files, read and checked, so that a server with unfit ones ends before it listens.

use std::net::SocketAddr;
use std::path::PathBuf;

use certificates::{Authorities, Pair, Role, Unfit};

use super::{Args, BadSetting, address, clash};

/// How calls are encrypted.
#[derive(Debug, Clone)]
pub struct Encryption {
    pub(crate) files: EncryptionFiles,
    pub(crate) first: Certificates,
    /// Probes.
    pub(crate) health: SocketAddr,
}

/// Where certificates come from, again and again.
#[derive(Debug, Clone)]
pub(crate) struct EncryptionFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) authorities: Option<PathBuf>,
}

/// What was in the files, and fits together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificates {
    pub(crate) pair: Pair,
    /// Of callers; any caller will do where there are none.
    pub(crate) authorities: Option<Authorities>,
}

impl EncryptionFiles {
    pub(crate) fn all(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.certificate, &self.key].into_iter().chain(&self.authorities)
    }

    pub(crate) fn read(&self) -> Result<Certificates, BadSetting> {
        let pair = Pair::read(&self.certificate, &self.key).map_err(unfit)?;
        let authorities = self.authorities.as_deref().map(Authorities::read).transpose().map_err(unfit)?;
        Ok(Certificates { pair, authorities })
    }
}

pub(super) fn of(args: &Args, listen: SocketAddr, admin: SocketAddr) -> Result<Option<Encryption>, BadSetting> {
    let (certificate, key) = match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        (Some(_), None) => {
            let advice = "it is missing beside TLS_CERT (--tls-cert); name the file with the certificate's key";
            return Err(BadSetting::hiding("TLS_KEY", "tls-key", advice));
        }
        (None, Some(_)) => {
            let advice = "it is missing beside TLS_KEY (--tls-key); name the file with the key's certificate";
            return Err(BadSetting::hiding("TLS_CERT", "tls-cert", advice));
        }
        (None, None) if args.tls_client_ca.is_some() => {
            let advice = "it is missing beside TLS_CLIENT_CA (--tls-client-ca), which asks callers for certificates; \
                          name the server's own certificate, and its key in TLS_KEY";
            return Err(BadSetting::hiding("TLS_CERT", "tls-cert", advice));
        }
        (None, None) => return Ok(None),
    };
    let health = address("HEALTH_ADDR", "health-addr", &args.health_addr)?;
    for (other, what) in [(listen, "LISTEN_ADDR (--listen-addr)"), (admin, "ADMIN_ADDR (--admin-addr)")] {
        if clash(health, other) {
            let advice = format!("that is taken, {what} is {other}; use another port");
            return Err(BadSetting::new("HEALTH_ADDR", "health-addr", &args.health_addr, advice));
        }
    }
    let files = EncryptionFiles { certificate, key, authorities: args.tls_client_ca.clone() };
    let first = files.read()?;
    Ok(Some(Encryption { files, first, health }))
}

fn unfit(unfit: Unfit) -> BadSetting {
    let (variable, flag) = match unfit.role {
        Role::Certificate => ("TLS_CERT", "tls-cert"),
        Role::Key => ("TLS_KEY", "tls-key"),
        Role::Authorities => ("TLS_CLIENT_CA", "tls-client-ca"),
    };
    BadSetting::new(variable, flag, &unfit.path.to_string_lossy(), unfit.advice)
}
