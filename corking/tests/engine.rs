//! C-core's event engine, which would end with the last channel of the process: one test, so that no other has one.

mod echo;

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use crate::echo::{Echo, PATIENCE, say_at_once};

/// The thread of C-core's event engine that keeps its timers, by its number, as soon as there is one and it has its name.
fn timers() -> String {
    let begun = Instant::now();
    loop {
        let threads =
            fs::read_dir("/proc/self/task").expect("Linux tells").map(|thread| thread.expect("listed").path());
        let is_timers =
            |thread: &PathBuf| fs::read_to_string(thread.join("comm")).is_ok_and(|name| name == "timer_manager\n");
        match threads.filter(is_timers).collect::<Vec<_>>()[..] {
            [ref one] => return one.display().to_string(),
            _ => assert!(begun.elapsed() < PATIENCE, "one engine is there, and it has timers"),
        }
    }
}

#[test]
fn the_event_engine_stays_when_the_last_channel_goes() {
    corking::keep_engine();
    let before = timers();
    let server = Echo::serve(1);
    assert_eq!(say_at_once(&server.channel(), 10), 10);
    server.shut_down();
    assert_eq!(timers(), before);
}
