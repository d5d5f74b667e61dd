//! Waiting while others work.

use std::time::Duration;

use async_std::task::{block_on, sleep};
use testbed::{BedError, Stop};

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Lets time pass; ends early with an error where the end is asked for.
pub(super) fn rest(time: Duration, stop: &Stop) -> Result<(), BedError> {
    let mut left = time;
    while !left.is_zero() {
        stop.check()?;
        let pause = left.min(LOOK_EVERY);
        block_on(sleep(pause));
        left -= pause;
    }
    Ok(())
}
