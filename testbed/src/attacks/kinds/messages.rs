//! Messages that are none, or too large.

use std::io;

use super::{ANSWER, CREATE, GET, LIST, Scene, call};
use crate::attacks::frames::{Frames, enveloped, flag, kind, varint};
use crate::attacks::got::Got;

const LARGE: usize = 5 << 20;

/// Each on each method, on one connection, since only the call is to suffer.
pub(super) fn bad(scene: &Scene) -> io::Result<Got> {
    let bodies = bodies();
    scene.again_and_again(&[], |_, connection| {
        for path in [GET, CREATE, LIST] {
            for body in &bodies {
                if scene.is_over() {
                    return;
                }
                let (stream, ended) = (connection.next_stream(), connection.ended);
                connection.send(&Frames::default().headers(stream, &call(path), 0).frame(
                    kind::DATA,
                    flag::END_STREAM,
                    stream,
                    body,
                ));
                connection.hear_answers(ended + 1, ANSWER.min(scene.left()));
            }
        }
    })
}

/// Calls that end without a message, as fast as they are answered.
pub(super) fn none(scene: &Scene) -> io::Result<Got> {
    const AT_ONCE: u64 = 100;
    scene.again_and_again(&[], |_, connection| {
        while connection.is_open() && !scene.is_over() {
            let ended = connection.ended;
            let mut frames = Frames::default();
            for _ in 0..AT_ONCE {
                frames = frames.headers(connection.next_stream(), &call(GET), flag::END_STREAM);
            }
            connection.send(&frames);
            connection.hear_answers(ended + AT_ONCE, ANSWER.min(scene.left()));
        }
    })
}

fn bodies() -> Vec<Vec<u8>> {
    const START_GROUP: u8 = 0x0b;
    const END_GROUP: u8 = 0x0c;
    const DEEP: usize = 4_000;
    let groups = [vec![START_GROUP; DEEP], vec![END_GROUP; DEEP]].concat();
    let flags = [1, 2, 3, 128, 255].map(|flag| enveloped(flag, &[0x0a, 1, b'a']));
    let messages: [&[u8]; 9] = [
        // A string that is cut, that is no UTF-8, that has NUL, and whose length is 2^64 - 1.
        &[0x0a, 200, 1, b'a'],
        &[0x0a, 2, 0xff, 0xfe],
        &[0x0a, 1, 0],
        &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        // Number 0, a wrong wire type, a number that has no end.
        &[0x00],
        &[0x0d, 1, 2, 3, 4],
        &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &groups[..DEEP],
        &groups,
    ];
    let messages = messages.map(|message| enveloped(0, message));
    let lies = [
        vec![],
        vec![0],
        vec![0, 0, 0, 0, 9],
        vec![0, 0xff, 0xff, 0xff, 0xff, 1],
        [enveloped(0, &[]), enveloped(0, &[])].concat(),
        [enveloped(0, &[]), vec![7; 100]].concat(),
    ];
    [&flags[..], &messages, &lies].concat()
}

/// As a proper caller sends them, within the windows that it is given.
pub(super) fn large(scene: &Scene) -> io::Result<Got> {
    let field = [&[0x0a][..], &varint(LARGE)].concat();
    let body = enveloped(0, &[field, vec![b'a'; LARGE]].concat());
    scene.again_and_again(&[], |_, connection| {
        let stream = connection.next_stream();
        connection.send(&Frames::default().headers(stream, &call(CREATE), 0));
        connection.upload(stream, &body, flag::END_STREAM, scene.left());
        connection.hear_answers(1, ANSWER.min(scene.left()));
    })
}
