//! A DNS server that answers for headless Services: one A record for each server that takes calls.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

mod zone;

use self::zone::Zone;
pub use self::zone::{DnsAnswer, DnsAnswered};
use crate::Endpoints;

const TCP_LIMIT: Duration = Duration::from_secs(2);
const MAX_UDP_QUERY: usize = 4_096;
/// UDP and TCP need the same number; the system gives a free one for the first only.
const BIND_TRIES: usize = 50;
const DNS_PORT: u16 = 53;

/// A DNS server on 127.0.0.1, UDP and TCP, that ends when it is dropped.
#[derive(Debug)]
pub struct DnsServer {
    address: SocketAddr,
    zone: Arc<Zone>,
    threads: Vec<JoinHandle<()>>,
}

impl DnsServer {
    /// Serves each service's endpoints on a free port. A service's name is the first label of the name that is asked
    /// for; a search domain may follow.
    pub fn start(services: Vec<(&'static str, Endpoints)>) -> io::Result<Self> {
        let (udp, tcp) = bind()?;
        Self::serve(udp, tcp, services)
    }

    /// As [`DnsServer::start`], on port 53 of a loopback address that is free there, for those who ask as resolv.conf
    /// says, which knows no ports. That takes the right to bind it, which root has.
    pub fn start_on_port_53(services: Vec<(&'static str, Endpoints)>) -> io::Result<Self> {
        let mut failed = None;
        for _ in 0..BIND_TRIES {
            let address = (Ipv4Addr::new(127, 254, fastrand::u8(..), fastrand::u8(1..255)), DNS_PORT);
            match UdpSocket::bind(address).and_then(|udp| Ok((udp, TcpListener::bind(address)?))) {
                Ok((udp, tcp)) => return Self::serve(udp, tcp, services),
                Err(error) => failed = Some(error),
            }
        }
        Err(failed.unwrap_or_else(|| io::ErrorKind::AddrInUse.into()))
    }

    fn serve(udp: UdpSocket, tcp: TcpListener, services: Vec<(&'static str, Endpoints)>) -> io::Result<Self> {
        let address = udp.local_addr()?;
        let zone = Arc::new(Zone::of(services));
        let (udp_zone, tcp_zone) = (zone.clone(), zone.clone());
        let threads =
            vec![thread::spawn(move || serve_udp(&udp, &udp_zone)), thread::spawn(move || serve_tcp(&tcp, &tcp_zone))];
        Ok(Self { address, zone, threads })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers so from now on.
    pub fn answer_with(&self, answer: DnsAnswer) {
        self.zone.answer_with(answer);
    }

    /// The first answer that told so many addresses, once there was one. A truncated answer tells none.
    pub fn first_answer_of(&self, addresses: usize) -> Option<DnsAnswered> {
        self.zone.first_answer_of(addresses)
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.zone.end();
        // Wakes both threads; if that fails they have ended already.
        let _ = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.send_to(&[], self.address));
        let _ = TcpStream::connect(self.address);
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so on stderr.
            let _ = thread.join();
        }
    }
}

fn bind() -> io::Result<(UdpSocket, TcpListener)> {
    let mut failed = None;
    for _ in 0..BIND_TRIES {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        match TcpListener::bind(udp.local_addr()?) {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) => failed = Some(error),
        }
    }
    Err(failed.unwrap_or_else(|| io::ErrorKind::AddrInUse.into()))
}

fn serve_udp(socket: &UdpSocket, zone: &Zone) {
    let mut buffer = [0; MAX_UDP_QUERY];
    while !zone.has_ended() {
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        if let Some(response) = zone.respond(&buffer[..length], Some(usize::from(u16::MAX))) {
            // UDP promises nothing: the resolver asks again.
            let _ = socket.send_to(&response, from);
        }
    }
}

fn serve_tcp(listener: &TcpListener, zone: &Zone) {
    while !zone.has_ended() {
        if let Ok((stream, _)) = listener.accept() {
            // The resolver asks again where its connection breaks.
            let _ = answer_tcp(stream, zone);
        }
    }
}

/// One query on one connection, each message behind its length in two bytes (RFC 1035 section 4.2.2).
fn answer_tcp(mut stream: TcpStream, zone: &Zone) -> io::Result<()> {
    stream.set_read_timeout(Some(TCP_LIMIT))?;
    stream.set_write_timeout(Some(TCP_LIMIT))?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut query = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut query)?;
    if let Some(response) = zone.respond(&query, None) {
        let length = u16::try_from(response.len()).map_err(io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes()[..], &response].concat())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddrV4;

