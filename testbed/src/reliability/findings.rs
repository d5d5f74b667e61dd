//! What was measured, as `docs/reliability.json` keeps it.

use std::path::Path;
use std::thread::available_parallelism;

use serde::{Deserialize, Serialize};

use crate::figures::{Figure, Json, Report as _, Seen};
use crate::{BedError, binaries, page};

/// Where it is kept.
pub(super) const JSON: &str = "docs/reliability.json";

/// All of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Findings {
    /// Every plan of the area.
    pub(super) scenarios: Option<Run>,
    /// The ten minutes.
    pub(super) soak: Option<Run>,
}

/// One run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Run {
    /// Its day.
    pub(super) date: String,
    /// CPUs of the machine that was everything at once.
    pub(super) cpus: usize,
    pub(super) figures: Vec<Told>,
}

/// A figure, as [`Json`] writes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) name: String,
    pub(super) value: Option<f64>,
    pub(super) unit: String,
    pub(super) bound: String,
    pub(super) verdict: String,
    pub(super) note: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) calls: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seen: Option<Seen>,
}

impl Findings {
    /// What was found before; nothing where nobody has looked yet.
    pub(super) fn read_or_none() -> Result<Self, BedError> {
        if binaries::repository().join(JSON).exists() { page::read(Path::new(JSON)) } else { Ok(Self::default()) }
    }
}

impl Run {
    /// Of today.
    pub(super) fn of(figures: &[Figure]) -> Result<Self, BedError> {
        let mut json = Vec::new();
        Json.write(figures, &mut json).map_err(BedError::io("write figures to memory"))?;
        let figures =
            serde_json::from_slice(&json).map_err(|error| BedError::Unexpected(format!("figures: {error}")))?;
        Ok(Self { date: page::today(), cpus: available_parallelism().map_or(0, usize::from), figures })
    }

    /// With the figures of an earlier run that were not measured again, in this order; its day is this one's.
    pub(super) fn beside(mut self, earlier: Option<Self>, order: &[&str]) -> Self {
        let again = |told: &Told| self.figures.iter().any(|new| new.name == told.name);
        let kept: Vec<_> = earlier.into_iter().flat_map(|run| run.figures).filter(|told| !again(told)).collect();
        self.figures.extend(kept);
        self.figures.sort_by_key(|told| order.iter().position(|name| *name == told.name));
        self
    }
}
