//! What a failed call knows about itself.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use grpcio::{ConnectivityState, RpcStatus};

use crate::core_words::{is_lost, is_unreached};
use crate::details::{Details, one_line};
use crate::{Code, Target};

/// A call that failed: what, where, why, and (as text) what to try.
#[derive(Debug, Clone, thiserror::Error)]
pub struct CallError {
    /// The status code.
    pub code: Code,
    /// The status message, on one line. Where the deadline came before any answer, what is known of why: that there was no
    /// connection, or what the attempt before this one was told.
    pub message: String,
    /// What the server said beside that; shared, since errors are handed on by value. What a proxy or C-core says of itself
    /// has none.
    pub details: Arc<Details>,
    /// The method's name without its package, for example `GetCustomer`.
    pub method: &'static str,
    /// Where the call went.
    pub target: Arc<Target>,
    /// How often it was sent, retries and hedges included; C-core's transparent retries are not counted.
    pub attempts: u32,
    /// How long it took until the failure was known, all attempts together.
    pub elapsed: Duration,
    /// Whether someone on the other side answered, be it the server or a proxy before it. Where not, nobody was reached,
    /// the connection ended during the call, or the deadline came first.
    pub answered: bool,
}

impl CallError {
    pub(crate) fn new(method: &'static str, target: Arc<Target>, elapsed: Duration, error: &grpcio::Error) -> Self {
        let bare = Self {
            code: Code::Internal,
            message: String::new(),
            details: Arc::default(),
            method,
            target,
            attempts: 1,
            elapsed,
            answered: false,
        };
        match error {
            grpcio::Error::RpcFailure(status) => bare.with_status(status),
            grpcio::Error::Codec(cause) => {
                Self { message: one_line(&format!("the answer does not decode: {cause}")), answered: true, ..bare }
            }
            other => Self { message: one_line(&other.to_string()), ..bare },
        }
    }

    fn with_status(self, status: &RpcStatus) -> Self {
        Self {
            code: status.code().into(),
            message: one_line(status.message()),
            details: Arc::new(Details::of(status.details())),
            answered: status.debug_error_string().contains("received from peer")
                && !is_unreached(status.message())
                && !is_lost(status.message()),
            ..self
        }
    }

    /// The same, of an attempt on a connection that now is in such a state.
    pub(crate) fn on(self, state: ConnectivityState) -> Self {
        let is_ready = state == ConnectivityState::GRPC_CHANNEL_READY;
        // An idle one may have been there until its server said goodbye.
        if self.is_silence() && !is_ready && state != ConnectivityState::GRPC_CHANNEL_IDLE {
            return Self { message: "there was no connection".to_owned(), ..self };
        }
        // A server that hands on what its own C-core said of somebody behind it.
        let handed_on = is_ready && is_unreached(&self.message);
        Self { answered: self.answered || handed_on, ..self }
    }

    /// The same, of an attempt that came after another had failed: where it was only out of time, that one tells why.
    pub(crate) fn after(self, earlier: Option<&Self>) -> Self {
        match earlier {
            Some(earlier) if self.is_silence() => {
                let Self { code, message, .. } = earlier;
                let why = if earlier.is_unreached() { earlier.connection_fault() } else { message };
                Self { message: format!("before that {code}: {why}"), ..self }
            }
            _ => self,
        }
    }

    /// Whether the deadline came before any answer.
    fn is_silence(&self) -> bool {
        self.code == Code::DeadlineExceeded && !self.answered
    }

