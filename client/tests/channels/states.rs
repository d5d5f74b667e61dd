//! What connections go through is told.

use async_std::task::block_on;
use futures::StreamExt;
use ticketing_client::{Safety, State};

use crate::greeter::{Greeter, Reply, channels_to, greet};

#[test]
fn a_listener_hears_that_a_connection_is_ready() {
    let server = Greeter::start(|_| Reply::Hello);
    let channels = server.channels().build();
    let mut states = channels.states();
    block_on(greet(&channels, Safety::Read)).unwrap();
    while block_on(states.next()).expect("it is told while the channels are there").state != State::Ready {}
}

#[test]
fn a_listener_hears_that_nobody_is_reached_and_why() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let channels = channels_to(port).build();
    let mut states = channels.states();
    let told = loop {
        block_on(greet(&channels, Safety::Once)).unwrap_err();
        let change = block_on(states.next()).expect("it is told while the channels are there");
        if change.last_error.is_some() {
            break change;
        }
    };
    assert_eq!((told.connection, told.state), (0, State::Failing));
    assert!(told.last_error.unwrap().contains("Connection refused"));
}

#[test]
fn the_stream_ends_with_the_channels() {
    let channels = channels_to(1).build();
    let states = channels.states();
    drop(channels);
    block_on(states.count());
}
