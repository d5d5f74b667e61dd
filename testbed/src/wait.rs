//! Waiting for something to become true, with an end.

use std::thread;
use std::time::{Duration, Instant};

use crate::{BedError, Stop};

/// Looks every `pause` until `look` finds something; gives up after `limit`, when `stop` is asked for, or when `look`
/// fails.
pub(crate) fn until<T>(
    what: &str,
    limit: Duration,
    pause: Duration,
    stop: &Stop,
    mut look: impl FnMut() -> Result<Option<T>, BedError>,
) -> Result<T, BedError> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if stop.is_asked() {
            return Err(BedError::Stopped);
        }
        if begun.elapsed() >= limit {
            return Err(BedError::TooLate { what: what.to_owned(), limit, log: String::new() });
        }
        rest(pause);
    }
}

/// Looks until `look` says yes, for at most half a minute.
pub fn until_true(what: &str, mut look: impl FnMut() -> bool) -> Result<(), BedError> {
    const LIMIT: Duration = Duration::from_secs(30);
    const PAUSE: Duration = Duration::from_millis(10);
    until(what, LIMIT, PAUSE, &Stop::never(), || Ok(look().then_some(())))
}

/// Nothing for a while.
#[expect(
    clippy::disallowed_methods,
    reason = "a bed waits on threads of its own, never on those of a runtime or a queue"
)]
pub(crate) fn rest(pause: Duration) {
    thread::sleep(pause);
}
