//! A read that takes long is asked for on another connection too.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_std::task::block_on;
use futures::future::join_all;
use grpcio::{RpcStatus, RpcStatusCode};
use ticketing_client::{Code, Policy, Safety};

use crate::greeter::{Greeter, Reply, greet, greet_as};
use crate::wait::until;

/// Reads until it is known how long they take.
const USUAL: usize = 64;

/// Longer than a busy machine holds up a read now and then: else most would seem slow and use the budget up.
fn usual() -> Reply {
    Reply::Late(Duration::from_millis(10))
}

#[test]
fn without_hedging_a_read_that_is_stuck_waits_for_its_deadline() {
    let server = Greeter::start(|attempt| if attempt == USUAL + 1 { Reply::Silence } else { Reply::Hello });
    let channels = server.channels().deadline(Duration::from_secs(2)).build();
    let failed = (0..=USUAL).filter(|_| block_on(greet(&channels, Safety::Read)).is_err()).count();
    assert_eq!((failed, server.attempts()), (1, USUAL + 1));
}

#[test]
fn a_read_that_is_stuck_is_answered_by_the_second_attempt() {
    // A usual read may seem slow on a busy machine and be hedged too, so the stuck attempt is not told by its number.
    let server = Greeter::start(|attempt| if attempt > USUAL && attempt % 8 == 0 { Reply::Silence } else { usual() });
    let channels = server.channels().policy(Policy::Pool { connections: 2 }).hedged_reads(true).build();
    for read in 0..2 * USUAL {
        let answer = block_on(greet(&channels, Safety::Read));
        assert!(answer.is_ok(), "read {read}: {answer:?}");
    }
    assert!(server.attempts() > 2 * USUAL);
}

#[test]
fn the_second_attempt_is_on_another_connection_also_where_that_has_as_many_calls() {
    let met = Arc::<Mutex<HashSet<String>>>::default();
    let server = Greeter::start_by_name(move |_, name| match name {
        "held" => Reply::Silence,
        "Ada" => usual(),
        // Whoever comes the first time waits in vain.
        _ if met.lock().unwrap().insert(name.to_owned()) => Reply::Silence,
        _ => usual(),
    });
    let channels = server.channels().policy(Policy::Pool { connections: 2 }).hedged_reads(true).build();
    for _ in 0..USUAL {
        block_on(greet(&channels, Safety::Read)).unwrap();
    }
    // One of the two has a call now, so the next read begins on the other one, and then both have one.
    let holding = channels.clone();
    let _held = async_std::task::spawn(async move { greet_as("held", &holding, Safety::Once).await });
    until("a call is held", || !server.attempts_of("held").is_empty());
    for read in 0..10 {
        let name = format!("stuck {read}");
        block_on(greet_as(&name, &channels, Safety::Read)).unwrap();
        let [first, second] = server.attempts_of(&name).try_into().expect("two attempts");
        assert_ne!(first, second, "{name}");
    }
}

#[test]
fn only_reads_are_hedged() {
    let server = Greeter::start_by_name(|_, name| match name {
        "Ada" => usual(),
        _ => Reply::Late(Duration::from_millis(300)),
    });
    let channels = server.channels().policy(Policy::Pool { connections: 2 }).hedged_reads(true).build();
    for _ in 0..USUAL {
        block_on(greet(&channels, Safety::Read)).unwrap();
    }
    for (name, safety, attempts) in
        [("read", Safety::Read, 2), ("idempotent", Safety::Idempotent, 1), ("once", Safety::Once, 1)]
    {
        block_on(greet_as(name, &channels, safety)).unwrap();
        assert_eq!(server.attempts_of(name).len(), attempts, "{name}");
    }
}

#[test]
fn a_refusal_that_stands_wins_too() {
    let gone = Arc::<AtomicBool>::default();
    let is_gone = gone.clone();
    let server = Greeter::start(move |attempt| match attempt {
        _ if !is_gone.load(Ordering::Relaxed) => usual(),
        stuck if stuck % 8 == 0 => Reply::Silence,
        _ => Reply::Refused(RpcStatus::with_message(RpcStatusCode::NOT_FOUND, "no such person".to_owned())),
    });
    let channels = server.channels().policy(Policy::Pool { connections: 2 }).hedged_reads(true).build();
    for _ in 0..USUAL {
        block_on(greet(&channels, Safety::Read)).unwrap();
    }
    gone.store(true, Ordering::Relaxed);
    for read in 0..USUAL {
        let error = block_on(greet(&channels, Safety::Read)).unwrap_err();
        assert_eq!(error.code, Code::NotFound, "read {read}: {error}");
    }
    assert!(server.attempts() > 2 * USUAL);
}

#[test]
fn the_attempt_that_loses_is_cancelled_at_the_server() {
    let slow = Duration::from_secs(2);
    let server =
        Greeter::start(move |attempt| if attempt > USUAL && attempt % 8 == 0 { Reply::Late(slow) } else { usual() });
    let channels = server.channels().policy(Policy::Pool { connections: 2 }).hedged_reads(true).build();
    for _ in 0..2 * USUAL {
        block_on(greet(&channels, Safety::Read)).unwrap();
    }
    until("the server is told that nobody waits for a slow answer", || server.unwanted() > 0);
}

#[test]
fn reads_are_hedged_within_the_retry_budget() {
    const SLOW: usize = 200;
    let server =
        Greeter::start(|attempt| if attempt > USUAL { Reply::Late(Duration::from_secs(1)) } else { Reply::Hello });
    let channels = server.channels().policy(Policy::Pool { connections: 2 }).hedged_reads(true).build();
    for _ in 0..USUAL {
        block_on(greet(&channels, Safety::Read)).unwrap();
    }
    for outcome in block_on(join_all((0..SLOW).map(|_| greet(&channels, Safety::Read)))) {
        outcome.unwrap();
    }
    let calls = USUAL + SLOW;
    let attempts = server.attempts();
    assert!((calls + 1..=calls + 10 + calls / 5).contains(&attempts), "{attempts} attempts of {calls} calls");
}
