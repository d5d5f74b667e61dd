//! What happens to a connection besides calls: its states are told, and it is replaced when it is old.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use async_std::future::timeout;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Either, select};

use super::Inner;
use super::connection::Connection;
use super::state::State;
use super::trust::Link;

/// How soon it is noticed that the last handle has been dropped, or that a connection has become old.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A connection that takes longer is not counted on.
const COMES_WITHIN: Duration = Duration::from_millis(500);

/// A replacement that is not ready by then is given up, and the old connection kept.
const REPLACEMENT_TIMEOUT: Duration = Duration::from_secs(5);

/// C-core looks up a name that it did not find again later and later, up to two minutes apart, and hears no call that asks for it.
/// So a connection that calls have wanted in vain for so long gets a successor, which begins anew.
const LOST_FOR: Duration = Duration::from_secs(5);

/// A channel of many addresses is ready with the first that is, and would send that one all calls until the others are
/// connected too.
const ROUND_ROBIN_SETTLES: Duration = Duration::from_secs(1);

/// Ages by which connections are replaced lie between this part of the longest and the longest itself: those that were
/// made together do not leave together.
const YOUNGEST: f64 = 0.8;

/// How long a new connection is left alone before it takes the place of an old one.
fn settles(inner: &Inner) -> Duration {
    if inner.dialling.round_robin { ROUND_ROBIN_SETTLES } else { Duration::ZERO }
}

/// Looks after one place until the last handle is gone.
pub(super) async fn look_after(inner: Weak<Inner>, place: usize) {
    let mut told = Told::default();
    let mut hope = Hope::default();
    let mut use_of = Use::new();
    let mut vain = Vain::default();
    let mut due = None;
    let mut retry_at: Option<Instant> = None;
    let mut young: Option<BoxFuture<'static, Option<Arc<Connection>>>> = None;
    loop {
        let Some(held) = inner.upgrade() else { return };
        let Some(slot) = held.slots.get(place) else { return };
        let connection = slot.current();
        let raw = connection.channel.check_connectivity_state(false);
        let state = State::of(raw);
        told.tell(&held, place, state);
        // Each time: a call that failed before may be noted only after the change, and nothing else would clear it.
        connection.record.set_link(hope.of(state));
        use_of.look(&connection);
        // The age counts from when it was first seen connected: what is idle has no connection that could be old.
        match (held.max_age, state) {
            (Some(age), State::Ready) if due.is_none() => {
                // What settles before the exchange begins so much earlier.
                due = Some(Instant::now() + jittered(age).saturating_sub(settles(&held)));
            }
            (_, State::Idle) => due = None,
            _ => {}
        }
        let lost = vain.look(state, &use_of) && held.target.is_looked_up();
        if state == State::Idle && !lost {
            // A connection that nobody has needs no successor.
            young = None;
        }
        let outdated = held.target.generation() != connection.generation;
        if outdated && state == State::Idle || state == State::Ready && use_of.is_over(held.idle_after) {
            // Nothing is lost, and there is nothing to wait for: the next call connects.
            slot.exchange(held.connection());
            (young, use_of, hope) = (None, Use::new(), Hope::default());
            continue;
        }
        // What nobody has called on is left to become idle.
        let old = due.is_some_and(|due| Instant::now() >= due) && use_of.called;
        let may_try = retry_at.is_none_or(|at| Instant::now() >= at);
        if !(outdated || old || lost) {
            // It was found again meanwhile.
            young = None;
        } else if young.is_none() && may_try {
            young = Some(ready(held.connection(), settles(&held)).boxed());
        }
        // Only the channel is held on to, so that the last handle can be dropped meanwhile.
        drop(held);
        let changed = Box::pin(connection.channel.wait_for_state_change(raw, LOOK_EVERY));
        drop(connection);
        let Some(coming) = &mut young else {
            changed.await;
            continue;
        };
        if let Either::Right((came, _)) = select(changed, coming).await {
            (young, retry_at) = (None, (!lost).then(|| Instant::now() + REPLACEMENT_TIMEOUT));
            let (Some(came), Some(held)) = (came, inner.upgrade()) else { continue };
            let Some(slot) = held.slots.get(place) else { return };
            slot.exchange(came);
            told.tell(&held, place, State::Replaced);
            (due, retry_at, use_of) = (None, None, Use::new());
        }
    }
}

/// Whether somebody may be expected at the other end.
#[derive(Default)]
struct Hope {
    /// Since when the connection is being made for the first time.
    since: Option<Instant>,
    /// It was made, or could not be.
    over: bool,
}

