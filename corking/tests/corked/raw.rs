//! A connection written frame by frame (RFC 9113): no client library does what these callers do.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};

/// A caller who never reads. When it is dropped with answers unread, the system resets the connection.
pub(crate) struct Raw {
    stream: TcpStream,
    /// HTTP/2's number of the next call.
    next: u32,
}

impl Raw {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let mut raw = Self { stream: TcpStream::connect(address).expect("it listens"), next: 1 };
        raw.write(&[&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(4, 0, 0, &[])].concat());
        raw
    }

    /// Begins a call with a whole request, and breaks it off at once if asked to.
    pub(crate) fn call(&mut self, path: &str, request: &[u8], broken_off: bool) {
        const END_HEADERS: u8 = 4;
        const END_STREAM: u8 = 1;
        const CANCEL: [u8; 4] = [0, 0, 0, 8];
        let length = u32::try_from(request.len()).expect("a short request").to_be_bytes();
        let mut frames = frame(1, END_HEADERS, self.next, &headers(path));
        frames.extend(frame(0, END_STREAM, self.next, &[&[0], &length[..], request].concat()));
        if broken_off {
            frames.extend(frame(3, 0, self.next, &CANCEL));
        }
        self.next += 2;
        self.write(&frames);
    }

    /// Bytes as they are. The server may have hung up already.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn headers(path: &str) -> Vec<u8> {
    let literal = |name: &str, value: &str| {
        // HPACK (RFC 7541, 6.2.2): a literal that is not indexed, both strings without Huffman coding.
        let length = |text: &str| u8::try_from(text.len()).expect("under 127 bytes");
        [&[0, length(name)], name.as_bytes(), &[length(value)], value.as_bytes()].concat()
    };
    [
        literal(":method", "POST"),
        literal(":scheme", "http"),
        literal(":path", path),
        literal(":authority", "x"),
        literal("te", "trailers"),
        literal("content-type", "application/grpc"),
    ]
    .concat()
}
