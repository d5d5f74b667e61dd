//! Connections to one target, looked after, and calls of any service on them.

mod builder;
pub(crate) mod connection;
mod life;
mod listener;
mod pick;
mod state;
pub(crate) mod trust;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::Stream;
use grpcio::Environment;

pub use builder::{ChannelsBuilder, Policy};
pub use state::{State, StateChange};

use crate::calls::{Budget, Recent, contained};
use crate::{CallError, Code, Customers, Target};
use connection::{Connection, Dialling, Lease, dial};
use state::States;
use trust::{End, SHORTEST_SILENCE};

/// Connections to one target. Cheap to clone: clones share them, and what was learnt about them.
///
/// They connect with the first calls, survive servers going away and coming back, and are closed when the last clone is
/// dropped and the last call has ended.
#[derive(Clone)]
pub struct Channels {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) target: Arc<Target>,
    dialling: Dialling,
    environment: Arc<Environment>,
    slots: Vec<Slot>,
    pub(crate) deadline: Duration,
    max_age: Option<Duration>,
    idle_after: Duration,
    pub(crate) wait_for_ready: bool,
    pub(crate) hedging: bool,
    pub(crate) budget: Budget,
    pub(crate) recent: Recent,
    pub(crate) states: States,
}

impl fmt::Debug for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { target, slots, deadline, .. } = &*self.inner;
        f.debug_struct("Channels")
            .field("target", target)
            .field("connections", &slots.len())
            .field("deadline", deadline)
            .finish_non_exhaustive()
    }
}

impl Channels {
    /// Channels to `target` with safe defaults, to be changed before [`ChannelsBuilder::build`].
    pub fn builder(target: Target) -> ChannelsBuilder {
        ChannelsBuilder::new(target)
    }

    /// Calls of the customer service on these channels, retried where that is safe.
    pub fn customers(&self) -> Customers {
        Customers::on(self)
    }

    /// Where they connect to.
    pub fn target(&self) -> &Arc<Target> {
        &self.inner.target
    }

    /// How long a call may take, all attempts together.
    pub fn deadline(&self) -> Duration {
        self.inner.deadline
    }

    /// What each connection is doing, if it has done anything, and then what they go through. What lasts for milliseconds may
    /// be left out, and so may be what was before the last change of a connection where a listener is far behind. With
    /// [`Policy::RoundRobin`] there is one, which stands for all addresses of the name: it is ready while one of them is.
    ///
    /// ```no_run
    /// # let target = ticketing_client::Target::new("localhost", 12345).unwrap();
    /// # let channels = ticketing_client::Channels::builder(target).build();
    /// use futures::StreamExt as _;
    ///
    /// let mut states = channels.states();
    /// async_std::task::spawn(async move {
    ///     while let Some(change) = states.next().await {
    ///         let why = change.last_error.unwrap_or_default();
    ///         log::info!("connection {} is {} {why}", change.connection, change.state);
    ///     }
    /// });
    /// ```
    pub fn states(&self) -> impl Stream<Item = StateChange> + Send + Unpin + use<> {
        self.inner.states.listen()
    }

    /// Runs `task` on the thread of a connection's completion queue. It must not block; where it panics it ends alone. With the
    /// last handle the queue ends, and what is not finished then never is: a task that has to be holds a clone of this.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        // It is no call, so it takes no lease.
        let place = fastrand::usize(..self.inner.slots.len());
        self.inner.slots[place].current().customers().spawn(contained(task));
    }

    fn start(mut inner: Inner, connections: usize) -> Self {
        inner.slots = (0..connections).map(|_| Slot(RwLock::new(inner.connection()))).collect();
        let inner = Arc::new(inner);
        for place in 0..connections {
            async_std::task::spawn(life::look_after(Arc::downgrade(&inner), place));
        }
        Self { inner }
    }
}

impl Inner {
    /// A new connection, with the certificates as they are now.
    fn connection(&self) -> Arc<Connection> {
        // Before the files are used: what changes meanwhile makes it old at once.
        let generation = self.target.generation();
        Connection::new(dial(&self.target, self.environment.clone(), &self.dialling), generation)
    }

