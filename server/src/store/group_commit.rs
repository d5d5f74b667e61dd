//! Creates that wait while a transaction commits share the next one. A create alone waits for nobody.
//!
//! The cost of a durable commit is the sync to disk, and it is the same for one customer and for many.

use std::time::{Duration, Instant};

use async_std::channel::{Receiver, Sender, TrySendError, bounded};
use async_std::sync::Mutex;
use async_std::task::JoinHandle;
use futures::channel::oneshot;
use futures::future::BoxFuture;

use super::{Created, StoreError};
use crate::customer::NewCustomer;

/// Creates that may wait; past it a caller is told at once to come back.
const QUEUE: usize = 4096;

/// When a caller who found the queue full may come back: several batches later.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// How long a batch is tried again. Whoever came while it was tried, and has to wait for the next batch too, still hears
/// within the usual deadline of 3 s why both failed.
const GIVE_UP_AFTER: Duration = Duration::from_millis(1250);

/// The same while the database is away: a caller whom Envoy sends on to a second and third server hears it in time.
const GIVE_UP_AWAY_AFTER: Duration = Duration::from_millis(800);

/// The longest pause between two attempts; each is shortened at random, so that replicas do not meet again.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// How creates are written. The default is what servers use; others are for measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writing {
    /// Connections that write, each a transaction at a time.
    pub writers: usize,
    /// Creates in one transaction, at most.
    pub batch: usize,
}

impl Default for Writing {
    /// One writer; 256 make the sync cheap and keep the transaction short for other processes.
    fn default() -> Self {
        Self { writers: 1, batch: 256 }
    }
}

/// A connection that writes batches.
pub(super) trait Committer: Send + 'static {
    /// Stores a batch in one durable transaction; an outcome for each, in their order.
    ///
    /// It may be called again with a batch whose outcome is uncertain: a customer that is there with its id was stored
    /// by an earlier attempt.
    fn commit<'a>(&'a mut self, batch: &'a [NewCustomer]) -> BoxFuture<'a, Result<Outcomes, CommitError>>;

    /// Gives the connection back in order.
    fn close(self) -> BoxFuture<'static, ()>;
}

pub(super) type Outcomes = Vec<Result<Created, StoreError>>;

/// Why a batch is not, or perhaps not, stored.
#[derive(Debug, Clone)]
pub(super) struct CommitError {
    /// For the log.
    pub(super) cause: String,
    /// What it means.
    pub(super) kind: CommitErrorKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CommitErrorKind {
    /// Nothing is stored, and the same batch may succeed at once: another transaction was first.
    Conflict,
    /// The connection was lost on the way: the batch may be stored or not.
    Uncertain,
    /// Nothing is stored: the disk is full.
    Full,
    /// Nothing is stored: a row of the batch is not taken, and would not be taken later.
    Rejected,
    /// Nothing is stored: what is on the disk is damaged.
    Damaged,
    /// Nothing is stored: the database cannot be used now.
    Unavailable,
}

/// The queue before the writers. The writers end with [`GroupCommit::close`], or when it is dropped.
#[derive(Debug)]
pub(super) struct GroupCommit {
    jobs: Sender<Job>,
    writers: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Job {
    new: NewCustomer,
    answer: oneshot::Sender<Result<Created, StoreError>>,
}

impl GroupCommit {
    /// Starts a writer on each committer.
    pub(super) fn start<C: Committer>(committers: Vec<C>, batch: usize) -> Self {
        let (jobs, waiting) = bounded(QUEUE);
        let writers = committers
            .into_iter()
            .map(|committer| async_std::task::spawn(write(committer, waiting.clone(), batch)))
            .collect();
        Self { jobs, writers: Mutex::new(writers) }
    }

    /// Queues a create. One whose future is dropped before its transaction began is not stored.
    pub(super) fn create(&self, new: NewCustomer) -> BoxFuture<'static, Result<Created, StoreError>> {
        let (answer, answered) = oneshot::channel();
        let repeatable = new.request_id.is_some();
        let queued = self.jobs.try_send(Job { new, answer });
        Box::pin(async move {
            queued.map_err(|error| match error {
                TrySendError::Full(_) => StoreError::Overloaded { retry_after: RETRY_AFTER },
                TrySendError::Closed(_) => StoreError::Unavailable { cause: "the store is closed".to_owned() },
            })?;
            // It may have ended between the commit and the answer.
            answered.await.unwrap_or_else(|_| Err(unknown(repeatable, "the writer has ended".to_owned())))
        })
    }

