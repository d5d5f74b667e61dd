//! The product's own files, as they are.

pub(crate) mod client;
pub mod messages;
pub(crate) mod server;
