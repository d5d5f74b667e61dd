use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::channel::mpsc;
use futures::future::{Either, select};
use log::{info, warn};
use ticketing_client::{Code, Customers};

use crate::args::{count, duration, positive_duration};
use crate::exit::Exit;
use crate::stop::Stop;

/// A server that is gone refuses calls at once: calling on at full speed would only heat the machine.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(10);

/// Call the service steadily on one long-lived connection and tell which pods answered (the default command).
///
/// Ends after --count calls, after --for, or at SIGINT or SIGTERM, with a summary. Without --count and --for a signal
/// is its normal end: exit code 0, or 3 if some calls failed, or 1 if all did.
#[derive(Debug, clap::Args)]
pub(crate) struct Watch {
    /// Time from the start of a call to the start of the next, for example 3s; 0s: as fast as answers come.
    #[arg(long, default_value = "3s", value_parser = duration)]
    every: Duration,
    /// Calls at the same time, each repeated at its own pace.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), allow_negative_numbers = true)]
    in_flight: u16,
    /// End after this many calls.
    #[arg(long, value_name = "N", conflicts_with = "lasting", value_parser = count, allow_negative_numbers = true)]
    count: Option<u64>,
    /// End after this time, for example 60s.
    #[arg(long = "for", value_name = "TIME", value_parser = positive_duration)]
    lasting: Option<Duration>,
}

impl Default for Watch {
    fn default() -> Self {
        Self { every: Duration::from_secs(3), in_flight: 1, count: None, lasting: None }
    }
}

/// What a watch saw.
#[derive(Debug, Default)]
pub(crate) struct WatchSummary {
    pub(crate) calls: u64,
    pub(crate) failures: BTreeMap<Code, u64>,
    /// Answered calls by pod.
    pub(crate) pods: BTreeMap<String, u64>,
    pub(crate) elapsed: Duration,
    /// Whether a signal came before the end that was asked for.
    pub(crate) interrupted: bool,
}

impl WatchSummary {
    pub(crate) fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    pub(crate) fn ok(&self) -> u64 {
        self.calls - self.failed()
    }

    pub(crate) fn exit(&self) -> Exit {
        match (self.interrupted, self.failed(), self.ok()) {
            (true, ..) => Exit::Interrupted,
            (false, 0, _) => Exit::Done,
            (false, _, 0) => Exit::Failed,
            (false, ..) => Exit::Partly,
        }
    }

    fn add(&mut self, slot: Self) {
        self.calls += slot.calls;
        for (code, calls) in slot.failures {
            *self.failures.entry(code).or_default() += calls;
        }
        for (pod, calls) in slot.pods {
            *self.pods.entry(pod).or_default() += calls;
        }
    }

    fn answered_by(&mut self, pod: String) {
        match self.pods.get_mut(&pod) {
            Some(calls) => *calls += 1,
            None => drop(self.pods.insert(pod, 1)),
        }
    }
}

impl Watch {
    pub(crate) async fn run(&self, customers: &Customers, signalled: Stop) -> WatchSummary {
        let begun = Instant::now();
        let ended = Stop::new();
        let (done, slots) = mpsc::unbounded();
        let tickets = Arc::new(AtomicU64::new(self.count.unwrap_or(u64::MAX)));
        for _ in 0..self.in_flight {
            let slot = Slot {
                customers: customers.clone(),
                every: self.every,
                tickets: tickets.clone(),
                ended: ended.clone(),
                seen: WatchSummary::default(),
            };
            let done = done.clone();
            customers.spawn(async move {
                // The receiver waits for all slots.
                let _ = done.unbounded_send(slot.run().await);
            });
        }
        drop(done);

        let summary = slots.fold(WatchSummary::default(), |mut sum, slot| async {
            sum.add(slot);
            sum
        });
        let end = pin!(self.end(&signalled));
        let summary = match select(pin!(summary), end).await {
            Either::Left((summary, _)) => summary,
            Either::Right(((), summary)) => {
                ended.request();
                summary.await
            }
        };
        let bounded = self.count.is_some() || self.lasting.is_some();
        let complete = match (self.count, self.lasting) {
            (Some(count), _) => summary.calls == count,
            (None, Some(lasting)) => begun.elapsed() >= lasting,
            (None, None) => true,
        };
        WatchSummary { elapsed: begun.elapsed(), interrupted: bounded && !complete, ..summary }
    }

    /// Waits for a signal or for the end of the time, whichever comes first.
    async fn end(&self, signalled: &Stop) {
        match self.lasting {
            Some(time) => drop(signalled.within(time).await),
            None => signalled.requested().await,
        }
    }
}

/// One call after the other, until there are no tickets left.
struct Slot {
    customers: Customers,
    every: Duration,
    /// Calls that may still be started, by all slots together.
    tickets: Arc<AtomicU64>,
    ended: Stop,
    seen: WatchSummary,
}

impl Slot {
    async fn run(mut self) -> WatchSummary {
        let mut pause = Duration::ZERO;
        while self.take_ticket() && !self.ended.within(pause).await {
            let started = Instant::now();
            let failed = self.call().await;
            pause = self.every.saturating_sub(started.elapsed());
            if failed {
                pause = pause.max(PAUSE_AFTER_FAILURE);
            }
        }
        self.seen
    }

    fn take_ticket(&self) -> bool {
        self.tickets.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    /// Makes one call; true if it failed.
    async fn call(&mut self) -> bool {
        info!("Start GetCustomerDetails");
        let answer = self.customers.identify().await;
        self.seen.calls += 1;
        match answer {
            Ok(pod) => {
                info!(pod = pod.as_str(); "End GetCustomerDetails from {pod}");
                self.seen.answered_by(pod);
                false
            }
            Err(error) => {
                warn!(code = error.code.name(); "End GetCustomerDetails failed: {error}");
                *self.seen.failures.entry(error.code).or_default() += 1;
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(calls: u64, failed: u64) -> WatchSummary {
        let failures = (failed > 0).then_some((Code::Unavailable, failed)).into_iter().collect();
        WatchSummary { calls, failures, ..WatchSummary::default() }
    }

    #[test]
    fn the_exit_code_tells_whether_none_some_or_all_calls_failed() {
        assert_eq!(summary(3, 0).exit(), Exit::Done);
        assert_eq!(summary(3, 1).exit(), Exit::Partly);
        assert_eq!(summary(3, 3).exit(), Exit::Failed);
        assert_eq!(WatchSummary { interrupted: true, ..summary(3, 0) }.exit(), Exit::Interrupted);
    }
}
