//! One caller: what it asks for, and what it keeps of the answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_std::task;
use ticketing_client::{CallError, Customers};

use super::callers::Shared;
use super::witnessed::Witnessed;
use super::{Calls, Kind};
use crate::history::{Create, Get, Intent, Outcome, Seen};

/// A caller of [`Crew`](super::Crew).
pub(super) struct Caller {
    pub(super) number: usize,
    pub(super) customers: Customers,
    pub(super) rest: Duration,
    pub(super) shared: Arc<Shared>,
}

impl Caller {
    /// Calls until it is told to end.
    pub(super) async fn call_until_the_end(self) -> Witnessed {
        let mut witnessed = Witnessed::default();
        // Each begins elsewhere in the round, so that every kind is under way at any time.
        for kind in Kind::ROUND.iter().cycle().skip(self.number) {
            if self.shared.is_ended() {
                break;
            }
            self.call(*kind, &mut witnessed).await;
            task::sleep(self.rest).await;
        }
        witnessed
    }

    async fn call(&self, kind: Kind, witnessed: &mut Witnessed) {
        let (happened, begun) = (self.shared.is_happening(), Instant::now());
        let failure = match kind {
            Kind::Get => self.get(witnessed).await,
            Kind::List => self.list().await,
            Kind::Create => self.create(true, witnessed).await,
            Kind::PlainCreate => self.create(false, witnessed).await,
        };
        let lasted = begun.elapsed();
        self.shared.count(failure.is_some());
        // A call that saw a part of the event belongs to it.
        let happened = happened || self.shared.is_happening();
        let calls: &mut Calls = if happened { &mut witnessed.event } else { &mut witnessed.quiet };
        calls.count(kind, failure.as_ref().map(|error| error.code), lasted);
        if let Some(error) = failure {
            witnessed.first_failure.get_or_insert_with(|| format!("{kind:?}: {error}"));
        }
    }

    async fn get(&self, witnessed: &mut Witnessed) -> Option<CallError> {
        // Nobody has created anything yet: the pod tells its name.
        let Some(wanted) = self.shared.any_acknowledged() else {
            return self.customers.identify().await.err();
        };
        match self.customers.get(&wanted.id).await {
            Ok(answer) => {
                self.shared.hear(&answer);
                let found = Some(self.shared.recorder.see(answer.value));
                witnessed.history.gets.push(Get { wanted, ended: self.shared.recorder.now(), found });
                None
            }
            Err(error) => Some(error),
        }
    }

    async fn list(&self) -> Option<CallError> {
        match self.customers.list(0, "").await {
            Ok(answer) => {
                self.shared.hear(&answer);
                None
            }
            Err(error) => Some(error),
        }
    }

    async fn create(&self, with_request_id: bool, witnessed: &mut Witnessed) -> Option<CallError> {
        let recorder = &self.shared.recorder;
        let (run, number) = self.shared.next_intent();
        let intent = Arc::new(Intent::new(run, number, with_request_id));
        let begun = recorder.now();
        let answer = self.customers.create(&intent.request()).await;
        let (outcome, failure) = match answer {
            Ok(answer) => {
                self.shared.hear(&answer);
                let seen: Arc<Seen> = recorder.see(answer.value);
                self.shared.acknowledge(&seen);
                (Outcome::Acknowledged(seen), None)
            }
            Err(error) => (Outcome::of_failure(&error), Some(error)),
        };
        witnessed.history.creates.push(Create { intent, begun, ended: recorder.now(), outcome });
        failure
    }
}
