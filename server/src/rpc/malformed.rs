//! Bytes that are not the message they should be, and which field of it is to blame.

use std::panic::{AssertUnwindSafe, catch_unwind};

use protobuf::reflect::RuntimeType;
use protobuf::rt::WireType;
use protobuf::{CodedInputStream, MessageFull};

/// A request, or why its bytes are not one.
pub(crate) type Decoded<M> = Result<M, Malformed>;

/// Bytes that are not the message that the method takes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// They do not decode.
    Garbled {
        /// The first field that does not decode, where it is known.
        field: Option<String>,
        /// In words for the caller.
        reason: String,
    },
    /// There are so many of them, more than `MAX_MESSAGE_BYTES`.
    TooLarge(usize),
}

impl Malformed {
    /// The caller ended its side before a whole message was there.
    pub(crate) fn missing() -> Self {
        Self::Garbled { field: None, reason: "the request has no message, or only a part of one".to_owned() }
    }

    /// The bytes do not decode, from this field on.
    pub(crate) fn garbled(field: Option<String>) -> Self {
        let reason = if field.is_some() {
            "does not decode: cut short, of another type, or not UTF-8"
        } else {
            "the message does not decode"
        };
        Self::Garbled { field, reason: reason.to_owned() }
    }
}

/// The message of these bytes, as one slice.
pub(crate) fn parse<M: MessageFull>(bytes: &[u8]) -> Decoded<M> {
    // A panic here would end the completion queue's thread, and with it the server, without a word.
    match catch_unwind(AssertUnwindSafe(|| M::parse_from_bytes(bytes))) {
        Ok(Ok(message)) => Ok(message),
        Ok(Err(_)) => Err(Malformed::garbled(first_bad_field::<M>(bytes))),
        Err(_) => Err(Malformed::garbled(None)),
    }
}

/// The name of the first field that cannot be read, if the reading got as far as a known field's tag.
fn first_bad_field<M: MessageFull>(bytes: &[u8]) -> Option<String> {
    let descriptor = M::descriptor();
    let mut input = CodedInputStream::from_bytes(bytes);
    while let Ok(Some(tag)) = input.read_raw_tag_or_eof() {
        let field = descriptor.field_by_number(tag >> 3);
        let good = match WireType::new(tag & 7) {
            Some(WireType::LengthDelimited) => input.read_bytes().is_ok_and(|value| {
                let text = field.as_ref().is_some_and(|field| field.singular_runtime_type() == RuntimeType::String);
                !text || std::str::from_utf8(&value).is_ok()
            }),
            Some(other) => input.skip_field(other).is_ok(),
            None => false,
        };
        if !good {
            return field.map(|field| field.name().to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use ticketing_proto::ticketing::CreateCustomerRequest;

    use super::*;

    fn bad_field(bytes: &[u8]) -> Option<String> {
        match parse::<CreateCustomerRequest>(bytes) {
            Err(Malformed::Garbled { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_message_that_does_not_decode_names_the_field_that_is_known() {
        assert_eq!(bad_field(b"\x0a\x02\xff\xfe").as_deref(), Some("first_name"), "not UTF-8");
        assert_eq!(bad_field(b"\x0a\x01a\x12\x09b").as_deref(), Some("last_name"), "cut short");
        assert_eq!(bad_field(b"\x7a\x09b"), None, "an unknown field that is cut short");
        assert_eq!(bad_field(b"\xff"), None, "no tag");
    }

    #[test]
    fn unknown_fields_are_passed_over() {
        let parsed = parse::<CreateCustomerRequest>(b"\x0a\x01a\x7a\x01z");
        assert_eq!(parsed.map(|request| request.first_name), Ok("a".to_owned()));
    }
}
