//! What the details of a status say: a serialized `google.rpc.Status` (`grpc-status-details-bin`), which anybody may have
//! written.

use std::time::Duration;

use protobuf::Message;
use ticketing_proto::error_details::{BadRequest, RetryInfo};
use ticketing_proto::status::Status;

/// A field of the request that the server found unfit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// The field's path in the request, for example `first_name`.
    pub field: String,
    /// What is wrong with it.
    pub description: String,
}

/// What was understood of the details; what does not decode says nothing.
#[derive(Debug, Default)]
pub(crate) struct Details {
    /// Of `google.rpc.BadRequest`.
    pub(crate) violations: Vec<FieldViolation>,
    /// Of `google.rpc.RetryInfo`.
    pub(crate) retry_after: Option<Duration>,
}

impl Details {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let status = Status::parse_from_bytes(bytes).unwrap_or_default();
        Self { violations: violations(&status), retry_after: retry_after(&status) }
    }
}

fn violations(details: &Status) -> Vec<FieldViolation> {
    unpack::<BadRequest>(details, "google.rpc.BadRequest")
        .map(|bad| bad.field_violations)
        .unwrap_or_default()
        .into_iter()
        .map(|violation| FieldViolation {
            field: one_line(&violation.field),
            description: one_line(&violation.description),
        })
        .collect()
}

fn retry_after(details: &Status) -> Option<Duration> {
    let delay = unpack::<RetryInfo>(details, "google.rpc.RetryInfo")?.retry_delay.into_option()?;
    Some(Duration::new(delay.seconds.try_into().ok()?, delay.nanos.try_into().ok()?))
}

fn unpack<M: Message>(details: &Status, name: &str) -> Option<M> {
    let any = details.details.iter().find(|any| any.type_url.rsplit('/').next() == Some(name))?;
    M::parse_from_bytes(&any.value).ok()
}

/// Text of others as one line.
pub(crate) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
