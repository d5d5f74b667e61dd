//! What a name server knows, and its answers: bytes in, bytes out.

use std::net::SocketAddrV4;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use hickory_proto::op::{Message, Metadata, ResponseCode};
use hickory_proto::rr::RecordType;

use crate::Endpoints;

/// Seconds. As Docker's DNS says it: long, so that a resolver which honours it is found out.
pub(super) const TTL: u32 = 600;

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

#[derive(Debug)]
pub(super) struct Zone {
    services: Vec<(&'static str, Endpoints)>,
    answer: Mutex<DnsAnswer>,
    /// The first answers of each number of addresses.
    answered: Mutex<Vec<DnsAnswered>>,
    ended: AtomicBool,
}

impl Zone {
    pub(super) fn of(services: Vec<(&'static str, Endpoints)>) -> Self {
        Self { services, answer: Mutex::default(), answered: Mutex::default(), ended: AtomicBool::new(false) }
    }

    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    pub(super) fn answer_with(&self, answer: DnsAnswer) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }

    pub(super) fn first_answer_of(&self, addresses: usize) -> Option<DnsAnswered> {
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.iter().find(|answered| answered.addresses == addresses).copied()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// The answer to a query, at most `limit` bytes long; `None` where silence is the answer.
    pub(super) fn respond(&self, query: &[u8], limit: Option<usize>) -> Option<Vec<u8>> {
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
