//! Configurations of Envoy that the repository holds.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::beside::move_paths;
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
    /// Files that the configuration names and that lie beside it, by their names.
    beside: Vec<(String, Value)>,
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
        Ok(Self { config: read(&path)?, path, beside: Vec::new() })
    }

    /// What a ConfigMap of the repository holds: `envoy.yaml` and the files beside it.
    pub fn of_config_map(path: impl AsRef<Path>) -> Result<Self, BedError> {
        let path = binaries::repository().join(path);
        let map = read(&path)?;
        let files = map["data"].as_object().into_iter().flatten();
        // A patch takes a file away by null.
        let texts = files.filter_map(|(name, text)| Some((name, text.as_str()?)));
        let parsed = texts.map(|(name, text)| parse(&path, text).map(|file| (name.clone(), file)));
        let mut beside = parsed.collect::<Result<Vec<_>, BedError>>()?;
        let ours = beside.iter().position(|(name, _)| name == "envoy.yaml");
        let ours = ours.ok_or_else(|| unfit(&path, "is no ConfigMap with a key envoy.yaml".to_owned()))?;
        Ok(Self { config: beside.remove(ours).1, path, beside })
    }

    /// The same with a change, to see what a line does that others hide.
    #[must_use]
    pub fn changed(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.config);
        self
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

    /// As JSON, on loopback, with the files that it names in `folder`.
    pub(super) fn placed(&self, places: &Places, folder: &Path) -> Result<Vec<u8>, BedError> {
        let mut config = place(self.config.clone(), places).map_err(|reason| unfit(&self.path, reason))?;
        move_paths(&mut config, folder);
        Ok(config.to_string().into_bytes())
    }

    /// Writes the files beside it, each as JSON, which is YAML too.
    pub(super) fn write_beside(&self, folder: &Path) -> Result<(), BedError> {
        self.beside.iter().try_for_each(|(name, file)| {
            let (mut file, path) = (file.clone(), folder.join(name));
            move_paths(&mut file, folder);
            fs::write(&path, file.to_string()).map_err(BedError::io(format!("write {}", path.display())))
        })
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
