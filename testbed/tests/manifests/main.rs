//! What `make manifests-check` leaves to Rust: the types that another project publishes as a crate.

mod gateway_api;
