//! Where a channel connects to.

use std::fmt;
use std::net::SocketAddr;

use async_std::task::spawn_blocking;
use grpcio::ChannelBuilder;

pub use crate::place::BadTarget;
use crate::place::Place;
use crate::{Examined, Tls, TlsFault};

/// A host and a port, or a URI of C-core's, checked to be one that a channel can be made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    place: Place,
    tls: Option<Tls>,
}

impl Target {
    /// `host` is a DNS name, an IPv4 address or an IPv6 address with or without brackets.
    pub fn new(host: &str, port: u16) -> Result<Self, BadTarget> {
        Ok(Self { place: Place::new(host, port)?, tls: None })
    }

    /// A target URI as C-core has it: `dns:///name:port`, several addresses as `ipv4:10.0.0.1:1,10.0.0.2:1`, `unix:path`. A name is looked up
    /// by the system's resolver, so no `dns://server/name`.
    ///
    /// `xds:///name` needs a build with C-core's xDS client: `GRPC_XDS=on cargo build --target-dir target/xds`. Without it
    /// C-core would take such a target for a DNS name, so it is refused. The program finds its control plane in the file
    /// that the variable `GRPC_XDS_BOOTSTRAP` names, and the control plane decides how calls spread, and whether C-core sends them
    /// again: a retry policy of its routes is followed also for [`Safety::Once`](crate::Safety::Once).
    pub fn from_uri(uri: &str) -> Result<Self, BadTarget> {
        Ok(Self { place: Place::from_uri(uri)?, tls: None })
    }

    /// The same, with TLS on every connection; without this they are plaintext.
    #[must_use]
    pub fn with_tls(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Whether connections are encrypted, and how.
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// Sets what TLS needs on a channel that is made without this library; nothing for a target without TLS.
    pub fn secure(&self, builder: ChannelBuilder) -> ChannelBuilder {
        match &self.tls {
            Some(tls) => tls.secure(builder),
            None => builder,
        }
    }

    /// Connects once, apart from all channels, to find out what is wrong with certificates: of a failed handshake C-core
    /// does not say why. It takes 2 s for each address that takes no connection, and as long for an answer. Nothing is known
    /// about a target without TLS, or a URI.
    pub async fn examine_tls(&self) -> Option<Result<Examined, TlsFault>> {
        let (tls, (host, port)) = (self.tls.clone()?, self.place.host_and_port()?);
        Some(spawn_blocking(move || tls.examine(&host, port)).await)
    }

    /// The same at one of the host's addresses: certificates may differ from server to server.
    pub async fn examine_tls_at(&self, address: SocketAddr) -> Option<Result<Examined, TlsFault>> {
        let (tls, (host, _)) = (self.tls.clone()?, self.place.host_and_port()?);
        Some(spawn_blocking(move || tls.examine_at(&host, address)).await)
    }

    /// A number that grows when renewed certificates were taken.
    pub(crate) fn generation(&self) -> u64 {
        self.tls.as_ref().map_or(0, Tls::generation)
    }

    /// Whether it takes a resolver to find its addresses.
    pub(crate) fn is_looked_up(&self) -> bool {
        self.place.is_looked_up()
    }

    /// The same as C-core's resolver wants it: a URI, in which brackets must be escaped.
    pub(crate) fn uri(&self) -> String {
        self.place.uri()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)
    }
}
