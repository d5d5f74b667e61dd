//! A handshake of our own, which says what C-core's does not.

use std::fmt::Display;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use certificates::{Pair, Validity};
use rustls::client::ResolvesClientCert;
use rustls::crypto::ring;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, Error, RootCertStore, SignatureScheme, Stream,
};

use super::judge::Judge;
use super::{Read, Tls, TlsFault};

/// For a connection, and for all that is said on it.
const PATIENCE: Duration = Duration::from_secs(2);

/// HTTP/2's opening (RFC 9113, 3.4) and an empty SETTINGS frame.
const HTTP2_OPENING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// Where a frame tells its type, and that of SETTINGS, which every HTTP/2 server sends first.
const FRAME_TYPE: usize = 3;
const SETTINGS: u8 = 4;

/// An encrypted connection that came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// The version of TLS, for example `TLSv1.3`.
    pub version: String,
    /// When the server's certificate expires.
    pub end: SystemTime,
    /// Whether the server asked for a certificate and was shown one.
    pub mutual: bool,
}

impl Tls {
    /// [`examine_at`](Self::examine_at) the first address of `host` that takes a connection. It blocks for some seconds at the
    /// most for each that does not.
    pub(crate) fn examine(&self, host: &str, port: u16) -> Result<Examined, TlsFault> {
        let unreached = |error: io::Error| TlsFault::Unreached(error.to_string());
        let mut last = TlsFault::Unreached(format!("{host} has no address"));
        for address in (host, port).to_socket_addrs().map_err(unreached)? {
            match self.examine_at(host, address) {
                Err(fault @ TlsFault::Unreached(_)) => last = fault,
                examined => return examined,
            }
        }
        Err(last)
    }

    /// Connects as a channel to `host` would, up to the first frame of HTTP/2, and says what comes of it. It blocks for some
    /// seconds at the most.
    pub(crate) fn examine_at(&self, host: &str, address: SocketAddr) -> Result<Examined, TlsFault> {
        let read = self.current();
        let asked = self.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(asked.to_owned())
            .map_err(|_| TlsFault::Handshake(format!("{asked:?} is no name that a certificate could have")))?;
        let shown = Arc::new(Shown { pair: read.identity.clone(), asked_for: AtomicBool::new(false) });
        let config = config(&read, shown.clone())?;
        let mut tls = ClientConnection::new(Arc::new(config), name).map_err(|error| told(&error, asked))?;
        let mut tcp = connect(address).map_err(|error| TlsFault::Unreached(error.to_string()))?;
        let exchange = exchange(&mut tls, &mut tcp);
        let asked_for = shown.asked_for.load(Ordering::Relaxed);
        // Envoy hangs up on what is no HTTP/2, without a word that would tell.
        let is_hung_up = |error: &io::Error| {
            matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) && !asked_for
        };
        let first = exchange.map_err(|error| {
            if is_hung_up(&error) && is_plaintext(address) {
                return TlsFault::ServerIsPlaintext;
            }
            shown.explain(fault(&error, asked))
        })?;
        if first.get(FRAME_TYPE) != Some(&SETTINGS) {
            return Err(shown.explain(TlsFault::NoHttp2));
        }
        let certificate = tls.peer_certificates().and_then(<[_]>::first);
        let validity = certificate.map(Validity::of).and_then(Result::ok);
        Ok(Examined {
            version: tls.protocol_version().and_then(|version| version.as_str()).unwrap_or("TLS").replace('_', "."),
            end: validity.map_or_else(SystemTime::now, |validity| validity.end),
            mutual: asked_for && read.identity.is_some(),
        })
    }
}

fn config(read: &Read, shown: Arc<Shown>) -> Result<ClientConfig, TlsFault> {
    let mut roots = RootCertStore::empty();
    match &read.authorities {
        Some(authorities) => roots.add_parsable_certificates(authorities.all()),
        None => roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs),
    };
    let provider = Arc::new(ring::default_provider());
    let unusable = |error: &dyn Display| TlsFault::Handshake(error.to_string());
    let judge = Judge::of(roots, read.authorities.as_ref(), &provider).map_err(|error| unusable(&error))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(judge))
        .with_client_cert_resolver(shown);
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

fn connect(address: SocketAddr) -> io::Result<Timed> {
    let tcp = TcpStream::connect_timeout(&address, PATIENCE)?;
    Ok(Timed { tcp, until: Instant::now() + PATIENCE })
}

/// A connection for so long, however slowly bytes trickle on it.
struct Timed {
    tcp: TcpStream,
    until: Instant,
}

