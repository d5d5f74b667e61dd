//! One run: what is offered to the server, and how it is seen through.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures::future::{Either, select};

use super::connections::Connections;
use super::ids::Ids;
use super::live::Live;
use super::mix::{Kind, Mix};
use super::recorder::Recorder;
use super::run::{Run, Shape, Slice, is_short_rest};
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
        let scheduled = match calls {
            Loop::Closed { .. } => None,
            Loop::Open { rate, .. } => self.schedule.lasts(rate),
        };
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
            Slices { offer: &offer, live: Live::new(scheduled), last: offer.schedule.measured_from, all: Vec::new() };
        slices.warm_up(Instant::now());
        let ended = loop {
            let tick = std::pin::pin!(async_std::task::sleep(SLICE));
            match select(work, tick).await {
                Either::Left((ended, _)) => break ended,
                Either::Right(((), going_on)) => work = going_on,
            }
            slices.take(Instant::now());
        };
        let slices = slices.end(ended);
        let run = offer.summary(started, calls, ended, stop.is_requested(), slices);
        let since_the_warmup =
            |time: Instant| time.saturating_duration_since(offer.schedule.measured_from).as_secs_f64();
        let stopped = stop.requested_at().map(since_the_warmup);
        let most = stopped.map_or(f64::INFINITY, |stopped| stopped.min(run.seconds));
        let scheduled = scheduled.map(|time| time.as_secs_f64().min(most));
        let due = offer.schedule.until.map(since_the_warmup).or(stopped).unwrap_or_default().min(most);
        let (last_start, last_answer) = offer.recorder.lasts(since_the_warmup);
        let rate_seconds = match calls {
            Loop::Closed { .. } => run.seconds.min((last_start + run.usual_seconds()).max(due)),
            Loop::Open { .. } => last_answer.max(scheduled.unwrap_or(run.seconds)),
        };
        Run { scheduled_seconds: scheduled, rate_seconds: Some(rate_seconds), ..run }
    }

    fn summary(&self, started: String, calls: Loop, ended: Instant, interrupted: bool, slices: Vec<Slice>) -> Run {
        let Schedule { begun, measured_from, .. } = self.schedule;
        let total = self.recorder.total();
        let (concurrency, rate, most_in_flight) = match calls {
            Loop::Closed { concurrency } => (Some(concurrency), None, None),
            Loop::Open { rate, most_in_flight } => (None, Some(rate), Some(most_in_flight)),
        };
        let connections = u16::try_from(self.connections.len()).expect("it was made from a number of 16 bits");
        Run {
            started,
            target: self.connections.target(),
            tls: Some(self.connections.are_encrypted()),
            shape: Shape {
                concurrency,
                rate,
                most_in_flight,
                connections,
                deadline_seconds: Some(self.connections.deadline().as_secs_f64()),
                mix: self.mix.to_string(),
                ids_digest: self.ids.digest.clone().filter(|_| self.mix.has(Kind::Get)),
            },
            seconds: ended.saturating_duration_since(measured_from).as_secs_f64(),
            rate_seconds: None,
            scheduled_seconds: None,
            warmup_seconds: measured_from.min(ended).saturating_duration_since(begun).as_secs_f64(),
            warmup_calls: total.warmup_calls,
            warmup_failed: total.warmup_failed,
            answered: total.answered,
            failed: total.failed,
            failures: total.failures,
            first_errors: total.first_errors,
            pods: total.pods,
            lateness: rate.is_some().then_some(total.lateness),
            own_lateness: rate.is_some().then_some(total.own_lateness),
            held_back: total.held_back,
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
        self.warm_up(now);
        // What is left of a second when the warm-up ends says nothing by itself.
        if !is_short_rest(now.saturating_duration_since(self.last).as_secs_f64()) {
            let slice = self.since_the_last(now);
            self.live.show(&slice);
            self.all.push(slice);
        }
    }

    fn warm_up(&mut self, now: Instant) {
        if now < self.offer.schedule.measured_from {
            let (calls, failed) = self.offer.recorder.warmed_up();
            self.live.warming_up(calls, failed);
        }
    }

    fn since_the_last(&mut self, now: Instant) -> Slice {
        let since = now.saturating_duration_since(self.last);
        self.last = now;
        let end = now.saturating_duration_since(self.offer.schedule.measured_from);
        self.offer.recorder.slice(end, since)
    }

    /// All of them. A rest belongs to the second before it, where there is one.
    fn end(mut self, ended: Instant) -> Vec<Slice> {
        let rest = ended.saturating_duration_since(self.last);
        if !rest.is_zero() {
            let slice = self.since_the_last(ended);
            self.live.show(&slice);
            let before = if is_short_rest(rest.as_secs_f64()) { self.all.pop() } else { None };
            self.all.push(match before {
                Some(before) => before.and(&slice),
                None => slice,
            });
        }
        self.live.clear();
        self.all
    }
}
