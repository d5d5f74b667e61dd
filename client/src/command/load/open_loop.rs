//! Calls that start on a schedule, whether or not the ones before them have been answered.
//!
//! A latency counts from the moment at which the call should have started: what it waited for, be it a busy client or
//! the limit of calls in flight, is part of it, as it would be for a caller who came at that moment.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_std::channel::{Receiver, Sender, bounded};
use futures::StreamExt as _;
use futures::channel::mpsc;
use futures::future::{Either, select};

use super::connections::call;
use super::hold::Hold;
use super::offer::Offer;
use super::recorder::Ended;
use crate::stop::Stop;

/// Starts `rate` calls a second, evenly, and returns when the last one has ended.
pub(crate) async fn run(offer: Arc<Offer>, rate: f64, most_in_flight: u32, stop: Stop) {
    let places = Places::new(most_in_flight);
    let mut hold = Hold::default();
    let mut random = fastrand::Rng::new();
    let (running, mut all_ended) = mpsc::channel::<()>(0);
    for number in 0_u64.. {
        let intended = offer.schedule.begun + Duration::from_secs_f64(number as f64 / rate);
        let Some(warmup) = offer.schedule.admit(intended) else { break };
        let turn = Instant::now();
        hold.turn(turn.saturating_duration_since(intended));
        if stop.within(intended.saturating_duration_since(turn)).await {
            break;
        }
        let Some(waited) = places.enter(&stop).await else { break };
        let held_back = hold.waited(waited);
        let kind = offer.mix.choose(&mut random);
        let (connection, customers) = offer.connections.of(number);
        let (leave, running, offer) = (places.leave.clone(), running.clone(), offer.clone());
        customers.spawn({
            let customers = customers.clone();
            async move {
                let started = Instant::now();
                let outcome = call(&customers, kind, &offer.ids).await;
                offer.recorder.record(connection, Ended { kind, intended, started, held: held_back, warmup, outcome });
                // There is room: it was entered.
                let _ = leave.try_send(());
                drop(running);
            }
        });
    }
    drop(running);
    all_ended.next().await;
}

/// A bound on calls in flight, so that a server that is stuck does not fill the client's memory.
struct Places {
    free: Receiver<()>,
    leave: Sender<()>,
}

impl Places {
    fn new(most: u32) -> Self {
        let (leave, free) = bounded(most.try_into().expect("a number of 32 bits fits"));
        (0..most).for_each(|_| leave.try_send(()).expect("there is room for all"));
        Self { free, leave }
    }

    /// Waits for a place, and tells how long; none if the end is asked for first.
    async fn enter(&self, stop: &Stop) -> Option<Duration> {
        if self.free.try_recv().is_ok() {
            return Some(Duration::ZERO);
        }
        let came = Instant::now();
        let free = std::pin::pin!(self.free.recv());
        let stopped = std::pin::pin!(stop.requested());
        matches!(select(free, stopped).await, Either::Left((Ok(()), _))).then(|| came.elapsed())
    }
}
