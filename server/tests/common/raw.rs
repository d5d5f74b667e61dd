//! HTTP/2 written frame by frame: no client library does what is wrong, or tells of what is below calls.

/// What a connection begins with: the preface, and empty SETTINGS (RFC 9113, 3.4).
pub(crate) fn preface() -> Vec<u8> {
    [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(4, 0, 0, &[])].concat()
}

/// The same, and the headers of the first call.
pub(crate) fn start_of_call(path: &str) -> Vec<u8> {
    [preface(), headers(1, path)].concat()
}

/// The headers of a call.
pub(crate) fn headers(stream: u32, path: &str) -> Vec<u8> {
    let literal = |name: &str, value: &str| {
        // HPACK (RFC 7541, 6.2.2): a literal that is not indexed, both strings without Huffman coding.
        let length = |text: &str| u8::try_from(text.len()).expect("under 127 bytes");
        [&[0, length(name)], name.as_bytes(), &[length(value)], value.as_bytes()].concat()
    };
    let headers = [
        literal(":method", "POST"),
        literal(":scheme", "http"),
        literal(":path", path),
        literal(":authority", "x"),
        literal("te", "trailers"),
        literal("content-type", "application/grpc"),
    ];
    frame(1, 4, stream, &headers.concat())
}

/// A frame with a message that would be a good one under flag 0, and the end of the call.
pub(crate) fn message(stream: u32, flag: u8) -> Vec<u8> {
    frame(0, 1, stream, &[&[flag, 0, 0, 0, 6][..], b"\x0a\x01a\x12\x01b"].concat())
}

/// An HTTP/2 frame (RFC 9113, 4.1).
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}
