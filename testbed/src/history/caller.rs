//! The calls that a recording consists of.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_std::task;
use ticketing_client::{Backoff, CallError, Code, Customers};

use super::record::Recorder;
use super::{Create, Get, Intent, Outcome, Seen, Walk};

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// Longer than servers and database are away at a time: only a fault that stays is given up on.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody who calls and remembers.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) customers: Customers,
    pub(super) recorder: Arc<Recorder>,
}

impl Caller {
    /// Sends a create once.
    pub(super) async fn create(&self, intent: &Arc<Intent>) -> Create {
        let begun = self.recorder.now();
        let answer = self.customers.create(&intent.request()).await;
        let ended = self.recorder.now();
        let outcome = match answer {
            Ok(answer) => Outcome::Acknowledged(self.recorder.see(answer.value)),
            Err(error) => {
                rest_after(&error).await;
                Outcome::of_failure(&error)
            }
        };
        Create { intent: intent.clone(), begun, ended, outcome }
    }

    /// Sends a create that has a request id until its outcome is known.
    pub(super) async fn resolve(&self, intent: &Arc<Intent>) -> Result<Create, CallError> {
        let begun = self.recorder.now();
        let request = &intent.request();
        let known = |error: &CallError| matches!(Outcome::of_failure(error), Outcome::Refused(_));
        let outcome = match persist(known, || self.customers.create(request)).await {
            Ok(answer) => Outcome::Acknowledged(self.recorder.see(answer.value)),
            Err(error) if known(&error) => Outcome::of_failure(&error),
            Err(error) => return Err(error),
        };
        Ok(Create { intent: intent.clone(), begun, ended: self.recorder.now(), outcome })
    }

    /// Looks once; none if there is no answer.
    pub(super) async fn get(&self, wanted: &Arc<Seen>) -> Option<Get> {
        let answer = self.customers.get(&wanted.id).await;
        if let Err(error) = &answer
            && error.code != Code::NotFound
        {
            rest_after(error).await;
        }
        self.got(wanted, answer.map(|answer| answer.value)).ok()
    }

    /// Looks until there is an answer.
    pub(super) async fn surely_get(&self, wanted: &Arc<Seen>) -> Result<Get, CallError> {
        let known = |error: &CallError| error.code == Code::NotFound;
        let answer = persist(known, || self.customers.get(&wanted.id)).await;
        self.got(wanted, answer.map(|answer| answer.value))
    }

    /// Walks through all pages, each of a size that `size` chooses.
    pub(super) async fn walk(&self, mut size: impl FnMut() -> i32) -> (Walk, Result<(), CallError>) {
        let mut walk = Walk { begun: self.recorder.now(), ended: Duration::ZERO, seen: Vec::new(), complete: false };
        let mut token = String::new();
        let outcome = loop {
            let size = size();
            match persist(|error| !error.code.is_transient(), || self.customers.list(size, &token)).await {
                Err(error) => break Err(error),
                Ok(answer) => {
                    walk.seen.extend(self.recorder.see_all(answer.value.customers));
                    token = answer.value.next_page_token;
                }
            }
            if token.is_empty() {
                walk.complete = true;
                break Ok(());
            }
        };
        walk.ended = self.recorder.now();
        (walk, outcome)
    }

    fn got(&self, wanted: &Arc<Seen>, answer: Result<ticketing_client::Customer, CallError>) -> Result<Get, CallError> {
        let found = match answer {
            Ok(customer) => Some(self.recorder.see(customer)),
            Err(error) if error.code == Code::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Get { wanted: wanted.clone(), ended: self.recorder.now(), found })
    }
}

/// Calls again until there is an answer or an error that is `known` to be final.
async fn persist<T, F>(known: impl Fn(&CallError) -> bool, mut call: impl FnMut() -> F) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>>,
{
    let begun = Instant::now();
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    loop {
        match call().await {
            Err(error) if !known(&error) && begun.elapsed() < PATIENCE => {
                task::sleep(backoff.pause(error.details.retry_after)).await;
            }
            outcome => return outcome,
        }
    }
}

/// Without a rest, callers would make thousands of failed calls while nobody is there to answer.
async fn rest_after(error: &CallError) {
    task::sleep(error.details.retry_after.unwrap_or(FIRST_PAUSE).min(LONGEST_PAUSE)).await;
}
