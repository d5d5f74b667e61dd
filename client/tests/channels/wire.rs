//! Peers that do not speak gRPC as they should: calls end with an error, in time.

use std::net::TcpListener;
use std::time::Duration;

use async_std::task::block_on;
use ticketing_client::{CallError, Code, Safety};

use crate::greeter::{channels_to, greet};
use crate::relay::{Meet, Relay};

/// Longer than it may take to connect (2 s), so that the fault of the connection comes out.
const LONG: Duration = Duration::from_mins(1);

/// The outcome of a call to a peer that does this with each connection.
fn call_to(meet: Meet, deadline: Duration) -> CallError {
    let relay = Relay::start(move |_| meet);
    block_on(greet(&channels_to(relay.port).deadline(deadline).build(), Safety::Read)).unwrap_err()
}

fn assert_unreached(error: &CallError) {
    assert_eq!((error.code, error.answered), (Code::Unavailable, false), "{error:?}");
    assert!(error.to_string().starts_with("cannot reach 127.0.0.1:"), "{error}");
}

#[test]
fn a_peer_that_accepts_and_stays_silent_is_unavailable_once_that_is_known() {
    assert_unreached(&call_to(Meet::Silence, LONG));
}

#[test]
fn a_peer_that_accepts_and_stays_silent_does_not_hold_a_call_past_its_deadline() {
    let error = call_to(Meet::Silence, Duration::from_secs(1));
    assert_eq!((error.code, error.attempts, error.answered), (Code::DeadlineExceeded, 1, false), "{error:?}");
}

#[test]
fn a_peer_that_closes_at_once_is_unavailable() {
    assert_unreached(&call_to(Meet::Close, LONG));
}

#[test]
fn a_peer_that_resets_at_once_is_unavailable() {
    assert_unreached(&call_to(Meet::Reset, LONG));
}

#[test]
fn a_peer_that_closes_one_half_is_unavailable() {
    assert_unreached(&call_to(Meet::HalfClose, LONG));
}

#[test]
fn a_port_where_nobody_listens_is_unavailable_and_tried_again() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = block_on(greet(&channels_to(port).build(), Safety::Read)).unwrap_err();
    assert_unreached(&error);
    assert_eq!(error.attempts, 5);
}
