//! Whether the completion queues still do their work: each is asked now and then to note the time on its own thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_std::future::timeout;
use async_std::task::{self, JoinHandle};
use futures::channel::oneshot;
use futures::future::join_all;
use grpcio::{ChannelBuilder, Client, Environment};

/// How often a queue is asked.
const EVERY: Duration = Duration::from_secs(1);

/// A queue that was silent for so long is stuck or dead, and every call on its connections with it. Handlers never block,
/// so even a machine that is far too busy is quicker.
const SILENCE: Duration = Duration::from_secs(10);

/// How long the queues may take to work off what is left on them.
const LAST_WORK: Duration = Duration::from_secs(1);

/// Asks the queues of one server until it is dropped or stopped.
pub(crate) struct Heartbeat {
    pulse: Arc<Pulse>,
    asking: JoinHandle<()>,
    wanted: oneshot::Sender<()>,
}

/// The queues' last signs of life.
pub(crate) struct Pulse {
    /// Milliseconds since `begun`, of each queue.
    beats: Vec<AtomicU64>,
    begun: Instant,
    silence: Duration,
}

impl Heartbeat {
    /// Begins to ask the queues of `environment`.
    pub(crate) fn of(environment: &Arc<Environment>) -> Self {
        Self::with(environment, EVERY, SILENCE)
    }

    fn with(environment: &Arc<Environment>, every: Duration, silence: Duration) -> Self {
        let queues = environment.completion_queues().len();
        let beats = (0..queues).map(|_| AtomicU64::new(0)).collect();
        let pulse = Arc::new(Pulse { beats, begun: Instant::now(), silence });
        // Only a channel leads onto a queue's thread, and channels take the queues in turn. Nothing is called on these, so
        // they never connect.
        let doors: Vec<_> = (0..queues).map(|_| door(environment)).collect();
        let (wanted, mut no_longer) = oneshot::channel();
        let beating = Arc::clone(&pulse);
        let asking = task::spawn(async move {
            loop {
                for (queue, door) in doors.iter().enumerate() {
                    let pulse = Arc::clone(&beating);
                    run_on(door, move || pulse.beats[queue].store(pulse.now(), Ordering::Relaxed));
                }
                if timeout(every, &mut no_longer).await.is_ok() {
                    return run_dry(doors).await;
                }
            }
        });
        Self { pulse, asking, wanted }
    }

    /// For whoever wants to know how the queues are.
    pub(crate) fn pulse(&self) -> Arc<Pulse> {
        Arc::clone(&self.pulse)
    }

    /// Asks no more; returns when nothing keeps the queues any longer and nothing is left on them.
    pub(crate) async fn stop(self) {
        drop(self.wanted);
        self.asking.await;
    }
}

/// Lets the queues go once each has worked off what had come to it before.
///
/// A caller whose connection broke may have left a request on a queue whose server has already shut down. grpcio begins a
/// batch for it without a look at whether the queue has ended meanwhile, and where it has, C-core's assertion
/// `grpc_cq_begin_op` ends the process. So a queue that is stuck is kept for ever.
async fn run_dry(doors: Vec<Client>) {
    let worked_off = doors.iter().map(|door| {
        let (tell, told) = oneshot::channel();
        run_on(door, move || tell.send(()).unwrap_or_default());
        told
    });
    if timeout(LAST_WORK, join_all(worked_off)).await.is_err() {
        log::error!("a completion queue is stuck, {LAST_WORK:?} after its server has ended");
        std::mem::forget(doors);
    }
}

impl Pulse {
    /// What is wrong, in words; none while all queues answer.
    pub(crate) fn fault(&self) -> Option<String> {
        let now = self.now();
        let silent = |beat: &AtomicU64| Duration::from_millis(now.saturating_sub(beat.load(Ordering::Relaxed)));
        let longest = self.beats.iter().map(silent).max().filter(|longest| *longest > self.silence)?;
        Some(format!("a completion queue has not answered for {} s", longest.as_secs()))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

fn door(environment: &Arc<Environment>) -> Client {
    Client::new(ChannelBuilder::new(Arc::clone(environment)).connect("ipv4:127.0.0.1:1"))
}

/// Runs `work` on the thread of the door's queue. grpcio polls a new future where it is spawned, and only one that is woken
/// later on the queue's thread.
fn run_on(door: &Client, work: impl FnOnce() + Send + 'static) {
    let (wake, woken) = oneshot::channel();
    door.spawn(async move {
        if woken.await.is_ok() {
            work();
        }
    });
    // The future is gone only where the queue is, and with it the server.
    let _ = wake.send(());
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use async_std::task::block_on;
    use grpcio::EnvBuilder;

    use super::*;

    const SOON: Duration = Duration::from_millis(20);

    fn until(what: impl Fn() -> bool) {
        let begun = Instant::now();
        while !what() {
            assert!(begun.elapsed() < Duration::from_secs(30), "it never came");
            block_on(task::sleep(SOON));
        }
    }

    #[test]
    fn a_queue_whose_thread_is_stuck_is_a_fault_until_it_goes_on() {
        let environment = Arc::new(EnvBuilder::new().cq_count(2).build());
        let heartbeat = Heartbeat::with(&environment, SOON, Duration::from_secs(1));
        let (go, told) = mpsc::channel::<()>();
        let pulse = heartbeat.pulse();
        until(|| pulse.beats.iter().all(|beat| beat.load(Ordering::Relaxed) > 0));
        assert_eq!(pulse.fault(), None);
        run_on(&door(&environment), move || told.recv().unwrap_or_default());
        until(|| pulse.fault().is_some());
        drop(go);
        until(|| pulse.fault().is_none());
        block_on(heartbeat.stop());
    }
}
