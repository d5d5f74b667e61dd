//! Limits of `envoy.yaml` that take minutes, or thousands of connections, to reach: each is made smaller where it stands, and
//! reached. Where its line is taken out there is nothing to make smaller, and what Envoy does by default is seen.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use async_std::task::block_on;
use serde_json::{Value, json};
use testbed::envoy::ConfigFile;
use testbed::{Bed, Testbed, until_true};
use ticketing_client::{Channel, Code, Target};

use crate::python;

const MANAGER: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
const TELEMETRY: &str = "/static_resources/listeners/1/filter_chains/0/filters/0/typed_config";
const OVERLOAD: &str = "/overload_manager";
/// What a caller says first; Envoy answers it.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const PROBE: &[u8] = b"GET /ready HTTP/1.1\r\nhost: envoy\r\n\r\n";

fn fields<'a>(config: &'a mut Value, place: &str, name: &str) -> Option<&'a mut Value> {
    config.pointer_mut(place)?.get_mut(name)
}

/// The repository's file, with this value where there is one.
fn with(place: &str, name: &str, value: Value) -> ConfigFile {
    ConfigFile::of_repository().unwrap().changed(|config| {
        if let Some(there) = fields(config, place, name) {
            *there = value;
        }
    })
}

/// And without this one, which would hide the other.
fn without(file: ConfigFile, place: &str, name: &str) -> ConfigFile {
    file.changed(|config| {
        config.pointer_mut(place).and_then(Value::as_object_mut).and_then(|fields| fields.remove(name));
    })
}

fn start(file: ConfigFile) -> Bed {
    Testbed::new().envoy().envoy_file(file).start().unwrap()
}

/// What becomes of a connection on which nothing goes on: `ended`, or `held`.
fn held(bed: &Bed, what: &str) -> String {
    python::call("idle.py", bed.envoy_address(), &[what]).trim().to_owned()
}

/// As a probe asks, on a connection of its own.
fn is_seen_to_be_ready(bed: &Bed) -> bool {
    answered(bed.envoy().telemetry().into(), 1, PROBE) == 1
}

/// As many of so many connections as are answered.
fn answered(address: SocketAddr, many: usize, say: &[u8]) -> usize {
    let open: Vec<_> = (0..many).map(|_| TcpStream::connect(address).unwrap()).collect();
    let is_answered = |mut stream: &TcpStream| {
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        // It may be closed already.
        let _ = stream.write_all(say);
        stream.read(&mut [0]).is_ok_and(|read| read > 0)
    };
    open.iter().filter(|stream| is_answered(stream)).count()
}

/// `connection_keepalive`: by default a caller that vanished holds its connection, and what Envoy knows of it, for good.
#[test]
fn a_connection_whose_caller_no_longer_answers_is_closed() {
    let options = format!("{MANAGER}/http2_protocol_options");
    let bed = start(with(&options, "connection_keepalive", json!({ "interval": "1s", "timeout": "3s" })));
    assert_eq!((held(&bed, "deaf").as_str(), held(&bed, "connection").as_str()), ("ended", "held"));
}

/// `idle_timeout`, by default an hour.
#[test]
fn a_connection_without_calls_is_closed() {
    let bed = start(with(&format!("{MANAGER}/common_http_protocol_options"), "idle_timeout", json!("1s")));
    assert_eq!(held(&bed, "connection"), "ended");
}

/// `stream_idle_timeout`, by default five minutes.
#[test]
fn a_call_on_which_nothing_goes_on_is_ended() {
    let bed = start(without(with(MANAGER, "stream_idle_timeout", json!("1s")), MANAGER, "request_timeout"));
    assert_eq!(held(&bed, "call"), "ended");
}

/// `request_timeout`, by default never.
#[test]
fn a_call_whose_message_does_not_come_is_ended() {
    let bed = start(without(with(MANAGER, "request_timeout", json!("1s")), MANAGER, "stream_idle_timeout"));
    assert_eq!(held(&bed, "call"), "ended");
}

/// `max_active_downstream_connections`; `bypass_overload_manager` of the listener for probes.
#[test]
fn connections_past_the_limit_are_closed_and_envoy_is_still_seen_to_be_ready() {
    const LIMIT: usize = 20;
    let monitor = format!("{OVERLOAD}/resource_monitors/0/typed_config");
    let bed = start(with(&monitor, "max_active_downstream_connections", json!(LIMIT)));
    let open: Vec<_> = (0..2 * LIMIT).map(|_| TcpStream::connect(bed.envoy_address()).unwrap()).collect();
    let refused = || bed.envoy().stats("downstream_global_cx_overflow").iter().map(|(_, count)| count).sum::<u64>();
    until_true("connections past the limit are closed", || refused() > 0).unwrap();
    assert!(is_seen_to_be_ready(&bed));
    drop(open);
    until_true("Envoy has seen them go", || answered(bed.envoy_address(), 1, PREFACE) == 1).unwrap();
    let answered = answered(bed.envoy_address(), 2 * LIMIT, PREFACE);
    assert!((1..=LIMIT).contains(&answered), "{answered}");
}

/// `connection_limit` of the listener for probes, which the limit of all connections does not bound.
#[test]
fn probes_have_a_limit_of_connections_of_their_own() {
    const LIMIT: usize = 5;
    let bed = start(with(TELEMETRY, "max_connections", json!(LIMIT)));
    let answered = answered(bed.envoy().telemetry().into(), 4 * LIMIT, PROBE);
    assert!((1..=LIMIT).contains(&answered), "{answered}");
}

/// A heap that is full from the beginning, and nothing but this done about it.
fn with_a_full_heap(action: &str) -> Bed {
    let monitor = format!("{OVERLOAD}/resource_monitors/1/typed_config");
    let bed = start(with(&monitor, "max_heap_size_bytes", json!(1)).changed(|config| {
        let actions = fields(config, OVERLOAD, "actions").and_then(Value::as_array_mut).unwrap();
        actions.retain(|each| each["name"] == action);
    }));
    let active = format!("overload.{action}.active");
    // Where it is not there, its test finds out what that means.
    let _ = until_true("Envoy sees that it is full", || {
        let found = bed.envoy().stats(&active);
        found.is_empty() || found.iter().any(|(_, value)| *value == 1)
    });
    bed
}

/// `reduce_timeouts`: else they are held for a quarter of an hour.
#[test]
fn connections_without_calls_are_closed_soon_when_the_heap_fills() {
    assert_eq!(held(&with_a_full_heap("envoy.overload_actions.reduce_timeouts"), "connection"), "ended");
}

/// `reject_incoming_connections`.
#[test]
fn connections_are_refused_when_the_heap_is_full_and_envoy_is_still_seen_to_be_ready() {
    let bed = with_a_full_heap("envoy.overload_actions.reject_incoming_connections");
    assert_eq!(answered(bed.envoy_address(), 3, PREFACE), 0);
    assert!(is_seen_to_be_ready(&bed));
}

/// `stop_accepting_requests`.
#[test]
fn calls_are_refused_when_the_heap_is_full() {
    let bed = with_a_full_heap("envoy.overload_actions.stop_accepting_requests");
    let envoy = bed.envoy_address();
    let channel = Channel::builder(Target::new(&envoy.ip().to_string(), envoy.port()).unwrap()).build();
    let refused = block_on(channel.customers().identify()).unwrap_err();
    assert_eq!((refused.code, refused.message.as_str()), (Code::Unavailable, "envoy overloaded"));
}
