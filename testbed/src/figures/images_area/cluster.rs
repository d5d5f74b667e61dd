//! What the last `make cluster-test` found, kept in a committed file: a cluster is not at hand wherever figures are
//! measured. The file holds the lines that the test printed, and comments that say when and where.

use std::fs;

use crate::figures::plan::Measured;
use crate::{BedError, Stop, binaries};

const FILE: &str = "docs/cluster-test.txt";
const NAMES: [&str; 4] =
    ["cluster_rollout_server_failed", "cluster_rollout_envoy_failed", "cluster_scale_failed", "cluster_lost"];

pub(super) fn run(_: &Stop) -> Result<Vec<Measured>, BedError> {
    let path = binaries::repository().join(FILE);
    let text = fs::read_to_string(&path)
        .map_err(|_| BedError::Unexpected(format!("there is no {FILE}: run make cluster-test on a cluster")))?;
    measured(&text)
}

fn measured(text: &str) -> Result<Vec<Measured>, BedError> {
    let comments: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# ")).collect();
    let note = format!("{FILE}: {}", comments.join("; "));
    let value_of = |name: &&str| {
        let of_it = text.lines().find_map(|line| line.strip_prefix(&format!("figure images {name} ")));
        let value = of_it.and_then(|rest| rest.split(' ').next()?.parse().ok());
        value
            .map(|value| Measured::once(value, note.clone()))
            .ok_or_else(|| BedError::Unexpected(format!("{FILE} tells no {name}: run make cluster-test to its end")))
    };
    NAMES.iter().map(value_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "\
# 2026-11-24, Kubernetes v1.36.0
figure images cluster_rollout_server_failed 0 calls ==0 ok
figure images cluster_rollout_envoy_failed 3 calls ==0 short
figure images cluster_scale_failed 0 calls ==0 ok
figure images cluster_lost 0 customers ==0 ok
";

    #[test]
    fn the_lines_of_the_last_test_are_told_with_its_date_and_version() {
        let told = measured(WHOLE).unwrap();
        assert_eq!(told.iter().map(|figure| figure.value).collect::<Vec<_>>(), [0.0, 3.0, 0.0, 0.0]);
        assert!(told[0].note.contains("2026-11-24, Kubernetes v1.36.0"));
    }

    #[test]
    fn a_test_that_did_not_come_to_its_end_measured_nothing() {
        let error = measured(WHOLE.split_once("figure images cluster_lost").unwrap().0).err().unwrap();
        assert!(error.to_string().contains("tells no cluster_lost"));
    }
}
