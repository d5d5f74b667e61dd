//! Where calls can be tried at all: the name, the port, and what is spoken at each address.

use std::io;
use std::net::SocketAddr;

use futures::FutureExt as _;
use futures::future::join_all;
use ticketing_client::Target;

use super::finding::Finding;
use super::{look, port, skip};
use crate::args::Settings;
use crate::command::counted;

/// The addresses at which calls can be tried, of which there is at least one, and how many others there are.
pub(super) struct Reached {
    pub(super) usable: Vec<SocketAddr>,
    pub(super) left_out: usize,
}

/// Name, port, encryption and HTTP/2; the addresses at which calls can be tried, if any.
pub(super) async fn reach(settings: &Settings, target: &Target, findings: &mut Vec<Finding>) -> Option<Reached> {
    let (host, port) = (settings.host(), settings.server_port);
    let addresses = match port::addresses(host, port).await {
        Ok(addresses) if !addresses.is_empty() => addresses,
        found => {
            let why = found.map_or_else(|error| error.to_string(), |_| "no address".to_owned());
            let next = "check SERVER_DOMAIN (--server-domain), and the resolver with `getent hosts`; a headless Service \
                        has a name only while pods are ready";
            findings.push(Finding::fault("name", format!("{host} does not resolve: {why}"), next));
            skip(findings, &["port", "encryption", "http/2"], "there is no address");
            return None;
        }
    };
    findings.push(Finding::ok("name", format!("{host} resolves to {}", listed(&addresses))));

    let mut open = Vec::new();
    let mut closed = Vec::new();
    let tried = addresses.iter().take(port::MOST_ADDRESSES);
    for (address, opened) in
        join_all(tried.map(|address| port::open(*address).map(move |opened| (address, opened)))).await
    {
        match opened {
            Ok(_) => open.push(*address),
            // Somebody is there, and hangs up.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => open.push(*address),
            Err(error) => closed.push((*address, error)),
        }
    }
    if open.is_empty() {
        let next = "is the server running and listening there (LISTEN_ADDR)? Check SERVER_PORT (--server-port), and \
                    network policies";
        findings.push(Finding::fault("port", format!("closed: {}", told(&closed)), next));
        skip(findings, &["encryption", "http/2"], "the port is closed");
        return None;
    }
    let other_family = |closed: &SocketAddr| open.iter().all(|open| open.is_ipv4() != closed.is_ipv4());
    findings.push(if closed.is_empty() {
        Finding::ok("port", format!("{port} is open"))
    } else if closed.iter().all(|(address, _)| other_family(address)) {
        // A server that listens on addresses of one family, such as 0.0.0.0; callers take the other address.
        Finding::ok("port", format!("{port} is open; not at {}", told(&closed)))
    } else {
        Finding::warning("port", format!("closed on some: {}", told(&closed)), "look at the pods of those addresses")
    });

    let looks = join_all(open.iter().map(|address| look::at(target, *address))).await;
    let usable: Vec<_> =
        open.iter().zip(&looks).filter(|(_, look)| look.is_usable()).map(|(address, _)| *address).collect();
    findings.extend(look::worst(&open, looks));
    let left_out = addresses.len().min(port::MOST_ADDRESSES) - usable.len();
    (!usable.is_empty()).then_some(Reached { usable, left_out })
}

fn told(closed: &[(SocketAddr, io::Error)]) -> String {
    first(closed.iter().map(|(address, error)| format!("{address} ({error})")), port::MOST_ADDRESSES)
}

fn listed(addresses: &[SocketAddr]) -> String {
    let count = counted(addresses.len() as u64, "address", "addresses");
    let looked_at = if addresses.len() > port::MOST_ADDRESSES {
        format!("; the next lines look at the first {}", port::MOST_ADDRESSES)
    } else {
        String::new()
    };
    format!("{count}: {}{looked_at}", first(addresses.iter().map(|address| address.ip().to_string()), 5))
}

/// The first ones of a list that may be long.
pub(super) fn first(all: impl ExactSizeIterator<Item = String>, most: usize) -> String {
    let more = if all.len() > most { ", …" } else { "" };
    all.take(most).collect::<Vec<_>>().join(", ") + more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_more_addresses_than_are_looked_at_says_how_many_are() {
        let listed = |count: usize| super::listed(&vec![SocketAddr::from(([10, 0, 0, 1], 12345)); count]);
        assert!(!listed(port::MOST_ADDRESSES).contains("the first"));
        assert!(listed(port::MOST_ADDRESSES + 1).ends_with("; the next lines look at the first 16"));
    }
}
