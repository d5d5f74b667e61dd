//! One row's way to its outcome, through any trouble that passes.

use std::time::{Duration, Instant};

use ticketing_client::{Backoff, CallError, Code, CreateCustomerRequest, Customers};
use uuid::Uuid;

use super::progress::Progress;
use super::row::{Names, Unfit};
use crate::stop::Stop;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What became of a row.
pub(crate) enum Outcome {
    Created,
    AlreadyThere,
    /// The line and why the server refused it.
    Rejected(u64, Unfit),
    /// It failed, and the import was asked to stop before the next attempt.
    Stopped,
    GaveUp(CallError),
}

/// What all rows of an import share.
#[derive(Clone, Copy)]
pub(crate) struct Sender<'a> {
    pub(crate) customers: &'a Customers,
    pub(crate) stop: &'a Stop,
    pub(crate) progress: &'a Progress,
    /// How long a row may fail.
    pub(crate) give_up_after: Duration,
}

impl Sender<'_> {
    pub(crate) async fn create(self, line: u64, names: Names, request_id: Uuid) -> Outcome {
        let request = CreateCustomerRequest {
            first_name: names.first,
            last_name: names.last,
            request_id: request_id.to_string(),
            ..CreateCustomerRequest::new()
        };
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut failing_since = None;
        loop {
            let attempted = Instant::now();
            let error = match self.customers.create(&request).await {
                Ok(answer) if answer.replayed => return Outcome::AlreadyThere,
                Ok(_) => return Outcome::Created,
                Err(error) => error,
            };
            if is_about_the_row(error.code) {
                return Outcome::Rejected(line, unfit(&error, request));
            }
            let since = *failing_since.get_or_insert(attempted);
            if !may_pass(error.code) || since.elapsed() >= self.give_up_after {
                return Outcome::GaveUp(CallError { elapsed: since.elapsed(), ..error });
            }
            self.progress.trouble(&error);
            if self.stop.within(backoff.pause(error.retry_after)).await {
                return Outcome::Stopped;
            }
        }
    }
}

/// Whether the server refuses this row, while others may be fine.
fn is_about_the_row(code: Code) -> bool {
    matches!(code, Code::InvalidArgument | Code::AlreadyExists)
}

/// Whether the same row may succeed later. A request id makes repeating safe whatever happened, so this is more than
/// what is transient by its meaning: a server or proxy that dies half-way is seen as INTERNAL or UNKNOWN too.
fn may_pass(code: Code) -> bool {
    code.is_transient() || matches!(code, Code::Internal | Code::Unknown)
}

fn unfit(error: &CallError, request: CreateCustomerRequest) -> Unfit {
    Unfit { reason: format!("{}: {}", error.code, error.message), first: request.first_name, last: request.last_name }
}