impl Timed {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl io::Read for Timed {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.tcp.set_read_timeout(self.left()?)?;
        self.tcp.read(bytes)
    }
}

impl io::Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tcp.set_write_timeout(self.left()?)?;
        self.tcp.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}

/// The first bytes that come back after HTTP/2 was opened. Only they tell that a server of TLS 1.3 has taken our certificate.
fn exchange(tls: &mut ClientConnection, tcp: &mut Timed) -> io::Result<Vec<u8>> {
    let mut stream = Stream::new(tls, tcp);
    stream.write_all(HTTP2_OPENING)?;
    let mut bytes = [0; FRAME_TYPE + 1];
    let mut read = 0;
    while read < bytes.len() {
        match stream.read(&mut bytes[read..])? {
            0 => break,
            more => read += more,
        }
    }
    Ok(bytes[..read].to_vec())
}

/// Whether HTTP/2 or HTTP/1 is spoken there without encryption.
fn is_plaintext(address: SocketAddr) -> bool {
    let opened = || -> io::Result<[u8; 6]> {
        let mut tcp = connect(address)?;
        tcp.write_all(HTTP2_OPENING)?;
        let mut bytes = [0; 6];
        tcp.read_exact(&mut bytes)?;
        Ok(bytes)
    };
    opened().is_ok_and(|bytes| bytes[FRAME_TYPE] == SETTINGS || bytes.starts_with(b"HTTP/1"))
}

fn fault(error: &io::Error, asked: &str) -> TlsFault {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(inner) => told(inner, asked),
        None if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            TlsFault::Handshake(format!("nothing was answered within {PATIENCE:?}"))
        }
        None => TlsFault::Handshake(error.to_string()),
    }
}

fn told(error: &Error, asked: &str) -> TlsFault {
    let time = |time: &UnixTime| SystemTime::UNIX_EPOCH + Duration::from_secs(time.as_secs());
    match error {
        Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => {
            TlsFault::Expired(time(not_after))
        }
        Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => {
            TlsFault::NotYetValid(time(not_before))
        }
        Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) => TlsFault::WrongName {
            asked: asked.to_owned(),
            names: presented.iter().filter_map(|name| of_a_host(name)).collect(),
        },
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            TlsFault::UnknownAuthority
        }
        Error::InvalidCertificate(other) => TlsFault::UnfitCertificate(other.to_string()),
        Error::AlertReceived(AlertDescription::CertificateRequired) => TlsFault::CertificateRequired,
        Error::AlertReceived(
            alert @ (AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied),
        ) => TlsFault::CertificateRefused(format!("{alert:?}")),
        Error::InvalidMessage(_) => TlsFault::ServerIsPlaintext,
        other => TlsFault::Handshake(other.to_string()),
    }
}

/// A name that a server may be called by, of those that a certificate has, as rustls tells them: `DnsName("a")` is `a`, and
/// `IpAddress(0::1)` is `::1`. A URI names a workload, and nobody calls it by that.
fn of_a_host(name: &str) -> Option<String> {
    if let Some(address) = name.strip_prefix("IpAddress(").and_then(|rest| rest.strip_suffix(')')) {
        return Some(address.parse().map_or_else(|_| address.to_owned(), |address: IpAddr| address.to_string()));
    }
    let quoted = name.strip_prefix("DnsName(")?.split('"').nth(1);
    Some(quoted.unwrap_or(name).to_owned())
}

/// What we show to a server that asks who we are, and whether it did.
#[derive(Debug)]
struct Shown {
    pair: Option<Pair>,
    asked_for: AtomicBool,
}

impl Shown {
    /// C-core's servers, as many others, end a connection without a word when they do not like who calls.
    fn explain(&self, fault: TlsFault) -> TlsFault {
        match fault {
            TlsFault::Handshake(_) | TlsFault::NoHttp2 | TlsFault::CertificateRefused(_)
                if self.asked_for.load(Ordering::Relaxed) && self.pair.is_none() =>
            {
                TlsFault::CertificateRequired
            }
            TlsFault::Handshake(_) | TlsFault::NoHttp2 if self.asked_for.load(Ordering::Relaxed) => {
                TlsFault::CertificateRefused(String::new())
            }
            other => other,
        }
    }
}

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked_for.store(true, Ordering::Relaxed);
        self.pair.as_ref().map(Pair::certified)
    }

    fn has_certs(&self) -> bool {
        // Whether or not, what the server asks for is to be seen.
        true
    }
}
