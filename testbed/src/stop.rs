//! The wish to end, asked by a signal and looked at by everything that waits.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use async_signal::{Signal, Signals};
use async_std::task::block_on;
use futures::StreamExt;

use crate::BedError;
use crate::wait::rest;

const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Whether the end was asked for. Clones share the wish.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// A wish that nobody asks for, unless with [`Stop::ask`].
    pub fn never() -> Self {
        Self::default()
    }

    /// Asked for by SIGINT, SIGTERM, SIGQUIT or SIGHUP (a terminal that is closed), which from now on do not end this
    /// process by themselves.
    pub fn on_signals() -> io::Result<Self> {
        let mut signals = Signals::new([Signal::Int, Signal::Term, Signal::Quit, Signal::Hup])?;
        let stop = Self::default();
        let asked = stop.clone();
        thread::spawn(move || {
            while block_on(signals.next()).is_some() {
                asked.ask();
            }
        });
        Ok(stop)
    }

    /// Asks for the end.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the end was asked for.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// [`BedError::Stopped`] if the end was asked for, to get out of a long run.
    pub fn check(&self) -> Result<(), BedError> {
        if self.is_asked() { Err(BedError::Stopped) } else { Ok(()) }
    }

    /// Returns once the end was asked for.
    pub fn wait(&self) {
        while !self.is_asked() {
            rest(LOOK_EVERY);
        }
    }
}
