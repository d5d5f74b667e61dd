//! A certificate and its key.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use webpki::EndEntityCert;

use crate::{Role, Unfit, Validity, certificates, files};

/// A certificate and the key that belongs to it, valid when it was read.
#[derive(Clone)]
pub struct Pair {
    certificate: Vec<u8>,
    key: Vec<u8>,
    certified: Arc<CertifiedKey>,
    /// When it can be used.
    pub validity: Validity,
    /// Whom it is for: DNS names and URIs among its subject alternative names, the only names that are looked at.
    pub names: Vec<String>,
}

impl Pair {
    /// Reads both files and holds them against each other.
    pub fn read(certificate_file: &Path, key_file: &Path) -> Result<Self, Unfit> {
        let unfit = |advice: String| Unfit::new(Role::Certificate, certificate_file, advice);
        let certificate = files::read(Role::Certificate, certificate_file)?;
        let key = files::read(Role::Key, key_file)?;
        let chain = certificates(&certificate).map_err(unfit)?;
        let leaf = chain.first().expect("there is at least one");
        let validity = Validity::of(leaf).map_err(unfit)?;
        let names = names(leaf);
        let certified = CertifiedKey::new(chain, signing_key(&key, key_file)?);
        certified.keys_match().map_err(|_| {
            let certificate = certificate_file.display();
            let advice = format!(
                "it does not belong to the certificate in {certificate}; put two files there that were made together"
            );
            Unfit::new(Role::Key, key_file, advice)
        })?;
        if let Some(fault) = validity.fault_at(SystemTime::now()) {
            return Err(unfit(fault));
        }
        Ok(Self { certificate, key, certified: Arc::new(certified), validity, names })
    }

    /// The certificate and those between it and its authority, as PEM.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The key, as PEM.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Both as rustls takes them.
    pub fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.certificate == other.certificate && self.key == other.key
    }
}

impl Eq for Pair {}

/// Without the key, which belongs into no log.
impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair").field("names", &self.names).field("validity", &self.validity).finish_non_exhaustive()
    }
}

fn signing_key(pem: &[u8], file: &Path) -> Result<Arc<dyn SigningKey>, Unfit> {
    let unfit = |advice: &str| Unfit::new(Role::Key, file, advice);
    let key = PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| unfit("there is no key in it; use a PEM file with a private key that has no password"))?;
    any_supported_type(&key)
        .map_err(|_| unfit("this kind of key is not known; use ECDSA on P-256 or P-384, or RSA of 2048 bits or more"))
}

fn names(leaf: &CertificateDer<'_>) -> Vec<String> {
    let Ok(parsed) = EndEntityCert::try_from(leaf) else { return Vec::new() };
    parsed.valid_dns_names().chain(parsed.valid_uri_names()).map(str::to_owned).collect()
}
