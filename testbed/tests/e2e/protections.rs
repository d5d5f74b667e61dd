//! Protections of `envoy.yaml` that nobody sees while all is well: each test fails when its lines are taken out.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use async_std::task::{self, block_on};
use futures::future::join_all;
use futures::{FutureExt as _, StreamExt as _};
use grpcio::{CallOption, ChannelBuilder, EnvBuilder};
use testbed::{Bed, Server, Stop, Testbed, equal_calls, until_true};
use ticketing_client::{Channel, Channels, Policy, State, Target};
use ticketing_proto::reflection_v1_grpc::ServerReflectionClient;
use ticketing_proto::ticketing::CreateCustomerRequest;

fn stat(bed: &Bed, name: &str) -> u64 {
    let full = format!("cluster.app-server-headless.{name}");
    bed.envoy().stats(name).into_iter().find(|(stat, _)| *stat == full).map_or(0, |(_, value)| value)
}

/// `retry_on` of the route for reads; and the retry budget: by default Envoy sends 3 calls at a time again, and the rest of
/// those that a server takes with it fail.
#[test]
fn all_reads_that_a_server_takes_with_it_are_sent_again() {
    const CALLS: usize = 60;
    let bed = Testbed::new().servers(2).envoy().start().unwrap();
    let address = bed.envoy_address();
    let target = Target::new(&address.ip().to_string(), address.port()).unwrap();
    let channel = Channel::builder(target).deadline(Duration::from_secs(10)).build();
    bed.server(0).stop();
    let calls: Vec<_> = (0..CALLS)
        .map(|_| {
            let customers = channel.customers();
            task::spawn(async move { customers.identify().await })
        })
        .collect();
    // The other half is answered: Envoy takes turns.
    let half = CALLS as u64 / 2;
    until_true("half of the calls wait for the stopped server", || {
        stat(&bed, "upstream_rq_total") >= 2 * half && stat(&bed, "upstream_rq_active") == half
    })
    .unwrap();
    bed.server(0).kill().unwrap();
    for outcome in block_on(join_all(calls)) {
        assert_eq!(outcome.unwrap_or_else(|error| panic!("{error}\n{}", bed.logs())), "app-server-2");
    }
}

/// `outlier_detection`: a server that refuses connections is left at once, before health checks have found it.
#[test]
fn a_server_that_refuses_connections_is_ejected() {
    let bed = Testbed::new().servers(2).envoy().start().unwrap();
    let ejections = || stat(&bed, "outlier_detection.ejections_enforced_total");
    // A health check may come first; then there is nothing to eject, and it is tried again.
    until_true("an ejection", || {
        bed.server(0).kill().unwrap();
        equal_calls(bed.envoy_address(), 50, &Stop::never()).unwrap();
        let ejected = ejections() > 0;
        bed.server(0).start_again().unwrap();
        bed.settle().unwrap();
        ejected
    })
    .unwrap();
}

/// `circuit_breakers`: by default the 1,025th call at a time is refused, however idle the servers are.
#[test]
fn more_calls_at_a_time_than_envoy_lets_through_by_default_are_all_answered() {
    const CALLS: usize = 1_200;
    const CONNECTIONS: usize = 6;
    let bed = Testbed::new().servers(2).envoy().start().unwrap();
    let address = bed.envoy_address();
    let target = Target::new(&address.ip().to_string(), address.port()).unwrap();
    // One connection may have 256 of them, and the first that is ready would have more than the others.
    let channels = Channels::builder(target)
        .policy(Policy::Pool { connections: CONNECTIONS })
        .deadline(Duration::from_secs(15))
        .build();
    let (mut states, mut ready) = (channels.states(), BTreeSet::new());
    until_true("all connections are ready", || {
        block_on(join_all((0..10 * CONNECTIONS).map(|_| async { channels.customers().identify().await.unwrap() })));
        while let Some(Some(change)) = states.next().now_or_never() {
            ready.extend((change.state == State::Ready).then_some(change.connection));
        }
        ready.len() == CONNECTIONS
    })
    .unwrap();
    bed.servers().iter().for_each(Server::stop);
    let calls: Vec<_> = (0..CALLS)
        .map(|number| {
            let customers = channels.customers();
            let request = CreateCustomerRequest {
                first_name: "Caller".to_owned(),
                last_name: number.to_string(),
                ..CreateCustomerRequest::new()
            };
            // Sent once, so that each is one call at a server.
            task::spawn(async move { customers.create_once(&request).await })
        })
        .collect();
    let all = until_true("all calls are with the stopped servers", || stat(&bed, "upstream_rq_active") == CALLS as u64);
    bed.servers().iter().for_each(Server::cont);
    all.unwrap();
    for outcome in block_on(join_all(calls)) {
        outcome.unwrap_or_else(|error| panic!("{error}\n{}", bed.logs()));
    }
}

