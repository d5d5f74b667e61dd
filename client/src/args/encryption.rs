//! TLS, as it was typed and as it is meant.

use std::path::PathBuf;

use ticketing_client::{Role, Tls, TlsFiles, Unfit};

use super::Switch;
use crate::exit::Failure;

/// Any of these turns it on.
#[derive(Debug, clap::Args)]
pub(crate) struct Encryption {
    /// Whether calls are encrypted; each of the next four settings says so too. Plain --tls trusts whom the system trusts.
    #[arg(
        long,
        env = "TLS",
        value_enum,
        default_value_t = Switch::Off,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "on",
        global = true
    )]
    pub(crate) tls: Switch,

    /// Authorities that vouch for the server (PEM), in place of those that the system trusts.
    #[arg(long, env = "TLS_CA", global = true, value_name = "FILE")]
    pub(crate) tls_ca: Option<PathBuf>,

    /// This client's own certificate (PEM), for a server that asks for one. It is read again when it changes.
    #[arg(long, env = "TLS_CERT", global = true, value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The key of that certificate (PEM, without a password).
    #[arg(long, env = "TLS_KEY", global = true, value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,

    /// The name that the server's certificate must have, where that is not the host.
    #[arg(long, env = "TLS_SERVER_NAME", global = true, value_name = "NAME")]
    pub(crate) tls_server_name: Option<String>,
}

impl Encryption {
    /// TLS, if any of its settings is there.
    pub(super) fn meaning(&self) -> Result<Option<Tls>, Failure> {
        let named = [&self.tls_ca, &self.tls_cert, &self.tls_key].into_iter().flatten().count();
        if self.tls == Switch::Off && named == 0 && self.tls_server_name.is_none() {
            return Ok(None);
        }
        let missing = |variable: &str, flag: &str, beside: &str| {
            Failure::Usage(format!("{variable} (--{flag}): it is missing beside {beside}; name both files, or none"))
        };
        let identity = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
            (Some(_), None) => return Err(missing("TLS_KEY", "tls-key", "TLS_CERT (--tls-cert)")),
            (None, Some(_)) => return Err(missing("TLS_CERT", "tls-cert", "TLS_KEY (--tls-key)")),
            (None, None) => None,
        };
        let files = TlsFiles { authorities: self.tls_ca.clone(), identity };
        let tls = Tls::read(files).map_err(|unfit| Failure::Usage(told(&unfit)))?;
        Ok(Some(match &self.tls_server_name {
            Some(name) => tls.server_name(name),
            None => tls,
        }))
    }
}

/// A file that cannot be used, by its setting.
fn told(unfit: &Unfit) -> String {
    let setting = match unfit.role {
        Role::Authorities => "TLS_CA (--tls-ca)",
        Role::Certificate => "TLS_CERT (--tls-cert)",
        Role::Key => "TLS_KEY (--tls-key)",
    };
    format!("{setting} is {:?}: {}", unfit.path.to_string_lossy(), unfit.advice)
}
