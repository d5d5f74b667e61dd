//! Of the server.
#![allow(dead_code, unused_imports, unreachable_pub, reason = "of each file a part is tried, from outside its crate")]
#![allow(clippy::all, clippy::pedantic, reason = "they are judged where they belong")]

#[path = "../../../server/src/config/mod.rs"]
pub(crate) mod config;
#[path = "../../../server/src/customer.rs"]
pub(crate) mod customer;
#[path = "../../../server/src/rpc/malformed.rs"]
pub(crate) mod malformed;
