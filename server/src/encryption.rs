//! Certificates in use: what C-core is given for each new connection, and how the files' changes get there.
//!
//! Connections that are there keep what they were made with, so none is dropped when a certificate is renewed.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_std::task;
use certificates::{Watched, told};
use grpcio::{CertificateRequestType, ServerCredentials, ServerCredentialsBuilder, ServerCredentialsFetcher};

use crate::config::{BadSetting, Certificates, Encryption, EncryptionFiles};
use crate::metrics::EncryptionMetrics;

/// How often the files are looked at. Who renews a certificate does so days before it expires.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The certificates of one server.
pub(crate) struct InUse {
    state: Mutex<State>,
    metrics: EncryptionMetrics,
}

struct State {
    /// Counts what was taken from the files.
    generation: u64,
    certificates: Certificates,
}

/// How calls get here, for the log.
pub(crate) fn in_words(encryption: Option<&Encryption>) -> String {
    let Some(Certificates { pair, authorities }) = encryption.map(|encryption| &encryption.first) else {
        return "none, calls are plaintext (TLS_CERT)".to_owned();
    };
    let callers = if authorities.is_some() { "mTLS, callers need a certificate" } else { "TLS, callers need none" };
    format!("{callers}; as {} until {}", pair.names.join(", "), told(pair.validity.end))
}

impl InUse {
    /// Uses these certificates, and then what the files hold whenever they change, as long as the server is there.
    pub(crate) fn follow(files: EncryptionFiles, first: Certificates, metrics: EncryptionMetrics) -> Arc<Self> {
        metrics.expires(first.pair.validity.end);
        let in_use = Arc::new(Self { state: Mutex::new(State { generation: 1, certificates: first }), metrics });
        task::spawn(look(Arc::downgrade(&in_use), files));
        in_use
    }

    /// What a port needs. It asks anew for each connection.
    pub(crate) fn credentials(self: Arc<Self>) -> ServerCredentials {
        let callers = match self.state().certificates.authorities {
            Some(_) => CertificateRequestType::RequestAndRequireClientCertificateAndVerify,
            None => CertificateRequestType::DontRequestClientCertificate,
        };
        ServerCredentials::with_fetcher(Box::new(Fetcher { in_use: self, given: AtomicU64::new(0) }), callers)
    }

    fn take(&self, certificates: Certificates) {
        let mut state = self.state();
        if state.certificates == certificates {
            return;
        }
        let (names, end) = (certificates.pair.names.join(", "), certificates.pair.validity.end);
        *state = State { generation: state.generation + 1, certificates };
        drop(state);
        self.metrics.taken(end);
        log::info!("new connections get the renewed certificate: {names} until {}", told(end));
    }

    fn refuse(&self, unfit: &BadSetting) {
        self.metrics.refused();
        let until = self.state().certificates.pair.validity.end;
        log::error!("the certificate before stays in use, until {}, since the new one is unfit: {unfit}", told(until));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at the files until nobody uses what is in them.
async fn look(in_use: Weak<InUse>, files: EncryptionFiles) {
    let mut watched = Watched::new(files.all().cloned());
    loop {
        task::sleep(LOOK_EVERY).await;
        let Some(in_use) = in_use.upgrade() else { return };
        match watched.look(|| files.read()) {
            Some(Ok(certificates)) => in_use.take(certificates),
            Some(Err(unfit)) => in_use.refuse(&unfit),
            None => {}
        }
    }
}

/// What C-core asks before each handshake, on a thread of its own.
struct Fetcher {
    in_use: Arc<InUse>,
    /// The generation that C-core has.
    given: AtomicU64,
}

impl ServerCredentialsFetcher for Fetcher {
    fn fetch(&self) -> Result<Option<ServerCredentialsBuilder>, Box<dyn Error>> {
        let state = self.in_use.state();
        if self.given.swap(state.generation, Ordering::Relaxed) == state.generation {
            return Ok(None);
        }
        let Certificates { pair, authorities } = &state.certificates;
        let builder = ServerCredentialsBuilder::new().add_cert(pair.certificate().to_vec(), pair.key().to_vec());
        Ok(Some(match authorities {
            None => builder,
            Some(authorities) => {
                // The credentials say what is asked of callers; here it is without effect.
                builder.root_cert(authorities.pem().to_vec(), CertificateRequestType::DontRequestClientCertificate)
            }
        }))
    }
}
