//! Panics as log lines: in the form of all others, and escaped as they are.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic;
use std::thread;

const TARGET: &str = "panic";

/// From now on. Where nobody wants errors logged, a panic is told as it was before.
pub(crate) fn are_logged() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !log::log_enabled!(target: TARGET, log::Level::Error) {
            return before(panic);
        }
        let thread = thread::current();
        let name = thread.name().unwrap_or("without a name").to_owned();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("without a message");
        // RUST_BACKTRACE decides.
        let trace = Backtrace::capture();
        match trace.status() {
            BacktraceStatus::Captured => {
                log::error!(target: TARGET, "thread {name} panicked at {place}: {message}; {trace}");
            }
            _ => log::error!(target: TARGET, "thread {name} panicked at {place}: {message}"),
        }
    }));
}
