//! What the page is made of: all that the last whole run saw, kept beside it as `docs/performance.json`.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use testbed::figures::shown;
use testbed::{BedError, binaries, page};

use crate::costs::{self, Table};
use crate::instructions::{self, Count};
use crate::latency::{self, Duel};
use crate::peers::{Peer, envoy, generator, version};
use crate::{client, memory, one_core, path, record};

pub(super) const JSON: &str = "docs/performance.json";
/// Every record, but for that of memory, by what the page calls it.
const RECORDS: [(&str, &str); 6] = [
    (costs::RECORD, "costs"),
    (one_core::RECORD, "costs on one core"),
    (client::RECORD, "callers"),
    (path::RECORD, "the whole path"),
    (instructions::RECORD, "instructions"),
    (latency::RECORD, "latency"),
];

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Findings {
    /// Each side, with what it is made of.
    pub(super) versions: Vec<(String, String)>,
    pub(super) generator: String,
    pub(super) envoy: String,
    /// Of each record: when, of which sources, and on what.
    pub(super) measured_on: Vec<(String, String)>,
    pub(super) figures: Vec<Figure>,
    pub(super) costs: costs::Seen,
    pub(super) one_core: Table,
    pub(super) counts: Vec<Count>,
    pub(super) duels: Vec<Duel>,
    pub(super) memory: memory::Seen,
    pub(super) path: path::Seen,
    pub(super) callers: Vec<client::Seen>,
}

/// A figure as `figures` writes it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Figure {
    name: String,
    value: Option<f64>,
    unit: String,
    bound: String,
    verdict: String,
    note: String,
}

impl Findings {
    /// Of one whole run, of sources that are committed: a page must not mix two versions, and somebody else has to find what was
    /// measured.
    pub(super) fn of_the_last_run() -> Result<Self, BedError> {
        let all = RECORDS.into_iter().chain([(memory::RECORD, "memory")]);
        let measured_on = all.map(|(record, name)| Ok((name.to_owned(), record::told_of(record)?)));
        let measured_on = measured_on.collect::<Result<Vec<_>, BedError>>()?;
        if let Some((name, on)) = measured_on.iter().find(|(_, on)| on.contains("-dirty")) {
            let text = format!("{name}: measured of sources that were not committed ({on}); commit, then `make bench`");
            return Err(BedError::Unexpected(text));
        }
        let sources = |on: &str| on.split(", ").nth(1).map(str::to_owned);
        let first = measured_on.first().and_then(|(_, on)| sources(on));
        if let Some((name, on)) = measured_on.iter().find(|(_, on)| sources(on) != first) {
            let text = format!("{name}: measured of other sources ({on}) than costs were; run `make bench`");
            return Err(BedError::Unexpected(text));
        }
        let version = |peer: Peer| Ok((peer.name().to_owned(), version(peer)?));
        Ok(Self {
            versions: Peer::ALL.into_iter().map(version).collect::<Result<_, BedError>>()?,
            generator: generator()?,
            envoy: envoy()?,
            measured_on,
            figures: figures()?,
            costs: record::read(costs::RECORD)?,
            one_core: record::read(one_core::RECORD)?,
            counts: record::read(instructions::RECORD)?,
            duels: record::read(latency::RECORD)?,
            memory: record::read(memory::RECORD)?,
            path: record::read(path::RECORD)?,
            callers: record::read(client::RECORD)?,
        })
    }

    /// As they were kept.
    pub(super) fn kept() -> Result<Self, BedError> {
        page::read(Path::new(JSON))
    }
}

fn figures() -> Result<Vec<Figure>, BedError> {
    let path = binaries::repository().join(record::FIGURES);
    let text = fs::read(&path)
        .map_err(BedError::io(format!("read {} (run `make figures-bench` before the report)", path.display())))?;
    serde_json::from_slice(&text).map_err(|error| BedError::Unexpected(format!("{}: {error}", path.display())))
}

impl Figure {
    /// As it was printed.
    pub(super) fn line(&self) -> String {
        let Self { name, value, unit, bound, verdict, .. } = self;
        let value = value.map_or_else(|| "unmeasured".to_owned(), shown);
        format!("figure bench {name} {value} {unit} {bound} {verdict}\n")
    }
}
