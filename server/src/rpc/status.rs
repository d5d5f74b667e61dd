//! Our refusals as gRPC statuses: the one place that chooses codes.
//!
//! | code | reason | when | sent again unchanged |
//! | --- | --- | --- | --- |
//! | `INVALID_ARGUMENT` | `UNFIT_FIELDS` | a field is unfit; `BadRequest` names it | never helps |
//! | `INVALID_ARGUMENT` | `MALFORMED_MESSAGE` | the message does not decode, or is missing | never helps |
//! | `NOT_FOUND` | `NO_SUCH_CUSTOMER` | no customer has this id | helps only if one is created |
//! | `NOT_FOUND` | `NO_SUCH_SERVICE` | health of a service that is not here | never helps |
//! | `ALREADY_EXISTS` | `REQUEST_ID_REUSED` | the request id was used with other names | never helps |
//! | `RESOURCE_EXHAUSTED` | `TOO_MANY_CREATES`, `STORE_FULL` | too many creates wait, or the disk is full; `RetryInfo` says when to come back | helps later |
//! | `RESOURCE_EXHAUSTED` without `RetryInfo` | `REQUEST_TOO_LARGE`, `ANSWER_TOO_LARGE` | a message is larger than 4 MiB | never helps |
//! | `UNAVAILABLE` | `STORE_UNAVAILABLE` | the store cannot be used now; `RetryInfo` says when to come back | helps later |
//! | `UNAVAILABLE` | `SHUT_DOWN` | the call outlasted the drain | helps elsewhere |
//! | `UNKNOWN` | `OUTCOME_UNKNOWN` | a create without a request id may be stored or not | may make a second customer |
//! | `DATA_LOSS` | `STORE_DAMAGED` | the store is damaged, and its operator has to restore a backup | never helps |
//! | `INTERNAL` | `REJECTED_BY_STORE`, `PANICKED` | a customer that the store refuses, or a fault of this program; its log says which | may help |
//!
//! Texts reach strangers: they name rules and fields, never values or causes. Each status also carries an `ErrorInfo`
//! (AIP-193) with a reason for programs and the pod: C-core's clients are shown no metadata of failed calls, but details.

use std::collections::HashMap;
use std::time::Duration;

use grpcio::{RpcStatus, RpcStatusCode};
use protobuf::well_known_types::any::Any;
use protobuf::{Message as _, MessageFull};
use ticketing_proto::error_details::bad_request::FieldViolation;
use ticketing_proto::error_details::{BadRequest, ErrorInfo, RetryInfo};
use ticketing_proto::status::Status;

use super::decode::MAX_MESSAGE_BYTES;
use super::malformed::Malformed;
use crate::customer::Unfit;
use crate::store::StoreError;

/// When a caller may come back after a fault of the store.
const RETRY_UNAVAILABLE_AFTER: Duration = Duration::from_millis(500);

/// When a caller may come back after the disk was full. Nobody makes space within milliseconds.
const RETRY_FULL_AFTER: Duration = Duration::from_secs(1);

