//! What connections go through is told.

use std::collections::BTreeSet;
use std::time::Duration;

use async_std::task::block_on;
use futures::{FutureExt, StreamExt};
use ticketing_client::{Policy, Safety, State};

use crate::greeter::{Greeter, Reply, channels_to, greet};
use crate::wait::until;

#[test]
fn a_listener_hears_that_a_connection_is_ready() {
    let server = Greeter::start(|_| Reply::Hello);
    let channels = server.channels().build();
    let mut states = channels.states();
    block_on(greet(&channels, Safety::Read)).unwrap();
    until("a listener is told that it is ready", || {
        states.next().now_or_never().flatten().is_some_and(|change| change.state == State::Ready)
    });
}

#[test]
fn a_listener_that_comes_later_hears_first_what_each_connection_is_doing() {
    let server = Greeter::start(|_| Reply::Hello);
    let channels = server.channels().policy(Policy::Pool { connections: 2 }).build();
    let mut early = channels.states();
    let mut ready = BTreeSet::new();
    until("both connections are ready", || {
        block_on(greet(&channels, Safety::Read)).unwrap();
        let changes = std::iter::from_fn(|| early.next().now_or_never().flatten());
        ready.extend(changes.filter(|change| change.state == State::Ready).map(|change| change.connection));
        ready.len() == 2
    });
    let heard: Vec<_> = block_on(channels.states().take(2).collect());
    assert_eq!(
        heard.iter().map(|change| (change.connection, change.state)).collect::<Vec<_>>(),
        [(0, State::Ready), (1, State::Ready)]
    );
}

#[test]
fn a_listener_hears_that_nobody_is_reached_and_why() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let channels = channels_to(port).build();
    let mut states = channels.states();
    let mut told = None;
    until("a listener is told of an error", || {
        block_on(greet(&channels, Safety::Once)).unwrap_err();
        let mut changes = std::iter::from_fn(|| states.next().now_or_never().flatten());
        told = changes.find(|change| change.last_error.is_some());
        told.is_some()
    });
    let told = told.unwrap();
    assert_eq!((told.connection, told.state), (0, State::Failing));
    assert!(told.last_error.unwrap().contains("Connection refused"));
}

/// Such calls are told nothing but that their time is over.
#[test]
fn a_listener_hears_of_calls_that_wait_for_a_connection_in_vain() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let channels = channels_to(port).wait_for_ready(true).deadline(Duration::from_millis(200)).build();
    let mut states = channels.states();
    until("a listener is told of an error", || {
        block_on(greet(&channels, Safety::Once)).unwrap_err();
        let mut changes = std::iter::from_fn(|| states.next().now_or_never().flatten());
        changes.any(|change| change.last_error.is_some_and(|error| error.contains("did not answer Greet")))
    });
}

#[test]
fn the_stream_ends_with_the_channels() {
    let channels = channels_to(1).build();
    let states = channels.states();
    drop(channels);
    block_on(states.count());
}
