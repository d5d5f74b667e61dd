#![allow(clippy::needless_doctest_main, reason = "the README shows a build.rs, which has a main")]
#![doc = include_str!("../README.md")]

mod shim;

use std::ffi::CStr;
use std::fmt;
use std::sync::OnceLock;

/// Calls of the self-test, all answered at once.
const CALLS: i32 = 16;

/// Stock C-core makes a write for each answer. Corked it makes one for all of them, and the peer one or two of its own.
const MOST_WRITES: i32 = CALLS / 2;

/// The filters that a lean server's connections lack: `compression` and `server_call_tracer`.
const LEFT_OUT: i32 = 2;

/// The argument of a server, an integer. Where it is 1 and [`start`] said [`Writes::Corked`], its connections lack two filters
/// of C-core that every call would pass: the one that compresses and unpacks messages, and the one that hands calls to a
/// tracer, of which grpcio has none.
///
/// Set `grpc.compression_enabled_algorithms_bitset` to 1 beside it: then the call itself refuses a compressed request. Without
/// that it is unpacked where it is read, whatever its size. On a channel nothing refuses, so there it has no effect.
pub const LEAN: &CStr = c"corking.lean";

/// What the start of corking came to; its text is what a program logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// Answers that are ready together leave in one write.
    Corked,
    /// Every answer is a write of its own, as C-core comes.
    Stock(Reason),
}

/// Why a program is not corked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Nobody asked for it.
    SwitchedOff,
    /// The program was linked without the flags, so its calls do not reach this crate.
    NotLinked,
    /// The C-core in this program is not the one that this crate knows.
    AnotherCore,
    /// The calls of the self-test failed; the number tells the step in `self_test.cc`.
    FailedCalls(i32),
    /// The self-test's 16 answers took so many writes.
    NoGain(i32),
    /// C-core's list of filters is another one: so many could be left out of a connection.
    AnotherStack(i32),
}

impl fmt::Display for Writes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corked => f.write_str("corked"),
            Self::Stock(reason) => write!(f, "stock, because {reason}"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SwitchedOff => f.write_str("it is switched off"),
            Self::NotLinked => f.write_str("this program was linked without --wrap (see the README of corking)"),
            Self::AnotherCore => f.write_str("this is another C-core than 1.56.2"),
            Self::FailedCalls(step) => {
                write!(f, "the self-test's calls failed (step {}, please report it)", step.abs())
            }
            Self::AnotherStack(left_out) => write!(f, "{left_out} filters could be left out instead of {LEFT_OUT}"),
            Self::NoGain(writes) => write!(f, "{CALLS} answers of the self-test took {writes} writes"),
        }
    }
}

/// Corks all completion queues of this process, if that is `wanted`. The first time a self-test of some milliseconds comes
/// before, which needs two file descriptors and no network. Where anything is not as it has to be, everything stays as
/// C-core comes.
///
/// Whatever is wanted, C-core's event engine then stays: see [`keep_engine`].
///
/// Call it first before anything is served, since the self-test counts all writes of the process, and not on a
/// completion queue's thread. It can be changed at any time; rounds that are open end as always.
pub fn start(wanted: bool) -> Writes {
    static TESTED: OnceLock<Writes> = OnceLock::new();
    keep_engine();
    let writes = if wanted { *TESTED.get_or_init(self_test) } else { Writes::Stock(Reason::SwitchedOff) };
    shim::switch(writes == Writes::Corked);
    writes
}

/// Keeps C-core's event engine until the process ends. It would end with the last channel or server, on the thread that lets go of
/// that one, which then waits for a second now and then: in a program that makes one call and ends, one time in hundreds.
pub fn keep_engine() {
    shim::keep_engine();
}

fn self_test() -> Writes {
    if !shim::is_linked() {
        return Writes::Stock(Reason::NotLinked);
    }
    if !shim::knows_core() {
        return Writes::Stock(Reason::AnotherCore);
    }
    shim::switch(true);
    let left_out_before = shim::filters_left_out();
    let writes = shim::writes_for(CALLS);
    match (writes, shim::filters_left_out() - left_out_before) {
        (..0, _) => Writes::Stock(Reason::FailedCalls(writes)),
        (_, left_out) if left_out != LEFT_OUT => Writes::Stock(Reason::AnotherStack(left_out)),
        (0..=MOST_WRITES, _) => Writes::Corked,
        _ => Writes::Stock(Reason::NoGain(writes)),
    }
}

/// Writes now what this thread has begun since it took its event. For a task that goes on working on its queue's thread
/// after it began an answer; on any other thread, and where nothing is corked, this does nothing.
pub fn flush() {
    shim::flush();
}

/// Filters that were left out of channels since the process began.
#[must_use]
pub fn filters_left_out() -> i32 {
    shim::filters_left_out()
}

/// Accepted connections that a completion queue has, or had, for itself since the process began.
#[must_use]
pub fn connections_taken() -> i32 {
    shim::connections_taken()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_are_ready_together_take_a_write_each_and_corked_one_for_all() {
        assert!(shim::is_linked() && shim::knows_core());
        for _ in 0..3 {
            shim::switch(false);
            let stock = shim::writes_for(CALLS);
            assert!(stock >= CALLS, "{stock}");
            shim::switch(true);
            let corked = shim::writes_for(CALLS);
            assert!((1..=3).contains(&corked), "{corked}");
        }
        shim::switch(false);
    }

    #[test]
    fn the_outcome_is_a_sentence_for_a_log() {
        assert_eq!(Writes::Corked.to_string(), "corked");
        let linked = Writes::Stock(Reason::NotLinked).to_string();
        assert_eq!(linked, "stock, because this program was linked without --wrap (see the README of corking)");
        assert_eq!(
            Writes::Stock(Reason::NoGain(16)).to_string(),
            "stock, because 16 answers of the self-test took 16 writes"
        );
    }
}
