//! Calls that outlast trouble: tried again until they succeed, within a time and until a stop is asked for.

use std::future::Future;
use std::time::{Duration, Instant};

use ticketing_client::{Backoff, CallError, Code};

use super::progress::Progress;
use crate::stop::Stop;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A server that asks for more is asked again after this: nobody sits before a command that does nothing for an hour.
const LONGEST_ASKED: Duration = Duration::from_secs(30);

/// What all calls of a long command share.
#[derive(Clone, Copy)]
pub(crate) struct Patience<'a> {
    pub(crate) stop: &'a Stop,
    pub(crate) progress: &'a Progress,
    /// How long a call may fail.
    pub(crate) give_up_after: Duration,
}

/// Why a call did not succeed.
pub(crate) enum Ended {
    /// It failed, and the command was asked to stop before the next attempt.
    Stopped,
    /// It failed for too long, or for a reason that does not pass.
    Failed(CallError),
}

impl Patience<'_> {
    /// Tries `call`, which must be safe to repeat whatever happened.
    pub(crate) async fn outlast<T, F>(self, mut call: impl FnMut() -> F) -> Result<T, Ended>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut failing_since = None;
        loop {
            let attempted = Instant::now();
            let error = match call().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let since = *failing_since.get_or_insert(attempted);
            if !may_pass(error.code) || since.elapsed() >= self.give_up_after {
                return Err(Ended::Failed(CallError { elapsed: since.elapsed(), ..error }));
            }
            self.progress.trouble(&error);
            if self.stop.within(backoff.pause(error.details.retry_after.map(|asked| asked.min(LONGEST_ASKED)))).await {
                return Err(Ended::Stopped);
            }
        }
    }
}

/// Whether the same call may succeed later. It is safe to repeat, so this is more than what is transient by its
/// meaning: a server or proxy that dies half-way is seen as INTERNAL or UNKNOWN too.
fn may_pass(code: Code) -> bool {
    code.is_transient() || matches!(code, Code::Internal | Code::Unknown)
}
