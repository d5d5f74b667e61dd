//! TLS: the files, read and checked, so that a server with unfit ones ends before it listens.

use std::net::SocketAddr;
use std::path::PathBuf;

use certificates::{Authorities, Pair, Role, Unfit};

use super::{BadSetting, address, clash};

/// What was typed about TLS.
#[derive(Debug, Clone, clap::Args)]
pub struct EncryptionArgs {
    /// Where grpc.health.v1, and nothing else, is served without encryption, for probes of this host; only where TLS_CERT is set
    #[arg(long, env = "HEALTH_ADDR", default_value = "127.0.0.1:12346", value_name = "ADDRESS:PORT")]
    pub health_addr: String,
    /// The server's certificate with those between it and its authority (PEM): calls are encrypted, from TLS 1.2 on. It,
    /// its key and TLS_CLIENT_CA are read again when they change
    #[arg(long, env = "TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The key of that certificate (PEM, without a password)
    #[arg(long, env = "TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Authorities (PEM): callers need a certificate of one of them (mTLS)
    #[arg(long, env = "TLS_CLIENT_CA", value_name = "FILE")]
    pub tls_client_ca: Option<PathBuf>,
}

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

impl EncryptionArgs {
    pub(super) fn meaning(
        &self,
        listen: SocketAddr,
        admin: Option<SocketAddr>,
    ) -> Result<Option<Encryption>, BadSetting> {
        let (certificate, key) = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
            (Some(_), None) => {
                let advice = "it is missing beside TLS_CERT (--tls-cert); name the file with the certificate's key";
                return Err(BadSetting::hiding("TLS_KEY", "tls-key", advice));
            }
            (None, Some(_)) => {
                let advice = "it is missing beside TLS_KEY (--tls-key); name the file with the key's certificate";
                return Err(BadSetting::hiding("TLS_CERT", "tls-cert", advice));
            }
            (None, None) if self.tls_client_ca.is_some() => {
                let advice = "it is missing beside TLS_CLIENT_CA (--tls-client-ca), which asks callers for certificates; \
                          name the server's own certificate, and its key in TLS_KEY";
                return Err(BadSetting::hiding("TLS_CERT", "tls-cert", advice));
            }
            (None, None) => return Ok(None),
        };
        let health = self.health()?;
        let others = [(Some(listen), "LISTEN_ADDR (--listen-addr)"), (admin, "ADMIN_ADDR (--admin-addr)")];
        for (other, what) in others.into_iter().filter_map(|(other, what)| Some((other?, what))) {
            if clash(health, other) {
                let advice = format!("that is taken, {what} is {other}; use another port");
                return Err(BadSetting::new("HEALTH_ADDR", "health-addr", &self.health_addr, advice));
            }
        }
        let files = EncryptionFiles { certificate, key, authorities: self.tls_client_ca.clone() };
        let first = files.read()?;
        Ok(Some(Encryption { files, first, health }))
    }

    /// Where probes are answered, if not where calls are.
    pub(super) fn probed(&self) -> Option<Result<SocketAddr, BadSetting>> {
        self.tls_cert.as_ref().map(|_| self.health())
    }

    fn health(&self) -> Result<SocketAddr, BadSetting> {
        address("HEALTH_ADDR", "health-addr", &self.health_addr)
    }
}

fn unfit(unfit: Unfit) -> BadSetting {
    let (variable, flag) = match unfit.role {
        Role::Certificate => ("TLS_CERT", "tls-cert"),
        Role::Key => ("TLS_KEY", "tls-key"),
        Role::Authorities => ("TLS_CLIENT_CA", "tls-client-ca"),
    };
    BadSetting::new(variable, flag, &unfit.path.to_string_lossy(), unfit.advice)
}
