//! What callers intended and what they saw. Moments are times since the recording began.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ticketing_client::{CallError, Code, Customer};

use super::Intent;

/// All that callers did and saw.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Each time that a create was sent.
    pub creates: Vec<Create>,
    /// Each look at a customer that somebody was told to be there.
    pub gets: Vec<Get>,
    /// Each walk through all pages.
    pub walks: Vec<Walk>,
    /// The clock of the moments in it; one that begins at the end where there was none.
    pub(crate) recorder: Option<Arc<Recorder>>,
}

/// A create that was sent.
#[derive(Debug, Clone)]
pub struct Create {
    /// What was wanted.
    pub intent: Arc<Intent>,
    /// Before it was sent.
    pub begun: Duration,
    /// After its outcome was known.
    pub ended: Duration,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored, as this customer.
    Acknowledged(Arc<Seen>),
    /// It is not stored and never will be.
    Refused(Code),
    /// It may be stored or not.
    Unknown(Code),
}

/// A customer as the service showed it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Seen {
    /// The id.
    pub id: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
}

/// A look at a customer whose create was acknowledged before.
#[derive(Debug, Clone)]
pub struct Get {
    /// The customer as it was acknowledged.
    pub wanted: Arc<Seen>,
    /// When the answer came.
    pub ended: Duration,
    /// The customer as it was found; none for NOT_FOUND. A call without an answer leaves no trace.
    pub found: Option<Arc<Seen>>,
}

/// A walk through all pages.
#[derive(Debug, Clone)]
pub struct Walk {
    /// Before the first page was asked for.
    pub begun: Duration,
    /// After the last page came.
    pub ended: Duration,
    /// All customers in the order in which they came.
    pub seen: Vec<Arc<Seen>>,
    /// Whether it came to the last page. If not, it tells nothing about what it did not show.
    pub complete: bool,
}

impl History {
    /// Adds what others did and saw.
    pub(crate) fn add(&mut self, other: Self) {
        self.creates.extend(other.creates);
        self.gets.extend(other.gets);
        self.walks.extend(other.walks);
        self.recorder = self.recorder.take().or(other.recorder);
    }
}

impl Outcome {
    /// What a failed create means. Only what no attempt can have stored counts as refused: a proxy may have sent the
    /// create to several servers, and tells the last one's answer.
    pub(crate) fn of_failure(error: &CallError) -> Self {
        match error.code {
            code @ (Code::InvalidArgument
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::PermissionDenied
            | Code::Unauthenticated
            | Code::Unimplemented) => Self::Refused(code),
            code => Self::Unknown(code),
        }
    }
}

/// The clock of a recording, and the one copy of each customer that was seen: long walks see the same ones again.
#[derive(Debug)]
pub(crate) struct Recorder {
    start: Instant,
    seen: Mutex<HashSet<Arc<Seen>>>,
}

impl Recorder {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now(), seen: Mutex::default() }
    }

    pub(crate) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    pub(crate) fn see(&self, customer: Customer) -> Arc<Seen> {
        self.see_all([customer]).remove(0)
    }

    pub(super) fn see_all(&self, customers: impl IntoIterator<Item = Customer>) -> Vec<Arc<Seen>> {
        let mut known = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let customers = customers.into_iter().map(|Customer { id, first_name, last_name, .. }| {
            let seen = Seen { id, first_name, last_name };
            known.get(&seen).cloned().unwrap_or_else(|| {
                let seen = Arc::new(seen);
                known.insert(seen.clone());
                seen
            })
        });
        customers.collect()
    }
}
