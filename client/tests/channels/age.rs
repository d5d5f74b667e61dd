//! Connections are replaced when they are old, and no call is lost in the exchange.

use std::time::{Duration, Instant};

use async_std::task::block_on;
use futures::future::join_all;
use futures::{FutureExt, StreamExt};
use ticketing_client::{Policy, Safety, State};

use crate::greeter::{Greeter, Reply, greet};

#[test]
fn no_call_is_lost_while_connections_are_replaced() {
    // Every tenth call outlasts the connection that it is on.
    let server = Greeter::start(|call| if call % 10 == 0 { Reply::Late(Duration::from_secs(2)) } else { Reply::Hello });
    let age = Duration::from_millis(500);
    let channels = server.channels().policy(Policy::Pool { connections: 2 }).max_age(age).build();
    let mut states = channels.states();
    let begun = Instant::now();
    block_on(join_all((0..8).map(|_| async {
        while begun.elapsed() < Duration::from_secs(5) {
            greet(&channels, Safety::Once).await.unwrap();
            async_std::task::sleep(Duration::from_millis(10)).await;
        }
    })));
    assert!(server.connections() > 2, "{} connections", server.connections());
    let mut replaced = false;
    while let Some(Some(change)) = states.next().now_or_never() {
        replaced |= change.state == State::Replaced;
    }
    assert!(replaced, "nobody was told of the exchange");
}

#[test]
fn a_single_connection_stays_unless_an_age_is_set() {
    let server = Greeter::start(|_| Reply::Hello);
    let channels = server.channels().build();
    for _ in 0..20 {
        block_on(greet(&channels, Safety::Once)).unwrap();
        block_on(async_std::task::sleep(Duration::from_millis(100)));
    }
    assert_eq!(server.connections(), 1);
}
