//! A read that takes long is asked for on another connection too.

use std::time::Duration;

use async_std::task::block_on;
use ticketing_client::{Policy, Safety};

use crate::greeter::{Greeter, Reply, greet};

/// Reads until it is known how long they take.
const USUAL: usize = 64;

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
    let server =
        Greeter::start(|attempt| if attempt > USUAL && attempt % 8 == 0 { Reply::Silence } else { Reply::Hello });
    let channels = server.channels().policy(Policy::Pool { connections: 2 }).hedged_reads(true).build();
    for read in 0..2 * USUAL {
        let answer = block_on(greet(&channels, Safety::Read));
        assert!(answer.is_ok(), "read {read}: {answer:?}");
    }
    assert!(server.attempts() > 2 * USUAL);
}
