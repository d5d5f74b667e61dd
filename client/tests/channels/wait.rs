//! Waits for what other threads do, which end by themselves on a machine that hangs.

use std::time::{Duration, Instant};

use async_std::task::{block_on, sleep};

/// Less than the 30 s after which C-core by default looks a name up again.
const HANGS_AFTER: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Waits until `what` (a sentence for the failure) holds.
pub(crate) fn until(what: &str, holds: impl FnMut() -> bool) {
    block_on(until_async(what, holds));
}

/// The same where others go on meanwhile.
pub(crate) async fn until_async(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < HANGS_AFTER, "it does not come about that {what}");
        sleep(LOOK_EVERY).await;
    }
}
