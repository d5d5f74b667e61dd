//! How an Envoy goes in order.

use std::time::Duration;

use super::Envoy;
use crate::{BedError, Stop, http, wait};

/// Until no node sends new connections here: as long as the manifests wait.
const UNTIL_UNLISTED: Duration = Duration::from_secs(2);
/// The drain time, in which every caller that calls learns to go, and a second more.
const DRAIN: Duration = Duration::from_secs(6);
const ACTIVE: &str = "http.grpc.downstream_rq_active";
const LAST_CALL_LIMIT: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Envoy {
    /// What preStop does in `manifests/envoy.yaml`: asks callers to leave, and returns when the last call was answered. The
    /// process goes on until it is dropped.
    pub fn drain(&self) -> Result<(), BedError> {
        wait::rest(UNTIL_UNLISTED);
        for wish in ["/healthcheck/fail", "/drain_listeners?graceful"] {
            if !http::post(self.admin(), wish) {
                return Err(BedError::Unexpected(format!("Envoy's admin does not take {wish}")));
            }
        }
        wait::rest(DRAIN);
        wait::until("the end of the last call of an Envoy", LAST_CALL_LIMIT, LOOK_EVERY, &Stop::never(), || {
            let active = self.stats(ACTIVE).iter().any(|(name, calls)| name == ACTIVE && *calls > 0);
            Ok((!active).then_some(()))
        })
    }
}
