//! Whose threads do the work. They are the whole process's, so there is one test and no other runs beside it.

mod echo;

use std::fs::{self, DirEntry};

use corking::Writes;

use crate::echo::{Echo, say_at_once};

/// Switches of C-core's own threads, to which it hands work where it finds a lock contended.
fn work_of_cores_threads() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux");
    let status = |task: DirEntry| fs::read_to_string(task.path().join("status")).unwrap_or_default();
    let of_executor = tasks.flatten().map(status).filter(|status| status.starts_with("Name:\tdefault-execu"));
    let switches = of_executor.filter_map(|status| {
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.and_then(|number| number.trim().parse::<u64>().ok())
    });
    switches.sum()
}

#[test]
fn a_round_leaves_no_work_to_other_threads() {
    assert_eq!(corking::start(true), Writes::Corked);
    let server = Echo::serve(1);
    let channel = server.channel();
    assert_eq!(say_at_once(&channel, 100), 100);
    let before = work_of_cores_threads();
    for _ in 0..100 {
        assert_eq!(say_at_once(&channel, 100), 100);
    }
    let handed_over = work_of_cores_threads() - before;
    assert!(handed_over < 100, "{handed_over} times for 10,000 calls");
}