impl Hope {
    /// Between two attempts to connect C-core says that it connects, also where nobody ever answers, and that one has failed
    /// it says for a millisecond or two.
    fn of(&mut self, state: State) -> Link {
        self.over |= match state {
            State::Connecting => self.since.get_or_insert_with(Instant::now).elapsed() >= COMES_WITHIN,
            State::Failing | State::Ready | State::Replaced => true,
            State::Idle => false,
        };
        match state {
            State::Connecting if !self.over => Link::Coming,
            State::Connecting | State::Failing => Link::Down,
            State::Idle | State::Ready | State::Replaced => Link::Up,
        }
    }
}

/// What listeners were told last.
struct Told {
    state: State,
    since: Instant,
    /// An error of this state, not one of before.
    why: bool,
}

impl Default for Told {
    fn default() -> Self {
        Self { state: State::Idle, since: Instant::now(), why: false }
    }
}

impl Told {
    /// A connection fails before the calls that wait for it do: why is known only then, and told once more.
    fn tell(&mut self, inner: &Inner, place: usize, state: State) {
        if state != self.state {
            *self = Self { state, since: Instant::now(), why: false };
            inner.states.changed(place, state);
        } else if state == State::Failing && !self.why && inner.states.failed_since(place, self.since) {
            self.why = true;
            inner.states.changed(place, state);
        }
    }
}

/// Since when calls want a connection that is not there.
#[derive(Default)]
struct Vain(Option<Instant>);

impl Vain {
    /// Whether it is lost.
    fn look(&mut self, state: State, use_of: &Use) -> bool {
        if state == State::Ready || !use_of.is_recent() {
            self.0 = None;
            return false;
        }
        self.0.get_or_insert_with(Instant::now).elapsed() >= LOST_FOR
    }
}

/// Whether anybody calls on a connection. C-core closes a connection so long after its last call, but one on which there
/// was none, as after a replacement, it keeps for ever.
struct Use {
    called: bool,
    quiet_since: Instant,
}

impl Use {
    fn new() -> Self {
        Self { called: false, quiet_since: Instant::now() }
    }

    fn look(&mut self, connection: &Connection) {
        if connection.was_called() {
            *self = Self { called: true, quiet_since: Instant::now() };
        }
    }

    fn is_recent(&self) -> bool {
        self.called && self.quiet_since.elapsed() < LOST_FOR
    }

    fn is_over(&self, idle_after: Duration) -> bool {
        self.quiet_since.elapsed() >= idle_after
    }
}

/// The connection once it is ready to take the place of another, and so much later; none if it did not become so in time.
async fn ready(young: Arc<Connection>, settle: Duration) -> Option<Arc<Connection>> {
    let ready = timeout(REPLACEMENT_TIMEOUT, young.channel.wait_for_connected(REPLACEMENT_TIMEOUT)).await;
    if ready != Ok(true) {
        return None;
    }
    async_std::task::sleep(settle).await;
    // It may have been lost meanwhile.
    (State::of(young.channel.check_connectivity_state(false)) == State::Ready).then_some(young)
}

fn jittered(age: Duration) -> Duration {
    age.mul_f64(YOUNGEST + (1.0 - YOUNGEST) * fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_counted_on_only_while_it_is_made_for_the_first_time() {
        let links = |states: &[State]| {
            let mut hope = Hope::default();
            states.iter().map(|state| hope.of(*state)).collect::<Vec<_>>()
        };
        let (idle, connecting) = (State::Idle, State::Connecting);
        assert_eq!(links(&[idle, connecting, connecting]), [Link::Up, Link::Coming, Link::Coming]);
        assert_eq!(links(&[connecting, State::Ready, connecting]), [Link::Coming, Link::Up, Link::Down]);
        assert_eq!(
            links(&[connecting, State::Failing, idle, connecting]),
            [Link::Coming, Link::Down, Link::Up, Link::Down]
        );
    }

    #[test]
    fn a_connection_that_is_made_for_long_is_no_longer_counted_on() {
        let mut hope = Hope { since: Instant::now().checked_sub(COMES_WITHIN), over: false };
        let links = [State::Connecting, State::Idle, State::Connecting].map(|state| hope.of(state));
        assert_eq!(links, [Link::Down, Link::Up, Link::Down]);
    }

    #[test]
    fn connections_that_were_made_together_do_not_leave_together() {
        let longest = Duration::from_mins(5);
        let ages: Vec<_> = (0..1_000).map(|_| jittered(longest)).collect();
        assert!(ages.iter().all(|age| longest.mul_f64(YOUNGEST) <= *age && *age <= longest));
        let (first, last) = (ages.iter().min().unwrap(), ages.iter().max().unwrap());
        assert!(*last > *first + longest / 10, "all between {first:?} and {last:?}");
    }
}
