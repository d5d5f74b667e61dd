//! Whether the name that is called stands for several servers.

use std::net::SocketAddr;
use std::time::Duration;

use async_std::future::timeout;
use async_std::net::ToSocketAddrs as _;

/// For a name that has just been resolved to be called.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many servers a name seems to stand for, where it can be told at once.
pub(super) async fn servers(host: &str, port: u16) -> Option<usize> {
    let found = timeout(PATIENCE, (host, port).to_socket_addrs()).await.ok()?.ok()?;
    Some(servers_at(found))
}

/// One server may have an address of each family, as localhost has: those of the larger one count.
fn servers_at(addresses: impl Iterator<Item = SocketAddr>) -> usize {
    let mut addresses: Vec<_> = addresses.collect();
    addresses.sort_unstable();
    addresses.dedup();
    let of_version_4 = addresses.iter().filter(|address| address.is_ipv4()).count();
    of_version_4.max(addresses.len() - of_version_4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_an_address_of_each_family_is_one_server() {
        let servers = |addresses: &[&str]| servers_at(addresses.iter().map(|address| address.parse().unwrap()));
        assert_eq!(servers(&["127.0.0.1:1", "[::1]:1", "127.0.0.1:1"]), 1);
        assert_eq!(servers(&["10.0.0.1:1", "10.0.0.2:1", "[fd00::1]:1"]), 2);
    }
}
