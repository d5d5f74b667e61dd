//! Messages without the stubs, which need grpcio.
#![allow(dead_code, unused_imports, unreachable_pub, reason = "of each file a part is tried, from outside its crate")]
#![allow(clippy::all, clippy::pedantic, reason = "they are judged where they belong")]

#[rustfmt::skip]
#[path = "../../../proto/src/gen/rpc/error_details.rs"]
pub mod error_details;
#[rustfmt::skip]
#[path = "../../../proto/src/gen/rpc/status.rs"]
pub mod status;
#[rustfmt::skip]
#[path = "../../../proto/src/gen/ticketing/ticketing.rs"]
pub mod ticketing;
