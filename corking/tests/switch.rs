//! The switch, which is the whole process's: one test, so that no other runs beside it.

mod echo;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use corking::{Reason, Writes};

use crate::echo::{Echo, say_at_once};

#[test]
fn it_goes_both_ways_under_load_and_no_call_notices() {
    assert_eq!(corking::start(true), Writes::Corked);
    let (server, done) = (Echo::serve(2), Arc::new(AtomicBool::new(false)));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (channel, done) = (server.channel(), Arc::clone(&done));
            thread::spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    assert_eq!(say_at_once(&channel, 50), 50);
                }
            })
        })
        .collect();
    for _ in 0..20 {
        pause();
        assert_eq!(corking::start(false), Writes::Stock(Reason::SwitchedOff));
        pause();
        assert_eq!(corking::start(true), Writes::Corked);
    }
    let left_out = |on| {
        corking::start(on);
        let before = corking::filters_left_out();
        assert_eq!(say_at_once(&server.channel(), 1), 1);
        corking::filters_left_out() - before
    };
    assert_eq!(left_out(false), 0);
    assert_eq!(left_out(true), 2);
    done.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.join().expect("no panic");
    }
    server.shut_down();
}

/// Calls go on meanwhile.
fn pause() {
    async_std::task::block_on(async_std::task::sleep(Duration::from_millis(20)));
}