    /// What a person can do about it; empty where there is nothing to say.
    pub fn advice(&self) -> &'static str {
        match self.code {
            Code::Unavailable if self.is_unreached() && self.target.tls().is_some() => {
                "is the server running, and do the certificates fit? `ticketing-client doctor` tells"
            }
            Code::Unavailable if self.is_unreached() => "is the server running? Check the host and the port",
            Code::Unavailable | Code::Aborted => "try again in a moment",
            Code::Cancelled => "the server is stopping: try again in a moment",
            Code::DeadlineExceeded if self.answered => "try again, or allow a longer deadline",
            Code::DeadlineExceeded => "the server is slow or gone: try again, or allow a longer deadline",
            Code::ResourceExhausted => "send less at a time, or try again in a moment",
            Code::InvalidArgument => "correct what is named and try again",
            Code::NotFound => "check what was asked for",
            Code::Unimplemented => "the server has no such method: check the host and the port",
            Code::PermissionDenied | Code::Unauthenticated => "check the credentials",
            Code::Internal if !self.answered => "the fault may be on this side: see the message, then the server's log",
            Code::Internal | Code::Unknown | Code::DataLoss => "the server's log says more",
            // The server's own words say it all.
            Code::AlreadyExists | Code::FailedPrecondition | Code::OutOfRange => "",
        }
    }

    /// Whether another attempt may go better within the same deadline, which is what [`Channels`](crate::Channels) go by: once
    /// that has passed none can, and a server with too much to do has to say when. Whether a call may be made twice at all
    /// is another matter ([`Safety`](crate::Safety)).
    pub fn may_pass(&self) -> bool {
        match self.code {
            Code::DeadlineExceeded => false,
            // A message past its limit stays so, and C-core's word for it is the same.
            Code::ResourceExhausted => self.details.retry_after.is_some(),
            code => code.is_transient(),
        }
    }

    /// Whether there was no connection that the call could go out on.
    pub(crate) fn is_unreached(&self) -> bool {
        !self.answered && !is_lost(&self.message)
    }

    /// The innermost cause of a failed connection: C-core puts it last, behind a chain of `: `.
    fn connection_fault(&self) -> &str {
        self.message.rsplit(": ").next().unwrap_or(&self.message)
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, message, details, method, target, .. } = self;
        let elapsed = Elapsed(self.elapsed);
        match code {
            Code::Unavailable if self.is_unreached() => {
                write!(f, "cannot reach {target}: {code} ({}) after {elapsed}", self.connection_fault())?;
            }
            _ if self.is_silence() => {
                write!(f, "{target} did not answer {method} within {elapsed}: {code}")?;
                if !is_lost(message) && !message.is_empty() {
                    write!(f, " ({message})")?;
                }
            }
            _ => {
                write!(f, "{method} at {target} failed")?;
                if let Some(pod) = &details.pod {
                    write!(f, " on pod {pod}")?;
                }
                write!(f, ": {code}")?;
                if !message.is_empty() {
                    write!(f, ": {message}")?;
                }
            }
        }
        // The message of a good server already tells; it is repeated only where it does not name the field.
        for violation in details.violations.iter().filter(|violation| !message.contains(&violation.field)) {
            write!(f, "; {}: {}", violation.field, violation.description)?;
        }
        if !self.advice().is_empty() {
            write!(f, "; {}", self.advice())?;
        }
        Ok(())
    }
}

/// A span of time for people: `15 ms`, `0.4 s`, `3 s`.
struct Elapsed(Duration);

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0.as_secs_f64() * 10.0).round() / 10.0;
        if self.0 < Duration::from_millis(100) {
            write!(f, "{} ms", self.0.as_millis())
        } else {
            write!(f, "{tenths} s")
        }
    }
}

#[cfg(test)]
mod tests {
    use grpcio::RpcStatusCode;
    use protobuf::Message;
    use protobuf::well_known_types::any::Any;
    use ticketing_proto::error_details::{BadRequest, ErrorInfo, RetryInfo, bad_request};
    use ticketing_proto::status::Status;

    use super::*;
    use crate::FieldViolation;

    fn failed(status: RpcStatus) -> CallError {
        let target = Arc::new(Target::new("localhost", 12345).unwrap());
        CallError::new("CreateCustomer", target, Duration::from_secs(3), &grpcio::Error::RpcFailure(status))
    }

    fn answered(code: RpcStatusCode, message: &str, details: Vec<u8>) -> CallError {
        let debug = "UNKNOWN:Error received from peer ipv4:127.0.0.1:12345".to_owned();
        failed(RpcStatus::with_details_and_error_string(code, message.to_owned(), details, debug))
    }

    fn detail(name: &str, message: &impl Message) -> Vec<u8> {
        let any = Any {
            type_url: format!("type.googleapis.com/{name}"),
            value: message.write_to_bytes().unwrap(),
            ..Any::new()
        };
        Status { details: vec![any], ..Status::new() }.write_to_bytes().unwrap()
    }

    #[test]
    fn a_refused_connection_names_the_target_the_cause_and_the_time() {
        let message = "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:12345: \
                       Failed to connect to remote host: Connection refused";
        let error = failed(RpcStatus::with_message(RpcStatusCode::UNAVAILABLE, message.to_owned()));
        assert_eq!(
            error.to_string(),
            "cannot reach localhost:12345: UNAVAILABLE (Connection refused) after 3 s; \
             is the server running? Check the host and the port"
        );
    }

    #[test]
    fn a_refusal_by_the_server_is_not_called_unreachable() {
        let error = answered(RpcStatusCode::UNAVAILABLE, "no healthy upstream", Vec::new());
        assert_eq!(
            error.to_string(),
            "CreateCustomer at localhost:12345 failed: UNAVAILABLE: no healthy upstream; try again in a moment"
        );
    }

