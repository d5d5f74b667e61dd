//! Every attack, by its name.

mod bomb;
mod crowds;
mod floods;
mod handshakes;
mod headers;
mod messages;
mod resets;
mod slow;
mod unread;

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::frames::Header;
use super::got::Got;

const GET: &str = "/ticketing.CustomerController/GetCustomer";
const CREATE: &str = "/ticketing.CustomerController/CreateCustomer";
const LIST: &str = "/ticketing.CustomerController/ListCustomers";
const REFLECT: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
/// `page_size` 1,000.
const LARGEST_PAGE: &[u8] = &[0x08, 0xe8, 0x07];
/// An answer that has not come by then is not waited for.
const ANSWER: Duration = Duration::from_millis(100);

/// What an attacker may do.
#[derive(Debug)]
pub(crate) struct Attack {
    /// As in `attack NAME`.
    pub(crate) name: &'static str,
    /// In words.
    pub(crate) does: &'static str,
    pub(super) run: fn(&Scene) -> io::Result<Got>,
}

/// Whom to attack, and how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene {
    pub(super) address: SocketAddr,
    pub(super) until: Instant,
}

/// In the order in which they are tried.
pub(crate) const ATTACKS: &[Attack] = &[
    attack(
        "poisoning",
        "bad methods, paths, content-types, te, grpc-timeouts, encodings, base64 and others, as headers and as trailers, 20 of each on a connection",
        headers::poisoning,
    ),
    attack("large-headers", "64 KiB of headers, in one and in many frames", headers::large),
    attack("many-headers", "500 headers in a call", headers::many),
    attack("header-bomb", "a header of 4 kB that is told once and meant 16,000 times (HPACK bomb)", headers::bomb),
    attack(
        "bad-messages",
        "flag 2 and others, cut and deeply nested protobuf, invalid UTF-8, lengths that lie",
        messages::bad,
    ),
    attack("no-messages", "calls that end without a message, as fast as they are answered", messages::none),
    attack("large-messages", "messages of 5 MiB", messages::large),
    attack("gzip-bomb", "a message of 2.5 MiB that unpacks to 400 MiB", bomb::explode),
    attack("connections", "10,000 connections that stay", crowds::connections),
    attack(
        "half-open",
        "connections with a part of the preface, without a word, or closed on one side",
        crowds::half_open,
    ),
    attack("random-bytes", "random bytes, as a preface, as frames and in frames", crowds::random),
    attack(
        "handshakes",
        "handshakes of TLS that are begun, one after the other, and 1,000 of them held",
        handshakes::begin,
    ),
    attack("slow-headers", "200 connections whose headers come a byte at a time and never end", slow::headers),
    attack("slow-bodies", "2,500 calls whose messages come a byte at a time and never end", slow::bodies),
    attack(
        "large-bodies",
        "as many calls as there is time for, each with 7 kB of headers and 4 kB of a message that never ends",
        slow::large_bodies,
    ),
    attack("open-streams", "2,500 streams of reflection that are opened and held", slow::streams),
    attack("unread-lists", "the largest pages asked for 2,500 times on 10 connections, and not read", unread::lists),
    attack("slow-reads", "the same, read a byte at a time", unread::slowly),
    attack(
        "rapid-reset",
        "streams that are reset as soon as they are open (CVE-2023-44487), 10,000 and more",
        resets::rapid,
    ),
    attack(
        "made-you-reset",
        "streams that the other side has to reset, for a WINDOW_UPDATE of nothing (CVE-2025-8671)",
        resets::made,
    ),
    attack("ping-flood", "PINGs without end", floods::pings),
    attack("settings-flood", "SETTINGS without end", floods::settings),
    attack("window-update-flood", "WINDOW_UPDATEs without end", floods::window_updates),
    attack("priority-flood", "PRIORITY frames without end", floods::priorities),
    attack("empty-data-flood", "empty DATA frames without end", floods::empty_data),
    attack("continuation-flood", "CONTINUATIONs without end", floods::continuations),
];

const fn attack(name: &'static str, does: &'static str, run: fn(&Scene) -> io::Result<Got>) -> Attack {
    Attack { name, does, run }
}

impl Scene {
    fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Does the same on one connection after the other; what all of them got.
    fn again_and_again(&self, settings: &[(u16, u32)], mut on: impl FnMut(u64, &mut Connection)) -> io::Result<Got> {
        let mut got = Got::default();
        for number in 0.. {
            if self.is_over() {
                break;
            }
            let mut connection = Connection::open_with(self.address, settings)?;
            on(number, &mut connection);
            connection.hear();
            got.count("connections");
            got.add(&connection.got);
        }
        Ok(got)
    }
}

/// The headers of a proper call.
fn call(path: &str) -> Vec<Header<'_>> {
    vec![
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "customers"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ]
}
