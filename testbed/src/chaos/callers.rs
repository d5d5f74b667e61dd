//! The crew at work, and what its callers share.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_std::task::{self, JoinHandle, block_on};
use ticketing_client::Answer;

use super::caller::Caller;
use super::{Crew, Witnessed};
use crate::history::{Recorder, Seen};
use crate::{BedError, Stop, wait};

const FIRST_LIMIT: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// As many customers as gets choose among.
const REMEMBERED: usize = 256;

/// A crew that calls until [`Callers::finish`]. Dropping it lets the callers end by themselves, and forgets what they saw.
#[derive(Debug)]
pub struct Callers {
    shared: Arc<Shared>,
    callers: Vec<JoinHandle<Witnessed>>,
}

/// What callers share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) recorder: Arc<Recorder>,
    /// Part of all names, so that runs on one store stay apart.
    run: u64,
    intents: AtomicUsize,
    ended: AtomicBool,
    happening: AtomicBool,
    made: AtomicU64,
    failed: AtomicU64,
    acknowledged: Mutex<Vec<Arc<Seen>>>,
    /// When each pod answered first.
    first: Mutex<BTreeMap<String, Instant>>,
}

impl Callers {
    /// Starts a crew that calls the server or proxy at `address`; returns when its first calls were answered.
    pub fn start(address: SocketAddr, crew: Crew) -> Result<Self, BedError> {
        let shared = Arc::new(Shared {
            recorder: Arc::new(Recorder::start()),
            run: fastrand::u64(..),
            intents: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
            happening: AtomicBool::new(false),
            made: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            acknowledged: Mutex::default(),
            first: Mutex::default(),
        });
        let connections = crew.connect(address);
        let caller = |number: usize| {
            let (customers, shared) = (connections[number % connections.len()].clone(), shared.clone());
            task::spawn(Caller { number, customers, rest: crew.rest, shared }.call_until_the_end())
        };
        let callers = Self { callers: (0..crew.callers).map(caller).collect(), shared };
        wait::until("answers to the first calls", FIRST_LIMIT, LOOK_EVERY, &Stop::never(), || {
            Ok((callers.made() > crew.callers as u64).then_some(()))
        })?;
        Ok(callers)
    }

    /// Calls that are under way until `event` returns are told apart from those before and after.
    pub fn during<T>(&self, event: impl FnOnce() -> Result<T, BedError>) -> Result<T, BedError> {
        self.shared.happening.store(true, Ordering::SeqCst);
        let outcome = event();
        self.shared.happening.store(false, Ordering::SeqCst);
        outcome
    }

    /// Calls that have ended so far.
    pub fn made(&self) -> u64 {
        self.shared.made.load(Ordering::Relaxed)
    }

    /// Those of them that failed.
    pub fn failed(&self) -> u64 {
        self.shared.failed.load(Ordering::Relaxed)
    }

    /// When `pod` answered first, if it has.
    pub fn first_answer_of(&self, pod: &str) -> Option<Instant> {
        self.shared.first.lock().unwrap_or_else(PoisonError::into_inner).get(pod).copied()
    }

    /// Lets each caller finish its call.
    pub fn finish(mut self) -> Witnessed {
        self.shared.ended.store(true, Ordering::Relaxed);
        let mut all = Witnessed::default();
        for caller in self.callers.drain(..) {
            all.add(block_on(caller));
        }
        all.conclude(self.shared.recorder.clone());
        all
    }
}

impl Drop for Callers {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    pub(super) fn is_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    pub(super) fn is_happening(&self) -> bool {
        self.happening.load(Ordering::SeqCst)
    }

    pub(super) fn count(&self, failed: bool) {
        self.failed.fetch_add(failed.into(), Ordering::Relaxed);
        self.made.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes who answered.
    pub(super) fn hear<T>(&self, answer: &Answer<T>) {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pod) = answer.pod.as_ref().filter(|pod| !first.contains_key(*pod)) {
            first.insert(pod.clone(), Instant::now());
        }
    }

    /// The run, and a number that no other intent of it has.
    pub(super) fn next_intent(&self) -> (u64, usize) {
        (self.run, self.intents.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn acknowledge(&self, seen: &Arc<Seen>) {
        let mut acknowledged = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
        if acknowledged.len() < REMEMBERED {
            acknowledged.push(seen.clone());
        } else {
            acknowledged[fastrand::usize(..REMEMBERED)] = seen.clone();
        }
    }

    pub(super) fn any_acknowledged(&self) -> Option<Arc<Seen>> {
        let acknowledged = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
        fastrand::choice(acknowledged.iter()).cloned()
    }
}