/// `priority` of the route `reflection`: streams that stay open fill what all calls share.
#[test]
fn calls_go_on_while_streams_of_reflection_are_held_open() {
    const CONNECTIONS: usize = 10;
    const STREAMS: usize = 250;
    let bed = Testbed::new().servers(2).envoy().start().unwrap();
    let environment = Arc::new(EnvBuilder::new().cq_count(1).build());
    let mut open = Vec::new();
    for _ in 0..CONNECTIONS {
        let channel = ChannelBuilder::new(Arc::clone(&environment)).use_local_subchannel_pool(true);
        let client = ServerReflectionClient::new(channel.connect(&bed.envoy_address().to_string()));
        for _ in 0..STREAMS {
            let options = CallOption::default().timeout(Duration::from_secs(30));
            open.push(client.server_reflection_info_opt(options).unwrap());
        }
    }
    until_true("streams are refused", || stat(&bed, "upstream_rq_active_overflow") > 100).unwrap();
    let tally = equal_calls(bed.envoy_address(), 100, &Stop::never()).unwrap();
    assert_eq!(tally.failed(), 0, "{:?}\n{}", tally.first_failure, bed.logs());
}

/// `max_concurrent_streams` (CVE-2023-44487, rapid reset), as Envoy tells each caller at the beginning.
#[test]
fn a_connection_may_open_256_streams_at_a_time() {
    const MAX_CONCURRENT_STREAMS: u16 = 3;
    let bed = Testbed::new().envoy().start().unwrap();
    let settings = settings_of(bed.envoy_address());
    let streams = settings.iter().find(|(name, _)| *name == MAX_CONCURRENT_STREAMS).map(|(_, value)| *value);
    assert_eq!(streams, Some(256), "{settings:?}");
}

/// `MAX_CONCURRENT_STREAMS` of the server: the same, for whoever gets there past Envoy.
#[test]
fn a_connection_to_a_server_may_open_1024_streams_at_a_time() {
    const MAX_CONCURRENT_STREAMS: u16 = 3;
    let bed = Testbed::new().servers(1).envoy().start().unwrap();
    let settings = settings_of(bed.server(0).address().into());
    let streams = settings.iter().find(|(name, _)| *name == MAX_CONCURRENT_STREAMS).map(|(_, value)| *value);
    assert_eq!(streams, Some(1024), "{settings:?}");
}

/// `codec_type`: else HTTP/1.1 is spoken too, with all that proxies and servers read differently in it (CWE-444).
#[test]
fn envoy_speaks_no_http_1() {
    let bed = Testbed::new().envoy().start().unwrap();
    let mut stream = TcpStream::connect(bed.envoy_address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: envoy\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    // A reset ends it as well as a close does.
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1"), "{}", String::from_utf8_lossy(&answer));
}

/// `codec_type` of the listener for probes and metrics: else one connection could ask for the page many times at once.
#[test]
fn the_listener_for_telemetry_speaks_no_http_2() {
    const SETTINGS: u8 = 4;
    let bed = Testbed::new().envoy().start().unwrap();
    let mut stream = TcpStream::connect(bed.envoy().telemetry()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    let mut head = [0; 9];
    // A close, or a refusal in HTTP/1.1.
    if stream.read_exact(&mut head).is_ok() {
        assert_ne!(head[3], SETTINGS, "{head:?}");
    }
}

/// `request_timeout`: else whoever begins a call and never ends its headers keeps a stream for as long as it likes.
#[test]
fn a_call_whose_headers_do_not_end_is_ended() {
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    let bed = Testbed::new().envoy().start().unwrap();
    let mut stream = TcpStream::connect(bed.envoy_address()).unwrap();
    // Shorter than the interval of `connection_keepalive`.
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    // HEADERS of stream 1 without END_HEADERS, with one header: `:method: POST` of the static table.
    stream.write_all(b"\0\0\x01\x01\0\0\0\0\x01\x83").unwrap();
    loop {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).inspect_err(|error| assert_ne!(error.kind(), ErrorKind::WouldBlock)).is_err() {
            break;
        }
        if head[3] == HEADERS || head[3] == RST_STREAM {
            break;
        }
        let mut rest = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut rest).unwrap();
    }
}

/// The first frame that an HTTP/2 server sends (RFC 9113, 3.4 and 6.5).
fn settings_of(address: SocketAddr) -> Vec<(u16, u32)> {
    const SETTINGS: u8 = 4;
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    let mut head = [0; 9];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(head[3], SETTINGS);
    let mut settings = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    stream.read_exact(&mut settings).unwrap();
    let entry = |entry: &[u8]| {
        let (name, value) = entry.split_at(2);
        (u16::from_be_bytes(name.try_into().unwrap()), u32::from_be_bytes(value.try_into().unwrap()))
    };
    settings.chunks_exact(6).map(entry).collect()
}
