//! What the last `make cluster-test` found, kept in a committed file: a cluster is not at hand wherever figures are
//! measured.

use std::fs;

use serde::Deserialize;

use crate::figures::plan::Measured;
use crate::{BedError, Stop, binaries};

const FILE: &str = "docs/cluster-test.json";
const NAMES: [&str; 4] =
    ["cluster_rollout_server_failed", "cluster_rollout_envoy_failed", "cluster_scale_failed", "cluster_lost"];

/// As `tools/cluster-test` writes it.
#[derive(Deserialize)]
struct ClusterTest {
    date: String,
    kubernetes: String,
    version: String,
    figures: Vec<Found>,
}

#[derive(Deserialize)]
struct Found {
    name: String,
    value: Option<f64>,
    note: String,
}

pub(super) fn run(_: &Stop) -> Result<Vec<Measured>, BedError> {
    let path = binaries::repository().join(FILE);
    let text = fs::read_to_string(&path)
        .map_err(|_| BedError::Unexpected(format!("there is no {FILE}: run make cluster-test on a cluster")))?;
    measured(&text)
}

fn measured(text: &str) -> Result<Vec<Measured>, BedError> {
    let told: ClusterTest = serde_json::from_str(text)
        .map_err(|error| BedError::Unexpected(format!("{FILE}: {error}; run make cluster-test again")))?;
    let ClusterTest { date, kubernetes, version, figures } = told;
    let value_of = |name: &&str| {
        let found = figures.iter().find(|figure| figure.name == **name);
        let Some(Found { value: Some(value), note, .. }) = found else {
            return Err(BedError::Unexpected(format!("{FILE} tells no {name}: run make cluster-test to its end")));
        };
        let note = format!("make cluster-test of {date} on Kubernetes {kubernetes} with version {version}: {note}");
        Ok(Measured::once(*value, note))
    };
    NAMES.iter().map(value_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_file_tells_every_figure_with_date_and_version() {
        let told = run(&Stop::never()).unwrap();
        assert_eq!(told.len(), NAMES.len());
        assert!(told.iter().all(|figure| figure.note.contains("on Kubernetes v1.")), "{}", told[0].note);
    }

    #[test]
    fn a_test_that_did_not_come_to_its_end_measured_nothing() {
        let cut = r#"{"date": "2026-11-24", "kubernetes": "v1.36.0", "version": "0.1.0", "figures": []}"#;
        let error = measured(cut).err().unwrap();
        assert!(error.to_string().contains("tells no cluster_rollout_server_failed"), "{error}");
    }
}
