//! Calls that never come to their end.

use std::io;
use std::time::Duration;

use super::{CREATE, Scene, call};
use crate::attacks::connection::Connection;
use crate::attacks::frames::{Frames, kind, literals};
use crate::attacks::got::Got;
use crate::wait;

const CONNECTIONS: usize = 200;
const CALLERS: usize = 10;
/// A little under what a connection may have.
const STREAMS: u32 = 250;
const PAUSE: Duration = Duration::from_millis(200);

pub(super) fn headers(scene: &Scene) -> io::Result<Got> {
    let block = literals(&call(CREATE));
    slowly(scene, CONNECTIONS, 1, |round, stream| {
        let byte = &block[round % block.len()..][..1];
        let kind = if round == 0 { kind::HEADERS } else { kind::CONTINUATION };
        Frames::default().frame(kind, 0, stream, byte)
    })
}

pub(super) fn bodies(scene: &Scene) -> io::Result<Got> {
    slowly(scene, CALLERS, STREAMS, |round, stream| match round {
        0 => Frames::default().headers(stream, &call(CREATE), 0),
        // The head of a message of 16,000 bytes, and those.
        1 => Frames::default().frame(kind::DATA, 0, stream, &[0, 0, 0, 0x3e, 0x80]),
        _ => Frames::default().frame(kind::DATA, 0, stream, b"a"),
    })
}

fn slowly(scene: &Scene, connections: usize, streams: u32, part: impl Fn(usize, u32) -> Frames) -> io::Result<Got> {
    let opened = (0..connections).map(|_| Connection::open(scene.address));
    let mut all = opened.collect::<io::Result<Vec<_>>>()?;
    let mut got = Got::default();
    got.count_many("calls", connections as u64 * u64::from(streams));
    for round in 0.. {
        if scene.is_over() {
            break;
        }
        for connection in all.iter_mut().filter(|connection| connection.is_open()) {
            let frames =
                (0..streams).fold(Frames::default(), |frames, number| frames.then(&part(round, 2 * number + 1)));
            connection.send(&frames);
        }
        wait::rest(PAUSE.min(scene.left()));
    }
    for connection in &mut all {
        connection.hear();
        let left = u64::from(streams).saturating_sub(connection.ended) * u64::from(connection.is_open());
        got.count_many("kept to the end", left);
        got.add(&connection.got);
    }
    Ok(got)
}
