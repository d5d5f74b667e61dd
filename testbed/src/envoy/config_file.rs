//! Configurations of Envoy that the repository holds.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Places, place};
use crate::{BedError, binaries};

/// The repository's `envoy.yaml`.
pub fn file() -> PathBuf {
    binaries::repository().join("envoy.yaml")
}

/// What the articles on gRPC behind Envoy build, in today's syntax: what `envoy.yaml` is compared with.
pub fn article_file() -> PathBuf {
    binaries::repository().join("testbed/article-envoy.yaml")
}

/// A configuration, and the file that it came from.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    path: PathBuf,
    config: Value,
}

impl ConfigFile {
    /// `envoy.yaml`.
    pub fn of_repository() -> Result<Self, BedError> {
        Self::of(file())
    }

    /// [`article_file`].
    pub fn of_articles() -> Result<Self, BedError> {
        Self::of(article_file())
    }

    /// Another file of the repository, given by its whole path.
    pub fn of(path: PathBuf) -> Result<Self, BedError> {
        Ok(Self { config: read(&path)?, path })
    }

    /// What a ConfigMap of the repository holds under `envoy.yaml`.
    pub fn of_config_map(path: impl AsRef<Path>) -> Result<Self, BedError> {
        let path = binaries::repository().join(path);
        let map = read(&path)?;
        let text = map["data"]["envoy.yaml"].as_str();
        let text = text.ok_or_else(|| unfit(&path, "is no ConfigMap with a key envoy.yaml".to_owned()))?;
        Ok(Self { config: parse(&path, text)?, path })
    }

    /// The share of calls, from 0 to 1, that every route with weights gives to its first cluster, which is the canary's.
    pub fn canary_weight(&self) -> Result<f64, BedError> {
        let mut shares = Vec::new();
        weights_in(&self.config, &mut shares);
        match shares.as_slice() {
            [first, rest @ ..] if rest.iter().all(|share| (share - first).abs() < f64::EPSILON) => Ok(*first),
            _ => Err(unfit(&self.path, format!("has not one weight for the canary but {shares:?}"))),
        }
    }

    /// As JSON, on loopback.
    pub(super) fn placed(&self, places: &Places) -> Result<Vec<u8>, BedError> {
        let config = place(self.config.clone(), places).map_err(|reason| unfit(&self.path, reason))?;
        Ok(config.to_string().into_bytes())
    }
}

fn weights_in(value: &Value, shares: &mut Vec<f64>) {
    if let Some(clusters) = value.pointer("/weighted_clusters/clusters").and_then(Value::as_array) {
        let weights: Vec<_> = clusters.iter().filter_map(|each| each["weight"].as_f64()).collect();
        shares.extend(weights.first().map(|first| first / weights.iter().sum::<f64>()));
    }
    match value {
        Value::Object(fields) => fields.values().for_each(|field| weights_in(field, shares)),
        Value::Array(items) => items.iter().for_each(|item| weights_in(item, shares)),
        _ => {}
    }
}

fn read(path: &Path) -> Result<Value, BedError> {
    let text = fs::read_to_string(path).map_err(BedError::io(format!("read {}", path.display())))?;
    parse(path, &text)
}

fn parse(path: &Path, text: &str) -> Result<Value, BedError> {
    serde_saphyr::from_str(text).map_err(|error| unfit(path, error.to_string()))
}

fn unfit(path: &Path, reason: String) -> BedError {
    BedError::EnvoyFile { path: path.to_owned(), reason }
}
