//! What the ends of calls tell about a connection: whether the next ones had better go elsewhere.
//!
//! A connection whose calls fail at once has few in flight and would draw all others, and one to a server that hangs still
//! answers pings. So it is left alone for a while, longer each time, and then tried with one call.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a connection is left alone at first, and at most.
const FIRST_REST: Duration = Duration::from_millis(250);
const LONGEST_REST: Duration = Duration::from_secs(8);

/// Calls in a row that fail before that is held against the connection: one alone says more about the call.
const FAILURES: u64 = 3;

/// What was not waited for so long says nothing about who did not answer.
pub(crate) const SHORTEST_SILENCE: Duration = Duration::from_millis(50);

/// Whether calls had better go elsewhere; the better comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trust {
    Good,
    /// It is being made for the first time, and nothing has spoken against it so far.
    Coming,
    /// Its calls failed lately, so that others may know better.
    Failed,
    /// Nobody is at its other end, at least so far.
    Unconnected,
    /// The same, and calls have failed lately. Beside a good one that is still being made it would fail calls at once, and so draw
    /// all of them.
    Unreached,
}

/// What is known about the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// Somebody is there, or it is connected as soon as a call asks for that.
    Up,
    /// It is being made for the first time, and that takes no longer than usual.
    Coming,
    /// It cannot be made, at least so far.
    Down,
}

/// How a call ended, as far as its connection is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Answered, be it with a refusal that is the call's own fault.
    Answered,
    /// Failed for a reason that lies with the server, lost with its connection, or left without an answer.
    Failed,
    /// It reached nobody.
    Unreached,
}

/// The record of one connection. All of it is advice: where two calls end at once either may win.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// A [`Link`].
    link: AtomicU8,
    /// In a row.
    failures: AtomicU64,
    /// Rests in a row without an answer between them.
    rests: AtomicU64,
    /// Until when it is left alone, in milliseconds of [`now`].
    until: AtomicU64,
}

impl Record {
    pub(crate) fn trust(&self) -> Trust {
        let until = self.until.load(Ordering::Relaxed);
        // Most of the time it is 0, which spares a look at the clock.
        let rests = until != 0 && now() < until;
        match (self.link(), rests) {
            (Link::Up, false) => Trust::Good,
            (Link::Coming, false) => Trust::Coming,
            (Link::Up, true) => Trust::Failed,
            (Link::Down, false) => Trust::Unconnected,
            (Link::Coming | Link::Down, true) => Trust::Unreached,
        }
    }

    fn link(&self) -> Link {
        match self.link.load(Ordering::Relaxed) {
            link if link == Link::Coming as u8 => Link::Coming,
            link if link == Link::Down as u8 => Link::Down,
            _ => Link::Up,
        }
    }

    pub(crate) fn set_link(&self, link: Link) {
        if self.link() != link {
            self.link.store(link as u8, Ordering::Relaxed);
        }
    }

    /// A call takes the connection. Whether it is the one that tries it after a rest: the others wait for its end, or
    /// for as long again.
    pub(crate) fn tried(&self) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        let tries = until != 0 && now() >= until;
        if tries {
            self.rest(self.rests.load(Ordering::Relaxed));
        }
        tries
    }

    /// A call ended, which `tried` the connection after a rest or was one of many.
    pub(crate) fn ended(&self, end: End, tried: bool) {
        match end {
            End::Unreached => {
                self.set_link(Link::Down);
                // Between two attempts to connect C-core says at times that it is idle, which looks like a connection that
                // only has to be asked for.
                self.rest(1);
            }
            End::Answered => {
                self.set_link(Link::Up);
                [&self.failures, &self.rests, &self.until].into_iter().for_each(reset);
            }
            End::Failed => {
                let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
                // All calls that were on it fail at once, and count as one rest.
                let rests = now() < self.until.load(Ordering::Relaxed);
                if tried || failures >= FAILURES && !rests {
                    self.rest(self.rests.fetch_add(1, Ordering::Relaxed) + 1);
                }
            }
        }
    }

    /// The first of several rests, or a later one, which is longer.
    fn rest(&self, number: u64) {
        let rest = FIRST_REST.saturating_mul(1 << number.saturating_sub(1).min(16)).min(LONGEST_REST);
        self.until.store(now() + millis(rest), Ordering::Relaxed);
    }
}

/// Mostly it is so already, and a write would take the cache line from all other threads.
pub(super) fn set(flag: &AtomicBool, to: bool) {
    if flag.load(Ordering::Relaxed) != to {
        flag.store(to, Ordering::Relaxed);
    }
}

/// The same of a number.
fn reset(number: &AtomicU64) {
    if number.load(Ordering::Relaxed) != 0 {
        number.store(0, Ordering::Relaxed);
    }
}

/// Milliseconds since this was asked first, and one more: never 0.
fn now() -> u64 {
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    millis(BEGIN.elapsed()) + 1
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(record: &Record, times: u64) {
        (0..times).for_each(|_| record.ended(End::Failed, false));
    }

    fn rested(record: &Record) {
        record.until.store(1, Ordering::Relaxed);
    }

    #[test]
    fn a_connection_whose_calls_fail_one_after_the_other_is_left_alone() {
        let record = Record::default();
        fail(&record, FAILURES - 1);
        assert_eq!(record.trust(), Trust::Good);
        fail(&record, 1);
        assert_eq!(record.trust(), Trust::Failed);
    }

    #[test]
    fn calls_that_fail_together_count_as_one_rest() {
        let record = Record::default();
        fail(&record, 100);
        assert_eq!(record.rests.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn an_answer_makes_it_as_good_as_any() {
        let record = Record::default();
        record.ended(End::Unreached, false);
        fail(&record, FAILURES);
        record.ended(End::Answered, false);
        assert_eq!(record.trust(), Trust::Good);
    }

    #[test]
    fn one_that_reached_nobody_is_worse_than_one_that_is_being_made() {
        let (made, failing) = (Record::default(), Record::default());
        made.set_link(Link::Down);
        failing.ended(End::Unreached, false);
        assert!(made.trust() < failing.trust());
        rested(&failing);
        assert_eq!(made.trust(), failing.trust());
    }

    #[test]
    fn failures_are_held_against_it_only_in_a_row() {
        let record = Record::default();
        for _ in 0..10 {
            fail(&record, FAILURES - 1);
            record.ended(End::Answered, false);
        }
        assert_eq!(record.trust(), Trust::Good);
    }

    #[test]
    fn after_its_rest_one_call_tries_it() {
        let record = Record::default();
        fail(&record, FAILURES);
        rested(&record);
        assert_eq!((record.trust(), record.tried(), record.tried()), (Trust::Good, true, false));
        assert_eq!(record.trust(), Trust::Failed);
        record.ended(End::Answered, true);
        assert_eq!(record.trust(), Trust::Good);
    }

    #[test]
    fn rests_grow_while_those_who_try_fail_and_not_when_they_tell_nothing() {
        let record = Record::default();
        fail(&record, FAILURES);
        for _ in 0..3 {
            rested(&record);
            assert!(record.tried());
        }
        assert_eq!(record.rests.load(Ordering::Relaxed), 1);
        record.ended(End::Failed, true);
        assert_eq!(record.rests.load(Ordering::Relaxed), 2);
    }
}
