//! Many connections, and connections that speak something else.

use std::io;

use super::{Scene, call};
use crate::attacks::connection::Connection;
use crate::attacks::frames::{Frames, PREFACE};
use crate::attacks::got::Got;
use crate::wait;

const CROWD: usize = 10_000;
const SILENT: usize = 1_000;
/// Connections with random bytes.
const AT_ONCE: usize = 30;

/// Fewer than Envoy takes, so that who comes new is to be let in.
pub(super) fn connections(scene: &Scene) -> io::Result<Got> {
    crowd(scene, CROWD, |number, connection| {
        // Half of them as if they would call.
        if number % 2 == 0 {
            connection.write(PREFACE);
            connection.write(Frames::default().settings(&[]).bytes());
        }
    })
}

pub(super) fn half_open(scene: &Scene) -> io::Result<Got> {
    crowd(scene, SILENT, |number, connection| match number % 4 {
        0 => connection.write(&PREFACE[..PREFACE.len() / 2]),
        1 => {
            connection.write(PREFACE);
            connection.write(Frames::default().settings(&[]).headers(1, &call(super::GET), 0).bytes());
        }
        2 => connection.close_our_side(),
        _ => {}
    })
}

fn crowd(scene: &Scene, many: usize, say: impl Fn(usize, &mut Connection)) -> io::Result<Got> {
    let mut crowd = Vec::new();
    for number in 0..many {
        if scene.is_over() {
            break;
        }
        let mut connection = match Connection::silent(scene.address) {
            Ok(connection) => connection,
            Err(error) if crowd.is_empty() => return Err(error),
            Err(_) => break,
        };
        say(number, &mut connection);
        crowd.push(connection);
    }
    let mut got = Got::default();
    got.count_many("connections", crowd.len() as u64);
    wait::rest(scene.left());
    for connection in &mut crowd {
        connection.hear();
        got.count_many("kept to the end", connection.is_open().into());
        got.add(&connection.got);
    }
    Ok(got)
}

/// From the first byte, after the preface, and with proper heads of frames.
pub(super) fn random(scene: &Scene) -> io::Result<Got> {
    let mut got = Got::default();
    // Always the same, so that what it finds can be found again.
    let mut random = fastrand::Rng::with_seed(15);
    while !scene.is_over() {
        let mut round = Vec::new();
        for number in 0..AT_ONCE {
            let mut connection =
                if number % 3 == 0 { Connection::silent(scene.address)? } else { Connection::open(scene.address)? };
            connection.write(&random_bytes(&mut random, number % 3 == 2));
            round.push(connection);
        }
        got.count_many("connections", round.len() as u64);
        wait::rest(super::ANSWER.min(scene.left()));
        for connection in &mut round {
            connection.hear();
            got.add(&connection.got);
        }
    }
    Ok(got)
}

fn random_bytes(random: &mut fastrand::Rng, in_frames: bool) -> Vec<u8> {
    let mut bytes = vec![0; 4_000];
    random.fill(&mut bytes);
    if !in_frames {
        return bytes;
    }
    let frame = |frames: Frames, part: &[u8]| frames.frame(part[0] % 12, part[1], u32::from(part[2] % 8), &part[3..]);
    bytes.chunks(40).fold(Frames::default(), frame).bytes().to_vec()
}
