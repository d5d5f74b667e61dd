//! One run: what is offered to the server, and how it is seen through.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use futures::future::{Either, select};

use super::connections::Connections;
use super::ids::Ids;
use super::live::Live;
use super::mix::Mix;
use super::recorder::Recorder;
use super::run::{Run, Shape, Slice};
use super::schedule::Schedule;
use super::{closed_loop, open_loop};
use crate::stop::Stop;

/// What all calls of a run share.
pub(crate) struct Offer {
    pub(crate) connections: Connections,
    pub(crate) mix: Mix,
    pub(crate) ids: Ids,
    pub(crate) schedule: Schedule,
    pub(crate) recorder: Recorder,
    /// Calls that had to wait for a place in flight.
    pub(crate) held_back: AtomicU64,
}

/// How calls follow each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Loop {
    Closed { concurrency: u32 },
    Open { rate: f64, most_in_flight: u32 },
}

const SLICE: Duration = Duration::from_secs(1);

impl Offer {
    /// Sees the run through to its end, or in order to an earlier one at `stop`.
    pub(crate) async fn run(self, calls: Loop, stop: Stop) -> Run {
        let started = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        let offer = Arc::new(self);
        let work = {
            let (offer, stop) = (offer.clone(), stop.clone());
            async move {
                match calls {
                    Loop::Closed { concurrency } => closed_loop::run(&offer, concurrency, &stop).await,
                    Loop::Open { rate, most_in_flight } => open_loop::run(offer, rate, most_in_flight, stop).await,
                }
                Instant::now()
            }
        };
        // A task of its own: drawing on a slow terminal must not put off a call.
        let mut work = async_std::task::spawn(work);
        let mut slices =
            Slices { offer: &offer, live: Live::new(), last: offer.schedule.measured_from, all: Vec::new() };
        let ended = loop {
            let tick = std::pin::pin!(async_std::task::sleep(SLICE));
            match select(work, tick).await {
                Either::Left((ended, _)) => break ended,
                Either::Right(((), going_on)) => work = going_on,
            }
            slices.take(Instant::now());
        };
        slices.take(ended);
        let slices = slices.end();
        offer.summary(started, calls, ended, stop.is_requested(), slices)
    }

    fn summary(&self, started: String, calls: Loop, ended: Instant, interrupted: bool, slices: Vec<Slice>) -> Run {
        let Schedule { begun, measured_from, .. } = self.schedule;
        let total = self.recorder.total();
        let (concurrency, rate) = match calls {
            Loop::Closed { concurrency } => (Some(concurrency), None),
            Loop::Open { rate, .. } => (None, Some(rate)),
        };
        let connections = u16::try_from(self.connections.len()).expect("it was made from a number of 16 bits");
        Run {
            started,
            target: self.connections.target(),
            shape: Shape { concurrency, rate, connections, mix: self.mix.to_string() },
            seconds: ended.saturating_duration_since(measured_from).as_secs_f64(),
            warmup_seconds: measured_from.min(ended).saturating_duration_since(begun).as_secs_f64(),
            warmup_calls: total.warmup_calls,
            answered: total.answered,
            failed: total.failed,
            failures: total.failures,
            first_errors: total.first_errors,
            pods: total.pods,
            lateness: rate.is_some().then_some(total.lateness),
            held_back: self.held_back.load(Ordering::Relaxed),
            prepared: self.ids.made,
            interrupted,
            slices,
        }
    }
}

/// Cuts the run into seconds and shows them as they pass.
struct Slices<'a> {
    offer: &'a Offer,
    live: Live,
    last: Instant,
    all: Vec<Slice>,
}

impl Slices<'_> {
    fn take(&mut self, now: Instant) {
        let since = now.saturating_duration_since(self.last);
        if since.is_zero() {
            self.live.warming_up();
            return;
        }
        self.last = now;
        let end = now.saturating_duration_since(self.offer.schedule.measured_from);
        let slice = self.offer.recorder.slice(end, since);
        self.live.show(&slice);
        self.all.push(slice);
    }

    fn end(self) -> Vec<Slice> {
        self.live.clear();
        self.all
    }
}
