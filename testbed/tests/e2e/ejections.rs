//! Servers that say SERVING and do not do their work are left; callers cannot bring that about.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use async_std::task::{self, block_on};
use serde_json::{Value, json};
use testbed::envoy::ConfigFile;
use testbed::{Bed, Load, Manner, Service, Stop, Testbed, Trouble, equal_calls, until_true};
use ticketing_client::{Channel, Target};

use crate::python;

const CALLERS: usize = 16;
/// Longer than Envoy waits for one server alone.
const SLOW: Duration = Duration::from_millis(500);

/// Services of this process beside the servers of a bed.
fn beside(bed: &Bed, count: u8) -> Vec<Service> {
    let address = |last| SocketAddrV4::new(Ipv4Addr::new(127, 4, 1, last), bed.server_port());
    let services: Vec<_> = (1..=count).map(address).collect();
    let started = services.iter().map(|address| {
        bed.endpoints().add(*address);
        Service::start_at((*address).into(), Manner::default()).unwrap()
    });
    let started = started.collect();
    bed.settle().unwrap();
    started
}

fn is_left(bed: &Bed, service: &Service) -> bool {
    bed.envoy().hosts().iter().any(|host| host.address == service.address() && !host.healthy)
}

fn calls(bed: &Bed, service: &Service) -> u64 {
    bed.envoy().hosts().iter().find(|host| host.address == service.address()).map_or(0, |host| host.calls)
}

/// It is well again: it gets calls as before.
fn until_taken_back(bed: &Bed, service: &Service) {
    service.suffer(Trouble::Nothing);
    bed.settle().unwrap();
    let before = calls(bed, service);
    until_true("it gets calls again", || calls(bed, service) > before + 100).unwrap();
}

fn ejections(bed: &Bed) -> u64 {
    bed.envoy().stats("outlier_detection.ejections_enforced_total").iter().map(|(_, count)| count).sum()
}

/// `per_try_timeout` of the route `get`, `enforcing_failure_percentage_local_origin`, `failure_percentage_minimum_hosts`.
#[test]
fn a_server_that_answers_late_is_left_and_taken_back() {
    let bed = Testbed::new().servers(2).envoy().start().unwrap();
    let service = &beside(&bed, 1)[0];
    let load = bed.load(CALLERS);
    service.suffer(Trouble::Slow(SLOW));
    until_true("Envoy leaves the slow server", || is_left(&bed, service)).unwrap();
    until_taken_back(&bed, service);
    let tally = load.stop();
    assert_eq!(tally.failed(), 0, "{:?}", tally.first_failure);
}

/// `enforcing_failure_percentage`.
#[test]
fn a_server_that_fails_half_of_its_calls_is_left_and_taken_back() {
    let bed = Testbed::new().servers(2).envoy().start().unwrap();
    let service = &beside(&bed, 1)[0];
    let load = bed.load(CALLERS);
    service.suffer(Trouble::FailsHalf);
    until_true("Envoy leaves the failing server", || is_left(&bed, service)).unwrap();
    until_taken_back(&bed, service);
    drop(load);
}

/// `successful_active_health_check_uneject_host: false`: by default the next good health check takes it back in, to fail on.
#[test]
fn a_server_that_is_left_stays_so_though_it_says_that_it_is_well() {
    let file = ConfigFile::of_repository().unwrap().changed(|config| {
        let ejections = config.pointer_mut("/static_resources/clusters/0/outlier_detection").expect("they are there");
        ejections["base_ejection_time"] = json!("300s");
        ejections["max_ejection_time"] = json!("300s");
    });
    let bed = Testbed::new().servers(2).envoy().envoy_file(file).start().unwrap();
    let service = &beside(&bed, 1)[0];
    let load = bed.load(CALLERS);
    service.suffer(Trouble::FailsHalf);
    until_true("Envoy leaves the failing server", || is_left(&bed, service)).unwrap();
    let checks = || bed.envoy().stats("health_check.success").iter().map(|(_, count)| count).sum::<u64>();
    let before = checks();
    // Of each of the three servers several.
    until_true("Envoy has asked how it is", || checks() >= before + 12).unwrap();
    // By default it is left again each second.
    assert_eq!((is_left(&bed, service), ejections(&bed)), (true, 1));
    drop(load);
}