/// Whose reasons ours are, as [`ErrorInfo`] names it: the package of the contract.
const ERROR_DOMAIN: &str = "ticketing";

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
    /// What goes out on the wire, said by the pod of this name.
    pub(crate) fn status(self, pod_name: &str) -> RpcStatus {
        self.words().status(pod_name)
    }

    fn words(self) -> Words {
        use RpcStatusCode as Code;
        match self {
            Self::Malformed(Malformed::Garbled { field, reason }) => {
                let mut violations = Violations::default();
                violations.add(field.as_deref().unwrap_or_default(), reason);
                violations.words("MALFORMED_MESSAGE")
            }
            Self::Malformed(Malformed::TooLarge(bytes)) => {
                let text = format!("the request has {bytes} bytes; at most {MAX_MESSAGE_BYTES} are taken");
                Words::new(Code::RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE", text)
            }
            Self::AnswerTooLarge => {
                let text = format!("the answer would have more than {MAX_MESSAGE_BYTES} bytes; ask for less");
                Words::new(Code::RESOURCE_EXHAUSTED, "ANSWER_TOO_LARGE", text)
            }
            Self::Unfit(violations) => violations.words("UNFIT_FIELDS"),
            Self::NoSuchCustomer => Words::new(Code::NOT_FOUND, "NO_SUCH_CUSTOMER", "no customer has this id"),
            Self::NoSuchService => Words::new(Code::NOT_FOUND, "NO_SUCH_SERVICE", "no service has this name"),
            Self::Store(StoreError::RequestIdReused) => {
                let text = "this request_id was used before with other names; use a new one for another customer";
                Words::new(Code::ALREADY_EXISTS, "REQUEST_ID_REUSED", text)
            }
            Self::Store(StoreError::Overloaded { retry_after }) => {
                let text = "too many creates are waiting; come back later";
                Words::new(Code::RESOURCE_EXHAUSTED, "TOO_MANY_CREATES", text).come_back_after(retry_after)
            }
            Self::Store(StoreError::Full { .. }) => {
                let text = "there is no space for more customers at the moment; come back later";
                Words::new(Code::RESOURCE_EXHAUSTED, "STORE_FULL", text).come_back_after(RETRY_FULL_AFTER)
            }
            Self::Store(StoreError::OutcomeUnknown { .. }) => {
                let text = "this customer may be stored or not; with a request_id the create could be sent again";
                Words::new(Code::UNKNOWN, "OUTCOME_UNKNOWN", text)
            }
            Self::Store(StoreError::Rejected { .. }) => {
                let text = "the store refuses this customer; the server's log says more";
                Words::new(Code::INTERNAL, "REJECTED_BY_STORE", text)
            }
            Self::Store(StoreError::Damaged { .. }) => {
                let text = "the customers cannot be read; waiting will not help";
                Words::new(Code::DATA_LOSS, "STORE_DAMAGED", text)
            }
            Self::Store(StoreError::Unavailable { .. }) => {
                let text = "the customers cannot be reached at the moment; come back later";
                Words::new(Code::UNAVAILABLE, "STORE_UNAVAILABLE", text).come_back_after(RETRY_UNAVAILABLE_AFTER)
            }
            Self::Cancelled => Words::new(Code::UNAVAILABLE, "SHUT_DOWN", "the server has shut down"),
            Self::Panicked => Words::new(Code::INTERNAL, "PANICKED", "a fault of the server; its log says more"),
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

    fn words(self, reason: &'static str) -> Words {
        let texts: Vec<String> =
            self.0.iter().map(|violation| format!("{} {}", violation.field, violation.description)).collect();
        let details = BadRequest { field_violations: self.0, ..BadRequest::default() };
        Words::new(RpcStatusCode::INVALID_ARGUMENT, reason, texts.join("; ").trim_start()).detailed(&details)
    }
}

/// What a refusal says.
struct Words {
    code: RpcStatusCode,
    /// As in [`ErrorInfo`]: the same always means the same, whatever the text.
    reason: &'static str,
    text: String,
    details: Option<Any>,
}

impl Words {
    fn new(code: RpcStatusCode, reason: &'static str, text: impl Into<String>) -> Self {
        Self { code, reason, text: text.into(), details: None }
    }

    fn come_back_after(self, delay: Duration) -> Self {
        self.detailed(&RetryInfo { retry_delay: Some(delay.into()).into(), ..RetryInfo::default() })
    }

    /// With a message of `google/rpc/error_details.proto`.
    fn detailed<M: MessageFull>(self, details: &M) -> Self {
        Self { details: Any::pack(details).ok(), ..self }
    }

    /// The details go out as a `google.rpc.Status` in `grpc-status-details-bin`.
    fn status(self, pod_name: &str) -> RpcStatus {
        let info = ErrorInfo {
            reason: self.reason.to_owned(),
            domain: ERROR_DOMAIN.to_owned(),
            metadata: HashMap::from([("pod".to_owned(), pod_name.to_owned())]),
            ..ErrorInfo::default()
        };
        let whole = Status {
            code: self.code.into(),
            message: self.text.clone(),
            details: self.details.into_iter().chain(Any::pack(&info)).collect(),
            ..Status::default()
        };
        RpcStatus::with_details(self.code, self.text, whole.write_to_bytes().unwrap_or_default())
    }
}
