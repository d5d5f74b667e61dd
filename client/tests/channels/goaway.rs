//! Servers that send connections away in order.

use std::time::{Duration, Instant};

use async_std::task::block_on;
use futures::future::join_all;
use ticketing_client::{Code, Safety};

use crate::greeter::{Greeter, Reply, channels_to, greet, greet_as};
use crate::relay::{Meet, Relay};

#[test]
fn a_graceful_goaway_fails_no_call() {
    let server = Greeter::with_connections_up_to(100);
    let channels = server.channels().build();
    let begun = Instant::now();
    block_on(join_all((0..16).map(|_| async {
        while begun.elapsed() < Duration::from_secs(3) {
            // Sent once: the library's own retries would hide a failure.
            greet(&channels, Safety::Once).await.unwrap();
        }
    })));
    assert!(server.connections() > 5, "{} connections", server.connections());
}

#[test]
fn a_call_that_a_goaway_sends_away_untouched_is_made_on_another_connection() {
    let server = Greeter::start(|_| Reply::Hello);
    let port = server.port;
    let relay = Relay::start(move |number| if number == 1 { Meet::GoAway } else { Meet::Pass(port) });
    // Even one that may happen twice: the first server says that it did not.
    block_on(greet(&channels_to(relay.port).build(), Safety::Once)).unwrap();
    assert_eq!((relay.accepted(), server.attempts()), (2, 1));
}

/// C-core keeps 256 KiB of a call by default, and lets calls fail that are larger.
#[test]
fn the_same_goes_for_a_large_call() {
    let server = Greeter::start(|_| Reply::Hello);
    let port = server.port;
    let relay = Relay::start(move |number| if number == 1 { Meet::GoAway } else { Meet::Pass(port) });
    block_on(greet_as(&"o".repeat(3 << 20), &channels_to(relay.port).build(), Safety::Once)).unwrap();
}

/// Nobody knows whether it was carried out.
#[test]
fn a_call_that_a_goaway_finds_under_way_is_lost_and_retried_where_that_is_safe() {
    let server = Greeter::start(|_| Reply::Hello);
    let port = server.port;
    let to_a_relay = || {
        let relay = Relay::start(move |number| if number == 1 { Meet::GoAwayForGood } else { Meet::Pass(port) });
        channels_to(relay.port).build()
    };
    let lost = block_on(greet(&to_a_relay(), Safety::Once)).unwrap_err();
    assert_eq!((lost.code, lost.answered), (Code::Unavailable, false), "{lost}");
    assert_eq!(server.attempts(), 0);
    assert_eq!(block_on(greet(&to_a_relay(), Safety::Read)).unwrap().attempts, 2);
}

/// A ping that reaches a server after it has closed the connection is answered by a reset, which can overtake the server's
/// last answers. (Keepalive pings come after 30 s without a word, when no answer is under way.)
#[test]
fn a_caller_sends_its_server_no_ping_of_its_own() {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const HEADERS: u8 = 1;
    const PING: u8 = 6;
    const ACK: u8 = 1;
    let server = Greeter::start(|_| Reply::Hello);
    let relay = Relay::start(move |_| Meet::Pass(server.port));
    let channels = channels_to(relay.port).build();
    // By default C-core pings when it reads again after an answer.
    for _ in 0..3 {
        block_on(greet(&channels, Safety::Once)).unwrap();
    }
    let said = relay.said();
    let mut rest = said.strip_prefix(PREFACE).expect("HTTP/2 (RFC 9113, 3.4)");
    let mut calls = 0;
    // RFC 9113, 4.1; what is still under way is cut off.
    while let [high, middle, low, kind, flags, _, _, _, _, payload @ ..] = rest {
        assert!(*kind != PING || flags & ACK != 0, "a ping of the caller's own");
        calls += usize::from(*kind == HEADERS);
        rest = payload.get(u32::from_be_bytes([0, *high, *middle, *low]) as usize..).unwrap_or_default();
    }
    assert_eq!(calls, 3);
}
