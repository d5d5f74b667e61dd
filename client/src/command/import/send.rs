//! One row's way to its outcome, through any trouble that passes.

use ticketing_client::{CallError, Code, CreateCustomerRequest, Customers};
use uuid::Uuid;

use super::row::{Names, Unfit};
use crate::command::patience::{Ended, Patience};

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
    pub(crate) patience: Patience<'a>,
}

impl Sender<'_> {
    pub(crate) async fn create(self, line: u64, names: Names, request_id: Uuid) -> Outcome {
        // The request id makes it safe to repeat.
        let request = CreateCustomerRequest {
            first_name: names.first,
            last_name: names.last,
            request_id: request_id.to_string(),
            ..CreateCustomerRequest::new()
        };
        match self.patience.outlast(|| self.customers.create(&request)).await {
            Ok(answer) if answer.replayed => Outcome::AlreadyThere,
            Ok(_) => Outcome::Created,
            Err(Ended::Stopped) => Outcome::Stopped,
            Err(Ended::Failed(error)) if is_about_the_row(error.code) => {
                Outcome::Rejected(line, unfit(&error, request))
            }
            Err(Ended::Failed(error)) => Outcome::GaveUp(error),
        }
    }
}

/// Whether the server refuses this row, while others may be fine.
fn is_about_the_row(code: Code) -> bool {
    matches!(code, Code::InvalidArgument | Code::AlreadyExists)
}

fn unfit(error: &CallError, request: CreateCustomerRequest) -> Unfit {
    Unfit { reason: format!("{}: {}", error.code, error.message), first: request.first_name, last: request.last_name }
}
