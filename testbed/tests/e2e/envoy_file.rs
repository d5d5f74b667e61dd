//! `envoy.yaml` is one file for compose, Kubernetes and the testbed: what is tested here is what runs there.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::Value;
use testbed::{Testbed, binaries, envoy};

/// Every leaf by its path. An empty mapping says something too: `grpc: {}` admits gRPC alone.
fn leaves(value: &Value, path: &str, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().for_each(|(name, field)| leaves(field, &format!("{path}/{name}"), found));
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(index, item)| leaves(item, &format!("{path}/{index}"), found));
        }
        leaf => {
            found.insert(path.to_owned(), leaf.clone());
        }
    }
}

fn leaves_of(value: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    leaves(value, "", &mut found);
    found
}

#[test]
fn an_empty_mapping_that_is_lost_would_be_noticed() {
    let with = leaves_of(&serde_json::json!({ "match": { "prefix": "/", "grpc": {}, "headers": [] } }));
    let without = leaves_of(&serde_json::json!({ "match": { "prefix": "/" } }));
    let lost: Vec<_> = with.keys().filter(|path| !without.contains_key(*path)).collect();
    assert_eq!(lost, ["/match/grpc", "/match/headers"]);
}

#[test]
fn the_testbed_changes_ports_bind_addresses_and_resolver_and_nothing_else() {
    let bed = Testbed::new().envoy().start().unwrap();
    let ours: Value = serde_saphyr::from_str(&fs::read_to_string(envoy::file()).unwrap()).unwrap();
    let placed: Value = serde_json::from_slice(&fs::read(bed.folder().join("envoy.json")).unwrap()).unwrap();
    let (ours, placed) = (leaves_of(&ours), leaves_of(&placed));

    let lost: Vec<_> = ours.keys().filter(|path| !placed.contains_key(*path)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    let changed: Vec<_> =
        placed.iter().filter(|(path, value)| ours.get(*path) != Some(value)).map(|(path, _)| path).collect();
    for path in &changed {
        let of_a_socket = path.ends_with("/socket_address/port_value") || path.ends_with("/socket_address/address");
        assert!(of_a_socket || path.starts_with("/typed_dns_resolver_config/"), "{path}");
    }
    let name = placed.values().filter(|value| *value == "app-server-headless").count();
    assert_eq!(name, ours.values().filter(|value| *value == "app-server-headless").count(), "the servers' name stays");
}

/// `make manifests` writes it again.
#[test]
fn the_config_map_holds_the_file_to_the_letter() {
    let map = fs::read_to_string(binaries::repository().join("manifests/envoy-conf.yaml")).unwrap();
    let map: Value = serde_saphyr::from_str(&map).unwrap();
    assert_eq!(map["data"]["envoy.yaml"].as_str().unwrap(), fs::read_to_string(envoy::file()).unwrap());
}

#[test]
fn envoy_takes_the_file_without_a_warning() {
    let output = Command::new(binaries::envoy().unwrap())
        .args(["--mode", "validate", "--config-path"])
        .arg(envoy::file())
        .args(envoy::FLAGS)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}");
    for word in ["[warning]", "[error]", "[critical]", "deprecated"] {
        assert!(!said.to_lowercase().contains(word), "{said}");
    }
}

/// Validation reads the file only; some warnings come when Envoy starts.
#[test]
fn envoy_starts_and_serves_without_a_warning() {
    let bed = Testbed::new().servers(1).envoy().start().unwrap();
    testbed::equal_calls(bed.envoy_address(), 10, &testbed::Stop::never()).unwrap();
    let log = bed.envoy().process().log();
    assert!(log.is_empty(), "{log}");
}

#[test]
fn the_worker_count_that_the_spread_is_held_against_is_the_one_on_the_command_line() {
    let workers = envoy::FLAGS.iter().skip_while(|flag| **flag != "--concurrency").nth(1).unwrap();
    assert_eq!(*workers, envoy::WORKERS.to_string());
}
