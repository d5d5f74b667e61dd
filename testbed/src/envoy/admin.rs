//! What Envoy says about itself over HTTP.

use std::net::{SocketAddr, SocketAddrV4};

use serde_json::Value;

use crate::http::get;

/// A server as Envoy sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Host {
    /// Its address.
    pub address: SocketAddr,
    /// Whether it gets calls.
    pub healthy: bool,
    /// Calls that were sent to it so far, those sent again too (`rq_total`).
    pub calls: u64,
    /// Those of them that failed: by a status of gRPC, or by a reset (`rq_error`).
    pub failed: u64,
}

pub(super) fn is_ready(telemetry: SocketAddrV4) -> bool {
    get(telemetry, "/ready").is_some_and(|text| text.trim() == "LIVE")
}

pub(super) fn hosts(admin: SocketAddrV4, cluster: &str) -> Vec<Host> {
    let text = get(admin, "/clusters?format=json").unwrap_or_default();
    let clusters: Value = serde_json::from_str(&text).unwrap_or_default();
    let ours = clusters["cluster_statuses"].as_array().into_iter().flatten().find(|status| status["name"] == cluster);
    ours.and_then(|status| status["host_statuses"].as_array()).into_iter().flatten().filter_map(host).collect()
}

pub(super) fn stats(admin: SocketAddrV4, filter: &str) -> Vec<(String, u64)> {
    let text = get(admin, &format!("/stats?filter={filter}")).unwrap_or_default();
    let line = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

/// `health_status` names each reason why a host gets no calls with a field of its own.
fn host(status: &Value) -> Option<Host> {
    let socket = &status["address"]["socket_address"];
    let address = format!("{}:{}", socket["address"].as_str()?, socket["port_value"]).parse().ok()?;
    let reasons = status["health_status"].as_object()?;
    let healthy = reasons.iter().all(|(name, value)| name == "eds_health_status" || value != true);
    let counters = status["stats"].as_array()?;
    // A count of 0 is left out.
    let count = |name: &str| {
        let counter = counters.iter().find(|counter| counter["name"] == name)?;
        counter["value"].as_str().map_or(Some(0), |value| value.parse().ok())
    };
    Some(Host { address, healthy, calls: count("rq_total")?, failed: count("rq_error")? })
}