    /// Writes what is queued and ends the writers.
    pub(super) async fn close(&self) {
        self.jobs.close();
        for writer in self.writers.lock().await.drain(..) {
            writer.await;
        }
    }
}

async fn write(mut committer: impl Committer, waiting: Receiver<Job>, batch: usize) {
    while let Ok(first) = waiting.recv().await {
        let mut jobs = vec![first];
        while jobs.len() < batch
            && let Ok(next) = waiting.try_recv()
        {
            jobs.push(next);
        }
        // A caller who has gone needs nothing stored.
        jobs.retain(|job| !job.answer.is_canceled());
        if jobs.is_empty() {
            continue;
        }
        let (news, answers): (Vec<_>, Vec<_>) = jobs.into_iter().map(|job| (job.new, job.answer)).unzip();
        let outcomes = match settle(&mut committer, &news).await {
            Ok(outcomes) => outcomes,
            Err(failure) if failure.last.kind == CommitErrorKind::Rejected && news.len() > 1 => {
                one_by_one(&mut committer, &news).await
            }
            Err(failure) => news.iter().map(|new| Err(failure.for_caller(new))).collect(),
        };
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // The caller may have gone meanwhile; a repeat with its request id finds the customer.
            let _ = answer.send(outcome);
        }
    }
    committer.close().await;
}

/// Writes a batch of which some row is not taken, so that its neighbours do not suffer for it.
async fn one_by_one(committer: &mut impl Committer, batch: &[NewCustomer]) -> Outcomes {
    let mut outcomes = Outcomes::with_capacity(batch.len());
    for (place, new) in batch.iter().enumerate() {
        match settle(committer, std::slice::from_ref(new)).await {
            Ok(outcome) => outcomes.extend(outcome),
            Err(failure) if failure.last.kind == CommitErrorKind::Rejected => {
                outcomes.push(Err(failure.for_caller(new)));
            }
            // The rest would fare the same, one after the other, each with its own wait.
            Err(failure) => {
                outcomes.extend(batch[place..].iter().map(|new| Err(failure.for_caller(new))));
                break;
            }
        }
    }
    outcomes
}

/// A create that may be stored or not. Whoever has no request id cannot repeat it safely, so its code must not ask for
/// a repeat.
fn unknown(repeatable: bool, cause: String) -> StoreError {
    if repeatable { StoreError::Unavailable { cause } } else { StoreError::OutcomeUnknown { cause } }
}

/// A batch that was given up.
struct Failure {
    last: CommitError,
    /// Some attempt may have stored it.
    uncertain: bool,
}

impl Failure {
    fn for_caller(&self, new: &NewCustomer) -> StoreError {
        let cause = self.last.cause.clone();
        match self.last.kind {
            _ if self.uncertain => unknown(new.request_id.is_some(), cause),
            CommitErrorKind::Full => StoreError::Full { cause },
            CommitErrorKind::Rejected => StoreError::Rejected { cause },
            CommitErrorKind::Damaged => StoreError::Damaged { cause },
            _ => StoreError::Unavailable { cause },
        }
    }
}

/// Repeats a batch until it is known what came of it, or the callers' patience is over.
async fn settle(committer: &mut impl Committer, batch: &[NewCustomer]) -> Result<Outcomes, Failure> {
    let begun = Instant::now();
    let mut uncertain = false;
    let mut pause = Duration::from_millis(1);
    loop {
        let last = match committer.commit(batch).await {
            Ok(outcomes) => return Ok(outcomes),
            Err(error) => error,
        };
        uncertain |= last.kind == CommitErrorKind::Uncertain;
        let hopeless = matches!(last.kind, CommitErrorKind::Rejected | CommitErrorKind::Damaged);
        let may_pass = last.kind == CommitErrorKind::Conflict || (uncertain && !hopeless);
        let away = last.kind == CommitErrorKind::Unavailable;
        let limit = if away { GIVE_UP_AWAY_AFTER } else { GIVE_UP_AFTER };
        if !may_pass || begun.elapsed() + pause > limit {
            // `ObservedStore` says once that creates fail, and why; this would be a line for each batch.
            log::debug!("{} creates were not stored: {}", batch.len(), last.cause);
            return Err(Failure { last, uncertain });
        }
        async_std::task::sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use async_std::task::block_on;
    use futures::future::FutureExt as _;

    use super::*;
    use crate::customer::CustomerId;

    /// A writer that ends in the middle of its first batch.
    struct Ends;

    impl Committer for Ends {
        fn commit<'a>(&'a mut self, _: &'a [NewCustomer]) -> BoxFuture<'a, Result<Outcomes, CommitError>> {
            async { panic!("on purpose") }.boxed()
        }

        fn close(self) -> BoxFuture<'static, ()> {
            async {}.boxed()
        }
    }

    fn ada(request_id: Option<&str>) -> NewCustomer {
        NewCustomer {
            id: CustomerId::new(),
            first_name: "Ada".parse().expect("a name"),
            last_name: "Lovelace".parse().expect("a name"),
            request_id: request_id.map(|id| id.parse().expect("a request id")),
        }
    }

    #[test]
    fn a_create_whose_writer_ended_is_sent_again_only_if_that_is_safe() {
        let created = |new| block_on(GroupCommit::start(vec![Ends], 1).create(new));
        assert!(matches!(created(ada(Some("r1"))), Err(StoreError::Unavailable { .. })));
        assert!(matches!(created(ada(None)), Err(StoreError::OutcomeUnknown { .. })));
    }
}