    /// A connection for one attempt, another than that at `except` where there is one as good.
    pub(crate) fn lease(&self, except: Option<usize>) -> Lease {
        self.lease_at(self.settled(self.pick(except)))
    }

    /// A connection for a stream.
    pub(crate) fn hold(&self) -> Lease {
        let place = self.settled(self.pick(None));
        self.slots[place].current().hold(place)
    }

    /// The place of a connection for a second attempt beside one that is under way. None where those of a pool that are left
    /// had better not be called: on the same one it would wait for the same.
    pub(crate) fn beside(&self, taken: usize) -> Option<usize> {
        let place = self.pick(Some(taken));
        (place != taken || self.slots.len() == 1).then_some(place)
    }

    pub(crate) fn lease_at(&self, place: usize) -> Lease {
        self.slots[place].current().lease(place)
    }

    /// The place for a call that waits for its connection: it would wait for that one alone, however many others are ready. So
    /// it takes one of those, and the one it was meant for is made meanwhile.
    fn settled(&self, place: usize) -> usize {
        if !self.wait_for_ready || self.slots.len() == 1 || self.slots[place].is_ready() {
            return place;
        }
        let ready = (0..self.slots.len()).filter(|other| self.slots[*other].is_ready());
        let least = ready.min_by_key(|other| self.slots[*other].current().burden().in_flight);
        if least.is_some() {
            self.slots[place].current().channel.check_connectivity_state(true);
        }
        least.unwrap_or(place)
    }

    fn pick(&self, except: Option<usize>) -> usize {
        pick::pick(self.slots.len(), except, |place| self.slots[place].current().burden())
    }

    /// What the end of a call tells about its connection, after so long.
    pub(crate) fn learn(&self, lease: &Lease, error: Option<&CallError>, waited: Duration) {
        let end = match error {
            None => Some(End::Answered),
            Some(error) if error.answered => Some(match error.code {
                Code::Unavailable
                | Code::Cancelled
                | Code::Internal
                | Code::Unknown
                | Code::DataLoss
                | Code::Unimplemented => End::Failed,
                // It has too much to do and says when to come back.
                Code::ResourceExhausted if error.details.retry_after.is_some() => End::Failed,
                _ => End::Answered,
            }),
            Some(error) => match error.code {
                Code::Unavailable if error.is_unreached() => Some(End::Unreached),
                Code::Unavailable => Some(End::Failed),
                Code::DeadlineExceeded if waited >= SHORTEST_SILENCE => Some(End::Failed),
                // C-core's own refusal, of a message past its limit, say.
                _ => None,
            },
        };
        self.note(lease, error);
        if let Some(end) = end {
            lease.ended(end);
        }
    }

    /// The same of a stream, whose error may be its usual end: only that nobody is reached is held against the connection.
    pub(crate) fn learn_from_stream(&self, lease: &Lease, error: &CallError) {
        // The time that a stream was given is its usual end.
        if error.code != Code::DeadlineExceeded {
            self.note(lease, Some(error));
        }
        if error.code == Code::Unavailable && error.is_unreached() {
            lease.ended(End::Unreached);
        }
    }

    fn note(&self, lease: &Lease, error: Option<&CallError>) {
        // Calls end on the old connection after it was exchanged, and tell nothing about the new one.
        let is_current = || Arc::ptr_eq(&lease.connection, &self.slots[lease.slot].current());
        match error {
            None => self.states.answered(lease.slot, is_current),
            // What C-core refuses by itself, a message past its limit, say, tells nothing about a connection.
            Some(error)
                if !error.answered
                    && matches!(error.code, Code::Unavailable | Code::DeadlineExceeded)
                    && is_current() =>
            {
                self.states.failed(lease.slot, &error.to_string());
            }
            Some(_) => {}
        }
    }
}

/// The place of a connection, which may be exchanged.
struct Slot(RwLock<Arc<Connection>>);

impl Slot {
    fn current(&self) -> Arc<Connection> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_ready(&self) -> bool {
        State::of(self.current().channel.check_connectivity_state(false)) == State::Ready
    }

    fn exchange(&self, young: Arc<Connection>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = young;
    }
}
