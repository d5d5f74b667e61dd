//! The one sequence that ends a server: who waits for whom, and for how long.

use async_std::future::timeout;
use async_std::task::sleep;
use grpcio::Server;

use crate::config::DrainConfig;
use crate::health::Health;

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every call was answered.
    Clean,
    /// Calls still ran after `DRAIN_TIMEOUT` and were cancelled.
    Cut,
}

pub(crate) async fn drain(mut server: Server, health: &Health, limits: DrainConfig) -> Drained {
    // 1: readiness fails, liveness stays, so nobody restarts us; watchers are told.
    health.not_serving();
    // 2: until each Envoy has seen it. C-core answers what arrives after a shutdown with CANCELLED.
    sleep(limits.delay).await;
    health.end();
    // 3: calls that are already here run on.
    let mut closed = server.shutdown();
    if timeout(limits.timeout, &mut closed).await.is_ok() {
        return Drained::Clean;
    }
    // 4: the rest is cut, and we say so.
    server.cancel_all_calls();
    if let Err(error) = closed.await {
        log::error!("the shutdown failed: {error}");
    }
    Drained::Cut
}
