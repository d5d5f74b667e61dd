//! A connection that is to replace another one, and cannot.

use std::time::{Duration, Instant};

use async_std::task::block_on;
use futures::{FutureExt, StreamExt};
use ticketing_client::{Safety, State};

use crate::greeter::{Greeter, Reply, channels_to, greet};
use crate::relay::{Meet, Relay};

#[test]
fn an_old_connection_stays_in_use_while_no_new_one_becomes_ready() {
    for fault in [Meet::Silence, Meet::Reset] {
        let server = Greeter::start(|_| Reply::Hello);
        let port = server.port;
        let relay = Relay::start(move |number| if number == 1 { Meet::Pass(port) } else { fault });
        let channels = channels_to(relay.port).max_age(Duration::from_millis(500)).build();
        let mut states = channels.states();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(4) {
            block_on(greet(&channels, Safety::Once)).unwrap();
            block_on(async_std::task::sleep(Duration::from_millis(10)));
        }
        assert!(relay.accepted() > 1, "no replacement was tried");
        assert_eq!(server.connections(), 1);
        while let Some(Some(change)) = states.next().now_or_never() {
            assert_ne!(change.state, State::Replaced);
        }
    }
}
