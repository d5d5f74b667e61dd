//! Where attacks are tried: servers behind Envoy, customers, and a share of the CPUs for each side.

use std::fs;
use std::net::SocketAddr;

use async_std::task::block_on;
use clap::ValueEnum;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use ticketing_client::{Channel, CreateCustomerRequest};

use super::bystander::{Bystanders, LASTING};
use super::{Attack, Running, Tried};
use crate::quota::Quota;
use crate::secured::Overlay;
use crate::{Bed, BedError, Stop, Testbed, usage};

const SERVERS: usize = 2;
/// Of a CPU. The attacker's is little, so that what hurts the bystander is what the attack makes others do.
const ATTACKER_CPUS: f64 = 0.25;
/// As many as the largest page shows, each with the longest names, as an attacker would make them.
const CUSTOMERS: usize = 1_000;
const LONGEST: usize = 200;
const AT_ONCE: usize = 100;

/// What the attacker reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Way {
    /// Envoy, as every caller does
    Envoy,
    /// A server, as nobody can where Envoys alone may reach it
    Server,
    /// Envoy that asks for certificates (overlay `tls`), of an attacker who has none
    EnvoyWithCertificates,
    /// A server that asks for certificates (overlay `tls`), of an attacker who has none
    ServerWithCertificates,
}

/// Servers behind Envoy, and all that an attack takes.
pub(crate) struct Ground {
    bed: Bed,
    attacker: Quota,
    bystanders: Bystanders,
    at_first: Vec<u64>,
}

impl Way {
    fn overlay(self) -> Option<Overlay> {
        matches!(self, Self::EnvoyWithCertificates | Self::ServerWithCertificates).then_some(Overlay::Tls)
    }
}

impl Ground {
    /// One for attacks on this way.
    pub(crate) fn prepare(way: Way, stop: &Stop) -> Result<Self, BedError> {
        let bed = Testbed::new().servers(SERVERS).envoy().stop_on(stop);
        let bed = way.overlay().into_iter().fold(bed, Testbed::overlay).start()?;
        let ids = bed.folder().join("ids");
        let bystanders = Bystanders::of(&bed, &ids.display().to_string())?;
        fs::write(&ids, customers(Channel::builder(bystanders.target().clone()).build())?)
            .map_err(BedError::io("write ids"))?;
        let mut ground = Self { bed, attacker: Quota::of(ATTACKER_CPUS)?, bystanders, at_first: Vec::new() };
        // Warm, so that an attack does not stand for what any call takes.
        ground.bystanders.start(&ground.bed)?.finish(stop)?;
        ground.at_first = ground.memories()?;
        Ok(ground)
    }

    /// One attack, with a quiet time before it.
    pub(crate) fn attack(&self, attack: &Attack, way: Way, stop: &Stop) -> Result<Tried, BedError> {
        stop.check()?;
        let quiet = self.bystanders.start(&self.bed)?.finish(stop)?.bystander.latency;
        self.pids().iter().try_for_each(|pid| usage::forget_peak(*pid))?;
        let before = self.memories()?;
        let bystander = self.bystanders.start(&self.bed)?;
        let running = Running::start(attack, self.address(way), LASTING, self.bed.folder())?;
        self.attacker.hold(running.pid())?;
        let seen = bystander.finish(stop);
        let got = running.finish(stop)?;
        let seen = seen?;
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
            quiet,
            bystander: seen.bystander,
            newcomers: seen.newcomers,
            server_mb: worst(&now),
            envoy_mb: now[SERVERS],
            server_mb_in_all: worst(&in_all),
        })
    }

    fn address(&self, way: Way) -> SocketAddr {
        match way {
            Way::Envoy | Way::EnvoyWithCertificates => self.bed.envoy_address(),
            Way::Server | Way::ServerWithCertificates => self.bed.server(0).address().into(),
        }
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

/// Makes the customers; their ids, a line each.
fn customers(channel: Channel) -> Result<String, BedError> {
    let customers = channel.customers();
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
