//! Callers that each wait for an answer before they call again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::channel::mpsc;

use super::connections::call;
use super::offer::Offer;
use super::recorder::Ended;
use crate::stop::Stop;

/// Where nobody is, calls fail at once: calling on at full speed would only heat the machine.
const PAUSE_WHERE_NOBODY_IS: Duration = Duration::from_millis(10);

/// Calls until the schedule's end or until `stop`, and returns when the last call has ended.
pub(crate) async fn run(offer: &Arc<Offer>, concurrency: u32, stop: &Stop) {
    let (running, mut all_ended) = mpsc::channel::<()>(0);
    for caller in 0..concurrency {
        let (offer, stop, running) = (offer.clone(), stop.clone(), running.clone());
        let (_, customers) = offer.connections.of(caller.into());
        customers.clone().spawn(async move {
            repeat(&offer, caller, concurrency, &stop).await;
            drop(running);
        });
    }
    drop(running);
    all_ended.next().await;
}

async fn repeat(offer: &Offer, caller: u32, callers: u32, stop: &Stop) {
    let mut random = fastrand::Rng::new();
    for (connection, customers) in offer.connections.of_caller(caller, callers).cycle() {
        if stop.is_requested() {
            break;
        }
        let started = Instant::now();
        let Some(warmup) = offer.schedule.admit(started) else { break };
        let kind = offer.mix.choose(&mut random);
        let outcome = call(customers, kind, &offer.ids).await;
        let is_nobody_there = outcome.as_ref().is_err_and(|error| !error.answered);
        let held = Duration::ZERO;
        offer.recorder.record(connection, Ended { kind, intended: started, started, held, warmup, outcome });
        if is_nobody_there {
            stop.within(PAUSE_WHERE_NOBODY_IS).await;
        }
    }
}
