//! Ends the handlers of calls that a drain has cut.

use std::convert::Infallible;

use futures::FutureExt as _;
use futures::channel::oneshot;
use futures::future::{Either, Shared, select};

/// Cancels the calls that hold its token, when it is dropped.
pub(crate) struct Cancellation(#[expect(dead_code, reason = "its drop is what counts")] oneshot::Sender<Infallible>);

/// Held by every call of a server. Clones are cancelled together.
#[derive(Clone)]
pub(crate) struct CancellationToken(Shared<oneshot::Receiver<Infallible>>);

pub(crate) fn cancellation() -> (Cancellation, CancellationToken) {
    let (cancellation, token) = oneshot::channel();
    (Cancellation(cancellation), CancellationToken(token.shared()))
}

impl CancellationToken {
    /// The future's output; none if the token was cancelled before. The future is polled first.
    pub(crate) async fn unless_cancelled<F: Future + Unpin>(self, future: F) -> Option<F::Output> {
        match select(future, self.0).await {
            Either::Left((output, _)) => Some(output),
            Either::Right(_) => None,
        }
    }
}
