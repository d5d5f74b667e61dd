//! Streams that are reset as soon as they are open, by either side.

use std::io;

use super::{GET, LARGEST_PAGE, LIST, Scene, call};
use crate::attacks::frames::Frames;
use crate::attacks::got::Got;

/// As many as the other side reads at once, more or less.
const AT_ONCE: u32 = 100;
const ON_A_CONNECTION: u32 = 10_000;

/// The caller resets them.
pub(super) fn rapid(scene: &Scene) -> io::Result<Got> {
    on_each_stream(scene, Frames::reset)
}

/// The caller has the other side reset them: by RFC 9113, 6.9, a WINDOW_UPDATE of nothing is an error of its stream.
pub(super) fn made(scene: &Scene) -> io::Result<Got> {
    on_each_stream(scene, |frames, stream| frames.window_update(stream, 0))
}

/// Whole calls and calls without a message, cheap ones and dear ones, each with `last` behind it.
fn on_each_stream(scene: &Scene, last: fn(Frames, u32) -> Frames) -> io::Result<Got> {
    let mut streams = 0;
    let mut got = scene.again_and_again(&[], |number, connection| {
        for _ in 0..ON_A_CONNECTION / AT_ONCE {
            if !connection.is_open() || scene.is_over() {
                break;
            }
            let mut frames = Frames::default();
            for _ in 0..AT_ONCE {
                let stream = connection.next_stream();
                let called = match number % 3 {
                    0 => frames.headers(stream, &call(GET), 0).message(stream, &[]),
                    1 => frames.headers(stream, &call(LIST), 0).message(stream, LARGEST_PAGE),
                    _ => frames.headers(stream, &call(GET), 0),
                };
                frames = last(called, stream);
            }
            streams += u64::from(AT_ONCE);
            connection.send(&frames);
        }
    })?;
    got.count_many("streams", streams);
    Ok(got)
}
