//! Bytes of the wire that are looked at by hand: requests that do not decode, and the details of a status.

use std::time::Duration;

use protobuf::MessageFull;

use crate::parsers::client::details::{Details, one_line};
use crate::parsers::client::retry::Backoff;
use crate::parsers::messages::ticketing::{CreateCustomerRequest, GetCustomerRequest, ListCustomersRequest};
use crate::parsers::server::malformed::{Malformed, parse};

/// What decodes is taken as the library has it; what does not names a field of the message, or none.
pub fn request(bytes: &[u8]) {
    looked_at::<CreateCustomerRequest>(bytes);
    looked_at::<ListCustomersRequest>(bytes);
    looked_at::<GetCustomerRequest>(bytes);
}

fn looked_at<M: MessageFull>(bytes: &[u8]) {
    // libFuzzer counts a panic that is caught, too.
    match parse::<M>(bytes) {
        Ok(message) => assert_eq!(M::parse_from_bytes(bytes).ok(), Some(message)),
        Err(Malformed::Garbled { field, .. }) => {
            assert!(M::parse_from_bytes(bytes).is_err());
            let known = |name: &String| M::descriptor().field_by_name(name).is_some();
            assert!(field.as_ref().is_none_or(known), "{field:?}");
        }
        Err(Malformed::TooLarge(_)) => unreachable!("sizes are looked at before"),
    }
}

/// Anybody may have written them: they stay on a line, and a pause that is asked for can be counted with.
pub fn status_details(bytes: &[u8]) {
    let details = Details::of(bytes);
    for violation in &details.violations {
        assert!(!violation.field.contains(char::is_control) && !violation.description.contains(char::is_control));
    }
    let pause = Backoff::new(Duration::from_millis(50), Duration::from_secs(1)).pause(details.retry_after);
    assert!(pause <= Duration::from_secs(30), "{pause:?}");
    assert!(!one_line(&crate::text(bytes)).contains(char::is_control));
}
