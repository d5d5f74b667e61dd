//! Connections that nobody uses are closed, and opened again when they are wanted.

use std::time::Duration;

use async_std::task::{block_on, sleep};
use ticketing_client::{Policy, Safety};

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

#[test]
fn connections_that_are_replaced_by_age_are_closed_too_once_nobody_calls() {
    let server = Greeter::start(|_| Reply::Hello);
    let port = server.port;
    let relay = Relay::start(move |_| Meet::Pass(port));
    let second = Duration::from_secs(1);
    let pool = Policy::Pool { connections: 2 };
    let channels = channels_to(relay.port).policy(pool).max_age(second).idle_after(2 * second).build();
    until("both are replaced", || {
        block_on(greet(&channels, Safety::Once)).unwrap();
        relay.accepted() >= 4
    });
    until("all are closed", || relay.open() == 0);
    let made = relay.accepted();
    block_on(sleep(2 * second));
    assert_eq!(relay.accepted(), made, "connections are made for nobody");
    block_on(greet(&channels, Safety::Once)).unwrap();
}
