//! Calls with a stream on either side.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

use grpcio::CallOption;

use crate::channels::connection::Lease;
use crate::{CallError, Channels, MAX_DEADLINE};

/// A call with a stream on either side: what the stub returned, reached through it (`Deref`): a receiver, or a pair of sink
/// and receiver. Its connection counts it as a call in flight until this is dropped, which cancels it, and is not closed
/// before.
pub struct Streaming<R> {
    call: R,
    lease: Arc<Lease>,
    channels: Channels,
    method: &'static str,
    begun: Instant,
}

impl Channels {
    /// Begins `method` of any service, a call with a stream on either side. `start` begins it on the connection that a
    /// unary call would take:
    ///
    /// ```ignore
    /// |channel, options| HealthClient::new(channel).watch_opt(&request, options)
    /// ```
    ///
    /// With `within` it ends after so long (cut to [`MAX_DEADLINE`]), without when either side ends it; that a peer is gone
    /// while nobody says anything is then up to [`keepalive`](crate::ChannelsBuilder::keepalive). Nothing is sent a
    /// second time: what a stream had told by then is known to its caller alone. The error is that of a call that could
    /// not begin; later ones come from the stream, and [`Streaming::failed`] makes them a [`CallError`] too.
    pub fn stream<R>(
        &self,
        within: Option<Duration>,
        method: &'static str,
        start: impl FnOnce(grpcio::Channel, CallOption) -> grpcio::Result<R>,
    ) -> Result<Streaming<R>, CallError> {
        let begun = Instant::now();
        let lease = self.inner.hold();
        let options = CallOption::default().wait_for_ready(self.inner.wait_for_ready);
        let options = match within {
            Some(within) => options.timeout(within.min(MAX_DEADLINE)),
            None => options,
        };
        match start(lease.connection.channel.clone(), options) {
            Ok(call) => Ok(Streaming { call, lease: Arc::new(lease), channels: self.clone(), method, begun }),
            Err(error) => Err(CallError::new(method, self.target().clone(), begun.elapsed(), &error)),
        }
    }
}

impl<R> Streaming<R> {
    /// The error of its stream, with what is known about the call. [`Channels`] learn from it what they do from a unary
    /// call: why nobody is reached.
    pub fn failed(&self, error: &grpcio::Error) -> CallError {
        let error = CallError::new(self.method, self.channels.target().clone(), self.begun.elapsed(), error);
        let error = error.on(self.lease.connection.channel.check_connectivity_state(false));
        self.channels.inner.learn_from_stream(&self.lease, &error);
        error
    }
}

impl<S, R> Streaming<(S, R)> {
    /// The sink and the receiver apart, for a task each. Both hold the connection; a sink that is dropped before it was closed
    /// cancels the call.
    pub fn split(self) -> (Streaming<S>, Streaming<R>) {
        let Self { call: (sink, receiver), lease, channels, method, begun } = self;
        let sink = Streaming { call: sink, lease: lease.clone(), channels: channels.clone(), method, begun };
        (sink, Streaming { call: receiver, lease, channels, method, begun })
    }
}

impl<R> Deref for Streaming<R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.call
    }
}

impl<R> DerefMut for Streaming<R> {
    fn deref_mut(&mut self) -> &mut R {
        &mut self.call
    }
}
