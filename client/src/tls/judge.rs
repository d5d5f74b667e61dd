//! Whether a server's certificate is good, as C-core's TLS would say.

use std::sync::Arc;

use certificates::{Authorities, Validity};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// rustls takes no authority for a server. C-core's TLS does, and a certificate that vouches for itself, as `openssl req -x509`
/// makes it, is one.
#[derive(Debug)]
pub(super) struct Judge {
    /// None where nobody is trusted.
    strict: Option<Arc<WebPkiServerVerifier>>,
    trusted: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

/// What webpki, whose errors rustls hands on as text, says of an authority in a server's place.
const IS_AUTHORITY: &str = "CaUsedAsEndEntity";

impl Judge {
    /// One that trusts `roots`, which are those of `authorities` where some were given.
    pub(super) fn of(
        roots: RootCertStore,
        authorities: Option<&Authorities>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, VerifierBuilderError> {
        let strict = (!roots.is_empty())
            .then(|| WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build())
            .transpose()?;
        let trusted = authorities.into_iter().flat_map(Authorities::all).collect();
        Ok(Self { strict, trusted, provider: provider.clone() })
    }

    /// A server whose certificate is one of those that are trusted.
    fn vouches_for_itself(
        &self,
        shown: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !self.trusted.iter().any(|trusted| trusted == shown) {
            return Err(CertificateError::UnknownIssuer.into());
        }
        verify_server_name(&ParsedCertificate::try_from(shown)?, name)?;
        let validity = Validity::of(shown).map_err(|_| CertificateError::BadEncoding)?;
        let time = |time: std::time::SystemTime| {
            UnixTime::since_unix_epoch(time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default())
        };
        let (not_before, not_after) = (time(validity.begin), time(validity.end));
        if now > not_after {
            return Err(CertificateError::ExpiredContext { time: now, not_after }.into());
        }
        if now < not_before {
            return Err(CertificateError::NotValidYetContext { time: now, not_before }.into());
        }
        Ok(ServerCertVerified::assertion())
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(strict) = &self.strict else { return Err(CertificateError::UnknownIssuer.into()) };
        match strict.verify_server_cert(shown, between, name, ocsp, now) {
            Err(Error::InvalidCertificate(CertificateError::Other(other)))
                if format!("{other:?}").contains(IS_AUTHORITY) =>
            {
                self.vouches_for_itself(shown, name, now)
            }
            judged => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
