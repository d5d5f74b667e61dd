//! Requests that do not decode, or are too large, reach the handler as such: grpcio itself would answer INTERNAL with debug
//! text.

use std::io::BufRead as _;

use grpcio::{GrpcSlice, Marshaller, MessageReader, Method};
use protobuf::MessageFull;

use super::malformed::{Decoded, Malformed, parse};

/// Largest message either way, in bytes. Requests are held to it here: C-core's own limit looks no earlier, when it has the
/// whole message, and it is a filter that each call passes, which costs a small call a tenth of its CPU.
pub(crate) const MAX_MESSAGE_BYTES: usize = 4 << 20;

/// The same method, with requests that may be malformed.
pub(crate) fn checked<Q: MessageFull, P>(method: &Method<Q, P>) -> Method<Decoded<Q>, P> {
    Method {
        ty: method.ty,
        name: method.name,
        req_mar: Marshaller { ser: never_sent, de: |reader| Ok(decode(reader)) },
        resp_mar: Marshaller { ser: method.resp_mar.ser, de: method.resp_mar.de },
    }
}

/// Only clients send requests, and they use the generated method.
fn never_sent<T>(_: &T, _: &mut GrpcSlice) -> grpcio::Result<()> {
    Err(grpcio::Error::Codec("a server sends no requests".into()))
}

fn decode<M: MessageFull>(mut reader: MessageReader) -> Decoded<M> {
    let length = reader.len();
    if length > MAX_MESSAGE_BYTES {
        return Err(Malformed::TooLarge(length));
    }
    // Nearly every request lies in one slice and is parsed where it is.
    match reader.fill_buf() {
        Ok(slice) if slice.len() == length => return parse(slice),
        _ => {}
    }
    let mut whole = Vec::with_capacity(length);
    while let Ok(slice) = reader.fill_buf() {
        // An empty slice is not always the end of grpcio's reader; going on would not end.
        if slice.is_empty() {
            break;
        }
        whole.extend_from_slice(slice);
        let taken = slice.len();
        reader.consume(taken);
    }
    if whole.len() == length { parse(&whole) } else { Err(Malformed::garbled(None)) }
}
