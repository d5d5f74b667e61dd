//! A port without encryption for probes, where calls are encrypted: Kubernetes' own gRPC probes know no TLS. Health is all
//! that is served there, and it tells nobody anything but whether this process serves.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_std::future::timeout;
use grpcio::{ChannelBuilder, Environment, Server, ServerBuilder, ServerCredentials};

use crate::health::Health;
use crate::limits::SLOTS_PER_QUEUE;
use crate::rpc::Edge;

/// A probe is answered at once, so nobody waits longer for one.
const END_TIMEOUT: Duration = Duration::from_millis(500);

/// A bound port; it accepts nobody before [`HealthPort::start`].
pub(crate) struct HealthPort {
    /// Where it is.
    pub(crate) address: SocketAddr,
    server: Server,
}

impl HealthPort {
    pub(crate) fn bind(
        address: SocketAddr,
        environment: &Arc<Environment>,
        limits: &ChannelBuilder,
        health: &Health,
        edge: &Edge,
    ) -> grpcio::Result<Self> {
        let mut server = ServerBuilder::new(Arc::clone(environment))
            .channel_args(limits.build_args())
            .requests_slot_per_cq(SLOTS_PER_QUEUE)
            .register_service(health.service(edge))
            .build()?;
        let port = server.add_listening_port(address.to_string(), ServerCredentials::insecure())?;
        Ok(Self { address: SocketAddr::new(address.ip(), port), server })
    }

    pub(crate) fn start(&mut self) {
        self.server.start();
    }

    /// Answers no more probes. To be called when the calls have ended: until then probes have to hear of the drain.
    pub(crate) async fn stop(mut self) {
        let mut closed = self.server.shutdown();
        if timeout(END_TIMEOUT, &mut closed).await.is_err() {
            self.server.cancel_all_calls();
            let _ = timeout(END_TIMEOUT, closed).await;
        }
    }
}
