//! How many connections there are, and who gets calls.

use async_std::task::block_on;
use futures::future::join_all;
use ticketing_client::{Channels, Policy, Safety, Target};

use crate::greeter::{Greeter, Reply, channels_to, greet};

async fn greet_often(channels: &Channels) {
    join_all((0..20).map(|_| async {
        for _ in 0..10 {
            greet(channels, Safety::Read).await.unwrap();
        }
    }))
    .await;
}

#[test]
fn a_pool_of_four_has_four_sockets_and_a_single_one_has_one() {
    let server = Greeter::start(|_| Reply::Hello);
    block_on(greet_often(&server.channels().build()));
    assert_eq!(server.connections(), 1);
    block_on(greet_often(&server.channels().policy(Policy::Pool { connections: 4 }).build()));
    assert_eq!(server.connections(), 5);
}

#[test]
fn round_robin_reaches_every_address() {
    let (one, other) = (Greeter::start(|_| Reply::Hello), Greeter::start(|_| Reply::Hello));
    let both = Target::from_uri(&format!("ipv4:127.0.0.1:{},127.0.0.1:{}", one.port, other.port)).unwrap();
    let channels = Channels::builder(both).policy(Policy::RoundRobin).build();
    block_on(greet_often(&channels));
    assert!(one.attempts() > 0 && other.attempts() > 0, "{} and {}", one.attempts(), other.attempts());
}

#[test]
fn a_server_that_comes_back_is_found() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let channels = channels_to(port).policy(Policy::Pool { connections: 4 }).build();
    block_on(greet(&channels, Safety::Once)).unwrap_err();
    let server = Greeter::on(port, None, |_| Reply::Hello);
    block_on(greet(&channels, Safety::Read)).unwrap();
    assert_eq!(server.attempts(), 1);
}
