//! What callers saw.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use super::{Calls, Kind};
use crate::BedError;
use crate::history::{History, Recorder, Verdict, check};

/// All that callers saw, of the events and of the quiet around them.
#[derive(Debug, Clone, Default)]
pub struct Witnessed {
    /// Calls while nothing was done.
    pub quiet: Calls,
    /// Calls that were under way while something was.
    pub event: Calls,
    /// The first failure of one of the callers, in words.
    pub first_failure: Option<String>,
    pub(super) history: History,
}

impl Witnessed {
    pub(super) fn add(&mut self, other: Self) {
        self.quiet.add(other.quiet);
        self.event.add(other.event);
        self.first_failure = self.first_failure.take().or(other.first_failure);
        self.history.add(other.history);
    }

    pub(super) fn conclude(&mut self, recorder: Arc<Recorder>) {
        self.history.recorder = Some(recorder);
    }

    /// All calls.
    pub fn made(&self) -> u64 {
        self.quiet.made() + self.event.made()
    }

    /// All that failed.
    pub fn failed(&self) -> u64 {
        self.failed_of(&[Kind::Get, Kind::List, Kind::Create, Kind::PlainCreate])
    }

    /// How many of these kinds failed.
    pub fn failed_of(&self, kinds: &[Kind]) -> u64 {
        self.quiet.failed_of(kinds) + self.event.failed_of(kinds)
    }

    /// Holds what the callers saw against the promises; `address` leads to the service, which nobody else may write to.
    pub fn judge(self, address: SocketAddr) -> Result<Verdict, BedError> {
        Ok(check(&self.history.conclude(address)?))
    }
}

impl fmt::Display for Witnessed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event, quiet, .. } = self;
        let (during, around) = (event.latency(), quiet.latency());
        write!(
            f,
            "{} calls, {} of them during events; {} failed; p50 {:.1} ms, p99 {:.1} ms, slowest {:.0} ms during events, p99 \
             {:.1} ms before and after",
            self.made(),
            event.made(),
            self.failed(),
            during.p50_ms,
            during.p99_ms,
            during.max_ms,
            around.p99_ms,
        )?;
        for ((kind, code), calls) in quiet.failures().iter().chain(event.failures()) {
            write!(f, "; {calls} {kind:?} {code}")?;
        }
        self.first_failure.iter().try_for_each(|first| write!(f, "; the first: {first}"))
    }
}
