//! Signals that end the program.

use std::io;

use async_signal::{Signal, Signals};
use futures::StreamExt as _;

/// Waits for SIGTERM or SIGINT. A second one, at any later time, ends the process at once, as by the signal itself.
pub async fn stop_requested() -> io::Result<&'static str> {
    let mut signals = Signals::new([Signal::Term, Signal::Int])?;
    let name = name_of(signals.next().await);
    async_std::task::spawn(async move {
        let name = name_of(signals.next().await);
        log::warn!("{name} again: ending at once");
        // The shell's convention for a process that a signal ended.
        #[allow(clippy::disallowed_methods)]
        std::process::exit(if name == "SIGINT" { 130 } else { 143 });
    });
    Ok(name)
}

fn name_of(signal: Option<io::Result<Signal>>) -> &'static str {
    if let Some(Ok(Signal::Int)) = signal { "SIGINT" } else { "SIGTERM" }
}
