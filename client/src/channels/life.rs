//! What happens to a connection besides calls: its states are told, and it is replaced when it is old.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use futures::future::{Either, select};

use super::state::State;
use super::{Inner, Slot};

/// How soon it is noticed that the last handle has been dropped, or that a connection has become old.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A replacement that is not ready by then is given up, and the old connection kept.
const REPLACEMENT_TIMEOUT: Duration = Duration::from_secs(5);

/// Ages by which connections are replaced lie between this part of the longest and the longest itself: those that were
/// made together do not leave together.
const YOUNGEST: f64 = 0.8;

/// Looks after one place until the last handle is gone.
pub(super) async fn look_after(inner: Weak<Inner>, place: usize) {
    let mut told = State::Idle;
    let mut told_why = false;
    let mut due = None;
    let mut renewed = None;
    loop {
        let Some(held) = inner.upgrade() else { return };
        let Some(slot) = held.slots.get(place) else { return };
        let connection = slot.current();
        let raw = connection.channel.check_connectivity_state(false);
        let state = State::of(raw);
        // A connection fails before the calls that wait for it do: why is known only then.
        if state != told || (state == State::Failing && !told_why && held.states.know_why()) {
            told = state;
            told_why = state == State::Failing && held.states.know_why();
            held.states.changed(place, state);
        }
        // Each time: a call that failed before may be noted only after the change, and nothing else would clear it.
        connection.set_failing(state == State::Failing);
        // The age counts from when it was first seen connected: what is idle has no connection that could be old.
        match (held.max_age, state) {
            (Some(age), State::Ready) if due.is_none() => due = Some(Instant::now() + jittered(age)),
            (_, State::Idle) => due = None,
            _ => {}
        }
        let generation = held.target.generation();
        if generation != connection.generation && renewed != Some(generation) {
            renewed = Some(generation);
            if state == State::Idle {
                // Nothing is lost, and there is nothing to wait for: the next call connects.
                slot.exchange(held.connection());
            } else {
                due = Some(Instant::now());
            }
        }
        if due.is_some_and(|due| Instant::now() >= due) {
            if replace(&held, slot).await {
                held.states.changed(place, State::Replaced);
                told = State::Replaced;
                due = None;
            } else {
                due = Some(Instant::now() + REPLACEMENT_TIMEOUT);
            }
            continue;
        }
        // Only the channel is held on to, so that the last handle can be dropped meanwhile.
        drop(held);
        let changed = connection.channel.wait_for_state_change(raw, LOOK_EVERY);
        drop(connection);
        changed.await;
    }
}

/// Makes a new connection and exchanges it for the old one when it is ready; no call is ever without one.
async fn replace(inner: &Arc<Inner>, slot: &Slot) -> bool {
    let young = inner.connection();
    let ready = Box::pin(young.channel.wait_for_connected(REPLACEMENT_TIMEOUT));
    let ready = match select(ready, Box::pin(async_std::task::sleep(REPLACEMENT_TIMEOUT))).await {
        Either::Left((ready, _)) => ready,
        Either::Right(_) => false,
    };
    if ready {
        slot.exchange(young);
    }
    ready
}

fn jittered(age: Duration) -> Duration {
    age.mul_f64(YOUNGEST + (1.0 - YOUNGEST) * fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_that_were_made_together_do_not_leave_together() {
        let longest = Duration::from_mins(5);
        let ages: Vec<_> = (0..1_000).map(|_| jittered(longest)).collect();
        assert!(ages.iter().all(|age| longest.mul_f64(YOUNGEST) <= *age && *age <= longest));
        let (first, last) = (ages.iter().min().unwrap(), ages.iter().max().unwrap());
        assert!(*last > *first + longest / 10, "all between {first:?} and {last:?}");
    }
}
