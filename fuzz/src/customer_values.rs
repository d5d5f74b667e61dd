//! What callers send as text, and what becomes of text on its way to a log.

use ticketing_logging::{Plain, plain_json};

use crate::parsers::server::customer::{CustomerId, MAX_CHARS, Name, Position, RequestId};
use crate::text;

/// A token that is taken has one spelling: that in which the service makes it.
pub fn page_token(bytes: &[u8]) {
    let token = text(bytes);
    if let Ok(position) = Position::from_page_token(&token) {
        assert!(position.get() >= 0);
        assert!(token.is_empty() || position.to_page_token() == token, "{token:?}");
    }
}

/// An id has one spelling; names are taken as they would be a second time, and never with what a log or a file would obey.
pub fn customer_values(bytes: &[u8]) {
    let typed = text(bytes);
    if let Ok(id) = typed.parse::<CustomerId>() {
        assert_eq!(id.to_string(), typed);
    }
    if let Ok(name) = typed.parse::<Name>() {
        assert_eq!(name.as_str().parse::<Name>().as_ref(), Ok(&name), "{typed:?}");
        assert!((1..=MAX_CHARS).contains(&name.as_str().chars().count()));
        assert!(!name.as_str().contains(char::is_control));
    }
    if let Ok(id) = typed.parse::<RequestId>() {
        assert_eq!(id.as_str(), typed, "a request id is never changed");
    }
}

/// Nothing is left that a terminal obeys, text that was plain is as it was, and JSON gives back what was written.
pub fn plain_text(bytes: &[u8]) {
    let typed = text(bytes);
    let plain = Plain(&typed).to_string();
    assert!(!plain.contains(char::is_control), "{plain:?}");
    assert_eq!(Plain(&plain).to_string(), plain);
    let line = plain_json(&typed).expect("text has a form in JSON");
    assert!(!line.contains(char::is_control), "{line:?}");
    assert_eq!(serde_json::from_str::<String>(&line).expect("JSON"), typed);
}
