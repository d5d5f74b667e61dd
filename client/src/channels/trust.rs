//! What the ends of calls tell about a connection: whether the next ones had better go elsewhere.
//!
//! A connection whose calls fail at once has few in flight and would draw all others, and one to a server that hangs still
//! answers pings. So it is left alone for a while, longer each time, and then tried with one call.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a connection is left alone at first, and at most.
const FIRST_REST: Duration = Duration::from_millis(250);
const LONGEST_REST: Duration = Duration::from_secs(8);

/// Deadlines in a row that pass without an answer before they are held against the connection: one alone says more about
/// the call.
const DEADLINES: u32 = 3;

/// Whether calls had better go elsewhere; the better comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trust {
    Good,
    /// Its calls failed lately, so that others may know better.
    Failed,
    /// Nobody is at its other end: it is only being made, cannot be made, or its last call did not reach anybody.
    Unconnected,
}

/// How a call ended, as far as its connection is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Answered, be it with a refusal that is the call's own fault.
    Answered,
    /// Refused for a reason that lies with the server, or lost with its connection.
    Failed,
    /// The deadline passed before anything came.
    Unanswered,
    /// It reached nobody.
    Unreached,
}

/// The record of one connection. All of it is advice: where two calls end at once either may win.
#[derive(Debug, Default)]
pub(crate) struct Record {
    unconnected: AtomicBool,
    /// Deadlines in a row.
    deadlines: AtomicU32,
    /// Rests in a row without an answer between them.
    rests: AtomicU32,
    /// Until when it is left alone, in milliseconds of [`now`].
    until: AtomicU64,
}

impl Record {
    pub(crate) fn trust(&self) -> Trust {
        if self.unconnected.load(Ordering::Relaxed) {
            return Trust::Unconnected;
        }
        match self.until.load(Ordering::Relaxed) {
            0 => Trust::Good,
            until if now() < until => Trust::Failed,
            _ => Trust::Good,
        }
    }

    pub(crate) fn set_unconnected(&self, unconnected: bool) {
        // Mostly it is so already, and a write would take the cache line from all other threads.
        if self.unconnected.load(Ordering::Relaxed) != unconnected {
            self.unconnected.store(unconnected, Ordering::Relaxed);
        }
    }

    /// A call takes the connection. After a rest that is the only one until it has ended, or another rest is over.
    pub(crate) fn tried(&self) {
        let until = self.until.load(Ordering::Relaxed);
        if until != 0 && now() >= until {
            self.rest();
        }
    }

    pub(crate) fn ended(&self, end: End) {
        match end {
            End::Unreached => self.set_unconnected(true),
            End::Answered => {
                self.set_unconnected(false);
                reset(&self.deadlines);
                reset(&self.rests);
                if self.until.load(Ordering::Relaxed) != 0 {
                    self.until.store(0, Ordering::Relaxed);
                }
            }
            End::Failed => self.rest_unless_it_rests(),
            End::Unanswered => {
                if self.deadlines.fetch_add(1, Ordering::Relaxed) + 1 >= DEADLINES {
                    self.rest_unless_it_rests();
                }
            }
        }
    }

    /// All calls that were on it fail at once, and count once.
    fn rest_unless_it_rests(&self) {
        if now() >= self.until.load(Ordering::Relaxed) {
            self.rest();
        }
    }

    fn rest(&self) {
        let rests = self.rests.fetch_add(1, Ordering::Relaxed).min(16);
        let rest = FIRST_REST.saturating_mul(1 << rests).min(LONGEST_REST);
        self.until.store(now() + millis(rest), Ordering::Relaxed);
    }
}

fn reset(count: &AtomicU32) {
    if count.load(Ordering::Relaxed) != 0 {
        count.store(0, Ordering::Relaxed);
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

    #[test]
    fn a_connection_whose_call_failed_is_left_alone() {
        let record = Record::default();
        record.ended(End::Failed);
        assert_eq!(record.trust(), Trust::Failed);
    }

    #[test]
    fn calls_that_fail_together_count_once() {
        let record = Record::default();
        (0..16).for_each(|_| record.ended(End::Failed));
        assert_eq!(record.rests.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn an_answer_makes_it_as_good_as_any() {
        let record = Record::default();
        record.ended(End::Unreached);
        record.ended(End::Failed);
        record.ended(End::Answered);
        assert_eq!(record.trust(), Trust::Good);
    }

    #[test]
    fn deadlines_are_held_against_it_only_in_a_row() {
        let record = Record::default();
        for _ in 0..10 {
            (1..DEADLINES).for_each(|_| record.ended(End::Unanswered));
            assert_eq!(record.trust(), Trust::Good);
            record.ended(End::Answered);
        }
        (0..DEADLINES).for_each(|_| record.ended(End::Unanswered));
        assert_eq!(record.trust(), Trust::Failed);
    }

    #[test]
    fn after_its_rest_one_call_tries_it() {
        let record = Record::default();
        record.ended(End::Failed);
        record.until.store(1, Ordering::Relaxed);
        assert_eq!(record.trust(), Trust::Good);
        record.tried();
        assert_eq!(record.trust(), Trust::Failed);
        record.ended(End::Answered);
        assert_eq!(record.trust(), Trust::Good);
    }
}
