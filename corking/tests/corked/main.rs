//! What corking must not change: everything that was promised before.

#[path = "../echo/mod.rs"]
mod echo;
mod faults;
mod order;
mod queues;
mod raw;

use std::sync::LazyLock;

use corking::Writes;

static CORKED: LazyLock<Writes> = LazyLock::new(|| corking::start(true));

/// Each test begins with it: a program that is stock would pass them all.
fn corked() {
    assert_eq!(*CORKED, Writes::Corked);
}
