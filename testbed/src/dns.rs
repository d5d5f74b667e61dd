//! A DNS server that answers for headless Services: one A record for each server that takes calls.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, Metadata, ResponseCode};
use hickory_proto::rr::RecordType;

use crate::Endpoints;

/// Seconds. As Docker's DNS says it: long, so that a resolver which honours it is found out.
const TTL: u32 = 600;
const TCP_LIMIT: Duration = Duration::from_secs(2);
const MAX_UDP_QUERY: usize = 4_096;
/// UDP and TCP need the same number; the system gives a free one for the first only.
const BIND_TRIES: usize = 50;
const DNS_PORT: u16 = 53;

/// What is answered for a service's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DnsAnswer {
    /// The servers that take calls.
    #[default]
    Addresses,
    /// The name exists, without an address.
    Empty,
    /// NXDOMAIN.
    NoSuchName,
    /// SERVFAIL.
    ServerFailure,
    /// Nothing at all: the query is dropped.
    Silence,
}

/// An answer with addresses, as it was sent whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DnsAnswered {
    /// When.
    pub at: Instant,
    /// How many addresses it told.
    pub addresses: usize,
    /// Its length, without the two bytes that TCP has before it.
    pub bytes: usize,
}

/// A DNS server on 127.0.0.1, UDP and TCP, that ends when it is dropped.
#[derive(Debug)]
pub struct DnsServer {
    address: SocketAddr,
    zone: Arc<Zone>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Zone {
    services: Vec<(&'static str, Endpoints)>,
    answer: Mutex<DnsAnswer>,
    /// The first answers of each number of addresses.
    answered: Mutex<Vec<DnsAnswered>>,
    ended: AtomicBool,
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
        let zone =
            Zone { services, answer: Mutex::default(), answered: Mutex::default(), ended: AtomicBool::new(false) };
        let zone = Arc::new(zone);
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
        *self.zone.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }

    /// The first answer that told so many addresses, once there was one. A truncated answer tells none.
    pub fn first_answer_of(&self, addresses: usize) -> Option<DnsAnswered> {
        let answered = self.zone.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.iter().find(|answered| answered.addresses == addresses).copied()
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.zone.ended.store(true, Ordering::Relaxed);
        // Wakes both threads; if that fails they have ended already.
        let _ = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.send_to(&[], self.address));
        let _ = TcpStream::connect(self.address);
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so on stderr.
            let _ = thread.join();
        }
    }
}

impl Zone {
    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// The answer to a query, at most `limit` bytes long; `None` where silence is the answer.
    fn respond(&self, query: &[u8], limit: Option<usize>) -> Option<Vec<u8>> {
        let query = Message::from_vec(query).ok()?;
        let asked = query.queries.first()?;
        let answer = *self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        let label = asked.name().iter().next().unwrap_or_default();
        let ours = self.services.iter().find(|(name, _)| label.eq_ignore_ascii_case(name.as_bytes()));

        let mut response = Message::response(query.metadata.id, query.metadata.op_code);
        response.metadata = Metadata::response_from_request(&query.metadata);
        response.metadata.authoritative = true;
        response.metadata.recursion_available = true;
        response.add_query(asked.clone());
        let mut addresses = Vec::new();
        match answer {
            DnsAnswer::Silence => return None,
            DnsAnswer::ServerFailure => response.metadata.response_code = ResponseCode::ServFail,
            DnsAnswer::NoSuchName => response.metadata.response_code = ResponseCode::NXDomain,
            DnsAnswer::Addresses | DnsAnswer::Empty => match ours {
                Some((_, endpoints)) if answer == DnsAnswer::Addresses && asked.query_type() == RecordType::A => {
                    addresses = endpoints.addresses();
                }
                Some(_) => {}
                None => response.metadata.response_code = ResponseCode::NXDomain,
            },
        }
        let mut bytes = response.to_vec().ok()?;
        append(&addresses, &mut bytes);
        if limit.is_some_and(|limit| bytes.len() > limit.min(query.max_payload().into())) {
            return response.truncate().to_vec().ok();
        }
        self.remember(addresses.len(), bytes.len());
        Some(bytes)
    }

    fn remember(&self, addresses: usize, bytes: usize) {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses > 0 && answered.iter().all(|before| before.addresses != addresses) {
            answered.push(DnsAnswered { at: Instant::now(), addresses, bytes });
        }
    }
}

/// A record for each address, its name a pointer to the question's (RFC 1035 section 4.1.4), so that each takes 16 bytes, as
/// CoreDNS writes them. hickory points for the first few hundred names of a message only.
fn append(addresses: &[SocketAddrV4], message: &mut Vec<u8>) {
    const COUNT: std::ops::Range<usize> = 6..8;
    const POINTER_TYPE_CLASS: [u8; 6] = [0xc0, 12, 0, 1, 0, 1];
    message[COUNT].copy_from_slice(&u16::try_from(addresses.len()).unwrap_or(u16::MAX).to_be_bytes());
    for address in addresses {
        message.extend(POINTER_TYPE_CLASS);
        message.extend(TTL.to_be_bytes());
        message.extend([0, 4]);
        message.extend(address.ip().octets());
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
    use hickory_proto::op::Query;
    use hickory_proto::rr::{Name, RData};

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
