//! What DNS does to callers: its faults nothing, as long as the servers are there; its answers, however long, spread calls.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::process::Command;

use testbed::envoy::{CLUSTER, ConfigFile, Envoy, Host};
use testbed::{
    Bed, DnsAnswer, DnsServer, Endpoints, Port, Process, Server, Stop, Testbed, binaries, equal_calls, until_true,
};

use crate::python;

#[test]
fn a_fault_of_dns_fails_no_call() {
    let bed = Testbed::new().servers(2).envoy().start().unwrap();
    for fault in [DnsAnswer::ServerFailure, DnsAnswer::NoSuchName, DnsAnswer::Empty] {
        bed.dns().answer_with(fault);
        until_envoy_has_seen_it(&bed);
        let tally = equal_calls(bed.envoy_address(), 100, &Stop::never()).unwrap();
        assert_eq!((tally.failed(), tally.pods.len()), (0, 2), "{fault:?}: {:?}", tally.first_failure);
    }
}

#[test]
fn a_pod_that_came_during_a_fault_of_dns_gets_calls_after_it() {
    let mut bed = Testbed::new().servers(1).envoy().start().unwrap();
    bed.dns().answer_with(DnsAnswer::ServerFailure);
    until_envoy_has_seen_it(&bed);
    bed.dns().answer_with(DnsAnswer::Addresses);
    bed.scale(2).unwrap();
    let tally = equal_calls(bed.envoy_address(), 100, &Stop::never()).unwrap();
    assert_eq!((tally.failed(), tally.pods.len()), (0, 2), "{:?}", tally.first_failure);
}

/// `health_checks`: an address is a server only once somebody there says so.
#[test]
fn an_address_at_which_nobody_serves_gets_no_call_though_dns_tells_it() {
    let bed = Testbed::new().servers(2).envoy().start().unwrap();
    let dead = SocketAddrV4::new(Ipv4Addr::new(127, 3, 0, 1), bed.server_port());
    bed.endpoints().add(dead);
    until_true("Envoy knows it", || host(&bed, dead).is_some()).unwrap();
    // Stale: the servers are not told any more, and serve.
    bed.servers().iter().for_each(|server| bed.endpoints().remove(server.address()));
    until_envoy_has_seen_it(&bed);
    let tally = equal_calls(bed.envoy_address(), 100, &Stop::never()).unwrap();
    assert_eq!((tally.failed(), tally.pods.len()), (0, 2), "{:?}", tally.first_failure);
    assert_eq!(host(&bed, dead).map(|host| (host.healthy, host.calls)), Some((false, 0)));
}

/// `service_name` of the health check: an address that was ours may have been given to anyone who serves gRPC and is well.
#[test]
fn a_stranger_at_an_address_of_ours_gets_no_call_however_well_it_is() {
    let bed = Testbed::new().servers(2).envoy().start().unwrap();
    let stranger = SocketAddrV4::new(Ipv4Addr::new(127, 3, 0, 2), bed.server_port());
    let mut command = Command::new(binaries::python().unwrap());
    command.arg("-B").arg(python::script("stranger.py")).arg(stranger.to_string());
    let process = Process::start("a stranger", &mut command, &bed.folder().join("stranger.log")).unwrap();
    until_true("the stranger serves", || process.log().contains("serving")).unwrap();
    bed.endpoints().add(stranger);
    until_true("Envoy knows it", || host(&bed, stranger).is_some()).unwrap();
    let asked = || bed.envoy().stats("health_check.attempt").iter().map(|(_, n)| n).sum::<u64>();
    let before = asked();
    // Two rounds of all three: the first may have been on its way.
    until_true("Envoy has asked it how it is", || asked() >= before + 6).unwrap();
    let tally = equal_calls(bed.envoy_address(), 100, &Stop::never()).unwrap();
    assert_eq!((tally.failed(), tally.pods.len()), (0, 2), "{:?}", tally.first_failure);
}

