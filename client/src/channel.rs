//! One long-lived connection, and what is set on it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use grpcio::Environment;

use crate::line::Line;
use crate::{Customers, Target};

/// How long a call may take unless its channel says otherwise.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(3);

/// The longest that a call may take: 1 day. C-core counts on to 27,000 hours and then cuts, and from 2^63 seconds on it
/// takes a deadline for one that has passed.
pub const MAX_DEADLINE: Duration = Duration::from_hours(24);

/// The largest message that is sent or received, in bytes: 4 MiB, as on the server.
pub const MAX_MESSAGE_BYTES: i32 = 4 << 20;

/// A connection to one target. Cheap to clone: clones share the connection.
///
/// Each call is one attempt: for retries, several connections and their replacement there is [`Channels`](crate::Channels).
///
/// It connects with the first call, survives the server going away and coming back, and is closed when the last clone
/// is dropped. With TLS it is exchanged for another one when certificates were renewed. Calls made while the server cannot be reached
/// fail with UNAVAILABLE as soon as that is known. A name that was unknown for long may be found up to two minutes after it is
/// known again, since C-core looks it up that rarely then; [`Channels`](crate::Channels) look again every few seconds.
#[derive(Clone)]
pub struct Channel {
    line: Line,
    target: Arc<Target>,
    deadline: Duration,
}

/// Settings of a [`Channel`] that is not made yet.
#[must_use = "a builder does nothing until `build`"]
pub struct ChannelBuilder {
    target: Target,
    deadline: Duration,
    environment: Option<Arc<Environment>>,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("target", &self.target)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl Channel {
    /// A channel to `target` with default settings, to be changed before [`ChannelBuilder::build`].
    pub fn builder(target: Target) -> ChannelBuilder {
        ChannelBuilder { target, deadline: DEFAULT_DEADLINE, environment: None }
    }

    /// Calls of the customer service on this channel.
    pub fn customers(&self) -> Customers {
        Customers::new(self)
    }

    /// Where this channel connects to.
    pub fn target(&self) -> &Arc<Target> {
        &self.target
    }

    /// How long a call on this channel may take.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(crate) fn line(&self) -> &Line {
        &self.line
    }
}

impl ChannelBuilder {
    /// How long each call may take; [`DEFAULT_DEADLINE`] unless set, and cut to [`MAX_DEADLINE`].
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline.min(MAX_DEADLINE);
        self
    }

    /// The threads that serve the connection; unless set, the channel gets one completion queue of its own.
    pub fn environment(mut self, environment: Arc<Environment>) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Makes the channel. Nothing is connected yet: the first call does that.
    pub fn build(self) -> Channel {
        let environment = self
            .environment
            .unwrap_or_else(|| Arc::new(grpcio::EnvBuilder::new().cq_count(1).name_prefix("grpc-client").build()));
        let target = Arc::new(self.target);
        Channel { line: Line::new(&target, environment), target, deadline: self.deadline }
    }
}
