//! Ports that are free, and stay so until the process they are meant for has bound them.

use std::net::{Ipv4Addr, TcpListener};

use crate::BedError;

/// Below the range from which Linux takes ports for outgoing connections (32768 on): those would come and go under us.
const RANGE: std::ops::Range<u16> = 20_000..32_000;
const TRIES: usize = 200;

/// On this address nobody serves anything. Who listens there on a port has reserved it on all addresses, against every
/// other bed on the machine; the kernel takes the reservation back whatever happens to us.
const RESERVATIONS: Ipv4Addr = Ipv4Addr::new(127, 255, 0, 1);

/// A port of our own, for as long as this value lives.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _reservation: TcpListener,
}

impl Port {
    /// A port that is free on all of `addresses`.
    pub fn free_on(addresses: &[Ipv4Addr]) -> Result<Self, BedError> {
        (0..TRIES).find_map(|_| Self::take(fastrand::u16(RANGE), addresses)).ok_or_else(|| BedError::NoFreePort {
            addresses: addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        })
    }

    /// A number that is free on every address of this machine, for someone who will listen on all of them. It is reserved
    /// only from then on.
    pub fn free_everywhere() -> Result<u16, BedError> {
        let free = |number: &u16| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *number)).is_ok();
        let found = (0..TRIES).map(|_| fastrand::u16(RANGE)).find(free);
        found.ok_or_else(|| BedError::NoFreePort { addresses: Ipv4Addr::UNSPECIFIED.to_string() })
    }

    /// This very port on `address`.
    pub fn exactly(number: u16, address: Ipv4Addr) -> Result<Self, BedError> {
        Self::take(number, &[address]).ok_or(BedError::PortTaken { port: number })
    }

    /// The number.
    pub fn number(&self) -> u16 {
        self.number
    }

    fn take(number: u16, addresses: &[Ipv4Addr]) -> Option<Self> {
        let reservation = TcpListener::bind((RESERVATIONS, number)).ok()?;
        addresses.iter().all(|address| TcpListener::bind((*address, number)).is_ok()).then_some(())?;
        Some(Self { number, _reservation: reservation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_once_only() {
        let first = Port::free_on(&[Ipv4Addr::LOCALHOST]).unwrap();
        let second = Port::exactly(first.number(), Ipv4Addr::new(127, 0, 0, 9));
        assert!(second.is_err());
        drop(first);
    }

    #[test]
    fn who_listens_on_a_port_of_all_addresses_has_reserved_it() {
        let everywhere = TcpListener::bind((Ipv4Addr::UNSPECIFIED, Port::free_everywhere().unwrap())).unwrap();
        let number = everywhere.local_addr().unwrap().port();
        assert!(Port::exactly(number, Ipv4Addr::LOCALHOST).is_err());
    }

    #[test]
    fn a_port_that_someone_listens_on_is_refused() {
        let stranger = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = stranger.local_addr().unwrap().port();
        let refused = Port::exactly(port, Ipv4Addr::LOCALHOST).unwrap_err();
        assert_eq!(refused.to_string(), format!("port {port} is taken: choose another one, or none to get a free one"));
    }
}
