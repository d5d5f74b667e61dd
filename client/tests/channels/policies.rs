//! How many connections there are, and who gets calls.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Context;
use std::thread;
use std::time::Duration;

use async_std::task::block_on;
use futures::future::{join, join_all};
use futures::task::{ArcWake, waker};
use futures::{FutureExt, StreamExt};
use grpcio::RpcStatusCode;
use ticketing_client::{Channels, Policy, Safety, State, Target};

use crate::greeter::{Greeter, Reply, channels_to, greet, unavailable};
use crate::relay::{Meet, Relay};
use crate::retries::asks;
use crate::wait::{until, until_async};

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

/// Remembers which threads woke it.
#[derive(Default)]
struct Woken(Mutex<BTreeSet<String>>);

impl ArcWake for Woken {
    fn wake_by_ref(woken: &Arc<Self>) {
        let thread = thread::current();
        woken.0.lock().unwrap().insert(thread.name().unwrap_or_default().to_owned());
    }
}

#[test]
fn the_connections_of_a_pool_are_spread_over_a_completion_queue_for_each_cpu() {
    let server = Greeter::start(|_| Reply::Late(Duration::from_millis(1)));
    let channels = server.channels().policy(Policy::Pool { connections: 4 }).build();
    let woken = Arc::<Woken>::default();
    let waker = waker(woken.clone());
    for _ in 0..100 {
        let mut call = pin!(greet(&channels, Safety::Once));
        until("the call is answered", || call.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
    }
    let cpus = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = woken.0.lock().unwrap();
    let queues = threads.iter().filter(|thread| thread.starts_with("grpc-client")).count();
    assert_eq!(queues, cpus.min(4), "{threads:?}");
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
    let server = Greeter::on(&format!("127.0.0.1:{port}"), |_| Reply::Hello);
    block_on(greet(&channels, Safety::Read)).unwrap();
    assert_eq!(server.attempts(), 1);
}

#[test]
fn a_connection_of_a_pool_that_fails_is_avoided() {
    assert_avoided(Meet::Reset);
}

#[test]
fn a_connection_of_a_pool_that_is_accepted_and_stays_silent_is_avoided() {
    assert_avoided(Meet::Silence);
}

/// An L4 balancer in front of two pods, one of which refuses each call at once.
#[test]
fn a_connection_of_a_pool_to_a_server_that_refuses_everything_is_avoided() {
    let failed = failed_beside(|| Greeter::start(|_| unavailable()), Duration::from_mins(1));
    // Three on each, and now and then one that tries again.
    assert!(failed <= 10, "{failed} of 500 calls failed");
}

/// The same of one that has too much to do, and says when to come back.
#[test]
fn a_connection_of_a_pool_to_a_server_that_is_overloaded_is_avoided() {
    let failed =
        failed_beside(|| Greeter::start(|_| asks(RpcStatusCode::RESOURCE_EXHAUSTED, 1)), Duration::from_mins(1));
    assert!(failed <= 10, "{failed} of 500 calls failed");
}

/// Its kernel and its C-core still answer pings.
#[test]
fn a_connection_of_a_pool_to_a_server_that_hangs_is_avoided() {
    let failed = failed_beside(|| Greeter::start(|_| Reply::Silence), Duration::from_millis(200));
    assert!(failed <= 10, "{failed} of 500 calls failed");
}

/// How many of 500 calls fail, one after the other, on a pool of which two connections of four lead to a good server.
fn failed_beside(bad: impl Fn() -> Greeter, deadline: Duration) -> usize {
    let (good, bad) = (Greeter::start(|_| Reply::Hello), bad());
    let ports = [good.port, bad.port];
    let relay = Relay::start(move |number| Meet::Pass(ports[number % 2]));
    let channels = channels_to(relay.port).policy(Policy::Pool { connections: 4 }).deadline(deadline).build();
    let failed = block_on(async {
        let mut failed = 0;
        for _ in 0..500 {
            failed += usize::from(greet(&channels, Safety::Once).await.is_err());
        }
        failed
    });
    assert!(bad.attempts() > 0 && good.attempts() > 0, "one of them was never called");
    failed
}

/// The first connection that is ready may have no more streams than its server takes at a time.
#[test]
fn a_burst_is_shared_with_the_connections_of_a_pool_that_are_still_being_made() {
    const CONNECTIONS: usize = 4;
    const FIRST: usize = 40;
    const CALLS: usize = 1_000;
    let (near, far) = (Greeter::start(late_but_the_first), Greeter::start(|_| Reply::Hello));
    let ports = [near.port, far.port];
    let relay = Relay::start(move |number| match number {
        1 => Meet::Pass(ports[0]),
        _ => Meet::PassLater(ports[1], Duration::from_millis(100)),
    });
    let channels = channels_to(relay.port).policy(Policy::Pool { connections: CONNECTIONS }).build();
    block_on(async {
        greet(&channels, Safety::Once).await.unwrap();
        let first = join_all((0..FIRST).map(|_| greet(&channels, Safety::Once)));
        let burst = async {
            until_async("all are being made", || relay.accepted() == CONNECTIONS).await;
            join_all((0..CALLS).map(|_| greet(&channels, Safety::Once))).await
        };
        let (first, burst) = join(first, burst).await;
        first.into_iter().chain(burst).for_each(|call| drop(call.unwrap()));
    });
    // A quarter of them, and what is a hundred more than each of the others has, are 335.
    assert!(near.attempts() < CALLS / 2, "{} of {CALLS} calls on one connection", near.attempts());
}

/// The first call only connects; those after it stay until all others have come.
fn late_but_the_first(attempt: usize) -> Reply {
    if attempt == 1 { Reply::Hello } else { Reply::Late(Duration::from_secs(2)) }
}

/// Of a pool with one good connection and one that is met so, the good one gets the calls.
fn assert_avoided(meet: Meet) {
    let server = Greeter::start(|_| Reply::Late(Duration::from_millis(20)));
    let port = server.port;
    let relay = Relay::start(move |number| if number == 1 { Meet::Pass(port) } else { meet });
    let channels = channels_to(relay.port).policy(Policy::Pool { connections: 2 }).build();
    // While it fails it has no calls in flight, and would draw all of them.
    let failed: usize = block_on(join_all((0..10).map(|_| async {
        let mut failed = 0;
        for _ in 0..50 {
            failed += usize::from(greet(&channels, Safety::Once).await.is_err());
        }
        failed
    })))
    .into_iter()
    .sum();
    // Those that were on it before that was known.
    assert!(failed <= 10, "{failed} of 500 calls failed");
    assert!(relay.accepted() > 1, "the pool made one connection only");
}

/// The new channel is ready with its first connection, and would send that pod everything until it has the others.
#[test]
fn the_addresses_of_round_robin_take_turns_also_when_connections_are_replaced() {
    const CALLS: usize = 20;
    let servers = [Greeter::start(|_| Reply::Hello), Greeter::start(|_| Reply::Hello)];
    let [near, far] = [&servers[0], &servers[1]].map(|server| server.port);
    let far = Relay::start(move |_| Meet::PassLater(far, Duration::from_millis(300)));
    let both = Target::from_uri(&format!("ipv4:127.0.0.1:{near},127.0.0.1:{}", far.port)).unwrap();
    let channels = Channels::builder(both).policy(Policy::RoundRobin).max_age(Duration::from_secs(1)).build();
    let mut states = channels.states();
    let attempts = || servers.each_ref().map(Greeter::attempts);
    until("both are called", || {
        block_on(greet(&channels, Safety::Read)).unwrap();
        attempts().iter().all(|attempts| *attempts > 0)
    });
    until("the connections are replaced", || {
        block_on(greet(&channels, Safety::Read)).unwrap();
        states.next().now_or_never().flatten().is_some_and(|change| change.state == State::Replaced)
    });
    let before = attempts();
    (0..CALLS).for_each(|_| drop(block_on(greet(&channels, Safety::Read)).unwrap()));
    let after = attempts();
    assert_eq!([after[0] - before[0], after[1] - before[1]], [CALLS / 2; 2]);
}