    use hickory_proto::op::{Message, Query, ResponseCode};
    use hickory_proto::rr::{Name, RData, RecordType};

    use super::zone::TTL;
    use super::*;

    const FIRST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

    fn with_servers(count: u32) -> DnsServer {
        let endpoints = Endpoints::default();
        for number in 0..count {
            endpoints.add(SocketAddrV4::new(Ipv4Addr::from_bits(FIRST.to_bits() + number), 12345));
        }
        DnsServer::start(vec![("app-server-headless", endpoints)]).unwrap()
    }

    fn query(name: &str, kind: RecordType) -> Vec<u8> {
        let mut message = Message::query();
        message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
        message.to_vec().unwrap()
    }

    fn ask(dns: &DnsServer, name: &str, kind: RecordType) -> Message {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.send_to(&query(name, kind), dns.address()).unwrap();
        let mut buffer = [0; MAX_UDP_QUERY];
        let length = socket.recv(&mut buffer).unwrap();
        Message::from_vec(&buffer[..length]).unwrap()
    }

    #[test]
    fn each_server_is_an_address_of_the_name_with_or_without_a_search_domain() {
        let dns = with_servers(3);
        for name in ["app-server-headless.", "app-server-headless.default.svc.cluster.local."] {
            let answer = ask(&dns, name, RecordType::A);
            assert_eq!(answer.metadata.response_code, ResponseCode::NoError);
            assert_eq!(answer.answers.len(), 3);
            assert!(answer.answers.iter().all(|record| record.name.to_ascii() == name && record.ttl == TTL));
            assert!(matches!(answer.answers[0].data, RData::A(address) if address.0 == FIRST));
        }
    }

    #[test]
    fn another_family_is_empty_and_another_name_is_unknown() {
        let dns = with_servers(1);
        let other_family = ask(&dns, "app-server-headless.", RecordType::AAAA);
        assert_eq!((other_family.metadata.response_code, other_family.answers.len()), (ResponseCode::NoError, 0));
        let other_name = ask(&dns, "elsewhere.", RecordType::A);
        assert_eq!(other_name.metadata.response_code, ResponseCode::NXDomain);
    }

    #[test]
    fn faults_are_answered_as_they_are_set() {
        let dns = with_servers(1);
        for (set, code) in [
            (DnsAnswer::ServerFailure, ResponseCode::ServFail),
            (DnsAnswer::NoSuchName, ResponseCode::NXDomain),
            (DnsAnswer::Empty, ResponseCode::NoError),
        ] {
            dns.answer_with(set);
            let answer = ask(&dns, "app-server-headless.", RecordType::A);
            assert_eq!((answer.metadata.response_code, answer.answers.len()), (code, 0));
        }
    }

    #[test]
    fn more_servers_than_a_datagram_holds_are_told_over_tcp() {
        let dns = with_servers(2_000);
        let cut = ask(&dns, "app-server-headless.", RecordType::A);
        assert!(cut.metadata.truncation);
        assert_eq!(dns.first_answer_of(2_000), None);

        let question = query("app-server-headless.", RecordType::A);
        let mut stream = TcpStream::connect(dns.address()).unwrap();
        let length = u16::try_from(question.len()).unwrap().to_be_bytes();
        stream.write_all(&[&length[..], &question].concat()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert_eq!(Message::from_vec(&answer[2..]).unwrap().answers.len(), 2_000);
        let whole = dns.first_answer_of(2_000).unwrap();
        assert_eq!((whole.addresses, whole.bytes), (2_000, answer.len() - 2));
    }
}
