//! When a call that may be repeated is tried again.

use std::future::Future;
use std::time::{Duration, Instant};

use crate::CallError;

/// Pauses that double from the first to the longest, each shortened at random by up to a half so that callers that
/// failed together do not come back together.
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// Pauses from about `first` to about `longest`.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { next: first, longest }
    }

    /// How long to wait now; at least as long as the server `asked` for, but never longer than thirty seconds.
    pub fn pause(&mut self, asked: Option<Duration>) -> Duration {
        let full = self.next.min(self.longest);
        self.next = full * 2;
        let jittered = full.mul_f64(1.0 - fastrand::f64() / 2.0);
        jittered.max(asked.unwrap_or_default()).min(LONGEST_ASKED)
    }
}

/// A server that asks for more than this is not obeyed to the letter: the caller has a deadline too.
const LONGEST_ASKED: Duration = Duration::from_secs(30);

const MAX_ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Tries a call up to five times within `deadline`, as long as it fails with a code that may pass by itself.
///
/// `call` gets the time that is left and must be safe to repeat: a read, or a create with a `request_id`. The error is
/// that of the last attempt, with the time of all of them.
pub async fn retry_within<T, F>(deadline: Duration, mut call: impl FnMut(Duration) -> F) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>>,
{
    let begun = Instant::now();
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    let mut attempt = 1;
    loop {
        let error = match call(deadline.saturating_sub(begun.elapsed())).await {
            Ok(value) => return Ok(value),
            Err(error) => CallError { elapsed: begun.elapsed(), ..error },
        };
        let pause = backoff.pause(error.retry_after);
        if !error.code.is_transient() || attempt == MAX_ATTEMPTS || begun.elapsed() + pause >= deadline {
            return Err(error);
        }
        attempt += 1;
        async_std::task::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_std::task::block_on;
    use grpcio::{RpcStatus, RpcStatusCode};

    use super::*;
    use crate::Target;

    fn error(code: RpcStatusCode) -> CallError {
        let target = Arc::new(Target::new("localhost", 1).unwrap());
        CallError::new("GetCustomer", target, Duration::ZERO, &grpcio::Error::RpcFailure(RpcStatus::new(code)))
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(350));
        for full in [100, 200, 350, 350] {
            let full = Duration::from_millis(full);
            let pause = backoff.pause(None);
            assert!(full / 2 <= pause && pause <= full, "{pause:?} of {full:?}");
        }
    }

    #[test]
    fn a_server_that_asks_for_time_gets_it_within_reason() {
        let mut backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(1));
        assert_eq!(backoff.pause(Some(Duration::from_secs(2))), Duration::from_secs(2));
        assert_eq!(backoff.pause(Some(Duration::from_hours(1))), LONGEST_ASKED);
    }

    #[test]
    fn what_passes_by_itself_is_tried_again_and_what_does_not_is_not() {
        for (code, attempts) in [(RpcStatusCode::UNAVAILABLE, 2), (RpcStatusCode::INVALID_ARGUMENT, 1)] {
            let mut made = 0;
            let outcome = block_on(retry_within(Duration::from_mins(1), |_| {
                made += 1;
                let answer = if made == 1 { Err(error(code)) } else { Ok(()) };
                async { answer }
            }));
            assert_eq!((made, outcome.is_ok()), (attempts, attempts == 2));
        }
    }

    #[test]
    fn a_call_that_keeps_failing_is_given_up() {
        let mut made = 0;
        let outcome: Result<(), _> = block_on(retry_within(Duration::from_mins(1), |_| {
            made += 1;
            async { Err(error(RpcStatusCode::UNAVAILABLE)) }
        }));
        assert_eq!((made, outcome.is_err()), (MAX_ATTEMPTS, true));
    }
}
