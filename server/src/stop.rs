//! Signals that end the program.

use std::io;

use async_signal::{Signal, Signals};
use futures::StreamExt as _;

/// SIGTERM and SIGINT, caught from the moment this is made.
pub struct StopSignals(Signals);

impl StopSignals {
    /// To be called before anything else: a signal that comes while the server starts must not kill it half-way.
    pub fn catch() -> io::Result<Self> {
        Signals::new([Signal::Term, Signal::Int]).map(Self)
    }

    /// Waits for the first signal and names it. A second one, at any later time, ends the process at once, with the
    /// shell's exit code for a process that this signal ended.
    pub async fn requested(mut self) -> &'static str {
        let first = name_of(self.0.next().await);
        async_std::task::spawn(async move {
            let second = name_of(self.0.next().await);
            log::warn!("{second} after {first}: ending at once");
            #[allow(clippy::disallowed_methods, reason = "the one place where the program must not wait for anything")]
            std::process::exit(if second == "SIGINT" { 130 } else { 143 });
        });
        first
    }
}

fn name_of(signal: Option<io::Result<Signal>>) -> &'static str {
    if let Some(Ok(Signal::Int)) = signal { "SIGINT" } else { "SIGTERM" }
}
