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
    for said in [&details.reason, &details.domain, &details.pod].into_iter().flatten() {
        assert!(!said.is_empty() && !said.contains(char::is_control));
    }
    let (asked, longest) = (details.retry_after.unwrap_or_default(), Duration::from_secs(1));
    let pause = Backoff::new(Duration::from_millis(50), longest).pause(details.retry_after);
    assert!(asked <= pause && pause <= asked.saturating_add(asked / 5).max(longest), "{pause:?} of {asked:?}");
    assert!(Duration::from_hours(24).checked_add(pause).is_some(), "{pause:?} cannot be counted with");
    assert!(!one_line(&crate::text(bytes)).contains(char::is_control));
}
