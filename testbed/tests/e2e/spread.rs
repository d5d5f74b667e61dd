//! Invariant 3: with P healthy pods, equal calls spread so that most minus fewest is at most Envoy's worker count.

use testbed::{Stop, Testbed, envoy, equal_calls};

const CALLS: usize = 600;

#[test]
fn equal_calls_on_one_connection_through_envoy_spread_evenly() {
    let bed = Testbed::new().servers(3).envoy().start().unwrap();
    let tally = equal_calls(bed.envoy_address(), CALLS, &Stop::never()).unwrap();
    assert_eq!(tally.succeeded(), CALLS as u64, "{:?}\n{}", tally.first_failure, bed.logs());
    assert!(tally.spread(bed.pods()) <= envoy::WORKERS as u64, "{:?}", tally.pods);
}

#[test]
fn callers_at_the_same_time_spread_evenly_too() {
    let bed = Testbed::new().servers(3).envoy().start().unwrap();
    let load = bed.load(12);
    let mut tally = equal_calls(bed.envoy_address(), CALLS, &Stop::never()).unwrap();
    tally.add(load.stop());
    assert_eq!(tally.failed(), 0, "{:?}\n{}", tally.first_failure, bed.logs());
    assert!(tally.spread(bed.pods()) <= envoy::WORKERS as u64, "{:?}", tally.pods);
}

#[test]
fn one_connection_through_an_l4_balancer_stays_on_one_pod() {
    let bed = Testbed::new().servers(3).l4(1).start().unwrap();
    let tally = equal_calls(bed.l4_address(), CALLS, &Stop::never()).unwrap();
    assert_eq!(tally.succeeded(), CALLS as u64, "{:?}", tally.first_failure);
    assert_eq!(tally.pods.len(), 1, "{:?}", tally.pods);
}

#[test]
fn a_new_pod_gets_its_share_of_calls() {
    let mut bed = Testbed::new().servers(2).envoy().start().unwrap();
    bed.scale(3).unwrap();
    let tally = equal_calls(bed.envoy_address(), CALLS, &Stop::never()).unwrap();
    assert!(bed.pods().any(|pod| pod == "app-server-3"));
    assert!(tally.spread(bed.pods()) <= envoy::WORKERS as u64, "{:?}", tally.pods);
}

#[test]
fn a_pod_that_has_left_gets_no_call() {
    let mut bed = Testbed::new().servers(3).envoy().start().unwrap();
    bed.scale(2).unwrap();
    let tally = equal_calls(bed.envoy_address(), CALLS, &Stop::never()).unwrap();
    assert_eq!(tally.of("app-server-3"), 0, "{:?}", tally.pods);
    assert!(tally.spread(bed.pods()) <= envoy::WORKERS as u64, "{:?}", tally.pods);
}

#[test]
fn each_answer_through_envoy_names_its_pod_and_each_refusal_too() {
    let bed = Testbed::new().servers(1).envoy().start().unwrap();
    let address = bed.envoy_address();
    let target = ticketing_client::Target::new(&address.ip().to_string(), address.port()).unwrap();
    let channel = ticketing_client::Channel::builder(target).build();
    let answer = async_std::task::block_on(channel.customers().get("")).unwrap();
    assert_eq!(answer.pod.as_deref(), Some("app-server-1"));
    let refusal = async_std::task::block_on(channel.customers().get("nobody")).unwrap_err();
    assert_eq!(refusal.details.pod.as_deref(), Some("app-server-1"), "{refusal}");
}
