//! The one sequence that ends a server: who waits for whom, and for how long.

use std::pin::pin;
use std::time::Duration;

use async_std::future::timeout;
use async_std::task::sleep;
use futures::future::{Either, select};
use grpcio::Server;

use crate::cancellation::Cancellation;
use crate::config::DrainConfig;
use crate::health::{Health, Phase};
use crate::metrics::Metrics;

/// Calls that were cut end as soon as their queue's thread is free; nothing waits longer for them.
const CUT_TIMEOUT: Duration = Duration::from_secs(1);

/// A connection without a call can keep C-core from closing it for longer than any `DRAIN_TIMEOUT`: a peer that never
/// speaks, or is frozen. Where no call has been here for so long, nothing is lost by cutting it.
const IDLE_TIMEOUT: Duration = Duration::from_millis(500);

/// Between two looks at the calls that are here.
const LOOK_EVERY: Duration = Duration::from_millis(50);

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
    let left_alone = pin!(timeout(limits.timeout, left_alone(metrics)));
    if let Either::Left(_) = select(&mut closed, left_alone).await {
        return Drained::Clean;
    }
    let calls = metrics.calls_in_flight();
    // 4: the rest is cut, and we say so. C-core waits for handlers of cancelled calls too, so they are ended as well.
    server.cancel_all_calls();
    drop(cancellation);
    if timeout(CUT_TIMEOUT, &mut closed).await.is_err() {
        log::error!("calls still run {CUT_TIMEOUT:?} after they were cut");
    }
    if calls < 1.0 { Drained::Clean } else { Drained::Cut }
}

/// Completes when no call has been here for [`IDLE_TIMEOUT`].
async fn left_alone(metrics: &Metrics) {
    let mut idle = Duration::ZERO;
    while idle < IDLE_TIMEOUT {
        sleep(LOOK_EVERY).await;
        idle = if metrics.calls_in_flight() < 1.0 { idle + LOOK_EVERY } else { Duration::ZERO };
    }
}
