//! Connections that died without a word are found out.

use std::time::Duration;

use async_std::task::block_on;
use ticketing_client::Safety;

use crate::greeter::{Greeter, Reply, channels_to, greet};
use crate::relay::{Meet, Relay};

#[test]
fn a_connection_that_fell_silent_is_given_up_and_a_read_on_it_is_made_on_another() {
    let server = Greeter::start(|_| Reply::Hello);
    let relay = Relay::start(move |_| Meet::Pass(server.port));
    let second = Duration::from_secs(1);
    // Found out in 2 s; without pings the call would hang until its deadline.
    let channels = channels_to(relay.port).keepalive(second, second).deadline(Duration::from_secs(30)).build();
    block_on(greet(&channels, Safety::Read)).unwrap();
    relay.silence_all();
    block_on(greet(&channels, Safety::Read)).unwrap();
    assert_eq!(relay.accepted(), 2);
}
