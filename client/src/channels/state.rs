//! What connections go through, for logs and metrics.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use grpcio::ConnectivityState;

use super::listener::{Listener, Teller};
use super::trust::set;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Not connected, and no call wants it to be.
    Idle,
    /// Looking up the name, or connecting.
    Connecting,
    /// Takes calls.
    Ready,
    /// Could not connect; waiting to try again.
    Failing,
    /// Replaced by a younger connection; calls that it has are finished.
    Replaced,
}

/// A connection that has come into another state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange {
    /// The place of the connection among those of its [`Channels`](crate::Channels), from 0.
    pub connection: usize,
    /// What it is doing now.
    pub state: State,
    /// Why the last call on it that got no answer failed: it reached nobody, was lost with the connection, or its deadline
    /// passed; C-core tells no more about a connection itself. None once a call on it has been answered since, or it has
    /// been [`State::Ready`]. A connection that is [`State::Failing`] is told of once more when a call has failed.
    pub last_error: Option<String>,
}

impl State {
    pub(crate) fn of(state: ConnectivityState) -> Self {
        match state {
            ConnectivityState::GRPC_CHANNEL_CONNECTING => Self::Connecting,
            ConnectivityState::GRPC_CHANNEL_READY => Self::Ready,
            ConnectivityState::GRPC_CHANNEL_TRANSIENT_FAILURE => Self::Failing,
            ConnectivityState::GRPC_CHANNEL_IDLE | ConnectivityState::GRPC_CHANNEL_SHUTDOWN => Self::Idle,
        }
    }

    /// The name for logs and labels, for example `ready`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Ready => "ready",
            Self::Failing => "failing",
            Self::Replaced => "replaced",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// All who listen, and what they would know by now.
#[derive(Default)]
pub(crate) struct States {
    told: Mutex<Told>,
    /// Of each connection.
    last_errors: Mutex<BTreeMap<usize, (Instant, String)>>,
    /// Nearly always there are none, and an answer has nothing to take back.
    has_errors: AtomicBool,
}

#[derive(Default)]
struct Told {
    listeners: Vec<Teller>,
    /// The last change of each connection.
    last: BTreeMap<usize, StateChange>,
}

impl States {
    pub(crate) fn listen(&self) -> Listener {
        let mut told = lock(&self.told);
        // Where nothing changes nobody else would forget those who no longer listen.
        told.listeners.retain(|teller| !teller.is_left());
        let (teller, listener) = Listener::new(told.last.values().cloned());
        told.listeners.push(teller);
        listener
    }

    /// A call on the connection was answered: what was wrong before is over.
    pub(crate) fn answered(&self, connection: usize, is_current: impl FnOnce() -> bool) {
        if self.has_errors.load(Ordering::Relaxed) && is_current() {
            self.forget(connection);
        }
    }

    pub(crate) fn failed(&self, connection: usize, error: &str) {
        let mut errors = lock(&self.last_errors);
        errors.insert(connection, (Instant::now(), error.to_owned()));
        set(&self.has_errors, true);
    }

    fn forget(&self, connection: usize) {
        let mut errors = lock(&self.last_errors);
        errors.remove(&connection);
        set(&self.has_errors, !errors.is_empty());
    }

    pub(crate) fn failed_since(&self, connection: usize, then: Instant) -> bool {
        lock(&self.last_errors).get(&connection).is_some_and(|(at, _)| *at >= then)
    }

    pub(crate) fn changed(&self, connection: usize, state: State) {
        if state == State::Ready {
            self.forget(connection);
        }
        let last_error = lock(&self.last_errors).get(&connection).map(|(_, error)| error.clone());
        let change = StateChange { connection, state, last_error };
        let mut told = lock(&self.told);
        told.listeners.retain(|teller| !teller.is_left());
        told.listeners.iter().for_each(|teller| teller.tell(&change));
        told.last.insert(connection, change);
    }
}

/// What these locks guard is whole after every statement, so a panic elsewhere spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