/// Envoy keeps who left DNS and is healthy; a health check ends that.
#[test]
fn a_server_that_left_dns_and_then_ends_dies_or_hangs_gets_nothing_once_health_checks_have_found_it() {
    let ends: [fn(&Server); 3] =
        [|server| _ = server.terminate().unwrap(), |server| _ = server.kill().unwrap(), Server::stop];
    for end in ends {
        let bed = Testbed::new().servers(3).envoy().start().unwrap();
        let leaving = bed.server(0).address();
        bed.endpoints().remove(leaving);
        until_envoy_has_seen_it(&bed);
        end(bed.server(0));
        until_true("Envoy forgets it", || host(&bed, leaving).is_none()).unwrap();
        let tally = equal_calls(bed.envoy_address(), 100, &Stop::never()).unwrap();
        assert_eq!((tally.failed(), tally.pods.len()), (0, 2), "{:?}", tally.first_failure);
        assert_eq!(host(&bed, leaving), None);
        if bed.server(0).is_running() {
            bed.server(0).cont();
        }
    }
}

/// The price of keeping who left DNS: the pod of a changed label goes on, like every other, until it ends.
#[test]
fn a_server_that_left_dns_and_serves_on_gets_calls_on() {
    let bed = Testbed::new().servers(2).envoy().start().unwrap();
    let relabelled = bed.server(0).address();
    bed.endpoints().remove(relabelled);
    until_envoy_has_seen_it(&bed);
    let tally = equal_calls(bed.envoy_address(), 100, &Stop::never()).unwrap();
    assert_eq!((tally.failed(), tally.pods.len()), (0, 2), "{:?}", tally.first_failure);
}

/// 1,232 bytes hold some 70 addresses: Envoy has to ask again, over TCP.
#[test]
fn more_servers_than_a_datagram_holds_get_equal_calls() {
    const SERVERS: u8 = 100;
    let folder = tempfile::tempdir().unwrap();
    let port = Port::free_everywhere().unwrap();
    let mut command = Command::new(binaries::server().unwrap());
    command.env_clear().args(["--listen-addr", &format!("0.0.0.0:{port}"), "--admin-addr", "127.0.0.1:0"]);
    command.args(["--database-url", "memory:"]);
    // One process, and for Envoy as many servers as there are addresses.
    let server = Process::start("server", &mut command, &folder.path().join("server.log")).unwrap();
    let endpoints = Endpoints::default();
    (1..=SERVERS).for_each(|last| endpoints.add(SocketAddrV4::new(Ipv4Addr::new(127, 2, 0, last), port)));
    let dns = DnsServer::start(vec![(CLUSTER, endpoints)]).unwrap();
    let file = ConfigFile::of_repository().unwrap();
    let envoy = Envoy::start(&file, folder.path(), None, port, dns.address()).unwrap();
    until_true("Envoy sends calls to all servers", || {
        server.check_running().unwrap();
        envoy.hosts().iter().filter(|host| host.healthy).count() == usize::from(SERVERS)
    })
    .unwrap();

    let tally = equal_calls(envoy.address().into(), 300, &Stop::never()).unwrap();
    assert_eq!(tally.failed(), 0, "{:?}", tally.first_failure);
    let calls: Vec<_> = envoy.hosts().iter().map(|host| host.calls).collect();
    assert!(calls.iter().all(|calls| *calls == 3), "{calls:?}");
}

fn host(bed: &Bed, address: SocketAddrV4) -> Option<Host> {
    bed.envoy().hosts().into_iter().find(|host| host.address == address.into())
}

/// Two more queries: the first may have been on its way with the old answer.
fn until_envoy_has_seen_it(bed: &Bed) {
    let attempts =
        || bed.envoy().stats("cluster.app-server-headless.update_attempt").iter().map(|(_, n)| n).sum::<u64>();
    let before = attempts();
    until_true("Envoy asks DNS twice more", || attempts() >= before + 2).unwrap();
}