/// `max_ejection_percent`: what all servers suffer from is not the fault of one, and to leave them all would help nobody.
#[test]
fn never_more_than_half_of_the_servers_are_left() {
    const SERVICES: u8 = 4;
    let bed = Testbed::new().envoy().start().unwrap();
    let services = beside(&bed, SERVICES);
    let load = Load::start(bed.envoy_address(), CALLERS);
    for service in &services {
        service.suffer(Trouble::FailsHalf);
    }
    let mut left = 0;
    // More than are left at a time: some have come back, and others have taken their place.
    until_true("Envoy leaves some, and others after them", || {
        left = left.max(bed.envoy().hosts().iter().filter(|host| !host.healthy).count());
        ejections(&bed) > u64::from(SERVICES) / 2
    })
    .unwrap();
    drop(load);
    assert!((1..=usize::from(SERVICES) / 2).contains(&left), "{left}");
}

/// `hedge_on_per_try_timeout`: where every server is late, the first answer still counts.
#[test]
fn a_read_that_every_server_answers_late_is_answered() {
    let bed = Testbed::new().envoy().start().unwrap();
    let services = beside(&bed, 2);
    for service in &services {
        service.suffer(Trouble::Slow(SLOW));
    }
    let address = bed.envoy_address();
    let channel = Channel::builder(Target::new(&address.ip().to_string(), address.port()).unwrap()).build();
    block_on(channel.customers().identify()).unwrap();
    // A second attempt was made, and the first one heard.
    assert_eq!(services.iter().map(Service::attempts).sum::<u64>(), 2);
}

/// What a caller does wrong, again and again, is never taken for a failure of the server that says so.
#[test]
fn callers_cannot_have_a_server_ejected() {
    const TIMES: usize = 60;
    // Longer than Envoy looks at a share of calls: each kind is all that there is for it to see.
    const APART: Duration = Duration::from_millis(1_100);
    let get = "/ticketing.CustomerController/GetCustomer";
    let proper = [(":method", "POST"), ("content-type", "application/grpc"), ("te", "trailers")];
    let request = |path: &str, more: &[(&str, &str)]| -> Value {
        let path = [(":path", path)];
        proper[..1]
            .iter()
            .chain(&path)
            .chain(&proper[1..])
            .chain(more)
            .map(|(name, value)| json!([name, value]))
            .collect()
    };
    let bed = Testbed::new().servers(2).envoy().start().unwrap();
    let requests = [
        request(get, &[("x-mark-bin", "not base64!")]),
        request(get, &[("grpc-previous-rpc-attempts", "many")]),
        request(get, &[("grpc-timeout", "1n")]),
        request(get, &[("grpc-encoding", "gzip")]),
        request("/ticketing.CustomerController/NoSuchMethod", &[]),
        request("/ticketing.CustomerController/CreateCustomer", &[]),
        request(&format!("{get}?x"), &[]),
        request("/grpc.health.v1.Health/Check?x", &[]),
        request("/grpc.reflection.v1.ServerReflection/Anything", &[]),
        json!({ "headers": request(get, &[]), "trailers": [["x-mark-bin", "not base64!"]] }),
    ];
    for request in requests {
        let requests = json!([request]).to_string();
        python::call("raw_requests.py", bed.envoy_address(), &[&TIMES.to_string(), &requests]);
        block_on(task::sleep(APART));
        assert_eq!(ejections(&bed), 0, "{requests}");
    }
    let address = bed.envoy_address();
    let channel = Channel::builder(Target::new(&address.ip().to_string(), address.port()).unwrap()).build();
    for _ in 0..TIMES {
        block_on(channel.customers().get("nobody")).unwrap_err();
        block_on(channel.customers().list(-1, "")).unwrap_err();
        block_on(channel.customers().list(0, "no token")).unwrap_err();
    }
    assert_eq!(ejections(&bed), 0);
    let bystander = equal_calls(bed.envoy_address(), 100, &Stop::never()).unwrap();
    assert_eq!((bystander.failed(), bystander.pods.len()), (0, 2), "{:?}", bystander.first_failure);
}
