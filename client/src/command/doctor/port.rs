//! Names, addresses and what speaks on a port, without gRPC.

use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_std::io::{ReadExt as _, WriteExt as _, timeout};
use async_std::net::{TcpStream, ToSocketAddrs as _};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

/// For a connection, and for the first bytes on it.
const PATIENCE: Duration = Duration::from_secs(2);
/// Of a name with more, the first ones are looked at.
pub(super) const MOST_ADDRESSES: usize = 16;

/// HTTP/2's opening (RFC 9113, 3.4) and an empty SETTINGS frame.
const HTTP2_OPENING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const HTTP1_OPENING: &[u8] = b"GET / HTTP/1.1\r\nhost: doctor\r\nconnection: close\r\n\r\n";
/// Where a frame tells its type, and that of SETTINGS, which every HTTP/2 server sends first.
const FRAME_TYPE: usize = 3;
const SETTINGS: u8 = 4;

/// First bytes of TLS records.
const TLS_ALERT: u8 = 0x15;
const TLS_HANDSHAKE: u8 = 0x16;
const TLS_MAJOR: u8 = 3;

/// What answers on a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    Http2,
    Http1,
    Tls,
    /// It takes the connection and says nothing.
    Nothing,
    /// It closes the connection without a word.
    HangsUp,
    SomethingElse,
}

/// The addresses of a host by the system's own resolver, which C-core asks too.
pub(super) async fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    // async-std puts the name before the cause, as code would write it.
    let cause = |error: io::Error| error.source().map_or_else(|| error.to_string(), ToString::to_string);
    let found = (host, port).to_socket_addrs().await;
    let mut found: Vec<_> = found.map_err(|error| io::Error::new(error.kind(), cause(error)))?.collect();
    found.sort();
    found.dedup();
    Ok(found)
}

pub(super) async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    timeout(PATIENCE, TcpStream::connect(address)).await.map_err(|error| match error.kind() {
        // Refused would be said at once.
        io::ErrorKind::TimedOut => io::Error::new(
            error.kind(),
            format!("no answer within {PATIENCE:?}: a firewall or a network policy, or the node is gone"),
        ),
        _ => error,
    })
}

/// Opens as plaintext HTTP/2 would, and where the answer does not tell, as TLS and HTTP/1 would.
pub(super) async fn speaks(address: SocketAddr) -> io::Result<Speaks> {
    let told = understood(first_bytes(address, HTTP2_OPENING).await?.as_deref());
    if !matches!(told, Speaks::Nothing | Speaks::HangsUp | Speaks::SomethingElse) {
        return Ok(told);
    }
    for (opening, protocol) in [(&client_hello()[..], Speaks::Tls), (HTTP1_OPENING, Speaks::Http1)] {
        if understood(first_bytes(address, opening).await?.as_deref()) == protocol {
            return Ok(protocol);
        }
    }
    Ok(told)
}

/// The first bytes of the answer; none if the wait was in vain, and empty if the connection was closed.
async fn first_bytes(address: SocketAddr, opening: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let mut stream = match open(address).await {
        // It was taken, and given up before we could look.
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(Some(Vec::new())),
        opened => opened?,
    };
    let mut bytes = [0; 9];
    let mut read = 0;
    let exchange = async {
        stream.write_all(opening).await?;
        while read < bytes.len() {
            match stream.read(&mut bytes[read..]).await? {
                0 => break,
                more => read += more,
            }
        }
        Ok(())
    };
    let ended = timeout(PATIENCE, exchange).await;
    // What came counts, also if the connection was then left silent or reset: a TLS alert is shorter than a frame.
    Ok(match ended {
        Err(error) if read == 0 && error.kind() == io::ErrorKind::TimedOut => None,
        _ => Some(bytes[..read].to_vec()),
    })
}

fn understood(answer: Option<&[u8]>) -> Speaks {
    match answer {
        None => Speaks::Nothing,
        Some([]) => Speaks::HangsUp,
        Some([TLS_ALERT | TLS_HANDSHAKE, TLS_MAJOR, ..]) => Speaks::Tls,
        Some(bytes) if bytes.starts_with(b"HTTP/1") => Speaks::Http1,
        Some(bytes) if bytes.get(FRAME_TYPE) == Some(&SETTINGS) => Speaks::Http2,
        Some(_) => Speaks::SomethingElse,
    }
}

/// What a client of TLS says first. Any server of TLS answers it, be it with an alert.
fn client_hello() -> Vec<u8> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has a suite for each version")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let name = ServerName::try_from("localhost").expect("a name");
    let mut tls = ClientConnection::new(Arc::new(config), name).expect("nothing is wrong with the configuration");
    let mut hello = Vec::new();
    tls.write_tls(&mut hello).expect("memory takes all");
    hello
}
