//! Connections that nobody uses are closed, and opened again when they are wanted.

use std::time::Duration;

use async_std::task::block_on;
use ticketing_client::Safety;

use crate::greeter::{Greeter, Reply, channels_to, greet};
use crate::relay::{Meet, Relay};
use crate::wait::until;

#[test]
fn a_connection_without_calls_is_closed_and_the_next_call_opens_another() {
    let server = Greeter::start(|_| Reply::Hello);
    let relay = Relay::start(move |_| Meet::Pass(server.port));
    let channels = channels_to(relay.port).idle_after(Duration::from_secs(1)).build();
    block_on(greet(&channels, Safety::Once)).unwrap();
    until("the connection is closed", || relay.open() == 0);
    block_on(greet(&channels, Safety::Once)).unwrap();
    assert_eq!(relay.accepted(), 2);
}
