//! Certificates that are renewed on every side of Envoy while callers call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_std::task;
use futures::StreamExt as _;
use ticketing_client::{Channels, Policy, Safety, State};
use ticketing_proto::ticketing::GetCustomerRequest;
use ticketing_proto::ticketing_grpc::CustomerControllerClient;

use super::Measured;
use crate::connect::envoy_as;
use crate::secured::Overlay;
use crate::{Bed, BedError, Load, Stop, Testbed, metrics, wait};

const SERVERS: usize = 3;
const CALLERS: usize = 16;
const CONNECTIONS: usize = 4;
const RENEWALS: usize = 20;

/// All look at their files every second, and a change that seems half done is looked at twice.
const RENEWAL_LIMIT: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What Envoy counts for each context of TLS whose certificates were exchanged.
const ENVOYS_UPDATES: &str = "ssl_context_update_by_sds";

/// Calls that fail while the certificates of servers, Envoy and callers are renewed, again and again.
pub(super) fn reload_failed(stop: &Stop) -> Result<Measured, BedError> {
    let bed = Testbed::new().servers(SERVERS).envoy().overlay(Overlay::Tls).stop_on(stop).start()?;
    let channels = channels(&bed)?;
    let replaced = count_replaced(&channels);
    let load = Load::of(CALLERS, move || {
        let channels = channels.clone();
        async move {
            // Once: what a retry would mend is to be seen.
            let call = |channel, options| {
                CustomerControllerClient::new(channel).get_customer_async_opt(&GetCustomerRequest::new(), options)
            };
            Ok(channels.call("GetCustomer", Safety::Once, call).await?.value.id)
        }
    });
    for renewal in 1..=RENEWALS {
        let updates = envoys_updates(&bed);
        renew(&bed)?;
        wait::until("new certificates everywhere", RENEWAL_LIMIT, LOOK_EVERY, stop, || {
            let connections = replaced.load(Ordering::Relaxed) >= renewal * CONNECTIONS;
            let envoy = envoys_updates(&bed) > updates;
            let taken = bed.servers().iter().map(metrics::certificates_taken).collect::<Result<Vec<_>, _>>()?;
            Ok((connections && envoy && taken.iter().all(|taken| *taken >= renewal as u64)).then_some(()))
        })?;
    }
    let tally = load.stop();
    let (failed, calls) = (tally.failed(), tally.succeeded() + tally.failed());
    let again = bed
        .envoy()
        .stats("upstream_rq_retry")
        .iter()
        .find(|(name, _)| name.ends_with("upstream_rq_retry"))
        .map_or(0, |(_, count)| *count);
    let note = format!(
        "one run: {RENEWALS} times new certificates for {SERVERS} servers, for both sides of Envoy and for the callers, \
         each until all of them used the new ones; {CALLERS} callers on {CONNECTIONS} connections, without retries, \
         whose connections were replaced {} times; Envoy sent {again} calls again; first failure: {:?}",
        replaced.load(Ordering::Relaxed),
        tally.first_failure
    );
    Ok(Measured::once(failed as f64, note).of_calls(calls))
}

/// Connections to Envoy that show a certificate, and are replaced for no other reason than a new one.
fn channels(bed: &Bed) -> Result<Channels, BedError> {
    let policy = Policy::Pool { connections: CONNECTIONS };
    Ok(Channels::builder(envoy_as(bed, CALLER)?).policy(policy).max_age(None).build())
}

/// Whose certificate the callers show.
const CALLER: &str = "writer";

fn count_replaced(channels: &Channels) -> Arc<AtomicUsize> {
    let replaced = Arc::new(AtomicUsize::new(0));
    let (mut states, counted) = (channels.states(), replaced.clone());
    task::spawn(async move {
        while let Some(change) = states.next().await {
            if change.state == State::Replaced {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    replaced
}

fn renew(bed: &Bed) -> Result<(), BedError> {
    let (secured, certificates) = (bed.secured(), bed.secured().certificates());
    certificates.renew(&["server", "envoy-client", "envoy", CALLER])?;
    secured.envoy_for_callers().update(&certificates.of("envoy"))?;
    secured.envoy_for_servers().update(&certificates.of("envoy-client"))?;
    bed.servers().iter().try_for_each(|server| server.secret().update(&certificates.of("server")))
}

fn envoys_updates(bed: &Bed) -> u64 {
    bed.envoy().stats(ENVOYS_UPDATES).iter().map(|(_, updates)| updates).sum()
}
