//! Who listens to what connections go through, at a pace of their own.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use futures::Stream;

use super::state::StateChange;

/// Changes that a listener may be behind before it misses some.
const LAG: usize = 64;

/// The changes as they come, and those before them that were not heard of yet. It ends with what tells them.
pub(crate) struct Listener(Arc<Mailbox>);

/// What tells a listener.
pub(super) struct Teller(Weak<Mailbox>);

#[derive(Default)]
struct Mailbox(Mutex<Unheard>);

#[derive(Default)]
struct Unheard {
    changes: VecDeque<StateChange>,
    waiting: Option<Waker>,
    ended: bool,
}

impl Listener {
    /// One that hears `before` first.
    pub(super) fn new(before: impl IntoIterator<Item = StateChange>) -> (Teller, Self) {
        let mailbox = Arc::new(Mailbox::default());
        mailbox.lock().changes.extend(before);
        (Teller(Arc::downgrade(&mailbox)), Self(mailbox))
    }
}

impl Stream for Listener {
    type Item = StateChange;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<StateChange>> {
        let mut unheard = self.0.lock();
        match unheard.changes.pop_front() {
            Some(change) => Poll::Ready(Some(change)),
            None if unheard.ended => Poll::Ready(None),
            None => {
                unheard.waiting = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Teller {
    /// Whether nobody listens any more.
    pub(super) fn is_left(&self) -> bool {
        self.0.strong_count() == 0
    }

    pub(super) fn tell(&self, change: &StateChange) {
        let Some(mailbox) = self.0.upgrade() else { return };
        let mut unheard = mailbox.lock();
        // A listener that does not keep up holds up no connection, and hears the last of each, whatever it misses before.
        if unheard.changes.len() >= LAG {
            let older = unheard.changes.iter().position(|other| other.connection == change.connection);
            older.and_then(|place| unheard.changes.remove(place));
        }
        unheard.changes.push_back(change.clone());
        let waiting = unheard.waiting.take();
        drop(unheard);
        wake(waiting);
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        let Some(mailbox) = self.0.upgrade() else { return };
        let mut unheard = mailbox.lock();
        unheard.ended = true;
        let waiting = unheard.waiting.take();
        drop(unheard);
        wake(waiting);
    }
}

impl Mailbox {
    /// What the lock guards is whole after every statement, so a panic elsewhere spoils nothing.
    fn lock(&self) -> std::sync::MutexGuard<'_, Unheard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(waiting: Option<Waker>) {
    if let Some(waiting) = waiting {
        waiting.wake();
    }
}

#[cfg(test)]
mod tests {
    use async_std::task::{block_on, spawn};
    use futures::{FutureExt as _, StreamExt as _};

    use super::super::state::State;
    use super::*;

    fn change(connection: usize, state: State) -> StateChange {
        StateChange { connection, state, last_error: None }
    }

    #[test]
    fn a_listener_far_behind_hears_the_last_change_of_each_connection() {
        let (teller, listener) = Listener::new([]);
        for _ in 0..10 * LAG {
            teller.tell(&change(0, State::Connecting));
            teller.tell(&change(0, State::Failing));
        }
        teller.tell(&change(1, State::Idle));
        teller.tell(&change(0, State::Ready));
        drop(teller);
        let heard: Vec<_> = block_on(listener.collect());
        assert!(heard.len() <= LAG + 1, "{}", heard.len());
        assert_eq!(heard[heard.len() - 2..], [change(1, State::Idle), change(0, State::Ready)]);
    }

    #[test]
    fn a_listener_that_waits_is_woken_by_a_change_and_by_the_end() {
        let (teller, mut listener) = Listener::new([]);
        assert!(listener.next().now_or_never().is_none());
        let heard = spawn(async move { [listener.next().await, listener.next().await] });
        teller.tell(&change(0, State::Ready));
        drop(teller);
        assert_eq!(block_on(heard), [Some(change(0, State::Ready)), None]);
    }

    #[test]
    fn who_no_longer_listens_is_known() {
        let (teller, listener) = Listener::new([]);
        assert!(!teller.is_left());
        drop(listener);
        assert!(teller.is_left());
        teller.tell(&change(0, State::Ready));
    }
}
