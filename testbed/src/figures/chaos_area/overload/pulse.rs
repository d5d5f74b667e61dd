//! A caller who asks who is there, and now and then for a page, again and again: when things are well, and when they are not.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_std::task::{self, JoinHandle, block_on};

use crate::connect::channel_to;

const EVERY: Duration = Duration::from_millis(20);
/// One in so many asks for a page, which an overload refuses first.
const PAGE_EACH: usize = 5;
/// An answer that takes longer is no recovery. Undisturbed ones take a few milliseconds, and a pause of the quota more.
pub(super) const SLOW: Duration = Duration::from_millis(100);

/// Asks until it is stopped or dropped.
pub(super) struct Pulse {
    ended: Arc<AtomicBool>,
    asking: JoinHandle<Pulses>,
}

/// All that was asked.
#[derive(Default)]
pub(super) struct Pulses(Vec<Asked>);

struct Asked {
    at: Instant,
    took: Duration,
    answered: bool,
}

impl Pulse {
    pub(super) fn start(address: SocketAddr) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let asking = task::spawn(ask(address, ended.clone()));
        Self { ended, asking }
    }

    pub(super) fn stop(self) -> Pulses {
        self.ended.store(true, Ordering::Relaxed);
        block_on(self.asking)
    }
}

/// Each at its time, whether or not the one before was answered.
async fn ask(address: SocketAddr, ended: Arc<AtomicBool>) -> Pulses {
    let customers = channel_to(address).customers();
    let mut asked = Vec::new();
    for number in 0.. {
        if ended.load(Ordering::Relaxed) {
            break;
        }
        let customers = customers.clone();
        asked.push(task::spawn(async move {
            let at = Instant::now();
            let answered = match number % PAGE_EACH {
                0 => customers.list(0, "").await.is_ok(),
                _ => customers.identify().await.is_ok(),
            };
            Asked { at, took: at.elapsed(), answered }
        }));
        task::sleep(EVERY).await;
    }
    let mut all = Pulses::default();
    for each in asked {
        all.0.push(each.await);
    }
    all
}

impl Pulses {
    /// How long after a moment the last question came that was refused, or answered late; nothing if there was none.
    pub(super) fn bad_after(&self, moment: Instant) -> Duration {
        let bad = self.0.iter().filter(|asked| !asked.answered || asked.took > SLOW);
        bad.map(|asked| asked.at.saturating_duration_since(moment)).max().unwrap_or_default()
    }

    /// How long answers took that were asked for before a moment.
    pub(super) fn took_before(&self, moment: Instant) -> Vec<Duration> {
        let before = self.0.iter().filter(|asked| asked.answered && asked.at < moment);
        before.map(|asked| asked.took).collect()
    }
}

impl fmt::Display for Pulses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.0.iter().filter(|asked| !asked.answered).count();
        write!(
            f,
            "asked every {EVERY:?}, each {PAGE_EACH}th time for a page, before, during and after: {} times, {failed} without an answer",
            self.0.len()
        )
    }
}
