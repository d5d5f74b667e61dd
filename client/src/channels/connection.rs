//! One connection: what is set on it, and how many calls are on it now.

use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use grpcio::{Environment, LbPolicy};
use ticketing_proto::ticketing_grpc::CustomerControllerClient;

use super::pick::Burden;
use super::trust::{End, Record, set};
use crate::{MAX_MESSAGE_BYTES, Target};

/// A server that comes back at its address is found within a second, however long it was gone: C-core adds up to a fifth by chance.
const MAX_RECONNECT_BACKOFF: Duration = Duration::from_millis(800);
const FIRST_RECONNECT_BACKOFF: Duration = Duration::from_millis(100);

/// What a server may send of one answer before it is read.
const WINDOW_BYTES: i32 = 256 << 10;

/// C-core's name for how long one attempt to connect may take; its own default is 20 s.
const CONNECT_TIMEOUT_ARG: &CStr = c"grpc.min_reconnect_backoff_ms";
const CONNECT_TIMEOUT_MS: i32 = 2_000;

/// A server that comes back under another address is asked for again this soon; C-core's own default is 30 s.
const RESOLUTION_INTERVAL_ARG: &CStr = c"grpc.dns_min_time_between_resolutions_ms";
const RESOLUTION_INTERVAL_MS: i32 = 1_000;

/// What is kept of a call until an answer begins, so that C-core can send it again where its server surely has not seen it;
/// C-core's own default is 256 KiB. The largest message fits, with its headers.
const RETRY_BUFFER_ARG: &CStr = c"grpc.per_rpc_retry_buffer_size";
const RETRY_BUFFER_BYTES: i32 = 5 << 20;

const IDLE_TIMEOUT_ARG: &CStr = c"grpc.client_idle_timeout_ms";

/// When a silent connection is pinged, and when it is given up.
#[derive(Clone, Copy)]
pub(crate) struct Keepalive {
    pub(crate) time: Duration,
    pub(crate) timeout: Duration,
    /// Pings that may go before this side has other data to send; 0: any number.
    pub(crate) without_data: i32,
}

impl Default for Keepalive {
    /// Pings go only while a call is open, a call's answer puts them off, and two are as many as a server that allows one
    /// every 5 minutes forgives.
    fn default() -> Self {
        Self { time: Duration::from_secs(30), timeout: Duration::from_secs(10), without_data: 2 }
    }
}

/// What differs between connections.
#[derive(Clone, Default)]
pub(crate) struct Dialling {
    pub(crate) round_robin: bool,
    /// Closed by C-core so long after the last call on it; never where there is none.
    pub(crate) idle_after: Option<Duration>,
    pub(crate) keepalive: Keepalive,
}

/// A channel of C-core with a socket of its own. Nothing is connected yet.
pub(crate) fn dial(target: &Target, environment: Arc<Environment>, dialling: &Dialling) -> grpcio::Channel {
    let mut builder = grpcio::ChannelBuilder::new(environment)
        // Channels with the same target and settings would share one socket: spread over connections needs several.
        .use_local_subchannel_pool(true)
        .primary_user_agent(concat!("ticketing-client/", env!("CARGO_PKG_VERSION")))
        .max_receive_message_len(MAX_MESSAGE_BYTES)
        .max_send_message_len(MAX_MESSAGE_BYTES)
        // A ping of ours that reaches a server after it has closed the connection is answered by a reset, which can overtake
        // the last answers. So bandwidth is not measured, and the window has room for the largest page.
        .http2_bdp_probe(false)
        .stream_initial_window_size(WINDOW_BYTES)
        .initial_reconnect_backoff(FIRST_RECONNECT_BACKOFF)
        .max_reconnect_backoff(MAX_RECONNECT_BACKOFF)
        .raw_cfg_int(CONNECT_TIMEOUT_ARG.into(), CONNECT_TIMEOUT_MS)
        .raw_cfg_int(RESOLUTION_INTERVAL_ARG.into(), RESOLUTION_INTERVAL_MS)
        .keepalive_time(dialling.keepalive.time)
        .keepalive_timeout(dialling.keepalive.timeout)
        .keepalive_permit_without_calls(false)
        .http2_max_pings_without_data(dialling.keepalive.without_data)
        // Transparent retries, which spare the caller a GOAWAY, hang on this.
        .enable_retry(true)
        .raw_cfg_int(RETRY_BUFFER_ARG.into(), RETRY_BUFFER_BYTES)
        // A proxy for web pages, set in the environment, does not know the way to a service inside.
        .enable_http_proxy(false);
    if dialling.round_robin {
        builder = builder.load_balancing_policy(LbPolicy::RoundRobin);
    }
    if let Some(idle) = dialling.idle_after {
        let millis = i32::try_from(idle.as_millis()).unwrap_or(i32::MAX);
        builder = builder.raw_cfg_int(IDLE_TIMEOUT_ARG.into(), millis);
    }
    target.secure(builder).connect(&target.uri())
}

/// A channel and what is known about it. It is closed when it has been exchanged and its last call has ended.
pub(crate) struct Connection {
    pub(crate) channel: grpcio::Channel,
    /// A client of its own for each call would cost each a call of C-core more.
    customers: OnceLock<CustomerControllerClient>,
    /// Which generation of certificates it was made with.
    pub(crate) generation: u64,
    /// What its calls told.
    pub(crate) record: Record,
    in_flight: AtomicUsize,
    /// A call began on it since somebody asked.
    called: AtomicBool,
}

impl Connection {
    pub(crate) fn new(channel: grpcio::Channel, generation: u64) -> Arc<Self> {
        Arc::new(Self {
            channel,
            customers: OnceLock::new(),
            generation,
            record: Record::default(),
            in_flight: AtomicUsize::new(0),
            called: AtomicBool::new(false),
        })
    }

    /// The customer service on it.
    pub(crate) fn customers(&self) -> &CustomerControllerClient {
        self.customers.get_or_init(|| CustomerControllerClient::new(self.channel.clone()))
    }

    pub(crate) fn burden(&self) -> Burden {
        Burden { trust: self.record.trust(), in_flight: self.in_flight.load(Ordering::Relaxed) }
    }

    /// Whether a call is on it, or has been since this was asked the last time.
    pub(crate) fn was_called(&self) -> bool {
        self.called.swap(false, Ordering::Relaxed) || self.in_flight.load(Ordering::Relaxed) > 0
    }

    /// A hold for a call with one answer, which is the one that tries the connection where it has rested long enough.
    pub(crate) fn lease(self: Arc<Self>, slot: usize) -> Lease {
        let tries = self.record.tried();
        self.taken(slot, tries)
    }

    /// A hold for a stream. It tries nothing: how it ends may be its usual end, and whether it goes well is known to its caller
    /// alone.
    pub(crate) fn hold(self: Arc<Self>, slot: usize) -> Lease {
        self.taken(slot, false)
    }

    fn taken(self: Arc<Self>, slot: usize, tries: bool) -> Lease {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        set(&self.called, true);
        Lease { connection: self, slot, tries }
    }
}

/// A call's hold on its connection, counted until it is dropped.
pub(crate) struct Lease {
    pub(crate) connection: Arc<Connection>,
    pub(crate) slot: usize,
    /// It tries the connection after a rest.
    tries: bool,
}

impl Lease {
    /// What the end of its call tells about the connection.
    pub(crate) fn ended(&self, end: End) {
        self.connection.record.ended(end, self.tries);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.connection.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
