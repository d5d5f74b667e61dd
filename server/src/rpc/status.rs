//! Our refusals as gRPC statuses: the one place that chooses codes.
//!
//! | code | when | sent again unchanged |
//! | --- | --- | --- |
//! | `INVALID_ARGUMENT` | a field is unfit, or the message does not decode; `BadRequest` names the field | never helps |
//! | `NOT_FOUND` | no customer has this id | helps only if one is created |
//! | `ALREADY_EXISTS` | the request id was used with other names | never helps |
//! | `RESOURCE_EXHAUSTED` | too many creates wait, or the disk is full; `RetryInfo` says when to come back | helps later |
//! | `RESOURCE_EXHAUSTED` without `RetryInfo` | a message is larger than 4 MiB | never helps |
//! | `UNAVAILABLE` | the store cannot be used now; `RetryInfo` says when to come back | helps later |
//! | `UNKNOWN` | a create without a request id may be stored or not | may make a second customer |
//! | `DATA_LOSS` | the store is damaged, and its operator has to restore a backup | never helps |
//! | `INTERNAL` | a fault of this program, or a customer that the store refuses; its log says which | may help |
//!
//! Texts reach strangers: they name rules and fields, never values or causes.

use std::time::Duration;

use grpcio::{RpcStatus, RpcStatusCode};
use protobuf::well_known_types::any::Any;
use protobuf::{Message as _, MessageFull};
use ticketing_proto::error_details::bad_request::FieldViolation;
use ticketing_proto::error_details::{BadRequest, RetryInfo};
use ticketing_proto::status::Status;

use super::decode::MAX_MESSAGE_BYTES;
use super::malformed::Malformed;
use crate::customer::Unfit;
use crate::store::StoreError;

/// When a caller may come back after a fault of the store.
const RETRY_UNAVAILABLE_AFTER: Duration = Duration::from_millis(500);

/// When a caller may come back after the disk was full. Nobody makes space within milliseconds.
const RETRY_FULL_AFTER: Duration = Duration::from_secs(1);

/// Why a call gets no answer.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The message does not decode, or is too large.
    Malformed(Malformed),
    /// The answer is larger than a message may be.
    AnswerTooLarge,
    /// Fields hold values that cannot be used.
    Unfit(Violations),
    /// No customer has this id.
    NoSuchCustomer,
    /// No service has this name.
    NoSuchService,
    /// The store said no.
    Store(StoreError),
    /// A handler panicked.
    Panicked,
    /// The call outlasted the drain. Its caller has been told CANCELLED or UNAVAILABLE by C-core already.
    Cancelled,
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Refusal {
    /// What goes out on the wire.
    pub(crate) fn status(self) -> RpcStatus {
        match self {
            Self::Malformed(Malformed::Garbled { field, reason }) => {
                let mut violations = Violations::default();
                violations.add(field.as_deref().unwrap_or_default(), reason);
                violations.status()
            }
            Self::Malformed(Malformed::TooLarge(bytes)) => {
                let text = format!("the request has {bytes} bytes; at most {MAX_MESSAGE_BYTES} are taken");
                plain(RpcStatusCode::RESOURCE_EXHAUSTED, &text)
            }
            Self::AnswerTooLarge => {
                let text = format!("the answer would have more than {MAX_MESSAGE_BYTES} bytes; ask for less");
                plain(RpcStatusCode::RESOURCE_EXHAUSTED, &text)
            }
            Self::Unfit(violations) => violations.status(),
            Self::NoSuchCustomer => plain(RpcStatusCode::NOT_FOUND, "no customer has this id"),
            Self::NoSuchService => plain(RpcStatusCode::NOT_FOUND, "no service has this name"),
            Self::Store(StoreError::RequestIdReused) => {
                let text = "this request_id was used before with other names; use a new one for another customer";
                plain(RpcStatusCode::ALREADY_EXISTS, text)
            }
            Self::Store(StoreError::Overloaded { retry_after }) => {
                let text = "too many creates are waiting; come back later";
                retry(RpcStatusCode::RESOURCE_EXHAUSTED, text, retry_after)
            }
            Self::Store(StoreError::Full { .. }) => {
                let text = "there is no space for more customers at the moment; come back later";
                retry(RpcStatusCode::RESOURCE_EXHAUSTED, text, RETRY_FULL_AFTER)
            }
            Self::Store(StoreError::OutcomeUnknown { .. }) => {
                let text = "this customer may be stored or not; with a request_id the create could be sent again";
                plain(RpcStatusCode::UNKNOWN, text)
            }
            Self::Store(StoreError::Rejected { .. }) => {
                plain(RpcStatusCode::INTERNAL, "the store refuses this customer; the server's log says more")
            }
            Self::Store(StoreError::Damaged { .. }) => {
                plain(RpcStatusCode::DATA_LOSS, "the customers cannot be read; waiting will not help")
            }
            Self::Store(StoreError::Unavailable { .. }) => {
                let text = "the customers cannot be reached at the moment; come back later";
                retry(RpcStatusCode::UNAVAILABLE, text, RETRY_UNAVAILABLE_AFTER)
            }
            Self::Cancelled => plain(RpcStatusCode::UNAVAILABLE, "the server has shut down"),
            Self::Panicked => plain(RpcStatusCode::INTERNAL, "a fault of the server; its log says more"),
        }
    }
}

/// The fields of a request that are unfit.
#[derive(Debug, Default)]
pub(crate) struct Violations(Vec<FieldViolation>);

impl Violations {
    /// The value, or none with the violation noted.
    pub(super) fn check<T>(&mut self, field: &str, parsed: Result<T, Unfit>) -> Option<T> {
        parsed.map_err(|unfit| self.add(field, unfit.to_string())).ok()
    }

    fn add(&mut self, field: &str, description: String) {
        self.0.push(FieldViolation { field: field.to_owned(), description, ..FieldViolation::default() });
    }

    fn status(self) -> RpcStatus {
        let texts: Vec<String> =
            self.0.iter().map(|violation| format!("{} {}", violation.field, violation.description)).collect();
        let details = BadRequest { field_violations: self.0, ..BadRequest::default() };
        detailed(RpcStatusCode::INVALID_ARGUMENT, texts.join("; ").trim_start(), &details)
    }
}

fn plain(code: RpcStatusCode, text: &str) -> RpcStatus {
    RpcStatus::with_message(code, text.to_owned())
}

fn retry(code: RpcStatusCode, text: &str, after: Duration) -> RpcStatus {
    let details = RetryInfo { retry_delay: Some(after.into()).into(), ..RetryInfo::default() };
    detailed(code, text, &details)
}

/// A status with one message of `google/rpc/error_details.proto`, as `grpc-status-details-bin` carries it.
fn detailed<M: MessageFull>(code: RpcStatusCode, text: &str, details: &M) -> RpcStatus {
    let whole = Status {
        code: code.into(),
        message: text.to_owned(),
        details: Any::pack(details).into_iter().collect(),
        ..Status::default()
    };
    RpcStatus::with_details(code, text.to_owned(), whole.write_to_bytes().unwrap_or_default())
}
