//! What C-core says in an answer's place. Only its words tell.
//!
//! Its client's filters (`ClientCallData::SetStatusFromError`) and its HTTP/2 transport (`grpc_chttp2_fake_status`) write an error
//! of their own where the trailers of an answer would be, and whoever reads that calls every status there "received from peer".
//! Where the wording changes, only that of our errors does, and failing connections of a pool are found out by their state alone.

const UNREACHED: [&str; 4] = [
    "failed to connect to all addresses",
    "connections to all backends failing",
    "DNS resolution failed",
    "empty address list",
];

const LOST: [&str; 5] = ["Socket closed", "recvmsg:", "sendmsg:", "keepalive watchdog timeout", "GOAWAY received"];
/// The whole of it where a call's deadline found it waiting.
const TOO_LATE: &str = "Deadline Exceeded";

/// Whether nobody was reached.
pub(crate) fn is_unreached(message: &str) -> bool {
    begins(message, &UNREACHED)
}

/// Whether the call was on a connection that ended, or its deadline found it waiting.
pub(crate) fn is_lost(message: &str) -> bool {
    message == TOO_LATE || begins(message, &LOST)
}

fn begins(message: &str, starts: &[&str]) -> bool {
    starts.iter().any(|start| message.starts_with(start))
}
