//! Whether this process may start the threads that it will need.

use std::io;
use std::sync::{PoisonError, RwLock};
use std::thread;

/// Threads beside those of the completion queues: C-core's, async-std's and SQLite's.
const OTHERS: usize = 16;

/// Starts as many threads as a server with so many completion queues will have, and ends them again. Where a limit of the
/// user or of the cgroup is met later, grpcio and C-core end the process half-way.
pub(crate) fn try_for(queues: usize) -> io::Result<()> {
    let gate = RwLock::new(());
    thread::scope(|scope| {
        // Each waits until the last is there: only together they meet the limit.
        let closed = gate.write().unwrap_or_else(PoisonError::into_inner);
        let wait = || drop(gate.read());
        let mut threads = (0..queues + OTHERS).map(|_| thread::Builder::new().spawn_scoped(scope, wait).map(drop));
        let tried = threads.try_for_each(|started| started);
        drop(closed);
        tried
    })
}
