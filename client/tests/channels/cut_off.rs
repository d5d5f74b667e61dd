//! Connections that end while calls are on them.

use async_std::task::block_on;
use futures::future::join_all;
use ticketing_client::{CallError, Channels, Code, Policy, Safety};

use crate::greeter::{Greeter, Reply, channels_to, greet};
use crate::relay::{Meet, Relay};
use crate::wait::{until, until_async};

/// Calls at the same time: as many as the retry budget has for a start.
const CALLS: usize = 10;

/// A server that answers no call of the first connection, and the way to it.
fn silent_at_first() -> (Greeter, Relay, Channels) {
    let server = Greeter::start(|attempt| if attempt <= CALLS { Reply::Silence } else { Reply::Hello });
    let port = server.port;
    let relay = Relay::start(move |_| Meet::Pass(port));
    let channels = channels_to(relay.port).build();
    (server, relay, channels)
}

/// Cuts calls off once all of them have reached the server, and returns those that failed.
fn cut_off(safety: Safety, cut: impl Fn(&Relay)) -> (Greeter, Vec<CallError>) {
    let (server, relay, channels) = silent_at_first();
    let calls = join_all((0..CALLS).map(|_| greet(&channels, safety)));
    let cutting = async {
        until_async("all calls are at the server", || server.attempts() == CALLS).await;
        cut(&relay);
    };
    let (outcomes, ()) = block_on(futures::future::join(calls, cutting));
    (server, outcomes.into_iter().filter_map(Result::err).collect())
}

#[test]
fn reads_on_a_connection_that_is_reset_are_made_again_on_a_new_one() {
    let (server, failed) = cut_off(Safety::Read, Relay::reset_all);
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!((server.attempts(), server.connections()), (2 * CALLS, 2));
}

#[test]
fn what_may_happen_twice_is_not_sent_again_when_its_connection_is_reset() {
    let (server, failed) = cut_off(Safety::Once, Relay::reset_all);
    assert_eq!((failed.len(), server.attempts()), (CALLS, CALLS));
    for error in failed {
        assert_eq!((error.code, error.attempts, error.answered), (Code::Unavailable, 1, false), "{error:?}");
    }
}

#[test]
fn reads_on_a_connection_that_the_server_half_closes_are_made_again_on_a_new_one() {
    let (server, failed) = cut_off(Safety::Read, Relay::half_close_all);
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!((server.attempts(), server.connections()), (2 * CALLS, 2));
}

#[test]
fn what_may_happen_twice_is_not_sent_again_when_the_server_half_closes() {
    let (server, failed) = cut_off(Safety::Once, Relay::half_close_all);
    assert_eq!((failed.len(), server.attempts()), (CALLS, CALLS));
    for error in failed {
        assert_eq!((error.code, error.attempts, error.answered), (Code::Unavailable, 1, false), "{error:?}");
    }
}

#[test]
fn connections_of_a_pool_that_were_reset_are_used_again() {
    let server = Greeter::start(|_| Reply::Hello);
    let port = server.port;
    let relay = Relay::start(move |_| Meet::Pass(port));
    let channels = channels_to(relay.port).policy(Policy::Pool { connections: 2 }).build();
    let greet_until_both_are_open = || {
        until("both connections have calls", || {
            block_on(greet(&channels, Safety::Read)).unwrap();
            relay.open() == 2
        });
    };
    greet_until_both_are_open();
    relay.reset_all();
    until("both are gone", || relay.open() == 0);
    greet_until_both_are_open();
}
