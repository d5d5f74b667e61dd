//! What the details of a status say: a serialized `google.rpc.Status` (`grpc-status-details-bin`), which anybody may have
//! written.

use std::time::Duration;

use protobuf::Message;
use ticketing_proto::error_details::{BadRequest, ErrorInfo, RetryInfo};
use ticketing_proto::status::Status;

/// A field of the request that the server found unfit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// The field's path in the request, for example `first_name`.
    pub field: String,
    /// What is wrong with it.
    pub description: String,
}

/// What an error says beside its code and message; what does not decode says nothing.
#[derive(Debug, Clone, Default)]
pub struct Details {
    /// The fields of the request that the server found unfit, of `google.rpc.BadRequest`.
    pub violations: Vec<FieldViolation>,
    /// How long the server asks callers to wait before they try again, of `google.rpc.RetryInfo`.
    pub retry_after: Option<Duration>,
    /// Why, for programs: the reason of `google.rpc.ErrorInfo` (AIP-193), for example `NO_SUCH_CUSTOMER`. Unlike the
    /// message it stays the same.
    pub reason: Option<String>,
    /// Whose reason that is, for example `ticketing`: another service may mean something else by it.
    pub domain: Option<String>,
    /// The pod that answered: `pod` in the metadata of `google.rpc.ErrorInfo`. C-core's clients are shown no metadata of
    /// failed calls, so `x-pod-name` cannot tell.
    pub pod: Option<String>,
    /// All of them as they came: a serialized `google.rpc.Status`, or empty.
    pub bytes: Vec<u8>,
}

impl Details {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let status = Status::parse_from_bytes(bytes).unwrap_or_default();
        let ErrorInfo { reason, domain, mut metadata, .. } =
            unpack(&status, "google.rpc.ErrorInfo").unwrap_or_default();
        Self {
            violations: violations(&status),
            retry_after: retry_after(&status),
            reason: said(reason),
            domain: said(domain),
            pod: metadata.remove("pod").and_then(said),
            bytes: bytes.to_vec(),
        }
    }
}

fn said(text: String) -> Option<String> {
    (!text.is_empty()).then(|| one_line(&text))
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
