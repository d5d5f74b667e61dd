//! Why no encrypted connection comes about, and what to do.

use std::time::SystemTime;

use certificates::told;

/// What is wrong between two sides of which at least one speaks TLS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsFault {
    /// The server's certificate is no longer valid.
    #[error("the server's certificate expired at {}", told(*.0))]
    Expired(SystemTime),
    /// The server's certificate is not valid yet.
    #[error("the server's certificate is valid from {} on only", told(*.0))]
    NotYetValid(SystemTime),
    /// The server's certificate is for other names.
    #[error("the server's certificate is not for {asked}, but for {}", listed(.names))]
    WrongName {
        /// The name that was asked for.
        asked: String,
        /// The names that it has.
        names: Vec<String>,
    },
    /// None of the trusted authorities vouches for the server's certificate.
    #[error("the server's certificate is of an authority that is not trusted here")]
    UnknownAuthority,
    /// The server's certificate is unfit in another way.
    #[error("the server's certificate is unfit: {0}")]
    UnfitCertificate(String),
    /// The server asks for a certificate, and there is none to show.
    #[error("the server asks for a client certificate, and none is set here")]
    CertificateRequired,
    /// The server does not take our certificate.
    #[error("the server does not take this client's certificate{}", because(.0))]
    CertificateRefused(String),
    /// The server speaks plaintext.
    #[error("the server does not speak TLS, this client does")]
    ServerIsPlaintext,
    /// The server speaks TLS, and this client does not.
    #[error("the server speaks TLS, this client plaintext")]
    ClientIsPlaintext,
    /// No protocol is spoken on the encrypted connection that gRPC could use.
    #[error("the server speaks TLS, but no HTTP/2 in it")]
    NoHttp2,
    /// The handshake failed in another way.
    #[error("the TLS handshake failed: {0}")]
    Handshake(String),
    /// There was no connection to speak TLS on.
    #[error("{0}")]
    Unreached(String),
}

impl TlsFault {
    /// What a person can do about it.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Expired(_) => "renew it on the server",
            Self::NotYetValid(_) => "compare the clocks of both sides",
            Self::WrongName { .. } => {
                "call the server by one of these names, or say which one it has: TLS_SERVER_NAME (--tls-server-name)"
            }
            Self::UnknownAuthority => {
                "name the certificate of the server's authority in TLS_CA (--tls-ca); one that is named there already is of another"
            }
            Self::UnfitCertificate(_) => "make it anew on the server",
            Self::CertificateRequired => "set TLS_CERT (--tls-cert) and TLS_KEY (--tls-key)",
            Self::CertificateRefused(_) => {
                "use one of an authority that the server trusts (its TLS_CLIENT_CA), made for clients"
            }
            Self::ServerIsPlaintext => {
                "leave out TLS (--tls), TLS_CA (--tls-ca) and what else there is of TLS, or call the port that speaks TLS"
            }
            Self::ClientIsPlaintext => "set TLS_CA (--tls-ca), or --tls where the system trusts the server's authority",
            Self::NoHttp2 => "is this a gRPC server? Check the host and the port",
            Self::Handshake(_) => "the server's log may say more",
            Self::Unreached(_) => "is the server running? Check the host and the port",
        }
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "no name of a host".to_owned() } else { names.join(", ") }
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" ({reason})") }
}
