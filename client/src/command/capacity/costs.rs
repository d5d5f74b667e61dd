//! What the model counts with. `costs.json` has each cost with its unit and its meaning; `docs/scaling.md` says how it was
//! measured.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Of any unit. More is a slip, and overflows.
const MOST: f64 = 1e12;

/// Each by its name, as measured unless a file says otherwise.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Costs {
    pub(super) envoy_call_us: f64,
    pub(super) envoy_call_many_us: f64,
    pub(super) server_hit_us: f64,
    pub(super) server_miss_us: f64,
    pub(super) server_create_us: f64,
    pub(super) database_miss_us: f64,
    pub(super) database_create_us: f64,
    pub(super) database_creates_per_second: f64,
    pub(super) database_customer_bytes: f64,
    pub(super) envoy_check_us: f64,
    pub(super) server_check_us: f64,
    pub(super) envoy_dns_address_us: f64,
    pub(super) envoy_connection_us: f64,
    pub(super) envoy_connection_bytes: f64,
    pub(super) envoy_address_bytes: f64,
    pub(super) envoy_base_mb: f64,
    pub(super) server_envoy_bytes: f64,
    pub(super) server_base_mb: f64,
    pub(super) dns_address_bytes: f64,
    pub(super) dns_base_bytes: f64,
}

/// A cost as `costs.json` explains it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Explained {
    pub(crate) name: String,
    pub(crate) value: f64,
    #[cfg(test)]
    pub(crate) unit: String,
    #[cfg(test)]
    pub(crate) meaning: String,
}

/// All costs, in the order of the file.
pub(crate) fn explained() -> Vec<Explained> {
    serde_json::from_str(include_str!("costs.json")).expect("costs.json is ours")
}

impl Costs {
    /// As they were measured.
    pub(crate) fn measured() -> Self {
        Self::of(BTreeMap::new()).expect("costs.json has each of them")
    }

    /// As measured, but for those that a file of JSON has: an object of names and numbers.
    pub(super) fn of_file(path: &Path) -> Result<Self, String> {
        let unfit = |reason: &dyn std::fmt::Display| format!("{}: {reason}", path.display());
        let text = fs::read_to_string(path).map_err(|error| unfit(&error))?;
        let given = serde_json::from_str(&text).map_err(|error| {
            unfit(&format!("{error}; an object of costs is meant, for example {{\"server_hit_us\": 12.5}}"))
        })?;
        Self::of(given).map_err(|reason| unfit(&reason))
    }

    fn of(given: BTreeMap<String, f64>) -> Result<Self, String> {
        let sane = |value: f64| value > 0.0 && value <= MOST;
        if let Some((name, value)) = given.iter().find(|(_, value)| !sane(**value)) {
            return Err(format!("{name} is {value}: a cost is more than 0, and at most {MOST:e}"));
        }
        let known = explained().into_iter().map(|cost| (cost.name, cost.value));
        let all: serde_json::Map<_, _> = known.chain(given).map(|(name, value)| (name, value.into())).collect();
        serde_json::from_value(all.into()).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Costs, String> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), text).expect("written");
        Costs::of_file(file.path())
    }

    #[test]
    fn a_file_changes_the_costs_that_it_names_and_no_other() {
        let costs = of(r#"{ "server_hit_us": 12.5 }"#).expect("costs");
        assert!((costs.server_hit_us - 12.5).abs() < f64::EPSILON);
        assert!((costs.server_miss_us - Costs::measured().server_miss_us).abs() < f64::EPSILON);
    }

    #[test]
    fn a_cost_that_is_not_known_or_cannot_be_is_named() {
        assert!(
            of(r#"{ "server_hit": 1 }"#).expect_err("refused").contains("unknown field `server_hit`, expected one of")
        );
        assert!(
            of(r#"{ "server_hit_us": -1 }"#)
                .expect_err("refused")
                .contains("server_hit_us is -1: a cost is more than 0")
        );
        assert!(of("[]").expect_err("refused").contains("an object of costs is meant"));
    }
}
