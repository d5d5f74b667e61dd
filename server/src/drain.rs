//! The one sequence that ends a server: who waits for whom, and for how long.

use std::time::Duration;

use async_std::future::timeout;
use async_std::task::sleep;
use grpcio::Server;

use crate::cancellation::Cancellation;
use crate::config::DrainConfig;
use crate::health::{Health, Phase};
use crate::metrics::Metrics;

/// Calls that were cut end as soon as their queue's thread is free; nothing waits longer for them.
const CUT_TIMEOUT: Duration = Duration::from_secs(1);

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every call was answered.
    Clean,
    /// Calls still ran after `DRAIN_TIMEOUT` and were cancelled.
    Cut,
}

pub(crate) async fn drain(
    mut server: Server,
    cancellation: Cancellation,
    metrics: &Metrics,
    health: &Health,
    limits: DrainConfig,
) -> Drained {
    // 1: readiness fails, liveness stays, so nobody restarts us; watchers are told.
    let was_serving = health.phase() == Phase::Serving;
    health.not_serving();
    // 2: until each Envoy has seen it. C-core answers what arrives after a shutdown with CANCELLED.
    if was_serving {
        sleep(limits.delay).await;
    }
    health.end();
    // 3: calls that are already here run on.
    let mut closed = server.shutdown();
    if timeout(limits.timeout, &mut closed).await.is_ok() {
        return Drained::Clean;
    }
    // A peer that is connected without a call, or frozen, can keep C-core from closing its connection.
    let calls = metrics.calls_in_flight();
    // 4: the rest is cut, and we say so. C-core waits for handlers of cancelled calls too, so they are ended as well.
    server.cancel_all_calls();
    drop(cancellation);
    if timeout(CUT_TIMEOUT, &mut closed).await.is_err() {
        log::error!("calls still run {CUT_TIMEOUT:?} after they were cut");
    }
    if calls < 1.0 { Drained::Clean } else { Drained::Cut }
}
