//! Which host and port, or which URI of C-core's.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};

/// What a target leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A DNS name or an IPv4 address: for the resolver both are names.
    Name(String, u16),
    Ipv6(Ipv6Addr, u16),
    /// What C-core resolves by itself.
    Uri(String),
}

/// The schemes of C-core's resolvers that every build has.
const SCHEMES: [&str; 5] = ["dns", "ipv4", "ipv6", "unix", "unix-abstract"];

/// Whether this build has C-core's xDS client (build.rs).
const HAS_XDS: bool = cfg!(xds);

/// `sun_path` of Linux has room for that and its end.
const LONGEST_SOCKET_PATH: usize = 107;

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
    /// The scheme's part of the URI does not lead anywhere.
    #[error("{0:?} names no place; give for example dns:///localhost:12345 or ipv4:127.0.0.1:12345,127.0.0.2:12345")]
    Nowhere(String),
    /// C-core was built without its xDS client.
    #[error(
        "{0:?} needs C-core's xDS client, which this build leaves out; build with GRPC_XDS=on in a target folder of its \
         own, go through an Envoy, or give a dns:/// target"
    )]
    Xds(String),
}

impl Place {
    /// `host` is a DNS name, an IPv4 address or an IPv6 address with or without brackets.
    pub(crate) fn new(host: &str, port: u16) -> Result<Self, BadTarget> {
        if port == 0 {
            return Err(BadTarget::Port);
        }
        let unbracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        match unbracketed.unwrap_or(host).parse() {
            Ok(address) => Ok(Self::Ipv6(address, port)),
            Err(_) if unbracketed.is_none() && is_name(host) => Ok(Self::Name(host.to_owned(), port)),
            Err(_) => Err(BadTarget::Host(host.to_owned())),
        }
    }

    /// Where it leads; of a URI that is not known here.
    pub(crate) fn host_and_port(&self) -> Option<(String, u16)> {
        match self {
            Self::Name(name, port) => Some((name.clone(), *port)),
            Self::Ipv6(address, port) => Some((address.to_string(), *port)),
            Self::Uri(_) => None,
        }
    }

    /// Whether it takes a resolver to find its addresses.
    pub(crate) fn is_looked_up(&self) -> bool {
        match self {
            Self::Name(name, _) => name.parse::<Ipv4Addr>().is_err(),
            Self::Ipv6(..) => false,
            Self::Uri(uri) => uri.starts_with("dns:"),
        }
    }

    /// A target URI as C-core has it.
    pub(crate) fn from_uri(uri: &str) -> Result<Self, BadTarget> {
        match uri.split_once(':') {
            Some(("xds", _)) if !HAS_XDS => Err(BadTarget::Xds(uri.to_owned())),
            Some((scheme, rest))
                if (SCHEMES.contains(&scheme) || scheme == "xds")
                    && !rest.is_empty()
                    && !uri.contains(char::is_control) =>
            {
                if leads_somewhere(scheme, rest) {
                    Ok(Self::Uri(uri.to_owned()))
                } else {
                    Err(BadTarget::Nowhere(uri.to_owned()))
                }
            }
            _ => Err(BadTarget::Scheme(uri.to_owned())),
        }
    }

    /// As C-core's resolver wants it: a URI, in which brackets must be escaped.
    pub(crate) fn uri(&self) -> String {
        match self {
            Self::Name(name, port) => format!("dns:///{name}:{port}"),
            Self::Ipv6(address, port) => format!("dns:///%5B{address}%5D:{port}"),
            Self::Uri(uri) => uri.clone(),
        }
    }
}

