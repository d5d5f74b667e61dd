//! Invariant 2: no RPC fails because a pod is replaced in an orderly rollout.

use testbed::{Bed, Stop, Testbed, envoy, equal_calls, until_true};

const CALLERS: usize = 12;

#[test]
fn a_pod_that_stops_in_order_fails_no_call() {
    let bed = Testbed::new().servers(3).envoy().start().unwrap();
    let load = bed.load(CALLERS);
    let exit = bed.server(0).terminate().unwrap();
    let tally = load.stop();
    assert!(exit.success(), "{exit}: {}", bed.server(0).log());
    assert_eq!(tally.failed(), 0, "{:?}\n{}", tally.first_failure, bed.logs());
    assert!(tally.succeeded() > 0);
}

#[test]
fn a_rolling_restart_fails_no_call() {
    let mut bed = Testbed::new().servers(2).envoy().start().unwrap();
    let load = bed.load(CALLERS);
    bed.roll().unwrap();
    let tally = load.stop();
    assert_eq!(tally.failed(), 0, "{:?}\n{}", tally.first_failure, bed.logs());
    let answered: Vec<_> = tally.pods.keys().map(String::as_str).collect();
    assert_eq!(answered, ["app-server-1", "app-server-2", "app-server-3", "app-server-4"]);
}

#[test]
fn three_of_five_pods_that_leave_at_once_fail_no_call() {
    let mut bed = Testbed::new().servers(5).envoy().start().unwrap();
    let load = bed.load(CALLERS);
    bed.scale(2).unwrap();
    let tally = load.stop();
    assert_eq!(tally.failed(), 0, "{:?}\n{}", tally.first_failure, bed.logs());
}

/// A process that is stopped keeps its sockets: only time limits find it.
#[test]
fn a_pod_that_hangs_fails_no_read() {
    let bed = Testbed::new().servers(3).envoy().start().unwrap();
    let load = bed.load(CALLERS);
    bed.server(1).stop();
    until_envoy_leaves_it(&bed, 1);
    bed.server(1).cont();
    bed.settle().unwrap();
    let tally = load.stop();
    assert_eq!(tally.failed(), 0, "{:?}\n{}", tally.first_failure, bed.logs());
}

#[test]
fn a_pod_that_dies_and_comes_back_gets_calls_again() {
    let bed = Testbed::new().servers(2).envoy().start().unwrap();
    bed.server(0).kill().unwrap();
    bed.server(0).start_again().unwrap();
    bed.settle().unwrap();
    let tally = equal_calls(bed.envoy_address(), 100, &Stop::never()).unwrap();
    assert_eq!(tally.failed(), 0, "{:?}\n{}", tally.first_failure, bed.logs());
    assert!(tally.spread(bed.pods()) <= envoy::WORKERS as u64, "{:?}", tally.pods);
}

fn until_envoy_leaves_it(bed: &Bed, server: usize) {
    let address = bed.server(server).address().into();
    let left = || !bed.envoy().hosts().iter().any(|host| host.address == address && host.healthy);
    until_true("Envoy leaves the server that hangs", left).unwrap();
}
