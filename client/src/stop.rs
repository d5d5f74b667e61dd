//! How work that goes on for a while is asked to end.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use async_signal::{Signal, Signals};
use async_std::channel::{self, Receiver, Sender};
use futures::StreamExt;
use futures::future::{Either, select};
use log::info;

use crate::exit::Failure;

/// A request to end, shared by all clones: once made, it stays.
#[derive(Clone)]
pub(crate) struct Stop {
    closed: Receiver<()>,
    at: Arc<OnceLock<Instant>>,
    /// The receiver would count as closed without it.
    _open: Sender<()>,
}

impl Stop {
    pub(crate) fn new() -> Self {
        let (open, closed) = channel::bounded(1);
        Self { closed, at: Arc::default(), _open: open }
    }

    /// Asks for the end.
    pub(crate) fn request(&self) {
        self.at.get_or_init(Instant::now);
        self.closed.close();
    }

    pub(crate) fn is_requested(&self) -> bool {
        self.closed.is_closed()
    }

    /// When the end was asked for.
    pub(crate) fn requested_at(&self) -> Option<Instant> {
        self.at.get().copied()
    }

    /// Waits until the end is asked for.
    pub(crate) async fn requested(&self) {
        // Nothing is ever sent: the channel can only close.
        let _ = self.closed.recv().await;
    }

    /// Waits for `time`, or until the end is asked for; true if it was.
    pub(crate) async fn within(&self, time: Duration) -> bool {
        if !time.is_zero() && !self.is_requested() {
            select(pin!(self.requested()), pin!(async_std::task::sleep(time))).await;
        }
        self.is_requested()
    }
}

/// Runs `work` and asks it to stop at the first SIGINT or SIGTERM; a second one abandons it. `how` says how it then ends.
pub(crate) async fn interruptible<T, F: Future<Output = T>>(
    how: &str,
    work: impl FnOnce(Stop) -> F,
) -> Result<T, Failure> {
    let mut signals = Signals::new([Signal::Int, Signal::Term]).map_err(Failure::Signals)?;
    let stop = Stop::new();
    let mut work = pin!(work(stop.clone()));
    if let Either::Left((done, _)) = select(&mut work, signals.next()).await {
        return Ok(done);
    }
    info!("stopping {how}; a second signal ends at once");
    stop.request();
    match select(work, signals.next()).await {
        Either::Left((done, _)) => Ok(done),
        Either::Right(_) => Err(Failure::Interrupted),
    }
}

#[cfg(test)]
mod tests {
    use async_std::task::block_on;

    use super::*;

    #[test]
    fn a_stop_reaches_all_who_wait_and_all_who_come_later() {
        let stop = Stop::new();
        let waiting = stop.clone();
        let waiter = std::thread::spawn(move || block_on(waiting.within(Duration::from_hours(1))));
        assert!(!stop.is_requested());
        stop.request();
        assert!(waiter.join().unwrap());
        assert!(block_on(stop.within(Duration::from_hours(1))));
    }
}