/// What C-core would find out with the first call alone, and say in words about names.
fn leads_somewhere(scheme: &str, rest: &str) -> bool {
    if scheme == "xds" {
        return true;
    }
    // Only C-core's other resolver of names takes a server to ask, and no scheme else has an authority.
    let path = match rest.strip_prefix("//") {
        Some(path) if !path.starts_with('/') => return false,
        Some(path) => path,
        None => rest,
    };
    let place = path.strip_prefix('/').unwrap_or(path);
    match scheme {
        "ipv4" => place.split(',').all(|address| address.parse::<SocketAddrV4>().is_ok_and(|place| place.port() != 0)),
        "ipv6" => place
            .split(',')
            .all(|address| unescaped(address).parse::<SocketAddrV6>().is_ok_and(|place| place.port() != 0)),
        "dns" => {
            let place = unescaped(place);
            place.rsplit_once(':').is_some_and(|(host, port)| Place::new(host, port.parse().unwrap_or(0)).is_ok())
        }
        _ => (1..=LONGEST_SOCKET_PATH).contains(&path.len()),
    }
}

/// Without what a URI has to escape of an IPv6 address. The name of its interface, which only the system knows, is left out.
fn unescaped(address: &str) -> String {
    let address = [("%5B", "["), ("%5b", "["), ("%5D", "]"), ("%5d", "]")]
        .into_iter()
        .fold(address.to_owned(), |address, (escaped, plain)| address.replace(escaped, plain));
    match (address.split_once("%25"), address.split_once(']')) {
        (Some((before, _)), Some((_, port))) => format!("{before}]{port}"),
        _ => address,
    }
}

fn is_name(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name, port) => write!(f, "{name}:{port}"),
            Self::Ipv6(address, port) => write!(f, "[{address}]:{port}"),
            Self::Uri(uri) => f.write_str(uri),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_shown_as_they_are_dialled() {
        assert_eq!(Place::new("localhost", 12345).unwrap().to_string(), "localhost:12345");
        assert_eq!(Place::new("127.0.0.1", 1).unwrap().to_string(), "127.0.0.1:1");
        assert_eq!(Place::new("::1", 8443).unwrap().to_string(), "[::1]:8443");
        assert_eq!(Place::new("[::1]", 8443), Place::new("::1", 8443));
    }

    #[test]
    fn what_is_no_host_is_refused_before_anything_is_dialled() {
        for host in ["", "a b", "http://localhost", "localhost:1", "unix:/run/x", "[localhost]", "a\0b"] {
            assert_eq!(Place::new(host, 1), Err(BadTarget::Host(host.to_owned())));
        }
        assert_eq!(Place::new("localhost", 0), Err(BadTarget::Port));
    }

    #[test]
    fn a_uri_is_one_that_this_build_of_c_core_resolves() {
        assert_eq!(Place::from_uri("ipv4:127.0.0.1:1,127.0.0.2:1").unwrap().uri(), "ipv4:127.0.0.1:1,127.0.0.2:1");
        assert_eq!(Place::from_uri("xds:///customers").is_ok(), HAS_XDS);
        assert!(matches!(Place::from_uri("localhost"), Err(BadTarget::Scheme(_))));
        for good in [
            "dns:///localhost:1",
            "dns:///%5B::1%5D:1",
            "dns:localhost:1",
            "ipv6:%5B::1%5D:1",
            "ipv6:[fe80::1%25eth0]:1",
            "unix:/x",
            "unix:///x",
        ] {
            assert!(Place::from_uri(good).is_ok(), "{good}");
        }
        let long = format!("unix:/{}", "x".repeat(LONGEST_SOCKET_PATH));
        for nowhere in [
            "ipv4:foo",
            "ipv4:127.0.0.1",
            "ipv4:127.0.0.1:0",
            "ipv6:foo",
            "ipv6:%5B::1%5D",
            "dns:///",
            "dns:///localhost",
            "dns://127.0.0.1",
            "dns://127.0.0.1:53/localhost:1",
            "dns:/",
            "unix://run/x.sock",
            &long,
        ] {
            assert_eq!(Place::from_uri(nowhere), Err(BadTarget::Nowhere(nowhere.to_owned())));
        }
    }
}
