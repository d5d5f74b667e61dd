//! Each attack beside a bystander: what the attacker got, what the bystander saw, and what memory it took.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use async_std::task::block_on;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use ticketing_client::CreateCustomerRequest;

use super::{Attack, Running};
use crate::connect::channel_to;
use crate::generator::Generator;
use crate::quota::Quota;
use crate::{Bed, BedError, Latency, Stop, Testbed, usage, wait};

const SERVERS: usize = 2;
/// Of a CPU. The attacker's is little, so that what hurts the bystander is what the attack makes others do.
pub(crate) const ATTACKER_CPUS: f64 = 0.25;
const BYSTANDER_CPUS: f64 = 0.5;
/// The bystander's calls.
const MIX: [&str; 6] = ["--mix", "get=9,create=1", "--rate", "200", "--connections", "4"];
/// What the bystander calls before it counts, so that it has its connections; the attack begins at the end of it.
const WARM: Duration = Duration::from_secs(1);
/// How long the bystander counts, and how long the attack goes on beside it.
pub(crate) const LASTING: Duration = Duration::from_secs(5);
/// As many as the largest page shows, each with the longest names, as an attacker would make them.
const CUSTOMERS: usize = 1_000;
const LONGEST: usize = 200;
const AT_ONCE: usize = 100;

/// What the attacker reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Envoy, as every caller does.
    Envoy,
    /// A server, as nobody can where Envoys alone may reach it.
    Direct,
}

/// What came of one attack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Tried {
    pub(crate) name: String,
    pub(crate) does: String,
    pub(crate) got: String,
    /// The bystander's calls beside the attack, and those of them that failed.
    pub(crate) calls: u64,
    pub(crate) failures: BTreeMap<String, u64>,
    pub(crate) quiet: Latency,
    pub(crate) beside: Latency,
    /// What the memory of the server that took most grew by, from what it was before the attack, at its peak; and Envoy's.
    pub(crate) server_mb: f64,
    pub(crate) envoy_mb: f64,
    /// The same of the server from what it was before any attack.
    pub(crate) server_mb_in_all: f64,
}

/// Servers behind Envoy, with customers, and a share of the CPUs for either side.
pub(crate) struct Ground {
    bed: Bed,
    ids: String,
    attacker: Quota,
    bystander: Quota,
    at_first: Vec<u64>,
}

impl Ground {
    pub(crate) fn prepare(stop: &Stop) -> Result<Self, BedError> {
        let bed = Testbed::new().servers(SERVERS).envoy().stop_on(stop).start()?;
        let ids = bed.folder().join("ids");
        fs::write(&ids, customers(&bed)?).map_err(BedError::io("write ids"))?;
        let mut ground = Self {
            ids: ids.display().to_string(),
            bed,
            attacker: Quota::of(ATTACKER_CPUS)?,
            bystander: Quota::of(BYSTANDER_CPUS)?,
            at_first: Vec::new(),
        };
        // Warm, so that an attack does not stand for what any call takes.
        ground.bystand()?.finish(stop)?;
        ground.at_first = ground.memories()?;
        Ok(ground)
    }

    /// One attack, with a quiet time before it.
    pub(crate) fn attack(&self, attack: &Attack, way: Way, stop: &Stop) -> Result<Tried, BedError> {
        stop.check()?;
        let quiet = self.bystand()?.finish(stop)?.latency("all")?;
        self.pids().iter().try_for_each(|pid| usage::forget_peak(*pid))?;
        let before = self.memories()?;
        let bystander = self.bystand()?;
        wait::rest(WARM);
        let running = Running::start(attack, self.address(way), LASTING, self.bed.folder())?;
        self.attacker.hold(running.pid())?;
        let report = bystander.finish(stop);
        let got = running.finish(stop)?;
        let report = report?;
        let peaks = self.peaks()?;
        let grown = |from: &[u64]| -> Vec<f64> {
            peaks.iter().zip(from).map(|(peak, from)| peak.saturating_sub(*from) as f64 / 1e6).collect()
        };
        let worst = |grown: &[f64]| grown[..SERVERS].iter().copied().fold(0.0, f64::max);
        let (now, in_all) = (grown(&before), grown(&self.at_first));
        self.bed.settle()?;
        Ok(Tried {
            name: attack.name.to_owned(),
            does: attack.does.to_owned(),
            got: got.to_string(),
            calls: report.calls,
            failures: report.failures.clone(),
            quiet,
            beside: report.latency("all")?,
            server_mb: worst(&now),
            envoy_mb: now[SERVERS],
            server_mb_in_all: worst(&in_all),
        })
    }

    fn address(&self, way: Way) -> SocketAddr {
        match way {
            Way::Envoy => self.bed.envoy_address(),
            Way::Direct => self.bed.server(0).address().into(),
        }
    }

    fn bystand(&self) -> Result<Generator, BedError> {
        let [warm, lasting] = [WARM, LASTING].map(|time| format!("{time:?}"));
        let more = ["--ids", &self.ids, "--warmup", &warm, "--duration", &lasting];
        let arguments = [&MIX[..], &more].concat();
        let generator = Generator::start(self.bed.envoy_address(), &arguments, self.bed.folder(), "bystander")?;
        self.bystander.hold(generator.pid())?;
        Ok(generator)
    }

    /// Of the servers, then of Envoy.
    fn pids(&self) -> Vec<u32> {
        let servers = self.bed.servers().iter().map(crate::Server::pid);
        servers.chain([self.bed.envoy().process().pid()]).collect()
    }

    fn memories(&self) -> Result<Vec<u64>, BedError> {
        self.pids().into_iter().map(usage::memory).collect()
    }

    fn peaks(&self) -> Result<Vec<u64>, BedError> {
        self.pids().into_iter().map(usage::peak_memory).collect()
    }
}

impl Tried {
    /// How many of the bystander's calls failed.
    pub(crate) fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    /// The bystander's p99, against that of the quiet time.
    pub(crate) fn times(&self) -> f64 {
        self.beside.p99_ms / self.quiet.p99_ms
    }

    /// In a line, for people.
    pub(crate) fn line(&self) -> String {
        let mut line = format!(
            "{}: bystander {} of {} failed, p99 {:.1} ms against {:.1} ms ({:.1}x); server +{:.1} MB, Envoy +{:.1} MB; attacker: {}",
            self.name,
            self.failed(),
            self.calls,
            self.beside.p99_ms,
            self.quiet.p99_ms,
            self.times(),
            self.server_mb,
            self.envoy_mb,
            self.got,
        );
        if !self.failures.is_empty() {
            let _ = write!(line, "; failures: {:?}", self.failures);
        }
        line
    }
}

/// Makes the customers; their ids, a line each.
fn customers(bed: &Bed) -> Result<String, BedError> {
    let customers = channel_to(bed.envoy_address()).customers();
    let made = stream::iter(0..CUSTOMERS).map(|_| {
        let customers = customers.clone();
        async move {
            let request = CreateCustomerRequest {
                first_name: "\u{1f3ab}".repeat(LONGEST),
                last_name: "\u{1f3ab}".repeat(LONGEST),
                ..CreateCustomerRequest::new()
            };
            customers.create(&request).await.map(|answer| answer.value.id)
        }
    });
    let ids: Vec<String> = block_on(made.buffer_unordered(AT_ONCE).try_collect())?;
    Ok(ids.join("\n") + "\n")
}