    #[test]
    fn what_c_core_says_of_itself_is_no_answer_though_it_claims_so() {
        for (message, unreached) in [
            ("failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Connection refused", true),
            ("DNS resolution failed for nowhere:1", true),
            ("recvmsg:Connection reset by peer", false),
            ("Socket closed", false),
            ("GOAWAY received; Error code: 11; Debug Text: too_many_pings", false),
        ] {
            let error = answered(RpcStatusCode::UNAVAILABLE, message, Vec::new());
            assert_eq!((error.answered, error.is_unreached()), (false, unreached), "{message}");
            assert_eq!(error.to_string().starts_with("cannot reach localhost:12345"), unreached, "{error}");
        }
    }

    #[test]
    fn a_deadline_tells_how_long_was_waited() {
        let text = failed(RpcStatus::new(RpcStatusCode::DEADLINE_EXCEEDED)).to_string();
        assert!(
            text.starts_with("localhost:12345 did not answer CreateCustomer within 3 s: DEADLINE_EXCEEDED"),
            "{text}"
        );
    }

    #[test]
    fn a_deadline_that_a_server_tells_of_is_told_in_its_words() {
        let error = answered(RpcStatusCode::DEADLINE_EXCEEDED, "the store took longer than 20 ms", Vec::new());
        let text = "CreateCustomer at localhost:12345 failed: DEADLINE_EXCEEDED: the store took longer than 20 ms; ";
        assert!(error.to_string().starts_with(text), "{error}");
    }

    #[test]
    fn a_deadline_without_a_connection_says_so_and_what_came_before() {
        let silence =
            || failed(RpcStatus::with_message(RpcStatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded".to_owned()));
        let unconnected = silence().on(ConnectivityState::GRPC_CHANNEL_CONNECTING).to_string();
        assert!(unconnected.contains(": DEADLINE_EXCEEDED (there was no connection); "), "{unconnected}");
        let refused = "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Connection refused";
        let refused = failed(RpcStatus::with_message(RpcStatusCode::UNAVAILABLE, refused.to_owned()));
        let late = silence().after(Some(&refused)).to_string();
        assert!(late.contains(": DEADLINE_EXCEEDED (before that UNAVAILABLE: Connection refused); "), "{late}");
    }

    #[test]
    fn the_unfit_fields_are_read_from_the_details() {
        let violation = bad_request::FieldViolation {
            field: "first_name".to_owned(),
            description: "must not be blank".to_owned(),
            ..Default::default()
        };
        let bad = BadRequest { field_violations: vec![violation], ..BadRequest::new() };
        let error = answered(RpcStatusCode::INVALID_ARGUMENT, "", detail("google.rpc.BadRequest", &bad));
        assert_eq!(
            error.details.violations,
            [FieldViolation { field: "first_name".to_owned(), description: "must not be blank".to_owned() }]
        );
        assert!(error.to_string().contains("first_name: must not be blank"), "{error}");
    }

    #[test]
    fn the_delay_that_a_server_asks_for_is_read_from_the_details() {
        let mut info = RetryInfo::new();
        info.retry_delay.mut_or_insert_default().nanos = 250_000_000;
        let error = answered(RpcStatusCode::UNAVAILABLE, "busy", detail("google.rpc.RetryInfo", &info));
        assert_eq!(error.details.retry_after, Some(Duration::from_millis(250)));
    }

    #[test]
    fn the_pod_and_the_reason_are_read_from_the_details() {
        let mut info =
            ErrorInfo { reason: "NO_SUCH_CUSTOMER".to_owned(), domain: "ticketing".to_owned(), ..ErrorInfo::new() };
        info.metadata.insert("pod".to_owned(), "app-server-1".to_owned());
        let error =
            answered(RpcStatusCode::NOT_FOUND, "no customer has this id", detail("google.rpc.ErrorInfo", &info));
        assert_eq!(error.details.reason.as_deref(), Some("NO_SUCH_CUSTOMER"));
        assert_eq!(error.details.domain.as_deref(), Some("ticketing"));
        assert_eq!(error.details.pod.as_deref(), Some("app-server-1"));
        assert_eq!(
            error.to_string(),
            "CreateCustomer at localhost:12345 failed on pod app-server-1: NOT_FOUND: no customer has this id; \
             check what was asked for"
        );
    }

    #[test]
    fn details_that_do_not_decode_cost_only_the_details() {
        let error = answered(RpcStatusCode::INVALID_ARGUMENT, "bad", vec![0xff, 0xff]);
        assert_eq!((error.code, error.details.violations.len()), (Code::InvalidArgument, 0));
    }

    #[test]
    fn an_error_stays_on_one_line() {
        assert!(!answered(RpcStatusCode::INTERNAL, "a\nb\x1b[2J", Vec::new()).to_string().contains(char::is_control));
    }
}
