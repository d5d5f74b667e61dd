//! Where a channel connects to.

use std::fmt;
use std::net::Ipv6Addr;

use grpcio::ChannelBuilder;

use crate::{Examined, Tls, TlsFault};

/// A host and a port, or a URI of C-core's, checked to be one that a channel can be made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    host: Host,
    port: u16,
    tls: Option<Tls>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    /// A DNS name or an IPv4 address: for the resolver both are names.
    Name(String),
    Ipv6(Ipv6Addr),
    /// What C-core resolves by itself.
    Uri(String),
}

/// The schemes of C-core's resolvers that every build has.
const SCHEMES: [&str; 5] = ["dns", "ipv4", "ipv6", "unix", "unix-abstract"];

/// Whether this build has C-core's xDS client (build.rs).
const HAS_XDS: bool = cfg!(xds);

/// What makes a host or port unfit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// The host is not a name or address.
    #[error(
        "the host {0:?} is neither a DNS name nor an IP address; give it without scheme and port, for example localhost"
    )]
    Host(String),
    /// Nothing can be reached on port 0.
    #[error("port 0 cannot be connected to; give the port that the server listens on, for example 12345")]
    Port,
    /// No resolver knows the scheme.
    #[error(
        "the target {0:?} does not begin with dns:, ipv4:, ipv6:, unix: or xds:; give for example dns:///localhost:12345"
    )]
    Scheme(String),
    /// C-core was built without its xDS client.
    #[error(
        "{0:?} needs C-core's xDS client, which this build leaves out; build with GRPC_XDS=on in a target folder of its \
         own, go through an Envoy, or give a dns:/// target"
    )]
    Xds(String),
}

impl Target {
    /// `host` is a DNS name, an IPv4 address or an IPv6 address with or without brackets.
    pub fn new(host: &str, port: u16) -> Result<Self, BadTarget> {
        if port == 0 {
            return Err(BadTarget::Port);
        }
        let unbracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let host = match unbracketed.unwrap_or(host).parse() {
            Ok(address) => Host::Ipv6(address),
            Err(_) if unbracketed.is_none() && is_name(host) => Host::Name(host.to_owned()),
            Err(_) => return Err(BadTarget::Host(host.to_owned())),
        };
        Ok(Self { host, port, tls: None })
    }

    /// A target URI as C-core has it: `dns:///name:port`, several addresses as `ipv4:10.0.0.1:1,10.0.0.2:1`, `unix:path`.
    ///
    /// `xds:///name` needs a build with C-core's xDS client: `GRPC_XDS=on cargo build --target-dir target/xds`. Without it
    /// C-core would take such a target for a DNS name, so it is refused. The program finds its control plane in the file
    /// that the variable `GRPC_XDS_BOOTSTRAP` names, and the control plane decides how calls spread.
    pub fn from_uri(uri: &str) -> Result<Self, BadTarget> {
        match uri.split_once(':') {
            Some(("xds", _)) if !HAS_XDS => Err(BadTarget::Xds(uri.to_owned())),
            Some((scheme, rest))
                if (SCHEMES.contains(&scheme) || scheme == "xds")
                    && !rest.is_empty()
                    && !uri.contains(char::is_control) =>
            {
                Ok(Self { host: Host::Uri(uri.to_owned()), port: 0, tls: None })
            }
            _ => Err(BadTarget::Scheme(uri.to_owned())),
        }
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
    /// does not say why. It takes some seconds at the most. Nothing is known about a target without TLS, or a URI.
    pub async fn examine_tls(&self) -> Option<Result<Examined, TlsFault>> {
        let tls = self.tls.clone()?;
        let (host, port) = match &self.host {
            Host::Name(name) => (name.clone(), self.port),
            Host::Ipv6(address) => (address.to_string(), self.port),
            Host::Uri(_) => return None,
        };
        Some(async_std::task::spawn_blocking(move || tls.examine(&host, port)).await)
    }

    /// A number that grows when renewed certificates were taken.
    pub(crate) fn generation(&self) -> u64 {
        self.tls.as_ref().map_or(0, Tls::generation)
    }

    /// The same as C-core's resolver wants it: a URI, in which brackets must be escaped.
    pub(crate) fn uri(&self) -> String {
        match &self.host {
            Host::Name(name) => format!("dns:///{name}:{}", self.port),
            Host::Ipv6(address) => format!("dns:///%5B{address}%5D:{}", self.port),
            Host::Uri(uri) => uri.clone(),
        }
    }
}

fn is_name(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Name(name) => write!(f, "{name}:{}", self.port),
            Host::Ipv6(address) => write!(f, "[{address}]:{}", self.port),
            Host::Uri(uri) => f.write_str(uri),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_shown_as_they_are_dialled() {
        assert_eq!(Target::new("localhost", 12345).unwrap().to_string(), "localhost:12345");
        assert_eq!(Target::new("127.0.0.1", 1).unwrap().to_string(), "127.0.0.1:1");
        assert_eq!(Target::new("::1", 8443).unwrap().to_string(), "[::1]:8443");
        assert_eq!(Target::new("[::1]", 8443), Target::new("::1", 8443));
    }

    #[test]
    fn what_is_no_host_is_refused_before_anything_is_dialled() {
        for host in ["", "a b", "http://localhost", "localhost:1", "unix:/run/x", "[localhost]", "a\0b"] {
            assert_eq!(Target::new(host, 1), Err(BadTarget::Host(host.to_owned())));
        }
        assert_eq!(Target::new("localhost", 0), Err(BadTarget::Port));
    }

    #[test]
    fn a_uri_is_one_that_this_build_of_c_core_resolves() {
        assert_eq!(Target::from_uri("ipv4:127.0.0.1:1,127.0.0.2:1").unwrap().uri(), "ipv4:127.0.0.1:1,127.0.0.2:1");
        assert_eq!(Target::from_uri("xds:///customers").is_ok(), HAS_XDS);
        assert!(matches!(Target::from_uri("localhost"), Err(BadTarget::Scheme(_))));
    }
}
