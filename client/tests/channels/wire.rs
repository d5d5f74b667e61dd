//! Peers that do not speak gRPC as they should: calls end with an error, in time.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_std::task::block_on;
use ticketing_client::{CallError, Code, Safety};

use crate::greeter::{channels_to, greet};

/// The outcome of a call to a listener that does this with each connection.
fn call_to(meet: impl Fn(TcpStream) + Send + 'static) -> CallError {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().for_each(|peer| meet(peer.unwrap())));
    let channels = channels_to(port).deadline(Duration::from_secs(3)).build();
    block_on(greet(&channels, Safety::Read)).unwrap_err()
}

#[test]
fn a_peer_that_accepts_and_stays_silent_does_not_hold_a_call_past_its_deadline() {
    let held = Arc::<Mutex<Vec<TcpStream>>>::default();
    let error = call_to(move |peer| held.lock().unwrap().push(peer));
    assert!(matches!(error.code, Code::DeadlineExceeded | Code::Unavailable), "{error}");
}

#[test]
fn a_peer_that_closes_at_once_is_unavailable() {
    let error = call_to(drop);
    assert!(matches!(error.code, Code::DeadlineExceeded | Code::Unavailable), "{error}");
    assert!(!error.answered);
}

#[test]
fn a_peer_that_closes_one_half_is_unavailable() {
    let held = Arc::<Mutex<Vec<TcpStream>>>::default();
    let error = call_to(move |peer| {
        peer.shutdown(Shutdown::Write).unwrap();
        held.lock().unwrap().push(peer);
    });
    assert!(matches!(error.code, Code::DeadlineExceeded | Code::Unavailable), "{error}");
}

#[test]
fn a_port_where_nobody_listens_is_unavailable_and_tried_again() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = block_on(greet(&channels_to(port).build(), Safety::Read)).unwrap_err();
    assert_eq!((error.code, error.attempts, error.answered), (Code::Unavailable, 5, false));
}
