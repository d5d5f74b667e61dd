//! Handshakes of TLS that are begun and go no further.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

use super::{ANSWER, Scene};
use crate::attacks::got::Got;

/// Handshakes that are held half way.
const HELD: usize = 1_000;
const RECORD_OF_HANDSHAKE: u8 = 22;
const RECORD_OF_ALERT: u8 = 21;

/// Each makes the other side sign once (RFC 5246, 7.4.3), and hold what it knows of the handshake.
pub(super) fn begin(scene: &Scene) -> io::Result<Got> {
    let hello = hello();
    let (mut got, mut held) = (Got::default(), Vec::new());
    while !scene.is_over() {
        let mut stream = match TcpStream::connect(scene.address) {
            Ok(stream) => stream,
            Err(error) if got == Got::default() => return Err(error),
            Err(_) => {
                got.count("connection refused");
                continue;
            }
        };
        got.count("connections");
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER))?;
        let mut kind = [0];
        let answer = stream.write_all(&hello).and_then(|()| stream.read_exact(&mut kind));
        got.count(match (answer, kind) {
            (Ok(()), [RECORD_OF_HANDSHAKE]) => "handshake goes on",
            (Ok(()), [RECORD_OF_ALERT]) => "TLS alert",
            (Ok(()), _) => "no TLS",
            (Err(error), _) if error.kind() == io::ErrorKind::WouldBlock => "no answer",
            (Err(_), _) => "connection closed",
        });
        if held.len() < HELD {
            held.push(stream);
        }
    }
    let open = held.iter().filter(|stream| is_open(stream)).count();
    got.count_many("kept to the end", open as u64);
    Ok(got)
}

/// What has come is read; whether the end comes behind it.
fn is_open(mut stream: &TcpStream) -> bool {
    let mut buffer = [0; 4096];
    let _ = stream.set_nonblocking(true);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
        }
    }
}

/// The opening of a client of TLS 1.2 (RFC 5246, 7.4.1.2) that speaks HTTP/2.
fn hello() -> Vec<u8> {
    const VERSION: [u8; 2] = [3, 3];
    // ECDHE on P-256, with an ECDSA or RSA certificate, and AES-128-GCM.
    const SUITES: [u8; 4] = [0xc0, 0x2b, 0xc0, 0x2f];
    const GROUPS_AND_POINTS: [u8; 14] = [0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0];
    const SIGNATURES: [u8; 10] = [0, 13, 0, 6, 0, 4, 4, 3, 4, 1];
    const ALPN: [u8; 9] = [0, 16, 0, 5, 0, 3, 2, b'h', b'2'];
    const NO_COMPRESSION: [u8; 2] = [1, 0];
    let extensions = [&GROUPS_AND_POINTS[..], &SIGNATURES, &ALPN].concat();
    let body =
        [&VERSION[..], &[7; 32], &[0], &with_length(&SUITES), &NO_COMPRESSION, &with_length(&extensions)].concat();
    let handshake = [&[1, 0][..], &with_length(&body)].concat();
    [&[RECORD_OF_HANDSHAKE, 3, 1][..], &with_length(&handshake)].concat()
}

fn with_length(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("a few bytes");
    [&length.to_be_bytes()[..], bytes].concat()
}
