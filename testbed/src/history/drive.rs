//! Many callers at once, each of whom remembers.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_std::task::{self, JoinHandle, block_on};

use super::caller::Caller;
use super::record::Recorder;
use super::{Create, History, Intent, Outcome, Seen};
use crate::connect::channel_to;

/// A reader's rest between two looks: writers shall have most of the machine.
const READER_PAUSE: Duration = Duration::from_millis(2);
/// So small that a walk takes long enough for others to insert while it goes.
const PAGE_SIZES: std::ops::Range<i32> = 1..200;
/// One create in so many carries no request id, repeats an earlier one, or uses its request id with other names.
const WITHOUT_REQUEST_ID: usize = 4;
const REPEATS: usize = 16;
const USURPS: usize = 64;

/// How many callers of each kind there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crew {
    /// Callers that create, each one create after another.
    pub writers: usize,
    /// Callers that look at customers whose create was acknowledged.
    pub readers: usize,
    /// Callers that walk through all pages, of random size.
    pub walkers: usize,
    /// Connections that they share.
    pub connections: usize,
}

impl Default for Crew {
    fn default() -> Self {
        Self { writers: 32, readers: 4, walkers: 3, connections: 4 }
    }
}

/// A crew at work. Dropping it lets its callers end by themselves, and forgets what they saw.
#[derive(Debug)]
pub struct Drive {
    plan: Arc<Plan>,
    writers: Vec<JoinHandle<History>>,
    others: Vec<JoinHandle<History>>,
}

/// What the callers share.
#[derive(Debug)]
struct Plan {
    /// Part of all names, so that runs on one store stay apart.
    run: u64,
    intents: usize,
    next: AtomicUsize,
    ended: AtomicBool,
    acknowledged: Mutex<Vec<(Arc<Intent>, Arc<Seen>)>>,
    recorder: Arc<Recorder>,
}

impl Drive {
    /// Lets a crew call the server or proxy at `address` until [`Drive::stop`].
    pub fn start(address: SocketAddr, crew: Crew) -> Self {
        Self::begin(address, crew, usize::MAX)
    }

    /// Lets a crew create `intents` customers, and look and walk meanwhile.
    pub fn through(address: SocketAddr, crew: Crew, intents: usize) -> History {
        let mut drive = Self::begin(address, crew, intents);
        let mut history = History::default();
        for writer in drive.writers.drain(..) {
            history.add(block_on(writer));
        }
        history.add(drive.stop());
        history
    }

    /// Lets each caller finish its call, and each walk come to its end.
    pub fn stop(mut self) -> History {
        self.plan.ended.store(true, Ordering::Relaxed);
        let mut history = History { recorder: Some(self.plan.recorder.clone()), ..History::default() };
        for caller in self.writers.drain(..).chain(self.others.drain(..)) {
            history.add(block_on(caller));
        }
        history
    }

    /// The time since the recording began, as moments of its history are told.
    pub fn now(&self) -> Duration {
        self.plan.recorder.now()
    }

    /// How many creates were acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        self.plan.acknowledged().len()
    }

    fn begin(address: SocketAddr, crew: Crew, intents: usize) -> Self {
        let plan = Arc::new(Plan {
            run: fastrand::u64(..),
            intents,
            next: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
            acknowledged: Mutex::default(),
            recorder: Arc::new(Recorder::start()),
        });
        let channels: Vec<_> = (0..crew.connections.max(1)).map(|_| channel_to(address)).collect();
        let mut callers = channels.iter().cycle().map(|channel| (channel.customers(), plan.clone()));
        let mut next = || {
            let (customers, plan) = callers.next().expect("it cycles");
            (Caller { customers, recorder: plan.recorder.clone() }, plan)
        };
        let writers = (0..crew.writers).map(|_| next()).map(|(caller, plan)| task::spawn(write(caller, plan)));
        let writers = writers.collect();
        let mut others: Vec<_> =
            (0..crew.readers).map(|_| next()).map(|(caller, plan)| task::spawn(read(caller, plan))).collect();
        others.extend((0..crew.walkers).map(|_| next()).map(|(caller, plan)| task::spawn(walk(caller, plan))));
        Self { plan, writers, others }
    }
}

impl Drop for Drive {
    fn drop(&mut self) {
        self.plan.ended.store(true, Ordering::Relaxed);
    }
}

impl Plan {
    fn is_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    fn next(&self) -> Option<usize> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (number < self.intents && !self.is_ended()).then_some(number)
    }

    fn any_acknowledged(&self) -> Option<(Arc<Intent>, Arc<Seen>)> {
        let acknowledged = self.acknowledged();
        fastrand::choice(acknowledged.iter()).cloned()
    }

    fn acknowledged(&self) -> MutexGuard<'_, Vec<(Arc<Intent>, Arc<Seen>)>> {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write(caller: Caller, plan: Arc<Plan>) -> History {
    let mut history = History::default();
    while let Some(number) = plan.next() {
        let intent = Arc::new(Intent::new(plan.run, number, !number.is_multiple_of(WITHOUT_REQUEST_ID)));
        let create = caller.create(&intent).await;
        if let Outcome::Acknowledged(seen) = &create.outcome {
            plan.acknowledged().push((intent, seen.clone()));
        }
        history.creates.push(create);
        history.creates.extend(again(&caller, &plan, number).await);
    }
    history
}

/// Now and then, an earlier create once more, or its request id with other names.
async fn again(caller: &Caller, plan: &Plan, number: usize) -> Option<Create> {
    if !number.is_multiple_of(REPEATS) {
        return None;
    }
    let (earlier, _) = plan.any_acknowledged().filter(|(earlier, _)| earlier.request_id.is_some())?;
    let usurp = number.is_multiple_of(USURPS);
    let intent = if usurp { Arc::new(earlier.usurper(number)) } else { earlier };
    Some(caller.create(&intent).await)
}

async fn read(caller: Caller, plan: Arc<Plan>) -> History {
    let mut history = History::default();
    while !plan.is_ended() {
        if let Some((_, seen)) = plan.any_acknowledged() {
            history.gets.extend(caller.get(&seen).await);
        }
        task::sleep(READER_PAUSE).await;
    }
    history
}

async fn walk(caller: Caller, plan: Arc<Plan>) -> History {
    let mut history = History::default();
    loop {
        let (walk, _) = caller.walk(|| fastrand::i32(PAGE_SIZES)).await;
        history.walks.push(walk);
        if plan.is_ended() {
            return history;
        }
    }
}
