//! What connections go through, for logs and metrics.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Instant;

use futures::Stream;
use futures::channel::mpsc;
use grpcio::ConnectivityState;

/// Changes that a listener may be behind before it misses some.
const LAG: usize = 64;

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
    /// passed; C-core tells no more about a connection itself. None once it has been [`State::Ready`] since. A connection
    /// that is [`State::Failing`] is told of once more when a call has failed.
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
}

#[derive(Default)]
struct Told {
    listeners: Vec<mpsc::Sender<StateChange>>,
    /// The last change of each connection.
    last: BTreeMap<usize, StateChange>,
}

impl States {
    pub(crate) fn listen(&self) -> impl Stream<Item = StateChange> + Send + Unpin + use<> {
        let mut told = lock(&self.told);
        // Where nothing changes nobody else would forget those who no longer listen.
        told.listeners.retain(|listener| !listener.is_closed());
        let (mut sender, receiver) = mpsc::channel(LAG + told.last.len());
        for change in told.last.values() {
            sender.try_send(change.clone()).expect("there is room, and the receiver is here");
        }
        told.listeners.push(sender);
        receiver
    }

    pub(crate) fn failed(&self, connection: usize, error: &str) {
        lock(&self.last_errors).insert(connection, (Instant::now(), error.to_owned()));
    }

    pub(crate) fn failed_since(&self, connection: usize, then: Instant) -> bool {
        lock(&self.last_errors).get(&connection).is_some_and(|(at, _)| *at >= then)
    }

    pub(crate) fn changed(&self, connection: usize, state: State) {
        let last_error = {
            let mut errors = lock(&self.last_errors);
            if state == State::Ready {
                errors.remove(&connection).and(None)
            } else {
                errors.get(&connection).map(|(_, error)| error.clone())
            }
        };
        let change = StateChange { connection, state, last_error };
        let mut told = lock(&self.told);
        // A listener that does not keep up misses changes instead of holding up connections.
        told.listeners.retain_mut(|listener| {
            listener.try_send(change.clone()).err().is_none_or(|error| !error.is_disconnected())
        });
        told.last.insert(connection, change);
    }
}

/// What these locks guard is whole after every statement, so a panic elsewhere spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
