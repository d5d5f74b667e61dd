//! One long-lived connection, and what is set on it.

use std::ffi::CStr;
use std::sync::Arc;
use std::time::Duration;

use grpcio::Environment;

use crate::{Customers, Target};

/// How long a call may take unless its channel says otherwise.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(3);

/// The longest that a call may take: 1 day. C-core counts on to 27,000 hours and then cuts, and from 2^63 seconds on it
/// takes a deadline for one that has passed.
pub const MAX_DEADLINE: Duration = Duration::from_hours(24);

/// The largest message that is sent or received, in bytes: 4 MiB, as on the server.
pub const MAX_MESSAGE_BYTES: i32 = 4 << 20;

/// A server that comes back is found within this time, however long it was gone.
const MAX_RECONNECT_BACKOFF: Duration = Duration::from_secs(1);
const FIRST_RECONNECT_BACKOFF: Duration = Duration::from_millis(100);

/// C-core's name for how long one attempt to connect may take; its own default is 20 s.
const CONNECT_TIMEOUT_ARG: &CStr = c"grpc.min_reconnect_backoff_ms";
const CONNECT_TIMEOUT_MS: i32 = 2_000;

/// A server that comes back under another address is asked for again this soon; C-core's own default is 30 s.
const RESOLUTION_INTERVAL_ARG: &CStr = c"grpc.dns_min_time_between_resolutions_ms";
const RESOLUTION_INTERVAL_MS: i32 = 1_000;

/// Pings go only while a call is open, and a call's answer puts them off: a server that allows a ping every 5 minutes
/// on an idle connection never counts one against us.
const KEEPALIVE_TIME: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection to one target. Cheap to clone: clones share the connection.
///
/// It connects with the first call, survives the server going away and coming back, and is closed when the last clone
/// is dropped. Calls made while the server cannot be reached fail with UNAVAILABLE as soon as that is known.
#[derive(Clone)]
pub struct Channel {
    inner: grpcio::Channel,
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

    pub(crate) fn inner(&self) -> grpcio::Channel {
        self.inner.clone()
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
        let inner = grpcio::ChannelBuilder::new(environment)
            // Channels with the same target and settings would share one socket: spread over connections needs several.
            .use_local_subchannel_pool(true)
            .primary_user_agent(concat!("ticketing-client/", env!("CARGO_PKG_VERSION")))
            .max_receive_message_len(MAX_MESSAGE_BYTES)
            .max_send_message_len(MAX_MESSAGE_BYTES)
            .initial_reconnect_backoff(FIRST_RECONNECT_BACKOFF)
            .max_reconnect_backoff(MAX_RECONNECT_BACKOFF)
            .raw_cfg_int(CONNECT_TIMEOUT_ARG.into(), CONNECT_TIMEOUT_MS)
            .raw_cfg_int(RESOLUTION_INTERVAL_ARG.into(), RESOLUTION_INTERVAL_MS)
            .keepalive_time(KEEPALIVE_TIME)
            .keepalive_timeout(KEEPALIVE_TIMEOUT)
            .keepalive_permit_without_calls(false)
            // Transparent retries, which spare the caller a GOAWAY, hang on this.
            .enable_retry(true)
            // A proxy for web pages, set in the environment, does not know the way to a service inside.
            .enable_http_proxy(false)
            .connect(&self.target.uri());
        Channel { inner, target: Arc::new(self.target), deadline: self.deadline }
    }
}
