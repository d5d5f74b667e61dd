//! What callers may ask of C-core, before this program sees a call.

use std::sync::Arc;

use grpcio::{ChannelBuilder, Environment, ResourceQuota};

/// Calls at once on one connection (HTTP/2 SETTINGS_MAX_CONCURRENT_STREAMS). Bounds rapid reset (CVE-2023-44487).
const MAX_CONCURRENT_STREAMS: i32 = 1024;

/// Largest list of headers of one call.
const MAX_METADATA_BYTES: i32 = 16 << 10;

/// Calls that a queue asks C-core for in advance: more than come in one go, since further ones go to other queues. The
/// default of 1024 can block a shutdown for 12 s (tikv/grpc-rs#674); with these it takes 40 ms.
pub(crate) const SLOTS_PER_QUEUE: usize = 256;

/// A client's keepalive pings may come so often; C-core's own minimum of 5 minutes would close its connection.
const MIN_PING_INTERVAL_MS: i32 = 10_000;

/// From a connection's first byte until its handshake of TLS is over and its SETTINGS (RFC 9113, 3.4) are here. By default
/// C-core waits for two minutes.
const HANDSHAKE_TIMEOUT_MS: i32 = 10_000;

/// Memory of C-core's connections together; past it reads are slowed down.
const CONNECTION_MEMORY_BYTES: usize = 256 << 20;

/// What one connection may ask of the server.
pub(crate) fn limits(environment: Arc<Environment>) -> ChannelBuilder {
    ChannelBuilder::new(environment)
        // Messages are held to their limit at the edge (rpc/decode.rs, rpc/edge.rs), which costs less.
        .max_receive_message_len(-1)
        .max_send_message_len(-1)
        .max_concurrent_stream(MAX_CONCURRENT_STREAMS)
        .set_resource_quota(ResourceQuota::new(Some("ticketing-server")).resize_memory(CONNECTION_MEMORY_BYTES))
        .raw_cfg_int(c"grpc.max_metadata_size".into(), MAX_METADATA_BYTES)
        // By default C-core refuses at random from there to a quarter more.
        .raw_cfg_int(c"grpc.absolute_max_metadata_size".into(), MAX_METADATA_BYTES)
        // A gzip message of 522 kB made the server hold 638 MiB: only the identity encoding is accepted.
        .raw_cfg_int(c"grpc.compression_enabled_algorithms_bitset".into(), 1)
        .raw_cfg_int(corking::LEAN.into(), 1)
        // A server that leaves closes each connection after its last answer. The caller's acknowledgement of a ping that
        // measures bandwidth comes too late then, is answered by a reset, and the reset can overtake the answers. Requests
        // are small: the window need not grow.
        .http2_bdp_probe(false)
        .raw_cfg_int(c"grpc.http2.min_ping_interval_without_data_ms".into(), MIN_PING_INTERVAL_MS)
        .raw_cfg_int(c"grpc.server_handshake_timeout_ms".into(), HANDSHAKE_TIMEOUT_MS)
        .raw_cfg_int(c"grpc.keepalive_permit_without_calls".into(), 1)
        // Two servers on one port would share its connections and nobody would notice.
        .reuse_port(false)
}
