//! Connections that died without a word are found out.

use std::time::Duration;

use async_std::task::block_on;
use ticketing_client::{Code, Safety};

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

/// C-core sends two pings, and no more, before it has other data to send.
#[test]
fn a_call_that_was_quiet_for_long_is_given_up_too_when_its_peer_falls_silent() {
    const PINGS: Duration = Duration::from_secs(4);
    let server = Greeter::start(|_| Reply::Silence);
    let relay = Relay::start(move |_| Meet::Pass(server.port));
    let second = Duration::from_secs(1);
    let channels = channels_to(relay.port).keepalive(second, second).build();
    let ended = async_std::task::spawn({
        let channels = channels.clone();
        async move { greet(&channels, Safety::Once).await }
    });
    block_on(async_std::task::sleep(PINGS));
    assert_eq!((server.attempts(), relay.open()), (1, 1), "the call still waits");
    relay.silence_all();
    assert_eq!(block_on(ended).unwrap_err().code, Code::Unavailable);
}

#[test]
fn a_server_that_is_pinged_oftener_than_it_likes_sends_the_connection_away_and_a_read_is_made_on_another() {
    let server = Greeter::that_is_rarely_pinged(|attempt| if attempt == 1 { Reply::Silence } else { Reply::Hello });
    let second = Duration::from_secs(1);
    let channels = server.channels().keepalive(second, second).build();
    let answer = block_on(greet(&channels, Safety::Read)).unwrap();
    assert_eq!((answer.attempts, server.connections()), (2, 2));
}

#[test]
fn keepalive_that_is_never_or_too_often_is_taken_for_what_c_core_can_do() {
    let server = Greeter::start(|_| Reply::Hello);
    for time in [Duration::ZERO, Duration::MAX] {
        let channels = server.channels().keepalive(time, time).max_age(time).idle_after(time).build();
        block_on(greet(&channels, Safety::Read)).unwrap();
    }
}
