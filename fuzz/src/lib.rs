//! What each target asks of a parser, whatever the bytes: that it does not panic, and what it promises.
//!
//! A target is a function of this crate; `targets/` has the few lines that libFuzzer wants around each, `corpus/` the inputs
//! that each begins with, and `tests/corpus.rs` tries those without a fuzzer.

// Parsers name the messages by this path.
extern crate self as ticketing_proto;

mod csv_rows;
mod customer_values;
mod files;
mod messages;
mod parsers;
mod settings;

pub use csv_rows::{csv_round_trip, csv_rows};
pub use customer_values::{customer_values, page_token, plain_text};
pub use files::{export_state, saved_load};
pub use messages::{request, status_details};
pub use settings::{client_settings, server_settings};

#[doc(hidden)]
pub use parsers::messages::{error_details, status, ticketing};

/// What a target is called, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 11] = [
    ("page_token", page_token),
    ("customer_values", customer_values),
    ("csv_rows", csv_rows),
    ("csv_round_trip", csv_round_trip),
    ("server_settings", server_settings),
    ("client_settings", client_settings),
    ("status_details", status_details),
    ("request", request),
    ("export_state", export_state),
    ("saved_load", saved_load),
    ("plain_text", plain_text),
];

/// Bytes as the text that a program would get of them.
fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}
