//! What a fault of DNS does to callers: nothing, as long as the servers are there.

use testbed::{Bed, DnsAnswer, Stop, Testbed, equal_calls, until_true};

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

/// Two more queries: the first may have been on its way with the old answer.
fn until_envoy_has_seen_it(bed: &Bed) {
    let attempts =
        || bed.envoy().stats("cluster.app-server-headless.update_attempt").iter().map(|(_, n)| n).sum::<u64>();
    let before = attempts();
    until_true("Envoy asks DNS twice more", || attempts() >= before + 2).unwrap();
}
