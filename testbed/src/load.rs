//! Callers in the background.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_std::task::{self, JoinHandle, block_on};
use ticketing_client::CallError;

use crate::Tally;
use crate::connect::channel_to;

/// A caller's rest between two calls. Without one the callers take every CPU of a small machine, and then it is the
/// machine that fails health checks and not what a test is about.
const PAUSE: Duration = Duration::from_millis(2);

/// Callers that call without end, each one call after another, all on one long-lived connection.
#[derive(Debug)]
pub struct Load {
    ended: Arc<AtomicBool>,
    callers: Vec<JoinHandle<Tally>>,
}

impl Load {
    /// Starts `callers` callers of the server or proxy at `address`.
    pub fn start(address: SocketAddr, callers: usize) -> Self {
        let customers = channel_to(address).customers();
        Self::of(callers, move || {
            let customers = customers.clone();
            async move { customers.identify().await }
        })
    }

    /// The same for any call that says which pod answered.
    pub(crate) fn of<C, O>(callers: usize, call: C) -> Self
    where
        C: Fn() -> O + Clone + Send + 'static,
        O: Future<Output = Result<String, CallError>> + Send + 'static,
    {
        let ended = Arc::new(AtomicBool::new(false));
        let callers = (0..callers).map(|_| task::spawn(call_until(ended.clone(), call.clone()))).collect();
        Self { ended, callers }
    }

    /// Lets each caller finish its call, and says what came of all of them.
    pub fn stop(mut self) -> Tally {
        self.ended.store(true, Ordering::Relaxed);
        let mut total = Tally::default();
        for caller in self.callers.drain(..) {
            total.add(block_on(caller));
        }
        total
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

async fn call_until<O>(ended: Arc<AtomicBool>, call: impl Fn() -> O) -> Tally
where
    O: Future<Output = Result<String, CallError>>,
{
    let mut tally = Tally::default();
    while !ended.load(Ordering::Relaxed) {
        tally.count(call().await);
        task::sleep(PAUSE).await;
    }
    tally
}
