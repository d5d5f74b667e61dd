//! Of the client.
#![allow(dead_code, unused_imports, unreachable_pub, reason = "of each file a part is tried, from outside its crate")]
#![allow(clippy::all, clippy::pedantic, reason = "they are judged where they belong")]

#[path = "../../../client/src/command/export/checkpoint.rs"]
pub(crate) mod checkpoint;
#[path = "../../../client/src/details.rs"]
pub(crate) mod details;
#[path = "../../../client/src/command/load/latencies.rs"]
pub(crate) mod latencies;
#[path = "../../../client/src/command/load/mix.rs"]
pub(crate) mod mix;
#[path = "../../../client/src/place.rs"]
pub(crate) mod place;
#[path = "../../../client/src/command/import/records.rs"]
pub(crate) mod records;
#[path = "../../../client/src/retry.rs"]
pub(crate) mod retry;
#[path = "../../../client/src/command/import/row.rs"]
pub(crate) mod row;
#[path = "../../../client/src/command/load/run.rs"]
pub(crate) mod run;
#[path = "../../../client/src/args/values.rs"]
pub(crate) mod values;
