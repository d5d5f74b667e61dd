//! Who must not suffer: callers on connections that they keep, and callers who come new.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_std::task::{self, JoinHandle, block_on};
use futures::future::join_all;
use serde::{Deserialize, Serialize};
use ticketing_client::{Channel, Target};

use crate::connect::envoy_as;
use crate::generator::{Generator, LoadReport};
use crate::quota::Quota;
use crate::{Bed, BedError, Latency, Stop, wait};

/// Of a CPU, for those on connections that they keep.
const CPUS: f64 = 0.5;
/// Their calls.
const MIX: [&str; 6] = ["--mix", "get=9,create=1", "--rate", "200", "--connections", "4"];
/// What they call before they count, so that they have their connections; an attack begins at the end of it.
const WARM: Duration = Duration::from_secs(1);
/// How long they count, and how long an attack goes on beside them.
pub(crate) const LASTING: Duration = Duration::from_secs(5);
/// A newcomer comes so often: to Envoy on a connection of its own, for one call.
const NEWCOMER_EVERY: Duration = Duration::from_millis(100);
/// Whose certificate callers show, where they need one.
const IDENTITY: &str = "writer";

/// Calls, and those of them that failed, by code.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Called {
    pub(crate) calls: u64,
    pub(crate) failures: BTreeMap<String, u64>,
    pub(crate) latency: Latency,
}

/// What both saw.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) bystander: Called,
    pub(super) newcomers: Called,
}

/// Both at work.
pub(super) struct Bystander {
    load: Generator,
    newcomers: JoinHandle<Called>,
}

/// What starts them.
pub(super) struct Bystanders {
    target: Target,
    arguments: Vec<String>,
    quota: Quota,
}

impl Called {
    /// How many failed.
    pub(crate) fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    fn of(report: &LoadReport) -> Result<Self, BedError> {
        Ok(Self { calls: report.calls, failures: report.failures.clone(), latency: report.latency("all")? })
    }
}

impl Bystanders {
    /// Callers of a bed's Envoy who get these customers.
    pub(super) fn of(bed: &Bed, ids: &str) -> Result<Self, BedError> {
        let [warm, lasting] = [WARM, LASTING].map(|time| format!("{time:?}"));
        let more = ["--ids", ids, "--warmup", &warm, "--duration", &lasting];
        let mut arguments: Vec<_> = [&MIX[..], &more].concat().into_iter().map(str::to_owned).collect();
        if let Some(secured) = bed.secured_by() {
            let certificates = secured.certificates();
            let files = [
                ("--tls-ca", certificates.authority(IDENTITY)),
                ("--tls-cert", certificates.certificate(IDENTITY)),
                ("--tls-key", certificates.key(IDENTITY)),
            ];
            arguments.extend(files.into_iter().flat_map(|(flag, file)| [flag.to_owned(), file.display().to_string()]));
        }
        Ok(Self { target: envoy_as(bed, IDENTITY)?, arguments, quota: Quota::of(CPUS)? })
    }

    /// Where they call.
    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// Starts them; returns when they begin to count.
    pub(super) fn start(&self, bed: &Bed) -> Result<Bystander, BedError> {
        let arguments: Vec<_> = self.arguments.iter().map(String::as_str).collect();
        let load = Generator::start(bed.envoy_address(), &arguments, bed.folder(), "bystander")?;
        self.quota.hold(load.pid())?;
        wait::rest(WARM);
        Ok(Bystander { load, newcomers: task::spawn(come(self.target.clone())) })
    }
}

impl Bystander {
    /// Waits for their end.
    pub(super) fn finish(self, stop: &Stop) -> Result<Seen, BedError> {
        let report = self.load.finish(stop)?;
        Ok(Seen { bystander: Called::of(&report)?, newcomers: block_on(self.newcomers) })
    }
}

/// Newcomers, one after the other, each of whom calls once and leaves.
async fn come(target: Target) -> Called {
    let begun = Instant::now();
    let mut all = Vec::new();
    while begun.elapsed() < LASTING {
        all.push(task::spawn(call_once(target.clone())));
        task::sleep(NEWCOMER_EVERY).await;
    }
    let (mut latencies, mut failures) = (Vec::new(), BTreeMap::new());
    let calls = all.len() as u64;
    for (code, took) in join_all(all).await {
        latencies.push(took);
        if let Some(code) = code {
            *failures.entry(code).or_default() += 1;
        }
    }
    Called { calls, failures, latency: Latency::of(latencies) }
}

/// Why it failed, if it did, and how long it took with the connection.
async fn call_once(target: Target) -> (Option<String>, Duration) {
    let begun = Instant::now();
    let outcome = Channel::builder(target).build().customers().identify().await;
    (outcome.err().map(|error| error.code.name().to_owned()), begun.elapsed())
}
